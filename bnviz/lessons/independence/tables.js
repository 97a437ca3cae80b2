// @ts-check
// What the traces of the page /independence say in tables, where that is not simply their x and y.

import {joinLabels} from "../../web/player/table.js";
import {nameOf, none} from "../../web/player/tables.js";
import {say as anySay, playerText} from "../../web/player/words.js";
import {feeds, layersOf, quantileOf} from "./gradients.js";

/** @import {Say, Tabulate} from "../../web/player/types" */
/** @import {Words} from "./words" */

/** @type {Say<Words>} */
const say = anySay;

/** @type {Record<string, Tabulate>} */
export const tables = {
  gradient(feed, view, titles) {
    const {arm, layer, smooth} = feed;
    const number = say(view, "layer_column", {number: layer ?? view.layer});
    const name = joinLabels(nameOf(view, arm, titles), number, titles.y, smooth && say(view, "running_median"));
    return steps(feed, view, name);
  },
  cost(feed, view, titles) {
    return steps(feed, view, joinLabels(nameOf(view, feed.arm, titles), titles.y, feed.smooth && say(view, "running_median")));
  },
  profile({arm, key}, view, titles) {
    const layers = layersOf(view);
    const column = (/** @type {number} */ share) => layers.map((layer) => quantileOf(view, arm, key, layer, share));
    const name = (/** @type {number} */ percent) =>
      joinLabels(nameOf(view, arm, titles), playerText(view, "percentile_of", {percent, what: titles.y}));
    return [{key: titles.x, at: layers, columns: {[name(15)]: column(0.15), [name(50)]: column(0.5), [name(85)]: column(0.85)}}];
  },
  "profile-band": none,
};

/**
 * What a feed draws over steps, in a column.
 * @param {any} feed
 * @param {import("../../web/player/types").View} view
 * @param {string} name
 */
function steps(feed, view, name) {
  const {x, y} = /** @type {any} */ (feeds[feed.kind](feed, view));
  return [{key: playerText(view, "step_key"), at: x, columns: {[name]: y}}];
}
