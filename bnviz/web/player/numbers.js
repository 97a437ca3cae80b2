// @ts-check
// Numbers from numbers: nothing here knows a page, a recording or a view. Values may be arrays or typed arrays.

/** @typedef {ArrayLike<number | null> & Iterable<number | null>} Values */

/**
 * A finite number, or null for anything else: what Plotly leaves a gap for.
 * @param {unknown} value
 * @returns {number | null}
 */
export const finite = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

/**
 * The finite ones of `values`.
 * @param {Values} values
 * @returns {number[]}
 */
export const finiteValues = (values) => /** @type {number[]} */ (Array.from(values).filter(Number.isFinite));

/**
 * @param {Values} values
 * @returns {number}
 */
export const sum = (values) => finiteValues(values).reduce((total, value) => total + value, 0);

/**
 * The mean of the finite values; null if there are none.
 * @param {Values} values
 */
export function mean(values) {
  const finiteOnly = finiteValues(values);
  return finiteOnly.length ? sum(finiteOnly) / finiteOnly.length : null;
}

/**
 * The quantile of the finite values at `share` (0…1), linear between neighbours as in numpy.quantile; null if there are none.
 * @param {Values} values
 * @param {number} share
 */
export function quantile(values, share) {
  const sorted = Float64Array.from(finiteValues(values)).sort();
  if (!sorted.length) return null;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  return sorted[below] + (place - below) * (sorted[Math.ceil(place)] - sorted[below]);
}

/** @param {Values} values */
export const median = (values) => quantile(values, 0.5);

/**
 * The median of the `window` (odd) values around each value, fewer at the ends; gaps (null) stay gaps.
 * @param {(number | null)[]} values
 * @param {number} window
 */
export function runningMedian(values, window) {
  const reach = (window - 1) / 2;
  return values.map((value, index) =>
    value === null ? null : median(values.slice(Math.max(0, index - reach), index + reach + 1)),
  );
}

/**
 * The least-squares line through the points whose coordinates are both finite; null for fewer than two different x.
 * @param {Values} x
 * @param {Values} y
 * @returns {{slope: number, intercept: number} | null}
 */
export function straightLine(x, y) {
  const points = Array.from(x, (value, place) => [value, y[place]]).filter((point) => point.every(Number.isFinite));
  const [meanX, meanY] = [0, 1].map((axis) => mean(points.map((point) => point[axis])) ?? 0);
  const across = points.reduce((total, [one]) => total + (Number(one) - meanX) ** 2, 0);
  if (!(across > 0)) return null;
  const slope = points.reduce((total, [one, other]) => total + (Number(one) - meanX) * (Number(other) - meanY), 0) / across;
  return {slope, intercept: meanY - slope * meanX};
}

/**
 * The power law y = factor · x^exponent: a straight line through the logarithms of points, those that are not positive left out.
 * @param {Values} x
 * @param {Values} y
 * @returns {{exponent: number, factor: number} | null} null for fewer than two different x
 */
export function powerLaw(x, y) {
  const logarithms = (/** @type {Values} */ values) =>
    Array.from(values, (value) => (Number(value) > 0 ? Math.log(Number(value)) : null));
  const line = straightLine(logarithms(x), logarithms(y));
  return line && {exponent: line.slope, factor: Math.exp(line.intercept)};
}

/**
 * How far a value has travelled: the absolute differences of neighbours, added up.
 * @param {ArrayLike<number>} values
 */
export function totalVariation(values) {
  let total = 0;
  for (let index = 1; index < values.length; index++) total += Math.abs(values[index] - values[index - 1]);
  return total;
}

/**
 * Smoothed with the weights ¼ ½ ¼; the ends are repeated.
 * @param {number[]} heights
 */
export function smooth(heights) {
  const last = heights.length - 1;
  return heights.map((height, bin) => (heights[Math.max(0, bin - 1)] + 2 * height + heights[Math.min(last, bin + 1)]) / 4);
}

/**
 * A quantile read off a histogram, linear within its bin; null for an empty one. Values outside of all bins do not count.
 * `zeros` of the values, which are in `counts`, too, are exactly 0: no interpolating smears these over their bin.
 * @param {ArrayLike<number> & Iterable<number>} counts
 * @param {ArrayLike<number>} edges one more than counts
 * @param {number} share 0…1
 * @param {number} [zeros]
 */
export function histogramQuantile(counts, edges, share, zeros = 0) {
  const rank = share * sum(counts);
  const rest = withoutZeros(counts, edges, zeros);
  const below = countBelowZero(rest, edges);
  if (zeros > 0 && below <= rank && rank <= below + zeros) return 0;
  return valueAt(rest, edges, rank > below ? rank - zeros : rank);
}

/**
 * Counts without those of exactly 0.
 * @param {Iterable<number>} counts
 * @param {ArrayLike<number>} edges
 * @param {number} zeros
 */
export function withoutZeros(counts, edges, zeros) {
  const rest = Array.from(counts);
  const bin = binOf(0, edges);
  if (bin >= 0) rest[bin] -= zeros;
  return rest;
}

/**
 * How many values of a histogram lie below 0: a part of the bin that holds it, among others.
 * @param {number[]} counts
 * @param {ArrayLike<number>} edges
 */
function countBelowZero(counts, edges) {
  const share = (/** @type {number} */ bin) => (0 - edges[bin]) / (edges[bin + 1] - edges[bin]);
  return sum(counts.map((count, bin) => count * Math.max(0, Math.min(share(bin), 1))));
}

/**
 * The value of a histogram that so many others lie below.
 * @param {ArrayLike<number> & Iterable<number>} counts
 * @param {ArrayLike<number>} edges
 * @param {number} rank
 */
function valueAt(counts, edges, rank) {
  if (!sum(counts)) return null;
  let [bin, remainder] = [0, rank];
  while (bin < counts.length - 1 && (remainder > counts[bin] || !counts[bin])) remainder -= counts[bin++];
  return edges[bin] + (edges[bin + 1] - edges[bin]) * Math.min(1, remainder / counts[bin]);
}

/**
 * The middles of bins.
 * @param {ArrayLike<number>} edges one more than bins
 */
export function centres(edges) {
  return Array.from({length: Math.max(0, edges.length - 1)}, (_, bin) => (edges[bin] + edges[bin + 1]) / 2);
}

/**
 * The bin that holds `value`: its lower edge belongs to it, its upper edge does not; −1 if there is none.
 * @param {number} value
 * @param {ArrayLike<number>} edges
 */
export function binOf(value, edges) {
  for (let bin = 0; bin < edges.length - 1; bin++) if (edges[bin] <= value && value < edges[bin + 1]) return bin;
  return -1;
}

/**
 * At most `most` of `items` at even distances, the newest (last) among them.
 * @template T
 * @param {T[]} items
 * @param {number} [limit]
 */
export function subsample(items, limit = 120) {
  const stride = Math.ceil(items.length / limit);
  return items.filter((_, index) => (items.length - 1 - index) % stride === 0);
}

/**
 * The edges of the outermost bins higher than `least`; [] if there are none.
 * @param {ArrayLike<number>} heights
 * @param {ArrayLike<number>} edges
 * @param {number} least
 * @returns {number[]}
 */
export function extent(heights, edges, least) {
  let [first, last] = [-1, -1];
  for (let bin = 0; bin < heights.length; bin++) {
    if (!(heights[bin] > least)) continue;
    if (first < 0) first = bin;
    last = bin;
  }
  return first < 0 ? [] : [edges[first], edges[last + 1]];
}
