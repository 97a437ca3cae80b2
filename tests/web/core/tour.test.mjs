import assert from "node:assert/strict";
import {test} from "node:test";

import {otherValues, SKIP} from "../../../bnviz/web/player/core/tour-core.js";
import {World} from "./world.mjs";

const NOISY = {changes: "40:input_noise=1"};
const [PLAIN_RUN, NOISY_RUN] = ["{}", JSON.stringify(NOISY)];
const outcome = (view, tell) => ({text: tell("measured", {step: view.frame.step}), correctGuess: "falls"});

const readings = (view) => [{name: "accuracy", values: {none: String(view.frame.step)}}];

/** Cards as a lesson has them: of another experiment, of one network alone, one that goes on, and one that asks. */
const cards = () => [
  {name: "inputs", values: NOISY, part: {scores: true}, from: 32, again: true, due: 44, guesses: ["stays", "falls"], outcome},
  {name: "layers", values: {}, part: {layers: [2, 2]}, from: 0, again: true, due: 12, curtain: true, alone: true, outcome},
  {name: "chase", values: {}, part: {layers: [2, 5]}, from: 12, due: 24, choice: {layer: 3}, outcome},
  {
    name: "norm",
    values: {},
    part: {layers: [2, 2]},
    from: 0,
    again: true,
    due: 20,
    guesses: ["stays", "falls"],
    outcome,
    readings,
  },
];
const WORDS = {
  ...{measured: "Measured at step {step}."},
  ...{inputs_guess_stays: "It stays", inputs_guess_falls: "It falls", norm_guess_stays: "It stays", norm_guess_falls: "It falls"},
};

const SURROUNDINGS = {top: 120};

function touring({number = null, story = {}, ...options} = {}) {
  const world = new World({story: {tour: cards(), ...story}, tour: WORDS, ...options});
  world.tour = world.core.tour;
  world.openCard = (card) => (world.tour.follow(card, () => SURROUNDINGS), world);
  /** The page answers what the tour asks for. */
  world.answer = () => world.rerun({experiment: world.lastEdit.values, tour: WORDS, usual: world.core.data.usual}).arrive();
  if (number) world.openCard(number);
  return world;
}

const state = (world) => world.core.state.tour;
const visibility = (world) => world.core.state.visibility;
const isAnswered = ({tour}) => !tour.answer.waiting;

test("a link opens its card: its experiment is asked for, played, and measured when it is due", () => {
  const world = touring({number: 3, experiment: {batch_size: 8}})
    .arrive()
    .pass(100);
  assert.deepEqual(world.lastEdit, {do: "experiment", values: {}});
  assert.equal(world.parameter("tour"), null, "until it is there the address is that of before");
  world.answer().pass(400);
  assert.equal(world.parameter("tour"), "3");
  assert.ok(world.step >= 12, "it begins where the card says");
  assert.match(state(world).answer.text, /24/);
  world.until(isAnswered);
  assert.ok(world.step >= 24);
  assert.equal(state(world).answer.text, `Measured at step ${world.step}.`);
  assert.equal(world.playback, "paused", "what is on show is what is spoken of");
  assert.deepEqual([world.core.view().layer, world.core.view().tap], [3, "activation"]);
});

test("cards that change what a teacher's link has locked are left out, and a tour of none is none", () => {
  const names = (options) => touring(options).tour?.cards.map(({name}) => name) ?? [];
  const usual = {batch_size: 64, changes: ""};
  assert.deepEqual(names({usual, locks: ["batch_size"]}), ["inputs", "layers", "chase", "norm"]);
  assert.deepEqual(names({usual, locks: ["input_noise"]}), ["layers", "chase", "norm"]);
  assert.deepEqual(names({usual, locks: ["changes"]}), ["layers", "chase", "norm"]);
  const other = cards().map((card) => ({...card, values: {...card.values, batch_size: 8}}));
  assert.deepEqual(names({usual, locks: ["batch_size"], story: {tour: other}}), []);
  assert.equal(names({usual: {...usual, batch_size: 8}, locks: ["batch_size"], story: {tour: other}}).length, 4);
});

test("a card that there is not opens nothing", () => {
  const world = touring({number: 11}).arrive().pass();
  assert.equal(state(world).index, null);
});

test("it waits until the run has come as far as the card's beginning", () => {
  const world = touring({number: 3}).arrive(undefined, {upTo: 8}).pass(1000);
  assert.equal(world.parameter("tour"), "3");
  assert.ok(world.step <= 8);
  assert.equal(state(world).answer.text, world.core.text("tour_training", {from: 12, step: 8}));
  world.arrive().pass(100);
  assert.ok(world.step >= 12);
});

