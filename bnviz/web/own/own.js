// @ts-check
// The page of people's own networks: the lines that record one, a place to drop a recording, and its player. A file is read in
// this page by this page; nothing of it is sent anywhere.

import {addressOf, make, set} from "../player/dom.js";
import {persistentMount} from "../player/mounts.js";
import {sentenceOrKey} from "../player/words.js";
import {Unreadable} from "./checks.js";
import {Gallery} from "./gallery.js";
import {OwnPlayer} from "./own-player.js";
import {withoutPlace} from "./player-data.js";
import {readHeader} from "./reading.js";
import {snippetSection} from "./snippets.js";
import {addressSource, fileSource} from "./sources.js";

/** @import {Component, Header} from "../player/types" */
/** @import {Words} from "./player-data.js" */
/** @import {Source} from "./reading.js" */
/** @import {Snippet, Wheel} from "./snippets.js" */
/** @import {Example} from "./gallery.js" */
/** @import {Address} from "./sources.js" */
/**
 * @typedef {object} Data
 * @property {Words} words
 * @property {Snippet[]} snippets the lines that record; none where it is plain already
 * @property {Wheel} wheel what installs bnviz
 * @property {Example[]} gallery recordings that come with the page
 * @property {{files: string}} addresses where the browser's files are
 * @property {Address[]} sources recordings to choose from
 */

const EMPTY_MS = 1000; // between two looks at a file without a header, which may get one

/** @type {(component: Component<Data>) => void} */
export default persistentMount((/** @type {Component<Data>} */ component) => new OwnPage(component));

class OwnPage {
  /** @type {OwnPlayer | null} */
  player = null;
  /** @type {Source[]} */
  sources = [];
  /** The last source that was asked for: a slow one that comes after it is not shown. */
  #asked = /** @type {Source | null} */ (null);

  /** @param {Component<Data>} component */
  constructor(component) {
    const {words, snippets, wheel, gallery, sources, addresses} = component.data;
    this.component = component;
    this.words = words;
    this.root = make("div", {class: "bnviz-player bnviz-own-page"});
    this.status = make("p", {class: "bnviz-message", role: "status"});
    this.saving = make("p", {class: "bnviz-caption"});
    this.stage = make("div");
    this.chooser = make("select", {
      "aria-label": words.page.which,
      onchange: () => this.open(this.sources[Number(this.chooser.value)]),
    });
    this.choice = make(
      "label",
      {class: "bnviz-choosers", hidden: ""},
      make("span", {class: "bnviz-label"}, words.page.which),
      this.chooser,
    );
    const options = {
      words: words.gallery,
      files: addresses.files,
      open: (/** @type {Source} */ source) => void this.offer([source]),
    };
    this.gallery = gallery.length ? new Gallery(gallery, options) : null;
    const lines = snippets.length ? [snippetSection(snippets, wheel, (key, values) => this.text(key, values))] : [];
    this.root.append(
      ...lines,
      this.dropZone(),
      ...(this.gallery ? [this.gallery.box] : []),
      this.choice,
      this.status,
      this.saving,
      this.stage,
    );
    component.parentElement.append(this.root);
    for (const name of /** @type {const} */ (["dragover", "dragleave", "drop"])) document.addEventListener(name, this.drag);
    if (sources.length) this.offer(sources.map(addressSource));
    else this.gallery?.openNamed();
  }

  update() {}

  close() {
    for (const name of /** @type {const} */ (["dragover", "dragleave", "drop"])) document.removeEventListener(name, this.drag);
    this.player?.close();
    this.root.remove();
  }

  /**
   * @param {string} key
   * @param {Record<string, string | number>} [values]
   */
  text(key, values) {
    return sentenceOrKey(this.words.page, key, values);
  }

  // --- a file

  dropZone() {
    const input = make("input", {
      type: "file",
      accept: ".ndjson,.gz,application/x-ndjson",
      multiple: "",
      "aria-label": this.text("choose"),
    });
    input.addEventListener("change", () => this.offerFiles(input.files ?? []));
    this.zone = make(
      "div",
      {class: "bnviz-drop"},
      make("span", {}, this.text("drop")),
      " ",
      input,
      make("p", {class: "bnviz-caption"}, this.text("privacy")),
    );
    return this.zone;
  }

