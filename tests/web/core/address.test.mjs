import assert from "node:assert/strict";
import {test} from "node:test";

import {cardIn, linkToCard, linkWithoutStep, linkWithStep} from "../../../bnviz/web/player/core/address.js";
import {World} from "./world.mjs";

const VIEW = {layer: 3, tap: "linear", unit: 2, target: 0.6, motion: "example", charts: "all", time: "epochs", frame: {step: 40}};
const queryOf = (href) => Object.fromEntries(new URL(href).searchParams);

test("a link with the step holds all of the place, and what else was in the address", () => {
  const href = linkWithStep("http://lab/?steps=60&beside=old", VIEW, {pendingSeek: null, beside: null});
  assert.deepEqual(queryOf(href), {
    steps: "60",
    layer: "3",
    tap: "linear",
    unit: "2",
    target: "0.6",
    motion: "example",
    charts: "all",
    time: "epochs",
    step: "40",
  });
});

test("on the way to a step the link names that one, on the way to the end the one on show", () => {
  const step = (pendingSeek) => queryOf(linkWithStep("http://lab/", VIEW, {pendingSeek, beside: "steps=60"})).step;
  assert.equal(step(80), "80");
  assert.equal(step(Infinity), "40");
});

test("a link without step has only what somebody has chosen", () => {
  const href = linkWithoutStep("http://lab/?step=5&seed=1", VIEW, {chosen: ["layer"], beside: "batch_size=8"});
  assert.deepEqual(queryOf(href), {seed: "1", layer: "3", beside: "batch_size=8"});
});

test("the address names a card of the tour", () => {
  assert.equal(cardIn("http://lab/?a=1&tour=10"), 10);
  assert.equal(cardIn("http://lab/?tour=x"), null);
  assert.equal(linkToCard("http://lab/?a=1", 3), "http://lab/?a=1&tour=3");
  assert.equal(linkToCard("http://lab/?a=1&tour=3", null), "http://lab/?a=1");
});

test("the address bar holds the step where it was paused, a moment later, and none while it plays", () => {
  const world = new World({href: "http://lab/?seed=6"}).arrive().until(({playback}) => playback === "ended");
  assert.equal(world.parameter("step"), null);
  world.core.seek(3);
  world.core.choose({layer: 4});
  world.pass(300);
  assert.equal(world.parameter("step"), null, "browsers allow few changes a second");
  world.pass(200);
  assert.deepEqual(queryOf(world.href), {
    seed: "6",
    step: "3",
    layer: "4",
    tap: "activation",
    unit: "4",
    target: "0.75",
    motion: "distribution",
  });
  world.core.play();
  world.pass(500);
  assert.equal(world.parameter("step"), null);
  assert.equal(world.parameter("layer"), "4");
});

test("what nobody has chosen does not come into the address of a run that plays", () => {
  const world = new World().arrive();
  world.core.play();
  world.pass(1000);
  assert.equal(world.href, "http://lab/");
});

test("a link that is copied while it plays names the step and the unit on show", () => {
  const world = new World().arrive().pass(500);
  world.core.choose({unit: "pooled"});
  const {step, unit} = queryOf(world.core.link());
  assert.equal(step, String(world.core.view().frame.step));
  assert.equal(unit, "pooled");
  assert.equal(new URL(world.core.placedLink()).searchParams.get("step"), null);
});

test("before there is anything to be seen there is no link", () => {
  assert.equal(new World().core.link(), null);
});

test("an address that names a step opens there and rests, and keeps it", () => {
  const world = new World({view: {step: 40, layer: 3, unit: 2}, href: "http://lab/?step=40"});
  world.arrive(undefined, {upTo: 20}).pass(1000);
  assert.equal(world.parameter("step"), "40", "it is on its way there");
  world.arrive().pass(500);
  assert.deepEqual([world.step, world.playback, world.parameter("step")], [40, "paused", "40"]);
  assert.deepEqual([world.core.view().layer, world.core.view().unit], [3, 2]);
  world.core.play();
  world.until(({playback}) => playback === "ended");
  assert.equal(world.step, 60);
});

test("links say whether the charts that are folded away were open, and the address once somebody has opened them", () => {
  const world = new World({view: {charts: "all"}}).arrive().pass(500);
  assert.equal(queryOf(world.core.link()).charts, "all");
  assert.equal(world.parameter("charts"), null, "nobody has touched them here");
  world.core.choose({charts: "front"});
  assert.equal(world.pass(500).parameter("charts"), "front");
  assert.equal(queryOf(new World().arrive().pass().core.link()).charts, undefined, "where there are none");
});
