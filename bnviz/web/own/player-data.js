// @ts-check
// What the player is told of a recording: in the lab the page says it, here the recording's header does.

import {VIEW_PARAMETERS} from "../player/core/address.js";
import {shown} from "./checks.js";
import {panelsOf} from "./panels.js";

/** @import {Arm, Catalogue, Data, Header, Tap} from "../player/types" */
/** @import {PanelWords} from "./panels.js" */
/**
 * @typedef {object} Words
 * @property {Catalogue} story
 * @property {PanelWords} panels
 * @property {Catalogue} shared the player's own
 * @property {Catalogue} page
 * @property {Catalogue} gallery
 * @property {Catalogue} findings texts around findings
 * @property {Record<string, Catalogue>} judge the sentences of each kind of finding
 * @property {Record<string, {name: string, colour: string}>} lab what the lab calls its arms, and their colours
 */

const COLOURS = ["#E06C1F", "#2F7FD1", "#0E9F6E", "#A65AA8"]; // apart for every kind of colour blindness
const ALONE = "#2F7FD1";

/**
 * Names and colours of the arms.
 * @param {Header} header
 * @param {Words} words
 * @returns {Record<string, Arm>}
 */
function armsOf({arms, experiment}, {lab}) {
  const entries = arms.map((arm, index) => {
    const known = experiment ? lab[arm] : null;
    const name = known?.name ?? shown(arm);
    return [arm, {label: name, name, colour: known?.colour ?? (arms.length > 1 ? COLOURS[index] : ALONE)}];
  });
  return Object.fromEntries(entries);
}

/**
 * The place that an address names: layer, signal, unit and step.
 * @param {URLSearchParams} query
 * @param {Header} header
 * @returns {Data["view"]}
 */
export function viewIn(query, {taps}) {
  const number = (/** @type {string} */ name) => (/^\d{1,12}$/.test(query.get(name) ?? "") ? Number(query.get(name)) : null);
  const tap = taps.find((one) => one === query.get("tap")) ?? taps[taps.length - 1];
  const unit = query.get("unit") === "pooled" ? "pooled" : number("unit");
  const layer = number("layer") || 1;
  const none = /** @type {any} */ (null); // there is no accuracy to reach, and one way to move
  const place = {step: number("step"), layer, tap: /** @type {Tap} */ (tap), target: none, motion: none};
  return {...place, unit, charts: null, time: null, tour: null};
}

/**
 * An address without a place: in another recording, the same place is another one.
 * @param {string} href
 */
export function withoutPlace(href) {
  const url = new URL(href);
  for (const name of [...VIEW_PARAMETERS, "step"]) url.searchParams.delete(name);
  return url.href;
}

/**
 * The text instead of a headline as long as there is no snapshot; null if there is one.
 * @param {{frames: unknown[], end: unknown}} recording as far as it has been read
 * @param {Words} words
 */
export function headlineBefore({frames, end}, {page}) {
  if (frames.length) return null;
  return end ? page.nothing_to_show : page.waiting;
}

/**
 * @param {Header} header
 * @param {Set<string>} measures
 * @param {Words} words
 * @param {Data["view"]} view
 * @param {boolean} [linked] whether a link to this page names the recording
 * @returns {Data}
 */
export function dataOf(header, measures, words, view, linked = true) {
  const arms = armsOf(header, words);
  const copied = linked ? {} : {copied: words.page.place_copied};
  const shared = {...words.shared, untrained: words.page.waiting, ...copied};
  return /** @type {any} */ ({
    ...{run: header.id, stream: "", snapshots: 0, epochs: 0, view, story: "own", arms, normalizers: {}},
    panels: panelsOf({header, measures, arms, words: words.panels}),
    ...{words: words.story, shared, data: {held_out: ""}, tour: {}, onward: {}},
    ...{prediction: null, predictions: {}, waiting: false, usual: {}, locks: [], labels: {}},
    ...{changes: [], before: [], beside: null, alone: true},
  });
}
