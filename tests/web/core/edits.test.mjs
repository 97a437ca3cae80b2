import assert from "node:assert/strict";
import {test} from "node:test";

import {ACTIONS} from "../../../bnviz/web/player/core/actions.js";
import {before, halfwayStep, hereText, isOnTheWay} from "../../../bnviz/web/player/core/setting-changes.js";
import {World} from "./world.mjs";

const SWITCHED = {experiment: {changes: "20:batch_size=4"}};
const SWITCHED_RUN = JSON.stringify(SWITCHED.experiment);
const PLAIN = JSON.stringify({});

/** Somebody watches a run that plays and has come to a step. */
const watching = (step = 20, options = {}) => new World(options).arrive().until(({view}) => view?.frame.step >= step);

test("who reaches for a setting holds the player still, and the page learns the step on show", () => {
  const world = watching();
  const {step} = world;
  world.core.settingChanges.reach(world.core.state.view);
  assert.deepEqual(world.states.hand, {step, serial: 1});
  assert.equal(world.pass(1000).step, step);
  assert.equal(world.playback, "playing", "it only holds still");
  assert.ok(world.pass(4000).step > step, "nothing was changed after all");
});

test("an edit of a later step goes on in the run that begins alike, without a jump back", () => {
  const world = watching(24);
  const before = world.step;
  const steps = [];
  world.core.store.subscribe(
    ({view}) => view?.frame.step,
    (step) => steps.push(step),
  );
  world.core.edit({do: "set", name: "batch_size", value: 4, step: 20});
  assert.deepEqual(world.lastEdit, {do: "set", name: "batch_size", value: 4, step: 20});
  world.rerun({...SWITCHED, before: [{run: PLAIN, step: 24, label: ""}]});
  assert.equal(world.core.state.run, SWITCHED_RUN);
  assert.equal(world.pass().step, before);
  assert.equal(world.recordings.get(SWITCHED_RUN).trainedStep, 24, "what both share is there at once");
  world.arrive().until(({playback}) => playback === "ended");
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  );
});

test("a run in which something else happens before the step on show is prefetched while the old one waits, then shown", () => {
  const world = watching(20);
  const {step} = world;
  world.core.edit({do: "start", step: 0});
  world.rerun(SWITCHED);
  assert.equal(world.core.state.run, PLAIN);
  assert.match(world.core.state.message, new RegExp(step));
  world.arrive(SWITCHED_RUN, {upTo: 12}).pass(25_000);
  assert.deepEqual([world.core.state.run, world.step], [PLAIN, step]);
  world.arrive(SWITCHED_RUN, {upTo: 40}).pass();
  assert.deepEqual([world.core.state.run, world.step], [SWITCHED_RUN, step]);
  assert.equal(world.core.state.message, "");
  assert.ok(world.pass(1500).step > step, "it plays on");
});

test("an address that names a step opens its run there, though it begins like the one on show", () => {
  const world = watching(24);
  world.rerun({...SWITCHED, before: [{run: PLAIN, step: 24, label: ""}], view: {step: 8}});
  assert.equal(world.recordings.get(SWITCHED_RUN).lines, 0);
  world.arrive().pass();
  assert.deepEqual([world.step, world.playback], [8, "paused"]);
});

test("a prefetched run that cannot be streamed is opened in the place of the old one", () => {
  const world = watching(20);
  world.core.edit({do: "start", step: 0});
  world.rerun(SWITCHED);
  world.recordings.get(SWITCHED_RUN).onBlocked();
  assert.equal(world.core.state.run, SWITCHED_RUN);
  assert.equal(world.streams.filter((address) => address === `stream of ${SWITCHED_RUN}`).length, 2);
  world.arrive().pass();
  assert.equal(world.core.comparison.viewBeside(world.core.view()).run, PLAIN);
});

test("a newer wish drops the run that was prefetched", () => {
  const world = watching(20);
  world.core.edit({do: "start", step: 0});
  world.rerun(SWITCHED);
  const pending = world.recordings.get(SWITCHED_RUN);
  world.rerun({experiment: {batch_size: 8}});
  assert.ok(pending.closed);
  world.arrive('{"batch_size":8}').pass();
  assert.equal(world.core.state.run, '{"batch_size":8}');
});

test("from the start is another run from the start", () => {
  const world = watching();
  world.core.settingChanges.chooseMode("start");
  world.core.settingChanges.reach(world.core.state.view);
  assert.equal(world.states.hand.step, 0);
  world
    .rerun({experiment: {learning_rate: 0.3}})
    .arrive()
    .pass();
  assert.equal(world.core.state.clock.playhead < 1, true);
  assert.equal(world.playback, "playing");
});

test("who has chosen from the start keeps that in the next run", () => {
  const world = watching();
  world.core.settingChanges.chooseMode("start");
  world
    .rerun({experiment: {learning_rate: 0.3}})
    .arrive()
    .until(({view}) => view.frame.step >= 20 && view.run !== PLAIN);
  assert.equal(world.core.settingChanges.mode(world.core.state.view), "start");
});

