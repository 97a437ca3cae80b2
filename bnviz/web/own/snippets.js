// @ts-check
// The command that installs bnviz, and the lines that record a network, for plain PyTorch and for what people train with.

import {addressOf, make, set} from "../player/dom.js";
import {copy} from "../player/embedding.js";

/** @typedef {{name: string, extra: string, code: string}} Snippet `name` says what it is for, `extra` what it needs of bnviz */
/** @typedef {Record<string, string>} Wheel of bnviz: its `address`, relative to the page, and its versions; {} without one */
/** @typedef {(key: string, values?: Record<string, string | number>) => string} Text */

const COPIED_MS = 4000;
const SPECIAL = /[$`!]/g; // to a shell, between double quotes

/**
 * @param {Snippet[]} snippets
 * @param {Wheel} wheel
 * @param {Text} text
 */
export function snippetSection(snippets, wheel, text) {
  const command = codeBlock(text("install_command"));
  const code = codeBlock(text("record"));
  const said = make("span", {class: "bnviz-label", role: "status"});
  const copyButton = (/** @type {HTMLElement} */ block, /** @type {string} */ key) =>
    make("button", {type: "button", onclick: () => copyCode(block.textContent ?? "", said, text)}, text(key));
  const buttons = snippets.map((snippet, index) => make("button", {type: "button", onclick: () => choose(index)}, snippet.name));
  const choose = (/** @type {number} */ chosen) => {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === chosen)));
    code.textContent = snippets[chosen].code;
    command.textContent = installCommand(snippets[chosen].extra, wheel.address && addressOf(wheel.address));
    set(said, "");
  };
  choose(0);
  const caption = (/** @type {string} */ key) => make("p", {class: "bnviz-caption"}, text(key, wheel));
  const tools = [...buttons, copyButton(command, "copy_command"), copyButton(code, "copy"), said];
  return make(
    "section",
    {class: "bnviz-snippets"},
    make("h3", {}, text("record")),
    make("div", {class: "bnviz-snippet-tools"}, ...tools),
    caption(wheel.address ? "install" : "install_sources"),
    command,
    caption("then"),
    code,
    caption("probe_about"),
    caption("record_about"),
  );
}

/** @param {string} label */
const codeBlock = (label) => make("pre", {tabindex: 0, role: "group", "aria-label": label});

/**
 * The command that installs bnviz with an extra, or "": from a wheel's whole address, or else from the folder of sources.
 * @param {string} extra
 * @param {string} [address]
 */
export function installCommand(extra, address) {
  const source = address?.replace(SPECIAL, (character) => `%${character.charCodeAt(0).toString(16)}`);
  const needed = source ? (extra ? `bnviz[${extra}] @ ${source}` : source) : extra ? `.[${extra}]` : ".";
  return `pip install "${needed}"`;
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
