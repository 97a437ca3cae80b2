// @ts-check
// Flags on the scrubber: what changes on the way. Each can be dragged to another step, removed, or made "from the start".

import {make} from "./dom.js";

/** @import {Edit, Change, Values} from "./types" */
/**
 * @typedef {object} Bearer what this asks of its player
 * @property {(key: string, values?: Values) => string} text
 * @property {(edit: Edit) => void} edit
 * @property {(share: number) => number} stepAt the step of a snapshot at this share of the scrubber
 * @property {(step: number) => number} shareOf and the other way round
 */

const DRAGGED_PX = 4; // less is a click

export class Flags {
  /**
   * @param {HTMLElement} track
   * @param {Bearer} player
   */
  constructor(track, player) {
    this.player = player;
    this.track = track;
    this.box = make("div", {class: "bnviz-flags"});
    track.append(this.box);
    this.shown = "";
    /** @type {{node: HTMLElement, step: number}[]} */
    this.placed = [];
  }

  /** @param {Change[]} changes */
  show(changes) {
    const serial = JSON.stringify(changes);
    if (serial !== this.shown) {
      this.shown = serial;
      this.box.replaceChildren(...changes.map((one) => this.flag(one)));
      this.stack(changes);
      this.placed = changes.map(({step}, place) => ({node: /** @type {HTMLElement} */ (this.box.children[place]), step}));
    }
    for (const {node, step} of this.placed) {
      const left = `${(100 * this.player.shareOf(step)).toFixed(2)}%`;
      if (node.style.left !== left && node.dataset.dragged !== "yes") node.style.left = left;
    }
  }

  /**
   * Flags of one step stand one above the other.
   * @param {Change[]} changes
   */
  stack(changes) {
    changes.forEach(({step}, place) => {
      const below = changes.slice(0, place).filter((other) => other.step === step).length;
      /** @type {HTMLElement} */ (this.box.children[place]).style.setProperty("--below", String(below));
    });
  }

  /** @param {Change} change */
  flag(change) {
    const {step, name, label} = change;
    const {player} = this;
    const said = player.text("flag", {step, label});
    const edit = (/** @type {Edit} */ one) => () => player.edit(one);
    const handle = make("summary", {title: said, "aria-label": said}, "⚑");
    const remove = make("button", {type: "button", onclick: edit({do: "remove", step, name})}, player.text("flag_remove"));
    const early = make("button", {type: "button", onclick: edit({do: "from_start", step, name})}, player.text("flag_from_start"));
    const list = make(
      "div",
      {class: "bnviz-menu-list"},
      make("b", {}, said),
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
