// @ts-check
// Findings about a recording, from its end line: their sentences, and the layer, step and chart that show each.

import {armLayers} from "../player/layers.js";
import {sentence} from "../player/words.js";
import {shown} from "./checks.js";
import {moduleName} from "./names.js";

/** @import {Catalogue, Header} from "../player/types" */
/**
 * @typedef {object} Finding
 * @property {string} kind
 * @property {string} arm
 * @property {string} layer its name, or that of a parameter; "" if it is of all
 * @property {number | null} step
 * @property {string} certainty of its meaning
 * @property {string} cause
 * @property {string} severity "warning" or "note"
 * @property {Record<string, string>} numbers as they are written
 * @property {string} sentence all of it, as the release that recorded it says it
 */
/** @typedef {Record<string, Catalogue>} JudgeWords the sentences of each kind of finding */
/** @typedef {{measured: string, meaning: string, remedy: string}} FindingWords */

const MOST = 200; // findings of a file that are shown
const LONGEST = 1500; // letters of a text
/** Charts that show a kind of finding best; the others show in the strip of layers. @type {Record<string, string>} */
const CHARTS = {
  ...{evaluation_gap: "learning", loss_rose: "learning", two_uses: "views", frozen: "views"},
  ...{dead_units: "ridges", saturated_units: "ridges", gradients_change: "gradients"},
  ...{updates_large: "gradients", updates_small: "gradients", no_updates: "gradients"},
};

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? shown(value, LONGEST) : "");

/**
 * The findings of an end line, as they may be shown; null if it has none, because no judge has run.
 * @param {unknown} findings
 * @returns {Finding[] | null}
 */
export function checkedFindings(findings) {
  if (!Array.isArray(findings)) return null;
  const entries = findings.filter((one) => typeof one === "object" && one !== null).slice(0, MOST);
  return entries.map((one) => ({
    ...{kind: text(one.kind), arm: text(one.arm), layer: text(one.layer), certainty: text(one.certainty)},
    ...{cause: text(one.cause), severity: text(one.severity), sentence: text(one.sentence)},
    step: Number.isFinite(one.step) ? one.step : null,
    numbers: Object.fromEntries(Object.entries(one.numbers ?? {}).map(([name, value]) => [name, shown(value, LONGEST)])),
  }));
}

/**
 * What could not be looked for, as an end line says it: names of judges, each with the key of a reason.
 * @param {unknown} reasons
 * @returns {Record<string, string>} of an older recording empty
 */
export function checkedReasons(reasons) {
  const entries = typeof reasons === "object" && reasons !== null ? Object.entries(reasons) : [];
  return Object.fromEntries(entries.filter(([, reason]) => typeof reason === "string").slice(0, MOST));
}

/**
 * What was looked for, in words, and what was not: a sentence for each reason, as `bnviz check` says it. Nothing is said of a
 * reason that this release cannot word.
 * @param {Record<string, string>} reasons
 * @param {JudgeWords} judge
 */
export function lookedFor(reasons, judge) {
  const names = Object.keys(judge.looked_for).filter((name) => !Object.hasOwn(reasons, name));
  const {looked_for: wordsOfNames, not_looked_for: wordsOfReasons, missing} = judge;
  const worded = Object.keys(reasons).filter(
    (name) => Object.hasOwn(wordsOfNames, name) && Object.hasOwn(wordsOfReasons, reasons[name]),
  );
  const listed = (/** @type {string[]} */ some) => some.map((name) => wordsOfNames[name]).join("; ");
  const sentences = [...new Set(worded.map((name) => reasons[name]))].map((why) =>
    sentence(missing, "sentence", {names: listed(worded.filter((name) => reasons[name] === why)), reason: wordsOfReasons[why]}),
  );
  return {all: listed(names), missing: sentences.join(" ")};
}

/**
 * The sentences about a finding. A kind that this release does not know keeps its recorded sentence.
 * @param {Finding} finding
 * @param {JudgeWords} judge
 * @returns {FindingWords}
 */
export function wordsOf({sentence: recorded, ...finding}, judge) {
  const {kind, cause, certainty, numbers, arm, layer, step} = finding;
  const words = judge[kind] ?? {};
  const values = {arm, layer, step: String(step), ...numbers};
  const part = (/** @type {string} */ name) => sentence(words, `${name}_${cause}` in words ? `${name}_${cause}` : name, values);
  try {
    const meaning = `${part("meaning")} ${sentence(judge.certainty, certainty)}`;
    return {measured: part("measured"), meaning, remedy: part("remedy")};
  } catch {
    return {measured: recorded || kind, meaning: "", remedy: ""};
  }
}

/**
 * The number of the layer that a finding names, by its own name or by that of one of its parameters; null if it is of none.
 * @param {Finding} finding
 * @param {Header} header
 */
export function layerOf({layer: name, arm}, header) {
  const layers = armLayers(header, arm) ?? [];
  const isItsParameter = (/** @type {any} */ one) => name.startsWith(`${one.source || one.name}.`);
  const exact = layers.findIndex((one) => moduleName(one) === name);
  const index = exact >= 0 ? exact : layers.findIndex(isItsParameter);
  return name && index >= 0 ? index + 1 : null;
}

/**
 * The panel that shows a finding best; "" if none does better than the strip of layers.
 * @param {Finding} finding
 */
export const chartOf = ({kind}) => CHARTS[kind] ?? "";

/**
 * The step of the snapshot that shows a finding: that of its sentence or, if there is no snapshot of it, of the next one.
 * @param {Finding} finding
 * @param {{step: number}[]} frames not empty
 */
export function shownStep({step, numbers}, frames) {
  const told = Number(numbers.last ?? step ?? 0); // of what has lasted, `step` is where it began
  return (frames.find((frame) => frame.step >= told) ?? frames[frames.length - 1]).step;
}
