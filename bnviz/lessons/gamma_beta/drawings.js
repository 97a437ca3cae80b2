// @ts-check
// What fills the traces of the page /gamma-beta, and how far its axes reach.

import {ATOM, density, feeds as drawn, visibleFrames, hasAtom, overSteps, unitLines} from "../../web/player/feeds.js";
import {VISIBLE_SHARE} from "../../web/player/constants.js";
import {extent, finiteValues} from "../../web/player/numbers.js";
import {accuracyFeed, histogramFeed} from "./by-hand.js";
import {chosen, columnView, inside, percentiles, scale, standardizedFrame} from "./reading.js";

/** @import {Bound, FeedFunction, Fit, Snapshot, View} from "../../web/player/types" */
/** @import {Scale} from "./reading.js" */

const NOTHING = {x: [], y: []};
const SETTLED = 1 / 20; // of the run, after which running statistics, which start at 0 and 1, say something

/**
 * @param {"ridge-past" | "ridge-front" | "ridge-first"} kind
 * @returns {FeedFunction}
 */
const ridge =
  (kind) =>
  ({arm, tap}, view) =>
    drawn[kind]({arm}, columnView(view, tap));

/** @type {Record<string, FeedFunction>} */
export const feeds = {
  "scale-dots"(_, view) {
    const [x, y] = blended(view);
    return {x, y};
  },
  "scale-chosen"(_, view) {
    const unit = chosen(view);
    const [x, y] = blended(view);
    return unit === null ? NOTHING : {x: [x[unit]], y: [y[unit]]};
  },
  "scale-path"(_, view) {
    const unit = chosen(view);
    if (unit === null) return NOTHING;
    const all = (/** @type {Scale} */ key) => visibleFrames(view).map((frame) => scale(frame, key, view)[unit]);
    return {x: all("beta"), y: all("gamma")};
  },
  "pinned-dot": () => ({x: [0], y: [1]}),
  "scale-units": ({key}, view) => unitLines(visibleFrames(view), (frame) => scale(frame, key, view)),
  "scale-unit"({key}, view) {
    const unit = chosen(view);
    return unit === null ? NOTHING : overSteps(visibleFrames(view), (frame) => scale(frame, key, view)[unit]);
  },
  pinned: ({key, place}, view) => overSteps(visibleFrames(view), (frame) => inside(frame, key, view)?.[place]),
  "column-past": ridge("ridge-past"),
  "column-front": ridge("ridge-front"),
  "column-first": ridge("ridge-first"),
  band: ({arm, tap, place}, view) => overSteps(visibleFrames(view), (frame) => percentiles(frame, arm, tap, view)?.[place]),
  "hand-histogram": histogramFeed,
  "hand-score": accuracyFeed,
};

/**
 * β and γ of the chosen layer, on their way to the next snapshot.
 * @param {View} view
 * @returns {number[][]}
 */
function blended(view) {
  const next = view.frames[view.frameIndex + 1] ?? view.frame;
  return /** @type {Scale[]} */ (["beta", "gamma"]).map((key) => {
    const [from, to] = [view.frame, next].map((frame) => scale(frame, key, view));
    return Array.from(from, (value, unit) => value + view.blend * (to[unit] - value));
  });
}

/**
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 */
const series = (frame, arm, key) => /** @type {any} */ (frame.arms[arm])[key];

// --- axis ranges

/**
 * Of the compared arm alone, and of the one with fixed γ and β if `fixed`.
 * @param {Fit} values
 * @param {boolean} [fixed]
 * @returns {Fit}
 */
const only =
  (values, fixed = false) =>
  (frame, arm, view) =>
    arm === view.compared || (fixed && arm === "fixed") ? values(frame, arm, view) : [];

/**
 * As far to one side of `middle` as to the other.
 * @param {Scale} key
 * @param {number} middle
 * @returns {Fit}
 */
const even = (key, middle) =>
  only((frame, _, view) => {
    const off = finiteValues(scale(frame, key, view)).map((value) => Math.abs(value - middle));
    const reach = Math.max(0.05, ...off);
    return [middle - reach, middle + reach];
  });

/**
 * @param {string} key
 * @returns {Fit}
 */
const settled = (key) =>
  only((frame, arm, view) => (frame.step >= SETTLED * view.header.total_steps ? (series(frame, arm, key) ?? []) : []));

/** @type {Record<string, Fit>} */
export const fits = {
  beta: only((frame, _, view) => scale(frame, "beta", view)),
  gamma: only((frame, _, view) => scale(frame, "gamma", view)),
  beta_even: even("beta", 0),
  gamma_even: even("gamma", 1),
  before_g: only((frame, arm, view) => [
    ...reach(standardizedFrame(frame), arm, {...view, tap: "normalized"}),
    ...reach(frame, arm, {...view, tap: "normalized"}),
  ]),
  after_g: only((frame, arm, view) => withAtom(frame, arm, {...view, tap: "activation"})),
  band_z: only(
    (frame, arm, view) => [
      ...(percentiles(frame, arm, "standardized", view) ?? []),
      ...percentiles(frame, arm, "normalized", view),
    ],
    true,
  ),
  band_a: only((frame, arm, view) => percentiles(frame, arm, "activation", view), true),
  view_loss: only((frame, arm) => [frame.arms[arm].probe_loss, frame.arms[arm].running_loss]),
  view_accuracy: only((frame, arm) => [frame.arms[arm].probe_accuracy, frame.arms[arm].running_accuracy]),
  mean_lag: settled("running_mean_lag"),
  variance_lag: settled("running_variance_lag"),
  normed_mean: only((frame, arm, view) => frame.arms[arm].unit_mean[view.tap][view.layer - 1], true),
};

/**
 * The outermost bins with values to speak of.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 */
const reach = (frame, arm, view) => extent(density(frame, arm, view), view.header.edges[view.tap], VISIBLE_SHARE);

/**
 * The same, with room for ReLU's bar.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 */
function withAtom(frame, arm, view) {
  const range = reach(frame, arm, view);
  return range.length && hasAtom(view) ? [-ATOM * range[1], range[1]] : range;
}

const FREE = ["beta", "gamma", "beta_even", "gamma_even", "before_g", "after_g", "band_z", "band_a", "normed_mean"];

/** @type {Record<string, Bound>} */
export const bounds = Object.fromEntries(FREE.map((kind) => [kind, () => /** @type {[number, number]} */ ([-20, 20])]));
