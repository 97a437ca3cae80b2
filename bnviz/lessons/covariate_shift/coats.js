// @ts-check
// Drawings of what becomes of animals when colour changes (panels.py), and their data. Recalls in a recording are
// [level][class] from black (level 0) to fully coloured.

import {ATOM, visibleFrames, hasAtom} from "../../web/player/feeds.js";
import {VISIBLE_SHARE} from "../../web/player/constants.js";
import {centres, extent, smooth, sum, withoutZeros} from "../../web/player/numbers.js";
import {accuracy, CAT, OTHER} from "./verdict.js";

/** @import {FeedFunction, Fit, Snapshot, View} from "../../web/player/types" */
/** @import {Pair} from "./verdict.js" */
/** @typedef {"both" | "cats" | "others"} Which the animals that change colour */
/** @typedef {{level: number, coloured: Which}} Choices `level` from 0, black, to 1, fully coloured */
/** @typedef {View<Choices>} CoatView */

const ROWS = [0, 1, 2, 3.5, 4.5, 5.5]; // of the remedy: all, cats, others; coloured ones above black ones
/** @type {Pair} */
export const BLACK = [0, 0];
/** @type {Pair} */
export const COLOURED = [1, 1];
const NOTHING = {x: [], y: []};

/**
 * The newest snapshot up to the one on show at which animals were repainted.
 * @param {CoatView} view
 */
export const lastCoatFrame = (view) => visibleFrames(view).findLast((frame) => frame.arms.none.coat_recall) ?? null;

/**
 * Recalls, each class at its own level.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {Pair} levels
 * @param {string} [key]
 * @returns {Pair}
 */
export function recalls(frame, arm, [other, cat], key = "coat_recall") {
  const table = /** @type {any} */ (frame.arms[arm])[key];
  const row = (/** @type {number} */ level) => table[Math.round(level * (table.length - 1))];
  return [row(other)[OTHER], row(cat)[CAT]];
}

/**
 * The level of each class where `level` is chosen.
 * @param {CoatView} view
 * @param {number} level
 * @returns {Pair}
 */
export const levelsOf = (view, level) => [view.coloured === "cats" ? 0 : level, view.coloured === "others" ? 0 : level];

/**
 * How many held-out animals there are.
 * @param {Snapshot} frame
 */
export const animals = (frame) => Number(frame.arms.none.coat_animals);

/**
 * One class of a pair, or the accuracy.
 * @param {Pair} pair
 * @param {number | null} kind
 */
const pick = (pair, kind) => (kind === null ? accuracy(pair) : pair[kind]);

/**
 * A measure [coats, layers, watched, …] of the unit on show, or of all watched ones.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {"coat_counts" | "coat_zeros"} key
 * @param {number} coat 0: black, 1: coloured
 * @param {CoatView} view
 * @returns {any[]}
 */
function units(frame, arm, key, coat, view) {
  const table = /** @type {any} */ (frame.arms[arm])[key][view.tap][coat][view.layer - 1];
  return view.unit === "pooled" ? view.header.watched_units.map((_, unit) => table[unit]) : [table[view.unit]];
}

/**
 * The share of the values that are exactly 0.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} coat
 * @param {CoatView} view
 */
export function zeroShare(frame, arm, coat, view) {
  const zeros = units(frame, arm, "coat_zeros", coat, view);
  return sum(zeros) / (zeros.length * animals(frame));
}

/**
 * The histogram of the unit on show, or of all watched ones: how many values there are in each bin, exactly 0, and in all.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} coat
 * @param {CoatView} view
 */
export function coatHistogram(frame, arm, coat, view) {
  const rows = units(frame, arm, "coat_counts", coat, view);
  /** @type {number[]} */
  const counts = Array.from(rows[0], (_, bin) => sum(rows.map((row) => row[bin])));
  return {counts, zeros: sum(units(frame, arm, "coat_zeros", coat, view)), total: rows.length * animals(frame)};
}

/**
 * Smoothed share of the values in each bin, those of exactly 0 left out.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} coat
 * @param {CoatView} view
 */
function density(frame, arm, coat, view) {
  const {counts, zeros, total} = coatHistogram(frame, arm, coat, view);
  return smooth(withoutZeros(counts, view.header.edges[view.tap], zeros)).map((count) => count / total);
}

