// @ts-check
// The player: holds the clock, plays what has arrived of a recording, and draws it. What is said of it comes from the lesson's
// story, the default export of bnviz/lessons/<page>/story.js (`Story` in types.d.ts).
//
// Streamlit calls the default export at every rerun with the same parent element; the player, its nodes and its place survive.

import {Controls} from "./controls.js";
import {addressOf, make, mark, outsideFrame} from "./dom.js";
import {Fits} from "./fits.js";
import {Flags} from "./flags.js";
import {Fold} from "./fold.js";
import {ComparisonRun} from "./comparison-run.js";
import {LiveEdits} from "./live-edits.js";
import {Menus} from "./menus.js";
import {keeping} from "./mounts.js";
import {NetworkPicture} from "./network.js";
import {totalVariation} from "./numbers.js";
import {Panel} from "./panel.js";
import {queued} from "./queue.js";
import {Recording} from "./recording.js";
import {labelDifferences} from "./settings.js";
import {Theme} from "./theme.js";
import {Tour} from "./tour.js";
import {UnitNumbers} from "./unit-numbers.js";
import {SNAPSHOTS_PER_SECOND, viewOf} from "./view.js";
import {filler, sentenceOrKey} from "./words.js";

/** @import {Choice, Component, Data, PanelSpec, Service, Snapshot, Story, Values, View} from "./types" */
/** @import {Scene} from "./panel.js" */

const BUDGET_MS = 14; // of one animation frame; what is left over waits for the next one
const PATIENCE_MS = 45; // after so long without a slow panel drawn, one goes before the fast ones
const WORDS_MS = 250; // between two changes of words while it plays
const PLOTLY_MS = 2000; // after so long it begins without a picture
const ASK_AGAIN_MS = 5000; // after so long without an answer of the page
const EDIT_MS = 20000; // so long it holds still for an answer of the page
const PLACE = /** @type {const} */ (["layer", "tap", "unit", "target"]); // in the address, with the step
const ADDRESS_MS = 400; // between the last change and the address bar: browsers allow few changes a second
const MOVED_MS = [0, 4000, 15000]; // after the stream is back, when Streamlit is told
const AUTO_UNIT_SNAPSHOTS = 10; // snapshots from which a unit is chosen, unless the story wants to see more

/** @type {(component: Component<Data>, story?: Story<any, any>) => void} */
const mount = keeping((component, story) => {
  if (!story) throw new Error("the player needs a story");
  return new Player(component, story);
});

export default mount;

export class Player {
  // The clock.
  /** Where it is, in snapshots; what comes after the point is the way to the next. */
  place = 0;
  speed = 1;
  loop = false;
  playing = true;
  /** Whether it holds still for a moment, because somebody reaches for a setting. */
  held = false;
  /** @type {Recording | null} a run that is waited for */
  coming = null;
  /** @type {ReturnType<typeof setTimeout>[]} */
  rerunTimers = [];
  /** Whether a visitor has paused it, at a place to be shown to others. */
  resting = false;
  addressing = 0;
  /** @type {Set<typeof PLACE[number]>} what somebody has chosen */
  chosen = new Set();
  /** @type {number | null} the step to go to as soon as it is there */
  wanted = null;
  /** Whether the visitor would rather not guess. */
  skipped = false;
  still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  /** @type {number | null} */
  now = null;

  // What is drawn and said, and when it was.
  /** @type {Map<string, Panel>} */
  panels = new Map();
  specs = "";
  fits = new Fits();
  frames = 0;
  slowAt = 0;
  fastDrawn = false;
  said = "";
  wordsAt = 0;
  followed = "";
  message = "";

  /** Whether the unit on show was chosen by the player. */
  guessed = false;
  /** Whether recorded lines come with the page. */
  pulling = false;
  asking = 0;
  /** How often the page was asked for anything, so that no question equals the one before. */
  asked = 0;

