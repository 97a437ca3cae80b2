// @ts-check
// From which step on a setting applies that the visitor changes while a run plays, and how long the player holds still for that.
//
// The settings are Streamlit's. The page learns where the player is when a visitor reaches for one of them, and until the answer
// is here the player holds still, so that "from step 212 on" means the step that was on show.

import {playerText} from "../words.js";

/** @import {Change, View} from "../types" */
/** @typedef {"start" | "here"} Mode whether a setting applies from the start, or from the step on show */
/**
 * @typedef {object} Host what this asks of the player
 * @property {() => number} now in milliseconds
 * @property {(callback: () => void, delay: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => void} hold
 * @property {() => void} release
 * @property {(step: number) => void} announceStep tell the page from which step on a setting is to apply; 0: from the start
 */

const UNCHANGED_HOLD_MS = 4000; // so long the player holds still if nothing is changed after all
const ANSWER_HOLD_MS = 20000; // so long it holds still for an answer of the page
const SLIDE_MS = 900; // so long after the last move of a slider

export class SettingChanges {
  /** @type {Mode | null} what the visitor has chosen; null: as it suits */
  #mode = null;
  #reachedAt = -Infinity;
  /** From which step on what is being moved is to apply. */
  #step = 0;
  /** What the page was told last: each time it is told, a part of it runs. */
  #announced = /** @type {number | null} */ (null);
  /** @type {any} */
  #timer = 0;

  /** @param {Host} host */
  constructor(host) {
    this.host = host;
  }

  /** @param {Mode} mode */
  chooseMode(mode) {
    this.#mode = mode;
    this.#reachedAt = -Infinity;
  }

  /**
   * Where settings apply now, unless the visitor has chosen: from the step on show on the way, at both ends from the start.
   * @param {View | null} view
   * @returns {Mode}
   */
  mode(view) {
    return view && isOnTheWay(view) ? (this.#mode ?? "here") : "start";
  }

  /**
   * Somebody reaches for a setting: tell the page what a change would mean.
   * @param {View} view
   */
  reach(view) {
    const now = this.host.now();
    // Who goes on moving a slider means what the first move meant, though another run may have come meanwhile.
    if (now - this.#reachedAt > SLIDE_MS) this.#step = this.mode(view) === "here" ? view.frame.step : 0;
    if (this.#step) this.host.hold();
    this.#reachedAt = now;
    this.#releaseIn(UNCHANGED_HOLD_MS);
    if (this.#announced === this.#step) return;
    this.#announced = this.#step;
    this.host.announceStep(this.#step);
  }

  /** Another run was asked for. */
  awaitAnswer() {
    this.#releaseIn(ANSWER_HOLD_MS);
  }

  /** The run that was asked for is here; the visitor may still be moving a slider, and all of it is one change. */
  onAnswer() {
    this.#releaseIn(Math.max(0, this.#reachedAt + SLIDE_MS - this.host.now()));
  }

  close() {
    this.host.clearTimeout(this.#timer);
  }

  /** @param {number} delay in milliseconds */
  #releaseIn(delay) {
    this.host.clearTimeout(this.#timer);
    this.#timer = this.host.setTimeout(() => this.host.release(), delay);
  }
}

/**
 * Whether the step on show is between the first and the last.
 * @param {View} view
 */
export const isOnTheWay = ({frame, header}) => frame.step >= 1 && frame.step < Number(header.total_steps);

/**
 * What the button for the step on show says: at both ends, where nothing can apply from there, it says why.
 * @param {View} view
 */
export function hereText(view) {
  if (isOnTheWay(view)) return playerText(view, "from_here", {step: view.frame.step});
  const begun = view.frame.step > 0;
  return playerText(view, begun ? "from_here_over" : "from_here_early");
}

/**
 * The step of a snapshot in about the middle, after whatever has been changed already.
 * @param {View} view
 */
export function halfwayStep({changes, header, frames}) {
  const middle = ((changes.at(-1)?.step ?? 0) + header.total_steps) / 2;
  return frames.findLast(({step}) => step <= middle)?.step ?? 0;
}

/**
 * Settings that change after a step: each as it is at that step.
 * @param {Change[]} changes by step
 * @param {number} step
 */
export function before(changes, step) {
  const later = changes.filter((change) => change.before && change.step > step);
  return later
    .filter(({name}, index) => later.findIndex((change) => change.name === name) === index)
    .map((one) => String(one.before));
}
