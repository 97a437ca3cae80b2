// @ts-check
// The findings of a recording above its charts: what was measured, what it may mean, what to try, and a button that goes there.

import {make, set} from "../player/dom.js";
import {sentenceOrKey} from "../player/words.js";
import {chartOf, layerOf, lookedFor, shownStep, wordsOf} from "./findings.js";
import {layerName} from "./names.js";

/** @import {Catalogue} from "../player/types" */
/** @import {PlayerCore} from "../player/core/player-core.js" */
/** @import {Finding, JudgeWords} from "./findings.js" */
/** @typedef {{findings: Catalogue, judge: JudgeWords}} Words */

export class FindingList {
  #key = "";

  /**
   * @param {HTMLElement} parent
   * @param {PlayerCore} core
   * @param {Words} words
   * @param {(panel: string) => void} reveal bring a panel into view; "" is the strip of layers
   */
  constructor(parent, core, words, reveal) {
    this.core = core;
    this.words = words;
    this.reveal = reveal;
    this.title = make("h3", {}, this.text("title"));
    this.summary = make("p");
    this.list = make("ul");
    this.box = make("section", {class: "bnviz-findings", hidden: ""}, this.title, this.summary, this.list);
    parent.append(this.box);
  }

  /**
   * @param {string} key
   * @param {Record<string, string | number>} [values]
   */
  text(key, values) {
    return sentenceOrKey(this.words.findings, key, values);
  }

  /** Once the recording has ended; the lab's have none. */
  show() {
    const {header, end, run} = this.core.recording;
    const key = `${run} ${Boolean(end)}`;
    this.box.hidden = !header || !end || Boolean(header.experiment);
    if (this.#key === key || !end) return;
    this.#key = key;
    const {findings, not_looked_for: reasons} =
      /** @type {{findings?: Finding[] | null, not_looked_for?: Record<string, string>}} */ (end);
    set(this.summary, this.summaryOf(findings ?? null, reasons ?? {}));
    this.list.replaceChildren(...(findings ?? []).map((finding, index) => this.entry(finding, index === 0)));
  }

  /**
   * @param {Finding[] | null} findings
   * @param {Record<string, string>} reasons why some were not looked for
   */
  summaryOf(findings, reasons) {
    if (!findings) return this.text("missing");
    const {all, missing} = lookedFor(reasons, this.words.judge);
    const said = findings.length ? this.text("some") : this.text("nothing", {looked_for: all});
    return [said, missing].filter(Boolean).join(" ");
  }

  /**
   * @param {Finding} finding
   * @param {boolean} open whether its meaning is shown at once
   */
  entry(finding, open) {
    const {measured, meaning, remedy} = wordsOf(finding, this.words.judge);
    const {[finding.arm]: arm, ...others} = this.core.data.arms;
    const isNamed = arm && Object.keys(others).length > 0;
    const name = isNamed ? [make("b", {style: `color: ${arm.colour}`}, `${arm.name}: `)] : [];
    const kind = finding.severity === "note" ? "note" : "warning";
    const mark = make("span", {class: `bnviz-severity bnviz-${kind}`}, this.text(kind));
    const more = [meaning, remedy].filter(Boolean).map((one) => make("p", {}, one));
    const details = make("details", open ? {open: ""} : {}, make("summary", {}, this.text("why")), ...more);
    return make(
      "li",
      {},
      make("p", {}, mark, " ", ...name, measured, " ", this.goes(finding)),
      ...(more.length ? [details] : []),
    );
  }

  /**
   * The button that shows where it was measured.
   * @param {Finding} finding
   */
  goes(finding) {
    const {header, frames} = this.core.recording;
    const layer = header && layerOf(finding, header);
    const step = frames.length ? shownStep(finding, frames) : 0;
    const view = /** @type {any} */ ({header, words: this.core.data.words, arms: this.core.data.arms});
    const name = layer ? this.text("go_layer", {layer: layerName(view, layer, finding.arm), step}) : this.text("go_step", {step});
    return make("button", {type: "button", onclick: () => this.go(layer || null, step, chartOf(finding))}, name);
  }

  /**
   * @param {number | null} layer
   * @param {number} step
   * @param {string} panel
   */
  go(layer, step, panel) {
    const {core} = this;
    core.pause();
    if (layer) core.choose({layer});
    core.seekStep(step);
    this.reveal(panel);
  }
}
