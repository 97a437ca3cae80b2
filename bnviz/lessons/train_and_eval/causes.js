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
/** @typedef {{length: number, position: number}} Epoch examples over batch size, and how many minibatches are over */

const STEADY = 3; // measurements in a row that name one cause
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
    this.steps = 0; // that it has averaged over
    this.until = first.step; // the last of them
    this.last = first;
    this.running = Array.from(first.mean, (mean) => (from0 ? 0 : mean));
  }

  /**
   * @param {Means} next
   * @param {boolean} [frozen] whether running statistics have stayed as they were
   */
  advance(next, frozen = false) {
    if (!frozen) this.average(next);
    this.last = next;
  }

  /** @param {Means} next */
  average(next) {
    const {last, momentum} = this;
    const steps = next.step - last.step;
    const left = (1 - momentum) ** steps;
    this.running = this.running.map((value, unit) => {
      const slope = (next.mean[unit] - last.mean[unit]) / steps;
      const behind = last.mean[unit] - slope / momentum; // what an old average would be, of a mean that always moved like this
      return behind + slope * steps + left * (value - behind);
    });
    this.steps += steps;
    this.until = next.step;
  }

  /** What weight the start still has, and what drift has made of the running mean: root mean square over units. */
  parts() {
    const {steps, until} = this;
    const left = this.from0 ? (1 - this.momentum) ** steps : 0;
    const drift = this.running.map((value, unit) => value - (1 - left) * this.last.mean[unit]);
    return {steps, until, left, drift: rootMeanSquare(drift)};
  }
}

/**
 * `Course.parts` at the last of `snapshots`.
 * @param {Means[]} snapshots
 * @param {number} momentum
 * @param {boolean} from0
 * @param {number[]} [frozen] steps of snapshots before which running statistics have stayed as they were
 */
export function partsAt(snapshots, momentum, from0, frozen = []) {
  const course = new Course(snapshots[0], momentum, from0);
  for (const snapshot of snapshots.slice(1)) course.advance(snapshot, frozen.includes(snapshot.step));
  return course.parts();
}

/**
 * What is left of the noise of minibatches' means in their running average after so many of them: of independent ones
 * noise √(m / (2 − m)) in the end. Those of one epoch share no example, so what the first ones have too much of, the last ones
 * lack: the means of two have the covariance −noise² / length of the epoch.
 * @param {number} noise standard deviation of the mean of as many independent examples
 * @param {number} momentum
 * @param {number} count
 * @param {Epoch} [epoch] left out: independent minibatches
 */
export function noiseLeft(noise, momentum, count, epoch) {
  const left = 1 - momentum;
  const squares = (momentum / (2 - momentum)) * (1 - left ** (2 * count)); // of every minibatch's weight
  const together = epoch ? squaresByEpoch(left, count, epoch) / epoch.length : 0;
  return noise * Math.sqrt(Math.max(0, squares - together));
}

/**
 * The sum over epochs of the square of what their minibatches weigh together: the last epoch so far, whole ones, and the first.
 * @param {number} left of a running mean after an update
 * @param {number} count
 * @param {Epoch} epoch
 */
function squaresByEpoch(left, count, {length, position}) {
  const whole = Math.floor(length);
  const now = Math.min(position, count);
  const epochs = Math.floor((count - now) / whole);
  const first = left ** (now + epochs * whole) - left ** count;
  const past = ((1 - left ** whole) / (1 + left ** whole)) * (1 - left ** (2 * whole * epochs));
  return (1 - left ** now) ** 2 + left ** (2 * now) * past + first ** 2;
}

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

/**
 * What may be said of the causes of one measurement after another: the one that holds still, or else that it is too early, or
 * that they change. The end of a run is not early, and has a cause in any case.
 * @param {Cause[]} causes
 * @param {boolean} isEnd
 * @returns {Cause | "early" | "open"}
 */
export function steadyCause(causes, isEnd) {
  const last = causes[causes.length - 1];
  if (isEnd) return last;
  if (causes.length < STEADY) return "early";
  return causes.slice(-STEADY).every((one) => one === last) ? last : "open";
}

/** @param {Terms} terms */
function largest(terms) {
  const names = /** @type {(keyof Terms)[]} */ (["start", "drift", "noise", "offset"]);
  return names.reduce((most, name) => (terms[name] > terms[most] ? name : most));
}