  /**
   * @param {Component<Data>} component
   * @param {Story<any, any>} story
   */
  constructor(component, story) {
    this.story = story;
    this.component = component;
    this.data = component.data;
    const {layer, tap, unit, target} = this.data.view;
    /** @type {Choice} with the story's own */
    this.choice = {layer, tap, unit: unit ?? "auto", target, ...story.choices};
    const {alone, embedded} = this.data;
    /** Whether nothing but what is on show can be changed. */
    this.bare = Boolean(alone || embedded);
    this.root = make("div", {class: `bnviz-player${alone ? " bnviz-alone" : ""}${embedded ? " bnviz-embedded" : ""}`});
    if (embedded?.alone) this.root.classList.add("bnviz-fitting");
    component.parentElement.append(this.root);
    this.theme = new Theme(this.root);
    this.controls = new Controls(this.root, this);
    const {choosers = ["layer", "signal", "unit"], picture = "small"} = {...story, ...pictureIn(embedded)};
    const stage = make("div", {class: "bnviz-stage"});
    this.liveEdits = new LiveEdits(this, picture === "large");
    this.root.prepend(this.liveEdits.root);
    this.flags = new Flags(this.controls.transport.track, this);
    this.menus = new Menus(this.root);
    this.picture = new NetworkPicture(stage, this, {small: picture === "small", choosers, fits: Boolean(embedded?.alone)});
    if (picture === "large") this.picture.above.prepend(this.controls.choosers);
    this.grid = make("div", {class: "bnviz-panels"});
    this.fold = new Fold(this.text("more_charts"));
    this.controls.headlines.after(stage, this.grid, this.fold.root);
    this.comparison = new ComparisonRun(stage, this);
    if (embedded && !embedded.picture) stage.hidden = true;
    this.numbers = story.numbers && !embedded ? new UnitNumbers(stage, this) : null;
    /** @type {Service<any, any> | null} */
    this.service = this.data.alone
      ? null
      : (story.service?.({redraw: (id) => this.redraw(id), choose: (change) => this.choose(change)}) ?? null);
    this.recording = this.open(this.data, this.data.view.step);
    this.tour = story.tour && !this.bare ? new Tour(this, story.tour) : null;
    this.frame = requestAnimationFrame((now) => this.tick(now));
    setTimeout(() => this.startPlotly(), PLOTLY_MS);
  }

  /** Plotly holds the page up for a good part of a second while it begins, so that waits until the first picture is seen. */
  startPlotly() {
    requestAnimationFrame(() => setTimeout(this.component.plotly));
  }

  // --- what the page hands over

  /**
   * Take what Streamlit hands over.
   * @param {Component<Data>} component
   */
  update(component) {
    const waited = this.waiting;
    this.told();
    this.component = component;
    this.data = component.data;
    this.arrange(this.data.panels);
    this.withhold();
    if (waited && !this.waiting) this.goOn();
    if (this.recording.run !== this.data.run || this.recording.broken) {
      if (this.expect(this.data)) return;
      this.leave();
      // From the beginning, or where the address says: it has a step only if that is one of this run.
      if (!this.carryOn(this.data)) this.recording = this.open(this.data, this.data.view.step);
    }
    this.comparison.take(this.data.beside);
    if (this.data.lines?.run === this.data.run) this.take(this.data.lines);
  }

