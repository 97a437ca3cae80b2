// @ts-check
// How a standard deviation falls with the size of the minibatch, and what is left of it: nothing here knows a view.

import {mean, powerLaw} from "../../web/player/numbers.js";

/** @typedef {ArrayLike<number> & Iterable<number>} Values */
/** @typedef {"quarter" | "half" | "all"} Verdict */

const FITTED_FROM = 8; // examples: in smaller minibatches a normalized value has an upper limit

/**
 * The number of examples from which on lines are fitted: FITTED_FROM, unless hardly any minibatch is so large.
 * @param {Values} sizes
 */
export const fittedFrom = (sizes) => (sizes[sizes.length - 1] >= 4 * FITTED_FROM ? FITTED_FROM : sizes[0]);

/**
 * The power law through the sizes that are fitted, and the line ∝ 1/√size through the middle of the same points; null where fewer
 * than two values are positive.
 * @param {Values} sizes
 * @param {Values} values
 * @returns {{exponent: number, root: (size: number) => number} | null}
 */
export function fallOff(sizes, values) {
  const points = Array.from(sizes, (size, index) => [size, values[index]]).filter(
    ([size, value]) => size >= fittedFrom(sizes) && value > 0 && Number.isFinite(value),
  );
  const [x, y] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const law = powerLaw(x, y);
  if (!law) return null;
  const [middleX, middleY] = [x, y].map((one) => Number(mean(one.map(Math.log))));
  return {exponent: law.exponent, root: (size) => Math.exp(middleY - (Math.log(size) - middleX) / 2)};
}

/**
 * Which of a quarter, a half and all is nearest in proportion to the share `left`.
 * @param {number} share
 * @returns {Verdict}
 */
export const nearest = (share) => (share < Math.SQRT1_2 / 2 ? "quarter" : share < Math.SQRT1_2 ? "half" : "all");

/**
 * The place of the size nearest in proportion to `size`.
 * @param {Values} sizes
 * @param {number} size
 */
export function nearestPlace(sizes, size) {
  const distances = Array.from(sizes, (one) => Math.abs(Math.log(one / size)));
  return distances.indexOf(Math.min(...distances));
}
