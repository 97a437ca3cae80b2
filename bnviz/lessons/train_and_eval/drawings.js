// @ts-check
// What fills the traces of the page /train-and-eval, and how far its axes reach.

import {overSteps, visibleFrames} from "../../web/player/feeds.js";
import {finite} from "../../web/player/numbers.js";
import {besselFactor, expectedSpread} from "./bessel.js";
import {lawBounds, lawFeeds, lawFits} from "./law-drawings.js";
import {evaluatedScore, evaluationOf, layersOf, measure, measuredFrame, measuredFrames, partsOf, wasFrozen} from "./reading.js";
import {bars} from "./trials.js";

/** @import {Bound, FeedFunction, Fit, Snapshot, View} from "../../web/player/types" */

const NOTHING = {x: [], y: []};
const APART = 0.07; // of an axis: names of lines that end nearer to one another would cover each other
const SETTLED = 1 / 20; // of the run, after which running statistics, which start at 0 and 1, say something
const HIGHEST = 20; // σ
const START_REACH = 3; // times as far as errors reach later: a higher start leaves the axis, or it would hide the rest

/**
 * The snapshots up to the one on show at which a network was evaluated on other data than its test examples.
 * @param {View} view
 * @param {string} arm
 * @param {string} key of a score there
 */
const evaluatedFrames = (view, arm, key) => visibleFrames(view).filter((frame) => key in frame.arms[arm]);

/**
 * What the running mean of the chosen layer is wrong by. Statistics that were frozen are no average, and have no such parts.
 * @param {View} view
 * @param {Snapshot} frame
 * @returns {Record<string, number>}
 */
function shownParts(view, frame) {
  const parts = partsOf(view, frame, view.layer);
  return wasFrozen(view, frame) ? {distance: parts.distance, measured: parts.measured} : parts;
}

/**
 * Which of several lines are named where they end: from the highest end down, those that leave room for their names.
 * @param {Record<string, number | null>} ends
 * @param {number} reach of the axis
 * @returns {string[]}
 */
export function namedLines(ends, reach) {
  /** @type {string[]} */
  const named = [];
  const byHeight = Object.entries(ends).sort(([, one], [, other]) => Number(other) - Number(one));
  let lowest = Infinity;
  for (const [name, end] of byHeight) {
    if (end === null || end > reach || lowest - end < APART * reach) continue;
    named.push(name);
    lowest = end;
  }
  return named;
}

/**
 * A line with its name at its end, if there is room for it.
 * @param {import("../../web/player/feeds.js").Outline} line
 * @param {string} label
 * @param {boolean} isNamed
 * @param {number} [reach] of the axis, to put the name below a line that is high enough: above it may be the sum of all
 */
function withName(line, label, isNamed, reach = Infinity) {
  if (!isNamed) return line;
  const end = line.y.findLastIndex((value) => value !== null);
  const textposition = Number(line.y[end]) > APART * reach ? "bottom left" : "top left";
  return {...line, mode: "lines+text", text: line.y.map((_, index) => (index === end ? label : "")), textposition};
}

/**
 * @param {string} fit of the axis
 * @param {View} view
 */
const reachOf = (fit, view) => view.fits.range(fit, view)?.[1] ?? 1;

/**
 * The layers whose lines of an error are named.
 * @param {View} view
 * @param {string} key
 */
function namedLayers(view, key) {
  const frame = measuredFrame(view);
  const errors = frame ? Array.from(layersOf(frame, view, key), finite) : [];
  return namedLines(Object.fromEntries(errors.map((error, index) => [index + 1, error])), reachOf("errors", view));
}

/**
 * The parts of the error of the running mean whose lines are named.
 * @param {View} view
 * @param {string[]} parts
 */
function namedParts(view, parts) {
  const frame = measuredFrame(view);
  const values = frame ? shownParts(view, frame) : {};
  return namedLines(Object.fromEntries(parts.map((part) => [part, finite(values[part])])), reachOf("parts", view));
}

