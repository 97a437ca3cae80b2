// @ts-check
// The picture of the two networks, and the chooser of layer and unit: a canvas (painter.js) with buttons over it, so that mouse,
// finger, keyboard and screen reader all find the same things.

import {ALL_VISIBLE} from "./core/visibility.js";
import {make, set} from "./dom.js";
import {hasAtom} from "./feeds.js";
import {arrange, curtain, hit, markAt, unitBox} from "./geometry.js";
import {Painter} from "./painter.js";
import {descriptionOf, layerMoved, legendOf, marksOf} from "./picture-words.js";
import {both, bothArms, playerText, unitName} from "./words.js";

/** @import {Choice, Values, View} from "./types" */
/** @import {Painted} from "./theme.js" */
/** @import {Geometry, HitTarget} from "./geometry.js" */
/** @import {Visibility} from "./core/visibility.js" */
const LOW_SCREEN = "(min-width: 1001px) and (max-height: 800px)"; // of a small laptop: both networks should be in view there

/**
 * @typedef {object} Chooser what the picture asks of its player
 * @property {(change: Partial<Choice>) => void} choose
 * @property {(key: string, values?: Values) => string} text the player's own words
 * @property {() => void} [toggleCurtain]
 */

export class NetworkPicture {
  /**
   * @param {HTMLElement} parent
   * @param {Chooser} player
   * @param {{small: boolean, choosers: string[], fits: boolean}} options `fits`: it is as high as there is room for it
   */
  constructor(parent, player, {small, choosers, fits}) {
    this.player = player;
    this.small = small;
    this.lowScreen = matchMedia(LOW_SCREEN);
    this.fits = fits;
    this.mayChoose = {layer: choosers.includes("layer"), unit: choosers.includes("unit")};
    this.painter = new Painter();
    /** @type {HitTarget | null} */
    this.hoverTarget = null;
    /** @type {Geometry | null} */
    this.geometry = null;
    /** @type {View | null} */
    this.view = null;
    this.paintedKey = "";
    this.arrangedKey = "";
    this.visibility = ALL_VISIBLE;
    this.canvas = make("canvas", {"aria-hidden": "true"});
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.layers = make("div", {class: "bnviz-layers", role: "group", "aria-label": player.text("layer")});
    const onkeydown = (/** @type {KeyboardEvent} */ event) => this.key(event);
    this.units = make("div", {class: "bnviz-units", role: "radiogroup", onkeydown});
    this.tip = make("p", {class: "bnviz-tip"});
    /** The sentences about the picture, after a place for what its colours mean. */
    this.below = make("div", {class: "bnviz-below"}, this.tip);
    this.box = make("div", {class: "bnviz-picture"}, this.canvas, this.layers, this.units);
    this.curtain = make("button", {
      type: "button",
      class: "bnviz-curtain",
      "aria-pressed": "false",
      onclick: () => player.toggleCurtain?.(),
    });
    this.intro = make("span", {class: "bnviz-intro"});
    this.legend = make("p");
    const reading = make("details", {class: "bnviz-caption"}, make("summary", {}, player.text("how_to_read")), this.legend);
    reading.addEventListener("toggle", () => reading.open && reading.scrollIntoView({block: "nearest"}));
    /** What else is above the picture. */
    this.above = make("span", {class: "bnviz-choosers"}, this.curtain);
    const above = make("div", {class: "bnviz-above"}, this.intro, this.above);
    const parts = small ? [this.box, this.below] : [above, this.box, this.below, reading];
    this.root = make("figure", {class: `bnviz-network${small ? " bnviz-small" : ""}`}, ...parts);
    parent.append(this.root);
    this.listen();
    this.resizeObserver = new ResizeObserver(() => (this.paintedKey = ""));
    this.resizeObserver.observe(this.box);
  }

  listen() {
    this.box.addEventListener("pointermove", (event) => this.hover(this.markUnder(event) ?? this.at(event)));
    this.box.addEventListener("pointerleave", () => this.hover(null));
    this.box.addEventListener("click", (event) => {
      this.click(this.at(event));
      // A finger leaves the picture before it has clicked.
      if (/** @type {PointerEvent} */ (event).pointerType === "touch") this.hover(this.markUnder(event) ?? this.at(event));
    });
  }

  close() {
    this.resizeObserver.disconnect();
    this.root.remove();
  }

