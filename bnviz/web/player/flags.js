// @ts-check
// Flags on the scrubber: what changes on the way. Each can be dragged to another step, removed, or made "from the start".

import {make} from "./dom.js";

/** @import {Change, Edit} from "./types" */
/** @import {PlayerCore} from "./core/player-core.js" */

const DRAGGED_PX = 4; // less is a click

export class Flags {
  /**
   * @param {HTMLElement} track
   * @param {PlayerCore} player
   */
  constructor(track, player) {
    this.player = player;
    this.track = track;
    this.box = make("div", {class: "bnviz-flags"});
    track.append(this.box);
    /** @type {{node: HTMLElement, step: number}[]} */
    this.markers = [];
    player.store.subscribe(
      ({changesKey}) => changesKey,
      () => this.make(player.data.changes),
    );
    player.store.subscribe(
      ({run, trainedStep}) => [run, trainedStep],
      () => this.place(),
    );
  }

  /** @param {Change[]} changes */
  make(changes) {
    this.box.replaceChildren(...changes.map((change) => this.flag(change)));
    this.stack(changes);
    this.markers = changes.map(({step}, index) => ({node: /** @type {HTMLElement} */ (this.box.children[index]), step}));
    this.place();
  }

  /** While snapshots arrive, steps move on the scrubber. */
  place() {
    for (const {node, step} of this.markers) {
      const left = `${(100 * this.player.shareOf(step)).toFixed(2)}%`;
      if (node.dataset.dragged !== "yes") node.style.left = left;
    }
  }

  /**
   * Flags of one step are stacked.
   * @param {Change[]} changes
   */
  stack(changes) {
    changes.forEach(({step}, index) => {
      const below = changes.slice(0, index).filter((other) => other.step === step).length;
      /** @type {HTMLElement} */ (this.box.children[index]).style.setProperty("--below", String(below));
    });
  }

  /** @param {Change} change */
  flag(change) {
    const {step, name, label} = change;
    const {player} = this;
    const title = player.text("flag", {step, label});
    const edit = (/** @type {Edit} */ one) => () => player.edit(one);
    const handle = make("summary", {title, "aria-label": title}, "⚑");
    const remove = make("button", {type: "button", onclick: edit({do: "remove", step, name})}, player.text("flag_remove"));
    const early = make("button", {type: "button", onclick: edit({do: "from_start", step, name})}, player.text("flag_from_start"));
    const list = make(
      "div",
      {class: "bnviz-menu-list"},
      make("b", {}, title),
      early,
      remove,
      make("small", {}, player.text("flag_help")),
    );
    const node = make("details", {class: "bnviz-flag", name: "bnviz-flags", "data-step": step, "data-name": name}, handle, list);
    handle.addEventListener("keydown", (event) => this.key(event, change));
    handle.addEventListener("pointerdown", (event) => this.drag(event, node, change));
    return node;
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Change} change
   */
  key(event, {step, name}) {
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.player.edit({do: "remove", step, name});
    else if (by) this.player.edit({do: "move", step, name, to: step + by * (event.shiftKey ? 10 : 1)});
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {PointerEvent} event
   * @param {HTMLDetailsElement} node
   * @param {Change} change
   */
  drag(event, node, {step, name}) {
    const handle = /** @type {HTMLElement} */ (event.currentTarget);
    const {left, width} = this.track.getBoundingClientRect();
    const share = (/** @type {PointerEvent} */ at) => Math.max(0, Math.min(1, (at.clientX - left) / width));
    const from = event.clientX;
    handle.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ at) => {
      if (Math.abs(at.clientX - from) < DRAGGED_PX && node.dataset.dragged !== "yes") return;
      node.dataset.dragged = "yes";
      node.style.left = `${100 * share(at)}%`;
    };
    const end = (/** @type {PointerEvent} */ at) => {
      handle.removeEventListener("pointermove", move);
      if (node.dataset.dragged !== "yes") return;
      handle.addEventListener("click", (click) => click.preventDefault(), {once: true}); // a drag opens no menu
      delete node.dataset.dragged;
      const to = this.player.stepAt(share(at));
      if (to !== step) this.player.edit({do: "move", step, name, to});
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end, {once: true});
  }
}
