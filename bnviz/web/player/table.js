// @ts-check
// The numbers of a chart as tables: named columns, a row for each step, unit or bin. Parts come from the traces: see `tables` in
// tables.js for those whose x and y are not what was measured.

import {subsample} from "./numbers.js";
import {withMinus} from "./numerals.js";

/** @import {Numbers, Titles, Value} from "./types" */
/** @typedef {(Value | null)[]} Row */
/** @typedef {{key: string, columns: string[], rows: Row[]}} Table each row begins with the key's value */

const MAX_CELLS = 25_000; // cells that a page shows at once
const PAGE_DIGITS = 4; // digits on the page
const FILE_DIGITS = 7; // digits of a file: as many as recordings hold

/** @param {unknown} value @returns {value is Value} */
const isValue = (value) => (typeof value === "number" ? Number.isFinite(value) : typeof value === "string" && value !== "");

/**
 * A column's name from what is known of it.
 * @param {(string | false | undefined)[]} parts
 */
export const joinLabels = (...parts) => parts.filter(Boolean).join(", ");

/**
 * A trace with one y for every x.
 * @param {Record<string, any>} trace
 * @param {Titles} titles
 * @returns {Numbers[]}
 */
export function pointsOf({x, y}, titles) {
  const points = Array.from(x ?? [], (one, index) => [one, y[index]]).filter((point) => point.every(isValue));
  const columns = {[joinLabels(titles.name, titles.y)]: points.map(([, one]) => one)};
  return [{key: titles.x, at: points.map(([one]) => one), columns}];
}

/**
 * One table for all parts with the same key, a row for each of its values in any of them. Columns with the same name are one,
 * unless they say different things of the same row: then each later one gets a number.
 * @param {Numbers[]} parts
 * @returns {Table[]}
 */
export function joinTables(parts) {
  const nonempty = parts.filter(({at}) => at.length);
  return [...new Set(nonempty.map(({key}) => key))].map((key) =>
    join(
      key,
      nonempty.filter((part) => part.key === key),
    ),
  );
}

/**
 * @param {string} key
 * @param {Numbers[]} parts
 * @returns {Table}
 */
function join(key, parts) {
  /** @type {Map<string, Map<Value, Value | null>>} */
  const columns = new Map();
  for (const {at, columns: partColumns} of parts)
    for (const [name, values] of Object.entries(partColumns)) {
      const cells = at.map((one, index) => /** @type {const} */ ([one, isValue(values[index]) ? values[index] : null]));
      const free = freeName(name, (other) => !cells.some(([one, value]) => (columns.get(other)?.get(one) ?? value) !== value));
      columns.set(free, new Map([...(columns.get(free) ?? []), ...cells]));
    }
  const order = inOrder(new Set(parts.flatMap(({at}) => at)));
  const rows = order.map((one) => [one, ...[...columns.values()].map((column) => column.get(one) ?? null)]);
  return {key, columns: [...columns.keys()], rows};
}

/**
 * The name, or the first of "name (2)", "name (3)", … that is free.
 * @param {string} name
 * @param {(name: string) => boolean} isFree
 */
function freeName(name, isFree) {
  let free = name;
  for (let number = 2; !isFree(free); number++) free = `${name} (${number})`;
  return free;
}

/**
 * Words as they came, then numbers by size.
 * @param {Set<Value>} values
 * @returns {Value[]}
 */
function inOrder(values) {
  const numbers = [...values].filter((value) => typeof value === "number");
  return [...[...values].filter((value) => typeof value === "string"), ...numbers.sort((a, b) => a - b)];
}

/**
 * The rows that a page has room for: all, or one in `every`, the last one among them.
 * @param {Table} table
 */
export function visibleRows({columns, rows}) {
  const maxRows = Math.max(2, Math.floor(MAX_CELLS / (columns.length + 1)));
  return {rows: subsample(rows, maxRows), every: Math.ceil(rows.length / maxRows)};
}

/**
 * A number to a few digits; whole ones, such as steps, entirely.
 * @param {Value | null} value
 * @param {number} [digits]
 */
export function formatValue(value, digits = PAGE_DIGITS) {
  if (value === null) return "";
  return typeof value === "string" || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
}

/** The same as a page shows it, with a minus of its own. @param {Value | null} value */
export const shownValue = (value) => (typeof value === "number" ? withMinus(formatValue(value)) : formatValue(value));

/**
 * The whole table as comma-separated values (RFC 4180); spaces that only keep a line together are plain ones here.
 * @param {Table} table
 */
export function csv({key, columns, rows}) {
  const cell = (/** @type {string} */ text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [[key, ...columns], ...rows].map(
    (row) => `${row.map((value) => cell(formatValue(value, FILE_DIGITS))).join(",")}\n`,
  );
  return lines.join("").replaceAll("\u00a0", " ");
}
