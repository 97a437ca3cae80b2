// @ts-check
// Edits while it trains: whether a setting that is changed applies from the start or from the step on show, and what can be done
// to the networks at that step. The logic is in core/setting-changes.js.

import {ACTIONS, FACTOR, NOISE} from "./core/actions.js";
import {before, halfwayStep, hereText, isOnTheWay} from "./core/setting-changes.js";
import {make, set} from "./dom.js";
import {KNOBS, NO_KNOB, PRESETS} from "./streamlit.js";
import {playerText} from "./words.js";

/** @import {Edit, View} from "./types" */
/** @import {PlayerCore} from "./core/player-core.js" */
/** @import {Action} from "./core/actions.js" */
/** @import {Mode} from "./core/setting-changes.js" */

const REACH_EVENTS = ["pointerdown", "keydown"];

export class LiveEdits {
  /**
   * @param {PlayerCore} player
   * @param {boolean} acts whether networks can be broken here, too
   */
  constructor(player, acts) {
    this.player = player;
    const button = (/** @type {Mode} */ mode) => make("button", {type: "button", onclick: () => this.choose(mode)});
    this.modeButtons = {start: button("start"), here: button("here")};
    const label = make("span", {class: "bnviz-label"}, player.text("settings_apply"));
    const group = {class: "bnviz-segments", role: "group", "aria-label": player.text("settings_apply")};
    const modes = make("span", {class: "bnviz-modes"}, this.modeButtons.start, this.modeButtons.here);
    this.reason = make("span", {class: "bnviz-label"});
    this.back = make("button", {type: "button", class: "bnviz-back-to", onclick: () => this.goBack()});
    /** Shown at the first and last step: why the buttons are off, and a button that leads back. */
    this.over = make("span", {class: "bnviz-over", role: "status"}, this.reason, this.back);
    this.until = make("span", {class: "bnviz-still bnviz-label"});
    this.actions = acts ? new Actions((edit) => player.edit(edit), player) : null;
    this.actions?.when.append(this.over);
    const parts = [make("span", group, label, modes), this.actions?.root ?? this.over, this.until];
    this.root = make("div", {class: "bnviz-hand"}, ...parts);
    this.onReach = (/** @type {Event} */ event) => this.reach(event);
    for (const name of REACH_EVENTS) document.addEventListener(name, this.onReach, true);
    this.onClick = (/** @type {Event} */ {target}) => target instanceof Element && target.closest(PRESETS) && player.awaitPage();
    document.addEventListener("click", this.onClick, true);
    player.store.subscribe(
      ({snapshotView, playback}) => [snapshotView, playback],
      () => this.show(),
    );
  }

  close() {
    for (const name of REACH_EVENTS) document.removeEventListener(name, this.onReach, true);
    document.removeEventListener("click", this.onClick, true);
    this.root.remove();
  }

  /** @param {Mode} mode */
  choose(mode) {
    this.player.settingChanges.chooseMode(mode);
    this.show();
  }

  /**
   * Somebody reaches for a setting.
   * @param {Event} event
   */
  reach(event) {
    const target = event.target instanceof Element ? event.target : null;
    const {view} = this.player.state;
    if (view && target?.closest(KNOBS) && !target.closest(NO_KNOB)) this.player.settingChanges.reach(view);
  }

  /** To about the middle, and rest there. */
  goBack() {
    const {view} = this.player.state;
    this.player.pause();
    if (view) this.player.seekStep(halfwayStep(view));
  }

  show() {
    const view = this.player.state.snapshotView;
    if (!view) return;
    const mode = this.player.settingChanges.mode(view);
    const inside = isOnTheWay(view);
    const {start, here} = this.modeButtons;
    set(start, playerText(view, "from_start"));
    set(here, hereText(view));
    here.disabled = !inside;
    start.setAttribute("aria-pressed", String(mode === "start"));
    here.setAttribute("aria-pressed", String(mode === "here"));
    this.actions?.show(view, inside);
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
    const values = before(changes, step);
    this.until.hidden = !changes.some((change) => change.before); // it keeps its place after the change, so that nothing jumps
    set(this.until, values.length ? playerText(view, "still", {step, said: values.join(", ")}) : "");
  }

  /**
   * At rest at the first or the last step nothing can be changed on the way: say so, and how it can. While it plays, both pass.
   * @param {View} view
   * @param {boolean} inside whether the step on show is between the first and the last
   */
  explain(view, inside) {
    const resting = !inside && !this.player.playing;
    this.actions?.at.classList.toggle("bnviz-off", resting);
    this.over.classList.toggle("bnviz-off", !resting); // its place stays, so that nothing moves
    if (!resting) return;
    const begun = view.frame.step > 0;
    this.over.title = playerText(view, begun ? "run_over" : "run_not_begun");
    set(this.reason, this.actions ? playerText(view, begun ? "run_over_short" : "run_not_begun_short") : this.over.title);
    set(this.back, playerText(view, "back_to", {step: halfwayStep(view)}));
    this.back.hidden = !begun;
  }
}

/** What can be done to the networks at the step on show. */
class Actions {
  /**
   * @param {(edit: Edit) => void} edit
   * @param {PlayerCore} player
   */
  constructor(edit, player) {
    this.edit = edit;
    this.player = player;
    const buttons = ACTIONS.map((action) => {
      const attributes = {type: "button", class: `bnviz-act-${action.name}`, onclick: () => this.act(action)};
      return make("button", attributes);
    });
    this.buttons = buttons;
    const [only, toggle, ...breaks] = buttons;
    const onchange = () => this.send({do: "scales", value: this.keep.checked ? "keep" : "one"});
    this.keep = make("input", {type: "checkbox", onchange});
    const keeping = make("label", {}, this.keep, make("span", {}, player.text("keep_scales")));
    const list = make("div", {class: "bnviz-menu-list"}, ...breaks);
    this.menu = make("details", {class: "bnviz-menu"}, make("summary", {}, player.text("break_it")), list);
    this.menu.addEventListener("focusout", ({relatedTarget}) => {
      if (relatedTarget instanceof Node && !this.menu.contains(relatedTarget)) this.menu.open = false;
    });
    this.at = make("span", {class: "bnviz-label"});
    /** The step; in its place, where nothing can be done, the reason. It keeps its width, so that no button moves. */
    this.when = make("span", {class: "bnviz-when"}, this.at);
    this.root = make("span", {class: "bnviz-actions"}, this.when, only, toggle, keeping, this.menu);
  }

  /** @param {Action} action */
  act(action) {
    const {view} = this.player.state;
    if (view) this.send({...action.edit(view), step: view.frame.step});
  }

  /** @param {Edit} edit */
  send(edit) {
    this.menu.open = false;
    this.edit(edit);
  }

  /**
   * @param {View} view
   * @param {boolean} inside whether the step on show is between the first and the last
   */
  show(view, inside) {
    const {norm, layer} = view;
    for (const [index, button] of this.buttons.entries()) {
      set(button, playerText(view, ACTIONS[index].key(view), {norm, layer, factor: FACTOR, noise: NOISE}));
      if (button.disabled === inside) button.disabled = !inside;
      button.title = inside ? "" : playerText(view, "act_outside");
    }
    set(this.at, playerText(view, "at_step", {step: view.frame.step}));
    this.keep.checked = view.header.experiment.scale_start === "keep";
  }
}
