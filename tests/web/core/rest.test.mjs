import assert from "node:assert/strict";
import {test} from "node:test";

import {REST_MS, Rest} from "../../../bnviz/web/player/core/rest.js";

const WHOLE = {page: "a", part: "", hasTrigger: false};
const PART = {...WHOLE, part: "player"};
const PRESS = {...WHOLE, hasTrigger: true};

/** A page whose clock is moved by hand, and what it has sent. */
class Desk {
  time = 0;
  timer = null;
  sent = [];
  rest = new Rest({
    now: () => this.time,
    setTimeout: (callback, delay) => (this.timer = {callback, at: this.time + delay}),
    clearTimeout: (timer) => timer === this.timer && (this.timer = null),
    send: (message) => this.sent.push(message),
  });

  pass(milliseconds) {
    this.time += milliseconds;
    const {timer} = this;
    if (!timer || timer.at > this.time) return this;
    this.timer = null;
    timer.callback();
    return this;
  }

  /** A key moves a setting, and its widget asks for the page. */
  key(message, request = WHOLE) {
    this.rest.move();
    this.pass(5).rest.send(message, request);
    return this;
  }
}

test("a key that is held asks once, with the last value, when it rests", () => {
  const desk = new Desk();
  for (let value = 0; value < 30; value++) desk.key(value).pass(28);
  assert.deepEqual(desk.sent, []);
  assert.deepEqual(desk.pass(REST_MS).sent, [29]);
  assert.deepEqual(desk.pass(10_000).sent, [29]);
  assert.ok(REST_MS >= 150 && REST_MS <= 250);
});

test("what no key has moved is sent at once", () => {
  const desk = new Desk();
  desk.rest.send("a preset", PRESS);
  desk.rest.send("a choice", WHOLE);
  desk.rest.press();
  desk.rest.send("a slider let go", WHOLE);
  assert.deepEqual(desk.sent, ["a preset", "a choice", "a slider let go"]);
});

test("presses that follow closely are like a key that is held", () => {
  const desk = new Desk();
  for (let value = 0; value < 5; value++) {
    desk.rest.press();
    desk.rest.send(value, WHOLE);
    desk.pass(150);
  }
  assert.deepEqual(desk.sent, [0]);
  assert.deepEqual(desk.pass(REST_MS).sent, [0, 4]);
});

test("a press of a button is not lost, does not wait, and comes after what was moved before it", () => {
  const desk = new Desk().key("moved");
  desk.rest.send("pressed", PRESS);
  assert.deepEqual(desk.sent, ["moved", "pressed"]);
  desk.key("moved again").rest.send("stop", null);
  assert.deepEqual(desk.sent.slice(2), ["moved again", "stop"]);
});

test("a request for a part takes no request for the page away, one for the page takes those for its parts", () => {
  const desk = new Desk().key("page 1").key("part 1", PART).key("part 2", PART);
  assert.deepEqual(desk.pass(REST_MS).sent, ["page 1", "part 2"]);
  desk.key("part 3", PART).key("page 2");
  assert.deepEqual(desk.pass(REST_MS).sent.slice(2), ["page 2"]);
});

test("a request for another page takes nothing away", () => {
  const desk = new Desk().key("moved").key("another page", {...WHOLE, page: "b"});
  assert.deepEqual(desk.pass(REST_MS).sent, ["moved", "another page"]);
});

test("a key that goes on without an answer of the widget keeps it waiting, too", () => {
  const desk = new Desk().key("moved").pass(REST_MS - 50);
  desk.rest.move();
  assert.deepEqual(desk.pass(100).sent, []);
  assert.deepEqual(desk.pass(100).sent, ["moved"]);
});
