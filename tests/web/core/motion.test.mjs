// The two motions that the picture of the networks can show: the distribution of a unit, and the values of the same examples.

import assert from "node:assert/strict";
import {test} from "node:test";

import {pressKey} from "../../../bnviz/web/player/core/keyboard.js";
import {passedOn, unitMotions} from "../../../bnviz/web/player/motion.js";
import {Painter} from "../../../bnviz/web/player/painter.js";
import {descriptionOf, layerMoved, legendOf} from "../../../bnviz/web/player/picture-words.js";
import {World} from "./world.mjs";

const LAYERS = [1, 2, 3, 4, 5];
const perLayer = (value) => ({activation: LAYERS.map(value)});
const perUnit = (value) => perLayer((layer) => LAYERS.map((unit) => value(layer, unit)));

// Layer l moves by 0.1 l as distributions, and by 0.2 l² as the same examples see it; unit u by u/16 of that.
const BEFORE_EXAMPLES = {
  ...{shift_step: perLayer((layer) => layer / 10), shift_from_first: perLayer((layer) => layer)},
  ...{mean: perLayer(() => 0.5), std: perLayer(() => 2), unit_std: perUnit(() => 1)},
  unit_counts: perUnit(() => []),
};
const WITH_EXAMPLES = {
  ...BEFORE_EXAMPLES,
  ...{example_step_in_training: perLayer((layer) => layer ** 2 / 5), unit_example_step: perUnit((_, unit) => unit)},
};

const ended = (values, page) => {
  const world = new World(page).arrive(undefined, {values}).until(({playback}) => playback === "ended");
  world.core.seek(20);
  return world.pass(600);
};

test("M shows the other motion, and the address and links hold it", () => {
  const world = ended(WITH_EXAMPLES);
  assert.equal(world.core.view().motion, "distribution");
  assert.equal(world.parameter("motion"), "distribution");
  assert.ok(pressKey(world.core, "m"));
  world.pass(600);
  assert.equal(world.core.view().motion, "example");
  assert.equal(world.parameter("motion"), "example");
  world.core.play();
  world.pass(600);
  assert.deepEqual([world.parameter("motion"), world.parameter("step")], ["example", null], "somebody has chosen it");
  assert.equal(new URL(world.core.link()).searchParams.get("motion"), "example");
  pressKey(world.core, "m");
  assert.equal(world.core.view().motion, "distribution");
});

test("a link opens with its motion; what is on show changes with it, and is drawn anew", () => {
  const world = ended(WITH_EXAMPLES, {view: {motion: "example"}});
  const {core} = world;
  const [example, key] = [core.view(), core.keyOf(core.view())];
  assert.equal(example.motion, "example");
  core.nextMotion();
  assert.notEqual(core.keyOf(core.view()), key);
});

test("a recording from before shows distributions, whatever a link says, and there is nothing to choose", () => {
  const world = ended(BEFORE_EXAMPLES, {view: {motion: "example"}});
  assert.equal(world.core.view().motion, "distribution");
  pressKey(world.core, "m");
  assert.equal(world.pass(600).core.view().motion, "distribution");
  assert.equal(world.parameter("motion"), "distribution");
});

test("numbers, colours and words are those of the motion on show", () => {
  const {core} = ended(WITH_EXAMPLES);
  const at = (motion) => (core.choose({motion}), core.view());
  const [distribution, example] = [at("distribution"), at("example")].map((view) => ({...view, blend: 0}));
  assert.ok(Math.abs(passedOn(distribution, "none", 2) - 3 / 2) < 1e-9);
  assert.ok(Math.abs(passedOn(example, "none", 2) - 9 / 4) < 1e-9);
  const steps = LAYERS.map((unit) => (unit / 16) * 0.8);
  assert.deepEqual(unitMotions(example, "none", 2, example.frameIndex), steps);
  assert.deepEqual([...new Set(unitMotions({...example, header: {experiment: {width: 5}}}, "none", 2, 0))], [0]);

  const painter = new Painter();
  assert.deepEqual(painter.motions(example, "none", 2, example.frameIndex), steps);
  assert.notDeepEqual(painter.motions(distribution, "none", 2, distribution.frameIndex), steps);
  painter.far = 100;
  assert.ok(painter.strength(example, "none", 5) > painter.strength(distribution, "none", 5));

  const layer = (view) => descriptionOf(view, {row: 0, layer: 2, unit: null}).of("none");
  assert.match(layer(distribution), /^mean 0.50, sd 2.00, distribution moved 0.20 σ/);
  assert.match(layer(example), /^mean 0.50, sd 2.00, values of the same examples moved 0.80 σ in training/);
  assert.match(
    descriptionOf(example, {row: 0, layer: 2, unit: 3}).of("none"),
    /values of the same examples moved 0.20 σ in training/,
  );
  assert.match(layerMoved(distribution, 3), /distributions of a\[3\] have moved since training began: without .* 3.0 σ/);
  assert.match(
    layerMoved(example, 3),
    /values of the same examples at a\[3\] have moved since the last snapshot: without .* 1.8 σ/,
  );
  assert.match(
    legendOf(distribution, 1),
    /unit's distribution has moved .* normalized with their own statistics\. Full colour means 1.0 σ/,
  );
  assert.match(
    legendOf(example, 1),
    /values of the same test images have moved .* within a training minibatch, .*Full colour means 1.0 σ/,
  );
});