  /** @param {PanelSpec[]} specs */
  arrange(specs) {
    const serial = JSON.stringify(specs);
    if (serial === this.specs) return;
    this.specs = serial;
    for (const [id, panel] of this.panels) if (!specs.some((spec) => spec.id === id)) this.drop(id, panel);
    for (const spec of specs) {
      const panel = this.panels.get(spec.id);
      const grid = spec.front ? this.grid : this.fold.grid;
      if (panel) panel.configure(spec, grid);
      else this.panels.set(spec.id, new Panel(grid, spec, this.data.shared, this.fits));
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

  /**
   * Read a run. A link names a place, `step`, in the run it opens, not in later ones. With reduced motion nothing plays by
   * itself: the end is shown. The last run's pictures stay until the first snapshot of this one is here.
   * @param {Data} data
   * @param {number | null} step
   */
  open({run, stream}, step) {
    this.begin(step);
    this.held = this.pulling = false;
    this.message = "";
    this.mark({run, trainedStep: 0, state: "loading"});
    const recording = this.newRecording(run);
    recording.stream(addressOf(stream));
    queued(recording, (place) => {
      if (recording !== this.recording || this.pulling) return;
      this.message = place ? this.inQueue(place) : "";
      if (!this.waiting) this.controls.standIn(this.message || this.text("untrained"));
    });
    return recording;
  }

  /** @param {{before: number, seconds: number | null}} place */
  inQueue({before, seconds}) {
    const number = before + 1;
    if (seconds === null) return this.text("in_queue", {number});
    return this.text("in_queue_seconds", {number, seconds: Math.max(1, Math.round(seconds))});
  }

  /** @param {number | null} step */
  begin(step) {
    this.wanted = step ?? (this.still ? Infinity : null);
    this.playing = this.wanted === null && !this.waiting;
    this.resting = step !== null;
    this.place = 0;
    this.address();
  }

  /** Whether it stays at the untrained networks until the visitor has guessed, or would rather not. */
  get waiting() {
    return this.data.waiting && !this.skipped;
  }

  skip() {
    this.skipped = true;
    this.component.setTriggerValue("skip", this.recording.run);
    this.goOn();
  }

  /** It has waited long enough: what was held back is shown, from the beginning. */
  goOn() {
    this.withhold();
    this.sayEnd();
    this.begin(null);
    this.seekWanted();
  }

  /**
   * Somebody has asked for a run in which something else happens up to the step on show: read it, and show it once it has come as
   * far. Returns whether that is so.
   * @param {Data} data
   */
  expect({run, stream, view}) {
    if (this.coming?.run === run) return true;
    this.coming?.close();
    this.coming = null;
    const step = this.shownStep;
    if (!this.held || !step || this.still || view.step !== null || this.shared > 0) return false;
    this.message = this.text("trained_again", {step});
    this.coming = this.newRecording(run);
    this.coming.stream(addressOf(stream));
    return true;
  }

  /** Show the run that was waited for, if it has come as far as the one on show. */
  come() {
    const {coming, shownStep: step} = this;
    if (!coming || (!coming.end && coming.trainedStep < step)) return;
    this.coming = null;
    this.leave();
    this.recording = coming;
    this.goOnAt(
      Math.max(
        0,
        coming.frames.findLastIndex((frame) => frame.step <= step),
      ),
    );
    this.arrived();
  }

  /** The run on show is to be replaced. */
  leave() {
    this.recording.close();
    this.comparison.keep(this.recording);
  }

  get shownStep() {
    return this.recording.frames[Math.floor(this.place)]?.step ?? 0;
  }

  /** Up to which step the run on show is the same as the one that the page asks for. */
  get shared() {
    return this.data.before.findLast((one) => one.run === this.recording.run)?.step ?? 0;
  }

  /**
   * Play on in the run that is there now.
   * @param {number} index of the snapshot to begin with
   */
  goOnAt(index) {
    const {run, trainedStep} = this.recording;
    this.place = index;
    this.wanted = this.still ? Infinity : null;
    this.playing = !this.still;
    this.pulling = this.resting = false;
    this.address();
    this.liveEdits.answered();
    this.message = "";
    this.mark({run, trainedStep, state: "loading"});
  }

  /**
   * Read a run that begins like the one on show: what they share is kept, and playing goes on from where it stands. Returns
   * whether it begins like that.
   * @param {Data} data
   */
  carryOn({run, stream, experiment, view}) {
    const {header, frames} = this.recording;
    const kept = frames.filter((frame) => frame.step <= this.shared);
    // An address that names a step wants that one.
    if (!header || this.shared < 1 || view.step !== null || !kept.length) return false;
    this.recording = this.newRecording(run);
    this.recording.begin({...header, id: run, experiment}, kept);
    this.goOnAt(Math.min(this.place, kept.length - 1));
    this.recording.stream(addressOf(stream));
    return true;
  }

  /**
   * A recording; one that is neither on show nor waited for has no say any more.
   * @param {string} run
   */
  newRecording(run) {
    const heard = (/** @type {() => void} */ onShow, /** @type {() => void} */ waitedFor) => () => {
      if (recording.closed) return;
      if (recording === this.coming) waitedFor();
      else if (recording === this.recording) onShow();
    };
    const recording = new Recording(
      run,
      heard(
        () => this.arrived(),
        () => this.come(),
      ),
      heard(
        () => this.pull(),
        () => this.replace(),
      ),
    );
    return recording;
  }

  /** What was waited for cannot be read beside the run on show: open it in its place. */
  replace() {
    this.coming?.close();
    this.coming = null;
    this.leave();
    this.recording = this.open(this.data, null);
  }

  /** The route cannot be reached: ask the page for lines through the component, and say so quietly. */
  pull() {
    this.pulling = true;
    this.recording.waiting = false;
    this.message = this.text("no_stream");
    this.ask();
  }

  /** Ask the page for more lines, and again if no answer comes: a question may get lost while the page is being run. */
  ask() {
    if (!this.pulling || this.recording.end) return;
    this.component.setStateValue("cursor", {run: this.recording.run, from: this.recording.lines, asked: ++this.asked});
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), ASK_AGAIN_MS);
  }

