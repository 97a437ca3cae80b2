import assert from "node:assert/strict";
import {test} from "node:test";

import {World} from "./world.mjs";

const WIDE = {experiment: {batch_size: 256}};
const FIRST = "{}";
const beside = (world) => world.core.comparison.viewBeside(world.core.view())?.run ?? null;
const played = (options) => new World(options).arrive().until(({playback}) => playback === "ended");
const sentence = ({core}) => core.comparison.sentence(core.view(), core.data);
const addressQuery = (world) => world.parameter("beside") && Object.fromEntries(new URLSearchParams(world.parameter("beside")));

test("the run before stays beside the next one, with what differs in it and its scores at the step on show", () => {
  const world = played();
  const label = "Batch size 64";
  world
    .rerun({...WIDE, before: [{run: FIRST, step: 0, label}]})
    .arrive()
    .pass();
  assert.equal(beside(world), FIRST);
  world.core.seek(12);
  const text = world.pass().core.comparison.sentence(world.core.view(), world.core.data);
  assert.match(text, /Batch size 64/);
  assert.match(text, /12/);
});

test("its lines are all there whatever the step on show, and it can be dismissed", () => {
  const world = played().rerun(WIDE).arrive().pass();
  const view = world.core.comparison.viewBeside(world.core.view());
  assert.deepEqual([view.frame.step, view.blend, view.ended], [60, 0, true]);
  const {redraws} = world.core.state;
  world.core.comparison.dismiss();
  assert.equal(beside(world), null);
  assert.equal(world.core.state.redraws, redraws + 1);
});

test("a run that was seen for a glimpse, while a slider was on its way, is not compared with", () => {
  const world = played().rerun(WIDE).arrive().pass(500);
  world
    .rerun({experiment: {batch_size: 128}})
    .arrive()
    .pass(500);
  assert.equal(beside(world), FIRST);
});

test("a run without a layer or unit on show is not compared with", () => {
  const world = played().rerun(WIDE).arrive().pass();
  const {comparison} = world.core;
  const view = world.core.view();
  assert.equal(comparison.viewBeside({...view, layer: 6}), null);
  assert.equal(comparison.viewBeside({...view, unit: 99}), null);
  assert.equal(comparison.viewBeside({...view, compared: "layer"}), null);
  assert.equal(comparison.viewBeside({...view, unit: "pooled"}).run, FIRST);
});

test("pinned it stays through further changes and goes with the link", () => {
  const world = played({experiment: {batch_size: 8}})
    .rerun()
    .arrive()
    .pass(3000);
  world.core.comparison.togglePin();
  assert.equal(world.core.state.pinned, true);
  world.pass(500);
  assert.deepEqual(addressQuery(world), {batch_size: "8"});
  assert.equal(new URL(world.core.link()).searchParams.get("beside"), "batch_size=8");
  world.rerun(WIDE).arrive().pass(3000);
  assert.equal(beside(world), '{"batch_size":8}');
  world.core.comparison.togglePin();
  assert.equal(world.pass(500).parameter("beside"), null);
});

test("an address brings its run along, which is pinned from the beginning; once dismissed it stays away", () => {
  const other = {run: '{"batch_size":256}', stream: "its stream", label: "Batch size 256", query: "batch_size=256"};
  const page = {beside: other, view: {step: 40}};
  const world = new World({...page, href: "http://lab/?beside=batch_size%3D256"});
  world.rerun(page).arrive().pass(500);
  assert.ok(world.streams.includes("its stream"));
  assert.deepEqual([world.core.state.pinned, addressQuery(world)], [true, {batch_size: "256"}], "it is still on its way");
  assert.equal(beside(world), null);
  world.arrive(other.run).pass();
  assert.equal(beside(world), other.run);
  assert.match(world.core.comparison.sentence(world.core.view(), world.core.data), /Batch size 256/);
  world.core.comparison.dismiss();
  world.rerun(page).pass(500);
  assert.deepEqual([beside(world), world.parameter("beside")], [null, null]);
});

const SMALL_RUN = '{"batch_size":8}';
const SMALL = {run: SMALL_RUN, stream: "small", query: "batch_size=8", label: "Batch size 8", own: "Batch size 64", epochs: 0.75};

/** A run of 6 epochs, and beside it one that sees an eighth of its examples in as many steps. */
const compared = () => {
  const world = new World({beside: SMALL}).arrive();
  world.rerun({beside: SMALL}).until(({playback}) => playback === "ended");
  return world.arrive(SMALL_RUN).pass(500);
};

test("a legend calls both runs by what differs, with their epochs where these differ", () => {
  const {core} = compared();
  assert.deepEqual(core.scene(core.view()).beside.legend, {own: "Batch size 64: 6.0 epochs", other: "Batch size 8: 0.75 epochs"});
  assert.match(sentence({core}), /In all it trains for 0\.75 epochs, this run for 6\.0\.$/);
  const same = core.comparison.legend(core.view(), {...core.data, epochs: 0.75});
  assert.deepEqual(same, {own: "Batch size 64", other: "Batch size 8"});
});

