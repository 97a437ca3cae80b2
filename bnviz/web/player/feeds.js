// @ts-check
// How a trace is filled from the recording: one function a kind of feed, named in the figure's traces (bnviz.web.figures).
// Each gets what is on show and returns the trace's data; none changes anything.

import {RECENT_SNAPSHOTS} from "./constants.js";
import {edgesOf, listedLayers, stepsOf, valueCount} from "./layers.js";
import {centres, finite, histogramQuantile, mean, runningMedian, smooth, subsample, withoutZeros} from "./numbers.js";

/** @import {FeedFunction, Snapshot, Tap, Trace, View} from "./types" */
/** @typedef {{x: (number | null)[], y: (number | null)[]}} Outline */

const ROWS = 14; // ridges in a full ridgeline
const COLUMNS = 96; // of a heat map over time

/**
 * A measure [layers, …] of a signal, at one layer; undefined where it was not taken.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 * @param {View} view
 * @param {number} [layer]
 * @param {Tap} [tap]
 * @returns {any}
 */
export function row(frame, arm, key, view, layer = view.layer, tap = view.tap) {
  return /** @type {any} */ (frame.arms[arm])?.[key]?.[tap]?.[layer - 1];
}

/**
 * A measure of an arm that is one number; undefined where it was not taken.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 */
const measure = (frame, arm, key) => /** @type {any} */ (frame.arms[arm])?.[key];

/**
 * A measure [layers] of an arm at one layer; null where it was not taken or is not finite.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 * @param {number} layer
 */
export const layerValue = (frame, arm, key, layer) => finite(measure(frame, arm, key)?.[layer - 1]);

/**
 * The snapshots up to the one on show.
 * @param {View} view
 */
export const visibleFrames = (view) => view.frames.slice(0, view.frameIndex + 1);

/**
 * A number of one arm's, averaged over the last few snapshots up to one; null where there is none.
 * @param {Snapshot[]} frames
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {"test_accuracy" | "test_loss" | "train_accuracy"} key
 */
export const recentMean = (frames, frame, arm, key) => recentMeanAt(frames, frames.indexOf(frame), arm, key);

/**
 * The same up to the snapshot at an index.
 * @param {Snapshot[]} frames
 * @param {number} index
 * @param {string} arm
 * @param {"test_accuracy" | "test_loss" | "train_accuracy"} key
 */
export const recentMeanAt = (frames, index, arm, key) =>
  mean(frames.slice(Math.max(0, index + 1 - RECENT_SNAPSHOTS), index + 1).map((one) => one.arms[arm][key]));

/**
 * A line over steps; what is not finite is a gap.
 * @param {Snapshot[]} frames
 * @param {(frame: Snapshot) => unknown} value
 * @returns {Outline}
 */
export function overSteps(frames, value) {
  return {x: frames.map((frame) => frame.step), y: frames.map((frame) => finite(value(frame)))};
}

/**
 * One line a unit over steps in one trace, a gap after each.
 * @param {Snapshot[]} frames
 * @param {(frame: Snapshot) => ArrayLike<number>} rowOf
 * @returns {Outline}
 */
export function unitLines(frames, rowOf) {
  const rows = subsample(frames).map((frame) => ({step: frame.step, values: rowOf(frame)}));
  /** @type {Outline} */
  const outline = {x: [], y: []};
  for (let unit = 0; unit < (rows[0]?.values.length ?? 0); unit++) {
    for (const {step, values} of rows) {
      outline.x.push(step);
      outline.y.push(finite(values[unit]));
    }
    outline.x.push(null);
    outline.y.push(null);
  }
  return outline;
}

