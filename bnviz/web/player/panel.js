// @ts-check
// A panel: a title, a caption, one Plotly node that lives as long as the panel does, and a text alternative. The player's traces
// say in `feed` what fills them from the recording; the board's come filled in, with the text alternative in the specification.

import {bend} from "./bending.js";
import {isBlank} from "./blank.js";
import {savePicture} from "./chart-picture.js";
import {openData} from "./data.js";
import {openDialog} from "./dialog.js";
import {make, set} from "./dom.js";
import {fillTrace} from "./feeds.js";
import {FITS, isComparable} from "./comparison-run.js";
import {axisOverTime, shapesOverTime, traceOverTime} from "./core/time-axis.js";
import {hideEmptyAxes, writeMinus} from "./plotly-numbers.js";
import {joinLabels} from "./table.js";
import {tablesOf} from "./tables.js";
import {isOver} from "./view.js";
import {alternative, sentenceOrKey} from "./words.js";

/** @import {Catalogue, ComparisonLegend, PanelSpec, Ranges, Trace, Values, View} from "./types" */
/** @import {Painted} from "./theme.js" */
/** @import {TimeAxis} from "./core/time-axis.js" */
/** @typedef {{legend: ComparisonLegend | null, label: string, pinned: boolean}} Beside */
/**
 * @typedef {object} Scene what a panel is drawn from; the board has no view
 * @property {string} run
 * @property {View} [view]
 * @property {View | null} [comparison] the comparison run, drawn as faint lines
 * @property {Beside} [beside] the sentence about that run
 * @property {TimeAxis | null} [time] of charts over time; null if they count steps
 * @property {(text: string) => string} fill
 * @property {() => string[]} [settings] those that are not as usual
 */

const BUTTONS = ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d", "pan2d", "zoom2d", "toImage"];
// Nothing leaves this page for another host: no button that uploads a chart.
const CONFIG = {displaylogo: false, responsive: false, showSendToCloud: false, modeBarButtonsToRemove: BUTTONS};
const NARROW = 560;
const [UNPINNED, PINNED] = [
  {width: 1.5, opacity: 0.55},
  {width: 2.25, opacity: 0.85},
];
const CLEAR = "rgba(0,0,0,0)";
const HIGH_RATE = 30;
const BENDING_MS = 250; // for so long lines may be bent before Plotly, whose labels say what it knows, draws them again

export class Panel {
  /**
   * @param {HTMLElement} parent
   * @param {PanelSpec} spec
   * @param {Catalogue} words the player's own
   * @param {Ranges | null} [fits]
   */
  constructor(parent, spec, words, fits = null) {
    this.words = words;
    this.fits = fits;
    this.title = make("h3");
    this.definition = make("button", {type: "button", onclick: () => this.showDefinition()}, this.text("definition"));
    this.data = make("button", {type: "button", onclick: () => this.showData()}, this.text("data"));
    this.heading = make("header", {}, this.title, make("span", {class: "bnviz-tools"}, this.definition, this.data));
    this.caption = make("p", {class: "bnviz-caption"});
    /** @type {any} with what Plotly adds */
    this.node = make("div", {class: "bnviz-plot", role: "figure"});
    /** Which lines are of the run on show, and which of the comparison run: in the gap below the chart, so that nothing moves. */
    this.legend = make("p", {class: "bnviz-legend", hidden: ""});
    this.box = make("section", {class: "bnviz-panel"}, this.heading, this.caption, this.node, this.legend);
    parent.append(this.box);
    this.visible = true;
    /** The definition, its braces filled in. */
    this.definitionText = "";
    this.lastDrawAt = 0;
    /** What it shows now; "" if it has to be redrawn. */
    this.contentKey = "";
    this.lastPlotAt = 0;
    /** The layout that Plotly was given last, as text; "" if it has to redraw. */
    this.layoutKey = "";
    /** @type {Map<string, {range: [number, number], revision: string}>} axis -> its range as it was last given to Plotly */
    this.axisRanges = new Map();
    /** @type {Scene | null} what its words are of */
    this.scene = null;
    /** @type {Painted | null} */
    this.theme = null;
    /** @type {Record<string, any> | null} Plotly's configuration, once Plotly is there */
    this.config = null;
    this.spec = spec;
    this.fast = false; // whether it moves between snapshots, too
    this.configure(spec);
    this.visibilityObserver = new IntersectionObserver((entries) => this.setVisible(Boolean(entries.at(-1)?.isIntersecting)), {
      rootMargin: "150px",
    });
    this.visibilityObserver.observe(this.box);
    this.resizeObserver = new ResizeObserver(() => this.invalidate());
    this.resizeObserver.observe(this.node);
  }

