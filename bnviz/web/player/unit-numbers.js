// @ts-check
// One unit in its own numbers: what normalization makes of a few examples, and where each number comes from. Plain elements, made
// once for a unit and a kind of normalizer; from then on only texts change.

import {lead, numberOf, origin} from "./arithmetic-words.js";
import {arithmetic, inputPart, isOfExample, namesIn, quantityOf, sources, unknownNormalizer} from "./arithmetic.js";
import {make, set} from "./dom.js";
import {activating, drawing} from "./formulas.js";
import {sentenceOrKey, unitName} from "./words.js";

/** @import {Arithmetic, Numbers, Part} from "./arithmetic.js" */
/** @import {Side} from "./arithmetic-words.js" */
/** @import {Leaf, Pieces} from "./formulas.js" */
/** @import {Values, View} from "./types" */
/** @typedef {{readonly playing: boolean, text(key: string, values?: Values): string}} Host */
/**
 * An element that stands for a part: for its number of one example (in the table) or of the chosen one (null), or for its symbol.
 * @typedef {{node: HTMLElement, side: Side, part: Part, example: number | null, operand: boolean, symbol: boolean}} Place
 */

let made = 0;

export class UnitNumbers {
  /** @type {Map<HTMLElement, Place>} */
  places = new Map();
  /** @type {HTMLElement[][]} the numbers that arrow keys go through, line by line */
  lines = [];
  /** @type {[HTMLElement, (example: number) => string][]} sentences that name the chosen example */
  sentences = [];
  /** @type {View | null} */
  view = null;
  /** @type {Arithmetic | null} */
  found = null;
  /** The example whose numbers stand in the formulas. */
  example = 0;
  /** @type {Place | null} what somebody points at */
  pointed = null;
  built = "";

  /**
   * @param {HTMLElement} parent
   * @param {Host} host
   */
  constructor(parent, host) {
    this.host = host;
    this.text = host.text.bind(host);
    this.title = make("h3");
    this.said = make("p", {class: "bnviz-numbers-said", id: `bnviz-numbers-said-${++made}`});
    const listeners = {
      onpointerover: (/** @type {Event} */ event) => this.point(event.target),
      onpointerleave: () => this.point(document.activeElement),
      onfocusin: (/** @type {Event} */ event) => this.point(event.target),
      onfocusout: () => this.point(null),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    };
    this.body = make("div", {class: "bnviz-numbers-body", ...listeners});
    const summary = make("summary", {}, this.title);
    this.box = make("details", {class: "bnviz-numbers bnviz-wide", ontoggle: () => this.draw()}, summary, this.body);
    parent.append(this.box);
  }

  /** Unfolds it and brings it into view: somebody has chosen a unit. */
  open() {
    this.box.open = true;
    this.draw();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.box.scrollIntoView({block: "nearest", behavior: calm ? "auto" : "smooth"});
  }

  close() {
    this.box.remove();
  }

  /** @param {View} view */
  show(view) {
    this.view = view;
    const {unit, layer} = view;
    const pooled = unit === "pooled";
    set(this.title, pooled ? this.text("numbers_title_pooled") : this.text("numbers_title", {unit: unit + 1, layer}));
    this.draw();
  }

  /** Folded up, it costs nothing. */
  draw() {
    if (!this.view || !this.box.open) return;
    this.found = arithmetic(this.view);
    this.build(this.view, this.found);
    this.fill();
  }

  // --- making

  /**
   * @param {View} view
   * @param {Arithmetic | null} found
   */
  build(view, found) {
    const {normalizer, together} = found?.training ?? {};
    const {activation, dropout} = view.header.experiment;
    const shape = [normalizer?.key, together, found?.count, activation, dropout];
    const key = [...shape, view.compared, view.layer, view.unit].join();
    if (this.built === key) return;
    const at = this.lines.flat().findIndex((node) => node === document.activeElement);
    this.example = Math.min(this.example, Math.max(0, (found?.count ?? 0) - 1));
    Object.assign(this, {built: key, places: new Map(), lines: [], sentences: [], pointed: null});
    this.body.replaceChildren(...(found ? this.sheet(view, found) : [this.instead(view)]));
    this.rove(this.lines[0]?.[0]);
    if (at >= 0) this.lines.flat()[at]?.focus();
  }

