// @ts-check
// What fills the panel of the law: the error of the running mean over momentum at the step on show, and over steps.

import {overSteps} from "../../web/player/feeds.js";
import {errorOf, lowest, momenta} from "./law.js";
import {averaging, evaluationOf, lawOf, measuredFrame, measuredFrames, partsOf, wasFrozen} from "./reading.js";

/** @import {Bound, FeedFunction, Fit, Snapshot, View} from "../../web/player/types" */

const NOTHING = {x: [], y: []};
const AVERAGES_A_DECADE = 4; // of momenta; each takes an average of its own

/**
 * By the law, at every momentum.
 * @param {View} view
 * @param {Snapshot} frame
 */
export function lawCurve(view, frame) {
  const {terms, average} = lawOf(view, frame, view.layer);
  return momenta().map((momentum) => ({momentum, error: errorOf(terms, {...average, momentum})}));
}

/**
 * What this run's own true means give when they are averaged at every momentum, with the same noise and offset.
 * @param {View} view
 * @param {Snapshot} frame
 */
export const averagedCurve = (view, frame) =>
  momenta(AVERAGES_A_DECADE).map((momentum) => {
    const {start, drift, noise, offset} = partsOf(view, frame, view.layer, momentum);
    return {momentum, error: Math.hypot(start, drift, noise, offset)};
  });

/**
 * By the law, at the run's momentum.
 * @param {View} view
 * @param {Snapshot} frame
 */
export function lawHere(view, frame) {
  const {terms, average} = lawOf(view, frame, view.layer);
  return errorOf(terms, average);
}

/**
 * What the panel's words say.
 * @param {View} view
 * @param {Snapshot} frame
 */
export function lawNumbers(view, frame) {
  const {terms, average} = lawOf(view, frame, view.layer);
  const [byLaw, averaged] = [lawCurve, averagedCurve].map((curve) => lowest(curve(view, frame)));
  return {...terms, law: errorOf(terms, average), measured: partsOf(view, frame, view.layer).measured, byLaw, averaged};
}

/**
 * A curve over momentum at the last measurement.
 * @param {(view: View, frame: Snapshot) => {momentum: number, error: number}[]} curve
 * @returns {FeedFunction}
 */
const overMomentum = (curve) => (_, view) => {
  const frame = measuredFrame(view);
  if (!frame || !frame.step) return NOTHING;
  const points = curve(view, frame);
  return {x: points.map(({momentum}) => momentum), y: points.map(({error}) => positive(error))};
};

/**
 * A curve over momentum; none of statistics that were frozen, and so are no average.
 * @param {(view: View, frame: Snapshot) => {momentum: number, error: number}[]} curve
 * @returns {typeof curve}
 */
function unlessFrozen(curve) {
  return (view, frame) => (wasFrozen(view, frame) ? [] : curve(view, frame));
}

/** On an axis of logarithms nothing else has a place. @param {number} value */
const positive = (value) => (value > 0 && Number.isFinite(value) ? value : null);

/** @type {Record<string, FeedFunction>} */
export const lawFeeds = {
  law: overMomentum(unlessFrozen(lawCurve)),
  averaged: overMomentum(unlessFrozen(averagedCurve)),
  "law-measured": overMomentum((view, frame) => [
    {momentum: averaging(view).momentum, error: partsOf(view, frame, view.layer).measured},
  ]),
  "law-steps": (_, view) =>
    overSteps(measuredFrames(view), (frame) => (wasFrozen(view, frame) ? null : positive(lawHere(view, frame)))),
};

/** @type {Record<string, Fit>} */
export const lawFits = {
  law(frame, arm, view) {
    if (arm !== view.compared || !frame.step || !evaluationOf(frame, view)) return [];
    const curves = wasFrozen(view, frame) ? [] : [...lawCurve(view, frame), ...averagedCurve(view, frame)];
    const errors = [...curves.map(({error}) => error), partsOf(view, frame, view.layer).measured];
    return errors.map((error) => Math.log10(error));
  },
};

/** @type {Record<string, Bound>} */
export const lawBounds = {law: () => [-4, 1.3]};
