// @ts-check
// The right sides of a unit's formulas as elements. Each is built of symbols and of numbers; `leaf` makes the element of a part.

import {make} from "./dom.js";

/** @import {Part} from "./arithmetic.js" */
/** @import {Formula} from "./types" */
/** @typedef {(part: Part, operand?: boolean) => HTMLElement} Leaf operand: what follows an operator */
/** @typedef {(Node | string)[]} Pieces */

/**
 * @param {Pieces} above
 * @param {Pieces} below
 */
const fraction = (above, below) =>
  make("span", {class: "bnviz-fraction"}, make("span", {}, ...above), sign("/"), make("span", {}, ...below));

/** For ears: the line of a fraction is no text. @param {string} text */
const sign = (text) => make("span", {class: "bnviz-unseen"}, ` ${text} `);

/** @param {Pieces} inside */
const root = (inside) => make("span", {class: "bnviz-root"}, "√", make("span", {}, ...inside));

/** @type {Record<string, string>} */
const SIGNS = {"+": " + ", "-": " − ", "*": " · "};
const isSum = (/** @type {Formula} */ formula) => Array.isArray(formula) && (formula[0] === "+" || formula[0] === "-");

/**
 * A formula of a normalizer.
 * @param {Formula} formula
 * @param {Leaf} leaf
 * @param {boolean} [operand] whether it follows an operator
 * @returns {Pieces}
 */
export function drawFormula(formula, leaf, operand = false) {
  if (typeof formula === "number") return [String(formula)];
  if (typeof formula === "string") return [leaf(formula, operand)];
  const [operation, first, second] = formula;
  if (operation === "/") return [fraction(drawFormula(first, leaf), drawFormula(second, leaf))];
  if (operation === "sqrt") return [root(drawFormula(first, leaf))];
  if (operation === "exp") return ["e", make("sup", {}, ...drawFormula(first, leaf))];
  if (operation === "tanh") return ["tanh(", ...drawFormula(first, leaf), ")"];
  const sign = SIGNS[operation];
  if (!sign) throw new Error(`the operation "${operation}" cannot be drawn`);
  const product = operation === "*";
  const left = withBrackets(first, leaf, product, operand);
  return [...left, sign, ...withBrackets(second, leaf, product || operation === "-", true)];
}

/**
 * A part of a formula, in brackets if it is a sum where they are needed.
 * @param {Formula} formula
 * @param {Leaf} leaf
 * @param {boolean} needed
 * @param {boolean} operand
 * @returns {Pieces}
 */
function withBrackets(formula, leaf, needed, operand) {
  const pieces = drawFormula(formula, leaf, operand);
  return needed && isSum(formula) ? ["(", ...pieces, ")"] : pieces;
}

/**
 * a
 * @param {string} activation
 * @param {Part} input
 * @param {Leaf} leaf
 * @returns {Pieces}
 */
export function drawActivation(activation, input, leaf) {
  const of = leaf(input);
  const inside = {
    relu: () => ["max(0, ", of, ")"],
    tanh: () => ["tanh(", of, ")"],
    sigmoid: () => [fraction(["1"], ["1 + e", make("sup", {}, "−(", of, ")")])],
    identity: () => [of],
  }[activation];
  return inside?.() ?? [of];
}
