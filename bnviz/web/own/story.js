// @ts-check
// The sentences about a recording of a user's own network: what was measured, and no more.

import {overSteps, percentile, row, unitLines, visibleFrames} from "../player/feeds.js";
import {stepsOf} from "../player/layers.js";
import {finite, subsample, sum, totalVariation} from "../player/numbers.js";
import {digits, joinSentences, percent, say, short, sigmas} from "../player/words.js";
import {firstNonfinite, listOf, liveliest, movement, placeOf, scalar} from "./measures.js";
import {forArms, layerKind, layerName, shortSignalName, signalName, unitName} from "./names.js";

/** @import {Caption, Story, View} from "../player/types" */

const MOST_DECADES = 30; // that an axis of powers of ten may reach from 1
const LEAST_GAP = 0.01; // of the loss; less is not worth a sentence
const PARTS = 64; // of a root mean square, to which unit means are rounded (bnviz/recorder/distributions.py)
const LAB_PARTS = 128; // and those of the lab (bnviz/record/ndjson.py)
const LOGARITHMIC = ["gradient_norm", "update_ratio"];

/**
 * A number or "not measured".
 * @param {View} view
 * @param {number | null} value
 * @param {(value: number) => string} write
 */
const measured = (view, value, write) => (value === null ? say(view, "not_measured", {}) : write(value));

/** Small and large ones alike. @param {number} value */
const small = (value) => (value !== 0 && (Math.abs(value) < 0.01 || Math.abs(value) >= 1e4) ? short(value) : digits(value));

// --- the headline

/** @param {View} view */
function headline(view) {
  const broken = view.header.arms.filter((/** @type {string} */ arm) => firstNonfinite(view, arm));
  const first = broken.length ? brokenSentence(view, broken[0]) : movedSentence(view);
  return joinSentences(first, gapSentence(view));
}

/**
 * @param {View} view
 * @param {string} arm
 */
function brokenSentence(view, arm) {
  const {layer, ...values} = /** @type {{layer: number, step: number, count: number}} */ (firstNonfinite(view, arm));
  const name = view.header.arms.length > 1 ? say(view, "in_arm", {arm: view.arms[arm].name}) : "";
  return say(view, "nonfinite", {layer: layerName(view, layer, arm), name, ...values});
}

/** @param {View} view */
function movedSentence(view) {
  const {frame} = view;
  if (view.frameIndex === 0) return say(view, "untrained", {step: frame.step});
  const moved = forArms(view, (arm) => {
    const best = liveliest(view, arm);
    if (!best) return say(view, "nothing_moves", {});
    return say(view, "moves_most", {layer: layerName(view, best.layer, arm), moved: sigmas(best.moved)});
  });
  return say(view, "moved", {step: frame.step, moved});
}

/**
 * What running statistics cost, where that is something: the loss on the same examples in both views.
 * @param {View} view
 */
function gapSentence(view) {
  const losses = (/** @type {string} */ arm) => ["probe_loss", "evaluation_loss"].map((key) => scalar(view.frame, arm, key));
  const differing = view.header.arms.filter((/** @type {string} */ arm) => {
    const [probe, evaluation] = losses(arm);
    return probe !== null && evaluation !== null && Math.abs(evaluation - probe) > LEAST_GAP * Math.abs(probe);
  });
  const parts = differing.map((/** @type {string} */ arm) => {
    const [probe, evaluation] = losses(arm).map((loss) => small(Number(loss)));
    const name = view.header.arms.length > 1 ? say(view, "in_arm", {arm: view.arms[arm].name}) : "";
    return say(view, "gap", {probe, evaluation, name});
  });
  return joinSentences(...parts);
}

// --- captions and text alternatives

/**
 * A measure of the chosen layer for every arm, as a phrase.
 * @param {(view: View, arm: string) => number | null} value
 * @param {(value: number) => string} [write]
 * @returns {Caption<View>}
 */
const ofArms =
  (value, write = small) =>
  (view) =>
    forArms(view, (arm) => measured(view, value(view, arm), write));

const unitMean = ofArms((view, arm) =>
  view.unit === "pooled" ? null : finite(row(view.frame, arm, "unit_mean", view)?.[view.unit]),
);
const movedNow = ofArms((view, arm) => movement(view, arm, view.layer), sigmas);
const movedInAll = ofArms((view, arm) => movement(view, arm, view.layer, "shift_from_first"), sigmas);
const middle = (/** @type {View} */ view) =>
  forArms(view, (arm) => {
    const [low, high] = [0, 2].map((place) => percentile(view.frame, arm, place, view));
    return low === null || high === null
      ? say(view, "not_measured", {})
      : say(view, "from_to", {low: small(low), high: small(high)});
  });

/** @param {string} key */
const atLayer = (key) => ofArms((view, arm) => listOf(view.frame, arm, key)[placeOf(view, arm, key)] ?? null);

