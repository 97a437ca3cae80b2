// @ts-check
// How numbers are written: one function for each kind. In Python the same is done by bnviz/numerals.py, and tests/numerals.json
// holds cases that both must meet.

import {ACCURACY_LEAD, HUGE_NUMBER, LARGEST_RATIO, TINY_NUMBER} from "./constants.js";

export const NOT_FINITE = "not finite";
const MINUS = "\u2212"; // as wide as a plus
const GAP = "\u00a0"; // before a unit, so that no line ends there
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @typedef {number | null | undefined} Value */

/**
 * @param {Value} value
 * @returns {value is number}
 */
const isFinite = (value) => typeof value === "number" && Number.isFinite(value);

/**
 * With a minus of its own, and none before zero.
 * @param {string} text as JavaScript writes a number
 */
const minus = (text) => (/^-0\.?0*$/.test(text) ? text.slice(1) : withMinus(text));

/** A number that something else has written, with the same minus. @param {string} text */
export const withMinus = (text) => text.replaceAll("-", MINUS);

/**
 * To so many places; a huge one with a power of ten.
 * @param {Value} value
 * @param {number} [places]
 */
export function digits(value, places = 2) {
  if (!isFinite(value)) return NOT_FINITE;
  return Math.abs(value) < HUGE_NUMBER ? minus(value.toFixed(places)) : power(value);
}

/**
 * To two digits, or more if they are before the point: 0.12, 1.0, 123.
 * @param {Value} value
 */
export function twoDigits(value) {
  if (!isFinite(value)) return NOT_FINITE;
  if (value === 0) return digits(value, 1);
  const rounded = Number(value.toPrecision(2)); // 9.96 is 10 and not 10.0
  return digits(value, Math.max(0, 1 - Math.floor(Math.log10(Math.abs(rounded)))));
}

/**
 * To two digits, whatever its size: 0.32, 410, 12,000, 2.1 · 10⁻⁹.
 * @param {Value} value
 */
export function short(value) {
  if (!isFinite(value)) return NOT_FINITE;
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) return power(value);
  return minus(grouped(String(Number(value.toPrecision(2)))));
}

/**
 * With commas between thousands, and none after the point.
 * @param {string} text
 */
function grouped(text) {
  const [whole, ...places] = text.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...places].join(".");
}

/** A whole number, with commas between thousands. @param {Value} value */
export const count = (value) => (isFinite(value) ? minus(grouped(value.toFixed(0))) : NOT_FINITE);

/** @param {number} value */
function power(value) {
  const [front, exponent] = value.toExponential(1).split("e");
  const raised = [...String(Number(exponent))].map((sign) => (sign === "-" ? "⁻" : RAISED[Number(sign)])).join("");
  return `${minus(front)} · 10${raised}`;
}

/**
 * A share in percent: to so many places, or to whole ones, and to one below 10 %.
 * @param {Value} share
 * @param {number} [places]
 */
export function percent(share, places) {
  if (!isFinite(share)) return NOT_FINITE;
  return `${digits(100 * share, places ?? (share > 0 && share < 0.0995 ? 1 : 0))}${GAP}%`;
}

/**
 * The same to two digits below 10 %, however small it is.
 * @param {number} share
 */
export const smallPercent = (share) =>
  share > 0 && share < 0.0995 ? `${minus((100 * share).toPrecision(2))}${GAP}%` : percent(share);

/**
 * How often a run has seen the training set, with the places of its `total`: two below 1, none from 100 on, else one.
 * @param {Value} value
 * @param {Value} [total]
 */
export const epochs = (value, total = value) => digits(value, Number(total) < 0.995 ? 2 : Number(total) < 99.95 ? 1 : 0);

/** How far something moves, in σ. @param {number} value */
export function sigmas(value) {
  if (!isFinite(value)) return NOT_FINITE;
  return `${Math.abs(value) < TINY_NUMBER ? "0" : twoDigits(value)} σ`; // less is rounding
}

/** A ratio: how many times as much. @param {number} ratio */
export const times = (ratio) => (ratio < LARGEST_RATIO ? `${twoDigits(ratio)} times` : `over ${count(LARGEST_RATIO)} times`);

/** How many places a factor has. @param {number} ratio */
export const factorPlaces = (ratio) => (ratio < 10 ? 1 : 0);

/** A factor, as the picture has it between two layers: ×1.2. @param {number} ratio */
export const factor = (ratio) => `×${digits(ratio, factorPlaces(ratio))}`;

/**
 * With its sign, a plus too.
 * @param {number} value
 * @param {(value: number) => string} [form]
 */
export const signed = (value, form = digits) => (value < 0 ? MINUS : "+") + form(Math.abs(value));

/**
 * From a number to another, or the one number if both are written alike.
 * @param {Value} low
 * @param {Value} high
 * @param {(value: Value) => string} [form]
 */
export function span(low, high, form = digits) {
  const [from, to] = [low, high].map((end) => form(end));
  return from === to ? from : `${from} to ${to}`;
}

/**
 * Which of two accuracies leads, as they are read: whole percents that differ by less than ACCURACY_LEAD count as the same.
 * @param {number} first shares
 * @param {number} second
 * @returns {-1 | 0 | 1}
 */
export function leader(first, second) {
  const lead = Number((100 * first).toFixed(0)) - Number((100 * second).toFixed(0));
  if (Math.abs(lead) < ACCURACY_LEAD) return 0;
  return lead > 0 ? 1 : -1;
}
