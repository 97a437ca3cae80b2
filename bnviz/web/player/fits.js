// Axis ranges that hold for the whole recording, so that axes stand still while the data moves. Each kind looks at one snapshot
// at a time and widens a range. If an arm diverges, axes reach a few times as far as the other arm, and it is seen to leave them.

import {ATOM, density, hasAtom, percentile} from "./feeds.js";

const values = {
  unit_mean: (frame, arm, view) => frame.arms[arm].unit_mean[view.tap][view.layer - 1],
  percentiles: (frame, arm, view) => [0, 1, 2].map((place) => percentile(frame, arm, place, view)),
  shift_from_first: (frame, arm, view) => [frame.arms[arm].shift_from_first[view.tap][view.layer - 1]],
  shift_step: (frame, arm, view) => [frame.arms[arm].shift_step[view.tap][view.layer - 1]],
  mean_noise: (frame, arm, view) => [frame.arms[arm].mean_noise?.linear[view.layer - 1] ?? 0, 1.3 / Math.sqrt(view.header.group_size)],
  train_loss: (frame, arm) => [frame.arms[arm].train_loss],
  test_accuracy: (frame, arm, view) => [frame.arms[arm].test_accuracy, view.target],
  histogram: (frame, arm, view) => filled(density(frame, arm, view), view.header.edges[view.tap], 0.004),
  heat: (frame, arm, view) => view.header.edges[view.tap].length
    ? frame.arms[arm].counts[view.tap].flatMap((counts) => filled(share(counts), view.header.edges[view.tap], 0.004)) : [],
};

const share = (counts) => { const total = counts.reduce((sum, count) => sum + count, 0) || 1; return Array.from(counts, (count) => count / total); };

function filled(heights, edges, least) {
  const bins = [...heights.keys()].filter((bin) => heights[bin] > least);
  return bins.length ? [edges[bins[0]], edges[bins.at(-1) + 1]] : [];
}

// The furthest that an axis may reach.
function bounds(kind, view) {
  const edges = view.header.edges[view.tap], low = edges[0], high = edges.at(-1), span = high - low;
  if (kind === "unit_mean" || kind === "percentiles") return [low - span / 2, high + span];
  if (kind === "train_loss") return [0, 3 * (view.frames[0].arms.none.train_loss ?? 3)];
  if (kind === "test_accuracy") return [0, 1];
  if (kind === "histogram" || kind === "heat") return [low, high];
  return [0, 12];
}

export class Fits {
  constructor() { this.known = new Map(); }

  // [low, high] over all snapshots that have arrived, with a little room; null while there is nothing to go by.
  range(kind, view) {
    const fit = this.upToDate(kind, view);
    const arms = view.header.arms.map((arm) => fit[arm]).filter(({low, high}) => high >= low);
    if (!arms.length) return null;
    const [floor, ceiling] = view.story.bounds?.[kind]?.(view) ?? bounds(kind, view);
    const calm = arms.filter(({lost}) => !lost);
    const reach = calm.length && calm.length < arms.length ? 3 * Math.max(...calm.map(({high}) => high)) : Infinity;
    const low = Math.max(Math.min(...arms.map((arm) => arm.low)), floor);
    const high = Math.max(low, Math.min(Math.max(...arms.map((arm) => arm.high)), ceiling, reach));
    const room = 0.05 * (high - low) || 0.5;
    if (kind === "histogram" && hasAtom(view)) return [-ATOM * high, high + room];
    if (kind === "test_accuracy") return [low - room, Math.min(high + room, 1.02)];
    return [floor === 0 && kind !== "histogram" && kind !== "heat" && low < high / 2 ? 0 : low - room, high + room];
  }

  // The 90th percentile over snapshots of the highest point of an arm's density.
  tallest(arm, view) {
    const peaks = this.upToDate("tallest", view)[arm].peaks.toSorted((a, b) => a - b);
    return peaks[Math.floor(0.9 * (peaks.length - 1))] || 1;
  }

  upToDate(kind, view) {
    const key = [kind, view.run, view.choices].join();
    const fresh = () => ({low: Infinity, high: -Infinity, peaks: [], lost: false});
    if (!this.known.has(key)) this.known.set(key, {seen: 0, ...Object.fromEntries(view.header.arms.map((arm) => [arm, fresh()]))});
    const fit = this.known.get(key);
    for (; fit.seen < view.frames.length; fit.seen++) {
      const frame = view.frames[fit.seen];
      for (const arm of view.header.arms) {
        if (kind === "tallest") fit[arm].peaks.push(Math.max(...density(frame, arm, view)));
        else widen(fit[arm], (view.story.fits?.[kind] ?? values[kind])(frame, arm, view));
        fit[arm].lost ||= !Number.isFinite(frame.arms[arm].train_loss);
      }
    }
    return fit;
  }
}

function widen(fit, list) {
  for (const value of list) {
    if (!Number.isFinite(value)) continue;
    if (value < fit.low) fit.low = value;
    if (value > fit.high) fit.high = value;
  }
}
