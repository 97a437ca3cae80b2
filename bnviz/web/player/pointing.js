// @ts-check
// Points at a part of the page: an outline around it, and how far to scroll so that it can be seen beside what covers the page.

import {make} from "./dom.js";

/** @import {Part} from "./types" */
/** @import {Box, Geometry} from "./geometry.js" */
/**
 * @typedef {object} Pointable what this asks of its player
 * @property {HTMLElement} root
 * @property {{box: HTMLElement, geometry: Geometry | null}} picture
 */

const ROOM = 8; // pixels around a part, when it is scrolled to
const RIM = 5; // pixels between layers and their outline
const HEADER_PX = 60; // of Streamlit's own bar

export class Pointer {
  /** @param {Pointable} player */
  constructor(player) {
    this.player = player;
    this.frame = make("div", {class: "bnviz-pointer", "aria-hidden": "true", hidden: ""});
    player.picture.box.append(this.frame);
    /** @type {HTMLElement | null} an element with an outline */
    this.target = null;
    /** @type {HTMLDetailsElement | null} what was unfolded so that the part can be seen */
    this.unfolded = null;
  }

  /**
   * Outline a part; null while it is not on the page. What holds it is unfolded.
   * @param {Part} part
   */
  at(part) {
    const {root, picture} = this.player;
    const inPicture = "layers" in part || "scores" in part;
    if (inPicture) return this.within(part) ? picture.box : null;
    const selector = "panel" in part ? `[data-panel="${CSS.escape(part.panel)}"]` : ".bnviz-numbers";
    const element = /** @type {HTMLElement | null} */ (root.querySelector(selector));
    if (element !== this.target) this.outline(element);
    return element;
  }

  /** @param {HTMLElement | null} element */
  outline(element) {
    this.clear();
    const holder = element?.closest("details");
    if (holder && !holder.open) {
      holder.open = true;
      this.unfolded = holder;
    }
    element?.classList.add("bnviz-outline");
    this.target = element;
  }

  /**
   * The outline in the picture of the networks, whose geometry changes with the page's width.
   * @param {Part} part
   */
  within(part) {
    const {geometry} = this.player.picture;
    const box = geometry && boxOf(geometry, part);
    this.frame.hidden = !box;
    if (!box) return false;
    for (const [side, value] of Object.entries({left: box.x, top: box.y, width: box.width, height: box.height}))
      if (this.frame.style.getPropertyValue(side) !== `${value}px`) this.frame.style.setProperty(side, `${value}px`);
    return true;
  }

  /** Point at nothing; with `fold`, what was unfolded is folded again. */
  clear(fold = false) {
    this.frame.hidden = true;
    this.target?.classList.remove("bnviz-outline");
    this.target = null;
    if (fold && this.unfolded) this.unfolded.open = false;
    if (fold) this.unfolded = null;
  }
}

/**
 * Where a part of the picture is in it; null if it shows none of these layers.
 * @param {Geometry} geometry
 * @param {Part} part
 * @returns {Box | null}
 */
export function boxOf(geometry, part) {
  const {columns, height, networks, output, pitch} = geometry;
  const {x, y, width} = output;
  if ("scores" in part) return {x: x - RIM, y, width: width + 2 * RIM, height: output.height + (networks - 1) * pitch};
  if (!("layers" in part)) return null;
  const [from, to] = part.layers;
  const visible = columns.filter(({layer}) => from <= layer && layer <= to);
  if (!visible.length) return null;
  const last = visible[visible.length - 1];
  const [left, right] = [visible[0].x - RIM, last.x + last.width + RIM];
  return {x: left, y: 0, width: right - left, height};
}

/**
 * How far to scroll so that what lies between `top` and `bottom` is in the free part of the window: as little as will do; where
 * it is too high, its top is what counts.
 * @param {{top: number, bottom: number}} part
 * @param {{top: number, bottom: number}} free
 */
export function scrollBy({top, bottom}, free) {
  if (top < free.top || bottom - top > free.bottom - free.top) return top - free.top;
  return Math.max(0, bottom - free.bottom);
}

/**
 * The part of the window that neither Streamlit's bar nor any of `covers` covers.
 * @param {{top: number, bottom: number}[]} above
 * @param {{top: number, bottom: number}[]} below
 */
export function freeBetween(above, below) {
  const top = Math.max(HEADER_PX, ...above.map(({bottom}) => bottom));
  return {top: top + ROOM, bottom: Math.min(innerHeight, ...below.map(({top}) => top)) - ROOM};
}

/**
 * What scrolls an element.
 * @param {HTMLElement} element
 * @returns {Element}
 */
export function scrollerOf(element) {
  for (let parent = element.parentElement; parent; parent = parent.parentElement)
    if (/auto|scroll/.test(getComputedStyle(parent).overflowY) && parent.scrollHeight > parent.clientHeight) return parent;
  return document.scrollingElement ?? document.documentElement;
}
