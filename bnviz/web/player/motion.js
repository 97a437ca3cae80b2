// @ts-check
// How far layers and units move from snapshot to snapshot: numbers for the picture of the networks.

import {OUTLIER_RATIO, RECENT_SNAPSHOTS, TYPICAL_MOTION, UNIT_STEP_PARTS} from "./constants.js";
import {median, quantile, sum} from "./numbers.js";

/** @import {Motion, Snapshot, Tap, View} from "./types" */

const LAYER_KEYS = /** @type {const} */ ({distribution: "shift_step", example: "example_step_in_training"});

/**
 * The motions that a recording holds: older ones do not have those of the same examples.
 * @param {Pick<View, "frames" | "header">} recording
 * @returns {Motion[]}
 */
export function motionsOf({frames, header}) {
  const hasExamples = header.arms.slice(0, 2).every((arm) => frames[0].arms[arm].unit_example_step !== undefined);
  return hasExamples ? ["distribution", "example"] : ["distribution"];
}

/**
 * How far a layer has moved since the snapshot before, in σ of then: the mean shift of its units' distributions, or the root mean
 * square of how far the same examples' values have moved within minibatches of training.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {Motion} motion
 * @param {Tap} tap
 * @param {number} layer counted from 1
 * @returns {number}
 */
export const layerMotion = (frame, arm, motion, tap, layer) => of(frame, arm, LAYER_KEYS[motion], tap, layer);

/**
 * The same of each unit of a layer, at a snapshot; of the untrained network there is none.
 * @param {Pick<View, "frames" | "tap" | "header" | "motion">} view
 * @param {string} arm
 * @param {number} layer counted from 1
 * @param {number} frameIndex
 * @returns {number[]}
 */
export function unitMotions({frames, tap, header, motion}, arm, layer, frameIndex) {
  if (frameIndex === 0) return new Array(header.experiment.width).fill(0);
  const [before, now] = [frames[frameIndex - 1], frames[frameIndex]];
  if (motion === "distribution") return unitMotion(before, now, arm, tap, layer, layerStd(frames[0], arm, tap, layer));
  const whole = layerMotion(now, arm, motion, tap, layer);
  return Array.from(of(now, arm, "unit_example_step", tap, layer), (share) => (share / UNIT_STEP_PARTS) * whole);
}

/**
 * How far each unit of a layer has moved between two snapshots: the 2-Wasserstein distance of normal distributions with its means
 * and standard deviations (Dowson & Landau 1982), in `scale`.
 * @param {Snapshot} before
 * @param {Snapshot} now
 * @param {string} arm
 * @param {Tap} tap
 * @param {number} layer counted from 1
 * @param {number} scale see `layerStd`
 * @returns {number[]}
 */
export function unitMotion(before, now, arm, tap, layer, scale) {
  const [mean, std] = ["unit_mean", "unit_std"].map((key) => of(now, arm, key, tap, layer));
  const [oldMean, oldStd] = ["unit_mean", "unit_std"].map((key) => of(before, arm, key, tap, layer));
  return Array.from(mean, (value, unit) => Math.hypot(value - oldMean[unit], std[unit] - oldStd[unit]) / scale);
}

/**
 * How far the same examples' values of a layer move in training from snapshot to snapshot, in σ: the median over `frames`; null
 * where it was not measured.
 * @param {Snapshot[]} frames
 * @param {string} arm
 * @param {Tap} tap
 * @param {number} layer counted from 1
 */
export const exampleStep = (frames, arm, tap, layer) =>
  median(frames.map((frame) => /** @type {any} */ (frame.arms[arm]).example_step_in_training?.[tap][layer - 1] ?? null));

/**
 * σ of a layer: the root mean square of its units' standard deviations, of the untrained network.
 * @param {Snapshot} first
 * @param {string} arm
 * @param {Tap} tap
 * @param {number} layer
 */
export function layerStd(first, arm, tap, layer) {
  const std = of(first, arm, "unit_std", tap, layer);
  return Math.sqrt(sum(Array.from(std, (value) => value * value)) / std.length) || 1;
}

/**
 * The share of a layer's motion that the next layer shows, over the last few snapshots up to the one on show; null while nothing
 * has moved, or nothing can be said.
 * @param {Pick<View, "frames" | "frameIndex" | "tap" | "motion">} view
 * @param {string} arm
 * @param {number} layer
 * @returns {number | null}
 */
export function passedOn({frames, frameIndex, tap, motion}, arm, layer) {
  const recent = frames.slice(Math.max(1, frameIndex + 1 - RECENT_SNAPSHOTS), frameIndex + 1);
  const [below, above] = [layer, layer + 1].map((number) =>
    recent.reduce((total, frame) => total + layerMotion(frame, arm, motion, tap, number), 0),
  );
  return below > 0 && Number.isFinite(above / below) ? above / below : null;
}

/**
 * A quantile over all snapshots that have arrived, each looked at once: what colours and heights are measured by, so that they
 * mean the same in both networks and at every step.
 */
export class Scale {
  /**
   * @param {number} share 0…1, which quantile
   */
  constructor(share) {
    this.share = share;
    this.key = "";
    this.count = 0;
    /** @type {number[]} */
    this.values = [];
    this.value = 1;
  }

  /**
   * @param {string} key the run, and whatever else the values depend on
   * @param {Snapshot[]} frames
   * @param {(frame: Snapshot) => Iterable<number>} valuesOf
   */
  upTo(key, frames, valuesOf) {
    if (this.key !== key || this.count > frames.length) Object.assign(this, {key, count: 0, values: [], value: 1});
    if (this.count === frames.length) return this.value;
    for (; this.count < frames.length; this.count++) this.values.push(...valuesOf(frames[this.count]));
    this.value = quantile(this.values, this.share) || 1;
    return this.value;
  }
}

/**
 * What the motion of several networks is measured by, from what is usual in each and in all together: that, unless one of them
 * flies apart. One that hardly moves is no reason.
 * @param {number[]} own in σ
 * @param {number} all
 */
export function common(own, all) {
  const [least, most] = [Math.min(...own), Math.max(...own)];
  return most > OUTLIER_RATIO * Math.max(least, TYPICAL_MOTION) ? least : all;
}

/**
 * What colours of several networks are measured by: one scale for all of them, in which none that has diverged, or is about to,
 * makes the others' motion invisible.
 */
export class CommonScale {
  /**
   * @param {number} share 0…1, which quantile
   */
  constructor(share) {
    this.share = share;
    this.all = new Scale(share);
    /** @type {Map<string, Scale>} */
    this.own = new Map();
  }

  /**
   * @param {string} key as in `Scale`
   * @param {Snapshot[]} frames
   * @param {string[]} arms
   * @param {(frame: Snapshot, arm: string) => number[]} valuesOf
   */
  upTo(key, frames, arms, valuesOf) {
    const own = arms.map((arm) => this.of(arm).upTo(key, frames, (frame) => valuesOf(frame, arm)));
    const all = this.all.upTo(`${key} ${arms}`, frames, (frame) => arms.flatMap((arm) => valuesOf(frame, arm)));
    return common(own, all);
  }

  /** @param {string} arm */
  of(arm) {
    const scale = this.own.get(arm) ?? new Scale(this.share);
    this.own.set(arm, scale);
    return scale;
  }
}

/**
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {string} key
 * @param {Tap} tap
 * @param {number} layer
 * @returns {any}
 */
const of = (frame, arm, key, tap, layer) => /** @type {any} */ (frame.arms[arm])[key][tap][layer - 1];
