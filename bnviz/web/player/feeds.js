// How a trace is filled from the recording: one function a kind of feed, named in the figure's traces (bnviz/figures).
// Each gets what is on show and returns the trace's data. A `view` holds: frames, header, shown (index of the snapshot),
// blend (0…1 towards the next one), layer (1…), tap, unit (index or "pooled"), target.

const ROWS = 14; // ridges in a full ridgeline
const COLUMNS = 96; // of a heat map over time

const row = (frame, arm, key, view, layer = view.layer, tap = view.tap) => frame.arms[arm]?.[key]?.[tap]?.[layer - 1];
const shownFrames = (view) => view.frames.slice(0, view.shown + 1);

// At most about 120 frames, the newest among them: more would not be seen in a small chart.
function thinned(frames) {
  const stride = Math.ceil(frames.length / 120);
  return frames.filter((_, index) => (frames.length - 1 - index) % stride === 0);
}

const finite = (value) => (Number.isFinite(value) ? value : null);

export const feeds = {
  // Every unit's line in one trace: a gap ends each unit.
  units({arm, key}, view) {
    const frames = thinned(shownFrames(view));
    const rows = frames.map((frame) => row(frame, arm, key, view));
    const x = [], y = [];
    for (let unit = 0; unit < rows[0].length; unit++) {
      for (let index = 0; index < frames.length; index++) { x.push(frames[index].step); y.push(finite(rows[index][unit])); }
      x.push(null); y.push(null);
    }
    return {x, y};
  },

  "chosen-unit"({arm, key}, view) {
    if (view.unit === "pooled") return {x: [], y: []};
    return points(shownFrames(view), (frame) => row(frame, arm, key, view)[view.unit]);
  },

  series({arm, key, tap}, view) {
    const frames = shownFrames(view).filter((frame) => frame.arms[arm][key]);
    return points(frames, (frame) => row(frame, arm, key, view, view.layer, tap));
  },

  scalar({arm, key}, view) { return points(shownFrames(view), (frame) => frame.arms[arm][key]); },

  percentile({arm, place}, view) { return points(shownFrames(view), (frame) => percentile(frame, arm, place, view)); },

  // All three of one layer's, pooled over units, in one trace.
  "layer-percentiles"({arm, layer}, view) {
    const frames = thinned(shownFrames(view)), outline = {x: [], y: []};
    for (const place of [0, 1, 2]) {
      const {x, y} = points(frames, (frame) => row(frame, arm, "percentiles", view, layer)[place]);
      outline.x.push(...x, null); outline.y.push(...y, null);
    }
    return outline;
  },

  "ridge-past"({arm}, view) {
    const spacing = view.header.total_steps / ROWS;
    const outline = {x: [], y: []};
    let next = 0;
    for (const frame of view.frames.slice(0, view.shown)) {
      if (frame.step < next) continue;
      next = frame.step + spacing;
      ridge(outline, density(frame, arm, view), frame.step, arm, view);
      atom(outline, zeroShare(frame, arm, view), frame.step, view);
    }
    return outline;
  },

  "ridge-front"({arm}, view) {
    const frame = view.frames[view.shown], following = view.frames[view.shown + 1];
    let heights = density(frame, arm, view), step = frame.step;
    if (following && view.blend > 0) {
      const target = density(following, arm, view);
      heights = heights.map((height, bin) => height + view.blend * (target[bin] - height));
      step += view.blend * (following.step - frame.step);
    }
    return atom(ridge({x: [], y: []}, heights, step, arm, view), zeroShare(frame, arm, view), step, view);
  },

  "ridge-first"({arm}, view) {
    const frame = view.frames[view.shown], following = view.frames[view.shown + 1];
    const step = frame.step + (following ? view.blend * (following.step - frame.step) : 0);
    return ridge({x: [], y: []}, density(view.frames[0], arm, view), step, arm, view);
  },

  target(_, view) { return {x: [0, view.header.total_steps], y: [view.target, view.target]}; },

  reached({arm}, view) {
    const frame = firstReaching(shownFrames(view), arm, view.target);
    return frame ? {x: [frame.step], y: [frame.arms[arm].test_accuracy]} : {x: [], y: []};
  },

  // One dot a unit: mean and spread on one minibatch, in standard deviations of the probe.
  minibatch({arm}, view) {
    const frame = lastMeasured(view, arm);
    if (!frame) return {x: [], y: []};
    const [mean, std] = [row(frame, arm, "unit_mean", view, view.layer, "linear"), row(frame, arm, "unit_std", view, view.layer, "linear")];
    const [batchMean, batchStd] = [row(frame, arm, "minibatch_mean", view, view.layer, "linear"), row(frame, arm, "minibatch_std", view, view.layer, "linear")];
    const live = [...mean.keys()].filter((unit) => std[unit] > 0);
    return {x: live.map((unit) => (batchMean[unit] - mean[unit]) / std[unit]), y: live.map((unit) => batchStd[unit] / std[unit])};
  },

  // Two standard deviations of what independent draws would scatter; s has half the relative scatter of s².
  ellipse({arm}, view) {
    const frame = lastMeasured(view, arm);
    if (!frame) return {x: [], y: []};
    const spread = row(frame, arm, "variance_noise_theory", view, view.layer, "linear") / 2;
    const turn = Array.from({length: 49}, (_, index) => index * Math.PI / 24);
    return {x: turn.map((angle) => 2 * expectedNoise(view) * Math.cos(angle)), y: turn.map((angle) => 1 + 2 * spread * Math.sin(angle))};
  },

  expected(_, view) {
    const noise = expectedNoise(view);
    return {x: [0, view.header.total_steps], y: [noise, noise]};
  },

  // Columns at even steps, so that Plotly may draw one smooth image. The atom at 0 is left out, the rest has its own scale.
  heat({arm, layer}, view) {
    const {edges, total_steps: total} = view.header;
    const borders = edges[view.tap], bins = borders.length - 1;
    const x = Array.from({length: COLUMNS}, (_, index) => index * total / (COLUMNS - 1));
    const z = Array.from({length: bins}, () => new Array(COLUMNS).fill(null));
    const last = view.frames[view.shown].step, zero = binOf(0, borders);
    for (let column = 0, index = 0; column < COLUMNS && x[column] <= last; column++) {
      while (index < view.shown && view.frames[index + 1].step <= x[column]) index++;
      const counts = row(view.frames[index], arm, "counts", view, layer);
      const zeros = row(view.frames[index], arm, "zeros", view, layer);
      let most = 1;
      for (let bin = 0; bin < bins; bin++) most = Math.max(most, counts[bin] - (bin === zero ? zeros : 0));
      for (let bin = 0; bin < bins; bin++) z[bin][column] = (counts[bin] - (bin === zero ? zeros : 0)) / most;
    }
    return {x, y: centres(borders), z, zmin: 0, zmax: 1};
  },
};

