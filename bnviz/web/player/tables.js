// @ts-check
// What feeds of feeds.js say in a table, where they draw something else: several lines in one trace, outlines of histograms,
// shades. The others' numbers are simply their x and y.

import * as feedFunctions from "./feeds.js";
import {isComparable} from "./comparison-run.js";
import {rowsOverTime} from "./core/time-axis.js";
import {edgesOf, valueCount} from "./layers.js";
import {centres, finite, withoutZeros} from "./numbers.js";
import {joinTables, joinLabels, pointsOf} from "./table.js";
import {playerText, tapName, unitName} from "./words.js";

/** @import {TimeAxis} from "./core/time-axis.js" */
/** @import {Numbers, PanelSpec, Snapshot, Tabulate, Titles, Trace, View} from "./types" */

const {fillTrace, visibleFrames, hasAtom, row} = feedFunctions;

/** Nothing, or nothing that is not in the table already. @type {Tabulate<any>} */
export const none = () => [];

/**
 * An arm's name.
 * @param {View} view
 * @param {string} arm
 * @param {Titles} titles
 */
export const nameOf = (view, arm, titles) => view.arms[arm]?.name ?? titles.name;

/**
 * A row for every snapshot.
 * @param {View} view
 * @param {[string, (frame: Snapshot) => unknown][]} columns name and value of each
 * @param {Snapshot[]} [frames]
 * @returns {Numbers[]}
 */
export function bySteps(view, columns, frames = visibleFrames(view)) {
  const values = columns.map(([name, value]) => [name, frames.map((frame) => finite(value(frame)))]);
  return [{key: playerText(view, "step_key"), at: frames.map(({step}) => step), columns: Object.fromEntries(values)}];
}

/**
 * A row for every snapshot and a column for every unit.
 * @param {View} view
 * @param {(frame: Snapshot) => ArrayLike<number>} rowOf
 * @param {(unit: string) => string} name of the unit's column
 */
export function unitsBySteps(view, rowOf, name) {
  const units = Array.from(rowOf(view.frame), (_, unit) => unit);
  return bySteps(
    view,
    units.map((unit) => [name(unitName(view, unit)), (frame) => rowOf(frame)[unit]]),
  );
}

/**
 * A row for every unit.
 * @param {View} view
 * @param {number[]} units
 * @param {Numbers["columns"]} columns
 * @returns {Numbers[]}
 */
export const byUnits = (view, units, columns) => [
  {key: playerText(view, "unit_key"), at: units.map((unit) => unit + 1), columns},
];

/**
 * A row for every bin, and before them one for what is exactly 0: shares of all values, not smoothed.
 * @param {View} view
 * @param {string} signal
 * @param {{name: string, counts: ArrayLike<number> & Iterable<number>, zeros: number, total: number}[]} histograms
 * @returns {Numbers[]}
 */
export function byBins(view, signal, histograms) {
  const edges = edgesOf(view);
  const at = [playerText(view, "exactly_zero"), ...centres(edges)];
  const columns = histograms.map(({name, counts, zeros, total}) => {
    return [name, [zeros, ...withoutZeros(counts, edges, zeros)].map((count) => count / total)];
  });
  return [{key: playerText(view, "bin_key", {signal}), at, columns: Object.fromEntries(columns)}];
}

/**
 * What a column of percentiles is called.
 * @param {View} view
 * @param {number} place
 * @param {string} what
 */
export const percentileName = (view, place, what) =>
  playerText(view, "percentile_of", {percent: view.header.percentiles[place], what});

/** @param {(view: View) => Snapshot[]} frames whose ridges are drawn @returns {Tabulate} */
const ridges = (frames) => (feed, view, titles) => {
  const total = valueCount(view);
  const histograms = frames(view).map((frame) => {
    const name = playerText(view, "share_at", {name: nameOf(view, feed.arm, titles), step: frame.step});
    const zeros = feedFunctions.zeroShare(frame, feed.arm, view) * total;
    return {name, counts: feedFunctions.histogram(frame, feed.arm, view), zeros, total};
  });
  return byBins(view, `${titles.x || tapName(view)}, ${unitName(view)}`, histograms);
};

