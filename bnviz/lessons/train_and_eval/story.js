// @ts-check
// The story of the page /train-and-eval: is one network the same in train() and in eval(), and if not, why?

import {RECENT_SNAPSHOTS} from "../../web/player/constants.js";
import {scoreScope, scoreText} from "../../web/player/scores.js";
import * as words from "../../web/player/words.js";
import {CLEARLY, causeOf, steadyCause} from "./causes.js";
import {bounds, feeds, fits, startAbove} from "./drawings.js";
import {besselFactor, expectedSpread} from "./bessel.js";
import {lawNumbers} from "./law-drawings.js";
import * as reading from "./reading.js";
import {Trials, control, remediesText} from "./trials.js";

/** @import {Say, Snapshot, Story, View} from "../../web/player/types" */
/** @import {Cause} from "./causes.js" */
/** @import {Evaluation} from "./reading.js" */
/** @import {Words} from "./words" */

const {
  averaging,
  evaluatedFrame,
  evaluatedScore,
  evaluationOf,
  measuredFrame,
  measuredFrames,
  partsOf,
  partsOfAllLayers,
  scoresOf,
  shiftStep,
} = reading;
const {both, digits, divergenceSentence, hasClasses, joinSentences, percent} = words;
/** @type {Say<Words>} */
const say = words.say;

/** @type {Story} */
export default {
  headline,
  scored,
  answer,
  captions: {
    number: (view) => String(view.layer),
    threshold: () => points(CLEARLY),
    views: measured(now),
    window: () => String(RECENT_SNAPSHOTS),
    layers: measured(layersText),
    causes: measured(causesText),
    evaluated: evaluatedText,
    tasks: tasksText,
    law: measured(lawText),
    law_terms: measured(lawTerms),
    bessel: measured(besselText),
    remedies: remediesText,
    learnt: learningText,
  },
  feeds,
  fits,
  bounds,
  choosers: ["layer"],
  controls: {remedies: control},
  service: (host) => new Trials(host),
  alternatives: {
    views: measured(now),
    layers: measured(barsText),
    causes: measured(causesText),
    law: measured(lawText),
    bessel: measured(besselText),
    errors: measured(layersText),
    remedies: remediesText,
    tasks: tasksText,
    evaluated: (view) => words.withoutFullStop(evaluatedText(view)),
    learning: (view) => words.withoutFullStop(learningText(view)),
  },
};

/**
 * A text of the last measurement; nothing where there is none, or where the network has diverged.
 * @param {(view: View, frame: Snapshot, evaluation: Evaluation) => string} text
 * @returns {(view: View) => string}
 */
function measured(text) {
  return (view) => {
    const frame = measuredFrame(view);
    const gone = divergenceSentence(view, view.compared);
    return gone || (frame ? text(view, frame, /** @type {Evaluation} */ (evaluationOf(frame, view))) : "");
  };
}

/** @param {number} share */
const points = (share) => `${Math.round(100 * share)} points`;

/**
 * How the views score, in words: shares, or losses where there are no classes.
 * @param {View} view
 * @param {Evaluation} evaluation
 */
function scoreTexts(view, evaluation) {
  const text = (/** @type {number} */ accuracy, /** @type {number} */ loss) =>
    hasClasses(view) ? percent(accuracy, 1) : digits(loss, 3);
  return {
    minibatch: text(evaluation.minibatch_accuracy, evaluation.minibatch_loss),
    running: text(evaluation.running_accuracy, evaluation.running_loss),
    recomputed: text(evaluation.recomputed_accuracy, evaluation.recomputed_loss),
    own: text(evaluation.own_accuracy, evaluation.own_loss),
    uncorrected: text(evaluation.uncorrected_accuracy ?? NaN, evaluation.uncorrected_loss ?? NaN),
  };
}

// --- the headline

/** @param {View} view */
function headline(view) {
  if (divergenceSentence(view, view.compared)) return words.divergenceSentences(view);
  return joinSentences(finding(view), divergenceSentence(view, "none"));
}

/**
 * The finding for the compared network, which has not diverged.
 * @param {View} view
 */
function finding(view) {
  const {step, arms} = view.frame;
  if (!hasRunningStatistics(view, view.frame)) return say(view, "no_running", {norm: view.norm, learnt: learnt(view)});
  const frame = measuredFrame(view);
  if (!frame) return say(view, step === 0 && arms[view.compared].evaluation ? "beginning" : "not_measured");
  if (frame.step === 0) return say(view, "beginning");
  const evaluation = /** @type {Evaluation} */ (evaluationOf(frame, view));
  const {minibatch, running, recomputed} = scoreTexts(view, evaluation);
  const details = {minibatch, running, recomputed, norm: view.norm, step: frame.step};
  return joinSentences(say(view, seenKey(view), details), causeText(view, frame, evaluation));
}

/** @param {View} view */
const seenKey = (view) => (!hasClasses(view) ? "seen_loss" : isColoured(view) ? "seen_coloured" : "seen");

