// @ts-check
// What Plotly would write otherwise: labels with a hyphen for a minus, and numbers on axes that have no data.

import {withMinus} from "./numerals.js";

/**
 * Labels have the minus that axes and sentences have, as wide as a plus. Plotly has no setting for it, only private fields.
 * @param {any} fullLayout Plotly's own, a new one after each drawing
 */
export function writeMinus(fullLayout) {
  const locale = fullLayout?._d3locale;
  const numberFormat = locale?.numberFormat;
  if (!numberFormat) return;
  locale.numberFormat = (/** @type {string} */ form) => {
    const write = numberFormat(form);
    return typeof write === "function" ? (/** @type {unknown} */ value) => withMinus(String(write(value))) : write;
  };
}

/**
 * The layout with no numbers on axes that nothing is drawn on and that have no range: Plotly would make up −1 to 4, or 400 %.
 * @param {Record<string, any>} layout
 * @param {Record<string, any>[]} traces
 */
export function hideEmptyAxes(layout, traces) {
  const axes = Object.keys(layout).filter((name) => /^[xy]axis/.test(name) && !layout[name].range);
  const empty = axes.filter((name) => !traces.some((trace) => isOn(trace, name)));
  return {...layout, ...Object.fromEntries(empty.map((name) => [name, {...layout[name], showticklabels: false}]))};
}

/**
 * Whether a trace has something to draw on an axis.
 * @param {Record<string, any>} trace
 * @param {string} name of an axis: "yaxis2"
 */
function isOn(trace, name) {
  const letter = name[0];
  const id = letter + name.slice("xaxis".length);
  return (trace[`${letter}axis`] ?? letter) === id && Array.from(trace[letter] ?? []).some((value) => value !== null);
}