test("nothing answers and nothing plays before the guess; then it plays on", () => {
  const world = touring({number: 4}).arrive().pass(500);
  assert.deepEqual([world.step, world.playback], [0, "paused"]);
  const {veiled, scores, charts, asks} = visibility(world);
  assert.deepEqual([veiled, scores, charts, asks], [true, false, false, true]);
  assert.equal(state(world).answer.waiting, true);
  world.tour.guess("falls");
  world.pass(300);
  assert.deepEqual([visibility(world).veiled, visibility(world).charts, world.playback], [false, true, "playing"]);
  world.until(isAnswered);
  assert.equal(state(world).guess, "falls");
});

test("what a card measures is shown while it plays, and not before the guess or at the next card", () => {
  const world = touring({number: 4}).arrive().pass(500);
  assert.deepEqual(state(world).readings, []);
  world.tour.guess("falls");
  world.until(({tour}) => tour.readings.length > 0);
  assert.equal(isAnswered(world.core.state), false);
  world.until(isAnswered);
  assert.deepEqual(state(world).readings, readings(world.core.view()), "of the step that is spoken of");
  world.tour.turn(-1);
  assert.deepEqual(state(world).readings, []);
});

test("after a guess nobody is asked to guess, even while the card's run is still on its way", () => {
  const world = touring({number: 1}).pass(100);
  assert.equal(state(world).answer.text, world.core.text("tour_guess_first"));
  world.tour.guess("falls");
  world.pass(300);
  assert.equal(state(world).answer.text, world.core.text("tour_training", {from: 32, step: 0}));
});

test("a guess is judged, once, and stands", () => {
  for (const [guess, verdict] of [
    ["falls", /It falls/],
    ["stays", /It stays/],
    [SKIP, /^$/],
  ]) {
    const world = touring({number: 4}).arrive().pass(100);
    world.tour.guess(guess);
    world.until(isAnswered);
    assert.match(state(world).answer.verdict, verdict);
    world.tour.guess("falls");
    assert.equal(state(world).guess, guess);
    world.tour.turn(-1);
    world.tour.turn(1);
    assert.equal(state(world).guess, guess);
    world.until(isAnswered);
    assert.match(state(world).answer.verdict, verdict);
  }
});

test("right and wrong are told apart", () => {
  const verdictOf = (guess) => {
    const world = touring({number: 4}).arrive().pass(100);
    world.tour.guess(guess);
    return state(world.until(isAnswered)).answer.verdict;
  };
  assert.notEqual(verdictOf("falls").replace("It falls", ""), verdictOf("stays").replace("It stays", ""));
});

test("a card may show one network alone, behind the curtain; the next one opens it", () => {
  const world = touring({number: 2}).arrive().pass(100);
  const {veiled, secondNetwork, curtain} = visibility(world);
  assert.deepEqual([veiled, secondNetwork, curtain], [true, false, true]);
  world.tour.turn(1);
  world.pass(100);
  assert.deepEqual([visibility(world).secondNetwork, visibility(world).curtain], [true, false]);
});

test("cards that share an experiment do not begin anew, but go on where it stands", () => {
  const world = touring({number: 2}).arrive().until(isAnswered);
  const {step, streams} = world;
  world.tour.turn(1);
  world.pass(100);
  assert.ok(world.step >= step && world.playback === "playing");
  assert.deepEqual([world.triggers, streams.length], [[], 1]);
});

test("beyond the last card the tour is over and begins anew; before the first one there is nothing", () => {
  const world = touring({number: 1}).arrive().pass();
  assert.equal(world.tour.turn(-1), true);
  assert.equal(state(world).index, 0);
  world.openCard(4);
  assert.equal(world.tour.turn(1), false);
  world.tour.leave(true);
  world.tour.startOver();
  assert.deepEqual([state(world).index, state(world).resumeIndex], [null, 0]);
});

test("who leaves can resume at the same card, and the address forgets it", () => {
  const world = touring({number: 3}).arrive().pass(100);
  world.tour.leave();
  assert.deepEqual([state(world).index, state(world).resumeIndex, world.parameter("tour")], [null, 2, null]);
  assert.equal(visibility(world).veiled, false);
});

