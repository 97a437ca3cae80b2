// @ts-check
// The unit that is shown unless the visitor has chosen one: of middling movement, neither dull nor extreme.

import {totalVariation} from "../numbers.js";

/** @import {Header, Snapshot} from "../types" */

const AUTO_UNIT_SNAPSHOTS = 10; // from which a unit is chosen, unless the story wants to see more

/**
 * The unit to show, chosen as soon as enough of the run is there and always by the same snapshots; null before that.
 * @param {{header: Header | null, frames: Snapshot[], end: object | null}} recording
 * @param {number} layer counted from 1
 * @param {{unitChoiceSnapshots?: number, movement?: (frames: Snapshot[], layer: number, unit: number, header: Header) => number}}
 *     story
 * @returns {number | null}
 */
export function autoSelectUnit(
  {header, frames: all, end},
  layer,
  {unitChoiceSnapshots = AUTO_UNIT_SNAPSHOTS, movement = meanMovement},
) {
  const frames = all.slice(0, unitChoiceSnapshots);
  if (!header || !frames.length || (frames.length < unitChoiceSnapshots && !end)) return null;
  const hiddenLayer = Math.min(layer, header.hidden_layers);
  /** @type {number[]} */
  const units = header.watched_units;
  const distances = units.map((unit) => ({unit, distance: movement(frames, hiddenLayer, unit, header)}));
  const moving = distances.filter(({distance}) => distance > 0).sort((a, b) => a.distance - b.distance);
  return moving[Math.floor(moving.length / 2)]?.unit ?? 0;
}

/**
 * How far a unit's mean has moved, all its ways added up.
 * @param {Snapshot[]} frames
 * @param {number} layer
 * @param {number} unit
 */
function meanMovement(frames, layer, unit) {
  return totalVariation(frames.map((frame) => frame.arms.none.unit_mean.activation[layer - 1][unit]));
}
