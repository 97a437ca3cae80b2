// @ts-check
// One run like those of a sweep, shown on the board while the sweep is computed: the small picture of both networks. It plays
// once, and again if the visitor requests it.

import {SNAPSHOTS_PER_SECOND} from "./core/clock.js";
import {addressOf, make, set} from "./dom.js";
import {Fits} from "./fits.js";
import {NetworkPicture} from "./network.js";
import {Recording} from "./recording.js";
import {viewOf} from "./view.js";
import {sentenceOrKey} from "./words.js";

/** @import {Data, Story, Values} from "./types" */
/** @typedef {Data & {name: string}} Run what is watched, and how it is called */
/** @import {Painted} from "./theme.js" */

/** The board has panels of its own, so only the picture has words here. @type {Story} */
const SILENT = {headline: () => "", captions: {}, alternatives: {}};

export class SampleRun {
  playhead = 0;
  /** @type {number | null} */
  now = null;
  fits = new Fits();
  still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  /** @type {Recording | null} */
  recording = null;

  /**
   * @param {HTMLElement} parent
   * @param {Run} data
   */
  constructor(parent, data) {
    this.data = data;
    this.words = make("span");
    this.again = make("button", {type: "button", onclick: () => this.rewind()}, this.text("watched_again"));
    const line = make("p", {class: "bnviz-watched-line"}, this.words, this.again);
    this.root = make("div", {class: "bnviz-watched"}, line);
    this.picture = new NetworkPicture(
      this.root,
      {choose: () => {}, text: this.text.bind(this)},
      {small: true, choosers: [], fits: false},
    );
    parent.append(this.root);
    this.update(data);
  }

  /**
   * The player's own words.
   * @param {string} key
   * @param {Values} [values]
   */
  text(key, values) {
    return sentenceOrKey(this.data.shared, key, values);
  }

  /** @param {Run} data */
  update(data) {
    this.data = data;
    if (this.recording?.run === data.run) return;
    this.recording?.close();
    this.playhead = 0;
    const nothing = () => {};
    this.recording = new Recording(data.run, nothing, nothing);
    this.recording.stream(addressOf(data.stream));
  }

  rewind() {
    this.playhead = 0;
    this.still = false;
  }

  /**
   * @param {number} now
   * @param {Painted} theme
   */
  tick(now, theme) {
    const {recording, data, fits, still} = this;
    const last = (recording?.frames.length ?? 0) - 1;
    this.root.hidden = last < 0;
    const elapsed = Math.min(now - (this.now ?? now), 250) / 1000;
    this.now = now;
    if (!recording || last < 0) return;
    this.root.dataset.state = recording.end ? "arrived" : "arriving";
    this.playhead = still ? last : Math.min(this.playhead + elapsed * SNAPSHOTS_PER_SECOND, last);
    this.again.hidden = !recording.end || this.playhead < last;
    if (!this.visible()) return;
    const choice = {...data.view, unit: /** @type {const} */ ("auto")};
    const view = viewOf({recording, data, choice, story: SILENT, fits, playhead: this.playhead, moving: this.playhead < last});
    if (!view) return;
    this.picture.show(view, theme, `${view.run} ${view.frameIndex} ${theme.key}`);
    const {step} = view.frame;
    set(this.words, this.text("watched", {name: data.name, step, total: view.header.total_steps}));
  }

  /** Nothing invisible is painted. */
  visible() {
    const {top, bottom} = this.root.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }

  close() {
    this.recording?.close();
    this.picture.close();
    this.root.remove();
  }
}
