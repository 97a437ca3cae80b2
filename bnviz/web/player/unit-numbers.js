// @ts-check
// One unit in its own numbers: what normalization makes of a few examples, and where each number comes from. Plain elements,
// created once for a unit and a kind of normalizer; from then on only texts change.

import {lead, numberOf, origin} from "./arithmetic-words.js";
import {arithmeticOf, inputPart, isOfExample, namesIn, quantityOf, sources, unknownNormalizer} from "./arithmetic.js";
import {make, set} from "./dom.js";
import {drawActivation, drawFormula} from "./formulas.js";
import {sentenceOrKey, unitName} from "./words.js";

/** @import {Arithmetic, Numbers, Part} from "./arithmetic.js" */
/** @import {Side} from "./arithmetic-words.js" */
/** @import {Leaf, Pieces} from "./formulas.js" */
/** @import {Values, View} from "./types" */
/** @typedef {{readonly playing: boolean, text(key: string, values?: Values): string}} Host */
/**
 * An element for a part: its number of one example (in the table) or of the chosen one (null), or its symbol.
 * @typedef {{node: HTMLElement, side: Side, part: Part, example: number | null, operand: boolean, symbol: boolean}} Place
 */

let instances = 0;

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
  arithmetic = null;
  /** The example whose numbers are in the formulas. */
  example = 0;
  /** @type {Place | null} what the visitor points at */
  target = null;
  layoutKey = "";

  /**
   * @param {HTMLElement} parent
   * @param {Host} host
   */
  constructor(parent, host) {
    this.host = host;
    this.text = host.text.bind(host);
    this.title = make("h3");
    this.explanation = make("p", {class: "bnviz-numbers-said", id: `bnviz-numbers-said-${++instances}`});
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

  /** Unfolds it and brings it into view: the visitor has chosen a unit. */
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
    this.arithmetic = arithmeticOf(this.view);
    this.build(this.view, this.arithmetic);
    this.fill();
  }

  // --- nodes

  /**
   * @param {View} view
   * @param {Arithmetic | null} arithmetic
   */
  build(view, arithmetic) {
    const {normalizer, together} = arithmetic?.training ?? {};
    const {activation, dropout} = view.header.experiment;
    const shape = [normalizer?.key, together, arithmetic?.count, activation, dropout];
    const key = [...shape, view.compared, view.layer, view.unit].join();
    if (this.layoutKey === key) return;
    const at = this.lines.flat().findIndex((node) => node === document.activeElement);
    this.example = Math.min(this.example, Math.max(0, (arithmetic?.count ?? 0) - 1));
    Object.assign(this, {layoutKey: key, places: new Map(), lines: [], sentences: [], target: null});
    this.body.replaceChildren(...(arithmetic ? this.sheet(view, arithmetic) : [this.placeholder(view)]));
    this.setTabStop(this.lines[0]?.[0]);
    if (at >= 0) this.lines.flat()[at]?.focus();
  }

  /** @param {View} view */
  placeholder(view) {
    const normalizer = unknownNormalizer(view);
    const pooled = view.unit === "pooled";
    const caption = normalizer
      ? this.text("numbers_unknown", {normalizer})
      : this.text(pooled ? "numbers_choose" : "numbers_lacking");
    return make("p", {class: "bnviz-caption"}, caption);
  }

  /**
   * @param {View} view
   * @param {Arithmetic} arithmetic
   */
  sheet(view, arithmetic) {
    const {norm, compared} = view;
    const introduction = make("p", {class: "bnviz-caption"}, lead(view, arithmetic, this.text));
    const off = !arithmetic.training.normalizer.steps.length;
    const title = this.heading(this.text(off ? "numbers_training_off" : "numbers_training", {norm}), compared);
    const training = this.equations(view, arithmetic.training);
    const main = make("section", this.side(compared), title, training, this.explanation, this.table(view, arithmetic));
    const plain = make("section", this.side("none"), ...this.plain(view, arithmetic.plain));
    const aside = off ? [] : [this.evaluation(view, arithmetic)];
    return [introduction, make("div", {class: "bnviz-numbers-sides"}, main, make("div", {}, ...aside, plain))];
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
    const rows = this.steps(view, numbers).map(({name, part, formula}) => {
      const symbols = make("div", {class: "bnviz-equation"}, ...this.equation(part, formula, "training"));
      const label = make("span", {class: "bnviz-label"}, name);
      return make("div", {}, label, symbols, this.line(part, formula, "training"));
    });
    return make("div", {class: "bnviz-equations"}, ...rows);
  }

  /**
   * The same in numbers alone.
   * @param {View} view
   * @param {Side} side
   * @param {Numbers} numbers
   */
  compactLines(view, side, numbers) {
    return this.steps(view, numbers).map(({part, formula}) => this.line(part, formula, side));
  }

  /**
   * How a is computed: what each step is label, what it makes, and its formula.
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
        formula: (/** @type {Leaf} */ leaf) => drawFormula(formula, leaf),
      })),
      {name: this.text("numbers_activate"), part: "a", formula: (leaf) => drawActivation(activation, input, leaf)},
    ];
  }

  /**
   * @param {Part} part
   * @param {(leaf: Leaf) => Pieces} formula
   * @param {Side} side
   * @param {Leaf} [leaf] elements of parts on the right: symbols if left out
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
   * @param {Arithmetic} arithmetic
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
    const shared = this.sharedNumbers(part, training);
    this.lines.push([...numbers, ...shared.map(([, node]) => node)]);
    const cells = numbers.map((node, at) => make("td", {"data-column": at}, node));
    const name = make(
      "th",
      {scope: "row"},
      this.symbol("training", part),
      make("span", {class: "bnviz-label"}, this.rowName(part, training)),
    );
    const more = shared.flatMap(([symbol, node]) => [make("span", {}, symbol, " = ", node)]);
    const reason = this.reason(part, training);
    const beside = make("td", {class: "bnviz-beside"}, ...more, make("span", {class: "bnviz-label"}, more.length ? reason : ""));
    return make("tr", {}, name, ...cells, beside);
  }

  /**
   * The numbers that all examples of a row share: symbol and number.
   * @param {Part} part
   * @param {Numbers} training
   * @returns {[HTMLElement, HTMLElement][]}
   */
  sharedNumbers(part, {normalizer}) {
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
  reason(part, {together}) {
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
   * @param {Arithmetic} arithmetic
   */
  evaluation(view, {training, evaluation}) {
    const {norm, compared} = view;
    const title = this.heading(this.text("numbers_evaluation", {norm}), compared);
    if (!evaluation) {
      const same = make("p", {class: "bnviz-caption"}, sentenceOrKey({same: training.normalizer.evaluation}, "same", {norm}));
      return make("section", this.side(compared), title, same);
    }
    const reason = this.sentence((example) => this.text("numbers_running", {example: example + 1}));
    return make("section", this.side(compared), title, reason, ...this.compactLines(view, "evaluation", evaluation));
  }

  /**
   * @param {View} view
   * @param {Numbers} numbers
   */
  plain(view, numbers) {
    const {norm} = view;
    const reason = this.sentence((example) => this.text("numbers_plain", {example: example + 1, norm}));
    return [this.heading(this.text("numbers_without", {norm}), "none"), reason, ...this.compactLines(view, "plain", numbers)];
  }

  /** @param {(example: number) => string} textFor */
  sentence(textFor) {
    const node = make("p", {class: "bnviz-caption"});
    this.sentences.push([node, textFor]);
    return node;
  }

  /**
   * @param {Side} side
   * @param {Part} part
   */
  symbol(side, part) {
    const {quantities, steps} = this.arithmetic?.[side]?.normalizer ?? {quantities: [], steps: []};
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
    const attributes = {type: "button", class: "bnviz-number", tabindex: -1, "aria-describedby": this.explanation.id, ...where};
    const node = make("button", {...attributes, "data-part": part, "data-side": side});
    this.places.set(node, {node, side, part, example, operand, symbol: false});
    return node;
  }

  // --- what changes

  /** Numbers, sentences and lights of what is on show. */
  fill() {
    const {arithmetic, example} = this;
    if (!arithmetic) return;
    for (const place of this.places.values()) if (!place.symbol) set(place.node, this.textOf(place, arithmetic));
    for (const [node, textFor] of this.sentences) set(node, textFor(example));
    for (const node of this.body.querySelectorAll("[data-column]"))
      node.classList.toggle("bnviz-chosen", Number(/** @type {HTMLElement} */ (node).dataset.column) === example);
    this.highlight(arithmetic);
  }

  /**
   * @param {Place} place
   * @param {Arithmetic} arithmetic
   */
  textOf({side, part, example, operand}, arithmetic) {
    const numbers = arithmetic[side];
    if (!numbers) return "";
    const text = numberOf(numbers, part, example ?? this.example);
    return operand && text.startsWith("−") ? `(${text})` : text;
  }

  /**
   * What a number is computed from, and whether that is taken from every example, as statistics are.
   * @param {Place | null} target
   * @param {Arithmetic} arithmetic
   */
  sourcesOf(target, arithmetic) {
    const numbers = target && arithmetic[target.side];
    if (!target || !numbers) return {parts: [], ofEveryExample: false};
    const quantity = quantityOf(numbers.normalizer, target.part);
    const parts = sources(target.part, numbers, target.side === "evaluation");
    return {parts, ofEveryExample: Boolean(quantity && !isOfExample(quantity))};
  }

  /** @param {Arithmetic} arithmetic */
  highlight(arithmetic) {
    const {target, example} = this;
    const {parts, ofEveryExample} = this.sourcesOf(target, arithmetic);
    for (const {node, side, part, example: own} of this.places.values()) {
      const near = side === target?.side && (own === null || own === example);
      node.classList.toggle("bnviz-pointed", near && part === target.part);
      node.classList.toggle("bnviz-highlight", parts.includes(part) && (near || (ofEveryExample && side === target?.side)));
    }
    this.explanation.setAttribute("aria-live", this.host.playing ? "off" : "polite");
    set(this.explanation, target ? this.origin(target, arithmetic) : this.text("numbers_point"));
  }

  /**
   * @param {Place} place
   * @param {Arithmetic} arithmetic
   */
  origin({part, side}, arithmetic) {
    const {activation} = this.view?.header.experiment ?? {};
    return origin({part, side, example: this.example}, arithmetic, activation, this.text);
  }

  // --- what people do

  /**
   * Somebody points at a number or a symbol, or at nothing.
   * @param {EventTarget | null} target
   */
  point(target) {
    const node = target instanceof Element ? target.closest("[data-part]") : null;
    const place = this.places.get(/** @type {HTMLElement} */ (node)) ?? null;
    if (place === this.target) return;
    this.target = place;
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
    this.setTabStop(next[event.key]);
    next[event.key]?.focus();
  }

  /**
   * The one number that Tab reaches.
   * @param {HTMLElement | undefined} node
   */
  setTabStop(node) {
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