  /** @param {View} view */
  instead(view) {
    const normalizer = unknownNormalizer(view);
    const pooled = view.unit === "pooled";
    const caption = normalizer
      ? this.text("numbers_unknown", {normalizer})
      : this.text(pooled ? "numbers_choose" : "numbers_lacking");
    return make("p", {class: "bnviz-caption"}, caption);
  }

  /**
   * @param {View} view
   * @param {Arithmetic} found
   */
  sheet(view, found) {
    const {norm, compared} = view;
    const said = make("p", {class: "bnviz-caption"}, lead(view, found, this.text));
    const off = !found.training.normalizer.steps.length;
    const title = this.heading(this.text(off ? "numbers_training_off" : "numbers_training", {norm}), compared);
    const training = this.equations(view, found.training);
    const main = make("section", this.side(compared), title, training, this.said, this.table(view, found));
    const plain = make("section", this.side("none"), ...this.plain(view, found.plain));
    const aside = off ? [] : [this.evaluation(view, found)];
    return [said, make("div", {class: "bnviz-numbers-sides"}, main, make("div", {}, ...aside, plain))];
  }

  /** @param {string} arm */
  side(arm) {
    return {class: "bnviz-numbers-side", style: `--arm: ${this.view?.arms[arm].colour}`};
  }

  /**
   * @param {string} text
   * @param {string} arm whose colour it has
   */
  heading(text, arm) {
    return make("h4", {style: `color: ${this.view?.arms[arm].colour}`}, text);
  }

  /**
   * The formulas of symbols, with the chosen example's numbers below.
   * @param {View} view
   * @param {Numbers} numbers
   */
  equations(view, numbers) {
    const made = this.steps(view, numbers).map(({name, part, formula}) => {
      const symbols = make("div", {class: "bnviz-equation"}, ...this.equation(part, formula, "training"));
      const called = make("span", {class: "bnviz-label"}, name);
      return make("div", {}, called, symbols, this.line(part, formula, "training"));
    });
    return make("div", {class: "bnviz-equations"}, ...made);
  }

  /**
   * The same in numbers alone.
   * @param {View} view
   * @param {Side} side
   * @param {Numbers} numbers
   */
  inShort(view, side, numbers) {
    return this.steps(view, numbers).map(({part, formula}) => this.line(part, formula, side));
  }

  /**
   * How a is computed: what each step is called, what it makes, and its formula.
   * @param {View} view
   * @param {Numbers} numbers
   * @returns {{name: string, part: Part, formula: (leaf: Leaf) => Pieces}[]}
   */
  steps({header}, {normalizer}) {
    const {activation} = header.experiment;
    const input = inputPart(normalizer);
    return [
      ...normalizer.steps.map(({name, part, formula}) => ({
        ...{name, part},
        formula: (/** @type {Leaf} */ leaf) => drawing(formula, leaf),
      })),
      {name: this.text("numbers_activate"), part: "a", formula: (leaf) => activating(activation, input, leaf)},
    ];
  }

  /**
   * @param {Part} part
   * @param {(leaf: Leaf) => Pieces} formula
   * @param {Side} side
   * @param {Leaf} [leaf] what stands for parts on the right: symbols if left out
   * @returns {Pieces}
   */
  equation(part, formula, side, leaf = (one) => this.symbol(side, one)) {
    return [make("span", {}, this.symbol(side, part), " = "), ...formula(leaf)];
  }

  /**
   * A formula of numbers with its result, which arrow keys go through.
   * @param {Part} part
   * @param {(leaf: Leaf) => Pieces} formula
   * @param {Side} side
   */
  line(part, formula, side) {
    /** @type {HTMLElement[]} */
    const nodes = [];
    const leaf = (/** @type {Part} */ one, operand = false) => {
      const node = this.number(side, one, null, operand);
      nodes.push(node);
      return node;
    };
    this.lines.push(nodes);
    return make("div", {class: "bnviz-equation"}, ...this.equation(part, formula, side, leaf), " = ", leaf(part));
  }

