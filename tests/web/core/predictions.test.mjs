import assert from "node:assert/strict";
import {test} from "node:test";

import {ALL_VISIBLE, visibilityOf} from "../../../bnviz/web/player/core/visibility.js";
import {World} from "./world.mjs";

const asking = (options) => new World({waiting: true, ...options});
const visibility = (world) => world.core.state.visibility;

test("it waits at the untrained networks, and findings and charts are withheld", () => {
  const world = asking().arrive().pass(1000);
  assert.deepEqual([world.step, world.playback], [0, "paused"]);
  const {findings, charts, asks} = visibility(world);
  assert.deepEqual([findings, charts, asks], [false, false, true]);
});

test("who wants to go on is reminded of the question", () => {
  const world = asking().arrive().pass();
  world.core.play();
  world.core.seek(Infinity);
  world.core.stepBy(1);
  world.core.toggle();
  assert.equal(world.core.state.reminders, 4);
  assert.equal(world.pass(500).step, 0);
});

test("who would rather not predict sees all of it, from the beginning, and is not asked again", () => {
  const world = asking().arrive().pass();
  world.core.skip();
  assert.deepEqual(world.triggers, [["skip", "{}"]]);
  assert.deepEqual(visibility(world), ALL_VISIBLE);
  world.until(({playback}) => playback === "ended");
  world
    .rerun({experiment: {batch_size: 8}, waiting: true})
    .arrive()
    .pass(100);
  assert.equal(world.playback, "playing");
  assert.equal(visibility(world).findings, true);
});

test("with the prediction it plays from the beginning", () => {
  const world = asking().arrive().pass(500);
  world.rerun({waiting: false, prediction: "faster"}).pass(100);
  assert.equal(world.playback, "playing");
  assert.deepEqual([visibility(world).charts, visibility(world).asks, world.core.view().prediction], [true, false, "faster"]);
});

test("a link to a step shows what it is sent for", () => {
  const world = new World({view: {step: 12}}).arrive().pass();
  assert.deepEqual([world.step, world.playback, visibility(world).findings], [12, "paused", true]);
});

test("while it waits, an address with a step is not gone to", () => {
  const world = asking({view: {step: 12}})
    .arrive()
    .pass();
  assert.equal(world.step, 0);
});

test("with reduced motion the end is shown once it may be", () => {
  const world = asking({still: true}).arrive().pass(300);
  assert.equal(world.step, 0);
  world.core.skip();
  assert.deepEqual([world.pass().step, world.playback], [60, "ended"]);
});

test("that a network diverged is not told to those who are asked, and told afterwards", () => {
  const world = asking().arrive(undefined, {end: "diverged", message: "It diverged."}).pass();
  assert.equal(world.core.state.message, "");
  world.core.skip();
  assert.equal(world.core.state.message, "It diverged.");
});

test("a place in the queue is no headline while it is asked", () => {
  const world = asking();
  world.queue({before: 0, seconds: null});
  assert.notEqual(world.core.state.message, "");
  assert.equal(world.core.state.placeholder, null);
});

test("what is withheld follows from all that withholds, and from nothing else", () => {
  const nothing = {waiting: false, tourAsks: false, networkAlone: false, curtain: false};
  assert.deepEqual(visibilityOf(nothing), ALL_VISIBLE);
  const differences = (change) => {
    const visible = visibilityOf({...nothing, ...change});
    return Object.keys(visible).filter((name) => String(visible[name]) !== String(ALL_VISIBLE[name]));
  };
  assert.deepEqual(differences({waiting: true}), ["findings", "charts", "asks"]);
  assert.deepEqual(differences({tourAsks: true}), ["charts", "asks", "veiled", "scores"]);
  assert.deepEqual(differences({networkAlone: true}), ["charts", "veiled", "scores", "secondNetwork"]);
  assert.deepEqual(differences({curtain: true}), ["curtain"]);
});
