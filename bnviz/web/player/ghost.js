// @ts-check
// The run before, kept as faint lines in the charts over steps while another one plays, until somebody dismisses it. Pinned, it
// stays through further changes: A against B.

import {Fits} from "./fits.js";
import {make, set} from "./dom.js";
import {lately} from "./feeds.js";
import {both, digits, percent, shared} from "./words.js";

/** @import {Trace, Values, View} from "./types" */
/** @import {Recording} from "./recording.js" */
/** @typedef {Pick<Recording, "run" | "header" | "frames" | "end">} Kept */
/**
 * @typedef {object} Keeper what this asks of its player
 * @property {(key: string, values?: Values) => string} text
 * @property {() => void} refresh draw everything anew
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
export const isKept = ({feed}) => Boolean(feed && KINDS.has(feed.kind));

export class Ghost {
  /**
   * @param {HTMLElement} parent
   * @param {Keeper} player
   */
  constructor(parent, player) {
    this.player = player;
    /** @type {Kept | null} */
    this.kept = null;
    this.label = "";
    this.pinned = false;
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

  toggle() {
    this.pinned = !this.pinned;
    this.pin.setAttribute("aria-pressed", String(this.pinned));
  }

  dismiss() {
    this.kept = null;
    this.pinned = false;
    this.pin.setAttribute("aria-pressed", "false");
    this.root.hidden = true;
    this.player.refresh();
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
    const shown = kept.frames.length - 1;
    const known = view.unit === "pooled" || kept.header.watched_units.includes(view.unit);
    if (!known) return null;
    return {...view, ...kept, header: kept.header, shown, frame: kept.frames[shown], blend: 0, ended: true, fits: this.fits};
  }

  /**
   * Which run it is, and how it stood at the step on show.
   * @param {View} view
   * @param {{run: string, label: string}[]} before what differs in the runs before, in words
   */
  say(view, before) {
    const ghost = this.beside(view);
    this.root.hidden = !ghost;
    if (!ghost) return;
    this.label = before.find(({run}) => run === ghost.run)?.label ?? this.label;
    const shown = Math.max(
      0,
      ghost.frames.findLastIndex(({step}) => step <= view.frame.step),
    );
    const frame = ghost.frames[shown];
    const score = (/** @type {string} */ arm) => {
      const right = lately(ghost.frames, frame, arm, "test_accuracy");
      return right === null ? digits(lately(ghost.frames, frame, arm, "test_loss")) : percent(right);
    };
    const key = frame.arms.none.test_accuracy === null ? "ghost_loss" : "ghost_accuracy";
    set(this.words, shared(view, key, {label: this.label, step: frame.step, scores: both({...ghost, shown, frame}, score)}));
  }
}
