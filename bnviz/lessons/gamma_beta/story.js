// @ts-check
// The story of the page /gamma-beta: how far γ and β take the units from mean 0 and variance 1, and what that changes.

import {firstFrameAtAccuracy, visibleFrames, hasAtom, zeroShare} from "../../web/player/feeds.js";
import {mean} from "../../web/player/numbers.js";
import {scoreScope, scoreText} from "../../web/player/scores.js";
import * as words from "../../web/player/words.js";
import {ByHand, control, statusText} from "./by-hand.js";
import {bounds, feeds, fits} from "./drawings.js";
import * as reading from "./reading.js";
import {tables} from "./tables.js";
import {CLEARLY, lossAlone, speed} from "./verdict.js";

/** @import {Say, Story, View} from "../../web/player/types" */
/** @import {Words} from "./words" */

const {digits, divergenceSentence, divergenceStep, enumeration, hasClasses, hasDiverged, joinSentences} = words;
const {lastLearnt, learns, ofBothRuns, percent, span, tapName, unitName} = words;
const {comparable, highest, standardizedMeasure, lowest, overExamples, scale, armsInOrder} = reading;
/** @type {Say<Words>} */
const say = words.say;

const JUST_BEGUN = 0.005; // further from mean 0 or standard deviation 1, and it has moved

/** @type {Story} */
export default {
  headline,
  captions: {
    scatter: unlessGone(dots),
    betaaxis: (view) => say(view, overExamples(view) ? "beta_mean" : "beta"),
    gammaaxis: (view) => say(view, overExamples(view) ? "gamma_spread" : "gamma"),
    pinned: unlessGone(pinnedText),
    pinnedunit: unlessGone(pinnedUnit),
    pooled: unlessGone((view) => joinSentences(comparable(view) && say(view, "dotted"), pooledText(view))),
    zeros: (view) => (divergenceSentence(view, view.compared) ? "" : zeros(view)),
    bought,
    hand: statusText,
    layernumber: (view) => String(view.layer),
  },
  answer,
  feeds,
  tables,
  fits,
  bounds,
  alternatives: {
    scatter: unlessGone((view) => [range(view, "beta"), range(view, "gamma")].join(", ")),
    scales: unlessGone((view) => joinSentences(`${range(view, "beta")}, ${range(view, "gamma")}.`, pinnedText(view))),
    journey: unlessGone((view) => `${unitName(view)}: ${pinnedUnit(view)}`),
    bands: unlessGone(bands),
    learning: bought,
    means: (view) => words.divergenceSentences(view, [view.compared, "fixed"]) || means(view),
    hand: statusText,
  },
  controls: {"by-hand": control},
  service: (host) => new ByHand(host),
};

/**
 * A caption of the compared network, unless it has diverged.
 * @param {(view: View) => string} text
 * @returns {(view: View) => string}
 */
function unlessGone(text) {
  return (view) => divergenceSentence(view, view.compared) || text(view);
}

/**
 * The name of an arm in a sentence.
 * @param {View} view
 * @param {string} arm
 */
function armPhrase(view, arm) {
  if (arm === "fixed") return say(view, comparable(view) ? "fixed" : "fixed_batch");
  return arm === view.compared && comparable(view) ? say(view, "learnable") : view.arms[arm].name;
}

// --- what has moved

/** @param {View} view */
function headline(view) {
  const {frame, compared} = view;
  const name = words.tapName(view, "normalized");
  if (hasDiverged(frame, compared)) return divergenceSentence(view, compared);
  const [means, spreads] = [frame.arms[compared].unit_mean, frame.arms[compared].unit_std].map(
    ({normalized}) => normalized[view.layer - 1],
  );
  const off = Math.max(...Array.from(means, Math.abs), ...Array.from(spreads, (spread) => Math.abs(spread - 1)));
  if (frame.step === 0 && off < JUST_BEGUN) return say(view, "untrained", {name});
  return say(view, "spread", {
    name,
    means: span(lowest(means), highest(means)),
    spreads: span(lowest(spreads), highest(spreads)),
  });
}