/** @type {Record<string, Tabulate>} */
export const tables = {
  units({arm, key}, view, titles) {
    const name = (/** @type {string} */ unit) => joinLabels(nameOf(view, arm, titles), unit, titles.y);
    return unitsBySteps(view, (frame) => row(frame, arm, key, view), name);
  },

  "chosen-unit"({arm, key}, view, titles) {
    const {unit} = view;
    if (unit === "pooled") return [];
    const name = joinLabels(nameOf(view, arm, titles), unitName(view), titles.y);
    return bySteps(view, [[name, (frame) => row(frame, arm, key, view)[unit]]]);
  },

  layer({layer, window, ...feed}, view, titles) {
    const {x, y} = /** @type {any} */ (feedFunctions.feeds.layer({...feed, layer, window}, view));
    const number = playerText(view, "this_layer", {number: layer ?? view.layer});
    const median = window && playerText(view, "running_median");
    const name = joinLabels(nameOf(view, feed.arm, titles), number, titles.y, median);
    return [{key: playerText(view, "step_key"), at: x, columns: {[name]: y}}];
  },

  // The lowest one says all of them, in order.
  percentile({arm, place}, view, titles) {
    const name = (/** @type {number} */ one) =>
      joinLabels(nameOf(view, arm, titles), percentileName(view, one, titles.y), unitName(view));
    const all = place === 0 ? [0, 1, 2] : [];
    return bySteps(
      view,
      all.map((one) => [name(one), (frame) => feedFunctions.percentile(frame, arm, one, view)]),
    );
  },

  "layer-percentiles"({arm, layer}, view, titles) {
    const name = (/** @type {number} */ place) => percentileName(view, place, tapName(view, view.tap, layer));
    return bySteps(
      view,
      [0, 1, 2].map((place) => [
        joinLabels(nameOf(view, arm, titles), name(place)),
        (frame) => row(frame, arm, "percentiles", view, layer)[place],
      ]),
    );
  },

  // Its shades are histograms; their percentiles are in the table already. It leaves out what is exactly 0.
  heat({arm, layer}, view, titles) {
    if (!hasAtom(view)) return [];
    const total = valueCount(view, layer, true);
    const name = joinLabels(nameOf(view, arm, titles), playerText(view, "zeros_of", {what: tapName(view, view.tap, layer)}));
    return bySteps(view, [[name, (frame) => row(frame, arm, "zeros", view, layer) / total]]);
  },

  "ridge-past": ridges(feedFunctions.pastRidges),
  "ridge-front": ridges(({frame}) => [frame]),
  "ridge-first": ridges(({frames}) => frames.slice(0, 1)),

  target: none,
  reached: none,
  ellipse: none,

  minibatch({arm}, view, titles) {
    const {units, means, spreads} = feedFunctions.minibatch(view, arm);
    const name = nameOf(view, arm, titles);
    return byUnits(view, units, {[joinLabels(name, titles.x)]: means, [joinLabels(name, titles.y)]: spreads});
  },

  expected: (_, view) =>
    bySteps(view, [[playerText(view, "expected_noise"), (frame) => feedFunctions.expectedNoise(view, frame)]]),
};

// --- a panel's

/**
 * All numbers of a panel: those of the run on show, then those of the comparison run.
 * @param {PanelSpec} spec
 * @param {{view?: View, comparison?: View | null, beside?: string, time?: TimeAxis | null, fill: (text: string) => string}} scene
 */
export function tablesOf({data, layout}, {view, comparison, beside = "", time, fill}) {
  const titles = (/** @type {any} */ {name, xaxis, yaxis}) => ({
    name: name ?? "",
    x: fill(titleOf(layout, xaxis ?? "x")),
    y: fill(titleOf(layout, yaxis ?? "y")),
  });
  const stepKey = view ? playerText(view, "step_key") : "";
  const partsOf = (/** @type {Trace[]} */ traces, /** @type {View | undefined} */ run, /** @type {"own" | "other"} */ whose) =>
    traces.flatMap((trace) => numbersOf(trace, run, titles(trace))).map((part) => rowsOverTime(part, stepKey, time, whose));
  const parts = partsOf(data, view, "own");
  if (!comparison) return joinTables(parts);
  const comparisonParts = partsOf(data.filter(isComparable), comparison, "other");
  return joinTables([...parts, ...comparisonParts.map((part) => ofBefore(part, comparison, beside))]);
}

/**
 * @param {Trace} trace
 * @param {View | undefined} view
 * @param {Titles} titles
 */
function numbersOf(trace, view, titles) {
  const {feed, table} = trace;
  if (table) return table;
  const tabulate = feed && view && (view.story.tables?.[feed.kind] ?? tables[feed.kind]);
  return tabulate ? tabulate(feed, view, titles) : pointsOf(fillTrace(trace, view), titles);
}

/**
 * The same, as that of the run before.
 * @param {Numbers} part
 * @param {View} view
 * @param {string} label in what it differs
 */
function ofBefore(part, view, label) {
  const columnName = (/** @type {string} */ name) =>
    label ? playerText(view, "before_with", {name, label}) : playerText(view, "before", {name});
  const columns = Object.entries(part.columns).map(([name, values]) => [columnName(name), values]);
  return {...part, columns: Object.fromEntries(columns)};
}

/**
 * An axis's title; layouts name the axis "x2" "xaxis2".
 * @param {Record<string, any>} layout
 * @param {string} axis
 * @returns {string}
 */
function titleOf(layout, axis) {
  const {title, matches} = layout[`${axis[0]}axis${axis.slice(1)}`] ?? {};
  return title?.text || (matches && matches !== axis ? titleOf(layout, matches) : "");
}