  /** @param {DragEvent} event */
  drag = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // the browser would open the file in place of this page
    event.stopPropagation();
    this.zone?.classList.toggle("bnviz-over-drop", event.type === "dragover");
    if (event.type === "drop") this.offerFiles(event.dataTransfer.files);
  };

  /** @param {Iterable<File>} files */
  offerFiles(files) {
    this.gallery?.leave();
    this.offer([...files].map(fileSource));
  }

  /**
   * Show the first of some recordings; the others can be chosen.
   * @param {Source[]} sources
   */
  offer(sources) {
    if (!sources.length) return;
    this.sources = sources;
    this.chooser.replaceChildren(...sources.map(({name}, index) => make("option", {value: index}, name)));
    this.choice.hidden = sources.length < 2;
    void this.open(sources[0]);
  }

  /**
   * @param {Source} source
   * @param {string} [reason] key of the text shown while it is read
   */
  async open(source, reason = "reading") {
    this.#asked = source;
    set(this.status, this.text(reason, {name: source.name}));
    try {
      const header = await readHeader(source);
      if (this.#asked !== source) return;
      this.#leave(source);
      const {plotly: startPlotly} = this.component;
      const startOver = () => void this.open(source, "anew");
      this.player = new OwnPlayer(this.stage, {header, source, words: this.words, startPlotly, startOver});
      const name = /** @type {any} */ (header).title || source.name;
      set(this.status, this.text(reason === "anew" ? "shown_anew" : "shown", {name}));
      this.offerSaving(header, source);
      if (this.gallery) this.status.scrollIntoView({block: "start"}); // there is much above it
    } catch (error) {
      if (this.#asked === source) this.refuse(source, error);
    }
  }

  /**
   * Close the player on show, for one of `source`. Another recording opens at a place of its own; one that is rewritten stays.
   * @param {Source} source
   */
  #leave(source) {
    if (!this.player) return;
    this.player.close();
    if (this.player.source !== source) history.replaceState(history.state, "", withoutPlace(location.href));
  }

  /**
   * Links to what a recording of an own network can be saved as; without a server, the command that does it.
   * @param {Header} header
   * @param {Source} source
   */
  offerSaving({experiment}, {saved = {}}) {
    const endings = experiment ? [] : Object.keys(saved);
    const links = endings.map((ending) => this.#fileLink(saved[ending], this.text(`save_${ending}`)));
    const elsewhere = experiment ? [] : [this.text("save_elsewhere")];
    this.saving.replaceChildren(...(links.length ? [this.text("save"), ...links.flatMap((link) => [" ", link])] : elsewhere));
  }

  /**
   * A link to a file, with the place that is on show when it is asked for: pictures show it.
   * @param {string} address
   * @param {string} name
   */
  #fileLink(address, name) {
    const view = () => /** @type {OwnPlayer} */ (this.player).core.state.view;
    const place = () => new URLSearchParams(Object.entries(shownPlace(view())));
    const link = make("a", {href: addressOf(address), download: ""}, name);
    link.addEventListener("click", () => (link.href = addressOf(`${address}?${place()}`)));
    return link;
  }

  /**
   * Say why a file cannot be read; what was on show stays.
   * @param {Source} source
   * @param {unknown} error
   */
  refuse(source, error) {
    const {key, values} = error instanceof Unreadable ? error : {key: "unreachable", values: {}};
    if (!(error instanceof Unreadable)) console.error(error);
    set(this.status, sentenceOrKey(/** @type {any} */ (this.words.page.errors), key, {name: source.name, ...values}));
    if (source.resumes && ["empty", "unreachable"].includes(key)) this.#retry(source);
  }

  /**
   * A file that grows may get its header yet; one that is away may come back.
   * @param {Source} source
   */
  #retry(source) {
    setTimeout(() => {
      if (this.#asked === source && this.root.isConnected)
        void this.open(source, this.player?.source === source ? "anew" : "reading");
    }, EMPTY_MS);
  }
}

/**
 * The step, layer and signal on show, as in an address; nothing before there are any.
 * @param {import("../player/types").View | null} view
 * @returns {Record<string, string>}
 */
const shownPlace = (view) => (view ? {step: String(view.frame.step), layer: String(view.layer), tap: view.tap} : {});
