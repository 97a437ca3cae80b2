// @ts-check
// Describes a place in the picture of the networks: one line, with the numbers of both.

import {hasAtom, layerDensity} from "./feeds.js";
import {layerMotion, passedOn, unitMotions} from "./motion.js";
import {scoreScope} from "./scores.js";
import {both, digits, percent, playerText, sigmas, tapName, times} from "./words.js";

/** @import {Values, View} from "./types" */
/** @import {HitTarget} from "./geometry.js" */
/**
 * @typedef {object} Description
 * @property {string} heading what is pointed at
 * @property {((arm: string) => string) | null} of its numbers in one network; null if there are none
 * @property {string} [more] what can be done there
 */

/**
 * @param {View} view
 * @param {HitTarget} target
 * @returns {Description}
 */
export function descriptionOf(view, target) {
  const {layer, mark} = target;
  if (mark === "zeros")
    return {heading: playerText(view, "zeros_title", namesOf(view, layer)), of: (arm) => zeros(view, arm, layer)};
  if (mark === "passed")
    return {heading: playerText(view, "passed_title", namesOf(view, layer)), of: (arm) => passed(view, arm, layer)};
  if (mark === "all") return all(view, layer);
  return moments(view, target);
}

/**
 * @param {View} view
 * @param {number} layer
 * @returns {Description}
 */
function all(view, layer) {
  const units = view.header.experiment.width;
  return {heading: playerText(view, "all_title", {layer, units}), of: null, more: playerText(view, "all_help")};
}

/**
 * A layer's output and the next one's, as they are called.
 * @param {View} view
 * @param {number} layer
 */
const namesOf = (view, layer) => ({name: tapName(view, view.tap, layer), next: tapName(view, view.tap, layer + 1)});

/**
 * The share of a layer's outputs that are exactly 0.
 * @param {View} view
 * @param {string} arm
 * @param {number} layer
 */
export const zeros = (view, arm, layer) =>
  playerText(view, "zeros", {share: percent(layerDensity(view.frame, arm, layer, view).zeros)});

/**
 * How much of a layer's motion the next layer shows.
 * @param {View} view
 * @param {string} arm
 * @param {number} layer
 */
export function passed(view, arm, layer) {
  const share = passedOn(view, arm, layer);
  return share === null
    ? playerText(view, "passed_none")
    : playerText(view, "passed", {...namesOf(view, layer), times: times(share)});
}

/**
 * Mean, standard deviation and motion of a layer or a unit. The marks of a layer cannot be pointed at by keyboard, so
 * their numbers are part of its description.
 * @param {View} view
 * @param {HitTarget} target
 * @returns {Description}
 */
function moments(view, {layer, unit, mark}) {
  const heading = unit === null ? tapName(view, view.tap, layer) : playerText(view, "unit_here", {layer, number: unit + 1});
  const marks = mark === "layer" ? marksOf(view, layer) : [];
  const of = (/** @type {string} */ arm) =>
    [
      playerText(view, `moments_${view.motion}`, momentsOf(view, arm, layer, unit)),
      ...marks.map((mark) => mark(view, arm, layer)),
    ].join(", ");
  return {heading, of};
}

/**
 * What marks there are at a layer, whether or not the picture is large enough for them.
 * @param {View} view
 * @param {number} layer
 */
export const marksOf = (view, layer) => [
  ...(hasAtom(view) ? [zeros] : []),
  ...(layer < view.header.hidden_layers ? [passed] : []),
];

/**
 * How to read the picture.
 * @param {View} view
 * @param {number} far what has full colour, in σ
 */
export function legendOf(view, far) {
  const {held_out} = view.data;
  const colour = playerText(view, `legend_${view.motion}`, {far: sigmas(far), held_out, probe_size: view.header.probe_size});
  return playerText(view, "legend", {colour, scope: scoreScope(view)});
}

/**
 * How far a layer has moved in both networks, in a sentence: since training began as distributions, or since the last snapshot
 * where the same examples are followed.
 * @param {View} view
 * @param {number} layer
 */
export function layerMoved(view, layer) {
  const {frame, motion, tap} = view;
  const far = (/** @type {string} */ arm) =>
    motion === "example"
      ? layerMotion(frame, arm, motion, tap, layer)
      : Number(/** @type {any} */ (frame.arms[arm]).shift_from_first[tap][layer - 1]);
  const values = {name: tapName(view, tap, layer), moved: both(view, (arm) => sigmas(far(arm)))};
  return playerText(view, `layer_moved_${motion}`, values);
}

/**
 * @param {View} view
 * @param {string} arm
 * @param {number} layer
 * @param {number | null} unit
 * @returns {Values}
 */
function momentsOf(view, arm, layer, unit) {
  const {frame, frameIndex, motion, tap} = view;
  const of = (/** @type {string} */ key) => /** @type {any} */ (frame.arms[arm])[key][tap][layer - 1];
  if (unit === null)
    return {mean: digits(of("mean")), sd: digits(of("std")), moved: sigmas(layerMotion(frame, arm, motion, tap, layer))};
  const moved = sigmas(unitMotions(view, arm, layer, frameIndex)[unit]);
  return {mean: digits(of("unit_mean")[unit]), sd: digits(of("unit_std")[unit]), moved};
}
