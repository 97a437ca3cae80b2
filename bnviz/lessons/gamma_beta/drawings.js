// @ts-check
// What fills the traces of the page /gamma-beta, and how far its axes reach.

import {ATOM, density, feeds as playerFeeds, visibleFrames, hasAtom, overSteps, unitLines} from "../../web/player/feeds.js";
import {VISIBLE_SHARE} from "../../web/player/constants.js";
import {extent, finiteValues} from "../../web/player/numbers.js";
import {accuracyFeed, histogramFeed} from "./by-hand.js";
import {chosenUnit, columnView, standardizedMeasure, percentiles, scale, standardizedFrame} from "./reading.js";

/** @import {Bound, FeedFunction, Fit, Snapshot, View} from "../../web/player/types" */
/** @import {Scale} from "./reading.js" */

const NOTHING = {x: [], y: []};

/**
 * @param {"ridge-past" | "ridge-front" | "ridge-first"} kind
 * @returns {FeedFunction}
 */
const ridge =
  (kind) =>
  ({arm, tap}, view) =>
    playerFeeds[kind]({arm}, columnView(view, tap));

/** @type {Record<string, FeedFunction>} */
export const feeds = {
  "scale-dots"(_, view) {
    const [x, y] = interpolatedScales(view);
    return {x, y};
  },
  "scale-chosen"(_, view) {
    const unit = chosenUnit(view);
    const [x, y] = interpolatedScales(view);
    return unit === null ? NOTHING : {x: [x[unit]], y: [y[unit]]};
  },
  "scale-path"(_, view) {
    const unit = chosenUnit(view);
    if (unit === null) return NOTHING;
    const all = (/** @type {Scale} */ key) => visibleFrames(view).map((frame) => scale(frame, key, view)[unit]);
    return {x: all("beta"), y: all("gamma")};
  },
  "pinned-dot": () => ({x: [0], y: [1]}),
  "scale-units": ({key}, view) => unitLines(visibleFrames(view), (frame) => scale(frame, key, view)),
  "scale-unit"({key}, view) {
    const unit = chosenUnit(view);
    return unit === null ? NOTHING : overSteps(visibleFrames(view), (frame) => scale(frame, key, view)[unit]);
  },
  pinned: ({key, place}, view) => overSteps(visibleFrames(view), (frame) => standardizedMeasure(frame, key, view)?.[place]),
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
function interpolatedScales(view) {
  const next = view.frames[view.frameIndex + 1] ?? view.frame;
  return /** @type {Scale[]} */ (["beta", "gamma"]).map((key) => {
    const [from, to] = [view.frame, next].map((frame) => scale(frame, key, view));
    return Array.from(from, (value, unit) => value + view.blend * (to[unit] - value));
  });
}

// --- axis ranges

/**
 * Of the compared arm alone, and of the one with fixed γ and β if `fixed`.
 * @param {Fit} values
 * @param {boolean} [withFixedArm]
 * @returns {Fit}
 */
const comparedFit =
  (values, withFixedArm = false) =>
  (frame, arm, view) =>
    arm === view.compared || (withFixedArm && arm === "fixed") ? values(frame, arm, view) : [];

/**
 * As far to one side of `middle` as to the other.
 * @param {Scale} key
 * @param {number} middle
 * @returns {Fit}
 */
const symmetricFit = (key, middle) =>
  comparedFit((frame, _, view) => {
    const deviations = finiteValues(scale(frame, key, view)).map((value) => Math.abs(value - middle));
    const reach = Math.max(0.05, ...deviations);
    return [middle - reach, middle + reach];
  });

/** @type {Record<string, Fit>} */
export const fits = {
  beta: comparedFit((frame, _, view) => scale(frame, "beta", view)),
  gamma: comparedFit((frame, _, view) => scale(frame, "gamma", view)),
  beta_even: symmetricFit("beta", 0),
  gamma_even: symmetricFit("gamma", 1),
  before_g: comparedFit((frame, arm, view) => [
    ...reach(standardizedFrame(frame), arm, {...view, tap: "normalized"}),
    ...reach(frame, arm, {...view, tap: "normalized"}),
  ]),
  after_g: comparedFit((frame, arm, view) => withAtom(frame, arm, {...view, tap: "activation"})),
  band_z: comparedFit(
    (frame, arm, view) => [
      ...(percentiles(frame, arm, "standardized", view) ?? []),
      ...percentiles(frame, arm, "normalized", view),
    ],
    true,
  ),
  band_a: comparedFit((frame, arm, view) => percentiles(frame, arm, "activation", view), true),
  normed_mean: comparedFit((frame, arm, view) => frame.arms[arm].unit_mean[view.tap][view.layer - 1], true),
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