/** @param {View} view */
function dots(view) {
  const layer = words.playerText(view, "this_layer", {number: view.layer});
  const text = overExamples(view)
    ? say(view, "scatter_batch", {layer})
    : say(view, "scatter_example", {layer, norm: sentenceCase(view)});
  return view.frame.arms[view.compared].beta ? text : joinSentences(text, say(view, "no_beta", {norm: sentenceCase(view)}));
}

/** @param {View} view */
const sentenceCase = ({norm}) => norm[0].toUpperCase() + norm.slice(1);

/**
 * What was measured of ẑ, to as many digits as it takes to see whether it is 0 and 1.
 * @param {View} view
 */
function pinnedText(view) {
  const means = standardizedMeasure(view.frame, "mean_range", view);
  if (!means) return "";
  const [narrow, widest] = standardizedMeasure(view.frame, "std_range", view);
  const off = Math.max(Math.abs(means[0]), Math.abs(means[1]));
  const spreads = span(narrow, widest, (one) => digits(one, 3));
  return say(view, "pinned", {off: off < 0.001 ? "0.001" : digits(off, 3), spreads});
}

/** @param {View} view */
function pinnedUnit(view) {
  const {mean: means, std, unit_mean, unit_std} = view.frame.arms[view.compared];
  const at = view.layer - 1;
  const [middle, spread] =
    view.unit === "pooled"
      ? [means.normalized[at], std.normalized[at]]
      : [unit_mean.normalized[at][view.unit], unit_std.normalized[at][view.unit]];
  return say(view, "pinned_unit", {mean: digits(middle), spread: digits(spread)});
}

/** @param {View} view */
function pooledText(view) {
  const [before, spread] = ["mean", "std"].map((key) => standardizedMeasure(view.frame, key, view));
  if (before === undefined) return "";
  const {mean: means, std} = view.frame.arms[view.compared];
  const after = {
    mean_after: digits(means.normalized[view.layer - 1]),
    spread_after: digits(std.normalized[view.layer - 1]),
  };
  return say(view, "pooled", {mean: digits(before), spread: digits(spread), ...after});
}

/** @param {View} view */
function zeros(view) {
  /** @type {View} */
  const own = {...view, tap: "activation"};
  return hasAtom(own) ? say(view, "zeros", {share: percent(zeroShare(view.frame, view.compared, own))}) : "";
}

// --- what it changes

/** @param {View} view */
function bought(view) {
  const accuracies = hasClasses(view);
  const alive = armsInOrder(view).filter((arm) => !hasDiverged(view.frame, arm));
  const now = alive.map((arm) => {
    return say(view, "value_of", {value: scoreText(view, arm), arm: armPhrase(view, arm)});
  });
  const details = {values: enumeration(view, now), scope: scoreScope(view)};
  const scores = alive.length > 0 && say(view, accuracies ? "accuracies" : "losses", details);
  return joinSentences(accuracies ? ofBothRuns(goal)(view) : words.divergenceSentences(view, armsInOrder(view)), scores);
}

/**
 * When each arm first reached the accuracy that people may move.
 * @param {View} view
 */
function goal(view) {
  const when = armsInOrder(view).map((one) => {
    const step = firstFrameAtAccuracy(visibleFrames(view), one, view.target)?.step;
    const arm = armPhrase(view, one);
    const end = divergenceStep(view, one);
    if (step !== undefined) return say(view, "goal_reached", {step, arm});
    return end === null ? say(view, "goal_open", {arm}) : say(view, "goal_gone", {step: end, arm});
  });
  return say(view, "goal", {share: percent(view.target), tested: view.data.tested, when: enumeration(view, when)});
}

/** @param {View} view */
function bands(view) {
  const [low, middle, high] = view.frame.arms[view.compared].percentiles.normalized[view.layer - 1];
  return joinSentences(say(view, "alt_bands", {range: span(low, high), middle: digits(middle)}), pooledText(view));
}

/** @param {View} view */
function means(view) {
  const [free, fixed] = [view.compared, "fixed"].map((arm) => {
    const row = view.frame.arms[arm].unit_mean[view.tap][view.layer - 1];
    return span(lowest(row), highest(row));
  });
  return say(view, "alt_means", {name: tapName(view), free, fixed});
}

/**
 * @param {View} view
 * @param {"beta" | "gamma"} key
 */
