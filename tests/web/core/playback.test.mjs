import assert from "node:assert/strict";
import {test} from "node:test";

import {nextClock, playbackState, STOPPED_CLOCK} from "../../../bnviz/web/player/core/clock.js";
import {pressKey} from "../../../bnviz/web/player/core/keyboard.js";
import {shareOf, stepAt} from "../../../bnviz/web/player/core/timeline.js";
import {stepsUpTo, World} from "./world.mjs";

const finished = (options) => new World(options).arrive().until(({playback}) => playback === "ended");
const frames = stepsUpTo(60).map((step) => ({step}));

test("it steps both ways, one snapshot at a time, and not beyond the ends", () => {
  const world = finished();
  const {core} = world;
  const at = () => (world.pass(), [world.step, world.playback]);
  core.seek(0);
  core.stepBy(-1);
  assert.deepEqual(at(), [0, "paused"]);
  core.stepBy(1);
  core.stepBy(1);
  assert.deepEqual(at(), [2, "paused"]);
  core.seek(Infinity);
  assert.deepEqual(at(), [60, "ended"]);
  core.stepBy(-1);
  assert.deepEqual(at(), [56, "paused"]);
});

test("it plays 15 snapshots a second at speed 1, and as many times that at others", () => {
  for (const [speed, step] of [
    [0.25, 3],
    [1, 15],
  ]) {
    const world = new World().arrive();
    world.core.setSpeed(speed);
    world.pass(0).pass(1010);
    assert.equal(world.step, step);
  }
});

/** So many seconds the usual run plays to a step: it has a snapshot at each of 40 steps, then at every tenth. */
function secondsTo(step, clock) {
  const usual = [...stepsFrom(0, 40, 1), ...stepsFrom(50, 600, 10)].map((one) => ({step: one}));
  for (let frame = 0; frame < 6000; frame++) {
    if (usual[Math.floor(clock.playhead)].step >= step) return frame / 60;
    clock = nextClock(clock, {type: "tick", seconds: 1 / 60}, {frames: usual, end: {}});
  }
  throw new Error(`never at step ${step}`);
}

const stepsFrom = (first, last, by) => Array.from({length: (last - first) / by + 1}, (_, index) => first + index * by);

test("a run begins slower: ten seconds for the first 50 steps, and the rest as ever", () => {
  const begun = secondsTo(50, STOPPED_CLOCK);
  assert.ok(begun > 9 && begun < 11, `${begun} s`);
  const rest = secondsTo(600, STOPPED_CLOCK) - begun;
  assert.ok(rest > 3.6 && rest < 5, `${rest} s`);
});

test("whoever chooses a speed has it from the first step on, and so has a card of the tour", () => {
  const steady = 41 / 15;
  const events = [
    {type: "setSpeed", speed: 1},
    {type: "start", playhead: 0, playing: true},
  ];
  for (const event of events) assert.ok(Math.abs(secondsTo(50, nextClock(STOPPED_CLOCK, event, {})) - steady) < 0.05);
  const twice = nextClock(STOPPED_CLOCK, {type: "stepSpeed", by: 1}, {});
  assert.ok(Math.abs(secondsTo(50, twice) - steady / 2) < 0.05);
});

test("play and pause go on from where it is; at the end play begins anew", () => {
  const world = finished();
  const {core} = world;
  core.setSpeed(1);
  core.toggle();
  world.pass(400);
  assert.equal(world.playback, "playing");
  assert.ok(world.step > 0 && world.step < 30);
  core.toggle();
  const {step} = world.pass(500);
  assert.equal(world.pass(500).step, step);
  assert.equal(world.playback, "paused");
  core.toggle();
  assert.ok(world.pass(200).step > step);
  world.until(({playback}) => playback === "ended");
  assert.equal(world.step, 60);
});

test("in a loop it comes round, and ends when it is no loop any more", () => {
  const world = finished();
  world.core.toggleLoop();
  world.core.play();
  world.until(({view}) => view.frame.step > 40).until(({view}) => view.frame.step < 40);
  assert.equal(world.playback, "playing");
  world.core.toggleLoop();
  world.until(({playback}) => playback === "ended");
});

test("a loop shows its end however seldom a slow machine draws", () => {
  const world = finished();
  world.core.setSpeed(8);
  world.core.toggleLoop();
  world.core.play();
  const steps = new Set();
  for (let frame = 0; frame < 12; frame++) {
    world.time += 240;
    world.core.tick(world.time);
    steps.add(world.step);
  }
  assert.ok(steps.has(60) && steps.has(0), String([...steps]));
});

test("a page that was hidden for a minute does not jump", () => {
  const world = new World().arrive().pass(100);
  const {step} = world;
  world.time += 60_000;
  world.core.tick(world.time);
  assert.ok(world.step <= step + 5);
});

