// @ts-check
// The gallery: recordings that come with the page, each with a sentence on what to see in it.

import {addressOf, make} from "../player/dom.js";
import {sentenceOrKey} from "../player/words.js";
import {withoutPlace} from "./player-data.js";
import {packedSource, scriptSource} from "./sources.js";

/** @import {Catalogue} from "../player/types" */
/** @import {Source} from "./reading.js" */
/**
 * @typedef {object} Example
 * @property {string} key as links name it
 * @property {string} name
 * @property {string} look
 * @property {string} file its name among the browser's files
 * @property {string} program the same of the program that made it
 * @property {string} [script] of a static site: the address of the script that holds it
 */

const PARAMETER = "example"; // of the address

export class Gallery {
  /**
   * @param {Example[]} examples
   * @param {{words: Catalogue, files: string, open: (source: Source) => void}} options `files` is where the browser's files are
   */
  constructor(examples, {words, files, open}) {
    this.examples = examples;
    this.files = files;
    this.open = open;
    this.buttons = examples.map((example) =>
      make(
        "button",
        {type: "button", "aria-pressed": "false", onclick: () => this.choose(example)},
        make("b", {}, example.name),
        make("span", {}, example.look),
      ),
    );
    const link = (/** @type {Example} */ {key, program}) => {
      const file = `${key}.py`;
      return make("a", {href: addressOf(`${files}/${program}`), download: file}, sentenceOrKey(words, "program", {file}));
    };
    const tiles = this.buttons.map((button, index) => make("div", {}, button, link(examples[index])));
    this.box = make(
      "section",
      {class: "bnviz-gallery"},
      make("h3", {}, words.title),
      make("p", {class: "bnviz-caption"}, words.about),
      make("div", {}, ...tiles),
    );
  }

  /** Open the one that the address names, if it names one. */
  openNamed() {
    const key = new URL(location.href).searchParams.get(PARAMETER);
    const example = this.examples.find((one) => one.key === key);
    if (example) this.show(example);
  }

  /** @param {Example} example */
  choose(example) {
    writeAddress(example.key);
    this.show(example);
  }

  /** @param {Example} example */
  show(example) {
    this.mark(example.key);
    const {name, script, file} = example;
    this.open(script ? scriptSource(name, script) : packedSource(name, `${this.files}/${file}`));
  }

  /** Another recording is on show. */
  leave() {
    if (!this.buttons.some((button) => button.getAttribute("aria-pressed") === "true")) return;
    this.mark("");
    writeAddress("");
  }

  /** @param {string} key */
  mark(key) {
    this.buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(this.examples[index].key === key)));
  }
}

/** @param {string} key */
function writeAddress(key) {
  const url = new URL(withoutPlace(location.href));
  if (key) url.searchParams.set(PARAMETER, key);
  else url.searchParams.delete(PARAMETER);
  history.replaceState(history.state, "", url);
}
