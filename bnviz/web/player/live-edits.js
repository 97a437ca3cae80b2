// @ts-check
// Turning a knob while it trains: whether a setting that is changed counts from the start or from the step on show, and what can
// be done to the networks at that step.
//
// The settings are Streamlit's. The page learns where the player is when somebody reaches for one of them, and until the answer
// is here the player holds still, so that "from step 212 on" means the step that was on show.

import {make, set} from "./dom.js";
import {KNOBS, NO_KNOB} from "./streamlit.js";
import {playerText} from "./words.js";

/** @import {Values, View} from "./types" */
/** @import {Edit, Change} from "./types" */

const REACH = ["pointerdown", "keydown"];
const PATIENCE_MS = 4000; // so long the player holds still if nothing is changed after all
const SLIDE_MS = 900; // so long after the last move of a slider
const FACTOR = 10; // by which a weight matrix is multiplied
const NOISE = 0.5; // of test inputs, in standard deviations of the inputs

/**
 * @typedef {object} Turner what this asks of its player
 * @property {(key: string, values?: Values) => string} text
 * @property {(edit: Edit) => void} edit
 * @property {(step: number) => void} reach tell the page from which step on a setting is to apply
 * @property {boolean} playing
 * @property {() => void} pause
 * @property {(step: number) => void} seekStep
 * @property {() => void} hold
 * @property {() => void} release
 */

export class LiveEdits {
  /**
   * @param {Turner} player
   * @param {boolean} acts whether networks can be broken here, too
   */
  constructor(player, acts) {
    this.player = player;
    /** @type {"start" | "here" | null} what somebody has chosen; null: as it suits */
    this.chosen = null;
    /** @type {View | null} */
    this.view = null;
    this.reachedAt = -Infinity;
    /** From which step on what is being moved is to apply. */
    this.step = 0;
    this.waiting = 0;
    const mode = (/** @type {"start" | "here"} */ one) => make("button", {type: "button", onclick: () => this.choose(one)});
    /** What can be done at the step on show: when batch norm is on, then what breaks things. */
    this.acts = [
      this.action(
        "start",
        () => "act_start",
        () => ({do: "start"}),
      ),
      this.action(
        "toggle",
        () => (this.on ? "act_off" : "act_on"),
        (view) => ({do: "set", name: "compare", value: this.on ? "none" : view.compared}),
      ),
      this.action(
        "times",
        () => "act_times",
        ({layer}) => ({do: "set", name: `times_w${layer}`, value: FACTOR}),
      ),
      this.action(
        "freeze",
        () => "act_freeze",
        ({layer}) => ({do: "set", name: "freeze_layer", value: layer}),
      ),
      this.action(
        "thaw",
        () => "act_thaw",
        () => ({do: "set", name: "freeze_layer", value: 0}),
      ),
      this.action(
        "noise",
        () => "act_noise",
        () => ({do: "set", name: "input_noise", value: NOISE}),
      ),
      this.action(
        "clear",
        () => "act_clear",
        () => ({do: "set", name: "input_noise", value: 0}),
      ),
    ];
    this.start = mode("start");
    this.here = mode("here");
    const label = make("span", {class: "bnviz-label"}, player.text("settings_apply"));
    const group = {class: "bnviz-segments", role: "group", "aria-label": player.text("settings_apply")};
    const modes = make("span", {class: "bnviz-modes"}, this.start, this.here);
    this.root = make("div", {class: "bnviz-hand"}, make("span", group, label, modes), this.ended());
    this.until = make("span", {class: "bnviz-still bnviz-label"});
    if (acts) this.root.append(this.actions());
    this.root.append(this.until);
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
    this.reachedAt = -Infinity;
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
    const now = performance.now();
    // Whoever goes on moving a slider means what the first move meant, though another run may have come meanwhile.
    if (now - this.reachedAt > SLIDE_MS) this.step = this.mode === "here" ? this.view.frame.step : 0;
    const {step} = this;
    if (step) this.player.hold();
    this.reachedAt = now;
    this.releaseIn(PATIENCE_MS);
    this.player.reach(step);
  }

  /** In the place of what can be done, where nothing can: why, and the way to where something can. */
  ended() {
    this.why = make("span", {class: "bnviz-label"});
    this.back = make("button", {type: "button", class: "bnviz-back-to", onclick: () => this.goBack()});
    this.over = make("span", {class: "bnviz-over", role: "status"}, this.why, this.back);
    return this.over;
  }

  /** To about the middle, and rest there. */
  goBack() {
    this.player.pause();
    this.player.seekStep(this.halfway);
  }

