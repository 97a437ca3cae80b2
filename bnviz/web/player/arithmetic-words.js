// @ts-check
// What is said of a unit's arithmetic: what everything is, and where a number comes from. No page is needed.

import {decimals, written} from "./arithmetic.js";

/** @import {Arithmetic, Numbers, Part} from "./arithmetic.js" */
/** @import {Values, View} from "./types" */
/** @typedef {(key: string, values?: Values) => string} Text the player's words */
/** @typedef {"training" | "evaluation" | "plain"} Side */

const SCALES = 3; // decimals of γ and β

/**
 * A part's number for an example. Its row has the same decimals for all examples, and a mean those of what it is subtracted from.
 * @param {Numbers} numbers
 * @param {Part} part
 * @param {number} example
 */
export function numberOf({parts}, part, example) {
  const values = parts[part] ?? [];
  if (part === "epsilon") return String(values[example]);
  if (part === "gamma" || part === "beta") return written(values[example], SCALES);
  return written(values[example], decimals((part === "mean" ? parts.z : null) ?? values));
}

/**
 * What is shown, in words, before any formula.
 * @param {View} view
 * @param {Arithmetic} found
 * @param {Text} text
 */
export function lead({norm, compared, header}, {count, training: {kind, together, parts}}, text) {
  const values = {norm, count, together};
  const told = {
    examples: () => text("numbers_lead_examples", values),
    units: () => text("numbers_lead_units", values),
    square: () => text("numbers_lead_square", values),
    none: () => text("numbers_off", {norm}),
  }[kind]();
  const more = [];
  if (parts.epsilon) more.push(text("numbers_epsilon", {epsilon: String(parts.epsilon[0])}));
  if (compared.startsWith("noisy")) more.push(text("numbers_noise"));
  if (header.experiment.dropout) more.push(text("numbers_dropout"));
  return [told, ...more].join(" ");
}

/**
 * Where a number comes from.
 * @param {{part: Part, side: Side, example: number}} place
 * @param {Arithmetic} found
 * @param {string} activation
 * @param {Text} text
 */
export function origin({part, side, example}, found, activation, text) {
  const numbers = found[side];
  if (!numbers) return "";
  const parts = /** @type {Part[]} */ (Object.keys(numbers.parts));
  const known = Object.fromEntries(parts.map((name) => [name, numberOf(numbers, name, example)]));
  if (!Number.isFinite(numbers.parts[part]?.[example])) return text("numbers_dash");
  const {together, kind} = numbers;
  const {square, beta} = known;
  const values = {together, count: found.count, ...known, example: example + 1, input: known.y ?? known.z};
  const units = kind === "units";
  const running = side === "evaluation";
  switch (part) {
    case "mean":
      if (running) return text("numbers_from_running_mean", values);
      return text(units ? "numbers_from_mean_units" : "numbers_from_mean", values);
    case "variance":
      if (running) return text("numbers_from_running_variance", values);
      return text(units ? "numbers_from_variance_units" : "numbers_from_variance", values);
    case "hat":
      return text(square ? "numbers_from_hat_square" : "numbers_from_hat", values);
    case "y":
      return text(beta ? "numbers_from_y" : "numbers_from_y_stretched", values);
    case "a":
      return activated(activation, values, text);
  }
  return given(part, values, text);
}

/**
 * @param {Part} part one that is not computed from others
 * @param {Values} values
 * @param {Text} text
 */
function given(part, values, text) {
  if (part === "z") return text("numbers_from_z", values);
  if (part === "square") return text("numbers_from_square", values);
  if (part === "epsilon") return text("numbers_from_epsilon", values);
  return part === "gamma" ? text("numbers_from_gamma", values) : text("numbers_from_beta", values);
}

/**
 * @param {string} activation
 * @param {Values} values
 * @param {Text} text
 */
function activated(activation, values, text) {
  if (activation === "relu") return text("numbers_from_a_relu", values);
  if (activation === "tanh") return text("numbers_from_a_tanh", values);
  return activation === "sigmoid" ? text("numbers_from_a_sigmoid", values) : text("numbers_from_a_identity", values);
}
