// @ts-check
// What the traces of the page /batch-size say in tables, where that is not simply their x and y.

import {finite} from "../../web/player/numbers.js";
import {joinLabels} from "../../web/player/table.js";
import {nameOf} from "../../web/player/tables.js";
import {say as anySay} from "../../web/player/words.js";
import {distances, microscopeOf, statisticOf} from "./reading.js";

/** @import {Numbers, Say, Tabulate, View} from "../../web/player/types" */
/** @import {Words} from "./words" */

/** @type {Say<Words>} */
const say = anySay;

/** @type {Record<string, Tabulate>} */
export const tables = {
  "example-dots": ({arm, scene}, view, {name, y}) => draws(view, arm, distances(view, arm, scene), joinLabels(name, y)),
  "prediction-dots"({arm, scene}, view, {name, y}) {
    return draws(view, arm, /** @type {any} */ (microscopeOf(view, arm))?.[scene]?.prediction ?? [], joinLabels(name, y));
  },
  statistic({arm, key}, view, titles) {
    const theory = key.endsWith("_theory") && titles.name;
    return statistics(view, arm, key, titles, (y) => joinLabels(theory, nameOf(view, arm, titles), y), [view.layer]);
  },
  "other-layers"({arm, key}, view, titles) {
    const others = Array.from({length: view.header.hidden_layers}, (_, layer) => layer + 1).filter((one) => one !== view.layer);
    return statistics(view, arm, key, titles, (y) => joinLabels(nameOf(view, arm, titles), y), others);
  },
};

/**
 * A row for every draw, a column for every size.
 * @param {View} view
 * @param {string} arm
 * @param {ArrayLike<ArrayLike<number | null> & Iterable<number | null>>} rows one a size
 * @param {string} name
 * @returns {Numbers[]}
 */
function draws(view, arm, rows, name) {
  if (!rows.length) return [];
  const sizes = microscopeOf(view, arm)?.sizes ?? [];
  const columns = Array.from(rows, (row, place) => [joinLabels(`B = ${sizes[place]}`, name), Array.from(row, finite)]);
  const at = Array.from(rows[0], (_, draw) => draw + 1);
  return [{key: say(view, "draw_key"), at, columns: Object.fromEntries(columns)}];
}

/**
 * A row for every size, a column for each of some layers. The axis is named after the chosen layer.
 * @param {View} view
 * @param {string} arm
 * @param {string} key
 * @param {import("../../web/player/types").Titles} titles
 * @param {(y: string) => string} name
 * @param {number[]} layers
 * @returns {Numbers[]}
 */
function statistics(view, arm, key, titles, name, layers) {
  const microscope = microscopeOf(view, arm);
  if (!microscope) return [];
  const columns = layers.map((layer) => {
    const y = titles.y.replace(`z[${view.layer}]`, `z[${layer}]`);
    return [name(y), Array.from(statisticOf(microscope, key, layer - 1), finite)];
  });
  return [{key: titles.x, at: Array.from(microscope.sizes), columns: Object.fromEntries(columns)}];
}