  /** @param {{from: number, lines: string[]}} handed */
  take({from, lines}) {
    const before = this.recording.lines;
    this.recording.accept(lines, from);
    if (!this.pulling) return;
    clearTimeout(this.asking);
    if (this.recording.end) return;
    this.asking = setTimeout(() => this.ask(), this.recording.lines > before ? 0 : 500);
  }

  arrived() {
    const {frames, end, waiting, trainedStep} = this.recording;
    this.mark({trainedStep});
    if (this.recording.moved) this.move();
    if (waiting) this.message = this.text("connection_lost");
    else if (!this.pulling && !this.coming && !this.held) this.message = "";
    this.sayEnd();
    if (end && !frames.length) this.mark({state: end.status === "failed" ? "failed" : "ended"});
    this.seekWanted();
    this.guess();
  }

  /** How the run came to its end; that a network diverged is not told to those who are asked what they expect. */
  sayEnd() {
    const {end} = this.recording;
    if (end?.message && !(this.waiting && end.status === "diverged")) this.message = end.message;
  }

  /**
   * The stream goes on from another server. There Streamlit opens a session only when it is told something, and loses what that
   * was: let it be told that the address was opened, as the back button would. Its own connection may take longer to come back.
   */
  move() {
    this.recording.moved = false;
    const tell = () => window.dispatchEvent(new PopStateEvent("popstate"));
    this.rerunTimers = MOVED_MS.map((after) => setTimeout(tell, after));
  }

  /** The page has been run: it knows. */
  told() {
    for (const timer of this.rerunTimers) clearTimeout(timer);
    this.rerunTimers = [];
  }

  /**
   * Unless somebody has chosen one, show the unit of middling movement, neither dull nor extreme: chosen once, as soon as enough
   * of the first run is there to tell, always by the same snapshots, and kept in later runs.
   */
  guess() {
    const {header, end} = this.recording;
    const enough = this.story.unitChoiceSnapshots ?? AUTO_UNIT_SNAPSHOTS;
    const frames = this.recording.frames.slice(0, enough);
    if (this.choice.unit !== "auto" || !header || !frames.length) return;
    if (frames.length < enough && !end) return;
    const layer = Math.min(this.choice.layer, header.hidden_layers);
    const moves = this.story.movement ?? movement;
    /** @type {number[]} */
    const units = header.watched_units;
    const travel = units.map((unit) => ({unit, distance: moves(frames, layer, unit, header)}));
    const alive = travel.filter(({distance}) => distance > 0).sort((a, b) => a.distance - b.distance);
    this.choice.unit = alive[Math.floor(alive.length / 2)]?.unit ?? 0;
    this.guessed = true;
  }

  seekWanted() {
    if (this.wanted !== null && !this.waiting) this.seekStep(this.wanted);
  }

  /**
   * Go to a step, or as near as the run has come; if it has not come so far yet, go on when it has.
   * @param {number} step
   */
  seekStep(step) {
    const {frames, end} = this.recording;
    if (!frames.length) return;
    const index = frames.findIndex((frame) => frame.step >= step);
    this.place = index < 0 ? frames.length - 1 : index;
    if (index < 0 && !end) return;
    this.wanted = null;
    this.playing = false;
    this.address();
  }

  // --- the clock