/** @type {Record<string, FeedFunction>} */
export const feeds = {
  // Every unit's line in one trace: a gap ends each unit.
  units: ({arm, key}, view) => unitLines(visibleFrames(view), (frame) => row(frame, arm, key, view)),

  "chosen-unit"({arm, key}, view) {
    if (view.unit === "pooled") return {x: [], y: []};
    return overSteps(visibleFrames(view), (frame) => row(frame, arm, key, view)[view.unit]);
  },

  series({arm, key, tap}, view) {
    const frames = visibleFrames(view).filter((frame) => measure(frame, arm, key));
    return overSteps(frames, (frame) => row(frame, arm, key, view, view.layer, tap));
  },

  scalar({arm, key}, view) {
    return overSteps(visibleFrames(view), (frame) => measure(frame, arm, key));
  },

  // A measure [layers] at one layer: the chosen one if none is named. With `window`, its running median over so many snapshots.
  layer({arm, key, layer, window}, view) {
    const {x, y} = overSteps(visibleFrames(view), (frame) => layerValue(frame, arm, key, layer ?? view.layer));
    return {x, y: window ? runningMedian(y, window) : y};
  },

  percentile({arm, place}, view) {
    return overSteps(visibleFrames(view), (frame) => percentile(frame, arm, place, view));
  },

  // All three of one layer's, pooled over units, in one trace.
  "layer-percentiles"({arm, layer}, view) {
    const frames = subsample(visibleFrames(view));
    /** @type {Outline} */
    const outline = {x: [], y: []};
    for (const place of [0, 1, 2]) {
      const {x, y} = overSteps(frames, (frame) => row(frame, arm, "percentiles", view, layer)[place]);
      outline.x.push(...x, null);
      outline.y.push(...y, null);
    }
    return outline;
  },

  "ridge-past"({arm}, view) {
    /** @type {Outline} */
    const outline = {x: [], y: []};
    for (const frame of pastRidges(view)) {
      ridge(outline, density(frame, arm, view), frame.step, arm, view);
      atom(outline, zeroShare(frame, arm, view), frame.step, view);
    }
    return outline;
  },

  "ridge-front"({arm}, view) {
    const {frame, blend} = view;
    const nextFrame = view.frames[view.frameIndex + 1];
    let heights = density(frame, arm, view);
    if (nextFrame && blend > 0) {
      const target = density(nextFrame, arm, view);
      heights = heights.map((height, bin) => height + blend * (target[bin] - height));
    }
    const step = interpolatedStep(view);
    return atom(ridge({x: [], y: []}, heights, step, arm, view), zeroShare(frame, arm, view), step, view);
  },

  "ridge-first"({arm}, view) {
    return ridge({x: [], y: []}, density(view.frames[0], arm, view), interpolatedStep(view), arm, view);
  },

  target(_, view) {
    return {x: [0, stepsOf(view)], y: [view.target, view.target]};
  },

  reached({arm}, view) {
    const frame = firstFrameAtAccuracy(visibleFrames(view), arm, view.target);
    return frame ? {x: [frame.step], y: [frame.arms[arm].test_accuracy]} : {x: [], y: []};
  },

  // One dot a unit: mean and spread on one minibatch, in standard deviations of the probe.
  minibatch({arm}, view) {
    const {means, spreads} = minibatch(view, arm);
    return {x: means, y: spreads};
  },

  // Two standard deviations of what independent draws would scatter; s has half the relative scatter of s².
  ellipse({arm}, view) {
    const frame = lastMinibatchFrame(view, arm);
    if (!frame) return {x: [], y: []};
    const spread = row(frame, arm, "variance_noise_theory", view, view.layer, "linear") / 2;
    const angles = Array.from({length: 49}, (_, index) => (index * Math.PI) / 24);
    return {
      x: angles.map((angle) => 2 * expectedNoise(view, frame) * Math.cos(angle)),
      y: angles.map((angle) => 1 + 2 * spread * Math.sin(angle)),
    };
  },

  // As far as is shown, and on to the end as it is now: it changes with the batch size.
  expected(_, view) {
    const frames = visibleFrames(view);
    const {x, y} = overSteps(frames, (frame) => expectedNoise(view, frame));
    return {x: [...x, stepsOf(view)], y: [...y, expectedNoise(view)]};
  },

  // Columns at even steps, so that Plotly may draw one smooth image. The atom at 0 is left out, the rest has its own scale.
  heat({arm, layer}, view) {
    const [borders, total] = [edgesOf(view, layer), stepsOf(view)];
    const x = Array.from({length: COLUMNS}, (_, index) => (index * total) / (COLUMNS - 1));
    const z = Array.from({length: borders.length - 1}, () => new Array(COLUMNS).fill(null));
    for (let column = 0, index = 0; column < COLUMNS && x[column] <= view.frame.step; column++) {
      while (index < view.frameIndex && view.frames[index + 1].step <= x[column]) index++;
      const frame = view.frames[index];
      const counts = withoutZeros(row(frame, arm, "counts", view, layer), borders, row(frame, arm, "zeros", view, layer));
      const highest = Math.max(1, ...counts);
      for (let bin = 0; bin < counts.length; bin++) z[bin][column] = counts[bin] / highest;
    }
    return {x, y: centres(borders), z, zmin: 0, zmax: 1};
  },
};