  /**
   * Paint what is on show, if it is not what is painted. Returns whether it painted.
   * @param {View} view
   * @param {Painted} theme
   * @param {string} key all of what is on show
   * @param {{visibility?: Visibility, wordsFrame?: import("./types").Snapshot}} [more] `wordsFrame` is the snapshot that words
   *     speak
   *   of: scores change with them
   */
  show(view, theme, key, {visibility = ALL_VISIBLE, wordsFrame = view.frame} = {}) {
    this.view = view;
    this.visibility = visibility;
    const {clientWidth: width, clientHeight} = this.box;
    const room = this.fits ? clientHeight : null;
    const {hoverTarget: hovered, small} = this;
    const low = this.lowScreen.matches && !this.fits;
    const size = `${width} ${room} ${low}`;
    const {curtain, scores, secondNetwork} = visibility;
    const content = `${key} ${view.blend} ${wordsFrame.step} ${size}`;
    const paintedKey = `${content} ${curtain} ${scores} ${secondNetwork} ${JSON.stringify(hovered)}`;
    if (!width || paintedKey === this.paintedKey) return false;
    this.paintedKey = paintedKey;
    const geometry = this.arrange(view, width, {room, low});
    const scoresFrame = view.frames.includes(wordsFrame) ? wordsFrame : view.frame;
    this.painter.paint(this.context, {geometry, view, theme, hovered, small, scoresFrame, visibility});
    return true;
  }