function points(frames, value) { return {x: frames.map((frame) => frame.step), y: frames.map((frame) => finite(value(frame)))}; }

export function centres(edges) { return Array.from(edges.slice(1), (edge, bin) => (edge + edges[bin]) / 2); }

function binOf(value, edges) {
  for (let bin = 0; bin < edges.length - 1; bin++) if (edges[bin] <= value && value < edges[bin + 1]) return bin;
  return -1;
}

// Counts of the chosen unit, or of all units.
export function histogram(frame, arm, view) {
  return view.unit === "pooled" ? row(frame, arm, "counts", view) : row(frame, arm, "unit_counts", view)[view.unit];
}

export function zeroShare(frame, arm, view) {
  const {probe_size: size, experiment} = view.header;
  if (view.unit === "pooled") return row(frame, arm, "zeros", view) / (size * experiment.width);
  return row(frame, arm, "unit_zeros", view)[view.unit] / size;
}

// Smoothed share of the values in each bin, those of exactly 0 left out.
export function density(frame, arm, view) {
  const counts = Array.from(histogram(frame, arm, view)), edges = view.header.edges[view.tap];
  const total = view.header.probe_size * (view.unit === "pooled" ? view.header.experiment.width : 1);
  const zero = binOf(0, edges);
  if (zero >= 0) counts[zero] -= zeroShare(frame, arm, view) * total;
  const padded = [counts[0], ...counts, counts.at(-1)];
  return counts.map((count, bin) => (padded[bin] + 2 * count + padded[bin + 2]) / (4 * total));
}

// Append one ridge that stands at `step`: heights go up, that is, towards earlier steps.
function ridge(outline, heights, step, arm, view) {
  const x = centres(view.header.edges[view.tap]);
  const inside = heights.map((height, bin) => height > 0 || heights[bin - 1] > 0 || heights[bin + 1] > 0);
  const first = inside.indexOf(true), last = inside.lastIndexOf(true);
  if (first < 0) return outline;
  const tallest = view.tallest(arm), scale = 2.2 * view.header.total_steps / ROWS / tallest;
  outline.x.push(x[first]); outline.y.push(step);
  for (let bin = first; bin <= last; bin++) {
    outline.x.push(x[bin]); outline.y.push(step - Math.min(heights[bin], 1.4 * tallest) * scale);
  }
  outline.x.push(x[last], null); outline.y.push(step, null);
  return outline;
}

// Append ReLU's atom: a bar to the left of 0 whose length is the share of values that are exactly 0.
function atom(outline, share, step, view) {
  if (!share || !hasAtom(view)) return outline;
  const room = ATOM * view.widest, from = -0.1 * room, to = from - 0.9 * room * share, high = 0.5 * view.header.total_steps / ROWS;
  outline.x.push(from, to, to, from, from, null);
  outline.y.push(step, step, step - high, step - high, step, null);
  return outline;
}

// Whether values of exactly 0 are to be expected: ReLU's output has them.
export function hasAtom(view) { return view.tap === "activation" && view.header.experiment.activation === "relu"; }

export const ATOM = 0.22; // room for the atom's bar, as a share of the widest distribution

// The `place`-th of the 15th, 50th and 85th percentile of the chosen unit (read off its histogram) or of all units.
export function percentile(frame, arm, place, view) {
  if (view.unit === "pooled") return row(frame, arm, "percentiles", view)[place];
  return quantile(histogram(frame, arm, view), view.header.edges[view.tap], [0.15, 0.5, 0.85][place]);
}

// A quantile read off a histogram, linear within its bin; values below or above all bins are not seen here.
function quantile(counts, edges, share) {
  let left = share * counts.reduce((sum, count) => sum + count, 0);
  if (!left) return null;
  for (let bin = 0; bin < counts.length; bin++) {
    if (left <= counts[bin]) return edges[bin] + (edges[bin + 1] - edges[bin]) * left / counts[bin];
    left -= counts[bin];
  }
  return edges.at(-1);
}

export function firstReaching(frames, arm, target) { return frames.find((frame) => frame.arms[arm].test_accuracy >= target); }

export function lastMeasured(view, arm) {
  for (let index = view.shown; index >= 0; index--) if (view.frames[index].arms[arm].minibatch_mean) return view.frames[index];
  return null;
}

export function expectedNoise(view) { return 1 / Math.sqrt(view.header.group_size); }
