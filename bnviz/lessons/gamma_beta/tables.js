// @ts-check
// What the traces of the page /gamma-beta say in tables, where that is not simply their x and y.

import {joinLabels} from "../../web/player/table.js";
import {byBins, bySteps, byUnits, none, percentileName, tables as shared, unitsBySteps} from "../../web/player/tables.js";
import {say as anySay, tapName, unitName} from "../../web/player/words.js";
import {accuracyFeed, answerOf} from "./by-hand.js";
import {chosenUnit, columnView, standardizedMeasure, percentiles, scale} from "./reading.js";

/** @import {Say, Tabulate, Tap, View} from "../../web/player/types" */
/** @import {Words} from "./words" */

/** @type {Say<Words>} */
const say = anySay;

const PINNED = /** @type {const} */ ({
  mean_range: ["pinned_lowest_mean", "pinned_highest_mean"],
  std_range: ["pinned_lowest_sd", "pinned_highest_sd"],
});

/**
 * What a column of subplots shows: ẑ or a tap.
 * @param {View} view
 * @param {Tap | "standardized"} column
 */
const columnName = (view, column) => (column === "standardized" ? `ẑ[${view.layer}]` : tapName(view, column));

/** @param {"ridge-past" | "ridge-front" | "ridge-first"} kind @returns {Tabulate} */
const ridge =
  (kind) =>
  ({arm, tap}, view, titles) =>
    shared[kind]({arm}, columnView(view, tap), {...titles, x: columnName(view, tap)});

/** @type {Record<string, Tabulate>} */
export const tables = {
  "scale-dots"(_, view, {x, y}) {
    const [beta, gamma] = [scale(view.frame, "beta", view), scale(view.frame, "gamma", view)].map((row) => Array.from(row));
    return byUnits(view, [...beta.keys()], {[x]: beta, [y]: gamma});
  },
  "scale-chosen": none,
  "scale-path"(_, view, {x, y}) {
    const unit = chosenUnit(view);
    if (unit === null) return [];
    return bySteps(view, [
      [joinLabels(unitName(view), x), (frame) => scale(frame, "beta", view)[unit]],
      [joinLabels(unitName(view), y), (frame) => scale(frame, "gamma", view)[unit]],
    ]);
  },
  "pinned-dot": none,
  "scale-units": ({key}, view, {y}) =>
    unitsBySteps(
      view,
      (frame) => scale(frame, key, view),
      (unit) => joinLabels(unit, y),
    ),
  "scale-unit": none,
  pinned({key, place}, view) {
    const name = say(view, PINNED[/** @type {keyof typeof PINNED} */ (key)][place]);
    return bySteps(view, [[name, (frame) => standardizedMeasure(frame, key, view)?.[place]]]);
  },
  "column-past": ridge("ridge-past"),
  "column-front": ridge("ridge-front"),
  "column-first": ridge("ridge-first"),
  // The lowest one says all of them, in order.
  band({arm, tap, place}, view) {
    const name = (/** @type {number} */ one) => joinLabels(view.arms[arm].name, percentileName(view, one, columnName(view, tap)));
    const all = place === 0 ? [0, 1, 2] : [];
    return bySteps(
      view,
      all.map((one) => [name(one), (frame) => percentiles(frame, arm, tap, view)?.[one]]),
    );
  },
  "hand-histogram"({when}, view, {x}) {
    const outcome = /** @type {any} */ (answerOf(view))?.[when];
    if (!outcome) return [];
    const name = say(view, when === "before" ? "share_as_learnt" : "share_by_hand");
    const histogram = {name, counts: outcome.counts, zeros: outcome.zeros, total: view.header.probe_size};
    return byBins({...view, tap: "activation"}, x, [histogram]);
  },
  "hand-score"(_, view, {x}) {
    const {x: scores, y: names} = /** @type {any} */ (accuracyFeed({}, view));
    return [{key: "γ, β", at: names, columns: {[x]: scores}}];
  },
};
