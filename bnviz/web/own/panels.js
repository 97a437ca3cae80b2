// @ts-check
// The panels of a recording: those whose measures it has, and no others.

import {axis, beside, line, sideBySide, sidesOf, translucent} from "./figures.js";

/** @import {Axis, Header, PanelSpec, Trace} from "../player/types" */
/** @import {Arms} from "./figures.js" */
/** @typedef {Record<string, Record<string, string>>} PanelWords the words of each panel */
/**
 * @typedef {object} Parts what panels are made of
 * @property {Header} header
 * @property {Set<string>} measures that the recording has
 * @property {Arms} arms
 * @property {PanelWords} words
 */

const GREY = "#888888"; // of a view in the legend, whichever arm it is of
const LEGEND_ROW = 17; // pixels
const STEPS = {fit: "steps"}; // the range of an axis of steps

/**
 * All panels, in reading order.
 * @param {Parts} parts
 * @returns {PanelSpec[]}
 */
export function panelsOf(parts) {
  const makers = [fan, ridges, shift, learning, views, gradients, bands];
  return makers.flatMap((make) => make(parts) ?? []);
}

/**
 * @param {string} id
 * @param {Parts} parts
 * @param {Trace[]} data
 * @param {Record<string, any>} layout
 * @param {Partial<PanelSpec>} [more]
 * @returns {PanelSpec}
 */
function panel(id, {words}, data, layout, more = {}) {
  const {title, caption, definition} = words[id];
  return {id, title, caption, definition, data, layout, height: 320, rate: 2.5, wide: false, front: true, ...more};
}

/**
 * One thin line a unit: its mean over steps.
 * @param {Parts} parts
 */
function fan(parts) {
  const {header, measures, arms, words} = parts;
  if (!measures.has("unit_mean")) return null;
  const sides = sidesOf(header.arms);
  const traces = sides.flatMap(({arm, axes}) => {
    const feed = {arm, key: "unit_mean"};
    const label = {hovertemplate: "step %{x}<br>%{y:.3g}<extra></extra>"};
    return [
      line(arms, arm, axes, 1, {opacity: 0.42, feed: {kind: "units", ...feed}, hoverinfo: "skip"}),
      line(arms, arm, axes, 3, {feed: {kind: "chosen-unit", ...feed}, ...label}),
    ];
  });
  const axes = {x: axis(words.fan.x, STEPS), y: axis(words.fan.y, {fit: "unit_mean"})};
  return panel("fan", parts, traces, sideBySide(arms, sides, axes), {height: 360, rate: 5});
}

/**
 * A unit's distribution over steps: rows are at their steps, the newest in front.
 * @param {Parts} parts
 */
function ridges(parts) {
  const {header, measures, arms, words} = parts;
  if (!measures.has("counts") && !measures.has("unit_counts")) return null;
  const sides = sidesOf(header.arms);
  const traces = sides.flatMap(({arm, axes}) => {
    const filled = (/** @type {number} */ opacity) => ({fill: "toself", fillcolor: translucent(arms[arm].colour, opacity)});
    const ridge = (/** @type {string} */ kind, /** @type {number} */ width, /** @type {object} */ more) =>
      line(arms, arm, axes, width, {feed: {kind: `ridge-${kind}`, arm}, hoverinfo: "skip", ...more});
    return [ridge("past", 1, filled(0.16)), ridge("front", 2.5, filled(0.5)), ridge("first", 1.5, {dash: "dot"})];
  });
  const axes = {x: axis("{signal}", {fit: "histogram"}), y: axis(words.ridges.y, {fit: "rows"})};
  return panel("ridges", parts, traces, sideBySide(arms, sides, axes), {height: 360, rate: 60});
}

/**
 * The middle 70 % of a unit.
 * @param {Parts} parts
 */
function bands(parts) {
  const {header, measures, arms, words} = parts;
  if (!measures.has("percentiles")) return null;
  const sides = sidesOf(header.arms);
  const traces = sides.flatMap(({arm, axes}) =>
    [0, 2, 1].map((place, index) => {
      const fill = index === 1 ? {fill: "tonexty", fillcolor: translucent(arms[arm].colour, 0.25)} : {};
      const hovertemplate = `${header.percentiles[place]} %: %{y:.3g}, step %{x}<extra></extra>`;
      return line(arms, arm, axes, place === 1 ? 2.5 : 0, {feed: {kind: "percentile", arm, place}, hovertemplate, ...fill});
    }),
  );
  const axes = {x: axis(words.bands.x, STEPS), y: axis("{signal}", {fit: "percentiles"})};
  return panel("bands", parts, traces, sideBySide(arms, sides, axes));
}

/**
 * How far the chosen layer has moved: from the untrained network, and since the snapshot before.
 * @param {Parts} parts
 */
function shift(parts) {
  const {header, measures, words} = parts;
  const keys = ["shift_from_first", "shift_step"].filter((key) => measures.has(key));
  if (!keys.length) return null;
  const traces = keys.flatMap((key, place) => {
    const axes = place ? "2" : "";
    return header.arms.map((/** @type {string} */ arm) => curve(parts, arm, axes, {kind: "series", arm, key}, ".3g"));
  });
  const heights = keys.map((key) => axis(words.shift[key], {rangemode: "tozero", fit: key}));
  return panel("shift", parts, traces, beside(axis(words.shift.x, STEPS), heights, legendOf(header)));
}

