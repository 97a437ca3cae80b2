import assert from "node:assert/strict";
import {test} from "node:test";

import {autoSelectUnit} from "../../../bnviz/web/player/core/unit-choice.js";
import {frameAt, stepsUpTo, World} from "./world.mjs";

const header = {hidden_layers: 5, watched_units: [0, 1, 2, 3]};
const frames = stepsUpTo(60).map((step) => frameAt(step));

test("the unit of middling movement is chosen, of those that move", () => {
  const movement = (_, __, unit) => [0, 0.3, 0.1, 0.2][unit];
  assert.equal(autoSelectUnit({header, frames, end: null}, 2, {movement}), 3);
  assert.equal(autoSelectUnit({header, frames, end: null}, 2, {movement: () => 0}), 0);
});

test("it waits for ten snapshots, for as many as the story wants to see, or for the end", () => {
  const few = frames.slice(0, 9);
  assert.equal(autoSelectUnit({header, frames: few, end: null}, 2, {}), null);
  assert.notEqual(autoSelectUnit({header, frames: few, end: {}}, 2, {}), null);
  assert.equal(autoSelectUnit({header, frames, end: null}, 2, {unitChoiceSnapshots: 99}), null);
});

test("a layer that the network does not have counts as the last one", () => {
  const layers = [];
  autoSelectUnit({header, frames, end: null}, 9, {movement: (_, layer) => layers.push(layer)});
  assert.deepEqual([...new Set(layers)], [5]);
});

test("it is chosen once a run, by the same snapshots however the run arrives", () => {
  const units = (...batches) => {
    const world = new World();
    const seen = [];
    world.core.store.subscribe(
      ({choice}) => choice.unit,
      (unit) => seen.push(unit),
    );
    for (const upTo of batches) world.arrive(undefined, {upTo}).pass(50);
    world.arrive().pass(50);
    return seen;
  };
  assert.deepEqual(units(), ["auto", 4]);
  assert.deepEqual(units(0, 3, 11, 40), ["auto", 4]);
});

test("the unit that somebody chose stays, in this run and the next one", () => {
  const world = new World().arrive(undefined, {upTo: 3});
  world.core.choose({unit: 7});
  world
    .arrive()
    .pass(100)
    .rerun({experiment: {batch_size: 32}})
    .arrive()
    .pass(100);
  assert.equal(world.core.view().unit, 7);
});
