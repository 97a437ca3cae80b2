// @ts-check
// Making and changing elements.

/** @import {Make} from "./types" */

/**
 * An element; attributes named on… are listeners.
 * @type {Make}
 */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/**
 * Addresses in pages are relative: hosts put apps under a prefix.
 * @param {string} relative
 */
export const addressOf = (relative) => new URL(relative, document.baseURI).href;

/**
 * The address that people see: Streamlit Community Cloud shows the app in a frame that is below /~/+/.
 * @param {string} address
 */
export function outsideFrame(address) {
  const url = new URL(address);
  url.pathname = url.pathname.replace(/^[/]~[/][+][/]/, "/");
  return url.href;
}

/**
 * Changes the text of a node if it is another one.
 * @param {Node} node
 * @param {string} text
 */
export function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Changes data attributes that are others; the page may be looking at them.
 * @param {HTMLElement} node
 * @param {Record<string, string | number>} values
 */
export function mark(node, values) {
  for (const [name, value] of Object.entries(values))
    if (node.dataset[name] !== String(value)) node.dataset[name] = String(value);
}
