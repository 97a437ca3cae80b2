// @ts-check
// A chart as a picture for slides and papers: with its title, its caption, and below it what it shows. Twice as many pixels as on
// the page.

import {saveFile} from "./files.js";

/** @import {Painted} from "./theme.js" */
/**
 * @typedef {{title: string, caption: string, notes: string[], arms: {name: string, colour: string}[]}} ChartTexts in plain words
 * @typedef {{data: object[], layout: Record<string, any>}} Figure
 */

const SCALE = 2;
const MIN_WIDTH = 640; // pixels: the words below a chart need room
const LINE_HEIGHT = 16; // pixels, of small words
const LETTER_WIDTH = 6.2; // pixels, on average
const TITLE_HEIGHT = 34; // pixels

/**
 * @param {any} node Plotly's
 * @param {ChartTexts} texts
 * @param {Painted} theme
 * @param {"png" | "svg"} format
 * @param {string} file its name without a suffix
 */
export async function savePicture(node, texts, theme, format, file) {
  const {data, layout} = figureOf(node, texts, theme);
  const {width, height} = layout;
  const address = await Plotly.toImage({data, layout}, {format, width, height, scale: format === "png" ? SCALE : 1});
  const blob = await (await fetch(address)).blob();
  saveFile(`${file}.${format}`, blob);
}

/**
 * The chart with its words around it.
 * @param {Figure} chart
 * @param {ChartTexts} texts
 * @param {Pick<Painted, "background" | "text">} theme
 * @returns {Figure}
 */
export function figureOf({data, layout}, {title, caption, notes, arms}, {background, text}) {
  const width = Math.max(layout.width, MIN_WIDTH);
  const room = Math.floor((width - 24) / LETTER_WIDTH);
  const above = wrap(caption, room);
  const names = arms.map(({name, colour}) => `<span style="color:${colour}">${escapeMarkup(name)}</span>`).join(" · ");
  const below = [names, ...notes.flatMap((note) => wrap(note, room))].filter(Boolean);
  const margin = {l: 70, r: 20, t: 40, b: 50, ...layout.margin};
  const [top, bottom] = [TITLE_HEIGHT + above.length * LINE_HEIGHT, below.length * LINE_HEIGHT + 10];
  const words = {showarrow: false, xref: "paper", yref: "paper", align: "left", xanchor: "left", x: 0, xshift: 12 - margin.l};
  const head = {...words, yanchor: "bottom", y: 1, yshift: margin.t, font: {size: 12, color: text}};
  const foot = {...words, yanchor: "top", y: 0, yshift: -margin.b, font: {size: 11, color: text}};
  const heading = [`<b style="font-size:17px">${escapeMarkup(title)}</b>`, ...above].join("<br>");
  const annotations = [...(layout.annotations ?? []), {...head, text: heading}];
  if (below.length) annotations.push({...foot, text: below.join("<br>")});
  return {
    data,
    layout: {
      ...layout,
      width,
      height: layout.height + top + bottom,
      margin: {...margin, t: margin.t + top, b: margin.b + bottom},
      annotations,
      paper_bgcolor: background,
      plot_bgcolor: background,
    },
  };
}

/**
 * A sentence in lines of so many letters at most, as far as its words allow.
 * @param {string} sentence
 * @param {number} room
 */
export function wrap(sentence, room) {
  /** @type {string[]} */
  const lines = [];
  for (const word of sentence.split(" ").filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map(escapeMarkup);
}

/**
 * Plotly reads marks of HTML in its texts.
 * @param {string} text
 */
const escapeMarkup = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