  /** @param {number} now */
  tick(now) {
    this.frame = requestAnimationFrame((next) => this.tick(next));
    const elapsed = Math.min(now - (this.now ?? now), 250) / 1000;
    this.now = now;
    this.advance(elapsed);
    this.controls.showClock();
    const view = this.view();
    if (!view) return;
    this.follow(view);
    this.controls.show(view);
    this.liveEdits.show(view);
    this.flags.show(this.data.changes);
    this.tour?.show(view, now);
    this.draw(view, now);
    this.mark({state: this.stateNow()});
  }

  /** @param {number} elapsed seconds */
  advance(elapsed) {
    const {frames, end} = this.recording;
    if (!this.playing || this.held || !frames.length) return;
    this.place = Math.min(this.place + elapsed * this.speed * SNAPSHOTS_PER_SECOND, frames.length - 1);
    if (!end || this.place < frames.length - 1) return;
    if (this.loop) this.place = 0;
    else this.playing = false;
  }

  /** What is on show; null while there is nothing. */
  view() {
    const {recording, data, choice, story, fits, place, service} = this;
    return viewOf({recording, data, choice, story, fits, place, service, moving: this.playing && !this.still});
  }

  /**
   * @param {View} view
   * @returns {Scene}
   */
  scene(view) {
    const settings = () => {
      const differ = labelDifferences(view.header.experiment, this.data.usual, this.data.labels);
      return differ.length ? differ : [this.text("usual")];
    };
    return {
      run: view.run,
      view,
      comparison: this.comparison.beside(view),
      beside: this.comparison.label,
      fill: filler(view),
      settings,
    };
  }

  /**
   * What is on show in one string, but for what lies between two snapshots.
   * @param {View} view
   */
  keyOf(view) {
    return [view.run, view.frameIndex, view.ended, view.choices, view.prediction, this.waiting].join();
  }

  /**
   * Tell the story's service and the controls, once, that something else is on show.
   * @param {View} view
   */
  follow(view) {
    const key = this.keyOf(view);
    if (this.followed === key) return;
    this.followed = key;
    this.service?.follow(view);
    view.service = this.service?.state ?? null;
    this.controls.follow(view);
    this.numbers?.show(view);
  }

  stateNow() {
    const {frames, end} = this.recording;
    if (end?.status === "failed") return "failed";
    if (this.playing) return "playing";
    return end && Math.floor(this.place) >= frames.length - 1 && this.wanted === null ? "ended" : "paused";
  }

  /**
   * The data attributes that the page is read by.
   * @param {Record<string, string | number>} values
   */
  mark(values) {
    mark(this.root, values);
  }

  // --- drawing

  /**
   * The picture of the networks, then the panels, for which Plotly has to be there. Words wait for neither.
   * @param {View} view
   * @param {number} now
   */
  draw(view, now) {
    const theme = this.theme.now();
    const key = `${this.keyOf(view)},${theme.key}`;
    const scene = this.scene(view);
    const speaks = now - this.wordsAt > (this.playing ? WORDS_MS : 0) && this.said !== key;
    if (speaks) this.picture.say(view.frame);
    const painted = this.picture.show(view, theme, key);
    const drawn = globalThis.Plotly ? this.drawPanels(scene, theme, key, now) : false;
    if (painted || drawn) this.drawn(view.frame.step);
    if (speaks) this.say(view, scene, key, now);
  }

  /**
   * As many panels as fit into this animation frame. Fast panels come first, but neither kind starves the other. Returns whether
   * any was drawn.
   * @param {Scene} scene
   * @param {import("./theme.js").Painted} theme
   * @param {string} key
   * @param {number} now
   */
  drawPanels(scene, theme, key, now) {
    const view = /** @type {View} */ (scene.view);
    const began = performance.now();
    const due = [...this.panels.values()].filter((panel) => panel.due(key, view.blend, this.playing ? now : Infinity));
    this.sort(due, now);
    this.fastDrawn = due.length > 0 && !due.some((panel) => panel.fast);
    for (const panel of due) {
      panel.draw(scene, theme, key, now);
      if (panel.fast) this.fastDrawn = true;
      else this.slowAt = now;
      if (performance.now() - began > BUDGET_MS) break;
    }
    return due.length > 0;
  }

