// @ts-check
// What the traces of the page /independence say in tables, where that is not simply their x and y.

import {joinLabels} from "../../web/player/table.js";
import {nameOf, none, tables as shared} from "../../web/player/tables.js";
import {playerText} from "../../web/player/words.js";
import {feeds, layerFeed, layersOf, quantileOf} from "./gradients.js";

/** @import {Tabulate} from "../../web/player/types" */

/** @type {Record<string, Tabulate>} */
export const tables = {
  gradient: (feed, view, titles) => shared.layer(layerFeed(feed), view, titles),
  cost(feed, view, titles) {
    const {x, y} = /** @type {any} */ (feeds.cost(feed, view));
    const name = joinLabels(nameOf(view, feed.arm, titles), titles.y, feed.smooth && playerText(view, "running_median"));
    return [{key: playerText(view, "step_key"), at: x, columns: {[name]: y}}];
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
