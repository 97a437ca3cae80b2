// @ts-check
// The charts that are not in front: folded away behind a line that names them. What is folded is not drawn. They stay
// open on the next page for those who have opened them, and a link says whether they were.

import {make, set} from "./dom.js";

/** @import {PlayerCore} from "./core/player-core.js" */

const STORAGE_KEY = "bnviz more charts";

export class Fold {
  /** @param {PlayerCore} player */
  constructor(player) {
    this.player = player;
    this.names = make("span", {class: "bnviz-label"});
    this.grid = make("div", {class: "bnviz-panels"});
    const line = make("summary", {}, make("b", {}, player.text("more_charts")), " ", this.names);
    this.root = make("details", {class: "bnviz-fold"}, line, this.grid);
    const {choice, store} = player;
    store.update({choice: {...choice, charts: choice.charts ?? (readState() === "open" ? "all" : "front")}});
    this.root.addEventListener("toggle", () => this.onToggle());
    store.subscribe(
      (state) => state.choice.charts,
      (charts) => (this.root.open = charts === "all"),
    );
  }

  /** Somebody has opened or closed it, unless the choice says so already. */
  onToggle() {
    const charts = this.root.open ? "all" : "front";
    if (charts === this.player.choice.charts) return;
    this.player.choose({charts});
    writeState(this.root.open ? "open" : "closed");
  }

  /** @param {string[]} titles of what is folded away */
  setTitles(titles) {
    this.root.hidden = !titles.length;
    set(this.names, titles.join(" · "));
  }
}

function readState() {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null; // a browser that keeps nothing for us
  }
}

/** @param {string} state */
function writeState(state) {
  try {
    localStorage.setItem(STORAGE_KEY, state);
  } catch {
    // a browser that keeps nothing for us
  }
}