test("left by Escape it gives back what was there before: experiment, step, choice and curtain", () => {
  const world = touring({experiment: {batch_size: 8}})
    .arrive()
    .pass(100);
  world.core.seek(8);
  world.core.choose({layer: 4, unit: 3});
  world.pass();
  world.openCard(2).pass(100);
  world.answer().until(isAnswered);
  assert.equal(world.tour.leave(true), SURROUNDINGS);
  assert.equal(visibility(world).curtain, false);
  world.pass(100);
  assert.deepEqual(world.lastEdit.values.batch_size, 8);
  world
    .rerun({experiment: {batch_size: 8}, tour: WORDS})
    .arrive()
    .pass(100);
  assert.deepEqual([world.step, world.playback], [8, "paused"]);
  assert.deepEqual([world.core.view().layer, world.core.view().unit], [4, 3]);
});

test("who touches something else while that is on its way wants something else", () => {
  const world = touring({experiment: {batch_size: 8}})
    .arrive()
    .pass(100)
    .openCard(2)
    .pass(100);
  world.answer().pass(100);
  world.tour.leave(true);
  world.pass(100);
  const {length} = world.triggers;
  world.tour.cancelReturn();
  world.pass(10_000);
  assert.equal(world.triggers.length, length);
});

test("the page is asked again if the answer is to another question, and five times at most", () => {
  const world = touring({number: 1}).arrive().pass(100);
  assert.equal(world.triggers.length, 1);
  world.pass(2000);
  assert.equal(world.triggers.length, 1);
  world
    .rerun({experiment: {batch_size: 8}, tour: WORDS})
    .arrive()
    .pass(50);
  assert.equal(world.triggers.length, 2);
  world.pass(60_000);
  assert.equal(world.triggers.length, 5);
});

test("back in the browser is back in the tour", () => {
  const world = touring({number: 1}).arrive().pass(100);
  world.answer().pass(100);
  assert.deepEqual([world.parameter("tour"), world.core.state.run], ["1", NOISY_RUN]);
  world.openCard(2).pass(100);
  world.rerun({tour: WORDS}).arrive().pass(100);
  assert.deepEqual([world.parameter("tour"), world.core.state.run], ["2", PLAIN_RUN]);
  world.openCard(1).pass(100);
  assert.deepEqual(world.lastEdit, {do: "experiment", values: NOISY});
});

test("with reduced motion it shows the end of the run, and measures there", () => {
  const world = touring({number: 2, still: true}).arrive().pass(500);
  assert.deepEqual([world.step, world.playback, state(world).answer.waiting], [60, "ended", false]);
  world.tour.turn(1);
  world.pass(500);
  assert.deepEqual([world.playback, state(world).answer.waiting], ["ended", false]);
});

test("another player that takes the place of this one goes on with the tour, its guesses, and the way back", () => {
  const story = {tour: cards()};
  const first = touring({number: 4, story}).arrive().pass(100);
  first.tour.guess("stays");
  let replaced = 0;
  first.tour.onReplaced = () => {
    replaced += 1;
    first.tour.close();
  };
  const second = touring({story});
  second.openCard(second.tour.takeOver());
  second.arrive().until(isAnswered);
  assert.deepEqual([replaced, state(second).index, state(second).guess], [1, 3, "stays"]);
  assert.equal(second.tour.before, first.tour.before);
});

test("a tour that was closed is resumed, not opened", () => {
  const story = {tour: cards()};
  const first = touring({number: 3, story}).arrive().pass(100);
  first.tour.close();
  const second = touring({story});
  assert.equal(second.tour.takeOver(), null);
  assert.equal(state(second).resumeIndex, 2);
});

test("another page's tour is not resumed here", () => {
  touring({number: 3}).arrive().pass(100).tour.close();
  assert.equal(touring().tour.takeOver(), null);
});

test("a saved or embedded page has no tour", () => {
  assert.equal(touring({alone: true}).tour, null);
  assert.equal(touring({embedded: {picture: true, alone: false}}).tour, null);
});

test("an experiment that is offered keeps the visitor's other settings, and is none if it changes what is locked", () => {
  const usual = {batch_size: 64, ghost_batch_size: 0, width: 64, changes: ""};
  const data = {usual, experiment: {...usual, batch_size: 4, width: 32, changes: "9:batch_size=4"}, locks: ["width"]};
  const values = {batch_size: 64, ghost_batch_size: 4};
  assert.deepEqual(otherValues(values, data), {width: 32, ghost_batch_size: 4});
  assert.equal(otherValues(values, {...data, locks: ["batch_size"]}), null);
  const later = {changes: "9:ghost_batch_size=4"};
  assert.deepEqual(otherValues(later, data), {batch_size: 4, width: 32, ...later});
  for (const name of ["batch_size", "ghost_batch_size"]) assert.equal(otherValues(later, {...data, locks: [name]}), null);
});
