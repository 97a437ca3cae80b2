// @ts-check
// The right sides of a unit's formulas as elements. Each is built of symbols and of numbers; `leaf` makes what stands for a part.

import {make} from "./dom.js";

/** @import {Kind, Part} from "./arithmetic.js" */
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

/**
 * ẑ
 * @param {Kind} kind
 * @param {Leaf} leaf
 * @returns {Pieces}
 */
export function standardizing(kind, leaf) {
  const above = kind === "square" ? [leaf("z")] : [leaf("z"), " − ", leaf("mean", true)];
  const below = root([leaf(kind === "square" ? "square" : "variance"), " + ", leaf("epsilon")]);
  return [fraction(above, [below])];
}

/**
 * γẑ+β
 * @param {boolean} shifted whether there is a β
 * @param {Leaf} leaf
 * @returns {Pieces}
 */
export const scaling = (shifted, leaf) => [
  ...[leaf("gamma"), " · ", leaf("hat", true)],
  ...(shifted ? [" + ", leaf("beta", true)] : []),
];

/**
 * a
 * @param {string} activation
 * @param {Part} input
 * @param {Leaf} leaf
 * @returns {Pieces}
 */
export function activating(activation, input, leaf) {
  const of = leaf(input);
  const inside = {
    relu: () => ["max(0, ", of, ")"],
    tanh: () => ["tanh(", of, ")"],
    sigmoid: () => [fraction(["1"], ["1 + e", make("sup", {}, "−(", of, ")")])],
    identity: () => [of],
  }[activation];
  return inside?.() ?? [of];
}
