// @ts-check
// The time line: where on the scrubber a step is, while part of the run has not arrived yet.

/**
 * @typedef {object} Timeline
 * @property {{step: number}[]} frames the snapshots that have arrived
 * @property {number} expected how many the finished run will have
 * @property {number} steps of the finished run
 */

/**
 * Where a step is on the scrubber: 0…1. Beyond the newest snapshot it is interpolated.
 * @param {number} step
 * @param {Timeline} timeline
 */
export function shareOf(step, {frames, expected, steps}) {
  const last = expected - 1;
  const index = frames.findIndex((frame) => frame.step >= step);
  if (index >= 0) return index / last;
  const newest = frames.at(-1)?.step ?? 0;
  const left = steps - newest;
  return left > 0 ? (frames.length - 1 + ((step - newest) / left) * (last - frames.length + 1)) / last : 1;
}

/**
 * The step of the snapshot at a share of the scrubber.
 * @param {number} share 0…1
 * @param {Timeline} timeline
 */
export function stepAt(share, {frames, expected, steps}) {
  return frames[Math.round(share * (expected - 1))]?.step ?? Math.round(share * steps);
}
