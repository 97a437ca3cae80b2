// @ts-check
// What can be saved of a run: files, and a citation.

import {openDialog} from "./dialog.js";
import {addressOf, make} from "./dom.js";
import {openEmbedding} from "./embedding.js";
import {saveFile} from "./files.js";
import {describeDifferences} from "./settings.js";

/** @import {Data, Header, Values, View} from "./types" */
/** @import {Series} from "./core/comparison.js" */
/** @import {Recording} from "./recording.js" */
/**
 * @typedef {object} Source what this asks of its player
 * @property {Data} data
 * @property {Recording} recording
 * @property {{viewBeside: (view: View) => View | null, run: Series | null}} comparison the run beside it
 * @property {() => View | null} view
 * @property {(key: string, values?: Values) => string} text
 * @property {() => string | null} link the address of what is on show
 * @property {() => string | null} placedLink the same, with the step only where the visitor has paused
 */

const SAVABLE = ["finished", "diverged"]; // ends of runs that can be saved

/**
 * The menu, and the function that rebuilds it when another run is on show, or this one has ended.
 * @param {Source} player
 * @param {HTMLElement} root of the player
 * @param {Node} sign
 */
export function saving(player, root, sign) {
  const name = player.text("save");
  const list = make("div", {class: "bnviz-menu-list"});
  const menu = make("details", {class: "bnviz-menu bnviz-save"}, make("summary", {"aria-label": name, title: name}, sign), list);
  let key = "";
  const refresh = () => {
    const {run, end} = player.recording;
    const other = comparedWith(player);
    const current = menu.open ? `${run} ${end?.status} ${other?.run} ${isSavable(other)}` : "";
    if (current === key) return; // nothing moves away from below a finger
    key = current;
    list.replaceChildren(...(menu.open ? entries(player, root, menu) : []));
  };
  menu.addEventListener("toggle", refresh);
  return {menu, refresh};
}

/**
 * @param {Source} player
 * @param {HTMLElement} root
 * @param {HTMLDetailsElement} menu
 */
function entries(player, root, menu) {
  const {run, end, header} = player.recording;
  const note = (/** @type {string} */ text) => make("span", {class: "bnviz-label"}, text);
  if (!header || !isSavable({end})) return [note(player.text("save_later"))];
  const address = `bnviz/runs/${run}`;
  const file = (/** @type {string} */ at, /** @type {string} */ name) => make("a", {href: addressOf(at), download: ""}, name);
  const button = (/** @type {string} */ name, /** @type {() => unknown} */ open) => {
    const close = () => (menu.open = false);
    return make("button", {type: "button", onclick: () => (close(), open())}, name);
  };
  const other = comparedWith(player);
  return [
    ...(other ? [note(player.text(isSavable(other) ? "save_alone" : "save_without"))] : []),
    linkAtOnce(() => pageAddress(player, address), player.text("save_page")),
    withFailureReason(file(`${address}/script.zip`, player.text("save_script"))),
    file(`${address}/notebook.ipynb`, player.text("save_notebook")),
    file(`${address}/series.csv`, player.text("save_series")),
    file(`${address}.ndjson`, player.text("save_recording")),
    pictureLink(player, `${address}/card.png`, ["step", "layer", "tap", "motion"], player.text("save_card")),
    pictureLink(player, `${address}/picture.gif`, ["layer", "tap", "motion"], player.text("save_animation")),
    button(player.text("embed"), () => openEmbedding(player, root)),
    button(player.text("cite"), () => openCitation(player, root, header)),
  ];
}

/**
 * The run that is on show beside this one; null if there is none.
 * @param {Source} player
 */
function comparedWith(player) {
  const view = player.view();
  return view && player.comparison.viewBeside(view) && player.comparison.run;
}

/**
 * Whether a run has come to an end that can be saved.
 * @param {Pick<Series, "end"> | null} series
 */
const isSavable = (series) => Boolean(series?.end && SAVABLE.includes(series.end.status));

/**
 * The address of this page as a file, which opens at what is on show.
 * @param {Source} player
 * @param {string} run the address of its files
 */
