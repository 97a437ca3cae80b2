// @ts-check
// The arithmetic of one unit in its own numbers, from a snapshot's `unit_examples`: no page is needed.

/** @import {ArmPart, View} from "./types" */
/**
 * What stands in the formulas: z; what it is normalized with (`square` is the mean of z², for RMS norm); ẑ; γ and β; y = γẑ+β; a.
 * @typedef {"z" | "mean" | "variance" | "square" | "epsilon" | "hat" | "gamma" | "beta" | "y" | "a"} Part
 */
/**
 * Over what is normalized: each unit over the examples of a minibatch, each example over its units, the same without a mean
 * (RMS norm), or not at all.
 * @typedef {"examples" | "units" | "square" | "none"} Kind
 */
/**
 * Each part's numbers, one for each example; `together` values are normalized together.
 * @typedef {{kind: Kind, together: number, parts: Partial<Record<Part, number[]>>}} Numbers
 */
/**
 * The numbers of the arm that is compared, in training and with running statistics (null if it has none), and of the plain one.
 * @typedef {{count: number, training: Numbers, evaluation: Numbers | null, plain: Numbers}} Arithmetic
 */
/** @typedef {NonNullable<ArmPart["unit_examples"]>} Recorded */

/** g of a = g(γẑ+β), by the experiment's `activation`. @type {Record<string, (value: number) => number>} */
export const ACTIVATIONS = {
  relu: (value) => (value > 0 || Number.isNaN(value) ? value : 0),
  tanh: Math.tanh,
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  identity: (value) => value,
};

/**
 * Which parts a part is computed from. Running statistics come from minibatches that are gone.
 * @param {Part} part
 * @param {Numbers} numbers
 * @param {boolean} [running]
 * @returns {Part[]}
 */
export function sources(part, {kind, parts}, running = false) {
  if (part === "mean") return running || kind === "units" ? [] : ["z"];
  if (part === "variance") return running || kind === "units" ? [] : ["z", "mean"];
  if (part === "hat") return kind === "square" ? ["z", "square", "epsilon"] : ["z", "mean", "variance", "epsilon"];
  if (part === "y") return parts.beta ? ["hat", "gamma", "beta"] : ["hat", "gamma"];
  if (part === "a") return kind === "none" ? ["z"] : ["y"];
  return [];
}

/**
 * The arithmetic of the unit on show; null if all units are, or if the recording has no numbers of examples.
 * @param {View} view
 * @returns {Arithmetic | null}
 */
export function arithmetic({frame, compared, layer, unit, header}) {
  const [plain, other] = ["none", compared].map((arm) => frame.arms[arm]?.unit_examples);
  if (unit === "pooled" || !plain || !other) return null;
  const activate = ACTIVATIONS[header.experiment.activation];
  const made = (/** @type {Recorded} */ recorded, running = false) => {
    return unitNumbers(recorded, layer - 1, unit, activate, running);
  };
  return {
    count: plain.z[layer - 1][unit].length,
    training: made(other),
    evaluation: other.running_mean ? made(other, true) : null,
    plain: made(plain),
  };
}

/**
 * @param {Recorded} recorded
 * @param {number} layer counted from 0
 * @param {number} unit
 * @param {(value: number) => number} activate
 * @param {boolean} running with running statistics
 * @returns {Numbers}
 */
function unitNumbers(recorded, layer, unit, activate, running) {
  const z = Array.from(recorded.z[layer][unit]);
  const {together = 0, epsilon = 0} = recorded;
  const kind = kindOf(recorded);
  if (kind === "none") return {kind, together, parts: {z, a: z.map(activate)}};
  const constant = (/** @type {number} */ value) => z.map(() => value);
  const {mean, variance, square} = statistics(recorded, layer, unit, running);
  const deviation = (/** @type {number} */ at) => Math.sqrt((variance?.[at] ?? square?.[at] ?? NaN) + epsilon);
  const hat = z.map((value, at) => (value - (mean?.[at] ?? 0)) / deviation(at));
  const gamma = recorded.gamma?.[layer][unit] ?? 1;
  const beta = recorded.beta?.[layer][unit];
  const y = hat.map((value) => gamma * value + (beta ?? 0));
  const scales = {gamma: constant(gamma), ...(beta === undefined ? {} : {beta: constant(beta)})};
  const given = square ? {square} : {mean, variance};
  return {kind, together, parts: {z, ...given, epsilon: constant(epsilon), hat, ...scales, y, a: y.map(activate)}};
}

/**
 * @param {Recorded} recorded
 * @returns {Kind}
 */
function kindOf({mean, example_mean, example_square}) {
  if (mean) return "examples";
  if (example_mean) return "units";
  return example_square ? "square" : "none";
}

/**
 * What each example is normalized with.
 * @param {Recorded} recorded
 * @param {number} layer
 * @param {number} unit
 * @param {boolean} running
 * @returns {{mean?: number[], variance?: number[], square?: number[]}}
 */
function statistics(recorded, layer, unit, running) {
  const mean = running ? recorded.running_mean : recorded.mean;
  const variance = running ? recorded.running_variance : recorded.variance;
  if (mean && variance) {
    const constant = (/** @type {number} */ value) => Array.from(recorded.z[layer][unit], () => value);
    return {mean: constant(mean[layer][unit]), variance: constant(variance[layer][unit])};
  }
  const part = Math.floor(unit / (recorded.together ?? Infinity));
  const {example_mean, example_variance, example_square} = recorded;
  if (example_square) return {square: Array.from(example_square[layer][part])};
  return {mean: Array.from(example_mean?.[layer][part] ?? []), variance: Array.from(example_variance?.[layer][part] ?? [])};
}

const MOST = 1e5; // what is larger is written with an exponent
const DASH = "—"; // for what is no finite number

/**
 * How many decimals numbers that are compared are written with: two, or as many as give the largest three digits.
 * @param {ArrayLike<number> & Iterable<number>} values
 */
export function decimals(values) {
  const largest = Math.max(0, ...Array.from(values, Math.abs).filter(Number.isFinite));
  if (!largest) return 2;
  const magnitude = Math.floor(Math.log10(largest));
  return magnitude < -1 ? Math.min(2 - magnitude, 8) : Math.max(0, Math.min(2, 3 - magnitude));
}

/**
 * A number with so many decimals, and a true minus sign.
 * @param {number | undefined} value
 * @param {number} places
 */
export function written(value, places) {
  if (value === undefined || !Number.isFinite(value)) return DASH;
  const text = Math.abs(value) >= MOST ? value.toExponential(1).replace("e+", "e") : value.toFixed(places);
  return (/^-0\.?0*$/.test(text) ? text.slice(1) : text).replaceAll("-", "−");
}
