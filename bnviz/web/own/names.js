// @ts-check
// What layers, units and signals of a recording are called. Lab recordings have numbers for names.

import {armLayers, armValue, listedLayers} from "../player/layers.js";
import {say} from "../player/words.js";

/** @import {Tap, View} from "../player/types" */

/**
 * The name of a layer's module, as `named_modules` has it, with the call that is meant where it is called several times.
 * @param {import("../player/layers.js").Layer} layer
 */
export const moduleName = ({name, repeat}) => name + (repeat ? ` (call ${repeat + 1})` : "");

/**
 * What a layer is called, as findings call it: the names of nn.Sequential are numbers, and would pass for places in the order.
 * @param {View} view
 * @param {number} [layer] counted from 1
 * @param {string} [arm] whose name it is; without one, that of each arm where they differ
 */
export function layerName(view, layer = view.layer, arm = "") {
  if (!listedLayers(view.header)) return say(view, "layer_number", {number: layer});
  const nameIn = (/** @type {string} */ one) =>
    say(view, "module_name", {name: moduleName(armLayers(view.header, one)[layer - 1])});
  if (arm) return nameIn(arm);
  const [name, ...others] = new Set(view.header.arms.map(nameIn));
  return others.length ? forArms(view, nameIn) : name;
}

/**
 * What a layer is, in a few words: its class, what normalizes it, and which of its units are recorded.
 * @param {View} view
 * @param {number} [layer]
 */
export function layerKind(view, layer = view.layer) {
  const listed = listedLayers(view.header)?.[layer - 1];
  if (!listed) return say(view, "lab_layer", {units: view.header.experiment.width});
  const {width, units} = listed;
  const counted = units.length < width ? say(view, "units_of", {units: units.length, width}) : say(view, "all_units", {width});
  const kindOf = (/** @type {string} */ arm) => {
    const {kind, normalizer} = armLayers(view.header, arm)[layer - 1];
    const classes = new Set([kind, normalizer]); // one class where a normalizer is a layer without weights before it
    return [...classes].filter(Boolean).join(", ");
  };
  const kinds = new Set(view.header.arms.map(kindOf));
  return kinds.size > 1 ? `${counted}; ${forArms(view, kindOf)}` : [...kinds, counted].filter(Boolean).join(", ");
}

/**
 * The number of a unit in its layer, counted from 0 as PyTorch does.
 * @param {View} view
 * @param {number} unit its place among the recorded ones
 * @param {number} [layer]
 */
export const unitNumber = (view, unit, layer = view.layer) => listedLayers(view.header)?.[layer - 1].units[unit] ?? unit;

/**
 * @param {View} view
 * @param {View["unit"]} [unit]
 */
export const unitName = (view, unit = view.unit) =>
  unit === "pooled" ? say(view, "pooled", {}) : say(view, "unit_number", {number: unitNumber(view, unit)});

/**
 * A signal of a layer.
 * @param {View} view
 * @param {Tap} [tap]
 * @param {number} [layer]
 */
export const signalName = (view, tap = view.tap, layer = view.layer) => say(view, `of_${tap}`, {layer: layerName(view, layer)});

/**
 * The same where there is little room, as at an axis: without layers whose names differ between the networks.
 * @param {View} view
 * @param {Tap} [tap]
 */
export function shortSignalName(view, tap = view.tap) {
  const names = new Set(view.header.arms.map((/** @type {string} */ arm) => layerName(view, view.layer, arm)));
  return names.size > 1 ? say(view, `short_${tap}`, {}) : signalName(view, tap);
}

/**
 * A phrase for each arm, with the arms' names where there is more than one.
 * @param {View} view
 * @param {(arm: string) => string} phrase
 */
export function forArms(view, phrase) {
  const {arms} = view.header;
  if (arms.length === 1) return phrase(arms[0]);
  return arms.map((/** @type {string} */ arm) => say(view, "of_arm", {arm: view.arms[arm].name, text: phrase(arm)})).join("; ");
}

/**
 * That not all layers are recorded, in words; "" if they are.
 * @param {View} view
 */
export function recordedWords(view) {
  const {header} = view;
  const layers = header.hidden_layers;
  const foundIn = (/** @type {string} */ arm) => Math.floor(Number(armValue(header, "layers_found", arm))) || layers;
  if (!header.arms.some((/** @type {string} */ arm) => foundIn(arm) > layers)) return "";
  return `${forArms(view, (arm) => say(view, "recorded_of", {layers, found: foundIn(arm)}))}.`;
}
