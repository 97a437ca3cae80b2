// @ts-check
// The line that says which run is compared with, how it scored at the step on show, and whether it is pinned; which traces have
// such a run's lines beside their own. The logic is in core/comparison.js.

import {make, set} from "./dom.js";

/** @import {Trace} from "./types" */
/** @import {PlayerCore} from "./core/player-core.js" */

const KINDS = new Set(["series", "scalar", "chosen-unit"]); // feeds whose lines are compared
export const FITS = new Set([
  "shift_from_first",
  "shift_step",
  "mean_noise",
  "train_loss",
  "test_accuracy",
  "accuracy",
  "test_loss",
]);

/** Whether a trace has a line of the comparison run beside it. @param {Trace} trace */
export const isComparable = ({feed}) => Boolean(feed && KINDS.has(feed.kind));

export class ComparisonLine {
  /**
   * @param {HTMLElement} parent
   * @param {PlayerCore} player
   */
  constructor(parent, player) {
    this.player = player;
    this.words = make("span");
    const button = (/** @type {string} */ name, /** @type {() => void} */ onclick) =>
      make("button", {type: "button", class: `bnviz-ghost-${name}`, onclick}, player.text(`ghost_${name}`));
    this.pin = button("pin", () => player.comparison.togglePin());
    this.pin.title = player.text("ghost_pin_help");
    const dismiss = button("dismiss", () => this.dismiss());
    this.root = make("p", {class: "bnviz-ghost", hidden: ""}, this.words, this.pin, dismiss);
    parent.append(this.root);
    player.store.subscribe(
      ({pinned}) => pinned,
      (pinned) => this.showPinned(pinned),
    );
    player.store.subscribe(
      ({wordsView, redraws}) => [wordsView, redraws],
      () => this.show(),
    );
  }

  /** @param {boolean} pinned */
  showPinned(pinned) {
    this.pin.setAttribute("aria-pressed", String(pinned));
    set(this.pin, this.player.text(pinned ? "ghost_pinned" : "ghost_pin"));
    this.root.classList.toggle("bnviz-pinned", pinned);
  }

  dismiss() {
    this.root.hidden = true;
    this.player.comparison.dismiss();
  }

  show() {
    const {comparison, state, data} = this.player;
    const text = state.wordsView && comparison.sentence(state.wordsView, data);
    this.root.hidden = !text;
    if (text) set(this.words, text);
  }
}
