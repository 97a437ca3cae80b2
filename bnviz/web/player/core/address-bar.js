// @ts-check
// The address bar: it holds the step where a visitor has paused, and none while it plays.

import {linkWithoutStep, linkWithStep, VIEW_PARAMETERS} from "./address.js";

/** @import {PlayerCore} from "./player-core.js" */

const DELAY_MS = 400; // between the last change and the address bar: browsers allow few changes a second

export class AddressBar {
  /** @type {Set<string>} what the visitor has chosen */
  #chosen = new Set();
  /** @type {any} */
  #timer = 0;

  /** @param {PlayerCore} player */
  constructor(player) {
    this.player = player;
  }

  /**
   * Somebody has chosen this.
   * @param {object} change
   */
  name(change) {
    for (const name of VIEW_PARAMETERS) if (name in change) this.#chosen.add(name);
    this.schedule();
  }

  /** The address is changed in place: the back button leads to other runs, not to other steps. */
  schedule() {
    const {environment} = this.player;
    environment.clearTimeout(this.#timer);
    this.#timer = environment.setTimeout(() => this.write(), DELAY_MS);
  }

  /** Without delay: the page is about to read it. */
  write() {
    const {environment} = this.player;
    const href = this.#current();
    if (href && href !== environment.href()) environment.replaceHref(href);
  }

  close() {
    this.player.environment.clearTimeout(this.#timer);
  }

  /** The address of this very place, for others; null while nothing is on show. */
  link() {
    return this.#outside(this.#withStep());
  }

  /** The address for others, with the step only where the visitor has paused. */
  placedLink() {
    return this.#outside(this.#current());
  }

  #withStep() {
    const {player} = this;
    const view = player.view();
    const {pendingSeek} = player.state.clock;
    return view && linkWithStep(player.environment.href(), view, {pendingSeek, beside: this.#beside()});
  }

  #current() {
    const {player} = this;
    if (player.state.clock.resting) return this.#withStep();
    return linkWithoutStep(player.environment.href(), player.view(), {chosen: this.#chosen, beside: this.#beside()});
  }

  #beside() {
    return this.player.comparison.query(this.player.data);
  }

  /** @param {string | null} href */
  #outside(href) {
    return href && this.player.environment.outsideFrame(href);
  }
}