/**
 * Whether the views are those of coloured animals, whatever the network was trained on.
 * @param {View} view
 */
const isColoured = (view) => view.header.experiment.evaluation_coats === "coloured" && view.header.experiment.dataset === "cats";

/**
 * How two networks of one view do, on the animals that are evaluated.
 * @param {View} view
 */
const learnt = (view) => (isColoured(view) && evaluatedText(view)) || learningText(view);

/**
 * What the picture's scores are of, where the views are of other animals.
 * @param {View} view
 */
function scored(view) {
  if (!isColoured(view)) return "";
  return say(view, view.header.experiment.coats === "black" ? "scored_black" : "scored_trained");
}

/**
 * Whether something normalizes with statistics of the minibatch at a snapshot.
 * @param {View} view
 * @param {Snapshot} frame
 */
const hasRunningStatistics = (view, frame) => view.normalizers[frame.arms[view.compared].normalizer]?.statistics === "batch";

/**
 * @param {View} view
 * @param {Snapshot} frame
 * @param {Evaluation} evaluation
 */
function causeText(view, frame, evaluation) {
  const shift = shiftStep(view, frame);
  if (shift !== null) return say(view, "cause_shifted", {shift});
  const parts = partsOfAllLayers(view, frame);
  const {own, uncorrected} = scoreTexts(view, evaluation);
  const {momentum, updates} = averaging(view);
  const count = updates * frame.step;
  const size = Number(frame.group_size.toFixed(1));
  /** @type {Record<Cause | "early" | "open", () => string>} */
  const texts = {
    early: () => say(view, "cause_early"),
    open: () => say(view, "cause_open"),
    none: () => say(view, "cause_none", {threshold: points(CLEARLY)}),
    start: () => say(view, "cause_start", {left: percent((1 - momentum) ** count)}),
    drift: () => say(view, "cause_drift", {drift: digits(parts.drift)}),
    noise: () => say(view, "cause_noise", {part: digits(parts.noise)}),
    offset: () => say(view, "cause_offset", {offset: digits(parts.offset)}),
    bessel: () => say(view, "cause_bessel", {uncorrected}),
    data: () => say(view, "cause_data", {own}),
    batch: () => say(view, "cause_batch", {size}),
  };
  return texts[steadyCause(causesUpTo(view, frame), frame.step === view.header.total_steps)]();
}

/**
 * The cause that each measurement tells, up to that of a snapshot.
 * @param {View} view
 * @param {Snapshot} frame
 */
const causesUpTo = (view, frame) =>
  measuredFrames(view)
    .filter(({step}) => step > 0 && step <= frame.step)
    .map((one) => causeOf(scoresOf(view, /** @type {Evaluation} */ (evaluationOf(one, view))), partsOfAllLayers(view, one)));

// --- captions

/**
 * @param {View} view
 * @param {Snapshot} frame
 * @param {Evaluation} evaluation
 */
function now(view, frame, evaluation) {
  const {own, minibatch, running, recomputed} = scoreTexts(view, evaluation);
  const details = {step: frame.step, minibatch, running, recomputed};
  if (!isColoured(view)) return say(view, "now", details);
  const text = say(view, "now_coloured", details);
  const plain = evaluatedScore(frame, "none", "evaluated_accuracy");
  return joinSentences(text, say(view, "views_own", {own}), plain !== null && say(view, "plain_own", {plain: percent(plain, 1)}));
}

/**
 * How both networks do on the inputs of now and on those of before.
 * @param {View} view
 */
function tasksText(view) {
  const frame = evaluatedFrame(view, "unshifted_accuracy");
  const gone = words.divergenceSentences(view);
  if (gone || !frame) return gone;
  const scores = (/** @type {(arm: string) => number | null} */ of) => both(view, (arm) => percent(of(arm), 1));
  const now = scores((arm) => frame.arms[arm].test_accuracy);
  const before = scores((arm) => evaluatedScore(frame, arm, "unshifted_accuracy"));
  return say(view, "tasks_now", {step: frame.step, now, before});
}

/** @param {View} view */
function evaluatedText(view) {
  const frame = evaluatedFrame(view);
  if (!frame) return words.divergenceSentences(view);
  const scores = both(view, (arm) => percent(evaluatedScore(frame, arm, "evaluated_accuracy"), 1));
  return say(view, "evaluated_now", {step: frame.step, scores});
}

/**
 * @param {View} view
 * @param {Snapshot} frame
 * @param {Evaluation} evaluation
 */
function layersText(view, frame, evaluation) {
  const at = view.layer - 1;
  const [mean, std] = [evaluation.mean_error[at], evaluation.std_error[at]].map((value) => digits(value));
  const layer = words.playerText(view, "this_layer", {number: view.layer});
  return say(view, "layers_now", {step: frame.step, mean, std, layer});
}