/**
 * A line over steps, named in the legend if its subplot is the first.
 * @param {Parts} parts
 * @param {string} arm
 * @param {string} axes
 * @param {import("../player/types").Feed} feed
 * @param {string} form of its values
 * @param {Record<string, unknown>} [more]
 */
function curve({arms}, arm, axes, feed, form, {name = arms[arm].name, ...more} = {}) {
  const hovertemplate = `step %{x}: %{y:${form}}<extra>${name}</extra>`;
  return line(arms, arm, axes, 2, {feed, hovertemplate, name, legendgroup: name, showlegend: axes === "", ...more});
}

/**
 * A legend, where there is more than one arm to tell apart.
 * @param {Header} header
 */
const legendOf = ({arms}) => ({showlegend: arms.length > 1});

/** What is learnt: each measure with how its line looks. */
const VIEWS = {train: "solid", probe: "dashdot", evaluation: "dash", recomputed: "dot"};

/**
 * Loss and accuracy, in the views that were measured.
 * @param {Parts} parts
 */
function learning(parts) {
  const {measures, words} = parts;
  const kinds = ["loss", "accuracy"].filter((kind) => Object.keys(VIEWS).some((view) => measures.has(`${view}_${kind}`)));
  if (!kinds.length) return null;
  const traces = kinds.flatMap((kind, place) => viewsOf(parts, kind, place ? "2" : ""));
  const heights = kinds.map((kind) =>
    kind === "loss"
      ? axis(words.learning.loss, {rangemode: "tozero", fit: "losses"})
      : axis(words.learning.accuracy, {tickformat: ".0~%", range: [0, 1.02]}),
  );
  const x = axis(words.learning.x, STEPS);
  const key = keyOf(parts);
  const top = LEGEND_ROW * Math.ceil(key.length / 2) + 18; // on a phone two entries fit into a row
  const more = {showlegend: true, margin: {l: 50, r: 14, t: top, b: 40}};
  return panel("learning", parts, [...key, ...traces], beside(x, heights, more), {height: 268 + top});
}

/**
 * The legend: a colour for each arm, and a dash for each view. All pairs of them would fill a phone.
 * @param {Parts} parts
 */
function keyOf({header, measures, arms, words}) {
  const [first] = header.arms;
  const views = Object.entries(VIEWS).filter(([view]) => ["loss", "accuracy"].some((kind) => measures.has(`${view}_${kind}`)));
  const several = header.arms.length > 1;
  const entry = (/** @type {string} */ arm, /** @type {string} */ name, /** @type {Record<string, any>} */ look) => {
    const trace = line(arms, arm, "", 2, {feed: {kind: "none"}, hoverinfo: "skip", name, legendgroup: name, showlegend: true});
    return {...trace, line: {.../** @type {object} */ (trace.line), ...look}};
  };
  return [
    ...(several ? header.arms.map((/** @type {string} */ arm) => entry(arm, arms[arm].name, {})) : []),
    ...views.map(([view, dash]) => entry(first, words.learning[view], {dash, ...(several ? {color: GREY} : {})})),
  ];
}

/**
 * @param {Parts} parts
 * @param {string} kind
 * @param {string} axes
 */
function viewsOf(parts, kind, axes) {
  const {header, measures, arms, words} = parts;
  const views = Object.entries(VIEWS).filter(([view]) => measures.has(`${view}_${kind}`));
  return views.flatMap(([view, dash]) =>
    header.arms.map((/** @type {string} */ arm) => {
      const name = header.arms.length > 1 ? `${arms[arm].name}, ${words.learning[view]}` : words.learning[view];
      const form = kind === "loss" ? ".3g" : ".1%";
      const feed = {kind: "scalar", arm, key: `${view}_${kind}`};
      const legendgroup = header.arms.length > 1 ? arms[arm].name : name; // a click on its entry hides it
      return curve(parts, arm, axes, feed, form, {name, dash, legendgroup, showlegend: false});
    }),
  );
}

/**
 * How far running statistics are from the probe's own, layer by layer.
 * @param {Parts} parts
 */
const views = (parts) =>
  layerPanel("views", parts, ["running_mean_error", "running_std_error"], (key) => ({fit: `layers:${key}`}));

/**
 * Gradients, and updates against weights: powers of ten.
 * @param {Parts} parts
 */
const gradients = (parts) =>
  layerPanel("gradients", parts, ["gradient_norm", "update_ratio"], (key) => ({
    type: "log",
    exponentformat: "power",
    fit: `log ${key}`,
    dtick: 1,
  }));

/**
 * Measures that are a number a layer: all layers faint, the chosen one strong.
 * @param {string} id
 * @param {Parts} parts
 * @param {string[]} names of measures
 * @param {(key: string) => Partial<Axis>} height
 */
function layerPanel(id, parts, names, height) {
  const {header, measures, arms, words} = parts;
  const keys = names.filter((key) => measures.has(key));
  if (!keys.length) return null;
  const traces = keys.flatMap((key, place) => {
    const axes = place ? "2" : "";
    return header.arms.flatMap((/** @type {string} */ arm) => [
      line(arms, arm, axes, 1, {opacity: 0.35, feed: {kind: "list", arm, key}, hoverinfo: "skip"}),
      curve(parts, arm, axes, {kind: "entry", arm, key}, ".3g"),
    ]);
  });
  const heights = keys.map((key) => axis(words[id][key], height(key)));
  return panel(id, parts, traces, beside(axis(words[id].x, STEPS), heights, legendOf(header)));
}
