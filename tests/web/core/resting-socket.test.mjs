// The page's socket, without a page: elements that are on a setting or not, and a socket that notes what it sends.
import assert from "node:assert/strict";
import {mock, test} from "node:test";

const listeners = {};
class Element {
  constructor(onSetting) {
    this.onSetting = onSetting;
  }
  closest = () => (this.onSetting ? this : null);
}
class WebSocket {
  static OPEN = 1;
  readyState = 1;
  sent = [];
  constructor(url = "ws://lab/prefix/_stcore/stream") {
    this.url = url;
  }
  send(data) {
    this.sent.push(data);
  }
}
const document = {addEventListener: (name, listener) => (listeners[name] = listener)};
Object.assign(globalThis, {window: globalThis, document, Element, WebSocket});

const {restSocket} = await import("../../../bnviz/web/player/resting-socket.js");
const {REST_MS} = await import("../../../bnviz/web/player/core/rest.js");
restSocket();
const {send} = WebSocket.prototype;
restSocket(); // a second player on the page
assert.equal(WebSocket.prototype.send, send);

/** A request to run a page; its name is one letter. */
const request = (letter) => new Uint8Array([(11 << 3) | 2, 3, (3 << 3) | 2, 1, letter.charCodeAt(0)]);
const press = (key, onSetting = true) => listeners.keydown({key, target: new Element(onSetting)});

test("a key on a setting has its requests wait for rest; other keys, other sockets and other messages do not wait", () => {
  mock.timers.enable({apis: ["setTimeout"]});
  const [socket, other] = [new WebSocket(), new WebSocket("ws://lab/elsewhere")];
  const [first, last] = [request("a"), request("a")];
  press("Enter");
  press("ArrowLeft", false);
  socket.send(first);
  assert.deepEqual(socket.sent, [first]);
  press("ArrowLeft");
  socket.send(first);
  socket.send(last);
  socket.send("text");
  other.send(first);
  assert.deepEqual([socket.sent, other.sent], [[first, "text"], [first]]);
  mock.timers.tick(REST_MS);
  assert.equal(socket.sent.length, 3);
  assert.equal(socket.sent[2], last);
  press("ArrowLeft");
  socket.send(first);
  socket.readyState = 3;
  mock.timers.tick(REST_MS);
  assert.equal(socket.sent.length, 3, "a socket that has closed is told nothing");
  mock.timers.reset();
});