function pageAddress(player, run) {
  const other = comparedWith(player);
  const query = new URLSearchParams({live: player.link() ?? "", ...(other && isSavable(other) ? {beside: other.run} : {})});
  return `${run}/${player.data.story}.html?${query}`;
}

/**
 * A link to a file of what is on show when it is asked for: the player may play on while the menu is open.
 * @param {() => string} address
 * @param {string} name
 */
function linkAtOnce(address, name) {
  const entry = make("a", {href: addressOf(address()), download: "", onclick: () => (entry.href = addressOf(address()))}, name);
  return entry;
}

/**
 * A picture of what is on show.
 * @param {Source} player
 * @param {string} at
 * @param {string[]} names of what belongs to the place
 * @param {string} name
 */
function pictureLink(player, at, names, name) {
  const address = () => {
    const link = new URL(player.link() ?? location.href).searchParams;
    const place = names.map((one) => [one, link.get(one) ?? ""]);
    return `${at}?${new URLSearchParams([["lesson", player.data.story], ...place])}`;
  };
  return linkAtOnce(address, name);
}

/**
 * A link to a file that a run may not have: its place is then taken by the sentence that says why. A download of a browser's own
 * would just fail.
 * @param {HTMLAnchorElement} link
 */
function withFailureReason(link) {
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const answer = await fetch(link.href);
    if (!answer.ok) return link.replaceWith(make("span", {class: "bnviz-label"}, (await answer.json()).error));
    saveFile(answer.headers.get("content-disposition")?.match(/"(.*)"/)?.[1] ?? "", await answer.blob());
  });
  return link;
}

/**
 * @param {Source} player
 * @param {HTMLElement} root
 * @param {Header} header
 */
function openCitation(player, root, header) {
  const text = (/** @type {string} */ key) => player.text(key);
  const metadata = {title: document.title, link: player.link() ?? location.href, day: new Date().toISOString().slice(0, 10)};
  const quotation = (/** @type {string} */ name, /** @type {string} */ words) =>
    make("pre", {tabindex: 0, role: "group", "aria-label": name}, words);
  openDialog(root, text("cite"), text("close"), [
    make("p", {}, text("cite_why")),
    quotation(text("cite_text"), sentence(header, player.data, metadata)),
    quotation(text("cite_bibtex"), bibtex(header, player.data, metadata)),
  ]);
}

/** @typedef {{title: string, link: string, day: string}} Metadata the day it is seen, as 2026-11-28 */

/**
 * A run in a sentence: what it is, what made it, where to see it.
 * @param {Pick<Header, "id" | "versions" | "experiment">} header
 * @param {Pick<Data, "usual">} data
 * @param {Metadata} metadata
 */
export function sentence(header, data, {title, link, day}) {
  return `bnviz, “${title}”, run ${header.id} (${note(header, data)}). ${link}, seen on ${day}.`;
}

/**
 * The same for BibTeX.
 * @param {Pick<Header, "id" | "versions" | "experiment">} header
 * @param {Pick<Data, "usual">} data
 * @param {Metadata} metadata
 */
export function bibtex(header, data, {title, link, day}) {
  const fields = {
    title: `{${tex(title)}}, run ${header.id}`,
    author: "{bnviz}",
    year: day.slice(0, 4),
    url: link,
    urldate: day,
    note: tex(note(header, data)),
  };
  const lines = Object.entries(fields).map(([name, value]) => `  ${name} = {${value}},`);
  return `@misc{bnviz-${header.id},\n${lines.join("\n")}\n}`;
}

/**
 * Releases, and the settings that are not those of the page: results of different releases can be told apart.
 * @param {Pick<Header, "versions" | "experiment">} header
 * @param {Pick<Data, "usual">} data
 */
function note({versions, experiment}, {usual}) {
  const releases = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [...releases, ...describeDifferences(experiment, usual)].join(", ");
}

/**
 * With what TeX would take for its own.
 * @param {string} text
 */
const tex = (text) => text.replace(/[_%&#$]/g, "\\$&");
