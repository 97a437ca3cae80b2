// @ts-check
// What the player's core needs of the browser: time, the network and the address bar.

import {addressOf, outsideFrame} from "./dom.js";
import {watchQueue} from "./queue.js";
import {Recording} from "./recording.js";

/** @type {import("./core/player-core.js").Environment} */
export const browser = {
  now: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (timer) => clearTimeout(timer),
  stream: (recording, address) => void recording.stream(addressOf(address)),
  openRecording(run, onChange, address) {
    const recording = new Recording(
      run,
      () => onChange(recording),
      () => {},
    );
    void recording.stream(addressOf(address));
    return recording;
  },
  watchQueue: (recording, say) => void watchQueue(recording, say),
  href: () => location.href,
  replaceHref: (href) => history.replaceState(history.state, "", href),
  rerunPage: () => void window.dispatchEvent(new PopStateEvent("popstate")), // as the back button would
  outsideFrame,
};
