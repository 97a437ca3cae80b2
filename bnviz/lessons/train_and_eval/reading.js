// @ts-check
// Reading what was recorded of the views now and then: the last measurement up to the snapshot on show counts.

import {visibleFrames} from "../../web/player/feeds.js";
import {finite} from "../../web/player/numbers.js";
import {hasClasses} from "../../web/player/words.js";
import {Course, noiseLeft, rootMeanSquare} from "./causes.js";
import {momentumOfStep} from "./law.js";

/** @import {ArmPart, Snapshot, View} from "../../web/player/types" */
/** @import {Scores} from "./causes.js" */
/** @typedef {NonNullable<ArmPart["evaluation"]>} Evaluation */
/** @typedef {{start: number, drift: number, noise: number, offset: number, distance: number, measured: number}} Parts in σ */

/**
 * What was measured of the views at a snapshot; undefined where nothing was.
 * @param {Snapshot} frame
 * @param {View} view
 * @returns {Evaluation | undefined}
 */
export const evaluationOf = (frame, view) => frame.arms[view.compared].evaluation;

/**
 * The last snapshot, as far as is shown, at which the views were measured; null before the first one, and where a normalizer that
 * has running statistics has gone since.
 * @param {View} view
 * @returns {Snapshot | null}
 */
export function measuredFrame(view) {
  const frame = view.frames.slice(0, view.frameIndex + 1).findLast((one) => evaluationOf(one, view));
  return frame && frame.arms[view.compared].normalizer === view.frame.arms[view.compared].normalizer ? frame : null;
}

/**
 * How the views score, the higher the better: accuracies, or, where there are none, the share of the first loss that is gone.
 * @param {View} view
 * @param {Evaluation} evaluation
 * @returns {Scores}
 */
export function scoresOf(view, evaluation) {
  const first = Number(view.frames[0].arms[view.compared].test_loss);
  const score = (/** @type {number} */ accuracy, /** @type {number} */ loss) => (hasClasses(view) ? accuracy : 1 - loss / first);
  return {
    minibatch: score(evaluation.minibatch_accuracy, evaluation.minibatch_loss),
    running: score(evaluation.running_accuracy, evaluation.running_loss),
    recomputed: score(evaluation.recomputed_accuracy, evaluation.recomputed_loss),
    own: score(evaluation.own_accuracy, evaluation.own_loss),
    uncorrected: score(evaluation.uncorrected_accuracy ?? NaN, evaluation.uncorrected_loss ?? NaN),
  };
}

/**
 * Batch norm's momentum, and how often a step updates the running statistics: once for each of its minibatches.
 * @param {View} view
 */
export function averaging({header: {experiment}}) {
  return {momentum: Number(experiment.statistics_momentum), updates: Number(experiment.accumulate ?? 1)};
}

/**
 * The step after which inputs were shifted last before a snapshot; null if they were not. The task is another one since then, and
 * what old statistics lack is no longer what `causes.js` takes it for.
 * @param {View} view
 * @param {Snapshot} frame
 */
export function shiftStep({header: {experiment}}, frame) {
  const steps = Array.from(String(experiment.changes ?? "").matchAll(/(\d+):input_shift=/g), ([, step]) => Number(step));
  return steps.findLast((step) => step < frame.step) ?? null;
}

/**
 * Whether batch norm kept its running statistics at some steps before a snapshot: then they are no average up to it.
 * @param {View} view
 * @param {Snapshot} frame
 */
export const wasFrozen = (view, frame) => freezes(view).some(({step, frozen}) => frozen && step < frame.step);

/**
 * Whether it keeps them in the step after a snapshot.
 * @param {View} view
 * @param {number} step of the snapshot
 */
const isFrozen = (view, step) => freezes(view).findLast((one) => one.step <= step)?.frozen ?? false;

