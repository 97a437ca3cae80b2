// @ts-check
// What a recording says of its layers. The lab's layers are alike, and share the edges of their histograms; those of a user's
// own network have a name, a kind, a width and edges each: its header lists `layers`, and has no `experiment`.

/** @import {Header, Tap, View} from "./types" */
/**
 * @typedef {object} Layer
 * @property {string} name of the module that defines it, as `named_modules` has it
 * @property {string} kind its class
 * @property {string} normalizer the class of what normalizes it; "" if nothing does
 * @property {number} [repeat] how often the module was called before in the pass
 * @property {string} [source] the module with its weights, where that is another one
 * @property {number} width how many units it has
 * @property {number[]} units which of them are recorded
 * @property {number} values how many values a unit has on the probe
 */

/**
 * The layers that the header lists; null for a recording of the lab.
 * @param {Header} header
 * @returns {Layer[] | null}
 */
export const listedLayers = (header) => /** @type {any} */ (header).layers ?? null;

/**
 * The layers of an arm of a recording of a user's own network: in other arms they may be of other kinds.
 * @param {Header} header
 * @param {string} arm
 * @returns {Layer[]}
 */
export const armLayers = (header, arm) => /** @type {any} */ (armValue(header, "layers", arm));

/**
 * What a header says under a key, of an arm: where it differs from the first arm, that is under `arm_` and the key.
 * @param {Header} header
 * @param {"layers" | "layers_found" | "parameters"} key
 * @param {string} arm
 * @returns {unknown}
 */
export function armValue(header, key, arm) {
  const {[`arm_${key}`]: others, [key]: first} = /** @type {any} */ (header);
  return Object.hasOwn(others ?? {}, arm) ? others[arm] : first;
}

/**
 * The edges of a layer's histograms, one more than bins.
 * @param {View} view
 * @param {number} [layer] counted from 1
 * @param {Tap} [tap]
 * @returns {ArrayLike<number>}
 */
export function edgesOf(view, layer = view.layer, tap = view.tap) {
  const edges = /** @type {any} */ (view.header.edges[tap]);
  return typeof edges[0] === "object" ? edges[layer - 1] : edges;
}

/**
 * How many units of a layer are recorded.
 * @param {Header} header
 * @param {number} layer
 */
export const unitCount = (header, layer) => listedLayers(header)?.[layer - 1].units.length ?? header.experiment.width;

/**
 * How many values a unit of a layer has on the probe.
 * @param {Header} header
 * @param {number} layer
 */
export const valuesPerUnit = (header, layer) => listedLayers(header)?.[layer - 1].values ?? header.probe_size;

/**
 * How many values the chosen histogram of a layer is of: those of one unit, or of all that are recorded.
 * @param {View} view
 * @param {number} [layer]
 * @param {boolean} [pooled]
 */
export const valueCount = ({header, unit, layer: chosen}, layer = chosen, pooled = unit === "pooled") =>
  valuesPerUnit(header, layer) * (pooled ? unitCount(header, layer) : 1);

/**
 * Steps of the whole run; of one that does not say, as far as it has come.
 * @param {{header: Header | null, frames: {step: number}[]}} recording
 * @returns {number}
 */
export const stepsOf = ({header, frames}) => Math.max(1, header?.total_steps ?? frames.at(-1)?.step ?? 1);
