// @ts-check
// The sentences about a unit's arithmetic: what everything is, and where a number comes from. No page is needed.

import {decimals, formatNumber, inputPart, quantityOf} from "./arithmetic.js";
import {sentenceOrKey} from "./words.js";

/** @import {Arithmetic, Numbers, Part} from "./arithmetic.js" */
/** @import {Values, View} from "./types" */
/** @typedef {(key: string, values?: Values) => string} Text the player's words */
/** @typedef {"training" | "evaluation" | "plain"} Side */

const PARAMETER_DECIMALS = 3;

/**
 * A part's number for an example. Its row has the same decimals for all examples, and a mean those of what it is subtracted from.
 * @param {Numbers} numbers
 * @param {Part} part
 * @param {number} example
 */
export function numberOf({normalizer, parts}, part, example) {
  const values = parts[part] ?? [];
  const quantity = quantityOf(normalizer, part);
  if (quantity?.learns) return formatNumber(values[example], PARAMETER_DECIMALS);
  if (quantity?.shape === "") return String(values[example]);
  return formatNumber(values[example], decimals(parts[quantity?.decimals_of || part] ?? values));
}

/**
 * What is shown, in words, before any formula.
 * @param {View} view
 * @param {Arithmetic} numbers
 * @param {Text} text
 */
export function lead({norm, header}, {count, training: {normalizer, together, parts}}, text) {
  const {steps, note, lead: sentence} = normalizer;
  const first = steps.length ? sentenceOrKey({lead: sentence}, "lead", {norm, count, together}) : text("numbers_off", {norm});
  const more = [];
  if (parts.epsilon) more.push(text("numbers_epsilon", {epsilon: String(parts.epsilon[0])}));
  if (note) more.push(note);
  if (header.experiment.dropout) more.push(text("numbers_dropout"));
  return [first, ...more].join(" ");
}

/**
 * Where a number comes from.
 * @param {{part: Part, side: Side, example: number}} place
 * @param {Arithmetic} arithmetic
 * @param {string} activation
 * @param {Text} text
 */
export function origin({part, side, example}, arithmetic, activation, text) {
  const numbers = arithmetic[side];
  if (!numbers) return "";
  if (!Number.isFinite(numbers.parts[part]?.[example])) return text("numbers_dash");
  const {together, normalizer, parts} = numbers;
  const texts = Object.fromEntries(Object.keys(parts).map((name) => [name, numberOf(numbers, name, example)]));
  const values = {together, count: arithmetic.count, ...texts, example: example + 1, input: texts[inputPart(normalizer)]};
  if (part === "z") return text("numbers_from_z", values);
  if (part === "a") return activationText(activation, values, text);
  const quantity = quantityOf(normalizer, part);
  const running = side === "evaluation" ? quantity?.running : null;
  const source = running ?? quantity ?? normalizer.steps.find((one) => one.part === part);
  return sentenceOrKey({[part]: source?.origin ?? ""}, part, values);
}

/**
 * @param {string} activation
 * @param {Values} values
 * @param {Text} text
 */
function activationText(activation, values, text) {
  if (activation === "relu") return text("numbers_from_a_relu", values);
  if (activation === "tanh") return text("numbers_from_a_tanh", values);
  return activation === "sigmoid" ? text("numbers_from_a_sigmoid", values) : text("numbers_from_a_identity", values);
}
