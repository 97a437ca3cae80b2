// @ts-check
// The story of the page /weight-decay: are a constant rate with decay and a rising rate without it the same training?

import {finite} from "../../web/player/numbers.js";
import {scoreScope, scoreText} from "../../web/player/scores.js";
import * as words from "../../web/player/words.js";
import * as losses from "./losses.js";

/** @import {Say, Snapshot, Story, View} from "../../web/player/types" */
/** @import {Words} from "./words" */

const {both, digits, percent, short} = words;
const {effectiveRate, feeds, fits, bounds, gradientOf, largestGap, partsAt, risingOf, roundedUpTo, roundingOf, weightOf} = losses;
/** @type {Say<Words>} */
const say = words.say;

const SAME = 1e-3; // of the loss: losses that lie less apart cannot be told apart in a chart
const APART = 0.1; // of the loss: from here on they clearly differ
const ENOUGH = 0.5; // of the run, before a prediction is judged

/** @type {Story} */
export default {
  headline,
  answer,
  captions: {
    number: (view) => String(view.layer),
    compared: gaps,
    grown: growthText,
    changed: changeText,
    learnt: learningText,
    evaluated: evaluationText,
  },
  feeds,
  fits,
  bounds,
  choosers: ["layer"],
  alternatives: {
    losses: (view) => both(view, (arm) => pairName(view, arm, (one) => view.frame.arms[one].train_loss)),
    gap: (view) => both(view, (arm) => gapName(view, largestGap(view, arm))),
    evaluation: (view) => both(view, (arm) => pairName(view, arm, (one) => view.frame.arms[one].test_loss)),
    rates: (view) => both(view, (arm) => pairName(view, arm, (one) => effectiveRate(view.frame, one, view.layer))),
    sizes: (view) => both(view, (arm) => pairName(view, arm, (one) => weightOf(view.frame, one, view.layer))),
    learning: (view) => words.withoutFullStop(learningText(view)),
  },
};

// --- numbers in words

/**
 * How many times as much: 1.02 as well as 410.
 * @param {number} value
 */
const times = (value) => (value < 10 ? digits(value, 2) : short(value));

/**
 * How far losses lie apart.
 * @param {View} view
 * @param {number | null} gap
 */
function gapName(view, gap) {
  if (gap === null) return say(view, "both_lost");
  if (gap === Infinity) return say(view, hasRate(view) ? "copy_lost" : "rate_lost");
  if (gap === 0) return say(view, "no_gap");
  return say(view, "gap", {gap: gap >= 1e-3 ? percent(gap) : short(gap)});
}

/**
 * A number of an arm that has not diverged, and of its copy.
 * @param {View} view
 * @param {string} arm
 * @param {(arm: string) => number | null} value
 */
function pairName(view, arm, value) {
  const [own, other] = [value(arm), value(risingOf(arm))];
  if (own === null) return say(view, "both_lost");
  const details = {own: short(own)};
  return other === null ? say(view, "alt_alone", details) : say(view, "alt_pair", {...details, other: short(other)});
}

// --- what there is

/** @param {View} view */
const hasCopies = (view) => Boolean(view.frame.arms[risingOf("none")]);

/**
 * Whether there still is a rate that does the same as decay.
 * @param {View} view
 */
const hasRate = (view) => finite(view.frame.arms[risingOf(view.compared)]?.hidden_rate) !== null;

/**
 * How many times as large the rate is now as at first, in the copies.
 * @param {View} view
 */
function growth(view) {
  const [first, now] = [view.frames[0], view.frame].map((frame) => frame.arms[risingOf(view.compared)].hidden_rate);
  return Number(now) / Number(first);
}

// --- the headline

/** @param {View} view */
function headline(view) {
  if (words.divergenceSentence(view, view.compared)) return words.divergenceSentences(view);
  return [finding(view), words.divergenceSentence(view, "none")].filter(Boolean).join(" ");
}

/**
 * The finding for the compared network, which has not diverged.
 * @param {View} view
 */
function finding(view) {
  if (!hasCopies(view)) return say(view, view.header.experiment.rising === "yes" ? "no_rate" : "not_trained");
  if (view.frame.step === 0) return say(view, "beginning", {norm: view.norm});
  if (multiplication(view)) return changeText(view).trim();
  const gap = largestGap(view, view.compared);
  const details = {norm: view.norm, growth: times(growth(view)), gap: gapName(view, gap), step: view.frame.step};
  if (growth(view) === 1) return say(view, "one_way", details);
  if (gap !== null && gap < SAME) return say(view, "same", details);
  if (gap === Infinity) return say(view, "lost", details);
  const apart = say(view, "apart", {...details, first: Number(partsAt(view, view.compared, SAME)), visible: percent(SAME)});
  return [apart, roundingText(view)].filter(Boolean).join(" ");
}

/**
 * Says so if the losses of the compared network have come apart by rounding alone.
 * @param {View} view
 */
function roundingText(view) {
  const early = roundedUpTo(view, view.compared);
  return early && say(view, "rounded", {step: early.step, gap: gapName(view, early.gap)});
}

