// @ts-check
// What fills the traces of the page /batch-size, and how far its axes reach.

import {finite} from "../../web/player/numbers.js";
import {hasClasses} from "../../web/player/words.js";
import {fallOff} from "./laws.js";
import {activationSd, distance, distances, microscopeOf, statisticOf} from "./reading.js";

/** @import {Bound, FeedFunction, Fit, View} from "../../web/player/types" */
/** @import {Microscope} from "./reading.js" */
/** @typedef {ArrayLike<number | null> & Iterable<number | null>} Values */

const NOTHING = {x: [], y: []};
const JITTER = 0.11; // octaves to either side
const LEAST = 0.01; // that the axis of differences reaches to either side: less is rounding
const GOLDEN = 0.618034; // multiples of it spread evenly over 0…1

/** @param {number | null} value */
const positive = (value) => (Number(value) > 0 ? finite(value) : null);

/**
 * Values over sizes; what is not finite is a gap.
 * @param {Values} sizes
 * @param {Values} values
 */
const over = (sizes, values) => ({x: Array.from(sizes), y: Array.from(values, finite)});

/**
 * One dot a draw, in a column beside each size.
 * @param {ArrayLike<number>} sizes
 * @param {ArrayLike<Values>} rows one a size
 * @param {number} side of the size's place, in octaves
 */
function columns(sizes, rows, side) {
  const draws = Array.from(rows).flatMap((row, index) => Array.from(row, (value, draw) => ({size: sizes[index], value, draw})));
  return {
    x: draws.map(({size, draw}) => size * 2 ** (side + JITTER * (2 * ((draw * GOLDEN) % 1) - 1))),
    y: draws.map(({value}) => finite(value)),
  };
}

/** @type {Record<string, FeedFunction>} */
export const feeds = {
  "example-dots"({arm, scene, side}, view) {
    return columns(microscopeOf(view, arm)?.sizes ?? [], distances(view, arm, scene), side);
  },
  "prediction-dots"({arm, scene, side}, view) {
    /** @type {any} */
    const microscope = microscopeOf(view, arm);
    return microscope?.[scene] ? columns(microscope.sizes, microscope[scene].prediction, side) : NOTHING;
  },
  "example-scatter"({scene}, view) {
    const [microscope, values] = [microscopeOf(view), activationSd(view, scene)];
    return microscope && values ? over(microscope.sizes, Array.from(values, positive)) : NOTHING;
  },
  "prediction-scatter"({arm, scene}, view) {
    /** @type {any} */
    const microscope = microscopeOf(view, arm);
    return microscope?.[scene] ? over(microscope.sizes, microscope[scene].prediction_sd) : NOTHING;
  },
  "root-guide"(_, view) {
    const [microscope, values] = [microscopeOf(view), activationSd(view, "mates")];
    const law = microscope && values && fallOff(microscope.sizes, values);
    return microscope && law ? over(microscope.sizes, Array.from(microscope.sizes, law.root)) : NOTHING;
  },
  rates(_, view) {
    const microscope = microscopeOf(view);
    return microscope?.dropout_rate ? over(microscope.sizes, microscope.dropout_rate) : NOTHING;
  },
  statistic({arm, key}, view) {
    const microscope = microscopeOf(view, arm);
    return microscope ? over(microscope.sizes, Array.from(statisticOf(microscope, key, view.layer - 1), positive)) : NOTHING;
  },
  "other-layers"({arm, key}, view) {
    const microscope = microscopeOf(view, arm);
    if (!microscope) return NOTHING;
    /** @type {Values[]} */
    const rows = /** @type {any} */ (microscope)[key];
    const others = rows.filter((_, layer) => layer !== view.layer - 1);
    return {
      x: others.flatMap(() => [...microscope.sizes, null]),
      y: others.flatMap((row) => [...Array.from(row, positive), null]),
    };
  },
};

// --- axis ranges, which hold for all measurements; those of powers of ten are in logarithms

/**
 * @param {(microscope: Microscope, view: View) => Iterable<number | null>} values
 * @returns {Fit}
 */
const each = (values) => (frame, arm, view) => {
  const microscope = frame.arms[arm].microscope;
  return microscope ? values(microscope, view) : [];
};

/** @param {Microscope} microscope */
const scenes = (microscope) => (microscope.dropout ? [microscope.mates, microscope.dropout] : [microscope.mates]);

/** @param {Iterable<number>} values */
const logarithms = (values) =>
  Array.from(values)
    .filter((value) => value > 0)
    .map(Math.log10);

/**
 * As far as other minibatches take a unit, and a quarter of that to spare. Dropout may take it further.
 * @param {Microscope} microscope
 * @param {number} layer counted from 0
 * @param {number} unit
 */
function reach(microscope, layer, unit) {
  const levels = microscope.mates.activation[layer][unit].flatMap((row) => Array.from(row));
  const offsets = levels.map((level) => distance(microscope, layer, unit, level)).filter((value) => value !== null);
  if (!offsets.length) return [];
  const [low, high] = [Math.min(...offsets), Math.max(...offsets)];
  return [Math.min(-LEAST, low - (high - low) / 4), Math.max(LEAST, high + (high - low) / 4)];
}

/** @type {Record<string, Fit>} */
export const fits = {
  mates: each((microscope, view) => {
    const units = view.unit === "pooled" ? Array.from(microscope.range[0].keys()) : [view.unit];
    return units.flatMap((unit) => reach(microscope, view.layer - 1, unit));
  }),
  prediction: each((microscope, view) =>
    hasClasses(view) ? [0, 1] : scenes(microscope).flatMap(({prediction}) => prediction.flatMap((row) => Array.from(row))),
  ),
  example_scatter: each((microscope, view) =>
    scenes(microscope).flatMap((scene) => logarithms(scene.activation_sd[view.layer - 1])),
  ),
  prediction_scatter: each((microscope) => scenes(microscope).flatMap((scene) => Array.from(scene.prediction_sd))),
  rates: each((microscope) => microscope.dropout_rate ?? []),
  mean_sd: each((microscope) => [...microscope.mean_sd.flatMap(logarithms), ...logarithms(microscope.mean_sd_theory), 0]),
  variance_sd: each((microscope) => [
    ...microscope.variance_sd.flatMap(logarithms),
    ...microscope.variance_sd_theory.flatMap(logarithms),
    0,
  ]),
};

/** @type {Record<string, Bound>} */
export const bounds = {
  mates: () => [-20, 20],
  prediction: (view) => (hasClasses(view) ? [0, 1] : [-20, 20]),
  example_scatter: () => [-4, 1.5],
  prediction_scatter: () => [0, 10],
  rates: () => [0, 1],
  mean_sd: () => [-4, 1],
  variance_sd: () => [-4, 1.5],
};
