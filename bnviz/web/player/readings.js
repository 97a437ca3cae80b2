// @ts-check
// What a card of the tour measures, as a small table at what the card points at: a line a measure, a column a network.

import {make} from "./dom.js";

/** @import {Arm, Reading} from "./types" */

export class Readings {
  root = make("table", {class: "bnviz-readings", hidden: ""});
  content = "";

  /**
   * @param {Reading[]} readings
   * @param {Record<string, Arm>} arms
   */
  show(readings, arms) {
    const content = JSON.stringify(readings);
    if (this.content === content) return;
    this.content = content;
    this.root.hidden = !readings.length;
    const columns = Object.keys(arms).filter((arm) => readings.some(({values}) => arm in values));
    const cells = columns.map((arm) =>
      make("th", {scope: "col", class: "bnviz-arm", style: `--arm: ${arms[arm].colour}`}, arms[arm].name),
    );
    const rows = readings.map(({name, values}) =>
      make("tr", {}, make("th", {scope: "row"}, name), ...columns.map((arm) => make("td", {}, values[arm] ?? ""))),
    );
    this.root.replaceChildren(make("thead", {}, make("tr", {}, make("td"), ...cells)), make("tbody", {}, ...rows));
  }

  /**
   * Below the picture, in the heading of a panel, or below the summary of what unfolds.
   * @param {HTMLElement} part what the card points at
   */
  standAt(part) {
    const heading = part.querySelector(":scope > header");
    const before = part.querySelector(":scope > summary") ?? part;
    if (heading && this.root.parentElement !== heading) heading.append(this.root);
    else if (!heading && this.root.previousElementSibling !== before) before.after(this.root);
  }
}