  /**
   * Positions of everything, recomputed if the width, the network or the chosen layer has changed.
   * @param {View} view
   * @param {number} width
   * @param {{room: number | null, low: boolean}} place its room in height, and whether the screen is low
   * @returns {Geometry}
   */
  arrange(view, width, place) {
    const {hidden_layers: layers, experiment, watched_units: watched} = view.header;
    const networks = this.visibility.secondNetwork ? 2 : 1;
    const counts = {layers, units: experiment.width, watched: watched.length, networks};
    const sizes = {width, ...counts, chosen: view.layer, small: this.small, ...place};
    const key = `${JSON.stringify(sizes)} ${view.unit} ${devicePixelRatio} ${this.visibility.curtain}`;
    if (this.geometry && this.arrangedKey === key) return this.geometry;
    this.arrangedKey = key;
    this.geometry = arrange(sizes);
    const {height} = this.geometry;
    const {canvas, context} = this;
    Object.assign(canvas, {width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio)});
    canvas.style.height = `${height}px`;
    if (this.fits) this.box.style.minHeight = `${arrange({...sizes, room: 0}).height}px`;
    else this.box.style.height = `${height}px`;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    this.buttons(view, this.geometry);
    return this.geometry;
  }

  /**
   * The buttons that lie over the picture.
   * @param {View} view
   * @param {Geometry} geometry
   */
  buttons(view, geometry) {
    if (this.layers.childElementCount !== geometry.columns.length)
      this.layers.replaceChildren(...geometry.columns.map(() => this.layerButton()));
    geometry.columns.forEach(({layer, x, width}, index) => {
      const button = /** @type {HTMLButtonElement} */ (this.layers.children[index]);
      const name = playerText(view, "layer_number", {number: layer});
      button.dataset.layer = String(layer);
      button.setAttribute("aria-label", name);
      button.setAttribute("aria-pressed", String(layer === view.layer));
      set(button, geometry.slim ? String(layer) : name);
      Object.assign(button.style, {left: `${x - 4}px`, width: `${width + 8}px`});
    });
    this.unitButtons(view, geometry);
    const covers = Boolean(curtain(geometry));
    this.curtain.hidden = !covers;
    this.curtain.setAttribute("aria-pressed", String(this.visibility.curtain));
    set(this.curtain, playerText(view, this.visibility.curtain ? "open_curtain" : "close_curtain"));
    set(this.intro, playerText(view, "intro"));
  }

  layerButton() {
    const {mayChoose} = this;
    const button = make("button", {type: "button"});
    button.disabled = !mayChoose.layer;
    button.addEventListener("click", () => this.player.choose({layer: Number(button.dataset.layer)}));
    button.addEventListener("focus", () => {
      const mark = button.matches(":focus-visible") ? /** @type {const} */ ("layer") : undefined;
      this.hover({row: 0, layer: Number(button.dataset.layer), unit: null, mark});
    });
    button.addEventListener("blur", () => this.hover(null));
    return button;
  }

  /**
   * One button a watched unit of the chosen layer, over its disc in the upper network, and one for all units together.
   * @param {View} view
   * @param {Geometry} geometry
   */
  unitButtons(view, geometry) {
    const column = geometry.columns.find(({layer}) => layer === view.layer);
    this.units.hidden = !column || !this.mayChoose.unit;
    if (!column || this.units.hidden) return;
    /** @type {(number | "pooled")[]} */
    const all = [...view.header.watched_units, "pooled"];
    if (this.units.childElementCount !== all.length) this.units.replaceChildren(...all.map((unit) => this.unitButton(unit)));
    this.units.setAttribute("aria-label", playerText(view, "unit_of", {layer: view.layer}));
    all.forEach((unit, index) => {
      const button = /** @type {HTMLButtonElement} */ (this.units.children[index]);
      const checked = unit === view.unit;
      button.setAttribute("aria-checked", String(checked));
      button.tabIndex = checked ? 0 : -1;
      button.setAttribute("aria-label", unitName(view, unit));
      if (unit === "pooled") return this.allUnits(button, view, geometry, column);
      const box = unitBox(geometry, 0, column, unit, all.length - 1);
      if (box)
        Object.assign(button.style, {left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px`});
    });
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {View} view
   * @param {Geometry} geometry
   * @param {import("./geometry.js").Column} column
   */
  allUnits(button, view, geometry, column) {
    const {y} = geometry.histogram;
    set(button, playerText(view, "all_units"));
    Object.assign(button.style, {left: `${column.x + column.width - 30}px`, top: `${y + 2}px`, width: "30px", height: "16px"});
  }

  /** @param {number | "pooled"} unit */
  unitButton(unit) {
    const button = make("button", {type: "button", role: "radio", onclick: () => this.player.choose({unit})});
    const all = unit === "pooled";
    if (all) button.className = "bnviz-all";
    /** @type {Omit<HitTarget, "layer">} */
    const target = all ? {row: 0, unit: null, mark: "all"} : {row: 0, unit};
    button.addEventListener("focus", () => this.view && this.hover({...target, layer: this.view.layer}));
    button.addEventListener("blur", () => this.hover(null));
    return button;
  }

  /**
   * Arrow keys go from unit to unit, as in any group of radio buttons.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const by = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
    const buttons = /** @type {HTMLButtonElement[]} */ ([...this.units.children]);
    const index = buttons.indexOf(/** @type {any} */ (document.activeElement));
    if (!by || index < 0) return;
    event.preventDefault();
    const next = buttons[(index + by + buttons.length) % buttons.length];
    next.click();
    next.focus();
  }

  /**
   * What is under the pointer.
   * @param {MouseEvent} event
   * @returns {HitTarget | null}
   */
  at(event) {
    const {geometry, view} = this;
    if (!geometry || !view) return null;
    const {left, top} = this.box.getBoundingClientRect();
    const sizes = {units: view.header.experiment.width, watched: view.header.watched_units.length};
    return hit(geometry, event.clientX - left, event.clientY - top, sizes);
  }

  /**
   * The mark under the pointer: a number, a bar, or the choice of all units.
   * @param {MouseEvent} event
   * @returns {HitTarget | null}
   */
  markUnder({target, clientX, clientY}) {
    const {geometry, view, small} = this;
    if (!geometry || !view) return null;
    if (target instanceof Element && target.closest(".bnviz-all")) return {row: 0, layer: view.layer, unit: null, mark: "all"};
    const {left, top} = this.box.getBoundingClientRect();
    const has = {zeros: hasAtom(view), passed: !small && !geometry.slim};
    return markAt(geometry, clientX - left, clientY - top, has);
  }

  /** @param {HitTarget | null} target */
  click(target) {
    if (!target || !this.view) return;
    const {layer, unit} = target;
    if (this.mayChoose.layer) this.player.choose({layer});
    if (this.mayChoose.unit && unit !== null && this.view.header.watched_units.includes(unit)) this.player.choose({unit});
  }

  /** @param {HitTarget | null} target */
  hover(target) {
    this.hoverTarget = target;
    this.explain();
  }

  /** The numbers of what is pointed at, in a line of its own that covers nothing. */
  explain() {
    const {view, hoverTarget: hovered} = this;
    if (!view) return;
    if (!hovered) return set(this.tip, this.small ? "" : playerText(view, `picture_hint_${view.motion}`));
    const {heading, of, more = this.numbersHint(view, hovered)} = descriptionOf(view, hovered);
    const parts = (of ? bothArms(view) : []).flatMap((arm) => {
      const name = make("span", {class: "bnviz-arm", style: `color: ${view.arms[arm].colour}`}, view.arms[arm].name);
      return [" · ", name, ` ${of?.(arm)}`];
    });
    this.tip.replaceChildren(make("b", {}, heading), ...parts, more && ` ${more}`);
  }

  /**
   * Where there is more of a unit.
   * @param {View} view
   * @param {HitTarget} target
   */
  numbersHint(view, {unit}) {
    const isWatched = unit !== null && view.header.watched_units.includes(unit);
    return isWatched && !this.small && !this.fits ? playerText(view, "numbers_below") : "";
  }

  /**
   * Words change less often than the picture.
   * @param {View} view
   */
  write(view) {
    this.view = view;
    for (const button of /** @type {HTMLButtonElement[]} */ ([...this.layers.children])) {
      const layer = Number(button.dataset.layer);
      const marks = marksOf(view, layer).map((mark) => both(view, (arm) => mark(view, arm, layer)));
      const sentences = [layerMoved(view, layer), ...marks];
      button.setAttribute("aria-description", sentences.join(". "));
    }
    if (!this.small) set(this.legend, legendOf(view, 2 * this.painter.far));
    this.explain();
  }
}
