// @ts-check
// Whether a line of a file that a visitor has opened belongs to a recording. Files may hold anything: nothing here trusts them.

import {listedLayers} from "../player/layers.js";

/** @import {Header, Snapshot} from "../player/types" */
/** @typedef {Record<string, any>} Json */

export const MOST_ARMS = 4;
export const MOST_LAYERS = 64;
const MOST_UNITS = 4096; // of the lab's layers, or recorded ones
const FORMATS = [1, 2];
const TAPS = ["linear", "normalized", "activation"];
const NAME_LENGTH = 80; // letters; a longer name is cut
/** Shapes of measures by tap: what the first sizes of an array have to be, "layers" always being the first. */
const BY_TAP = ["counts", "unit_counts", "unit_mean", "unit_std", "percentiles", "zeros", "unit_zeros", "nonfinite"];
const OF_LAYERS = ["mean", "std", "shift_from_first", "shift_step", "underflow", "overflow"];

/** What cannot be read; `key` names the sentence that says why. */
export class Unreadable extends Error {
  /**
   * @param {string} key
   * @param {Record<string, string | number>} [values]
   */
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/** @type {(value: any) => boolean} */
const isObject = (value) => typeof value === "object" && value !== null;

/**
 * @param {unknown} value
 * @param {number} low
 * @param {number} high
 */
const isWhole = (value, low, high) => Number.isInteger(value) && Number(value) >= low && Number(value) <= high;

/**
 * The header of a recording, with names that may be shown. Raises Unreadable.
 * @param {any} message the first line of a file
 * @returns {Header}
 */
export function checkedHeader(message) {
  if (!isObject(message) || message.type !== "header") throw new Unreadable("foreign");
  if (!FORMATS.includes(message.format)) throw new Unreadable("other_format", {format: shown(message.format)});
  if (message.sweep) throw new Unreadable("sweep");
  const fault = faultOf(message);
  if (fault) throw new Unreadable("bad_header", {part: fault});
  const {id, layers, title, arms, arm_layers: others} = message;
  return /** @type {any} */ ({
    ...message,
    id: /^[0-9a-f]{8,40}$/.test(id) ? id : "0".repeat(16),
    title: typeof title === "string" ? shown(title) : "",
    arms: arms.map(String),
    ...(layers ? {layers: layers.map(cleanLayer)} : {}),
    ...(others ? {arm_layers: Object.fromEntries(Object.entries(others).map(([arm, own]) => [arm, own.map(cleanLayer)]))} : {}),
  });
}

/**
 * The key of a header that is not as it should be; "" if there is none.
 * @param {Json} header
 */
function faultOf(header) {
  const {arms, hidden_layers: count, taps, edges, watched_units: watched, total_steps: steps} = header;
  const {percentiles, layers, experiment} = header;
  const isName = (/** @type {unknown} */ name) => typeof name === "string" && name !== "";
  /** @type {Record<string, boolean>} */
  const checks = {
    arms: isList(arms, 1, MOST_ARMS) && arms.every(isName) && new Set(arms).size === arms.length,
    hidden_layers: isWhole(count, 1, MOST_LAYERS),
    taps: isList(taps, 1, 3) && taps.every((/** @type {string} */ tap) => TAPS.includes(tap)),
    probe_size: isProbeSize(header),
    watched_units: isList(watched, 0, 64) && watched.every((/** @type {unknown} */ unit) => isWhole(unit, 0, MOST_UNITS)),
    percentiles: isList(percentiles, 3, 3) && percentiles.every(Number.isFinite),
    total_steps: (steps ?? null) === null || isWhole(steps, 0, 1e12),
    layers: layers ? isList(layers, count, count) && layers.every(isLayer) : isWhole(experiment?.width, 1, MOST_UNITS),
    arm_layers: areArmLayers(count, header.arm_layers),
    edges: isObject(edges) && isList(taps, 1, 3) && taps.every((/** @type {string} */ tap) => areEdges(edges[tap], count)),
  };
  return Object.keys(checks).find((name) => !checks[name]) ?? "";
}

/**
 * @param {unknown} value
 * @param {number} least
 * @param {number} most
 */
const isList = (value, least, most) => Array.isArray(value) && value.length >= least && value.length <= most;

/**
 * How many examples a probe has: unknown for a function without a target, and always known in the lab.
 * @param {Json} header
 */
const isProbeSize = ({probe_size: probe, layers}) => isWhole(probe, 0, 1e9) || Boolean(layers && (probe ?? null) === null);

/** @param {any} layer */
function isLayer(layer) {
  if (!isObject(layer) || ![layer.name, layer.kind].every((text) => typeof text === "string")) return false;
  const areUnits = isList(layer.units, 1, MOST_UNITS) && layer.units.every((/** @type {unknown} */ one) => isWhole(one, 0, 1e12));
  return areUnits && isWhole(layer.width, layer.units.length, 1e12) && isWhole(layer.values, 0, 1e12);
}

/**
 * The layers of arms that differ from the first: as many as it has.
 * @param {number} count
 * @param {any} others
 */
const areArmLayers = (count, others = {}) =>
  isObject(others) && Object.values(others).every((own) => isList(own, count, count) && own.every(isLayer));

/**
 * Edges of all layers, or of each: they rise.
 * @param {any} edges
 * @param {number} layers
 */
function areEdges(edges, layers) {
  if (!isObject(edges)) return false;
  if (typeof edges[0] === "number") return doRise(edges);
  return edges.length === layers && Array.from(edges, doRise).every(Boolean);
}

/** @param {ArrayLike<number>} edges */
const doRise = (edges) =>
  edges?.length > 1 && Array.from(edges).every((edge, index) => Number.isFinite(edge) && (!index || edge > edges[index - 1]));

/**
 * A user's text as it may be shown: Plotly interprets angle brackets, and headlines interpret what is
 * in double ones.
 * @param {unknown} text
 * @param {number} [length] letters; the rest is cut
 */
export const shown = (text, length = NAME_LENGTH) =>
  String(text)
    .replace(/\p{C}+/gu, " ")
    .replaceAll("<", "‹")
    .replaceAll(">", "›")
    .replaceAll("[[", "[ [")
    .replaceAll("{", "(")
    .replaceAll("}", ")")
    .slice(0, length);

/** @param {Json} layer */
const cleanLayer = ({name, kind, normalizer, source, ...layer}) => ({
  ...layer,
  source: typeof source === "string" ? source : "",
  name: shown(name),
  kind: shown(kind),
  normalizer: typeof normalizer === "string" ? shown(normalizer) : "",
});

/**
 * Whether a message is a snapshot that fits the header, and comes after the one before.
 * @param {any} message
 * @param {Header} header
 * @param {number} before the step of the snapshot before; -1 if there is none
 * @returns {message is Snapshot}
 */
export function isSnapshot(message, header, before) {
  if (!isObject(message) || !isObject(message.arms)) return false;
  if (!Number.isFinite(message.step) || message.step < 0 || message.step < before) return false;
  return header.arms.every((/** @type {string} */ arm) => isObject(message.arms[arm]) && isPart(message.arms[arm], header));
}

/**
 * @param {Json} part of a snapshot
 * @param {Header} header
 */
function isPart(part, header) {
  return [...BY_TAP, ...OF_LAYERS].every((key) => {
    if (part[key] === undefined || part[key] === null) return true;
    return header.taps.every((tap) => {
      const measure = part[key]?.[tap];
      return measure === undefined || isMeasure(key, measure, header, tap);
    });
  });
}

/**
 * An array of a measure has the sizes that the header says.
 * @param {string} key
 * @param {any} measure
 * @param {Header} header
 * @param {string} tap
 */
function isMeasure(key, measure, header, tap) {
  const {hidden_layers: layers, watched_units: watched} = header;
  if (measure?.length !== layers) return false;
  const bins = binsOf(header, tap);
  /** @type {Record<string, (row: any) => boolean>} */
  const rows = {
    counts: (row) => row?.length === bins,
    unit_counts: (row) => row?.length === watched.length && (!watched.length || row[0]?.length === bins),
    unit_zeros: (row) => row?.length === watched.length,
    percentiles: (row) => row?.length === header.percentiles.length,
    unit_mean: (row) => row?.length >= widest(header),
    unit_std: (row) => row?.length >= widest(header),
  };
  const isRow = rows[key] ?? ((row) => row === null || typeof row === "number");
  return Array.isArray(measure) ? measure.every(isRow) : isRow(measure[0]); // of an array all others are like the first
}

/**
 * @param {Header} header
 * @param {string} tap
 */
function binsOf(header, tap) {
  const edges = /** @type {any} */ (header.edges)[tap];
  return (typeof edges[0] === "number" ? edges : edges[0]).length - 1;
}

/** @param {Header} header */
const widest = (header) => Math.max(...(listedLayers(header)?.map(({units}) => units.length) ?? [header.experiment.width]));