// --- the prediction

/**
 * Holds the prediction against what is measured so far.
 * @param {View} view
 */
function answer(view) {
  const {prediction, norm} = view;
  if (!prediction || !hasCopies(view)) return null;
  if (words.divergenceSentence(view, view.compared))
    return say(view, "answer_lost", {prediction: view.predictions[prediction], norm});
  if (view.frame.step < ENOUGH * view.header.total_steps) return say(view, "wait");
  const gap = largestGap(view, view.compared);
  const finding = gap === null || gap === Infinity ? "diverges" : gap < SAME ? "same" : gap < APART ? "close" : "apart";
  const details = {norm, prediction: view.predictions[prediction], gap: gapName(view, gap), step: view.frame.step};
  if (finding === prediction) return say(view, "answer_right", details);
  const answer = say(view, finding === "close" ? "answer_close" : "answer_wrong", details);
  return [answer, prediction === "same" && roundingText(view)].filter(Boolean).join(" ");
}

// --- captions

/**
 * The largest differences so far, and what rounding has to do with them.
 * @param {View} view
 */
function gaps(view) {
  if (!hasCopies(view)) return "";
  const all = both(view, (arm) => gapName(view, largestGap(view, arm)));
  return say(view, "gaps", {all, rounding: short(roundingOf(view))});
}

/**
 * How the rate has grown, and the weights with it.
 * @param {View} view
 */
function growthText(view) {
  if (!hasCopies(view) || growth(view) === 1 || words.hasDiverged(view.frame, view.compared)) return "";
  const own = weightOf(view.frame, view.compared, view.layer);
  const other = weightOf(view.frame, risingOf(view.compared), view.layer);
  if (!own || !other) return "";
  return say(view, "grown", {growth: times(growth(view)), times: short(other / own), layer: view.layer, norm: view.norm});
}

/**
 * The first time that a layer's weights are multiplied, with the snapshots just before and after; null before that.
 * @param {View} view
 * @returns {{step: number, layer: number, factor: string, before: Snapshot, after: Snapshot} | null}
 */
function multiplication(view) {
  const change = view.changes.find(({name}) => name.startsWith("times_w"));
  if (!change) return null;
  const before = view.frames.findLast(({step}) => step <= change.step);
  const after = view.frames.find(({step}) => step > change.step);
  if (!before || !after || view.frame.step < after.step) return null;
  const factor = view.header.experiment.changes.match(new RegExp(`${change.step}:${change.name}=([^;]+)`))?.[1] ?? "";
  return {step: change.step, layer: Number(change.name.slice("times_w".length)), factor, before, after};
}

/**
 * What has become of the gradient and of the effective rate since a layer's weights were multiplied.
 * @param {View} view
 */
function changeText(view) {
  const finding = multiplication(view);
  const arm = view.compared;
  if (!finding || words.hasDiverged(view.frame, arm)) return "";
  const {step, layer, factor, before, after} = finding;
  const rate = (/** @type {Snapshot} */ frame) => effectiveRate(frame, arm, layer) ?? NaN;
  const details = {step, layer, factor, norm: view.norm, now: view.frame.step, rate: short(rate(after) / rate(before))};
  const [first, later] = [before, after].map((frame) => gradientOf(frame, arm, layer) ?? NaN);
  const gradients = {before: short(first), after: short(later)};
  return ` ${say(view, "changed", {...details, ...gradients, recovered: short(rate(view.frame) / rate(before))})}`;
}

/**
 * What the two ways come to in evaluation, where running statistics are used.
 * @param {View} view
 */
function evaluationText(view) {
  return say(view, "evaluated", {held_out: view.data.held_out, found: hasCopies(view) ? evaluationFinding(view) : ""}).trim();
}

/** @param {View} view */
function evaluationFinding(view) {
  const {compared, norm} = view;
  const [one, copy] = [compared, risingOf(compared)].map((arm) => view.frame.arms[arm]);
  const [own, other] = [one, copy].map(({test_loss}) => finite(test_loss));
  if (own === null || other === null || !view.frame.step) return "";
  const numbers = {norm, own: digits(own, 3), other: digits(other, 3)};
  if ((largestGap(view, compared) ?? Infinity) > SAME) return say(view, "evaluated_apart", numbers);
  if (Math.abs(other - own) <= SAME * own) return say(view, "evaluated_one", numbers);
  const [own_probe, other_probe] = [one, copy].map(({probe_loss}) => digits(probe_loss, 3));
  return say(view, "evaluated_two", {...numbers, own_probe, other_probe, probe: view.header.probe_size});
}

/** @param {View} view */
function learningText(view) {
  const divergence = words.divergenceSentences(view);
  if (divergence) return divergence;
  const scores = both(view, (arm) => scoreText(view, arm));
  const details = {step: view.frame.step, scores, scope: scoreScope(view)};
  return say(view, words.hasClasses(view) ? "learnt" : "learnt_loss", details);
}