/** @param {View} view */
const freezes = ({header: {experiment}}) =>
  Array.from(String(experiment.changes ?? "").matchAll(/(\d+):freeze_statistics=(\d)/g), ([, step, value]) => ({
    step: Number(step),
    frozen: value === "1",
  }));

/**
 * Where in its epoch a run was after so many steps; nothing before it has begun.
 * @param {View} view
 * @param {Snapshot} frame a later one, which says how many examples were trained on
 * @param {number} step
 * @returns {import("./causes.js").Epoch | undefined}
 */
function epochAt(view, frame, step) {
  const {updates} = averaging(view);
  if (!frame.epoch) return undefined;
  const length = (updates * frame.step) / frame.epoch;
  return {length, position: (updates * step) % Math.floor(length)};
}

/** @typedef {{course: Course | null, normalizer: string, parts: ReturnType<Course["parts"]>[]}} Progress of a layer */

/** By a run's first snapshot, then by layer and momentum. @type {WeakMap<Snapshot, Map<string, Progress>>} */
const followed = new WeakMap();

/**
 * `Course.parts` of a layer at every snapshot so far. A normalizer that comes on the way
 * starts with the right statistics.
 * @param {View} view
 * @param {number} layer counted from 1
 * @param {number} momentum batch norm's
 */
function partsOverSteps(view, layer, momentum) {
  const layers = followed.get(view.frames[0]) ?? new Map();
  followed.set(view.frames[0], layers);
  /** @type {Progress} */
  const progress = layers.get(`${layer} ${momentum}`) ?? {course: null, normalizer: "", parts: []};
  layers.set(`${layer} ${momentum}`, progress);
  const average = {...averaging(view), momentum};
  for (const frame of view.frames.slice(progress.parts.length)) follow(progress, view, frame, layer, average);
  return progress.parts;
}

/**
 * @param {Progress} progress
 * @param {View} view
 * @param {Snapshot} frame
 * @param {number} layer
 * @param {ReturnType<typeof averaging>} average
 */
function follow(progress, view, frame, layer, {momentum, updates}) {
  const {normalizer, unit_mean: mean} = frame.arms[view.compared];
  const means = {step: frame.step, mean: mean.linear[layer - 1]};
  const last = progress.normalizer === normalizer ? progress.course : null;
  const course = last ?? new Course(means, 1 - (1 - momentum) ** updates, frame === view.frames[0]);
  if (last) last.advance(means, isFrozen(view, last.last.step));
  Object.assign(progress, {course, normalizer});
  progress.parts.push(course.parts());
}

/**
 * σ of a layer (from 1) at a snapshot: the root mean square of its units' standard deviations.
 * @param {View} view
 * @param {Snapshot} frame
 * @param {number} layer
 */
export function sigmaOf(view, frame, layer) {
  return rootMeanSquare(Array.from(frame.arms[view.compared].unit_std.linear[layer - 1])) || 1;
}

/**
 * What the running mean of a layer (from 1) is wrong by at a snapshot at which the views were measured, in σ; or what it would be
 * wrong by at another momentum, which trains no other network.
 * @param {View} view
 * @param {Snapshot} frame
 * @param {number} layer
 * @param {number} [momentum]
 * @returns {Parts}
 */
export function partsOf(view, frame, layer, momentum = averaging(view).momentum) {
  const {updates} = averaging(view);
  const {steps, until, left, drift} = partsOverSteps(view, layer, momentum)[view.frames.indexOf(frame)];
  const sigma = sigmaOf(view, frame, layer);
  const evaluation = /** @type {Evaluation} */ (evaluationOf(frame, view));
  const at = layer - 1;
  return {
    start: left * evaluation.mean_size[at],
    drift: drift / sigma,
    noise: noiseLeft(evaluation.mean_noise[at] || 0, momentum, updates * steps, epochAt(view, frame, until)),
    offset: (1 - left) * (evaluation.mean_offset?.[at] || 0), // what comes from minibatches, and not from the start
    distance: evaluation.mean_distance[at],
    measured: evaluation.mean_error[at],
  };
}

