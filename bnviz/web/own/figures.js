// @ts-check
// Figures of recordings with 1 to 4 arms: as bnviz/web/figures.py makes them for the lab, here from what a header says.

/** @import {Arm, Axis, Trace} from "../player/types" */
/** @typedef {Record<string, any>} Layout */
/** @typedef {Record<string, Arm>} Arms by their names in the recording */
/** @typedef {{arm: string, axes: string, domain: [number, number]}} Side one arm's subplot */

const GAP = 0.03; // of the width, between subplots
const MANY = 3; // so many subplots side by side leave room for short titles only
const SHORT = 12; // letters
const MARGIN = {l: 50, r: 14, t: 26, b: 40};

/**
 * An empty line in an arm's colour.
 * @param {Arms} arms
 * @param {string} arm
 * @param {string} axes of the subplot: "", "2", …
 * @param {number} width
 * @param {Record<string, unknown>} [more]
 * @returns {Trace}
 */
export const line = (arms, arm, axes, width, {dash = "solid", ...more} = {}) => ({
  ...{type: "scatter", mode: "lines", x: [], y: [], name: arms[arm].name, line: {color: arms[arm].colour, width, dash}},
  ...{xaxis: `x${axes}`, yaxis: `y${axes}`, showlegend: false, ...more},
});

/**
 * An arm's colour, so opaque.
 * @param {string} colour as #rrggbb
 * @param {number} opacity
 */
export function translucent(colour, opacity) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},${opacity})`;
}

/**
 * An axis with a title. Margins are fixed: measuring labels at every redraw would double its cost.
 * @param {string} title
 * @param {Record<string, unknown>} [more]
 * @returns {Axis}
 */
export const axis = (title, more = {}) => ({
  title: /** @type {Axis["title"]} */ ({text: title, standoff: 6}),
  automargin: false,
  zeroline: false,
  nticks: 6,
  ...more,
});

/** @param {Layout} more */
export const layout = (more) => ({
  ...{margin: MARGIN, showlegend: false, legend: {orientation: "h", x: 0, y: 1.02, yanchor: "bottom"}},
  ...{hovermode: "closest", dragmode: "zoom", font: {size: 12}, ...more},
});

/**
 * Each arm with its subplot, side by side.
 * @param {string[]} arms
 * @returns {Side[]}
 */
export function sidesOf(arms) {
  const width = (1 - GAP * (arms.length - 1)) / arms.length;
  return arms.map((arm, index) => {
    const low = index * (width + GAP);
    return {arm, axes: index ? String(index + 1) : "", domain: [low, Math.min(1, low + width)]};
  });
}

/**
 * A subplot for each arm, with shared axes: what is not alike is the data.
 * @param {Arms} arms
 * @param {Side[]} sides
 * @param {{x: Axis, y: Axis}} axes
 */
export function sideBySide(arms, sides, {x, y}) {
  /** @type {Layout} */
  const axes = {};
  for (const {axes: number, domain} of sides) {
    const isFirst = number === "";
    const title = isFirst || sides.length < MANY ? {} : {title: {text: ""}};
    axes[`xaxis${number}`] = {...x, domain, anchor: `y${number}`, ...(isFirst ? {} : {matches: "x"}), ...title};
    const shared = {matches: "y", showticklabels: false, title: {text: ""}};
    axes[`yaxis${number}`] = {...y, anchor: `x${number}`, ...(isFirst ? {} : shared)};
  }
  const titles = sides.map((side) => titleOf(arms[side.arm], side, sides.length >= MANY));
  return layout({...axes, annotations: sides.length > 1 ? titles : []});
}

/**
 * @param {Arm} arm
 * @param {Side} side
 * @param {boolean} isShort
 */
const titleOf = ({name, colour}, {domain}, isShort) => ({
  ...{
    text: isShort && name.length > SHORT ? `${name.slice(0, SHORT - 1)}…` : name,
    x: (domain[0] + domain[1]) / 2,
    y: 1,
    xref: "paper",
    yref: "paper",
    xanchor: "center",
  },
  ...{yanchor: "bottom", showarrow: false, font: {color: colour, size: isShort ? 11 : 13}},
});

/**
 * One subplot, or two with axes of their own.
 * @param {Axis} x
 * @param {Axis[]} heights the y axes
 * @param {Layout} [more]
 */
export function beside(x, heights, more = {}) {
  if (heights.length === 1) return layout({xaxis: x, yaxis: heights[0], ...more});
  return layout({
    xaxis: {...x, domain: [0, 0.42]},
    xaxis2: {...x, domain: [0.59, 1], anchor: "y2", matches: "x"},
    yaxis: heights[0],
    yaxis2: {...heights[1], anchor: "x2"},
    ...more,
  });
}