  /** @param {boolean} visible */
  setVisible(visible) {
    this.visible = visible;
  }

  /** Have it redrawn, whatever it shows. */
  invalidate() {
    this.contentKey = this.layoutKey = "";
  }

  /**
   * @param {string} key
   * @param {Values} [values]
   */
  text(key, values) {
    return sentenceOrKey(this.words, key, values);
  }

  /** What is measured, exactly. */
  showDefinition() {
    openDialog(this.box, this.title.textContent ?? "", this.text("close"), [make("p", {}, this.definitionText)]);
  }

  /** What the chart shows at this moment, as a table. */
  showData() {
    if (!this.scene) return;
    const {spec, scene} = this;
    const chart = {title: this.title.textContent ?? "", summary: this.node.getAttribute("aria-label") ?? "", file: this.file};
    const text = (/** @type {string} */ key, /** @type {Values | undefined} */ values) => this.text(key, values);
    openData(this.box, chart, tablesOf(spec, {...scene, beside: scene.beside?.label}), text, (format) => this.save(format));
  }

  /** What files of it are called, without a suffix: its title, and where it is from. */
  get file() {
    const view = this.scene?.view;
    const run = this.scene && `bnviz ${this.scene.run.slice(0, 8)}`;
    const words = joinLabels(this.title.textContent ?? "", view && `step ${view.frame.step}`, run ?? "");
    return words.match(/[\p{L}\p{N}]+/gu)?.join("-") ?? "";
  }

  /**
   * Save the chart as it is drawn now, with what it shows in words.
   * @param {"png" | "svg"} format
   */
  save(format) {
    const {scene, theme, title, caption} = this;
    if (!scene || !theme || !this.lastDrawAt) return;
    const {view} = scene;
    const traces = this.traces(scene); // lines may have been bent since
    this.plot(traces, hideEmptyAxes(this.layout(scene, theme, isBlank(traces)), traces), this.lastDrawAt);
    const arms = (view?.header.arms ?? []).map((arm) => view?.arms[arm]).filter((arm) => arm !== undefined);
    const texts = {title: title.textContent ?? "", caption: caption.textContent ?? "", notes: this.notes(scene), arms};
    void savePicture(this.node, texts, theme, format, this.file);
  }

  /**
   * The text below a picture of it: its step and settings, what it compares, and which run it shows.
   * @param {Scene} scene
   */
  notes(scene) {
    const {run, view, comparison, settings} = scene;
    const about = view ? [this.text("chart_step", {step: view.frame.step}), ...(settings?.() ?? [])] : [];
    const legend = this.legendOf(scene);
    const compared =
      comparison && legend ? this.text("chart_beside", {run: comparison.run, own: legend.own, label: legend.other}) : "";
    return [joinLabels(...about), compared, this.text("chart_from", {run})].filter(Boolean);
  }

  /**
   * Which lines belong to which run; null if no other run's lines are here.
   * @param {Scene} scene
   */
  legendOf({comparison, beside}) {
    return (comparison && this.spec.data.some(isComparable) && beside?.legend) || null;
  }

  /** Plotly's own button would save the chart without a word. */
  buttons() {
    const click = () => this.save("png");
    const button = {name: "picture", title: this.text("chart_png"), icon: Plotly.Icons.camera, click};
    return {...CONFIG, modeBarButtonsToAdd: [button]};
  }

  /**
   * @param {PanelSpec} spec
   * @param {HTMLElement} [parent] its parent from now on
   */
  configure(spec, parent) {
    if (parent && this.box.parentElement !== parent) parent.append(this.box);
    this.spec = spec;
    this.fast = spec.rate >= HIGH_RATE;
    this.box.dataset.panel = spec.id;
    this.box.classList.toggle("bnviz-wide", spec.wide);
    this.node.style.height = `${spec.height}px`;
    this.definition.hidden = !spec.definition;
    this.invalidate();
  }

  /**
   * Everything that is visible here, in one string.
   * @param {string} key of a snapshot
   * @param {number} blend how far it is to the next one: 0…1
   */
  keyAt(key, blend) {
    return this.fast ? `${key},${blend}` : key;
  }

  /**
   * Whether the panel shows something else and may be drawn again at `now` (milliseconds).
   * @param {string} key of a snapshot
   * @param {number} blend
   * @param {number} now
   */
  isDue(key, blend, now) {
    return this.visible && this.contentKey !== this.keyAt(key, blend) && now - this.lastDrawAt >= 1000 / this.spec.rate - 4;
  }

