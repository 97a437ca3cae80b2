// @ts-check
// The switch above the charts: whether those over time count steps or examples seen. It is there where that makes a difference,
// beside a run with another batch size, and where a link has chosen. The logic is in core/time-axis.js.

import {make} from "./dom.js";

/** @import {Time} from "./types" */
/** @import {PlayerCore} from "./core/player-core.js" */

/** @type {Time[]} */
const TIMES = ["steps", "epochs"];

export class TimeSwitch {
  /** @param {PlayerCore} player */
  constructor(player) {
    this.player = player;
    this.buttons = TIMES.map((time) => {
      return make("button", {type: "button", onclick: () => player.choose({time})}, player.text(`time_${time}`));
    });
    const label = make("span", {class: "bnviz-label"}, player.text("time"));
    const group = {class: "bnviz-time", role: "group", "aria-label": player.text("time"), hidden: ""};
    this.root = make("div", group, label, make("span", {class: "bnviz-modes"}, ...this.buttons));
    player.store.subscribe(
      ({wordsView, redraws}) => [wordsView, redraws],
      () => this.show(),
    );
  }

  show() {
    const {comparison, state, data} = this.player;
    const view = state.wordsView;
    this.root.hidden = !view || !(view.time || comparison.hasOtherPace(view, data));
    if (!view) return;
    const shown = comparison.timeOf(view, data);
    for (const [index, button] of this.buttons.entries()) button.setAttribute("aria-pressed", String(TIMES[index] === shown));
  }
}