  /**
   * Fast panels first, unless slow ones have waited too long: on a slow machine they take turns.
   * @param {Panel[]} due
   * @param {number} now
   */
  sort(due, now) {
    const slowFirst = this.fastDrawn && now - this.slowAt > PATIENCE_MS;
    const rank = (/** @type {Panel} */ panel) => Number(panel.fast === slowFirst);
    due.sort((a, b) => rank(a) - rank(b) || a.drawnAt - b.drawnAt);
  }

  /**
   * Something beside the recording has changed that a panel shows.
   * @param {string} id
   */
  redraw(id) {
    this.said = "";
    this.panels.get(id)?.stale();
  }

  /** Everything has to be drawn anew. */
  refresh() {
    this.said = "";
    for (const panel of this.panels.values()) panel.stale();
  }

  /** @param {number} step */
  drawn(step) {
    if (!this.frames) this.startPlotly();
    this.frames += 1;
    this.mark({frames: this.frames, step});
  }

  /**
   * @param {View} view
   * @param {Scene} scene
   * @param {string} key
   * @param {number} now
   */
  say(view, scene, key, now) {
    this.said = key;
    this.wordsAt = now;
    if (this.waiting) this.controls.askFirst();
    else this.controls.headlineText(this.story.headline(view), view);
    this.controls.answerText(this.waiting ? null : this.story.answer?.(view));
    for (const panel of this.panels.values()) panel.write(scene);
    this.picture.write(view);
    this.fold.tell([...this.panels.values()].filter(({spec}) => !spec.front).map(({title}) => title.textContent ?? ""));
    this.comparison.say(view, this.data.before);
  }

  /** Panels that answer stay away while the visitor has not guessed. */
  withhold() {
    const held = this.waiting ? (this.story.answering ?? []) : [];
    for (const [id, panel] of this.panels) panel.box.classList.toggle("bnviz-held", held.includes(id));
  }

  /**
   * The player's own words.
   * @param {string} key
   * @param {Values} [values]
   */
  text(key, values) {
    return sentenceOrKey(this.data.shared, key, values);
  }

  /** The lesson's. */
  get words() {
    return this.data.words;
  }

  // --- what people do

  play() {
    if (this.waiting) return this.controls.remind();
    if (this.recording.end && this.place >= this.recording.frames.length - 1) this.place = 0;
    this.wanted = null;
    this.playing = true;
    this.resting = false;
    this.address();
  }

