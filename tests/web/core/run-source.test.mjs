import assert from "node:assert/strict";
import {test} from "node:test";

import {stepsUpTo, frameAt, World} from "./world.mjs";

const OTHER = {experiment: {batch_size: 8}};
const linesOf = (steps) => steps.map((step) => JSON.stringify(frameAt(step)));

test("another run is played from its beginning, and a cold address' step is not asked of it again", () => {
  const world = new World({view: {step: 40}}).arrive().pass();
  assert.equal(world.step, 40);
  world.rerun(OTHER).arrive().pass();
  assert.equal(world.core.state.clock.playhead < 1, true);
  assert.equal(world.playback, "playing");
});

test("the last run stays in the picture until the first snapshot of the next one is there", () => {
  const world = new World().arrive().pass(500);
  const {view} = world.core.state;
  world.rerun(OTHER).pass(500);
  assert.equal(world.core.state.view, view);
  assert.deepEqual([world.core.state.run, world.core.state.trainedStep, world.playback], ['{"batch_size":8}', 0, "loading"]);
});

test("the page's rerun with the same run changes nothing", () => {
  const world = new World().arrive().pass(500);
  const {step} = world;
  world.rerun().pass();
  assert.equal(world.streams.length, 1);
  assert.ok(world.step >= step);
});

test("a run that the server has stopped is begun anew when the page asks for it again", () => {
  const world = new World().arrive(undefined, {upTo: 20, end: "stopped"}).pass(100);
  world.rerun();
  assert.equal(world.streams.length, 2);
  world.arrive().pass(100);
  assert.equal(world.core.state.trainedStep, 60);
});

test("what still arrives of a run that was left is not heard", () => {
  const world = new World().arrive(undefined, {upTo: 8}).pass();
  const old = world.recordings.get("{}");
  world.rerun(OTHER);
  old.accept(linesOf([9, 10]), old.lines);
  assert.equal(world.core.state.trainedStep, 0);
});

test("where the stream is blocked the page is polled: at once, after each batch, and again if no answer comes", () => {
  const world = new World();
  world.recordings.get("{}").onBlocked();
  assert.deepEqual(world.states.cursor, {run: "{}", from: 0, serial: 1});
  assert.notEqual(world.core.state.message, "");
  world.pass(6000);
  assert.equal(world.states.cursor.serial, 2);
  const header = JSON.stringify({
    type: "header",
    arms: ["none", "batch"],
    hidden_layers: 5,
    watched_units: [0],
    taps: [],
    experiment: {},
  });
  const lines = {run: "{}", from: 0, lines: [header, ...linesOf(stepsUpTo(8))]};
  world.rerun({lines}).pass(50);
  assert.deepEqual(world.states.cursor, {run: "{}", from: 10, serial: 3});
  world.rerun({lines}).pass(300);
  assert.equal(world.states.cursor.serial, 3, "nothing new: it waits a moment");
  world.pass(400);
  assert.equal(world.states.cursor.serial, 4);
  world
    .rerun({lines: {run: "{}", from: 10, lines: [JSON.stringify({type: "end", status: "finished", message: ""})]}})
    .pass(20_000);
  assert.equal(world.states.cursor.serial, 4, "the run is over");
});

test("lost connections are said, and no more when it goes on", () => {
  const world = new World().arrive(undefined, {upTo: 8});
  const recording = world.recordings.get("{}");
  recording.reconnects = true;
  recording.onChange();
  assert.notEqual(world.core.state.message, "");
  recording.reconnects = false;
  world.arrive();
  assert.equal(world.core.state.message, "");
});

test("when the stream has moved to another server Streamlit is told, until the page has been run", () => {
  const world = new World().arrive(undefined, {upTo: 8});
  world.recordings.get("{}").serverChanged = true;
  world.arrive(undefined, {upTo: 12}).pass(5000);
  assert.equal(world.reruns, 2);
  world.rerun().pass(20_000);
  assert.equal(world.reruns, 2);
});

test("how the run ended is said", () => {
  const world = new World().arrive(undefined, {end: "failed", message: "It failed."}).pass();
  assert.deepEqual([world.core.state.message, world.playback], ["It failed.", "failed"]);
});

test("from which line on a recording cannot be read is said", () => {
  const world = new World().arrive(undefined, {upTo: 8});
  world.recordings.get("{}").accept(["{"], world.recordings.get("{}").lines);
  assert.deepEqual([world.core.state.message, world.playback], [world.core.text("damaged", {line: 11}), "failed"]);
});

test("a page that was offline for a short time goes on with the stream when the network is back, and says no more of it", () => {
  const world = new World();
  const recording = world.recordings.get("{}");
  recording.block();
  assert.equal(world.core.state.message, world.core.text("no_stream"));
  recording.isStreaming = true;
  world.arrive(undefined, {upTo: 8});
  assert.equal(world.core.state.message, "");
  const {serial} = world.states.cursor;
  world.pass(20_000);
  assert.equal(world.states.cursor.serial, serial, "the page is asked no more");
});

test("while another run is awaited nothing is said of the one before, until the first snapshot of the new one is there", () => {
  const world = new World().arrive().pass(500);
  assert.equal(world.core.state.placeholder, null);
  world.core.awaitPage();
  world.pass(500);
  assert.equal(world.core.state.placeholder, world.core.text("untrained"), "asked for, while the old run plays on");
  world.rerun(OTHER).pass(500);
  assert.equal(world.core.state.placeholder, world.core.text("untrained"), "on its way");
  world.arrive(undefined, {upTo: 0}).pass(300);
  assert.deepEqual([world.core.state.placeholder, world.core.state.wordsView.run], [null, world.core.data.run]);
});

test("a page that answers with the same run, or not at all, has that run spoken of again", () => {
  const world = new World().arrive().pass(20_000);
  world.core.awaitPage();
  world.pass(500).rerun().pass(300);
  assert.equal(world.core.state.placeholder, null);
  world.core.awaitPage();
  world.pass(19_000);
  assert.notEqual(world.core.state.placeholder, null);
  world.pass(2000);
  assert.equal(world.core.state.placeholder, null);
});