/**
 * A trace with its data.
 * @param {Trace} trace
 * @param {View} [view] what it is filled from; the board's come filled in
 */
export function fillTrace(trace, view) {
  const {feed} = trace;
  if (!feed || !view) return {...trace};
  return {...trace, ...(view.story.feeds?.[feed.kind] ?? feeds[feed.kind])(feed, view)};
}

/**
 * What the last minibatch that was measured says of each unit that is alive: by how many standard deviations of the probe its
 * mean is off, and its standard deviation in those of the probe.
 * @param {View} view
 * @param {string} arm
 */
export function minibatch(view, arm) {
  const frame = lastMinibatchFrame(view, arm);
  if (!frame) return {units: [], means: [], spreads: []};
  const measureOf = (/** @type {string} */ key) => row(frame, arm, key, view, view.layer, "linear");
  const [mean, std, batchMean, batchStd] = ["unit_mean", "unit_std", "minibatch_mean", "minibatch_std"].map(measureOf);
  /** @type {number[]} */
  const units = [...mean.keys()].filter((unit) => std[unit] > 0);
  const means = units.map((unit) => (batchMean[unit] - mean[unit]) / std[unit]);
  return {units, means, spreads: units.map((unit) => batchStd[unit] / std[unit])};
}

/**
 * The snapshots behind the one on show that have a ridge.
 * @param {View} view
 */
export function pastRidges(view) {
  const spacing = stepsOf(view) / ROWS;
  let next = 0;
  return view.frames.slice(0, view.frameIndex).filter(({step}) => {
    if (step < next) return false;
    next = step + spacing;
    return true;
  });
}

/**
 * The step on show, on its way to the next snapshot.
 * @param {View} view
 */
function interpolatedStep({frames, frame, frameIndex, blend}) {
  const nextFrame = frames[frameIndex + 1];
  return frame.step + (nextFrame ? blend * (nextFrame.step - frame.step) : 0);
}

/**
 * Counts of the chosen unit, or of all units.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 * @returns {ArrayLike<number> & Iterable<number>}
 */
export function histogram(frame, arm, view) {
  return (view.unit === "pooled" ? row(frame, arm, "counts", view) : row(frame, arm, "unit_counts", view)?.[view.unit]) ?? [];
}

/**
 * The share of the values that are exactly 0.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 * @returns {number}
 */
export function zeroShare(frame, arm, view) {
  const zeros = view.unit === "pooled" ? row(frame, arm, "zeros", view) : row(frame, arm, "unit_zeros", view)?.[view.unit];
  return (zeros ?? 0) / valueCount(view);
}

/**
 * Smoothed share of the values in each bin, those of exactly 0 left out.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 * @returns {number[]}
 */
export function density(frame, arm, view) {
  const histogramNow = histogram(frame, arm, view);
  if (!histogramNow.length) return []; // it was not taken
  const [total, edges] = [valueCount(view), edgesOf(view)];
  const counts = withoutZeros(histogramNow, edges, zeroShare(frame, arm, view) * total);
  return smooth(ofEvenBins(counts, edges, view).map((count) => count / total));
}

/**
 * The same of any layer, over all of its units, and the share of the values that are exactly 0.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} layer
 * @param {View} view
 */
export function layerDensity(frame, arm, layer, view) {
  const [total, edges] = [valueCount(view, layer, true), edgesOf(view, layer)];
  const zeros = row(frame, arm, "zeros", view, layer) ?? 0;
  const counts = withoutZeros(row(frame, arm, "counts", view, layer) ?? [], edges, zeros);
  return {heights: smooth(ofEvenBins(counts, edges, view).map((count) => count / total)), zeros: zeros / total};
}

/**
 * Counts that compare where bins are of different widths, as they may be in a user's own network: those of a part of each
 * bin that is as wide as the narrowest one.
 * @param {number[]} counts
 * @param {ArrayLike<number>} edges
 * @param {View} view
 */
function ofEvenBins(counts, edges, {header}) {
  if (!listedLayers(header)) return counts;
  const widths = counts.map((_, bin) => edges[bin + 1] - edges[bin]);
  const narrowest = Math.min(...widths);
  return counts.map((count, bin) => (count * narrowest) / widths[bin]);
}