/**
 * All bars in words.
 * @param {View} view
 * @param {Snapshot} _
 * @param {Evaluation} evaluation
 */
function barsText(view, _, evaluation) {
  const [mean, std] = [evaluation.mean_error, evaluation.std_error].map((row) =>
    list(
      view,
      Array.from(row, (one) => digits(one)),
    ),
  );
  return say(view, "alt_layers", {mean, std, last: view.header.hidden_layers});
}

/**
 * @param {View} view
 * @param {string[]} items
 */
const list = (view, items) => say(view, "alt_list", {most: items.slice(0, -1).join(", "), last: items[items.length - 1]});

/**
 * @param {View} view
 * @param {Snapshot} frame
 */
function causesText(view, frame) {
  const parts = partsOf(view, frame, view.layer);
  if (reading.wasFrozen(view, frame)) {
    const [measuredError, distance] = [parts.measured, parts.distance].map(words.sigmas);
    return say(view, "causes_frozen", {step: frame.step, measured: measuredError, distance});
  }
  const together = Math.hypot(parts.start, parts.drift, parts.noise, parts.offset);
  const numbers = {...parts, together};
  const texts = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, words.sigmas(value)]));
  const now = say(view, "causes_now", /** @type {any} */ ({step: frame.step, ...texts}));
  const above = startAbove(view);
  return joinSentences(now, above && say(view, "causes_above", {step: above.step, error: words.sigmas(above.error)}));
}

/**
 * @param {View} view
 * @param {Snapshot} frame
 */
function lawText(view, frame) {
  if (!frame.step) return "";
  if (reading.wasFrozen(view, frame)) {
    const measuredError = words.sigmas(partsOf(view, frame, view.layer).measured);
    return say(view, "law_frozen", {step: frame.step, measured: measuredError});
  }
  const {law, measured: error} = lawNumbers(view, frame);
  const numbers = {law: words.sigmas(law), measured: words.sigmas(error)};
  return say(view, "law_now", {step: frame.step, momentum: averaging(view).momentum, ...numbers});
}

/**
 * What the law takes from the run, and which momenta would be best.
 * @param {View} view
 * @param {Snapshot} frame
 */
function lawTerms(view, frame) {
  if (!frame.step || reading.wasFrozen(view, frame)) return "";
  const {drift, noise, byLaw, averaged} = lawNumbers(view, frame);
  const numbers = {drift, noise, best_error: byLaw.error, averaged_error: averaged.error};
  const texts = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, words.sigmas(value)]));
  const momenta = {best: rounded(byLaw.momentum), averaged: rounded(averaged.momentum)};
  return say(view, "law_terms", /** @type {any} */ ({step: frame.step, ...texts, ...momenta}));
}

/** A momentum to two digits. @param {number} momentum */
const rounded = (momentum) => Number(momentum.toPrecision(2));

/**
 * @param {View} view
 * @param {Snapshot} frame
 * @param {Evaluation} evaluation
 */
function besselText(view, frame, {variance_factor: factors, spread}) {
  if (!factors || !spread) return "";
  const last = view.header.hidden_layers;
  const expected = besselFactor(frame.group_size);
  return say(view, "bessel_now", {
    step: frame.step,
    size: Number(frame.group_size.toFixed(1)),
    factors: list(
      view,
      Array.from(factors, (one) => digits(one)),
    ),
    factor: digits(expected),
    last,
    spread: percent(spread[last - 1]),
    expected: percent(expectedSpread(frame.group_size, last)),
  });
}

/** @param {View} view */
function learningText(view) {
  const divergence = words.divergenceSentences(view);
  if (divergence) return divergence;
  const scores = both(view, (arm) => scoreText(view, arm));
  return say(view, hasClasses(view) ? "learnt" : "learnt_loss", {step: view.frame.step, scores, scope: scoreScope(view)});
}

// --- the prediction

/**
 * Holds the prediction against the trained network.
 * @param {View} view
 */
function answer(view) {
  const {prediction} = view;
  if (!prediction) return null;
  if (divergenceSentence(view, view.compared)) return divergenceSentence(view, view.compared);
  if (!hasRunningStatistics(view, view.frame)) return say(view, "answer_none", {norm: view.norm});
  const frame = measuredFrame(view);
  if (!frame) return say(view, "not_measured");
  if (frame.step < view.header.total_steps) return say(view, "wait");
  const evaluation = /** @type {Evaluation} */ (evaluationOf(frame, view));
  const scores = scoresOf(view, evaluation);
  const gain = scores.running - scores.minibatch;
  const verdict = gain <= -CLEARLY ? "worse" : gain >= CLEARLY ? "better" : "alike";
  const {running, minibatch} = scoreTexts(view, evaluation);
  const details = {prediction: view.predictions[prediction], running, minibatch};
  if (verdict === prediction) return say(view, "answer_right", details);
  return say(view, "answer_wrong", {...details, verdict: view.predictions[verdict]});
}
