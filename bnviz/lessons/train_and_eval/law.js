// @ts-check
// The law of a running mean's error, at every momentum m: nothing here knows a page.
//
// After t steps r is off by the start, (1 − m)^t of its first error, by drift and by noise (causes.js). Drift and noise have
// closed forms.
//
// Drift. A mean of j steps ago has the weight m (1 − m)^j and is missed by j d, if the true mean moves by d a step. That makes
// d (1 − m) / m when the average has just taken the mean in. The network is measured one step later, which adds d: d / m.
// This needs a d that is constant over the last 1 / m steps. With a drift that is measured over these steps, a mean that turns
// back is off by less: by no less than 1 / √2 of that, which is what independent steps of size s give, s / √(m (2 − m)).
//
// Noise. A mean of a minibatch with standard deviation n adds n √(Σ m² (1 − m)^2j) = n √(m / (2 − m)), if minibatches are
// independent. Those of an epoch are drawn without replacement, so that their noise cancels in part: `noiseLeft`. And it needs
// minibatches whose means are the true one on average. Above layer 1 they are not: what a layer receives was normalized by each
// minibatch's own statistics. That offset no momentum takes away.

import {noiseLeft} from "./causes.js";

/** @typedef {{size: number, drift: number, noise: number, offset: number}} Terms in σ: true mean, drift a step, noise, offset */
/** @typedef {{momentum: number, updates: number, steps: number, epoch?: import("./causes.js").Epoch}} Average updates a step */

const A_DECADE = 16; // points of a curve

/** From 0.001 to 1. */
export const momenta = (aDecade = A_DECADE) =>
  Array.from({length: 3 * aDecade + 1}, (_, index) => Number((10 ** (index / aDecade - 3)).toPrecision(6)));

/** Momentum of all updates of a step together. @param {Average} average */
export const momentumOfStep = ({momentum, updates}) => 1 - (1 - momentum) ** updates;

/**
 * How many steps' drift a running mean lags behind: 1 / m, less while it is young.
 * @param {Average} average
 */
export function lag(average) {
  const momentum = momentumOfStep(average);
  const left = (1 - momentum) ** average.steps;
  return (1 - left) / momentum - average.steps * left;
}

/**
 * Root mean square error of a running mean that started at 0: of independent parts.
 * @param {Terms} terms
 * @param {Average} average
 */
export function errorOf({size, drift, noise, offset}, average) {
  const left = (1 - momentumOfStep(average)) ** average.steps;
  const scatter = noiseLeft(noise, average.momentum, average.updates * average.steps, average.epoch);
  return Math.hypot(left * size, drift * lag(average), scatter, (1 - left) * offset);
}

/**
 * The momentum of the smallest error.
 * @param {{momentum: number, error: number}[]} curve
 */
export const lowest = (curve) => curve.reduce((best, one) => (one.error < best.error ? one : best));