/** @param {string} key */
const number = (key) => ofArms((view, arm) => scalar(view.frame, arm, key), key.endsWith("accuracy") ? percent : small);

/** @type {Record<string, Caption<View>>} */
const captions = {
  tap: (view) => signalName(view),
  signal: (view) => shortSignalName(view),
  layer: (view) => layerName(view),
  kind: (view) => layerKind(view),
  unit: (view) => unitName(view),
  thick: (view) => (view.unit === "pooled" ? "" : say(view, "thick", {unit: unitName(view)})),
  rounded: (view) => say(view, "rounded", {parts: view.header.experiment ? LAB_PARTS : PARTS}),
  step: (view) => String(view.frame.step),
};

/**
 * The values of several measures at the step on show.
 * @param {[string, (view: View) => string][]} parts names of sentences, and their values
 */
const told = (parts) => (/** @type {View} */ view) =>
  parts.map(([key, value]) => say(view, key, {value: value(view)})).join(". ");

/** @type {Story["alternatives"]} */
const alternatives = {
  fan: told([["told_mean", unitMean]]),
  ridges: told([["told_middle", middle]]),
  bands: told([["told_middle", middle]]),
  shift: told([
    ["told_first", movedInAll],
    ["told_step", movedNow],
  ]),
  learning: told([
    ["told_loss", number("probe_loss")],
    ["told_evaluation", number("evaluation_loss")],
  ]),
  views: told([
    ["told_running_mean", atLayer("running_mean_error")],
    ["told_running_std", atLayer("running_std_error")],
  ]),
  gradients: told([
    ["told_gradient", atLayer("gradient_norm")],
    ["told_update", atLayer("update_ratio")],
  ]),
};

// --- lines and axes

/** @type {Story["feeds"]} */
const feeds = {
  none: () => ({x: [null], y: [null]}), // of a trace that is there for its entry in the legend
  // Every entry's line in one trace: a gap ends each.
  list: ({arm, key}, view) => unitLines(visibleFrames(view), (frame) => /** @type {number[]} */ (listOf(frame, arm, key))),
  // Of a measure that is a number a layer, or a parameter: that of the chosen layer.
  entry: ({arm, key}, view) =>
    overSteps(visibleFrames(view), (frame) => listOf(frame, arm, key)[placeOf(view, arm, key)] ?? null),
  // Of a measure that was not taken at all snapshots, those that have it.
  scalar({arm, key}, view) {
    return overSteps(
      subsample(
        visibleFrames(view).filter((frame) => scalar(frame, arm, key) !== null),
        600,
      ),
      (frame) => scalar(frame, arm, key),
    );
  },
};

/** @type {Story["fits"]} */
const fits = {
  losses: (frame, arm) =>
    ["train_loss", "probe_loss", "evaluation_loss", "recomputed_loss"].map((key) => scalar(frame, arm, key)),
  ...Object.fromEntries(
    LOGARITHMIC.map((key) => [
      `log ${key}`,
      (/** @type {any} */ frame, /** @type {string} */ arm) =>
        listOf(frame, arm, key).map((value) => (value ? Math.log10(value) : null)),
    ]),
  ),
};

/**
 * A loss that blows up leaves the axis, as in the lab.
 * @type {NonNullable<Story["bounds"]>[string]}
 */
function lossBounds({header, frames}) {
  const first = header.arms.map(
    (/** @type {string} */ arm) => scalar(frames[0], arm, "probe_loss") ?? scalar(frames[0], arm, "train_loss"),
  );
  const known = first.filter((/** @type {number | null} */ loss) => loss !== null);
  return [0, known.length && sum(known) > 0 ? 3 * Math.max(...known) : Infinity];
}

/** @type {Story} */
const story = {
  headline,
  captions,
  alternatives,
  feeds,
  fits,
  bounds: {
    losses: lossBounds,
    shift_from_first: () => [0, 1e6],
    shift_step: () => [0, 1e6],
    ...Object.fromEntries(
      LOGARITHMIC.map((key) => [`log ${key}`, () => /** @type {[number, number]} */ ([-MOST_DECADES, MOST_DECADES])]),
    ),
  },
  ranges: {
    steps: (view) => [0, stepsOf(view)],
    rows: (view) => [1.02 * stepsOf(view), -0.22 * stepsOf(view)],
  },
  signal: (view, tap) => shortSignalName(view, tap),
  // Of middling movement in the arm that comes first.
  movement: (frames, layer, unit, header) =>
    totalVariation(
      frames.map(
        (frame) =>
          /** @type {any} */ (frame.arms[header.arms[0]]).unit_mean?.[header.taps.at(-1) ?? ""]?.[layer - 1]?.[unit] ?? NaN,
      ),
    ),
  tables: {
    list: () => [],
    none: () => [],
  },
};

export default story;
