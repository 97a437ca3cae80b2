// @ts-check
// The strip of all layers, coloured by how far each has moved since the snapshot before, and a window of the chosen layer and
// its neighbours: their units, and their distributions now and before training.

import {layerDensity} from "../player/feeds.js";
import {make, set} from "../player/dom.js";
import {edgesOf, unitCount} from "../player/layers.js";
import {layerStd, unitMotion} from "../player/motion.js";
import {quantile} from "../player/numbers.js";
import {say, sigmas} from "../player/words.js";
import {movement, nonfiniteCount} from "./measures.js";
import {forArms, layerKind, layerName, recordedWords} from "./names.js";

/** @import {PlayerCore} from "../player/core/player-core.js" */
/** @import {Painted} from "../player/theme.js" */
/** @import {Snapshot, View} from "../player/types" */

const FULL_COLOUR = 0.9; // of the movements so far are paler than the strongest colour
const COLUMN_PX = 190; // of a layer in the window
const MOST_COLUMNS = 5;
const UNITS_PX = 34;
const HISTOGRAM_PX = 62;
const DOTS_A_ROW = 22;

export class Overview {
  /** @type {{frames: number, far: number}} the movement that has the strongest colour, of so many snapshots */
  #scale = {frames: 0, far: 1};
  #key = "";

  /**
   * @param {HTMLElement} parent
   * @param {PlayerCore} core
   */
  constructor(parent, core) {
    this.core = core;
    this.strip = make("div", {class: "bnviz-strip", role: "radiogroup"});
    this.strip.addEventListener("keydown", (event) => this.key(event));
    this.hint = make("p", {class: "bnviz-caption"});
    this.window = make("div", {class: "bnviz-window"});
    this.windowHint = make("p", {class: "bnviz-caption"});
    parent.append(this.strip, this.hint, this.window, this.windowHint);
  }

