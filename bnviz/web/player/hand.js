// @ts-check
// Turning a knob while it trains: whether a setting that is changed counts from the start or from the step on show, and what can
// be done to the networks at that step.
//
// The settings are Streamlit's. The page learns where the player is when somebody reaches for one of them, and until the answer
// is here the player holds still, so that "from step 212 on" means the step that was on show.

import {make, set} from "./dom.js";
import {shared} from "./words.js";

/** @import {Values, View} from "./types" */
/** @import {Edit} from "./types" */

const KNOBS = ".st-key-controls, .st-key-more";
const NO_KNOB = "[data-testid=stPopoverButton], [data-testid=stTooltipHoverTarget]";
const REACH = ["pointerdown", "keydown"];
const PATIENCE_MS = 4000; // so long the player holds still if nothing is changed after all
const SLIDE_MS = 900; // so long after the last move of a slider
const FACTOR = 10; // by which a weight matrix is multiplied
const NOISE = 0.5; // of test inputs, in standard deviations of the inputs

/**
 * @typedef {object} Turner what this asks of its player
 * @property {(key: string, values?: Values) => string} text
 * @property {(edit: Edit) => void} edit
 * @property {(hand: {step: number, turn: number}) => void} reach tell the page where the player is
 * @property {() => void} hold
 * @property {() => void} release
 */

export class Hand {
  /**
   * @param {HTMLElement} parent
   * @param {Turner} player
   * @param {boolean} acts whether networks can be broken here, too
   */
  constructor(parent, player, acts) {
    this.player = player;
    /** @type {"start" | "here" | null} what somebody has chosen; null: as it suits */
    this.chosen = null;
    /** @type {View | null} */
    this.view = null;
    this.reached = 0;
    this.reachedAt = -Infinity;
    this.waiting = 0;
    const mode = (/** @type {"start" | "here"} */ one) => make("button", {type: "button", onclick: () => this.choose(one)});
    this.start = mode("start");
    this.here = mode("here");
    const label = make("span", {class: "bnviz-label"}, player.text("settings_apply"));
    const group = {class: "bnviz-segments", role: "group", "aria-label": player.text("settings_apply")};
    this.root = make("div", {class: "bnviz-hand"}, make("span", group, label, this.start, this.here));
    if (acts) this.root.append(this.actions());
    parent.append(this.root);
    this.onReach = (/** @type {Event} */ event) => this.reach(event);
    for (const name of REACH) document.addEventListener(name, this.onReach, true);
  }

  close() {
    clearTimeout(this.waiting);
    for (const name of REACH) document.removeEventListener(name, this.onReach, true);
    this.root.remove();
  }

  /** @param {"start" | "here"} one */
  choose(one) {
    this.chosen = one;
  }

  /** Another run is on show that does not go on from the last one. */
  forget() {
    this.chosen = null;
  }

  /** The run that was asked for is here; somebody may still be moving a slider, and all of it is one change. */
  answered() {
    this.releaseIn(Math.max(0, this.reachedAt + SLIDE_MS - performance.now()));
  }

