// @ts-check
// The player on the page: draws what its core (core/player-core.js) publishes. Sentences about a run come from the lesson's
// story, the default export of bnviz/lessons/<page>/story.js (`Story` in types.d.ts).
//
// Streamlit calls the default export at every rerun with the same parent element; the player, its nodes and its playhead survive.

import {drawDuePanels, drawPanelsForPrint} from "./panel-drawing.js";
import {ComparisonLine} from "./comparison-run.js";
import {Controls} from "./controls.js";
import {PanelScheduler} from "./core/panel-scheduler.js";
import {PlayerCore} from "./core/player-core.js";
import {make, mark} from "./dom.js";
import {browser} from "./environment.js";
import {Fits} from "./fits.js";
import {Flags} from "./flags.js";
import {Fold} from "./fold.js";
import {LiveEdits} from "./live-edits.js";
import {Menus} from "./menus.js";
import {persistentMount} from "./mounts.js";
import {NetworkPicture} from "./network.js";
import {Panel} from "./panel.js";
import {ResultNote} from "./result-note.js";
import {restSocket} from "./resting-socket.js";
import {Theme} from "./theme.js";
import {TimeSwitch} from "./time-switch.js";
import {Tour} from "./tour.js";
import {UnitNumbers} from "./unit-numbers.js";

/** @import {Component, Data, PanelSpec, Story, View} from "./types" */

const PLOTLY_MS = 2000; // after so long Plotly starts without a picture

/** @type {(component: Component<Data>, story?: Story<any, any>) => void} */
const mount = persistentMount((component, story) => {
  if (!story) throw new Error("the player needs a story");
  return new Player(component, story);
});

export default mount;

export class Player {
  /** @type {Map<string, Panel>} */
  panels = new Map();
  frames = 0;
  fits = new Fits();
  scheduler = new PanelScheduler(() => performance.now());

  /**
   * @param {Component<Data>} component
   * @param {Story<any, any>} story
   */
  constructor(component, story) {
    this.component = component;
    const {data} = component;
    const {embedded} = data;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const core = new PlayerCore({component, story, environment: browser, fits: this.fits, comparisonFits: new Fits(), still});
    this.core = core;
    if (!core.bare) restSocket();
    this.root = make("div", {class: classesOf(data)});
    component.parentElement.append(this.root);
    this.theme = new Theme(this.root);
    this.controls = new Controls(this.root, core);
    const {choosers = ["layer", "signal", "unit"], picture = "small"} = {...story, ...pictureIn(embedded)};
    const stage = make("div", {class: "bnviz-stage"});
    this.liveEdits = new LiveEdits(core, picture === "large");
    this.root.prepend(this.liveEdits.root);
    this.resultNote = new ResultNote(this.root, this.controls, core);
    this.flags = new Flags(this.controls.transport.track, core);
    this.menus = new Menus(this.root);
    this.picture = new NetworkPicture(stage, core, {small: picture === "small", choosers, fits: Boolean(embedded?.alone)});
    // Below a large picture it would be off the screen.
    if (picture === "large") this.picture.above.prepend(this.controls.choosers, this.controls.motion);
    else this.picture.below.prepend(this.controls.motion);
    this.controls.choosers.hidden = !choosers.includes("signal");
    this.grid = make("div", {class: "bnviz-panels"});
    this.fold = new Fold(core);
    this.charts = make("div", {}, new TimeSwitch(core).root, this.grid, this.fold.root);
    /** Instead of the charts while the visitor still has to guess. */
    this.guessNote = make("p", {class: "bnviz-label", hidden: ""}, core.text("guess_first"));
    this.controls.headlines.after(stage, this.guessNote, this.charts);
    this.comparisonLine = new ComparisonLine(stage, core);
    if (embedded && !embedded.picture) stage.hidden = true;
    this.numbers = story.numbers && !embedded ? new UnitNumbers(stage, core) : null;
    if (!data.alone) core.service = this.serviceOf(story);
    this.subscribe();
    this.tour = core.tour && new Tour(core, core.tour, this);
    this.animation = requestAnimationFrame((time) => this.tick(time));
    addEventListener("beforeprint", this.drawForPrint);
    setTimeout(() => this.startPlotly(), PLOTLY_MS);
  }

  /** @param {Story<any, any>} story */
  serviceOf(story) {
    const redraw = (/** @type {string} */ id) => {
      this.core.rewriteWords();
      this.panels.get(id)?.invalidate();
    };
    return story.service?.({redraw, choose: (change) => this.core.choose(change)}) ?? null;
  }