test("settings apply from the step on show on the way, and from the start at both ends", () => {
  const {core} = watching();
  const view = (step) => ({...core.state.view, frame: {step}});
  assert.equal(core.settingChanges.mode(null), "start");
  assert.deepEqual(
    [0, 1, 59, 60].map((step) => [isOnTheWay(view(step)), core.settingChanges.mode(view(step))]),
    [
      [false, "start"],
      [true, "here"],
      [true, "here"],
      [false, "start"],
    ],
  );
});

test("the moves of a slider are one change, from the step of the first move on", () => {
  const world = watching();
  const {step} = world;
  const {settingChanges, state} = world.core;
  settingChanges.reach(state.view);
  world.pass(400);
  settingChanges.reach({...state.view, frame: {step: step + 4}});
  assert.equal(world.states.hand.step, step);
  world.pass(1000);
  settingChanges.reach({...state.view, frame: {step: step + 4}});
  assert.equal(world.states.hand.step, step + 4);
});

test("the page is told a step once, and again when it is another one", () => {
  const world = watching();
  const {settingChanges, state} = world.core;
  const {step} = world;
  for (let key = 0; key < 10; key++) {
    settingChanges.reach(state.view);
    world.pass(100);
  }
  assert.deepEqual(world.states.hand, {step, serial: 1});
  world.pass(1000);
  settingChanges.reach({...state.view, frame: {step: step + 4}});
  assert.deepEqual(world.states.hand, {step: step + 4, serial: 2});
});

test("the answer releases the player, but not before the slider has come to rest", () => {
  const world = watching();
  const {step} = world;
  world.core.settingChanges.reach(world.core.state.view);
  world.pass(300);
  world.rerun({...SWITCHED, before: [{run: PLAIN, step: 60, label: ""}]}).arrive();
  assert.equal(world.pass(500).step, step);
  assert.ok(world.pass(600).step > step);
});

test("an edit without an answer holds it for twenty seconds, not for ever", () => {
  const world = watching();
  const {step} = world;
  world.core.edit({do: "set", name: "compare", value: "none", step});
  assert.equal(world.core.state.message.length > 0, true);
  assert.equal(world.pass(19_000).step, step);
  assert.ok(world.pass(2000).step > step);
});

test("a saved or embedded page says why nothing can be changed, and asks nobody", () => {
  for (const page of [{alone: true}, {embedded: {picture: true, alone: false}}]) {
    const world = new World(page).arrive().pass();
    world.core.edit({do: "start", step: 5});
    assert.notEqual(world.core.state.message, "");
    assert.deepEqual(world.triggers, []);
  }
});

test("the way back from the end is to about the middle, after whatever changes", () => {
  const view = watching().core.state.view;
  assert.equal(halfwayStep({...view, changes: []}), 28);
  assert.equal(halfwayStep({...view, changes: [{step: 20}, {step: 50}]}), 52);
});

test("before a change it is known what a setting was, of each setting once", () => {
  const changes = [
    {step: 20, name: "batch_size", before: "Batch size 64"},
    {step: 30, name: "freeze_layer"},
    {step: 40, name: "batch_size", before: "Batch size 4"},
  ];
  assert.deepEqual(before(changes, 10), ["Batch size 64"]);
  assert.deepEqual(before(changes, 20), ["Batch size 4"]);
  assert.deepEqual(before(changes, 40), []);
});

test("no two questions to the page are equal", () => {
  const world = watching();
  world.core.edit({do: "start", step: 5});
  world.core.edit({do: "start", step: 5});
  const [one, other] = world.triggers;
  assert.notDeepEqual(one, other);
});

test("what can be done at the step on show asks for the layer on show, and switches the normalizer over", () => {
  const {view} = watching().core.state;
  const editOf = (name, values = {}) => ACTIONS.find((action) => action.name === name).edit({...view, ...values});
  assert.deepEqual(editOf("times"), {do: "set", name: "times_w2", value: 10});
  assert.deepEqual(editOf("freeze", {layer: 4}), {do: "set", name: "freeze_layer", value: 4});
  assert.deepEqual(editOf("toggle"), {do: "set", name: "compare", value: "none"});
  const plain = {frame: {arms: {batch: {normalizer: "none"}}}};
  assert.deepEqual(editOf("toggle", plain), {do: "set", name: "compare", value: "batch"});
  assert.equal(ACTIONS.find(({name}) => name === "toggle").key({...view, ...plain}), "act_on");
});

test("where settings cannot apply from the step on show it is said why, and a visitor's choice comes back on the way", () => {
  const world = new World().arrive().until(({view}) => view?.frame.step >= 20);
  const {core} = world;
  const at = (index) => {
    core.seek(index);
    const view = world.pass().core.view();
    return [core.settingChanges.mode(view), hereText(view)];
  };
  assert.deepEqual(at(12), ["here", "from step 12 on"]);
  assert.deepEqual(at(0), ["start", "from here: not started"]);
  assert.deepEqual(at(Infinity), ["start", "from here: run is over"]);
  for (const choice of ["start", "here"]) {
    core.settingChanges.chooseMode(choice);
    at(Infinity);
    assert.deepEqual(at(12), [choice, "from step 12 on"]);
  }
});
