// @ts-check
// Drawings of how gradients change and of what holding layers costs (panels.py), and the medians behind them.

import {feeds as shared, layerValue, overSteps, visibleFrames} from "../../web/player/feeds.js";
import {layerFit, layersFit} from "../../web/player/fits.js";
import {finite, median, quantile, runningMedian} from "../../web/player/numbers.js";
import {bothArms} from "../../web/player/words.js";
import {WINDOW} from "./verdict.js";

/** @import {Bound, FeedFunction, Fit, Snapshot, View} from "../../web/player/types" */
/** @import {Cost} from "./verdict.js" */
/** @typedef {"gradient_shift" | "gradient_shift_relative" | "gradient_cosine"} Key */

export const CHANGE = "gradient_shift_relative";
export const COSINE = "gradient_cosine";

/** @param {View} view */
export const heldFrom = (view) => Number(view.header.experiment.hold_from);

const LOWEST = 2; // the first layer that has others below it

/**
 * All layers that have others below them.
 * @param {View} view
 */
export const layersOf = (view) => Array.from({length: view.header.hidden_layers - 1}, (_, index) => LOWEST + index);

/**
 * The quantile of one layer's measure over what is shown.
 * @param {View} view
 * @param {string} arm
 * @param {Key} key
 * @param {number} layer
 * @param {number} share
 */
export function quantileOf(view, arm, key, layer, share) {
  return quantile(
    visibleFrames(view).map((frame) => layerValue(frame, arm, key, layer)),
    share,
  );
}

/**
 * The median of one layer's measure over what is shown.
 * @param {View} view
 * @param {string} arm
 * @param {Key} key
 * @param {number} [layer]
 */
export const typical = (view, arm, key, layer = view.layer) => quantileOf(view, arm, key, layer, 0.5);

/**
 * The median layer's median: one number for the whole network.
 * @param {View} view
 * @param {string} arm
 * @param {Key} key
 */
export const overall = (view, arm, key) => median(layersOf(view).map((layer) => typical(view, arm, key, layer)));

/**
 * The training loss of an arm in a snapshot, and how much higher it is in the copy whose layers are held; null before the hold.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 * @returns {Cost | null}
 */
function costOf(frame, arm, view) {
  const copy = frame.arms[`${arm}-held`];
  if (!copy || frame.step <= heldFrom(view)) return null;
  const loss = frame.arms[arm].train_loss ?? NaN; // null is a number that is not finite
  return {step: frame.step, cost: (copy.train_loss ?? NaN) - loss, loss};
}

/**
 * @param {View} view
 * @param {string} arm
 */
export const costs = (view, arm) => visibleFrames(view).flatMap((frame) => costOf(frame, arm, view) ?? []);

/**
 * How far a[2] has moved since the snapshot before.
 * @param {Snapshot} frame
 * @param {string} arm
 */
export const movement = (frame, arm) => frame.arms[arm]?.shift_step.activation[1];

/**
 * A feed `layer` of what Python asks for: smooth ones are running medians.
 * @param {{arm: string, key: Key, layer?: number | null, smooth?: boolean}} feed
 */
export const layerFeed = ({smooth, ...feed}) => ({...feed, window: smooth ? WINDOW : 0});

/** @type {Record<string, FeedFunction>} */
export const feeds = {
  gradient: (feed, view) => shared.layer(layerFeed(feed), view),

  profile({arm, key}, view) {
    const layers = layersOf(view);
    return {x: layers, y: layers.map((layer) => typical(view, arm, key, layer))};
  },

  // Around the middle 70 %: there below and back above.
  "profile-band"({arm, key}, view) {
    const layers = layersOf(view);
    const edge = (/** @type {number} */ share) => layers.map((layer) => quantileOf(view, arm, key, layer, share));
    return {x: [...layers, ...layers.toReversed()], y: [...edge(0.15), ...edge(0.85).reverse()]};
  },

  cost({arm, smooth}, view) {
    const rows = costs(view, arm);
    const values = rows.map(({cost}) => finite(cost));
    return {x: rows.map(({step}) => step), y: smooth ? runningMedian(values, WINDOW) : values};
  },

  moved: ({arm}, view) => overSteps(visibleFrames(view), (frame) => movement(frame, arm)),
};

/** @type {Record<string, Fit>} */
export const fits = {
  gradient_shift: layerFit("gradient_shift"),
  gradient_shift_relative: layerFit(CHANGE),
  gradient_cosine: layerFit(COSINE),
  every_cosine: layersFit(COSINE, LOWEST),
  profile_relative: layersFit(CHANGE, LOWEST),
  profile_cosine: layersFit(COSINE, LOWEST),
  cost: (frame, arm, view) => [0, costOf(frame, arm, view)?.cost],
  moved: (frame, arm) => [movement(frame, arm)],
};

/**
 * ‖G−G′‖ of the chosen layer in all snapshots: the first few may be far larger than the rest.
 * @param {View} view
 */
function sizes(view) {
  return bothArms(view).flatMap((arm) => view.frames.map((frame) => layerValue(frame, arm, "gradient_shift", view.layer)));
}

/**
 * The furthest that an axis may reach: lines beyond leave the chart.
 * @type {Record<string, Bound>}
 */
export const bounds = {
  gradient_shift: (view) => [0, 3 * (quantile(sizes(view), 0.85) ?? Infinity)],
  gradient_shift_relative: () => [0, 2],
  profile_relative: () => [0, 2],
  gradient_cosine: () => [-1, 1],
  every_cosine: () => [-1, 1],
  profile_cosine: () => [-1, 1],
  cost: () => [-3, 3],
  moved: () => [0, 12],
};