  /** The step of a snapshot on the way, after whatever has been changed already. */
  get halfway() {
    const {view} = this;
    if (!view) return 0;
    const changed = view.changes.at(-1)?.step ?? 0;
    const middle = (changed + view.header.total_steps) / 2;
    return view.frames.findLast(({step}) => step <= middle)?.step ?? 0;
  }

  /** What can be done to the networks at the step on show. */
  actions() {
    const {player} = this;
    const [only, toggle, ...breaks] = this.acts.map(({button}) => button);
    this.keep = make("input", {
      type: "checkbox",
      onchange: () => this.act({do: "scales", value: this.keep?.checked ? "keep" : "one"}),
    });
    const keeping = make("label", {}, this.keep, make("span", {}, player.text("keep_scales")));
    const list = make("div", {class: "bnviz-menu-list"}, ...breaks);
    const menu = make("details", {class: "bnviz-menu"}, make("summary", {}, player.text("break_it")), list);
    menu.addEventListener("focusout", ({relatedTarget}) => {
      if (relatedTarget instanceof Node && !menu.contains(relatedTarget)) menu.open = false;
    });
    this.menu = menu;
    this.at = make("span", {class: "bnviz-label"});
    this.box = make("span", {class: "bnviz-actions"}, this.at, only, toggle, keeping, menu);
    return this.box;
  }

  /**
   * @param {string} name
   * @param {() => string} words which sentence says it
   * @param {(view: View) => {do: "start"} | {do: "set", name: string, value: string | number}} edit what it asks for
   */
  action(name, words, edit) {
    const onclick = () => this.view && this.act({...edit(this.view), step: this.view.frame.step});
    return {button: make("button", {type: "button", class: `bnviz-act-${name}`, onclick}), words};
  }

  /** @param {Edit} edit */
  act(edit) {
    if (this.menu) this.menu.open = false;
    this.player.edit(edit);
  }

  /** Whether the compared network is normalized at the step on show. */
  get on() {
    const {view} = this;
    return view !== null && /** @type {any} */ (view.frame.arms[view.compared]).normalizer !== "none";
  }

  /** @param {View} view */
  show(view) {
    this.view = view;
    const {step} = view.frame;
    const {mode} = this;
    const inside = step >= 1 && step < view.header.total_steps;
    set(this.start, playerText(view, "from_start"));
    set(this.here, playerText(view, inside ? "from_here" : "from_here_none", {step}));
    this.here.disabled = !inside;
    for (const [one, node] of /** @type {const} */ ([
      ["start", this.start],
      ["here", this.here],
    ]))
      if (node.getAttribute("aria-pressed") !== String(one === mode)) node.setAttribute("aria-pressed", String(one === mode));
    if (this.menu) this.showActions(view, inside);
    this.explain(view, inside);
    this.showBefore(view);
  }

  /**
   * Settings show what they come to in the end: say what is still otherwise at the step on show.
   * @param {View} view
   */
  showBefore(view) {
    const {changes} = view;
    const {step} = view.frame;
    const said = before(changes, step);
    this.until.hidden = !changes.some((one) => one.before); // it keeps its place after the change, so that nothing jumps
    set(this.until, said.length ? playerText(view, "still", {step, said: said.join(", ")}) : "");
  }

  /**
   * At rest at the first or the last step nothing can be changed on the way: say so, and how it can. While it plays, both pass.
   * @param {View} view
   * @param {boolean} inside whether the step on show is between the first and the last
   */
  explain(view, inside) {
    const resting = !inside && !this.player.playing;
    if (this.over) this.over.hidden = !resting;
    if (this.box) this.box.hidden = resting;
    if (!resting || !this.why || !this.back) return;
    const begun = view.frame.step > 0;
    set(this.why, playerText(view, begun ? "run_over" : "run_not_begun"));
    set(this.back, playerText(view, "back_to", {step: this.halfway}));
    this.back.hidden = !begun;
  }

  /**
   * @param {View} view
   * @param {boolean} inside whether the step on show is between the first and the last
   */
  showActions(view, inside) {
    const {norm, layer} = view;
    for (const {button, words} of this.acts) {
      set(button, playerText(view, words(), {norm, layer, factor: FACTOR, noise: NOISE}));
      if (button.disabled === inside) button.disabled = !inside;
      button.title = inside ? "" : playerText(view, "act_outside");
    }
    if (this.at) set(this.at, playerText(view, "at_step", {step: view.frame.step}));
    if (this.keep) this.keep.checked = view.header.experiment.scale_start === "keep";
  }
}

/**
 * Settings that change after a step: each as it is at that step.
 * @param {Change[]} changes by step
 * @param {number} step
 */
export function before(changes, step) {
  const later = changes.filter((one) => one.before && one.step > step);
  return later.filter(({name}, place) => later.findIndex((one) => one.name === name) === place).map((one) => String(one.before));
}
