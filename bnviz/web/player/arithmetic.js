// @ts-check
// The arithmetic of one unit in its own numbers, from a snapshot's `unit_examples`: no page is needed. What is computed, a
// normalizer's description says (bnviz/normalizers); here its formulas are evaluated.

import {digits} from "./numerals.js";

/** @import {ArmPart, Formula, Normalizer, Quantity, View} from "./types" */
/** @typedef {string} Part what formulas name: z, a normalizer's quantities, the results of its steps, and a */
/**
 * Each part's numbers, one for each example; `together` values are normalized together.
 * @typedef {{normalizer: Normalizer, together: number, parts: Record<Part, number[]>}} Numbers
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

/** @type {Record<string, (...operands: number[]) => number>} */
const OPERATIONS = {
  ...{"+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b},
  ...{sqrt: Math.sqrt, tanh: Math.tanh, exp: Math.exp},
};

/**
 * @param {Formula} formula
 * @param {(name: Part) => number} valueOf
 * @returns {number}
 */
export function evaluate(formula, valueOf) {
  if (typeof formula === "number") return formula;
  if (typeof formula === "string") return valueOf(formula);
  const [operation, ...operands] = formula;
  return OPERATIONS[operation](...operands.map((one) => evaluate(one, valueOf)));
}

/**
 * The names in a formula, in their order, each once.
 * @param {Formula} formula
 * @returns {Part[]}
 */
export function namesIn(formula) {
  if (typeof formula === "number") return [];
  if (typeof formula === "string") return [formula];
  const [, ...operands] = formula;
  return [...new Set(operands.flatMap(namesIn))];
}

/**
 * What enters the nonlinearity.
 * @param {Normalizer} normalizer
 * @returns {Part}
 */
export const inputPart = ({steps}) => steps.at(-1)?.part ?? "z";

/**
 * Which parts a part is computed from. Running statistics come from minibatches that are gone.
 * @param {Part} part
 * @param {Numbers} numbers
 * @param {boolean} [running]
 * @returns {Part[]}
 */
export function sources(part, {normalizer}, running = false) {
  if (part === "a") return [inputPart(normalizer)];
  const step = normalizer.steps.find((one) => one.part === part);
  if (step) return namesIn(step.formula);
  return running ? [] : (quantityOf(normalizer, part)?.sources ?? []);
}

/**
 * @param {Normalizer} normalizer
 * @param {Part} part
 */
export const quantityOf = ({quantities}, part) => quantities.find((one) => one.part === part);

/** Whether each example has its own. @param {Quantity} quantity */
export const isOfExample = ({shape}) => shape.endsWith("examples");

/**
 * What normalizes an arm in the snapshot on show, by its name in recordings.
 * @param {Pick<View, "frame">} view
 * @param {string} arm
 */
export const normalizerKey = ({frame}, arm) => frame.arms[arm]?.normalizer ?? arm;

/**
 * A normalizer that the page has no description of; null if there is none.
 * @param {View} view
 */
export function unknownNormalizer(view) {
  const keys = ["none", view.compared].map((arm) => normalizerKey(view, arm));
  return keys.find((key) => !Object.hasOwn(view.normalizers, key)) ?? null;
}

/**
 * The arithmetic of the unit on show; null if all units are, if the recording has no numbers of examples, or if a normalizer is
 * unknown.
 * @param {View} view
 * @returns {Arithmetic | null}
 */
export function arithmeticOf(view) {
  const {frame, compared, layer, unit, header, normalizers} = view;
  const [plain, other] = ["none", compared].map((arm) => frame.arms[arm]?.unit_examples);
  if (unit === "pooled" || !plain || !other || unknownNormalizer(view)) return null;
  const activate = ACTIVATIONS[header.experiment.activation];
  const numbersOf = (/** @type {Recorded} */ recorded, /** @type {string} */ arm, running = false) => {
    return unitNumbers(recorded, normalizers[normalizerKey(view, arm)], layer - 1, unit, activate, running);
  };
  const runs = normalizers[normalizerKey(view, compared)].quantities.some(({running}) => running);
  return {
    count: plain.z[layer - 1][unit].length,
    training: numbersOf(other, compared),
    evaluation: runs ? numbersOf(other, compared, true) : null,
    plain: numbersOf(plain, "none"),
  };
}

/**
 * @param {Recorded} recorded
 * @param {Normalizer} normalizer
 * @param {number} layer counted from 0
 * @param {number} unit
 * @param {(value: number) => number} activate
 * @param {boolean} running with running statistics
 * @returns {Numbers}
 */
function unitNumbers(recorded, normalizer, layer, unit, activate, running) {
  const {together = 0} = recorded;
  const z = Array.from(recorded.z[layer][unit]);
  /** @type {Numbers["parts"]} */
  const parts = {z};
  for (const quantity of normalizer.quantities) {
    const value = valueOf(recorded, quantity, layer, unit, running);
    parts[quantity.part] = typeof value === "number" ? z.map(() => value) : Array.from(value);
  }
  for (const {part, formula} of normalizer.steps)
    parts[part] = z.map((_, example) => evaluate(formula, (name) => parts[name][example]));
  return {normalizer, together, parts: {...parts, a: parts[inputPart(normalizer)].map(activate)}};
}

/**
 * A quantity in numbers: one, or one for each example.
 * @param {Recorded} recorded
 * @param {Quantity} quantity
 * @param {number} layer
 * @param {number} unit
 * @param {boolean} running
 * @returns {number | ArrayLike<number>}
 */
function valueOf(recorded, quantity, layer, unit, running) {
  const value = /** @type {any} */ (recorded)[(running && quantity.running?.key) || quantity.key];
  switch (quantity.shape) {
    case "":
      return value;
    case "layers":
      return value[layer];
    case "layers, watched":
      return value[layer][unit];
  }
  return value[layer][Math.floor(unit / (recorded.together ?? Infinity))];
}

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
 * A number with so many decimals, as numerals.js writes it.
 * @param {number | undefined} value
 * @param {number} places
 */
export function formatNumber(value, places) {
  return Number.isFinite(value) ? digits(value, places) : DASH;
}