  subscribe() {
    const {store} = this.core;
    store.subscribe(
      ({panelsKey}) => panelsKey,
      () => this.arrange(this.core.data.panels),
    );
    store.subscribe(
      ({run, trainedStep, playback}) => ({run, trainedStep, state: playback}),
      (attributes) => mark(this.root, attributes),
    );
    store.subscribe(
      ({visibility}) => visibility,
      () => this.withhold(),
    );
    store.subscribe(
      ({redraws}) => redraws,
      () => this.panels.forEach((panel) => panel.invalidate()),
    );
    store.subscribe(
      ({unitChoices}) => unitChoices,
      (count) => count > 0 && this.numbers?.open(),
    );
    store.subscribe(
      ({snapshotView}) => snapshotView,
      (view) => view && this.numbers?.show(view),
    );
    store.subscribe(
      ({wordsView}) => wordsView,
      (view) => view && this.write(view),
    );
  }

  /** Plotly holds the page up for a good part of a second while it begins, so that waits until the first picture is seen. */
  startPlotly() {
    requestAnimationFrame(() => setTimeout(this.component.plotly));
  }

  /**
   * Take what Streamlit hands over.
   * @param {Component<Data>} component
   */
  update(component) {
    this.component = component;
    this.core.update(component);
  }

  /** @param {PanelSpec[]} specs */
  arrange(specs) {
    for (const [id, panel] of this.panels) if (!specs.some((spec) => spec.id === id)) this.drop(id, panel);
    for (const spec of specs) {
      const panel = this.panels.get(spec.id);
      const grid = spec.front ? this.grid : this.fold.grid;
      if (panel) panel.configure(spec, grid);
      else this.panels.set(spec.id, new Panel(grid, spec, this.core.data.shared, this.fits));
    }
    this.controls.place(this.panels);
  }

  /**
   * @param {string} id
   * @param {Panel} panel
   */
  drop(id, panel) {
    panel.close();
    this.panels.delete(id);
  }

  /** Hide what visibility.js says is withheld; the picture of the networks asks for itself. */
  withhold() {
    const {charts, asks, veiled} = this.core.state.visibility;
    this.charts.hidden = !charts;
    this.guessNote.hidden = !asks;
    this.root.classList.toggle("bnviz-veiled", veiled);
  }

  // --- drawing

  /** @param {number} time */
  tick(time) {
    this.animation = requestAnimationFrame((next) => this.tick(next));
    this.core.tick(time);
    const {view} = this.core.state;
    if (view && view.run === this.core.recording.run) this.draw(view, time);
  }

  /**
   * The picture of the networks, then the panels, for which Plotly has to be there. Words wait for neither.
   * @param {View} view
   * @param {number} time
   */
  draw(view, time) {
    const {core} = this;
    const {visibility, wordsView} = core.state;
    const theme = this.theme.now();
    const key = `${core.keyOf(view)},${theme.key}`;
    const hasPainted = this.picture.show(view, theme, key, {visibility, wordsFrame: wordsView?.frame});
    const hasDrawn = globalThis.Plotly ? drawDuePanels(this.panels, this.core, this.scheduler, {view, theme, key, time}) : false;
    if (!hasPainted && !hasDrawn) return;
    if (!this.frames) this.startPlotly();
    this.frames += 1;
    mark(this.root, {frames: this.frames, step: view.frame.step});
  }

  drawForPrint = () => drawPanelsForPrint(this.panels, this.core, this.theme);

  /**
   * The words around the panels and the picture.
   * @param {View} view
   */
  write(view) {
    const scene = this.core.scene(view);
    for (const panel of this.panels.values()) panel.write(scene);
    this.picture.write(view);
    const folded = [...this.panels.values()].filter(({spec}) => !spec.front);
    this.fold.setTitles(folded.map(({title}) => title.textContent ?? ""));
  }

  close() {
    cancelAnimationFrame(this.animation);
    removeEventListener("beforeprint", this.drawForPrint);
    this.tour?.close();
    this.core.close();
    this.controls.close();
    this.resultNote.close();
    this.picture.close();
    this.liveEdits.close();
    this.menus.close();
    for (const panel of this.panels.values()) panel.close();
    this.root.remove();
  }
}

/** @param {Data} data */
function classesOf({alone, embedded}) {
  const classes = {"bnviz-alone": alone, "bnviz-embedded": embedded, "bnviz-fitting": embedded?.alone};
  return ["bnviz-player", ...Object.entries(classes).flatMap(([name, applies]) => (applies ? [name] : []))].join(" ");
}

/**
 * Inside another page the picture is large if it is the only thing shown.
 * @param {Data["embedded"]} embedded
 * @returns {{picture?: "large" | "small"}}
 */
const pictureIn = (embedded) => (embedded ? {picture: embedded.alone ? "large" : "small"} : {});
