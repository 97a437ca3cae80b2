// Drawings of what becomes of animals when colour changes (bnviz.lessons.covariate_shift.panels), and the numbers behind them.
// Recalls are [level][class] from black (level 0) to fully coloured; there are as many cats as others.

import {ATOM, hasAtom} from "../../web/player/feeds.js";
import {centres} from "../../web/player/numbers.js";

export const OTHER = 0,
  CAT = 1; // classes
const ROWS = [0, 1, 2, 3.5, 4.5, 5.5]; // of the remedy: right, cats, others; coloured ones above black ones

// The newest snapshot up to the one on show that says something of coats.
export function measured(view) {
  for (let index = view.shown; index >= 0; index--) if (view.frames[index].arms.none.coat_recall) return view.frames[index];
  return null;
}

// Recalls [others, cats], each class at its own level from 0 to 1; their mean is the accuracy, for there are as many of either.
export function recalls(frame, arm, [other, cat], key = "coat_recall") {
  const table = frame.arms[arm][key],
    row = (level) => table[Math.round(level * (table.length - 1))];
  return [row(other)[OTHER], row(cat)[CAT]];
}

export const mean = (pair) => (pair[0] + pair[1]) / 2;
const pick = (pair, kind) => (kind === null ? mean(pair) : pair[kind]);
export const chosen = (view, level) => [view.coloured === "cats" ? 0 : level, view.coloured === "others" ? 0 : level];

// How many held-out animals there are.
export const animals = (frame) => frame.arms.none.coat_animals;

const nothing = {x: [], y: []};

function levels({arm, key, class: kind}, view) {
  const table = measured(view)?.arms[arm][key];
  if (!table) return nothing;
  const x = table.map((_, index) => index / (table.length - 1));
  return {x, y: x.map((level) => pick(recalls(measured(view), arm, chosen(view, level), key), kind))};
}

function mark(_, view) {
  return {x: [view.level, view.level], y: [0, 1.03]};
}

function steps({arm, class: kind, black}, view) {
  const frames = view.frames.slice(0, view.shown + 1).filter((frame) => frame.arms[arm].coat_recall);
  const level = black ? [0, 0] : chosen(view, view.level);
  return {x: frames.map((frame) => frame.step), y: frames.map((frame) => recalls(frame, arm, level)[kind])};
}

const units = (table, view) =>
  view.unit === "pooled" ? view.header.watched_units.map((_, unit) => table[unit]) : [table[view.unit]];
const sum = (list) => Array.from(list).reduce((total, value) => total + value, 0);

export function zeroShare(frame, arm, coat, view) {
  const row = units(frame.arms[arm].coat_zeros[view.tap][coat][view.layer - 1], view);
  return sum(row) / (row.length * animals(frame));
}

// Smoothed share of the values in each bin, those of exactly 0 left out.
function density(frame, arm, coat, view) {
  const rows = units(frame.arms[arm].coat_counts[view.tap][coat][view.layer - 1], view),
    edges = view.header.edges[view.tap];
  const total = rows.length * animals(frame),
    counts = Array.from(rows[0], (_, bin) => sum(rows.map((row) => row[bin])));
  const zero = edges.findLastIndex((edge) => edge <= 0);
  if (zero >= 0 && zero < counts.length) counts[zero] -= zeroShare(frame, arm, coat, view) * total;
  const padded = [counts[0], ...counts, counts.at(-1)];
  return counts.map((count, bin) => (padded[bin] + 2 * count + padded[bin + 2]) / (4 * total));
}

function densityOf({arm, coat}, view) {
  const frame = measured(view);
  if (!frame) return nothing;
  const x = centres(view.header.edges[view.tap]),
    y = density(frame, arm, coat, view);
  return {x: [x[0], ...x, x.at(-1)], y: [0, ...y, 0]};
}

// Share of the pixels in each bin of brightness; one picture is so like another that no smoothing is needed.
function pixels({coat}, view) {
  const counts = measured(view)?.arms.none.coat_input_counts[coat];
  if (!counts) return nothing;
  const total = sum(counts),
    x = Array.from(counts, (_, bin) => (bin + 0.5) / counts.length);
  return {x: [0, ...x, 1], y: [0, ...Array.from(counts, (count) => count / total), 0]};
}

function zeros({arm, coat}, view) {
  const frame = measured(view);
  if (!frame || !hasAtom(view)) return nothing;
  const share = zeroShare(frame, arm, coat, view),
    room = ATOM * view.widest,
    left = (coat ? -0.45 : -0.85) * room,
    right = left + 0.32 * room;
  return {x: [left, left, right, right, left], y: [0, share, share, 0, 0]};
}

function shifts({arm, key}, view) {
  const row = measured(view)?.arms[arm][key]?.[view.tap];
  return row ? {x: [...row.keys()].map((layer) => layer + 1), y: Array.from(row)} : nothing;
}

function inputs(_, view) {
  const frame = measured(view);
  return frame ? {x: [0], y: [frame.arms.none.coat_input_shift]} : nothing;
}

// Right, cats and others; coloured ones first. Without a key, the lines from before to after.
function change({key}, view) {
  const frame = measured(view);
  if (!frame) return nothing;
  const shares = (which) =>
    [
      [1, 1],
      [0, 0],
    ].flatMap((level) => [null, CAT, OTHER].map((kind) => pick(recalls(frame, "batch", level, which), kind)));
  if (key) return {x: shares(key), y: ROWS};
  const before = shares("coat_recall"),
    after = shares("coat_recall_recomputed");
  return {x: ROWS.flatMap((_, row) => [before[row], after[row], null]), y: ROWS.flatMap((row) => [row, row, null])};
}

// --- ranges

function filledBins(frame, arm, view) {
  if (!frame.arms[arm].coat_counts) return [];
  const edges = view.header.edges[view.tap];
  return [0, 1].flatMap((coat) =>
    density(frame, arm, coat, view).flatMap((height, bin) => (height > 0.004 ? [edges[bin], edges[bin + 1]] : [])),
  );
}

function heights(frame, arm, view) {
  return frame.arms[arm].coat_counts ? [0, ...[0, 1].map((coat) => Math.max(...density(frame, arm, coat, view)))] : [];
}

function pixelShares(frame, arm) {
  return (frame.arms[arm].coat_input_counts ?? []).flatMap((counts) => [0, Math.max(...counts) / sum(counts)]);
}

function shiftsOf(frame, arm, view) {
  const {coat_shift: moved, coat_shift_recomputed: after, coat_input_shift: given} = frame.arms[arm];
  return moved ? [0, given, ...moved[view.tap], ...(after?.[view.tap] ?? [])] : [];
}

export const feeds = {
  "coat-levels": levels,
  "coat-mark": mark,
  "coat-steps": steps,
  "coat-density": densityOf,
  "coat-zeros": zeros,
  "coat-pixels": pixels,
  "coat-shift": shifts,
  "coat-inputs": inputs,
  "coat-change": change,
};

export const fits = {
  histogram: filledBins,
  coat_height: heights,
  coat_shift: shiftsOf,
  coat_pixels: pixelShares,
  coat_accuracy: (frame, arm) => [frame.arms[arm].test_accuracy],
};

export const bounds = {coat_accuracy: () => [0, 1]};