  pause() {
    this.playing = false;
    this.wanted = null;
    this.resting = true;
    this.place = Math.floor(this.place);
    this.address();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** @param {number} index of the snapshot, or beyond the last one */
  seek(index) {
    if (this.waiting) return this.controls.remind();
    this.pause();
    this.place = Math.max(0, Math.min(index, this.recording.frames.length - 1));
  }

  /** @param {number} count */
  stepBy(count) {
    this.seek(Math.floor(this.place) + count);
  }

  /** @param {number} speed 1 is SNAPSHOTS_PER_SECOND */
  setSpeed(speed) {
    this.speed = speed;
  }

  repeat() {
    this.loop = !this.loop;
  }

  /** Train no further; what has arrived can be played. */
  stop() {
    const {recording} = this;
    if (recording.end) return;
    recording.end = {status: "stopped", message: this.text("stopped", {step: recording.trainedStep})};
    recording.close();
    this.component.setTriggerValue("stop", recording.run);
    this.arrived();
  }

  /** @param {Partial<Choice> & Record<string, any>} change */
  choose(change) {
    Object.assign(this.choice, change);
    if ("unit" in change) this.guessed = false;
    if (typeof change.unit === "number") this.numbers?.open();
    for (const name of PLACE) if (name in change) this.chosen.add(name);
    this.address();
  }

  /** Hold still, until the page has answered or `release` is called. */
  hold() {
    this.held = true;
  }

  release() {
    if (!this.coming) this.held = false;
  }

  /**
   * Tell the page, before a setting is changed, from which step on it is to apply; 0 is from the start.
   * @param {number} step
   */
  reach(step) {
    this.component.setStateValue("hand", {step, asked: ++this.asked});
  }

  /**
   * Ask the page for another run, in which something changes on the way.
   * @param {import("./types").Edit} edit
   */
  edit(edit) {
    if (this.data.alone) return this.controls.say(this.text("alone"));
    if (this.data.embedded) return this.controls.say(this.text("open_to_change"));
    if ("step" in edit) this.hold();
    this.liveEdits.releaseIn(EDIT_MS);
    this.message = this.text("asked_for");
    this.component.setTriggerValue("edit", {...edit, run: this.recording.run, asked: ++this.asked});
  }

  /** How many snapshots the scrubber has room for. */
  get expected() {
    return Math.max(this.data.snapshots, this.recording.frames.length);
  }

  /**
   * Where on the scrubber a step is, 0…1, and the other way round.
   * @param {number} step
   */
  shareOf(step) {
    const {frames} = this.recording;
    const last = this.expected - 1;
    const index = frames.findIndex((frame) => frame.step >= step);
    if (index >= 0) return index / last;
    const newest = this.recording.trainedStep;
    const left = Number(this.data.experiment.steps) - newest;
    return left > 0 ? (frames.length - 1 + ((step - newest) / left) * (last - frames.length + 1)) / last : 1;
  }

  /** @param {number} share */
  stepAt(share) {
    const frame = this.recording.frames[Math.round(share * (this.expected - 1))];
    return frame?.step ?? Math.round(share * Number(this.data.experiment.steps));
  }

  /** The address of this very place, for others; null while nothing is on show. */
  link() {
    const here = this.here();
    return here && outsideFrame(here);
  }

  /** The same for this page itself. */
  here() {
    const view = this.view();
    if (!view) return null;
    const url = new URL(location.href);
    for (const name of PLACE) url.searchParams.set(name, String(view[name]));
    const {wanted} = this; // a place that it is on its way to
    url.searchParams.set("step", String(wanted !== null && Number.isFinite(wanted) ? wanted : view.frame.step));
    this.nameBeside(url);
    return url.href;
  }

  /**
   * The address bar holds the place where a visitor has paused, and no step while it plays. Only what belongs to the player is
   * changed, and in place: the back button leads to other runs, not to other steps.
   */
  address() {
    clearTimeout(this.addressing);
    this.addressing = setTimeout(() => {
      const link = this.placedHere();
      if (link && link !== location.href) history.replaceState(history.state, "", link);
    }, ADDRESS_MS);
  }

  /** The address for others, with the step only where somebody has paused. */
  placed() {
    const here = this.placedHere();
    return here && outsideFrame(here);
  }

  /** The same for this page itself. */
  placedHere() {
    return this.resting ? this.here() : this.linkWithoutStep();
  }

  /** The address of this run, with what has been chosen: Streamlit's own changes of the address know nothing of that. */
  linkWithoutStep() {
    const view = this.view();
    const url = new URL(location.href);
    url.searchParams.delete("step");
    for (const name of this.chosen) if (view) url.searchParams.set(name, String(view[name]));
    this.nameBeside(url);
    return url.href;
  }

  /**
   * The address names the run that is pinned beside this one.
   * @param {URL} url
   */
  nameBeside(url) {
    const {named} = this.comparison;
    if (named === null) url.searchParams.delete("beside");
    else url.searchParams.set("beside", named);
  }

  close() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.addressing);
    clearTimeout(this.asking);
    this.coming?.close();
    this.recording.close();
    this.service?.close?.();
    this.comparison.close();
    this.controls.close();
    this.picture.close();
    this.liveEdits.close();
    this.menus.close();
    this.tour?.close();
    for (const panel of this.panels.values()) panel.close();
    this.root.remove();
  }
}

/**
 * Inside another page the picture is large where it stands alone.
 * @param {Data["embedded"]} embedded
 * @returns {{picture?: "large" | "small"}}
 */
const pictureIn = (embedded) => (embedded ? {picture: embedded.alone ? "large" : "small"} : {});

/**
 * How far a unit's mean has moved, all its ways added up.
 * @param {Snapshot[]} frames
 * @param {number} layer
 * @param {number} unit
 */
function movement(frames, layer, unit) {
  return totalVariation(frames.map((frame) => frame.arms.none.unit_mean.activation[layer - 1][unit]));
}
