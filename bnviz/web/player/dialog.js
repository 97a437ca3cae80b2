// @ts-check
// A dialog over the page: closed by its button, by Escape or by a press beside it, and gone once it is closed.

import {make} from "./dom.js";

/**
 * @param {HTMLElement} parent
 * @param {string} title
 * @param {string} close what its button says
 * @param {Node[]} content
 */
export function openDialog(parent, title, close, content) {
  const button = make("button", {type: "button", onclick: () => dialog.close()}, close);
  const heading = make("h3", {}, title);
  const body = make("div", {class: "bnviz-dialog-body", tabindex: 0, role: "group", "aria-label": title}, ...content);
  /** @type {HTMLDialogElement} */
  const dialog = make("dialog", {class: "bnviz-dialog", "aria-label": title}, make("header", {}, heading, button), body);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  parent.append(dialog);
  dialog.showModal();
}