test("how long both train is said from their settings, before and while the comparison run arrives", () => {
  const long = {...SMALL, epochs: 245.76};
  const world = new World({beside: long}).arrive().pass();
  world.rerun({beside: long, epochs: 7.68}).pass();
  const told = /Batch size 8.* it trains for 246 epochs, this run for 7\.7\.$/;
  assert.match(sentence(world), told);
  world.arrive(SMALL_RUN, {upTo: 20}).pass();
  assert.match(sentence(world), told, "not the 2 epochs that are here");
  world.rerun({beside: {...SMALL, epochs: 7.5}, epochs: 7.68}).pass();
  assert.doesNotMatch(sentence(world), /epochs/, "a few per cent are equal");
});

test("a run that was left before its end is compared as far as it was trained", () => {
  const world = new World({epochs: 6}).arrive(FIRST, {upTo: 20}).pass(3000);
  world.rerun({...WIDE, epochs: 6, before: [{run: FIRST, step: 0, label: "Batch size 64", epochs: 6}]}).arrive();
  assert.match(sentence(world.pass()), /it trains for 2\.0 epochs, this run for 6\.0\.$/);
});

test("another choice takes the place of the run that was compared before", () => {
  const world = compared();
  const wide = {run: JSON.stringify(WIDE.experiment), stream: "wide", query: "batch_size=256", label: "Batch size 256", times: 1};
  world.rerun({beside: wide}).pass();
  assert.equal(beside(world), null);
  assert.match(sentence(world), /Batch size 256/);
});

test("the page learns at once when a run is dismissed or pinned", () => {
  const world = compared();
  const told = () => world.triggers.filter(([name]) => name === "beside").map(([, {query}]) => query);
  world.core.comparison.dismiss();
  assert.deepEqual([told(), world.parameter("beside")], [[""], null], "without delay");
  world
    .rerun({...WIDE, usual: {...world.core.data.usual, steps: 0}})
    .arrive()
    .pass(3000);
  world.core.comparison.togglePin();
  assert.deepEqual(told(), ["", "steps=60"]);
  world.core.comparison.togglePin();
  world.core.comparison.dismiss();
  assert.deepEqual(told(), ["", "steps=60", ""], "the address did not name it");
});

test("a run that was dismissed comes back when it is chosen again", () => {
  const world = compared();
  world.core.comparison.dismiss();
  world.rerun({beside: {...SMALL, times: 1}}).pass(500);
  world.arrive(SMALL_RUN).pass(500);
  assert.deepEqual([beside(world), world.core.state.pinned], [SMALL_RUN, true]);
});

test("the usual run is named in a link by a setting of its own", () => {
  const world = played().rerun(WIDE).arrive().pass(3000);
  world.core.comparison.togglePin();
  const usual = {...world.core.data.usual, seed: 0};
  assert.equal(world.core.comparison.query({usual}), "seed=0");
});

test("with another batch size, scores are compared after equally many examples, and the place of both is said", () => {
  const world = compared();
  world.core.seek(6);
  const text = sentence(world.pass());
  assert.match(text, /after about as many examples as step 6 here \(0\.60 epochs\) it was at step 48 \(0\.60 epochs\)/i);
  assert.match(text, /At step 48 test accuracy was/);
  world.core.seekEnd();
  assert.match(
    sentence(world.pass()),
    /fewer examples: 0\.75 epochs by step 60, this run 6\.0 epochs by step 60\. At step 60 test/,
  );
});

test("a visitor may compare the same step instead, and the sentence says that it is not of equally many examples", () => {
  const world = compared();
  world.core.seek(6);
  world.core.choose({time: "steps"});
  const text = sentence(world.pass());
  assert.match(text, /not by examples seen: step 6 is after 0\.60 epochs here, and after 0\.07 epochs there\. At step 6 test/);
  assert.match(text, /not of equal training/);
  world.pass(500);
  assert.equal(world.parameter("time"), "steps");
});

test("with the same batch size, scores are compared at the same step", () => {
  const slow = {
    run: '{"learning_rate":0.01}',
    stream: "slow",
    query: "learning_rate=0.01",
    label: "Learning rate 0.01",
    epochs: 6,
  };
  const world = new World({beside: slow}).arrive();
  world.rerun({beside: slow}).until(({playback}) => playback === "ended");
  world.arrive(slow.run).pass(500);
  world.core.seek(12);
  assert.match(sentence(world.pass()), /\(Learning rate 0\.01\)\. At step 12 test accuracy was [^.]*\.$/);
  assert.equal(world.core.scene(world.core.view()).time, null);
});

test("training sets of different sizes are compared by examples, in epochs of the run on show", () => {
  const {core} = compared();
  const half = {...SMALL, examples: 320}; // its epochs are half as long
  core.comparison.openFromAddress(half);
  const {own, other} = core.scene(core.view()).time;
  assert.deepEqual([own(6), other(48), other(24)], [0.6, 0.3, 0.15]);
});
