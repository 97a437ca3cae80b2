// @ts-check
// The run before, kept as faint lines in the charts over steps while another one plays, until somebody dismisses it. Pinned, it
// stays through further changes and stands in the address: A against B. An address may bring such a run along.

import {Fits} from "./fits.js";
import {addressOf, make, set} from "./dom.js";
import {recentMean} from "./feeds.js";
import {Recording} from "./recording.js";
import {differences} from "./settings.js";
import {both, digits, percent, playerText} from "./words.js";

/** @import {Data, Trace, Values, View} from "./types" */
/** @typedef {Pick<Recording, "run" | "header" | "frames" | "end">} Kept */
/**
 * @typedef {object} Keeper what this asks of its player
 * @property {(key: string, values?: Values) => string} text
 * @property {() => void} refresh draw everything anew
 * @property {() => void} address bring the address up to date
 * @property {Pick<Data, "usual">} data
 */

const GLIMPSE_MS = 2000; // a run that was on show for no longer, while a slider was on its way, is not kept
const KINDS = new Set(["series", "scalar", "chosen-unit"]); // feeds whose lines are kept
export const FITS = new Set([
  "shift_from_first",
  "shift_step",
  "mean_noise",
  "train_loss",
  "test_accuracy",
  "accuracy",
  "test_loss",
]);

/** Whether a trace's line is kept. @param {Trace} trace */
export const isComparable = ({feed}) => Boolean(feed && KINDS.has(feed.kind));

export class ComparisonRun {
  /**
   * @param {HTMLElement} parent
   * @param {Keeper} player
   */
  constructor(parent, player) {
    this.player = player;
    /** @type {Kept | null} */
    this.kept = null;
    /** What the kept run differs in, in words. */
    this.label = "";
    this.pinned = false;
    /** The run that the address names, and how. */
    this.asked = "";
    this.query = "";
    /** @type {Recording | null} that run's recording */
    this.other = null;
    this.since = performance.now();
    this.fits = new Fits();
    this.words = make("span");
    const button = (/** @type {string} */ name, /** @type {() => void} */ onclick) =>
      make("button", {type: "button", class: `bnviz-ghost-${name}`, onclick}, player.text(`ghost_${name}`));
    this.pin = button("pin", () => this.toggle());
    this.root = make(
      "p",
      {class: "bnviz-ghost", hidden: ""},
      this.words,
      this.pin,
      button("dismiss", () => this.dismiss()),
    );
    parent.append(this.root);
  }

  /**
   * Another run takes the place of this one.
   * @param {Recording} recording
   */
  keep({run, header, frames, end}) {
    const seen = performance.now() - this.since;
    this.since = performance.now();
    if (this.pinned || !header || frames.length < 2 || (this.kept && seen < GLIMPSE_MS)) return;
    this.kept = {run, header, frames: [...frames], end};
    this.label = "";
  }

  /**
   * The page hands over a run to be compared with; once, for it may be dismissed.
   * @param {Data["beside"]} beside
   */
  take(beside) {
    if (beside) this.label = beside.label;
    if (!beside || beside.run === this.asked) return;
    this.close();
    this.asked = beside.run;
    this.query = beside.query;
    this.setPinned(true);
    if (beside.run === this.kept?.run) return;
    const other = new Recording(
      beside.run,
      () => this.arrived(other),
      () => {},
    );
    this.other = other;
    void other.stream(addressOf(beside.stream));
  }

  /** @param {Recording} other */
  arrived(other) {
    if (other !== this.other || !other.header || !other.frames.length) return;
    this.kept = other;
    this.player.refresh();
  }

  /** Settings of the run that stands in the address, as a link has them; null if there is none. */
  get named() {
    if (!this.pinned) return null;
    if (!this.kept?.header) return this.query; // it is still on its way
    const settings = differences(this.kept.header.experiment, this.player.data.usual);
    return String(new URLSearchParams(settings.map(({name, value}) => [name, String(value)])));
  }

  toggle() {
    this.setPinned(!this.pinned);
    this.player.address();
  }

  /** @param {boolean} pinned */
  setPinned(pinned) {
    this.pinned = pinned;
    this.pin.setAttribute("aria-pressed", String(pinned));
  }

  dismiss() {
    this.other?.close();
    this.kept = null;
    this.setPinned(false);
    this.root.hidden = true;
    this.player.address();
    this.player.refresh();
  }

  close() {
    this.other?.close();
  }

  /**
   * The kept run as it is seen beside `view`: all of its lines. Null if there is none, or it is not to be compared.
   * @param {View} view
   * @returns {View | null}
   */
  beside(view) {
    const {kept} = this;
    if (!kept?.header || kept.run === view.run) return null;
    if (kept.header.hidden_layers < view.layer || !kept.header.arms.includes(view.compared)) return null;
    const frameIndex = kept.frames.length - 1;
    const known = view.unit === "pooled" || kept.header.watched_units.includes(view.unit);
    if (!known) return null;
    return {
      ...view,
      ...kept,
      header: kept.header,
      frameIndex,
      frame: kept.frames[frameIndex],
      blend: 0,
      ended: true,
      fits: this.fits,
    };
  }

  /**
   * Which run it is, and how it stood at the step on show.
   * @param {View} view
   * @param {{run: string, label: string}[]} before what differs in the runs before, in words
   */
  say(view, before) {
    const comparison = this.beside(view);
    this.root.hidden = !comparison;
    if (!comparison) return;
    this.label = before.find(({run}) => run === comparison.run)?.label ?? this.label;
    const frameIndex = Math.max(
      0,
      comparison.frames.findLastIndex(({step}) => step <= view.frame.step),
    );
    const frame = comparison.frames[frameIndex];
    const score = (/** @type {string} */ arm) => {
      const right = recentMean(comparison.frames, frame, arm, "test_accuracy");
      return right === null ? digits(recentMean(comparison.frames, frame, arm, "test_loss")) : percent(right);
    };
    const key = frame.arms.none.test_accuracy === null ? "ghost_loss" : "ghost_accuracy";
    const which = playerText(view, comparison.run === this.other?.run ? "ghost_beside" : "ghost_before");
    const scores = both({...comparison, frameIndex, frame}, score);
    set(this.words, playerText(view, key, {which, label: this.label, step: frame.step, scores}));
  }
}