  /**
   * @param {View} view
   * @param {Arithmetic} found
   */
  table(view, {count, training}) {
    const {quantities, steps} = training.normalizer;
    const head = Array.from({length: count}, (_, at) => make("th", {scope: "col", "data-column": at}, String(at + 1)));
    const rows = ["z", ...[...quantities.filter(isOfExample), ...steps].map(({part}) => part), "a"];
    const name = this.text("numbers_table", {unit: unitName(view), layer: view.layer});
    const corner = make("td", {class: "bnviz-label"}, this.text("numbers_example"));
    const body = make("tbody", {}, ...rows.map((part) => this.row(part, count, training)));
    const table = make("table", {"aria-label": name}, make("thead", {}, make("tr", {}, corner, ...head)), body);
    return make("div", {class: "bnviz-numbers-table"}, table);
  }

  /**
   * @param {Part} part
   * @param {number} count
   * @param {Numbers} training
   */
  row(part, count, training) {
    const numbers = Array.from({length: count}, (_, at) => this.number("training", part, at));
    const besides = this.besides(part, training);
    this.lines.push([...numbers, ...besides.map(([, node]) => node)]);
    const cells = numbers.map((node, at) => make("td", {"data-column": at}, node));
    const name = make(
      "th",
      {scope: "row"},
      this.symbol("training", part),
      make("span", {class: "bnviz-label"}, this.rowName(part, training)),
    );
    const more = besides.flatMap(([symbol, node]) => [make("span", {}, symbol, " = ", node)]);
    const why = this.why(part, training);
    const beside = make("td", {class: "bnviz-beside"}, ...more, make("span", {class: "bnviz-label"}, more.length ? why : ""));
    return make("tr", {}, name, ...cells, beside);
  }

  /**
   * The numbers that all examples of a row share: symbol and number.
   * @param {Part} part
   * @param {Numbers} training
   * @returns {[HTMLElement, HTMLElement][]}
   */
  besides(part, {normalizer}) {
    const {quantities, steps} = normalizer;
    const step = steps.find((one) => one.part === part);
    const names = step ? namesIn(step.formula) : [];
    const shared = quantities.filter((one) =>
      one.learns ? names.includes(one.part) : part === "z" && one.sources.includes("z") && !isOfExample(one),
    );
    return shared.map((one) => [this.symbol("training", one.part), this.number("training", one.part, null)]);
  }

  /**
   * @param {Part} part
   * @param {Numbers} training
   */
  why(part, {together}) {
    return part === "z" ? this.text("numbers_over", {together}) : this.text("numbers_learnt");
  }

  /**
   * @param {Part} part
   * @param {Numbers} training
   */
  rowName(part, {normalizer}) {
    if (part === "z") return this.text("numbers_row_z");
    if (part === "a") return this.text("numbers_row_a");
    return (quantityOf(normalizer, part) ?? normalizer.steps.find((one) => one.part === part))?.row ?? "";
  }

  /**
   * @param {View} view
   * @param {Arithmetic} found
   */
  evaluation(view, {training, evaluation}) {
    const {norm, compared} = view;
    const title = this.heading(this.text("numbers_evaluation", {norm}), compared);
    if (!evaluation) {
      const same = make("p", {class: "bnviz-caption"}, sentenceOrKey({same: training.normalizer.evaluation}, "same", {norm}));
      return make("section", this.side(compared), title, same);
    }
    const why = this.sentence((example) => this.text("numbers_running", {example: example + 1}));
    return make("section", this.side(compared), title, why, ...this.inShort(view, "evaluation", evaluation));
  }

  /**
   * @param {View} view
   * @param {Numbers} numbers
   */
  plain(view, numbers) {
    const {norm} = view;
    const why = this.sentence((example) => this.text("numbers_plain", {example: example + 1, norm}));
    return [this.heading(this.text("numbers_without", {norm}), "none"), why, ...this.inShort(view, "plain", numbers)];
  }

  /** @param {(example: number) => string} say */
  sentence(say) {
    const node = make("p", {class: "bnviz-caption"});
    this.sentences.push([node, say]);
    return node;
  }

  /**
   * @param {Side} side
   * @param {Part} part
   */
  symbol(side, part) {
    const {quantities, steps} = this.found?.[side]?.normalizer ?? {quantities: [], steps: []};
    const text = [...quantities, ...steps].find((one) => one.part === part)?.symbol ?? part;
    const node = make("span", {class: "bnviz-symbol", "data-part": part, "data-side": side}, text);
    this.places.set(node, {node, side, part, example: null, operand: false, symbol: true});
    return node;
  }