  /**
   * @param {View} view
   * @param {Painted} theme
   */
  show(view, theme) {
    const key = `${view.run} ${view.frame.step} ${view.frames.length > this.#scale.frames} ${view.choices} ${theme.key}`;
    const resized = `${key} ${this.window.clientWidth}`;
    if (this.#key === resized) return;
    this.#key = resized;
    this.showStrip(view);
    this.showWindow(view, theme);
  }

  // --- the strip

  /** @param {View} view */
  showStrip(view) {
    const {hidden_layers: layers, arms} = view.header;
    if (this.strip.childElementCount !== layers)
      this.strip.replaceChildren(...Array.from({length: layers}, (_, index) => this.layerButton(index + 1, arms.length)));
    this.strip.setAttribute("aria-label", say(view, "layer_chooser", {}));
    set(this.hint, [say(view, "strip", {layers}), recordedWords(view)].filter(Boolean).join(" "));
    const far = this.farOf(view);
    [...this.strip.children].forEach((button, index) =>
      this.showLayer(/** @type {HTMLElement} */ (button), index + 1, view, far),
    );
  }

  /**
   * @param {number} layer
   * @param {number} arms
   */
  layerButton(layer, arms) {
    const cells = Array.from({length: arms}, () => make("i"));
    return make("button", {type: "button", role: "radio", onclick: () => this.core.choose({layer})}, ...cells);
  }

  /**
   * @param {HTMLElement} button
   * @param {number} layer
   * @param {View} view
   * @param {number} far
   */
  showLayer(button, layer, view, far) {
    const {arms} = view.header;
    const checked = layer === view.layer;
    button.setAttribute("aria-checked", String(checked));
    button.tabIndex = checked ? 0 : -1;
    const words = say(view, "layer_moved", {
      layer: layerName(view, layer),
      kind: layerKind(view, layer),
      moved: movedWords(view, layer),
    });
    button.setAttribute("aria-label", words);
    button.title = words;
    arms.forEach((/** @type {string} */ arm, /** @type {number} */ row) => {
      const cell = /** @type {HTMLElement} */ (button.children[row]);
      const share = Math.min(1, (movement(view, arm, layer) ?? 0) / far);
      const {colour} = view.arms[arm];
      cell.style.background = `color-mix(in srgb, ${colour} ${(100 * share).toFixed(0)}%, var(--st-background-color))`;
      cell.classList.toggle("bnviz-broken", nonfiniteCount(view.frame, arm, layer) > 0);
    });
  }

  /**
   * The movement that has the strongest colour. It changes seldom, so that colours can be compared.
   * @param {View} view
   */
  farOf(view) {
    const {frames, header} = view;
    if (frames.length >= 2 * this.#scale.frames || (view.ended && frames.length > this.#scale.frames)) {
      const values = frames
        .slice(1)
        .flatMap((frame) => header.arms.flatMap((/** @type {string} */ arm) => movementsOf(frame, arm, view)));
      this.#scale = {frames: frames.length, far: quantile(values, FULL_COLOUR) || 1};
    }
    return this.#scale.far;
  }

  /**
   * Arrow keys go from layer to layer, as in any group of radio buttons.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const by = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
    const buttons = /** @type {HTMLElement[]} */ ([...this.strip.children]);
    const index = buttons.indexOf(/** @type {any} */ (document.activeElement));
    if (!by || index < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = buttons[(index + by + buttons.length) % buttons.length];
    next.click();
    next.focus();
  }

  // --- the window

  /**
   * @param {View} view
   * @param {Painted} theme
   */
  showWindow(view, theme) {
    const layers = this.layersInWindow(view);
    const {arms} = view.header;
    const {children} = this.window;
    if (children.length !== layers.length || children[0]?.childElementCount !== arms.length + 2)
      this.window.replaceChildren(...layers.map(() => this.column(arms.length)));
    this.window.style.setProperty("--columns", String(layers.length));
    set(this.windowHint, say(view, "window_hint", {}));
    layers.forEach((layer, index) => this.showColumn(/** @type {HTMLElement} */ (children[index]), layer, view, theme));
  }

  /**
   * The chosen layer and its neighbours: as many as there is room for.
   * @param {View} view
   */
  layersInWindow({layer, header: {hidden_layers: all}}) {
    const fitting = Math.floor((this.window.clientWidth || COLUMN_PX * MOST_COLUMNS) / COLUMN_PX);
    const count = Math.max(1, Math.min(fitting, MOST_COLUMNS, all));
    const first = Math.max(1, Math.min(layer - Math.floor(count / 2), all - count + 1));
    return Array.from({length: count}, (_, index) => first + index);
  }

  /** @param {number} arms */
  column(arms) {
    const button = make("button", {type: "button", onclick: () => this.core.choose({layer: Number(button.dataset.layer)})});
    const pictures = Array.from({length: arms}, () => make("canvas", {role: "img"}));
    return make("section", {}, button, make("span", {class: "bnviz-label"}), ...pictures);
  }

  /**
   * @param {HTMLElement} column
   * @param {number} layer
   * @param {View} view
   * @param {Painted} theme
   */
  showColumn(column, layer, view, theme) {
    const [button, kind, ...pictures] = /** @type {HTMLElement[]} */ ([...column.children]);
    button.dataset.layer = String(layer);
    button.setAttribute("aria-pressed", String(layer === view.layer));
    set(button, layerName(view, layer));
    set(kind, layerKind(view, layer));
    pictures.forEach((picture, row) => {
      const arm = view.header.arms[row];
      picture.setAttribute("aria-label", `${view.arms[arm].name}: ${movedOf(view, arm, layer)}`);
      paintLayer(/** @type {HTMLCanvasElement} */ (picture), layer, arm, view, theme);
    });
  }
}

/**
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 */
const movementsOf = (frame, arm, view) =>
  Array.from({length: view.header.hidden_layers}, (_, index) => movement({...view, frame}, arm, index + 1));

/**
 * How far a layer has moved, or that it is broken, in words.
 * @param {View} view
 * @param {string} arm
 * @param {number} layer
 */
function movedOf(view, arm, layer) {
  const count = nonfiniteCount(view.frame, arm, layer);
  if (count) return say(view, "not_finite_of", {count});
  const [step, first] = /** @type {const} */ (["shift_step", "shift_from_first"]).map((key) => movement(view, arm, layer, key));
  if (step === null && first === null) return say(view, "not_measured", {});
  return say(view, "moved_of", {step: sigmas(step ?? NaN), first: sigmas(first ?? NaN)});
}

/**
 * @param {View} view
 * @param {number} layer
 */
const movedWords = (view, layer) => forArms(view, (arm) => movedOf(view, arm, layer));

/**
 * Paint a layer of one arm: its units as dots, and the histogram of all of their values.
 * @param {HTMLCanvasElement} canvas
 * @param {number} layer
 * @param {string} arm
 * @param {View} view
 * @param {Painted} theme
 */
function paintLayer(canvas, layer, arm, view, theme) {
  const width = canvas.clientWidth || COLUMN_PX;
  const height = UNITS_PX + HISTOGRAM_PX;
  Object.assign(canvas, {width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio)});
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(devicePixelRatio, devicePixelRatio);
  paintUnits(context, width, layer, arm, view, theme);
  paintHistogram(context, {width, top: UNITS_PX, height: HISTOGRAM_PX}, layer, arm, view, theme);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {number} layer
 * @param {string} arm
 * @param {View} view
 * @param {Painted} theme
 */
function paintUnits(context, width, layer, arm, view, theme) {
  const count = unitCount(view.header, layer);
  const motions = motionsOf(layer, arm, view);
  const pitch = Math.min(9, width / DOTS_A_ROW);
  const strongest = Math.max(...motions.filter(Number.isFinite), 1e-12);
  for (let unit = 0; unit < Math.min(count, 3 * DOTS_A_ROW); unit++) {
    const x = ((unit % DOTS_A_ROW) + 0.5) * pitch;
    const y = (Math.floor(unit / DOTS_A_ROW) + 0.5) * 10;
    context.beginPath();
    context.arc(x, y, pitch * 0.38, 0, 2 * Math.PI);
    const motion = motions[unit];
    context.globalAlpha = Number.isFinite(motion) ? 0.12 + 0.88 * (motion / strongest) : 0;
    context.fillStyle = view.arms[arm].colour;
    context.fill();
    const isChosen = layer === view.layer && unit === view.unit;
    context.globalAlpha = isChosen ? 1 : 0.35;
    context.strokeStyle = isChosen ? theme.text : view.arms[arm].colour;
    context.lineWidth = isChosen ? 2 : 0.7;
    context.stroke();
  }
  context.globalAlpha = 1;
}

/**
 * How far each unit has moved since the snapshot before, in σ; nothing where there is none, or it was not measured.
 * @param {number} layer
 * @param {string} arm
 * @param {View} view
 * @returns {number[]}
 */
function motionsOf(layer, arm, {frames, frame, frameIndex, tap}) {
  const has = (/** @type {Snapshot} */ one) => {
    const part = /** @type {any} */ (one.arms[arm]);
    return part.unit_mean?.[tap] && part.unit_std?.[tap];
  };
  const before = frames[frameIndex - 1];
  if (!before || !has(before) || !has(frame)) return [];
  return unitMotion(before, frame, arm, tap, layer, layerStd(frames[0], arm, tap, layer));
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{width: number, top: number, height: number}} box
 * @param {number} layer
 * @param {string} arm
 * @param {View} view
 * @param {Painted} theme
 */
function paintHistogram(context, box, layer, arm, view, theme) {
  context.fillStyle = theme.grid;
  context.fillRect(0, box.top + box.height - 1, box.width, 1);
  if (!(/** @type {any} */ (view.frame.arms[arm]).counts?.[view.tap])) return;
  // Values have the same axis in all arms, and axes hold for the whole recording.
  const pooled = {...view, layer, unit: /** @type {const} */ ("pooled"), choices: `window ${layer} ${view.tap}`};
  const range = view.fits.range("histogram", pooled);
  if (!range) return;
  const tallest = view.fits.tallest(arm, pooled);
  const outline = (/** @type {Snapshot} */ frame) =>
    pathOf(layerDensity(frame, arm, layer, view).heights, edgesOf(view, layer), range, tallest, box);
  context.fillStyle = context.strokeStyle = view.arms[arm].colour;
  const now = outline(view.frame);
  context.globalAlpha = 0.35;
  context.fill(now);
  context.globalAlpha = 1;
  context.stroke(now);
  context.setLineDash([2, 2]);
  context.strokeStyle = theme.text;
  context.stroke(outline(view.frames[0]));
  context.setLineDash([]);
}

/**
 * @param {number[]} heights
 * @param {ArrayLike<number>} edges
 * @param {[number, number]} range
 * @param {number} tallest
 * @param {{width: number, top: number, height: number}} box
 */
function pathOf(heights, edges, [low, high], tallest, {width, top, height}) {
  const path = new Path2D();
  const across = (/** @type {number} */ value) => (width * (value - low)) / (high - low);
  const floor = top + height - 1;
  path.moveTo(Math.max(0, across(edges[0])), floor);
  heights.forEach((share, bin) => {
    const middle = (edges[bin] + edges[bin + 1]) / 2;
    if (middle < low || middle > high) return;
    path.lineTo(across(middle), floor - (height - 4) * Math.min(1, share / tallest));
  });
  path.lineTo(Math.min(width, across(edges[edges.length - 1])), floor);
  return path;
}
