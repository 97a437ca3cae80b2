// @ts-check
// Has Streamlit's socket wait with requests while a setting is being moved; core/rest.js says which and for how long.

import {Rest} from "./core/rest.js";
import {rerunRequest} from "./rerun-request.js";
import {KNOBS, STREAM} from "./streamlit.js";

const MOVING_KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"];

/** @type {Window & {bnvizSocketRests?: boolean}} */
const page = window;

/** Begin, once a page. */
export function restSocket() {
  if (page.bnvizSocketRests) return;
  page.bnvizSocketRests = true;
  const {send} = WebSocket.prototype;
  /** @type {Rest<{socket: WebSocket, data: Uint8Array<ArrayBuffer>}>} */
  const rest = new Rest({
    now: () => performance.now(),
    setTimeout: (callback, delay) => setTimeout(callback, delay),
    clearTimeout: (timer) => clearTimeout(timer),
    send: ({socket, data}) => {
      if (socket.readyState === WebSocket.OPEN) send.call(socket, data); // a new one is told the values of all widgets
    },
  });
  WebSocket.prototype.send = function (data) {
    if (new URL(this.url).pathname.endsWith(STREAM) && data instanceof Uint8Array)
      rest.send({socket: this, data: /** @type {Uint8Array<ArrayBuffer>} */ (data)}, rerunRequest(data));
    else send.call(this, data);
  };
  document.addEventListener("keydown", (event) => isMove(event) && rest.move(), true);
  document.addEventListener("pointerdown", (event) => isOnSetting(event) && rest.press(), true);
}

/** @param {KeyboardEvent} event */
const isMove = (event) => MOVING_KEYS.includes(event.key) && isOnSetting(event);

/** @param {Event} event */
const isOnSetting = ({target}) => target instanceof Element && Boolean(target.closest(KNOBS));
