// @ts-check
// Menus of all layers and of the units that have histograms of their own, by name.

import {make} from "../player/dom.js";
import {say} from "../player/words.js";
import {layerName, unitName} from "./names.js";
import {unitCount} from "../player/layers.js";

/** @import {PlayerCore} from "../player/core/player-core.js" */
/** @import {View} from "../player/types" */

export class Choosers {
  #key = "";

  /**
   * @param {HTMLElement} parent
   * @param {PlayerCore} core
   */
  constructor(parent, core) {
    this.layer = make("select", {onchange: () => core.choose({layer: Number(this.layer.value)})});
    this.unit = make("select", {
      onchange: () => core.choose({unit: this.unit.value === "pooled" ? "pooled" : Number(this.unit.value)}),
    });
    this.labels = [this.layer, this.unit].map((select) => make("label", {}, make("span", {class: "bnviz-label"}), select));
    parent.append(make("div", {class: "bnviz-choosers"}, ...this.labels));
  }

  /** @param {View} view */
  show(view) {
    const key = `${view.run} ${view.layer}`;
    if (this.#key !== key) this.fill(view);
    this.#key = key;
    this.layer.value = String(view.layer);
    this.unit.value = String(view.unit);
  }

  /** @param {View} view */
  fill(view) {
    const layers = Array.from({length: view.header.hidden_layers}, (_, index) => index + 1);
    this.layer.replaceChildren(...layers.map((layer) => make("option", {value: layer}, layerName(view, layer))));
    const units = view.header.watched_units.filter((unit) => unit < unitCount(view.header, view.layer));
    const all = [...units, /** @type {const} */ ("pooled")];
    this.unit.replaceChildren(...all.map((unit) => make("option", {value: unit}, unitName(view, unit))));
    ["layer_chooser", "unit_chooser"].forEach((name, index) => {
      const text = say(view, name, {});
      this.labels[index].children[0].textContent = text;
      [this.layer, this.unit][index].setAttribute("aria-label", text);
    });
  }
}
