// @ts-check
// Axis ranges that hold for the whole recording, so that axes stay still while the data moves. Each kind looks at one snapshot
// at a time and widens a range. If an arm diverges, axes reach a few times as far as the other arm, and its line leaves them.

import {DIVERGED_REACH, VISIBLE_SHARE} from "./constants.js";
import {ATOM, density, expectedNoise, hasAtom, layerValue, percentile} from "./feeds.js";
import {edgesOf, listedLayers} from "./layers.js";
import {extent, sum} from "./numbers.js";

/** @import {Fit, Ranges, View} from "./types" */
/** @typedef {{low: number, high: number, diverged: boolean, peaks: number[], tallest?: {count: number, value: number}}} Reach */
/** @typedef {{frameCount: number, arms: Record<string, Reach>}} RangeState the range over so many snapshots, by arm */

const MAX_CACHED = 200; // ranges: those of the panels in sight, for a few choices

/** @type {Record<string, Fit>} */
export const fits = {
  unit_mean: (frame, arm, view) => frame.arms[arm].unit_mean[view.tap][view.layer - 1],
  percentiles: (frame, arm, view) => [0, 1, 2].map((place) => percentile(frame, arm, place, view)),
  shift_from_first: (frame, arm, view) => [frame.arms[arm].shift_from_first[view.tap][view.layer - 1]],
  shift_step: (frame, arm, view) => [frame.arms[arm].shift_step[view.tap][view.layer - 1]],
  mean_noise: (frame, arm, view) => [frame.arms[arm].mean_noise?.linear[view.layer - 1] ?? 0, 1.3 * expectedNoise(view, frame)],
  train_loss: (frame, arm) => [frame.arms[arm].train_loss],
  accuracy: (frame, arm) => [frame.arms[arm].test_accuracy],
  test_accuracy: (frame, arm, view) => [frame.arms[arm].test_accuracy, view.target],
  test_loss: (frame, arm) => [frame.arms[arm].test_loss],
  histogram: (frame, arm, view) => extent(density(frame, arm, view), edgesOf(view), VISIBLE_SHARE),
  heat: (frame, arm, view) =>
    frame.arms[arm].counts[view.tap].flatMap((/** @type {ArrayLike<number> & Iterable<number>} */ counts) =>
      extent(shares(counts), edgesOf(view), VISIBLE_SHARE),
    ),
};

/**
 * A measure [layers] at the chosen layer.
 * @param {string} key
 * @returns {Fit}
 */
export const layerFit = (key) => (frame, arm, view) => [layerValue(frame, arm, key, view.layer)];

/**
 * A measure [layers] at all layers from `first` on.
 * @param {string} key
 * @param {number} [first]
 * @returns {Fit}
 */
export const layersFit =
  (key, first = 1) =>
  (frame, arm, {header: {hidden_layers: last}}) =>
    Array.from({length: last - first + 1}, (_, index) => layerValue(frame, arm, key, first + index));

/**
 * The fit that an axis names: one of the story's, one of those above, or "layer:KEY" or "layers:KEY" for any measure [layers].
 * @param {string} kind
 * @param {View} view
 * @returns {Fit}
 */
function fitOf(kind, {story}) {
  const fit = story.fits?.[kind] ?? fits[kind];
  if (fit) return fit;
  const [scope, key] = kind.split(":");
  if (!key) throw new Error(`there is no fit "${kind}"`);
  return scope === "layers" ? layersFit(key) : layerFit(key);
}

/** @param {ArrayLike<number> & Iterable<number>} counts */
function shares(counts) {
  const total = sum(counts) || 1;
  return Array.from(counts, (count) => count / total);
}

/**
 * The furthest that an axis may reach.
 * @param {string} kind
 * @param {View} view
 * @returns {[number, number]}
 */
export function bounds(kind, view) {
  const edges = edgesOf(view);
  const low = edges[0];
  const high = edges[edges.length - 1];
  if (kind === "unit_mean" || kind === "percentiles") return [low - (high - low) / 2, high + (high - low)];
  if (kind === "train_loss") return [0, 3 * (view.frames[0].arms[view.header.arms[0]].train_loss ?? 3)];
  if (kind === "accuracy" || kind === "test_accuracy") return [0, 1];
  if (kind === "histogram" || kind === "heat") return [low, high];
  if (kind.includes(":")) return [-Infinity, Infinity]; // of any measure
  return [0, 12];
}

/** @implements {Ranges} */
export class Fits {
  constructor() {
    this.run = "";
    /** @type {Map<string, RangeState>} by kind and choices: an LRU cache, the least recently used first */
    this.cache = new Map();
  }

