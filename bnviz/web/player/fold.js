// @ts-check
// The charts that are not in front: folded away behind a line that names them. What is folded is not drawn. They stay
// open on the next page for those who have opened them.

import {make, set} from "./dom.js";

const STORAGE_KEY = "bnviz more charts";

export class Fold {
  /** @param {string} label */
  constructor(label) {
    this.names = make("span", {class: "bnviz-label"});
    this.grid = make("div", {class: "bnviz-panels"});
    this.root = make("details", {class: "bnviz-fold"}, make("summary", {}, make("b", {}, label), " ", this.names), this.grid);
    this.root.open = readState() === "open";
    this.root.addEventListener("toggle", () => writeState(this.root.open ? "open" : "closed"));
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
