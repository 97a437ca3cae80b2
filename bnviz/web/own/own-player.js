// @ts-check
// The player of a recording of a user's own network: the same core, controls and panels as in the lab, with a strip of layers
// in place of the lab's two networks.

import {drawDuePanels, drawPanelsForPrint} from "../player/panel-drawing.js";
import {Controls} from "../player/controls.js";
import {PanelScheduler} from "../player/core/panel-scheduler.js";
import {PlayerCore} from "../player/core/player-core.js";
import {keysOf} from "../player/core/state.js";
import {make, mark, set} from "../player/dom.js";
import {browser} from "../player/environment.js";
import {Fits} from "../player/fits.js";
import {Panel} from "../player/panel.js";
import {Theme} from "../player/theme.js";
import {sentenceOrKey} from "../player/words.js";
import {Choosers} from "./choosers.js";
import {FindingList} from "./finding-list.js";
import {measuresIn} from "./measures.js";
import {Overview} from "./overview.js";
import {dataOf, headlineBefore, viewIn} from "./player-data.js";
import {readRecording, rewritten} from "./reading.js";
import story from "./story.js";

/** @import {Header, PanelSpec, View} from "../player/types" */
/** @import {Words} from "./player-data.js" */
/** @import {Source} from "./reading.js" */

export class OwnPlayer {
  /** @type {Map<string, Panel>} */
  panels = new Map();
  frames = 0;
  fits = new Fits();
  scheduler = new PanelScheduler(() => performance.now());
  /** @type {Set<string>} measures that the recording has, as far as it has been read */
  measures = new Set();
  /** Snapshots whose measures are known. */
  known = 0;
  /** @type {Map<string, string>} sentences about the file, by key */
  said = new Map();

  /**
   * @param {HTMLElement} parent
   * @param {{header: Header, source: Source, words: Words, startPlotly: () => void, startOver?: () => void}} options
   *     `startOver` is called when the recording was rewritten
   */
  constructor(parent, {header, source, words, startPlotly, startOver = () => {}}) {
    this.header = header;
    this.source = source;
    this.words = words;
    this.startPlotly = startPlotly;
    this.startOver = startOver;
    this.place = viewIn(new URL(location.href).searchParams, header);
    const ignore = () => {};
    this.root = make("div", {class: "bnviz-player bnviz-alone bnviz-own"});
    parent.append(this.root);
    const component = {
      ...{data: this.dataNow(), parentElement: this.root, plotly: ignore},
      setStateValue: ignore,
      setTriggerValue: ignore,
    };
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const environment = {...browser, stream: this.stream, watchQueue: ignore};
    this.core = new PlayerCore({component, story, environment, fits: this.fits, comparisonFits: new Fits(), still});
    this.theme = new Theme(this.root);
    this.controls = new Controls(this.root, this.core);
    const stage = make("div", {class: "bnviz-stage"});
    this.notices = make("p", {class: "bnviz-message", role: "status"});
    this.grid = make("div", {class: "bnviz-panels"});
    const findings = make("div");
    this.controls.headlines.after(this.notices, findings, stage, this.grid);
    this.overview = new Overview(stage, this.core);
    this.findings = new FindingList(findings, this.core, words, (panel) => this.reveal(panel));
    this.choosers = new Choosers(this.controls.headlines, this.core);
    this.subscribe();
    this.animation = requestAnimationFrame((time) => this.tick(time));
    addEventListener("beforeprint", this.drawForPrint);
  }

