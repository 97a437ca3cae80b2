// @ts-check
// The page inside another one: the code that puts it there, and the link to the whole page.

import {isComparable} from "./comparison-run.js";
import {openDialog} from "./dialog.js";
import {make, set} from "./dom.js";

/** @import {Data, PanelSpec, Values} from "./types" */
/**
 * @typedef {object} Embedder what this asks of its player
 * @property {Data} data
 * @property {(key: string, values?: Values) => string} text
 * @property {() => string | null} placedLink the address of what is on show, with the step where the visitor has paused
 */

const OWN = ["embed", "embed_options", "panels"]; // parameters that say how a page is shown inside another one
const NETWORK = "network"; // the picture of the networks, among the names of panels
const [WIDTH, HEIGHT] = [900, 500]; // pixels; it fits itself into others
const CHART_HEIGHT = 660; // of the frame with a chart, below which the picture is smaller

/**
 * The address of the whole page that shows what an embedded one does.
 * @param {string} address
 */
export function wholePageAddress(address) {
  const url = new URL(address);
  for (const name of OWN) url.searchParams.delete(name);
  return url.href;
}

/**
 * The HTML that puts a page into another one.
 * @param {string} address of the whole page
 * @param {string} title for those who do not see it
 * @param {string[]} [charts] name of the one below the picture; none: the picture alone
 */
export function frame(address, title, charts = []) {
  const url = new URL(wholePageAddress(address));
  url.searchParams.set("embed", "true");
  if (charts.length) url.searchParams.set("panels", [NETWORK, ...charts].join());
  const height = charts.length ? CHART_HEIGHT : HEIGHT;
  const what = `src="${escapeHtml(url.href)}" width="${WIDTH}" height="${height}" title="${escapeHtml(title)}"`;
  return `<iframe ${what} loading="lazy" allow="clipboard-write" allowfullscreen></iframe>`;
}

/**
 * The chart that an address with a comparison cannot do without: the first one with lines of both runs.
 * @param {string} address
 * @param {Pick<PanelSpec, "id" | "name" | "data">[]} panels
 */
export function comparisonCharts(address, panels) {
  if (!new URL(address).searchParams.has("beside")) return [];
  return panels
    .filter(({data}) => data.some(isComparable))
    .slice(0, 1)
    .map(nameOf);
}

/** @param {Pick<PanelSpec, "id" | "name">} panel */
const nameOf = ({id, name}) => name ?? id;

/** @param {string} text */
const escapeHtml = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");

/**
 * Show the code, and copy it, where the browser allows that.
 * @param {Embedder} player
 * @param {HTMLElement} root of the player
 */
export async function openEmbedding(player, root) {
  const {panels} = player.data;
  const address = player.placedLink() ?? location.href;
  const charts = comparisonCharts(address, panels);
  const code = frame(address, document.title, charts);
  const names = [NETWORK, ...panels.map(nameOf)];
  const status = make("p", {role: "status"});
  openDialog(root, player.text("embed"), player.text("close"), [
    status,
    make("pre", {tabindex: 0, role: "group", "aria-label": player.text("embed")}, code),
    make("p", {}, player.text("embed_server")),
    ...(charts.length ? [make("p", {}, player.text("embed_comparison"))] : []),
    make("p", {}, player.text("embed_panels", {example: names.slice(0, 2).join(), names: names.join(", ")})),
  ]);
  const isCopied = await copy(code);
  set(status, player.text(isCopied ? "embed_copied" : "embed_by_hand"));
}

/**
 * Whether it could be copied: not everywhere there is a clipboard, and in another page's frame it may be forbidden.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The link from an embedded page to the whole one, at the step that is on show when it is clicked.
 * @param {Embedder} player
 */
export function linkToWholePage(player) {
  const aim = () => (link.href = wholePageAddress(player.placedLink() ?? location.href));
  const attributes = {class: "bnviz-way-out", href: wholePageAddress(location.href), target: "_blank", rel: "noopener"};
  const link = make("a", {...attributes, onpointerdown: aim, onclick: aim}, player.text("open_whole"));
  return link;
}