  /**
   * @param {Side} side
   * @param {Part} part
   * @param {number | null} example
   * @param {boolean} [operand]
   */
  number(side, part, example, operand = false) {
    const where = example === null ? {} : {"data-example": example};
    const attributes = {type: "button", class: "bnviz-number", tabindex: -1, "aria-describedby": this.said.id, ...where};
    const node = make("button", {...attributes, "data-part": part, "data-side": side});
    this.places.set(node, {node, side, part, example, operand, symbol: false});
    return node;
  }

  // --- what changes

  /** Numbers, sentences and lights of what is on show. */
  fill() {
    const {found, example} = this;
    if (!found) return;
    for (const place of this.places.values()) if (!place.symbol) set(place.node, this.written(place, found));
    for (const [node, say] of this.sentences) set(node, say(example));
    for (const node of this.body.querySelectorAll("[data-column]"))
      node.classList.toggle("bnviz-chosen", Number(/** @type {HTMLElement} */ (node).dataset.column) === example);
    this.light(found);
  }

  /**
   * @param {Place} place
   * @param {Arithmetic} found
   */
  written({side, part, example, operand}, found) {
    const numbers = found[side];
    if (!numbers) return "";
    const text = numberOf(numbers, part, example ?? this.example);
    return operand && text.startsWith("−") ? `(${text})` : text;
  }

  /** @param {Arithmetic} found */
  light(found) {
    const {pointed, example} = this;
    const numbers = pointed && found[pointed.side];
    const from = pointed && numbers ? sources(pointed.part, numbers, pointed.side === "evaluation") : [];
    const quantity = pointed && numbers && quantityOf(numbers.normalizer, pointed.part);
    const ofAll = Boolean(quantity && !isOfExample(quantity)); // statistics are of every example
    for (const {node, side, part, example: own} of this.places.values()) {
      const near = side === pointed?.side && (own === null || own === example);
      node.classList.toggle("bnviz-pointed", near && part === pointed.part);
      node.classList.toggle("bnviz-highlight", from.includes(part) && (near || (ofAll && side === pointed?.side)));
    }
    this.said.setAttribute("aria-live", this.host.playing ? "off" : "polite");
    set(this.said, pointed ? this.origin(pointed, found) : this.text("numbers_point"));
  }

  /**
   * @param {Place} place
   * @param {Arithmetic} found
   */
  origin({part, side}, found) {
    const {activation} = this.view?.header.experiment ?? {};
    return origin({part, side, example: this.example}, found, activation, this.text);
  }

  // --- what people do

  /**
   * Somebody points at a number or a symbol, or at nothing.
   * @param {EventTarget | null} target
   */
  point(target) {
    const node = target instanceof Element ? target.closest("[data-part]") : null;
    const place = this.places.get(/** @type {HTMLElement} */ (node)) ?? null;
    if (place === this.pointed) return;
    this.pointed = place;
    this.example = place?.example ?? this.example;
    this.fill();
  }

  /**
   * Arrow keys go from number to number; elsewhere they go from snapshot to snapshot.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const line = this.lines.findIndex((nodes) => nodes.includes(/** @type {any} */ (event.target)));
    if (line < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const nodes = this.lines[line];
    const at = nodes.indexOf(/** @type {any} */ (event.target));
    /** @type {Record<string, HTMLElement | undefined>} */
    const next = {
      ArrowLeft: nodes[at - 1] ?? this.lines[line - 1]?.at(-1),
      ArrowRight: nodes[at + 1] ?? this.lines[line + 1]?.[0],
      ArrowUp: nearest(this.lines[line - 1], at),
      ArrowDown: nearest(this.lines[line + 1], at),
    };
    if (!(event.key in next)) return;
    event.preventDefault();
    event.stopPropagation();
    this.rove(next[event.key]);
    next[event.key]?.focus();
  }

  /**
   * The one number that Tab reaches.
   * @param {HTMLElement | undefined} node
   */
  rove(node) {
    if (!node) return;
    for (const other of this.lines.flat()) if (other.tabIndex === 0) other.tabIndex = -1;
    node.tabIndex = 0;
  }
}
/**
 * @param {HTMLElement[] | undefined} nodes
 * @param {number} at
 */
const nearest = (nodes, at) => nodes?.[Math.min(at, nodes.length - 1)];
