// @ts-check
// Reading a recording: γ, β and ẑ of the compared arm, and the arms that the page compares.

/** @import {Snapshot, Tap, View} from "../../web/player/types" */
/** @typedef {ArrayLike<number> & Iterable<number>} Row */
/** @typedef {"beta" | "gamma"} Scale */

const UNTOUCHED = {beta: 0, gamma: 1}; // of a normalizer that has no such weights

/**
 * γ or β [width] of the compared arm at the chosen layer; what a normalizer does not have counts as 1 or 0.
 * @param {Snapshot} frame
 * @param {Scale} key
 * @param {View} view
 * @returns {Row}
 */
export function scale(frame, key, view) {
  const rows = frame.arms[view.compared][key];
  return rows ? rows[view.layer - 1] : new Array(view.header.experiment.width).fill(UNTOUCHED[key]);
}

/**
 * A measure of ẑ at the chosen layer; undefined where it was not taken.
 * @param {Snapshot} frame
 * @param {string} key
 * @param {View} view
 * @param {string} [arm]
 * @returns {any}
 */
export function standardizedMeasure(frame, key, view, arm = view.compared) {
  return /** @type {any} */ (frame.arms[arm].standardized)?.[key][view.layer - 1];
}

/**
 * Percentiles of all units at the chosen layer, of a tap or of ẑ.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {Tap | "standardized"} column
 * @param {View} view
 */
export function percentiles(frame, arm, column, view) {
  if (column === "standardized") return standardizedMeasure(frame, "percentiles", view, arm);
  return frame.arms[arm].percentiles[column][view.layer - 1];
}

/**
 * The chosen unit; null if all are pooled.
 * @param {View} view
 */
export const chosenUnit = (view) => (view.unit === "pooled" ? null : view.unit);

/**
 * Whether the compared arm takes its mean and variance over examples, so that γ and β are a unit's own: batch norm does.
 * @param {View} view
 */
export const overExamples = (view) => view.normalizers[view.compared]?.statistics === "batch";

/**
 * Whether the arm with fixed γ and β has the same normalizer as the compared one, so that learning them is all that differs.
 * @param {View} view
 */
export const comparable = (view) => view.compared === "batch" && view.header.arms.includes("fixed");

/**
 * The arms in the order in which the page speaks of them.
 * @param {View} view
 */
export const armsInOrder = (view) => [view.compared, "fixed", "none"].filter((arm) => view.header.arms.includes(arm));

/** @param {Row} row */
export const lowest = (row) => Math.min(...row);
/** @param {Row} row */
export const highest = (row) => Math.max(...row);

// --- a view of ẑ

/** @type {WeakMap<Snapshot, Snapshot>} a cache: every ridge needs it */
const cache = new WeakMap();

/**
 * A snapshot with ẑ in place of γẑ+β, so that every drawing of feeds.js can draw it, too.
 * @param {Snapshot} frame
 */
export function standardizedFrame(frame) {
  const cachedFrame = cache.get(frame);
  if (cachedFrame) return cachedFrame;
  const arms = Object.fromEntries(Object.entries(frame.arms).map(([arm, part]) => [arm, substitute(part)]));
  const standardized = {...frame, arms};
  cache.set(frame, standardized);
  return standardized;
}

/** @param {any} part */
function substitute(part) {
  const measures = Object.entries(part.standardized ?? {});
  return {...part, ...Object.fromEntries(measures.map(([key, value]) => [key, {...part[key], normalized: value}]))};
}

/**
 * The view of one column of the ridgelines: a tap, or ẑ.
 * @param {View} view
 * @param {Tap | "standardized"} column
 * @returns {View}
 */
export function columnView(view, column) {
  const tap = column === "standardized" ? "normalized" : column;
  const scene = {...view, tap, choices: `${view.choices} ${column}`};
  if (column === "standardized") {
    scene.frames = view.frames.map(standardizedFrame);
    scene.frame = standardizedFrame(view.frame);
  }
  scene.tallest = (arm) => view.fits.tallest(arm, scene);
  scene.widest = view.fits.range("after_g", view)?.[1] ?? 1;
  return scene;
}