test("it waits at the newest snapshot, and plays on when more have come", () => {
  const world = new World().arrive(undefined, {upTo: 8}).pass(3000);
  assert.deepEqual([world.step, world.playback], [8, "playing"]);
  world.arrive();
  assert.ok(world.pass(400).step > 8);
});

test("with reduced motion nothing plays by itself: the end is shown", () => {
  const world = new World({still: true}).arrive(undefined, {upTo: 20}).pass();
  assert.deepEqual([world.step, world.playback], [20, "paused"]);
  world.arrive().pass();
  assert.deepEqual([world.step, world.playback], [60, "ended"]);
  assert.equal(world.core.view().blend, 0);
});

test("a pause is at a snapshot, not between two", () => {
  const clock = nextClock({...STOPPED_CLOCK, playhead: 3.7}, {type: "pause"}, {frames, end: null});
  assert.deepEqual([clock.playhead, clock.playing, clock.resting], [3, false, true]);
});

test("a step that is not there yet is gone to when it is", () => {
  const early = {frames: frames.slice(0, 5), end: null};
  const pending = nextClock({...STOPPED_CLOCK, pendingSeek: 40}, {type: "seekStep", step: 40}, early);
  assert.deepEqual([pending.playhead, pending.pendingSeek], [4, 40]);
  const there = nextClock(pending, {type: "seekStep", step: 40}, {frames, end: {}});
  assert.deepEqual([frames[there.playhead].step, there.pendingSeek], [40, null]);
});

test("while it is held nothing moves", () => {
  const clock = {...STOPPED_CLOCK, held: true};
  assert.equal(nextClock(clock, {type: "tick", seconds: 1}, {frames, end: null}), clock);
});

test("a run that failed before its first snapshot has failed, whatever plays", () => {
  assert.equal(playbackState(STOPPED_CLOCK, {frames: [], end: {status: "failed"}}), "failed");
  assert.equal(playbackState(STOPPED_CLOCK, {frames: [], end: null}), "loading");
});

test("steps find their places on the scrubber before they are there, and do not move back", () => {
  const whole = {frames, expected: frames.length, steps: 60};
  const part = {...whole, frames: frames.slice(0, 10)};
  assert.equal(stepAt(shareOf(40, whole), whole), 40);
  const shares = stepsUpTo(60).map((step) => shareOf(step, part));
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  );
  assert.deepEqual([shares[0], shares.at(-1)], [0, 1]);
  assert.ok(shareOf(20, part) < shareOf(40, part) && shareOf(40, part) < 1);
  assert.equal(stepAt(1, part), 60);
});

test("words change four times a second while it plays, and at once when it rests", () => {
  const world = new World().arrive(undefined, {upTo: 60});
  let changes = 0;
  world.core.store.subscribe(
    ({wordsView}) => wordsView,
    () => changes++,
  );
  world.pass(1000);
  assert.ok(changes >= 4 && changes <= 6, `${changes}`);
  world.core.seek(2);
  world.pass();
  assert.equal(world.core.state.wordsView.frame.step, 2);
});

test("stop keeps what has arrived, and says up to which step", () => {
  const world = new World().arrive(undefined, {upTo: 20}).pass(6000);
  world.core.stop();
  assert.deepEqual(world.triggers, [["stop", "{}"]]);
  assert.match(world.core.state.message, /20/);
  assert.equal(world.pass(100).playback, "ended");
  world.core.stop();
  assert.equal(world.triggers.length, 1);
});

test("a place in the queue is said until it is over, and stands in for the headline", () => {
  const world = new World();
  world.queue({before: 2, seconds: 4.4});
  assert.match(world.core.state.message, /3/);
  assert.equal(world.core.state.placeholder, world.core.state.message);
  world.queue(null);
  assert.equal(world.core.state.message, "");
  world.arrive().pass(300);
  assert.equal(world.core.state.placeholder, null);
});

test("keys work the playback, and leave other keys alone", () => {
  const world = finished();
  const {core} = world;
  const press = (...keys) => (keys.forEach((key) => assert.ok(pressKey(core, key), key)), world.pass());
  assert.equal(press("Home").step, 0);
  assert.equal(press("ArrowRight", "ArrowRight", "ArrowLeft").step, 1);
  assert.equal(press("End").step, 60);
  press(" ");
  assert.equal(world.playback, "playing");
  assert.equal(press("<", "<", "<").core.state.clock.speed, 0.25);
  assert.equal(press(..."><>>>>>>>").core.state.clock.speed, 8);
  assert.equal(press("l").core.state.clock.loop, true);
  assert.equal(press("4", "8").core.view().layer, 4, "there is no layer 8");
  press("?");
  assert.notEqual(core.state.message, "");
  assert.deepEqual(
    ["a", "9", "Enter", "toString"].map((key) => pressKey(core, key)),
    [false, false, false, false],
  );
});
