// @ts-check
// What the traces of the page /covariate-shift say in tables, where that is not simply their x and y.

import {joinLabels} from "../../web/player/table.js";
import {byBins, nameOf, none} from "../../web/player/tables.js";
import {percent, say as anySay, tapName, unitName} from "../../web/player/words.js";
import {coatHistogram, feeds, lastCoatFrame, shares} from "./coats.js";

/** @import {Say, Tabulate} from "../../web/player/types" */
/** @import {CoatView} from "./coats.js" */
/** @import {Words} from "./words" */

/** @type {Say<Words>} */
const say = anySay;

// Keys of sentences: what is measured of each class, or of both together; and of animals in either coat.
const KINDS = /** @type {const} */ (["others_recognized", "cats_recognized"]);
const COATS = /** @type {const} */ (["share_black", "share_coloured"]);

/**
 * @param {CoatView} view
 * @param {0 | 1 | null} kind
 */
const kindName = (view, kind) => say(view, kind === null ? "accuracy_column" : KINDS[kind]);

/** @type {Record<string, Tabulate<CoatView>>} */
export const tables = {
  "coat-levels"(feed, view, titles) {
    const {x, y} = /** @type {any} */ (feeds["coat-levels"](feed, view));
    return [{key: say(view, "level_key"), at: x, columns: {[joinLabels(titles.name, kindName(view, feed.class))]: y}}];
  },
  "coat-mark": none,
  "coat-steps"(feed, view, titles) {
    const {x, y} = /** @type {any} */ (feeds["coat-steps"](feed, view));
    const level = feed.black ? say(view, "in_black") : say(view, "at_level", {level: percent(view.level)});
    const name = joinLabels(nameOf(view, feed.arm, titles), kindName(view, feed.class), level);
    return [{key: titles.x, at: x, columns: {[name]: y}}];
  },
  "coat-pixels"({coat}, view) {
    const {x, y} = /** @type {any} */ (feeds["coat-pixels"]({coat}, view));
    // The outline begins and ends at 0.
    return [{key: say(view, "brightness_key"), at: x.slice(1, -1), columns: {[say(view, COATS[coat])]: y.slice(1, -1)}}];
  },
  "coat-density"({arm, coat}, view, titles) {
    const frame = lastCoatFrame(view);
    if (!frame) return [];
    const name = joinLabels(nameOf(view, arm, titles), say(view, COATS[coat]));
    return byBins(view, `${tapName(view)}, ${unitName(view)}`, [{name, ...coatHistogram(frame, arm, coat, view)}]);
  },
  "coat-zeros": none,
  "coat-inputs"(_, view, {name, x, y}) {
    const frame = lastCoatFrame(view);
    return frame ? [{key: x, at: [name], columns: {[joinLabels(name, y)]: [frame.arms.none.coat_input_shift ?? null]}}] : [];
  },
  "coat-change"({arm, key, rows}, view, {name, x}) {
    const frame = lastCoatFrame(view);
    if (!key || !frame?.arms[arm]?.coat_recall_recomputed) return [];
    return [{key: say(view, "animals_key"), at: rows, columns: {[joinLabels(name, x)]: shares(frame, arm, key)}}];
  },
};