function range(view, key) {
  const row = scale(view.frame, key, view);
  return say(view, "alt_range", {
    name: key === "beta" ? "β" : "γ",
    range: span(lowest(row), highest(row)),
  });
}

// --- the answer

/** @param {View} view */
function answer(view) {
  const {prediction} = view;
  if (!view.header.arms.includes("fixed")) return prediction ? say(view, "off") : "";
  if (!comparable(view)) return prediction ? say(view, "unlike", {norm: view.norm}) : "";
  const expectation = prediction ? view.predictions[prediction] : "";
  const isFinished = view.frame.step === view.header.total_steps;
  if (!isFinished) return prediction ? say(view, "expected", {expectation}) : "";
  const {verdict, text} = judgement(view);
  if (!prediction || !verdict) return text;
  return joinSentences(text, prediction === verdict ? say(view, "agreed") : say(view, "disagreed", {expectation}));
}

/**
 * @param {View} view
 * @returns {{verdict: import("./verdict.js").Verdict | null, text: string}}
 */
function judgement(view) {
  const arms = [view.compared, "fixed"];
  const idle = arms.filter((arm) => hasDiverged(view.frame, arm) || !learns(view.frame, arm, view));
  if (idle.length) return {verdict: null, text: idleText(view, idle)};
  const losses = /** @type {[number, number]} */ (
    arms.map((arm) => mean(view.frames.map((frame) => frame.arms[arm].train_loss)))
  );
  return hasClasses(view) ? bySteps(view, arms, losses) : byLoss(view, losses);
}

/**
 * Of networks that cannot be compared: what they have lost is not called unlearnt.
 * @param {View} view
 * @param {string[]} idle
 */
function idleText(view, idle) {
  if (idle.length === 2) return say(view, "both_idle");
  const arm = armPhrase(view, idle[0]);
  const divergence = divergenceStep(view, idle[0]);
  if (divergence !== null) return say(view, "one_gone", {arm, step: divergence});
  return say(view, lastLearnt(view, idle[0]) ? "one_lost" : "one_idle", {arm});
}

/**
 * @param {View} view
 * @param {string[]} arms
 * @param {[number, number]} losses
 */
function bySteps(view, arms, losses) {
  const steps = arms.map((arm) => firstFrameAtAccuracy(view.frames, arm, view.target)?.step);
  const ending = endings(view, arms);
  const goal = percent(view.target);
  if (steps.every((step) => step === undefined)) return {verdict: null, text: say(view, "neither", {goal, ending})};
  const numbers = /** @type {[number, number]} */ (steps.map((step) => step ?? Infinity));
  const verdict = speed(numbers, losses, view.header.experiment.snapshot_every);
  const [free, fixed] = steps.map((step) => (step === undefined ? say(view, "never") : say(view, "after", {step})));
  const limits = {steps: percent(CLEARLY.steps), loss: percent(CLEARLY.loss)};
  const verdictText = view.predictions[verdict];
  const details = {
    verdict: verdict === "alike" ? say(view, "alike", {verdict: verdictText, ...limits}) : verdictText,
    goal,
    free,
    fixed,
    ...lossFigures(losses),
    ending,
  };
  return {verdict, text: say(view, "measured", details)};
}

/**
 * Where there is no accuracy, the training loss alone says who was faster.
 * @param {View} view
 * @param {[number, number]} losses
 */
function byLoss(view, losses) {
  const verdict = lossAlone(losses);
  const verdictText = view.predictions[verdict];
  const verdictPhrase =
    verdict === "alike" ? say(view, "alike_loss", {verdict: verdictText, loss: percent(CLEARLY.loss)}) : verdictText;
  return {verdict, text: say(view, "measured_loss", {verdict: verdictPhrase, ...lossFigures(losses)})};
}

/** @param {[number, number]} losses */
const lossFigures = ([free, fixed]) => ({free_loss: digits(free, 3), fixed_loss: digits(fixed, 3)});

/**
 * Where both ended.
 * @param {View} view
 * @param {string[]} arms
 */
function endings(view, arms) {
  const [free, fixed] = arms.map((arm) => {
    return say(view, "ending_part", {accuracy: scoreText(view, arm), loss: digits(view.frame.arms[arm].train_loss, 3)});
  });
  return say(view, "ending", {free, fixed});
}