/**
 * The same over all layers, root mean squares.
 * @param {View} view
 * @param {Snapshot} frame
 */
export function partsOfAllLayers(view, frame) {
  const all = Array.from({length: view.header.hidden_layers}, (_, index) => partsOf(view, frame, index + 1));
  const over = (/** @type {keyof Parts} */ name) => rootMeanSquare(all.map((parts) => parts[name]));
  return {start: over("start"), drift: over("drift"), noise: over("noise"), offset: over("offset"), distance: over("distance")};
}

/**
 * A number of the views, if it was measured and is finite.
 * @param {Snapshot} frame
 * @param {View} view
 * @param {string} key
 */
export const measure = (frame, view, key) => finite(/** @type {any} */ (evaluationOf(frame, view))?.[key]);

/**
 * A score on other data than in training, of a network that has one view; null where it was not measured.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 */
export const evaluatedScore = (frame, arm, key) => finite(/** @type {any} */ (frame.arms[arm])[key]);

/**
 * The last snapshot, as far as is shown, at which both networks were evaluated on other data; null if there is none.
 * @param {View} view
 * @param {string} [key] of a score there
 */
export function evaluatedFrame(view, key = "evaluated_accuracy") {
  const has = (/** @type {Snapshot} */ frame) => [view.compared, "none"].every((arm) => key in frame.arms[arm]);
  return view.frames.slice(0, view.frameIndex + 1).findLast(has) ?? null;
}

/**
 * A measure [layers] of the views.
 * @param {Snapshot} frame
 * @param {View} view
 * @param {string} key
 * @returns {ArrayLike<number> & Iterable<number>}
 */
export const layersOf = (frame, view, key) => /** @type {any} */ (evaluationOf(frame, view))?.[key] ?? [];

/**
 * The snapshots up to the one on show at which the views were measured.
 * @param {View} view
 */
export const measuredFrames = (view) => visibleFrames(view).filter((frame) => evaluationOf(frame, view));

/**
 * What the law takes of a layer (from 1) at a snapshot at which the views were measured, and of the average so far. Drift is that
 * of the last 1 / momentum steps, as far back as this running mean remembers, or of the time between two snapshots.
 * @param {View} view
 * @param {Snapshot} frame
 * @param {number} layer
 * @returns {{terms: import("./law.js").Terms, average: import("./law.js").Average}}
 */
export function lawOf(view, frame, layer) {
  const {momentum, updates} = averaging(view);
  const {steps, until} = partsOverSteps(view, layer, momentum)[view.frames.indexOf(frame)];
  const average = {momentum, updates, steps, epoch: epochAt(view, frame, until)};
  const evaluation = /** @type {Evaluation} */ (evaluationOf(frame, view));
  const at = layer - 1;
  const terms = {
    size: evaluation.mean_size[at],
    drift: driftOf(view, frame, layer, Math.min(average.steps, 1 / momentumOfStep(average))),
    noise: evaluation.mean_noise[at] || 0,
    offset: evaluation.mean_offset?.[at] || 0,
  };
  return {terms, average};
}

/**
 * How far the true means of a layer have moved a step, over about the last so many: root mean square over units, in σ.
 * @param {View} view
 * @param {Snapshot} frame
 * @param {number} layer
 * @param {number} steps
 */
function driftOf(view, frame, layer, steps) {
  const before = view.frames.slice(0, view.frames.indexOf(frame)).findLast((one) => one.step <= frame.step - steps);
  if (!before) return 0;
  const [now, then] = [frame, before].map((one) => one.arms[view.compared].unit_mean.linear[layer - 1]);
  const moved = rootMeanSquare(Array.from(now, (mean, unit) => mean - then[unit]));
  return moved / (frame.step - before.step) / sigmaOf(view, frame, layer);
}
