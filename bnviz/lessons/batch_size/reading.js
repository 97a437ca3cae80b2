// @ts-check
// Reading what the noise microscope recorded now and then: the last measurement up to the snapshot on show counts.

import {finite} from "../../web/player/numbers.js";
import {nearestPlace} from "./laws.js";

/** @import {ArmPart, View} from "../../web/player/types" */
/** @typedef {NonNullable<ArmPart["microscope"]>} Microscope */
/** @typedef {"mates" | "dropout"} Scene the other examples of the minibatch, or dropout */
/** @typedef {"mean_sd" | "variance_sd"} Statistic */

/**
 * The last snapshot, as far as is shown, that was measured; null before the first one.
 * @param {View} view
 */
export const lastMicroscopeFrame = (view) =>
  view.frames.slice(0, view.frameIndex + 1).findLast((frame) => frame.arms[view.compared].microscope) ?? null;

/**
 * What was measured there of an arm.
 * @param {View} view
 * @param {string} [arm]
 * @returns {Microscope | undefined}
 */
export const microscopeOf = (view, arm = view.compared) => lastMicroscopeFrame(view)?.arms[arm].microscope;

/**
 * Whether the compared arm takes its statistics from the minibatch, so that other examples matter; then there is dropout, too.
 * @param {Microscope} microscope
 */
export const fromMinibatch = (microscope) => Boolean(microscope.dropout);

/**
 * How far the example's a[l] is from its value in evaluation, for every draw of every size; pooled, the
 * watched units take turns.
 * @param {View} view
 * @param {string} arm
 * @param {Scene} scene
 * @returns {(number | null)[][]}
 */
export function distances(view, arm, scene) {
  const microscope = microscopeOf(view, arm);
  const units = microscope?.[scene]?.activation[view.layer - 1];
  if (!microscope || !units) return [];
  return Array.from(microscope.sizes, (_, size) =>
    Array.from(units[0][size], (_, draw) => {
      const unit = view.unit === "pooled" ? draw % units.length : view.unit;
      return distance(microscope, view.layer - 1, unit, units[unit][size][draw]);
    }),
  );
}

/**
 * How far a recorded level is from the value in evaluation; null for no finite number.
 * @param {Microscope} microscope
 * @param {number} layer counted from 0
 * @param {number} unit
 * @param {number} level
 */
export function distance(microscope, layer, unit, level) {
  const [low, high] = microscope.range[layer][unit];
  if (level > microscope.levels) return null;
  return finite(low + (level / microscope.levels) * (high - low) - microscope.used[layer][unit]);
}

/**
 * Standard deviations [sizes] of the example's activations at the chosen layer.
 * @param {View} view
 * @param {Scene} scene
 */
export const activationSd = (view, scene) => microscopeOf(view)?.[scene]?.activation_sd[view.layer - 1];

/**
 * Standard deviations of a statistic, or what theory says of them, at a layer counted from 0.
 * @param {Microscope} microscope
 * @param {string} key
 * @param {number} layer
 */
export function statisticOf(microscope, key, layer) {
  const values = /** @type {any} */ (microscope)[key];
  return /** @type {import("../../web/player/schema").Row} */ (key === "mean_sd_theory" ? values : values[layer]);
}

/**
 * How many examples this run normalizes together.
 * @param {View} view
 */
export const ownSize = (view) => Number(view.header.group_size.toFixed(1));

/**
 * The place of the size nearest to this run's own groups.
 * @param {View} view
 * @param {Microscope} microscope
 */
export const ownPlace = (view, microscope) => nearestPlace(microscope.sizes, ownSize(view));

/**
 * The places of the smallest size, of this run's own and of the largest.
 * @param {View} view
 * @param {Microscope} microscope
 */
export const namedPlaces = (view, microscope) => [...new Set([0, ownPlace(view, microscope), microscope.sizes.length - 1])];
