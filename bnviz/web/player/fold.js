// @ts-check
// The charts that do not stand in front: folded away behind a line that names them. What is folded is not drawn. Whoever has
// opened them finds them open on the next page, too.

import {make, set} from "./dom.js";

const REMEMBERED = "bnviz more charts";

export class Fold {
  /** @param {string} label */
  constructor(label) {
    this.names = make("span", {class: "bnviz-label"});
    this.grid = make("div", {class: "bnviz-panels"});
    this.root = make("details", {class: "bnviz-fold"}, make("summary", {}, make("b", {}, label), " ", this.names), this.grid);
    this.root.open = remembered() === "open";
    this.root.addEventListener("toggle", () => remember(this.root.open ? "open" : "closed"));
  }

  /** @param {string[]} titles of what is folded away */
  tell(titles) {
    this.root.hidden = !titles.length;
    set(this.names, titles.join(" · "));
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // a browser that keeps nothing for us
  }
}

/** @param {string} state */
function remember(state) {
  try {
    localStorage.setItem(REMEMBERED, state);
  } catch {
    // a browser that keeps nothing for us
  }
}