/** @type {Record<string, FeedFunction<CoatView>>} */
export const feeds = {
  "coat-levels"({arm, key, class: kind}, view) {
    const frame = lastCoatFrame(view);
    const table = frame && /** @type {any} */ (frame.arms[arm])?.[key];
    if (!frame || !table) return NOTHING;
    const x = Array.from(table, (_, index) => index / (table.length - 1));
    return {x, y: x.map((level) => pick(recalls(frame, arm, levelsOf(view, level), key), kind))};
  },

  "coat-mark": (_, view) => ({x: [view.level, view.level], y: [0, 1.03]}),

  "coat-steps"({arm, class: kind, black}, view) {
    const frames = visibleFrames(view).filter((frame) => frame.arms[arm]?.coat_recall);
    const levels = black ? BLACK : levelsOf(view, view.level);
    return {x: frames.map((frame) => frame.step), y: frames.map((frame) => recalls(frame, arm, levels)[kind])};
  },

  "coat-density"({arm, coat}, view) {
    const frame = lastCoatFrame(view);
    if (!frame) return NOTHING;
    const x = centres(view.header.edges[view.tap]);
    return {x: [x[0], ...x, x[x.length - 1]], y: [0, ...density(frame, arm, coat, view), 0]};
  },

  // ReLU's atom: a bar at the left, as high as the share of values that are exactly 0.
  "coat-zeros"({arm, coat}, view) {
    const frame = lastCoatFrame(view);
    if (!frame || !hasAtom(view)) return NOTHING;
    const share = zeroShare(frame, arm, coat, view);
    const room = ATOM * view.widest;
    const left = (coat ? -0.45 : -0.85) * room;
    const right = left + 0.32 * room;
    return {x: [left, left, right, right, left], y: [0, share, share, 0, 0]};
  },

  // The share of the pixels in each bin of brightness; there are so many of them that no smoothing is needed.
  "coat-pixels"({coat}, view) {
    const counts = lastCoatFrame(view)?.arms.none.coat_input_counts?.[coat];
    if (!counts) return NOTHING;
    const total = sum(counts);
    const x = Array.from(counts, (_, bin) => (bin + 0.5) / counts.length);
    return {x: [0, ...x, 1], y: [0, ...Array.from(counts, (count) => count / total), 0]};
  },

  "coat-shift"({arm, key}, view) {
    const row = /** @type {any} */ (lastCoatFrame(view)?.arms[arm])?.[key]?.[view.tap];
    return row ? {x: Array.from(row, (_, layer) => layer + 1), y: Array.from(row)} : NOTHING;
  },

  "coat-inputs"(_, view) {
    const frame = lastCoatFrame(view);
    return frame ? {x: [0], y: [frame.arms.none.coat_input_shift]} : NOTHING;
  },

  // Accuracy, cats and others; coloured ones first. Without a key, the lines from before to after.
  "coat-change"({arm, key}, view) {
    const frame = lastCoatFrame(view);
    if (!frame?.arms[arm]?.coat_recall_recomputed) return NOTHING;
    if (key) return {x: shares(frame, arm, key), y: ROWS};
    const [before, after] = ["coat_recall", "coat_recall_recomputed"].map((which) => shares(frame, arm, which));
    return {x: ROWS.flatMap((_, row) => [before[row], after[row], null]), y: ROWS.flatMap((row) => [row, row, null])};
  },
};

/**
 * What the remedy's rows show.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 */
export function shares(frame, arm, key) {
  return [COLOURED, BLACK].flatMap((levels) => [null, CAT, OTHER].map((kind) => pick(recalls(frame, arm, levels, key), kind)));
}

/** @type {Record<string, Fit<CoatView>>} */
export const fits = {
  histogram(frame, arm, view) {
    if (!frame.arms[arm].coat_counts) return [];
    return [0, 1].flatMap((coat) => extent(density(frame, arm, coat, view), view.header.edges[view.tap], VISIBLE_SHARE));
  },

  coat_height(frame, arm, view) {
    return frame.arms[arm].coat_counts ? [0, ...[0, 1].map((coat) => Math.max(...density(frame, arm, coat, view)))] : [];
  },

  coat_shift(frame, arm, view) {
    const {coat_shift: shift, coat_shift_recomputed: after, coat_input_shift: inputShift} = frame.arms[arm];
    return shift ? [0, inputShift, ...shift[view.tap], ...(after?.[view.tap] ?? [])] : [];
  },

  coat_pixels: (frame, arm) =>
    (frame.arms[arm].coat_input_counts ?? []).flatMap((counts) => [0, Math.max(...counts) / sum(counts)]),
};
