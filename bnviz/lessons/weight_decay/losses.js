// @ts-check
// Drawings of networks with decay at a constant rate and of their copies at a rising one (panels.py), and the numbers behind
// them.

import {layerValue, overSteps, visibleFrames} from "../../web/player/feeds.js";
import {finite} from "../../web/player/numbers.js";

/** @import {Bound, FeedFunction, Fit, Snapshot, View} from "../../web/player/types" */

/** @type {Record<string, number>} the relative distance of a number to the next one */
const ROUNDING = {single: 2 ** -23, double: 2 ** -52};

/** @param {string} arm */
export const risingOf = (arm) => `${arm}-rising`;

/** @param {View} view */
export const roundingOf = (view) => ROUNDING[view.header.experiment.precision];

/**
 * How far the training losses of an arm and of its copy lie apart, as a share of the loss; null if one is not finite.
 * @param {Snapshot} frame
 * @param {string} arm
 */
export function gapOf(frame, arm) {
  const [own, other] = [arm, risingOf(arm)].map((name) => finite(frame.arms[name]?.train_loss));
  return own === null || other === null || own === 0 ? null : Math.abs(other - own) / own;
}

/**
 * The largest gap up to what is shown; Infinity if a copy has diverged and the arm itself has not; null if both have.
 * @param {View} view
 * @param {string} arm
 */
export function largestGap(view, arm) {
  const own = finite(view.frame.arms[arm].train_loss);
  if (own !== null && finite(view.frame.arms[risingOf(arm)]?.train_loss) === null) return Infinity;
  const gaps = visibleFrames(view).map((frame) => gapOf(frame, arm));
  return own === null ? null : gaps.reduce((/** @type {number} */ most, gap) => Math.max(most, gap ?? 0), 0);
}

/**
 * The step of the first snapshot, up to the one on show, whose losses lie further apart than that; null if there is none.
 * @param {View} view
 * @param {string} arm
 * @param {number} far
 */
export const partsAt = (view, arm, far) => visibleFrames(view).find((frame) => (gapOf(frame, arm) ?? 0) > far)?.step ?? null;

const ROUNDED = 100; // times the smallest difference that the precision knows: so little comes from rounding alone
const FIRST_TOLD = 2; // the step of the first loss after a step of training: before it, both networks are the same

// What may change on the way without parting the two ways. With momentum, the velocity would have to change along with some.
const HARMLESS = new Set(["batch_size", "ghost_batch_size", "dropout", "input_noise"]);
const isHarmless = (/** @type {string} */ name, /** @type {boolean} */ momentum) =>
  HARMLESS.has(name) || (!momentum && (name === "learning_rate" || name.startsWith("times_w")));

/**
 * Whether in exact arithmetic an arm and its copy would have the same training losses.
 * @param {View} view
 * @param {string} arm
 */
export function exactlyOne(view, arm) {
  const {epsilon, momentum} = view.header.experiment;
  const invariant = view.normalizers[arm]?.statistics === "batch" && epsilon <= roundingOf(view);
  return invariant && view.changes.every(({name}) => isHarmless(name, momentum > 0));
}

/**
 * Where the losses of an arm and of its copy have come apart by rounding alone: the step up to which the difference was still as
 * small as that, and how large it was. Null where something else is at work.
 * @param {View} view
 * @param {string} arm
 * @returns {{step: number, gap: number} | null}
 */
export function roundedUpTo(view, arm) {
  if (!exactlyOne(view, arm)) return null;
  const small = (/** @type {Snapshot} */ frame) => (gapOf(frame, arm) ?? Infinity) <= ROUNDED * roundingOf(view);
  const frames = visibleFrames(view);
  const early = frames.slice(
    0,
    frames.findIndex((frame) => !small(frame)),
  );
  const last = early.at(-1);
  if (!last || last.step < FIRST_TOLD) return null;
  return {step: last.step, gap: Math.max(...early.map((frame) => Number(gapOf(frame, arm))))};
}

/**
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} layer
 */
export const weightOf = (frame, arm, layer) => layerValue(frame, arm, "weight_norm", layer);

/**
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} layer
 */
export const gradientOf = (frame, arm, layer) => layerValue(frame, arm, "gradient_norm", layer);

/**
 * The rate by the measure of the weights: η / ‖W‖². Where only the direction of W counts, a step turns it by that much.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} layer
 */
export function effectiveRate(frame, arm, layer) {
  const [rate, norm] = [finite(frame.arms[arm]?.hidden_rate), weightOf(frame, arm, layer)];
  return rate === null || !norm ? null : rate / norm ** 2;
}

/**
 * @param {number | null} value
 */
const logarithm = (value) => (value === null || value <= 0 ? null : Math.log10(value));

/** @type {Record<string, FeedFunction>} */
export const feeds = {
  // Losses that are equal to the last bit are drawn at half of what rounding knows: a logarithmic axis has no 0.
  gap: ({arm}, view) =>
    overSteps(visibleFrames(view), (frame) => {
      const gap = gapOf(frame, arm);
      return gap === 0 ? roundingOf(view) / 2 : gap;
    }),
  rounding: (_, view) => ({x: [0, view.header.total_steps], y: [roundingOf(view), roundingOf(view)]}),
  "hidden-rate": ({arm}, view) => overSteps(visibleFrames(view), (frame) => frame.arms[arm]?.hidden_rate),
  "effective-rate": ({arm}, view) => overSteps(visibleFrames(view), (frame) => effectiveRate(frame, arm, view.layer)),
};

const WILD = 10; // times the first loss: a network beyond that is about to diverge

/**
 * The logarithm of a number, for an axis to reach; nothing of a network that diverges.
 * @param {(frame: Snapshot, arm: string, layer: number) => number | null} value
 * @returns {Fit}
 */
const fitOf = (value) => (frame, arm, view) => {
  const [first, now] = [view.frames[0], frame].map((one) => finite(one.arms[arm].train_loss));
  return first !== null && now !== null && now < WILD * first ? [logarithm(value(frame, arm, view.layer))] : [];
};

/** @type {Record<string, Fit>} */
export const fits = {
  losses: (frame, arm) => [0, frame.arms[arm].train_loss],
  evaluation: (frame, arm) => [0, frame.arms[arm].test_loss],
  gap: (frame, arm, view) => [logarithm(roundingOf(view) / 2), logarithm(gapOf(frame, arm))],
  rate: fitOf((frame, arm) => finite(frame.arms[arm].hidden_rate)),
  effective: fitOf(effectiveRate),
  weight: fitOf(weightOf),
  gradient: fitOf(gradientOf),
};

/**
 * The furthest that an axis may reach, as logarithms where it is logarithmic.
 * @type {Record<string, Bound>}
 */
export const bounds = {
  losses: (view) => [0, 1.5 * (view.frames[0].arms.none.train_loss ?? 3)],
  evaluation: (view) => [0, 2 * (view.frames[0].arms.none.test_loss ?? 3)],
  gap: () => [-18, 1],
  rate: () => [-8, 12],
  effective: () => [-16, 4],
  weight: () => [-6, 10],
  gradient: () => [-14, 6],
};