  /** @param {number} delay in milliseconds */
  releaseIn(delay) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.player.release(), delay);
  }

  /** Where settings apply now, unless somebody has chosen: from the step on show on the way, at both ends from the start. */
  get mode() {
    const step = this.view?.frame.step ?? 0;
    if (step < 1 || step >= Number(this.view?.header.total_steps)) return "start";
    return this.chosen ?? "here";
  }

  /**
   * Somebody reaches for a setting: tell the page what a change would mean.
   * @param {Event} event
   */
  reach(event) {
    const target = event.target instanceof Element ? event.target : null;
    if (!this.view || !target?.closest(KNOBS) || target.closest(NO_KNOB)) return;
    const step = this.mode === "here" ? this.view.frame.step : 0;
    if (step) this.player.hold();
    this.reachedAt = performance.now();
    this.releaseIn(PATIENCE_MS);
    this.player.reach({step, turn: ++this.reached});
  }

  /** What can be done to the networks at the step on show. */
  actions() {
    const {player} = this;
    const act = (/** @type {() => Edit} */ edit, /** @type {string} */ name) =>
      make("button", {type: "button", class: `bnviz-act-${name}`, onclick: () => this.act(edit())});
    const step = () => this.view?.frame.step ?? 0;
    const layer = () => this.view?.layer ?? 1;
    this.only = act(() => ({do: "start", step: step()}), "start");
    this.toggle = act(() => ({do: "set", step: step(), name: "compare", value: this.on ? "none" : this.compared}), "toggle");
    this.times = act(() => ({do: "set", step: step(), name: `times_w${layer()}`, value: FACTOR}), "times");
    this.freeze = act(() => ({do: "set", step: step(), name: "freeze_layer", value: layer()}), "freeze");
    this.thaw = act(() => ({do: "set", step: step(), name: "freeze_layer", value: 0}), "thaw");
    this.noise = act(() => ({do: "set", step: step(), name: "input_noise", value: NOISE}), "noise");
    this.clear = act(() => ({do: "set", step: step(), name: "input_noise", value: 0}), "clear");
    const keep = make("input", {
      type: "checkbox",
      onchange: () => this.act({do: "scales", value: keep.checked ? "keep" : "one"}),
    });
    this.keep = keep;
    this.keeping = make("label", {}, keep, make("span", {}, player.text("keep_scales")));
    const breaks = make("div", {class: "bnviz-menu-list"}, this.times, this.freeze, this.thaw, this.noise, this.clear);
    const menu = make("details", {class: "bnviz-menu"}, make("summary", {}, player.text("break_it")), breaks);
    menu.addEventListener("focusout", ({relatedTarget}) => {
      if (relatedTarget instanceof Node && !menu.contains(relatedTarget)) menu.open = false;
    });
    this.menu = menu;
    this.at = make("span", {class: "bnviz-label"});
    return make("span", {class: "bnviz-actions"}, this.at, this.only, this.toggle, this.keeping, menu);
  }

  /** @param {Edit} edit */
  act(edit) {
    if (this.menu) this.menu.open = false;
    this.player.edit(edit);
  }

  /** Whether the compared network is normalized at the step on show. */
  get on() {
    return this.normalizer !== "none";
  }

  get normalizer() {
    const {view} = this;
    return view ? /** @type {any} */ (view.frame.arms[view.compared]).normalizer : "none";
  }

  get compared() {
    return String(this.view?.header.experiment.compare);
  }

  /** @param {View} view */
  show(view) {
    this.view = view;
    const {step} = view.frame;
    const {mode} = this;
    const inside = step >= 1 && step < view.header.total_steps;
    set(this.start, shared(view, "from_start"));
    set(this.here, shared(view, inside ? "from_here" : "from_here_none", {step}));
    this.here.disabled = !inside;
    for (const [one, node] of /** @type {const} */ ([
      ["start", this.start],
      ["here", this.here],
    ]))
      if (node.getAttribute("aria-pressed") !== String(one === mode)) node.setAttribute("aria-pressed", String(one === mode));
    if (this.menu) this.showActions(view, inside);
  }

  /**
   * @param {View} view
   * @param {boolean} inside whether the step on show is between the first and the last
   */
  showActions(view, inside) {
    const {norm, layer} = view;
    const words = {
      only: "act_start",
      toggle: this.on ? "act_off" : "act_on",
      times: "act_times",
      freeze: "act_freeze",
      thaw: "act_thaw",
      noise: "act_noise",
      clear: "act_clear",
    };
    for (const [name, key] of Object.entries(words)) {
      const button = /** @type {HTMLButtonElement} */ (/** @type {any} */ (this)[name]);
      set(button, shared(view, key, {norm, layer, factor: FACTOR, noise: NOISE}));
      if (button.disabled === inside) button.disabled = !inside;
      button.title = inside ? "" : shared(view, "act_outside");
    }
    if (this.at) set(this.at, shared(view, "at_step", {step: view.frame.step}));
    if (this.keep) this.keep.checked = view.header.experiment.scale_start === "keep";
  }
}