  dataNow() {
    return dataOf(this.header, this.measures, this.words, this.place, this.source.linked);
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
      ({trainedStep, ended}) => `${trainedStep} ${ended}`,
      () => this.learn(),
    );
    store.subscribe(
      ({redraws}) => redraws,
      () => this.panels.forEach((panel) => panel.invalidate()),
    );
    store.subscribe(
      ({snapshotView}) => snapshotView,
      (view) => view && this.choosers.show(view),
    );
    store.subscribe(
      ({wordsView}) => wordsView,
      (view) => view && this.write(view),
    );
  }

  // --- reading

  /** @param {import("../player/recording.js").Recording} recording */
  stream = async (recording) => {
    const pause = (/** @type {number} */ delay) => new Promise((resolve) => setTimeout(resolve, delay));
    const host = {
      wait: pause,
      yieldToBrowser: () => (document.hidden ? Promise.resolve() : pause(0)),
      notice: (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values) => this.notice(key, values),
    };
    const lines = await readRecording(recording, this.source, host);
    if (!this.source.resumes) return;
    if (lines !== null) await rewritten(recording, this.source, lines, host);
    if (!recording.closed) this.startOver();
  };

  /**
   * Show a sentence about the recording.
   * @param {string} key
   * @param {Record<string, string | number>} values
   */
  notice(key, values) {
    if (key === "thinned") this.keepPlace();
    this.said.set(key, sentenceOrKey(/** @type {any} */ (this.words.page.errors), key, {name: this.source.name, ...values}));
    this.writeNotices();
  }

  writeNotices() {
    set(this.notices, [...this.said.values()].join(" "));
  }

  /** Every second snapshot has been left out: what is on show stays. */
  keepPlace() {
    const {core} = this;
    const step = core.state.view?.frame.step ?? 0;
    const index = core.recording.frames.findLastIndex((frame) => frame.step <= step);
    core.startFrom(Math.max(0, index), core.playing);
  }

  /** More has been read, or all of it. */
  learn() {
    this.learnMeasures();
    this.findings.show();
    const headline = headlineBefore(this.core.recording, this.words);
    if (headline !== null) this.controls.showPlaceholder(headline);
    if (this.core.recording.end && this.said.delete("grows")) this.writeNotices();
  }

  /** A recording may have further measures later on: they get panels. */
  learnMeasures() {
    const {frames} = this.core.recording;
    const before = this.measures.size;
    measuresIn(frames.slice(Math.min(this.known, frames.length)), this.measures);
    this.known = frames.length;
    if (this.measures.size === before) return;
    const data = this.dataNow();
    this.core.data = data;
    this.core.store.update({data, ...keysOf(data)});
  }

  /** @param {PanelSpec[]} specs */
  arrange(specs) {
    for (const spec of specs) {
      const panel = this.panels.get(spec.id);
      if (panel) panel.configure(spec, this.grid);
      else this.panels.set(spec.id, new Panel(this.grid, spec, this.core.data.shared, this.fits));
    }
  }

  /**
   * Bring a panel into view; the strip of layers, if there is no such panel.
   * @param {string} panel
   */
  reveal(panel) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const box = this.panels.get(panel)?.box ?? this.overview.strip;
    box.scrollIntoView({block: "center", behavior: still ? "auto" : "smooth"});
  }

  // --- drawing

  /** @param {number} time */
  tick(time) {
    this.animation = requestAnimationFrame((next) => this.tick(next));
    this.core.tick(time);
    const {view} = this.core.state;
    if (view) this.draw(view, time);
  }

  /**
   * @param {View} view
   * @param {number} time
   */
  draw(view, time) {
    const theme = this.theme.now();
    const key = `${this.core.keyOf(view)},${theme.key}`;
    this.overview.show(view, theme);
    if (!this.frames) this.startPlotly();
    this.frames += 1;
    if (globalThis.Plotly) drawDuePanels(this.panels, this.core, this.scheduler, {view, theme, key, time});
    mark(this.root, {frames: this.frames, step: view.frame.step});
  }

  drawForPrint = () => drawPanelsForPrint(this.panels, this.core, this.theme);

  /**
   * The words around the panels.
   * @param {View} view
   */
  write(view) {
    const scene = this.core.scene(view);
    for (const panel of this.panels.values()) panel.write(scene);
  }

  close() {
    cancelAnimationFrame(this.animation);
    removeEventListener("beforeprint", this.drawForPrint);
    this.core.close();
    this.controls.close();
    for (const panel of this.panels.values()) panel.close();
    this.root.remove();
  }
}