/** @type {Record<string, FeedFunction>} */
export const feeds = {
  ...lawFeeds,
  evaluated: ({arm, key}, view) => overSteps(evaluatedFrames(view, arm, key), (frame) => evaluatedScore(frame, arm, key)),
  evaluation: ({key}, view) => overSteps(measuredFrames(view), (frame) => measure(frame, view, key)),
  "evaluation-layer"({key, layer}, view) {
    const line = overSteps(measuredFrames(view), (frame) => layersOf(frame, view, key)[(layer ?? view.layer) - 1]);
    return withName(line, String(layer), layer && namedLayers(view, key).includes(String(layer)));
  },
  "error-bars"({key}, view) {
    const frame = measuredFrame(view);
    if (!frame) return NOTHING;
    const values = Array.from(layersOf(frame, view, key), finite);
    return {x: values.map((_, index) => index + 1), y: values};
  },
  bessel({key}, view) {
    const size = view.frame.group_size;
    const layers = Array.from({length: view.header.hidden_layers}, (_, index) => index + 1);
    return {x: layers, y: layers.map((layer) => (key === "spread" ? expectedSpread(size, layer) : besselFactor(size)))};
  },
  remedies: bars,
  part({part, label, among = []}, view) {
    const line = overSteps(measuredFrames(view), (frame) => shownParts(view, frame)[/** @type {any} */ (part)] ?? null);
    return withName(line, label, namedParts(view, among).includes(part), reachOf("parts", view));
  },
};

/**
 * Of the compared arm alone.
 * @param {Fit} values
 * @returns {Fit}
 */
const ofCompared = (values) => (frame, arm, view) => (arm === view.compared ? values(frame, arm, view) : []);

/**
 * Of the compared arm alone, once the start is over.
 * @param {Fit} values
 * @returns {Fit}
 */
const settled = (values) =>
  ofCompared((frame, arm, view) => (frame.step >= SETTLED * view.header.total_steps ? values(frame, arm, view) : []));

/** @type {Fit} */
const errorsOfLayers = (frame, _, view) => [...layersOf(frame, view, "mean_error"), ...layersOf(frame, view, "std_error")];

/** @type {Fit} */
const partsOfLayer = (frame, _, view) => (evaluationOf(frame, view) ? Object.values(shownParts(view, frame)) : []);

/**
 * An axis of errors shows the whole start, unless that is so high that nothing else could be seen.
 * @param {"settled errors" | "settled parts"} later
 * @returns {Bound}
 */
const startBound = (later) => (view) => [0, Math.min(HIGHEST, START_REACH * (view.fits.range(later, view)?.[1] ?? Infinity))];

/**
 * The highest error of the chosen layer's running mean so far, if the chart of its parts cuts it off.
 * @param {View} view
 */
export function startAbove(view) {
  const reach = reachOf("parts", view);
  const cut = measuredFrames(view).map((frame) => ({step: frame.step, error: partsOf(view, frame, view.layer).measured}));
  const above = cut.filter(({error}) => error > reach);
  return above.length ? above.reduce((most, one) => (one.error > most.error ? one : most)) : null;
}

const SCORED = ["minibatch", "running", "recomputed"];

/** @type {Record<string, Fit>} */
export const fits = {
  task_accuracy: (frame, arm) => [frame.arms[arm].test_accuracy, evaluatedScore(frame, arm, "unshifted_accuracy")],
  evaluated_accuracy: (frame, arm) => [evaluatedScore(frame, arm, "evaluated_accuracy")],
  ...lawFits,
  view_accuracy: (frame, arm, view) => [
    frame.arms[arm].test_accuracy,
    evaluatedScore(frame, arm, "evaluated_accuracy"),
    ...[...SCORED, "own"].map((name) => measure(frame, view, `${name}_accuracy`)),
  ],
  view_loss: (frame, arm, view) => [
    frame.arms[arm].test_loss,
    evaluatedScore(frame, arm, "evaluated_loss"),
    ...SCORED.map((name) => measure(frame, view, `${name}_loss`)),
  ],
  variance_factor: settled((frame, _, view) => [0, ...layersOf(frame, view, "variance_factor"), besselFactor(frame.group_size)]),
  spread: settled((frame, _, view) => [0, ...layersOf(frame, view, "spread"), 1]),
  errors: ofCompared(errorsOfLayers),
  "settled errors": settled(errorsOfLayers),
  parts: ofCompared(partsOfLayer),
  "settled parts": settled(partsOfLayer),
};

/** @type {Record<string, Bound>} */
export const bounds = {
  task_accuracy: () => [0, 1],
  evaluated_accuracy: () => [0, 1],
  ...lawBounds,
  view_accuracy: () => [0, 1],
  view_loss: (view) => [0, 3 * (view.frames[0].arms.none.train_loss ?? 3)],
  errors: startBound("settled errors"),
  "settled errors": () => [0, HIGHEST],
  parts: startBound("settled parts"),
  "settled parts": () => [0, HIGHEST],
  variance_factor: () => [0, 5],
  spread: () => [0, 3],
};