  /**
   * @param {Scene} scene
   * @param {Painted} theme
   * @param {string} key of a snapshot
   * @param {number} now
   */
  draw(scene, theme, key, now) {
    const blend = scene.view?.blend ?? 0;
    const traces = this.traces(scene);
    const layout = hideEmptyAxes(this.layout(scene, theme, isBlank(traces)), traces);
    const isBending = this.fast && blend > 0 && now - this.lastPlotAt < BENDING_MS && this.layoutKey === JSON.stringify(layout);
    if (!isBending || !bend(this.node, traces)) this.plot(traces, layout, now);
    this.theme = theme;
    this.lastDrawAt = now;
    this.contentKey = this.keyAt(key, blend);
  }

  /**
   * Draw it, wherever it is, unless it is folded away or shows this already.
   * @param {Scene} scene
   * @param {Painted} theme
   * @param {string} key of a snapshot
   */
  drawForPrint(scene, theme, key) {
    const isCurrent = this.contentKey === this.keyAt(key, scene.view?.blend ?? 0);
    if (!isCurrent && this.node.clientWidth > 0) this.draw(scene, theme, key, performance.now());
  }

  /** @param {Scene} scene */
  traces(scene) {
    const {data, layout} = this.spec;
    const own = data.map((trace) => traceOverTime(fillTrace(trace, scene.view), layout, scene.time, "own"));
    const others = comparisonTraces(data, scene).map((trace) => traceOverTime(trace, layout, scene.time, "other"));
    return [...own, ...others];
  }

  /**
   * @param {Record<string, unknown>[]} traces
   * @param {Record<string, unknown>} layout
   * @param {number} now
   */
  plot(traces, layout, now) {
    this.layoutKey = JSON.stringify(layout); // Plotly writes into it
    Plotly.react(this.node, traces, layout, (this.config ??= this.buttons()));
    if (!this.lastDrawAt) this.node.on("plotly_relayout", () => this.invalidate()); // who has zoomed out sees the range of now
    this.setUnzoomRanges();
    writeMinus(this.node._fullLayout);
    this.lastPlotAt = now;
  }

  /**
   * The words around the plot change less often than the plot.
   * @param {Scene} scene
   */
  write(scene) {
    const {view, fill} = scene;
    this.scene = scene;
    const title = fill(this.spec.title);
    set(this.title, title);
    this.definitionText = fill(this.spec.definition ?? "");
    this.definition.setAttribute("aria-label", this.text("definition_of", {title}));
    this.data.setAttribute("aria-label", this.text("data_of", {title}));
    set(this.caption, fill(this.spec.caption));
    this.writeLegend(scene);
    this.node.setAttribute("aria-label", this.spec.alternative ?? (view ? alternative(this.spec, title, view) : title));
  }

  /** @param {Scene} scene */
  writeLegend(scene) {
    const legend = this.legendOf(scene);
    this.legend.hidden = !legend;
    if (!legend || this.legend.textContent === legend.own + legend.other) return;
    const entry = (/** @type {string} */ kind, /** @type {string} */ name) => make("span", {class: `bnviz-line-${kind}`}, name);
    this.legend.replaceChildren(entry("solid", legend.own), entry("dotted", legend.other));
  }

  /**
   * A fresh layout each time: Plotly keeps zoom and legend choices for as long as `uirevision` stays the same.
   * @param {Scene} scene
   * @param {Painted} theme
   * @param {boolean} blank whether there is nothing to be seen, which is then said
   */
  layout(scene, theme, blank) {
    const width = this.node.clientWidth;
    const narrow = width < NARROW;
    const {layout: base, height} = this.spec;
    this.node.classList.toggle("bnviz-low-bar", narrow || theme.coarse); // Plotly's buttons would cover titles
    const font = {...base.font, size: narrow ? 10 : 12, color: theme.text, family: theme.family};
    const hoverlabel = {bgcolor: theme.background, bordercolor: theme.grid, font: {color: theme.text}};
    const modebar = {bgcolor: theme.background, color: theme.text, activecolor: theme.text};
    const colours = {paper_bgcolor: CLEAR, plot_bgcolor: CLEAR, font, hoverlabel, modebar};
    /** @type {Record<string, any>} */
    const layout = {...base, width, height, uirevision: scene.run, ...colours};
    for (const name of Object.keys(base)) if (/^[xy]axis/.test(name)) layout[name] = this.axis(name, scene, theme, narrow);
    if (base.shapes) layout.shapes = shapesOverTime(base.shapes, base, scene.time);
    if (narrow && scene.view) layout.annotations = shortenNames(base.annotations, ` ${scene.view.norm}`);
    if (blank) layout.annotations = [...(layout.annotations ?? []), this.blankNote(scene)];
    if (theme.coarse) layout.dragmode = false; // a finger scrolls the page
    return layout;
  }

