// @ts-check
// Which measures a recording has, and what of them is asked for most often. Nothing is taken for granted: any may be missing.

import {layerValue, row} from "../player/feeds.js";
import {armLayers, armValue} from "../player/layers.js";
import {finite} from "../player/numbers.js";

/** @import {Snapshot, View} from "../player/types" */

const OF_PARAMETERS = ["gradient_norm", "update_ratio"];

/**
 * The names of the measures that any of some snapshots has.
 * @param {Snapshot[]} frames
 * @param {Set<string>} [known] those that are known already, which grow
 */
export function measuresIn(frames, known = new Set()) {
  for (const {arms} of frames)
    for (const part of Object.values(arms))
      for (const [key, value] of Object.entries(part)) if (value !== null && value !== undefined) known.add(key);
  return known;
}

/**
 * How far a layer has moved since the snapshot before, or since the untrained network, in σ; null where it was not measured.
 * @param {View} view
 * @param {string} arm
 * @param {number} layer
 * @param {"shift_step" | "shift_from_first"} [key]
 */
export const movement = (view, arm, layer, key = "shift_step") => finite(row(view.frame, arm, key, view, layer));

/**
 * How many values of a layer are no finite numbers, over all of its signals.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} layer
 */
export function nonfiniteCount(frame, arm, layer) {
  const counts = Object.values(/** @type {any} */ (frame.arms[arm]).nonfinite ?? {});
  return counts.reduce((/** @type {number} */ total, /** @type {any} */ count) => total + (count?.[layer - 1] ?? 0), 0);
}

/**
 * The first layer with such values in the order of the pass, at the first step on which any layer has some, up to the snapshot
 * on show; null if there is none. Findings name the same one.
 * @param {View} view
 * @param {string} arm
 */
export function firstNonfinite({frames, frameIndex, header}, arm) {
  const layers = Array.from({length: header.hidden_layers}, (_, index) => index + 1);
  for (const frame of frames.slice(0, frameIndex + 1)) {
    const layer = layers.find((one) => nonfiniteCount(frame, arm, one) > 0);
    if (layer) return {layer, step: frame.step, count: nonfiniteCount(frame, arm, layer)};
  }
  return null;
}

/**
 * The layer that moves most at the snapshot on show; null if nothing was measured.
 * @param {View} view
 * @param {string} arm
 */
export function liveliest(view, arm) {
  let best = /** @type {{layer: number, moved: number} | null} */ (null);
  for (let layer = 1; layer <= view.header.hidden_layers; layer++) {
    const moved = movement(view, arm, layer);
    if (moved !== null && moved > (best?.moved ?? 0)) best = {layer, moved};
  }
  return best;
}

/**
 * A measure of an arm that is one number; null where it is missing or not finite.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 */
export const scalar = (frame, arm, key) => finite(/** @type {any} */ (frame.arms[arm])?.[key]);

/**
 * All values of a measure that is a list, such as one number a layer.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 * @returns {(number | null)[]}
 */
export function listOf(frame, arm, key) {
  const values = /** @type {any} */ (frame.arms[arm])?.[key];
  return Array.from({length: values?.length ?? 0}, (_, index) => layerValue(frame, arm, key, index + 1));
}

/**
 * Where the chosen layer is in a list: the place of the layer, or of its parameter where the list is of parameters; −1 if it has
 * none.
 * @param {View} view
 * @param {string} arm
 * @param {string} key
 */
export function placeOf(view, arm, key) {
  const parameters = /** @type {any} */ (armValue(view.header, "parameters", arm));
  const layer = armLayers(view.header, arm)?.[view.layer - 1];
  const isOfParameters = Array.isArray(parameters) && listOf(view.frame, arm, key).length === parameters.length;
  if (!layer || !isOfParameters || !OF_PARAMETERS.includes(key)) return view.layer - 1;
  const module = layer.source || layer.name; // a normalizer's layer begins with the weights before it
  return parameters.findIndex((name) => String(name).startsWith(`${module}.`));
}