  /**
   * [low, high] over all snapshots that have arrived, with a little room; null while there is nothing to go by.
   * @param {string} kind
   * @param {View} view
   * @returns {[number, number] | null}
   */
  range(kind, view) {
    const arms = Object.values(this.stateWithAllFrames(kind, view).arms).filter(({low, high}) => high >= low);
    if (!arms.length) return null;
    const [floor, ceiling] = view.story.bounds?.[kind]?.(view) ?? bounds(kind, view);
    const calm = arms.filter(({diverged}) => !diverged);
    const tallest = Math.max(...calm.map(({high}) => high)); // below 0 of an axis of logarithms, where 3 times as far is nearer
    const reach = calm.length < arms.length && tallest > 0 ? DIVERGED_REACH * tallest : Infinity;
    const low = Math.max(Math.min(...arms.map((arm) => arm.low)), floor);
    const high = Math.max(low, Math.min(Math.max(...arms.map((arm) => arm.high)), ceiling, reach));
    return withRoom(kind, low, high, floor, view);
  }

  /**
   * The 90th percentile over snapshots of the highest point of an arm's density.
   * @param {string} arm
   * @param {View} view
   */
  tallest(arm, view) {
    const reach = this.stateWithAllFrames("tallest", view).arms[arm];
    const {peaks} = reach;
    if (reach.tallest?.count !== peaks.length) {
      const sorted = peaks.toSorted((a, b) => a - b); // every ridge needs it, so it is sorted once for as many snapshots
      reach.tallest = {count: peaks.length, value: sorted[Math.floor(0.9 * (peaks.length - 1))] || 1};
    }
    return reach.tallest.value;
  }

  /**
   * @param {string} kind
   * @param {View} view
   */
  stateWithAllFrames(kind, view) {
    const state = this.cachedState(kind, view);
    if (state.frameCount > view.frames.length) state.frameCount = 0; // some of a long recording have been left out since
    for (; state.frameCount < view.frames.length; state.frameCount++) this.addFrame(kind, view, state);
    return state;
  }

  /**
   * Widen the range by one more snapshot.
   * @param {string} kind
   * @param {View} view
   * @param {RangeState} state
   */
  addFrame(kind, view, state) {
    const frame = view.frames[state.frameCount];
    for (const arm of view.header.arms) {
      const reach = state.arms[arm];
      if (kind === "tallest") reach.peaks.push(Math.max(...density(frame, arm, view)));
      else widen(reach, fitOf(kind, view)(frame, arm, view));
      reach.diverged ||= !listedLayers(view.header) && !Number.isFinite(frame.arms[arm].train_loss);
    }
  }

  /**
   * The range of this kind for these choices, as far as it is computed. Another run clears the cache.
   * @param {string} kind
   * @param {View} view
   * @returns {RangeState}
   */
  cachedState(kind, view) {
    if (this.run !== view.run) this.cache.clear();
    this.run = view.run;
    const key = `${kind} ${view.choices}`;
    /** @type {() => Reach} */
    const fresh = () => ({low: Infinity, high: -Infinity, peaks: [], diverged: false});
    const state = this.cache.get(key) ?? {
      frameCount: 0,
      arms: Object.fromEntries(view.header.arms.map((/** @type {string} */ arm) => [arm, fresh()])),
    };
    this.cache.delete(key);
    this.cache.set(key, state);
    if (this.cache.size > MAX_CACHED) this.cache.delete(String(this.cache.keys().next().value));
    return state;
  }
}

/**
 * @param {string} kind
 * @param {number} low
 * @param {number} high
 * @param {number} floor
 * @param {View} view
 * @returns {[number, number]}
 */
function withRoom(kind, low, high, floor, view) {
  const room = 0.05 * (high - low) || 0.5;
  if (kind === "histogram" && hasAtom(view)) return [-ATOM * high, high + room];
  if (kind === "test_accuracy") return [low - room, Math.min(high + room, 1.02)];
  const fromFloor = floor === 0 && kind !== "histogram" && kind !== "heat" && low < high / 2;
  return [fromFloor ? 0 : low - room, high + room];
}

/**
 * @param {Reach} reach
 * @param {Iterable<number | null | undefined>} values
 */
function widen(reach, values) {
  for (const value of values) {
    if (typeof value !== "number" || !Number.isFinite(value)) continue;
    if (value < reach.low) reach.low = value;
    if (value > reach.high) reach.high = value;
  }
}
