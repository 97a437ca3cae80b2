// @ts-check
// What the running mean of a layer is wrong by, and which cause it is: nothing here knows a page.
//
// With r the running mean, µ the true one and n a minibatch's deviation from it, after t steps of r ← (1 − m) r + m (µ + n):
// r − µ(t) = (1 − m)^t (r(0) − µ(t))  +  Σ m (1 − m)^(t−1−s) (µ(s) − µ(t))  +  Σ m (1 − m)^(t−1−s) n(s)
//            start                       drift                                noise
// Above layer 1 the mean of n is not 0, as inputs were normalized by their own minibatch. That mean is the offset.

/** @typedef {ArrayLike<number> & Iterable<number>} Row */
/** @typedef {{step: number, mean: Row}} Means true means [width] at a snapshot */
/** @typedef {"none" | "start" | "drift" | "noise" | "offset" | "bessel" | "data" | "batch"} Cause */
/** @typedef {Record<"minibatch" | "running" | "recomputed" | "own" | "uncorrected", number>} Scores from 0 to 1, the best */
/** @typedef {{start: number, drift: number, noise: number, offset: number}} Terms of a running mean's error */

export const CLEARLY = 0.03; // of a share: what differs less is not called a difference

/** @param {number[]} values */
export const rootMeanSquare = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

/**
 * The running average of a layer's true means, as it would be without noise. Between two snapshots a true mean moves evenly.
 */
export class Course {
  /**
   * @param {Means} first
   * @param {number} momentum
   * @param {boolean} from0 whether the running mean was 0 at first, or right
   */
  constructor(first, momentum, from0) {
    this.momentum = momentum;
    this.from0 = from0;
    this.first = first.step;
    this.last = first;
    this.running = Array.from(first.mean, (mean) => (from0 ? 0 : mean));
  }

  /** @param {Means} next */
  advance(next) {
    const {last, momentum} = this;
    const steps = next.step - last.step;
    const left = (1 - momentum) ** steps;
    this.running = this.running.map((value, unit) => {
      const slope = (next.mean[unit] - last.mean[unit]) / steps;
      const behind = last.mean[unit] - slope / momentum; // what an old average would be, of a mean that always moved like this
      return behind + slope * steps + left * (value - behind);
    });
    this.last = next;
  }

  /** What weight the start still has, and what drift has made of the running mean: root mean square over units. */
  parts() {
    const steps = this.last.step - this.first;
    const left = this.from0 ? (1 - this.momentum) ** steps : 0;
    const drift = this.running.map((value, unit) => value - (1 - left) * this.last.mean[unit]);
    return {steps, left, drift: rootMeanSquare(drift)};
  }
}

/**
 * `Course.parts` at the last of `snapshots`.
 * @param {Means[]} snapshots
 * @param {number} momentum
 * @param {boolean} from0
 */
export function partsAt(snapshots, momentum, from0) {
  const course = new Course(snapshots[0], momentum, from0);
  for (const snapshot of snapshots.slice(1)) course.advance(snapshot);
  return course.parts();
}

/**
 * What is left of the noise of minibatches' means in their running average after so many steps: in the end noise √(m / (2 − m)).
 * @param {number} noise standard deviation of a minibatch's mean
 * @param {number} momentum
 * @param {number} steps
 */
export const noiseLeft = (noise, momentum, steps) =>
  noise * Math.sqrt((momentum / (2 - momentum)) * (1 - (1 - momentum) ** (2 * steps)));

/**
 * The cause, told from what the views score and from the terms of the running mean's error over all layers.
 *
 * Bessel's correction is the one cause that a view takes away alone, so that view's gain decides, not a term.
 * @param {Scores} scores
 * @param {Terms} terms
 * @returns {Cause}
 */
export function causeOf({minibatch, running, recomputed, own, uncorrected}, terms) {
  const gain = recomputed - running;
  const beyond = own - Math.max(running, recomputed);
  if (beyond >= CLEARLY && beyond >= gain) return "data";
  if (gain >= CLEARLY) return uncorrected - running >= Math.max(CLEARLY, gain / 2) ? "bessel" : largest(terms);
  return recomputed - minibatch >= CLEARLY ? "batch" : "none";
}

/** @param {Terms} terms */
function largest(terms) {
  const names = /** @type {(keyof Terms)[]} */ (["start", "drift", "noise", "offset"]);
  return names.reduce((most, name) => (terms[name] > terms[most] ? name : most));
}
