// @ts-check
// The lines that record a network, for plain PyTorch and for what people train with, and how to install what they import.

import {make, set} from "../player/dom.js";
import {copy} from "../player/embedding.js";

/** @typedef {{name: string, install: string, code: string}} Snippet `name` says what it is for, `install` is a command */
/** @typedef {(key: string, values?: Record<string, string | number>) => string} Text */

const COPIED_MS = 4000;

/**
 * @param {Snippet[]} snippets
 * @param {Text} text
 */
export function snippetSection(snippets, text) {
  const code = make("pre", {tabindex: 0, role: "group", "aria-label": text("record")});
  const command = make("code");
  const said = make("span", {class: "bnviz-label", role: "status"});
  const copyIt = make("button", {type: "button", onclick: () => copyCode(code.textContent ?? "", said, text)}, text("copy"));
  const buttons = snippets.map((snippet, index) => make("button", {type: "button", onclick: () => choose(index)}, snippet.name));
  const choose = (/** @type {number} */ chosen) => {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === chosen)));
    code.textContent = snippets[chosen].code;
    command.textContent = snippets[chosen].install;
    set(said, "");
  };
  choose(0);
  const about = ["probe_about", "record_about"].map((key) => make("p", {class: "bnviz-caption"}, text(key)));
  return make(
    "section",
    {class: "bnviz-snippets"},
    make("h3", {}, text("record")),
    make("div", {class: "bnviz-snippet-tools"}, ...buttons, copyIt, said),
    code,
    make("p", {class: "bnviz-caption"}, text("install"), " ", command),
    ...about,
  );
}

/**
 * @param {string} code
 * @param {HTMLElement} said
 * @param {Text} text
 */
async function copyCode(code, said, text) {
  set(said, text((await copy(code)) ? "copied" : "by_hand"));
  setTimeout(() => set(said, ""), COPIED_MS);
}