/**
 * Append one ridge at `step`: heights go up, that is, towards earlier steps.
 * @param {Outline} outline
 * @param {number[]} heights
 * @param {number} step
 * @param {string} arm
 * @param {View} view
 */
function ridge(outline, heights, step, arm, view) {
  const x = centres(edgesOf(view));
  const nonzero = heights.map((height, bin) => height > 0 || heights[bin - 1] > 0 || heights[bin + 1] > 0);
  const first = nonzero.indexOf(true);
  const last = nonzero.lastIndexOf(true);
  if (first < 0) return outline;
  const tallest = view.tallest(arm);
  const scale = (2.2 * stepsOf(view)) / ROWS / tallest;
  outline.x.push(x[first]);
  outline.y.push(step);
  for (let bin = first; bin <= last; bin++) {
    outline.x.push(x[bin]);
    outline.y.push(step - Math.min(heights[bin], 1.4 * tallest) * scale);
  }
  outline.x.push(x[last], null);
  outline.y.push(step, null);
  return outline;
}

/**
 * Append ReLU's atom: a bar to the left of 0 whose length is the share of values that are exactly 0.
 * @param {Outline} outline
 * @param {number} share
 * @param {number} step
 * @param {View} view
 */
function atom(outline, share, step, view) {
  if (!share || !hasAtom(view)) return outline;
  const room = ATOM * view.widest;
  const from = -0.1 * room;
  const to = from - 0.9 * room * share;
  const high = (0.5 * stepsOf(view)) / ROWS;
  outline.x.push(from, to, to, from, from, null);
  outline.y.push(step, step, step - high, step - high, step, null);
  return outline;
}

/**
 * Whether values of exactly 0 are expected: ReLU's output has them.
 * @param {View} view
 */
export function hasAtom(view) {
  const {header, frames, layer} = view;
  if (view.tap !== "activation") return false;
  if (!listedLayers(header)) return header.experiment.activation === "relu";
  const least = VISIBLE_ATOM * valueCount(view, layer, true);
  return header.arms.some((/** @type {string} */ arm) => row(frames[0], arm, "zeros", view) > least);
}

const VISIBLE_ATOM = 0.02; // of the values, in the untrained network

export const ATOM = 0.22; // room for the atom's bar, as a share of the widest distribution

/**
 * The `place`-th of the recorded percentiles of the chosen unit (read off its histogram) or of all units.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {number} place
 * @param {View} view
 * @returns {number | null}
 */
export function percentile(frame, arm, place, view) {
  if (view.unit === "pooled") return row(frame, arm, "percentiles", view)?.[place] ?? null;
  const zeros = row(frame, arm, "unit_zeros", view)?.[view.unit] ?? 0;
  return histogramQuantile(histogram(frame, arm, view), edgesOf(view), view.header.percentiles[place] / 100, zeros);
}

/**
 * The first snapshot at which the arm reaches an accuracy.
 * @param {Snapshot[]} frames
 * @param {string} arm
 * @param {number} target
 */
export const firstFrameAtAccuracy = (frames, arm, target) =>
  frames.find((frame) => Number(frame.arms[arm].test_accuracy ?? -1) >= target);

/**
 * The newest snapshot up to the one on show at which `arm` was measured on a minibatch.
 * @param {View} view
 * @param {string} arm
 */
export const lastMinibatchFrame = (view, arm) => visibleFrames(view).findLast((frame) => frame.arms[arm].minibatch_mean) ?? null;

/**
 * By how much the means of groups scatter that are drawn independently, in standard deviations.
 * @param {View} view
 * @param {Snapshot} [frame]
 */
export const expectedNoise = (view, frame = view.frame) => samplingError(view, groupSize(view, frame));

/**
 * The standard deviation, in σ, of the difference between the mean over so many examples and the mean over the probe, if both are
 * drawn independently: each has an error of its own.
 * @param {View} view
 * @param {number} examples
 */
export const samplingError = (view, examples) => Math.sqrt(1 / examples + 1 / view.header.probe_size);

export const NEARLY_FIXED = 0.7; // of what theory predicts: less, and the mean over a minibatch can hardly vary

/**
 * How many examples are normalized together in the minibatch that comes after a snapshot.
 * @param {View} view
 * @param {Snapshot} [frame]
 */
export const groupSize = (view, frame = view.frame) => Number(frame.group_size ?? view.header.group_size);