  /**
   * In the middle of a chart that shows nothing, or nothing yet.
   * @param {Scene} scene
   */
  blankNote({view}) {
    const place = {x: 0.5, y: 0.5, xref: "paper", yref: "paper", showarrow: false};
    return {...place, text: this.text(view && isOver(view) ? "blank" : "blank_yet"), font: {size: 13}};
  }

  /**
   * @param {string} name
   * @param {Scene} scene
   * @param {Painted} theme
   * @param {boolean} narrow
   */
  axis(name, {run, view, comparison, time, fill}, theme, narrow) {
    const base = axisOverTime(this.spec.layout[name], name, time, narrow);
    const revision = view ? `${run} ${view.layer} ${view.tap} ${view.unit} ${time ? "epochs" : "steps"}` : run;
    const title = {...base.title, text: fill(base.title.text)};
    const axis = {...base, title, gridcolor: theme.grid, linecolor: theme.grid, uirevision: revision};
    if (base.nticks && narrow) axis.nticks = Math.min(base.nticks, 4);
    const range = (base.fit && view && this.rangeOf(base.fit, view, comparison)) || base.range;
    if (range) axis.range = this.rangeUnlessZoomed(name, range, revision);
    return axis;
  }

  /**
   * How far an axis reaches: over the run on show and the comparison run.
   * @param {string} fit
   * @param {View} view
   * @param {View | null} [comparison]
   * @returns {[number, number] | null}
   */
  rangeOf(fit, view, comparison) {
    const own = view.story.ranges?.[fit]?.(view) ?? this.fits?.range(fit, view) ?? null;
    const other = comparison && FITS.has(fit) ? comparison.fits.range(fit, comparison) : null;
    return own && other ? [Math.min(own[0], other[0]), Math.max(own[1], other[1])] : own;
  }

  /**
   * Ranges grow while data arrives, but Plotly keeps a zoom only for as long as it is given the range that was zoomed from.
   * @param {string} name
   * @param {[number, number]} range
   * @param {string} revision
   * @returns {[number, number]}
   */
  rangeUnlessZoomed(name, range, revision) {
    const last = this.axisRanges.get(name);
    const current = this.node.layout?.[name]?.range;
    const isZoomed = last?.revision === revision && current && last.range.some((end, index) => end !== current[index]);
    if (isZoomed) return [...last.range];
    this.axisRanges.set(name, {range: [...range], revision});
    return [...range];
  }

  /** A double click goes back to the ranges that were given first, unless told otherwise: in Plotly's private fields. */
  setUnzoomRanges() {
    for (const [name, {range}] of this.axisRanges) {
      const axis = this.node._fullLayout?.[name];
      if (axis) Object.assign(axis, {_rangeInitial0: range[0], _rangeInitial1: range[1]});
    }
  }

  close() {
    this.visibilityObserver.disconnect();
    this.resizeObserver.disconnect();
    // Plotly listens to the whole page until a drag ends, and would then stumble over a chart that is no more.
    if (this.node._dragging) document.dispatchEvent(new MouseEvent("mouseup"));
    if (globalThis.Plotly) Plotly.purge(this.node);
    this.box.remove();
  }
}

/**
 * The lines of the comparison run, faint and dotted.
 * @param {Trace[]} traces
 * @param {Scene} scene
 * @returns {Record<string, unknown>[]}
 */
function comparisonTraces(traces, {comparison, beside}) {
  if (!comparison) return [];
  const {width, opacity} = beside?.pinned ? PINNED : UNPINNED;
  return traces.filter(isComparable).map((trace) => {
    const line = {.../** @type {any} */ (trace.line), dash: "dot", width};
    return {
      ...fillTrace(trace, comparison),
      line,
      opacity,
      showlegend: false,
      hoverinfo: "skip",
      hovertemplate: null,
    };
  });
}

/**
 * Names of arms above a narrow chart: "without" and "with" will do.
 * @param {{text: string}[] | undefined} annotations
 * @param {string} norm
 */
const shortenNames = (annotations, norm) => annotations?.map((note) => ({...note, text: note.text.replace(norm, "")}));
