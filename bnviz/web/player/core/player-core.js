// @ts-check
// The player without a page: what is on show of a run, and what people's commands do to it. Views subscribe to its store and
// draw; the clock, timers, the address and the stream are injected, so that tests use their own.

import {stepsOf} from "../layers.js";
import {motionsOf} from "../motion.js";
import {labelDifferences} from "../settings.js";
import {viewOf} from "../view.js";
import {filler, sentenceOrKey} from "../words.js";
import {AddressBar} from "./address-bar.js";
import {nextClock, playbackState} from "./clock.js";
import {Comparison} from "./comparison.js";
import {RunControl} from "./run-control.js";
import {SettingChanges} from "./setting-changes.js";
import {initialState, keysOf} from "./state.js";
import {Store} from "./store.js";
import {shareOf, stepAt} from "./timeline.js";
import {TourCore} from "./tour-core.js";
import {visibilityOf} from "./visibility.js";

/** @import {Choice, Component, Data, Edit, Ranges, Service, Story, Values, View} from "../types" */
/** @import {Recording} from "../recording.js" */
/** @import {ClockEvent} from "./clock.js" */
/** @import {TourState} from "./tour-core.js" */
/**
 * @typedef {object} Environment everything outside
 * @property {() => number} now in milliseconds
 * @property {(callback: () => void, delay: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {(recording: Recording, address: string) => void} stream begin to read a recording
 * @property {(run: string, onChange: (recording: Recording) => void, address: string) => Recording} openRecording one to compare
 *     with
 * @property {(recording: Recording, say: (position: QueuePosition | null) => void) => void} watchQueue
 * @property {() => string} href the address bar
 * @property {(href: string) => void} replaceHref
 * @property {() => void} rerunPage have Streamlit run the page again
 * @property {(href: string) => string} outsideFrame the address that people see
 */
/** @typedef {{before: number, seconds: number | null}} QueuePosition */
const ANSWER_MS = 20_000; // after so long without an answer of the page, words speak of the run on show again
const WORDS_MS = 250; // between two changes of words while it plays
const MAX_FRAME_MS = 250; // a longer animation frame, of a page that was hidden, moves the playhead no further

export class PlayerCore {
  #lastTick = /** @type {number | null} */ (null);
  #snapshotKey = "";
  #wordsKey = "";
  #wordsAt = 0;
  /** Whether the page has been asked for another run, and has not answered. */
  #awaitsPage = false;
  #answerTimer = /** @type {any} */ (0);
  /** Whether the visitor would rather not predict. */
  #skipped = false;
  /** How often the page was asked for anything, so that no question equals the one before. */
  #questions = 0;
  /** @type {Service<any, any> | null} */
  service = null;

  /**
   * @param {object} options
   * @param {Component<Data>} options.component
   * @param {Story<any, any>} options.story
   * @param {Environment} options.environment
   * @param {Ranges} options.fits axis ranges of the run on show
   * @param {Ranges} options.comparisonFits and of the comparison run
   * @param {boolean} options.still whether nothing moves by itself: reduced motion
   */
  constructor({component, story, environment, fits, comparisonFits, still}) {
    const {data} = component;
    this.component = component;
    this.story = story;
    this.environment = environment;
    this.fits = fits;
    this.still = still;
    this.data = data;
    /** Whether nothing but what is on show can be changed. */
    this.bare = Boolean(data.alone || data.embedded);
    const {layer, tap, unit, target, motion, charts = null, time = null} = data.view;
    const choice = {layer, tap, unit: unit ?? "auto", target, motion, charts, time, ...story.choices};
    this.addressBar = new AddressBar(this);
    this.store = new Store(initialState(data, /** @type {Choice} */ (choice)));
    this.runs = new RunControl(this);
    this.comparison = new Comparison(this.#comparisonHost(), comparisonFits);
    this.settingChanges = new SettingChanges(this.#settingsHost());
    this.runs.start(data.view.step);
    /** @type {TourCore | null} */
    const tour = story.tour && !this.bare ? new TourCore(this, story.tour) : null;
    this.tour = tour?.cards.length ? tour : null;
    this.#updateVisibility();
  }

  close() {
    this.environment.clearTimeout(this.#answerTimer);
    this.addressBar.close();
    this.runs.close();
    this.settingChanges.close();
    this.comparison.close();
    this.service?.close?.();
  }

  // --- the parts

  #comparisonHost() {
    const {environment} = this;
    return {
      now: environment.now,
      openRecording: environment.openRecording,
      onChange: () => this.redraw(),
      onPin: () => {
        this.store.update({pinned: this.comparison.pinned});
        this.addressBar.write();
        const query = this.comparison.query(this.data) ?? "";
        // Streamlit does not look at the address after it has written there itself.
        if (!this.bare) this.component.setTriggerValue("beside", {query, serial: ++this.#questions});
      },
    };
  }

  #settingsHost() {
    const {now, setTimeout, clearTimeout} = this.environment;
    return {
      ...{now, setTimeout, clearTimeout},
      hold: () => this.dispatch({type: "hold"}),
      release: () => {
        if (!this.runs.source.pending) this.dispatch({type: "release"});
      },
      announceStep: (/** @type {number} */ step) => this.send("hand", {step}),
    };
  }

  /**
   * Tell the page, as a state of the component.
   * @param {string} name
   * @param {Record<string, unknown>} value
   */
  send(name, value) {
    this.component.setStateValue(name, {...value, serial: ++this.#questions});
  }

  // --- state

  /** The recording on show. */
  get recording() {
    return this.runs.source.current;
  }

  get state() {
    return this.store.get();
  }

  get playing() {
    return this.state.clock.playing;
  }

  get choice() {
    return this.state.choice;
  }

  /** Whether it stays at the untrained networks until the visitor has predicted, or would rather not. */
  get awaitsPrediction() {
    return this.data.waiting && !this.#skipped;
  }

  get shownStep() {
    return this.recording.frames[Math.floor(this.state.clock.playhead)]?.step ?? 0;
  }

  /** How many snapshots the scrubber has room for. */
  get expectedSnapshots() {
    return Math.max(this.data.snapshots, this.recording.frames.length);
  }

  /** @param {number} step */
  shareOf(step) {
    return shareOf(step, this.#timeline());
  }

  /** @param {number} share */
  stepAt(share) {
    return stepAt(share, this.#timeline());
  }

  #timeline() {
    return {frames: this.recording.frames, expected: this.expectedSnapshots, steps: this.steps};
  }

  /** Steps of the whole run; of one that does not say, as far as it has come. */
  get steps() {
    return Number(this.data.experiment?.steps ?? stepsOf(this.recording));
  }

  /** What is on show; null while there is nothing. */
  view() {
    const {recording, data, choice, story, fits, service} = this;
    const {playhead, playing} = this.state.clock;
    return viewOf({recording, data, choice, story, fits, playhead, service, moving: playing && !this.still});
  }

  /**
   * What panels are drawn from.
   * @param {View} view
   * @returns {import("../panel.js").Scene}
   */
  scene(view) {
    const settings = () => {
      if (!view.header.experiment) return []; // they are unknown for a user's own network
      const differ = labelDifferences(view.header.experiment, this.data.usual, this.data.labels);
      return differ.length ? differ : [this.text("usual")];
    };
    const {comparison: other, data} = this;
    const comparison = other.viewBeside(view);
    const beside = {legend: other.legend(view, data), label: other.contrast.label, pinned: other.pinned};
    const time = other.timeAxis(view, data);
    return {run: view.run, view, comparison, beside, time, fill: filler({...view, comparison}), settings};
  }

  /**
   * What is on show in one string, but for what lies between two snapshots.
   * @param {View} view
   */
  keyOf(view) {
    return [view.run, view.frame.step, view.frameIndex, view.ended, view.choices, view.prediction, this.awaitsPrediction].join();
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

  /** The address of this very place, for others; null while nothing is on show. */
  link() {
    return this.addressBar.link();
  }

  /** The same, with the step only where the visitor has paused. */
  placedLink() {
    return this.addressBar.placedLink();
  }

  // --- what the page hands over

  /**
   * Take what Streamlit hands over.
   * @param {Component<Data>} component
   */
  update(component) {
    const waiting = this.awaitsPrediction;
    this.#endWait();
    this.runs.onPage();
    this.component = component;
    this.data = component.data;
    this.store.update({data: this.data, ...keysOf(this.data)});
    this.#updateVisibility();
    if (waiting && !this.awaitsPrediction) this.runs.restart();
    if (this.runs.follow()) return;
    this.comparison.openFromAddress(this.data.beside);
    this.store.update({pinned: this.comparison.pinned});
    if (this.data.lines?.run === this.data.run) this.runs.source.accept(this.data.lines);
  }

  // --- time

  /**
   * One animation frame: move the playhead, and publish what is on show.
   * @param {number} time in milliseconds
   */
  tick(time) {
    const elapsed = Math.min(time - (this.#lastTick ?? time), MAX_FRAME_MS);
    this.#lastTick = time;
    this.dispatch({type: "tick", seconds: elapsed / 1000});
    const view = this.view();
    if (!view) return;
    this.#publishSnapshot(view);
    this.store.update({view});
    this.tour?.tick(view, time);
    this.updatePlayback();
    this.#publishWords(view, time);
  }

  /**
   * Tell the story's service, once, that another snapshot or choice is on show.
   * @param {View} view
   */
  #publishSnapshot(view) {
    const key = this.keyOf(view);
    if (this.#snapshotKey === key) return;
    this.#snapshotKey = key;
    this.service?.follow(view);
    view.service = this.service?.state ?? null;
    this.store.update({snapshotView: view});
  }

  /**
   * @param {View} view
   * @param {number} time
   */
  #publishWords(view, time) {
    const key = this.keyOf(view);
    if (this.#awaitsPage || this.#wordsKey === key || time - this.#wordsAt <= (this.playing ? WORDS_MS : 0)) return;
    this.#wordsKey = key;
    this.#wordsAt = time;
    this.store.update({wordsView: view, placeholder: null});
  }

  updatePlayback() {
    this.store.update({playback: playbackState(this.state.clock, this.recording)});
  }

  #updateVisibility() {
    const {tour, curtain} = this.state;
    const waiting = this.awaitsPrediction;
    const visibility = visibilityOf({waiting, tourAsks: tour.asks, networkAlone: tour.alone, curtain});
    this.store.update({visibility});
  }

  /**
   * Move the clock.
   * @param {ClockEvent} event
   */
  dispatch(event) {
    this.store.update({clock: nextClock(this.state.clock, event, this.recording)});
  }

  // --- commands

  play() {
    if (this.awaitsPrediction) return this.#remind();
    this.dispatch({type: "play"});
    this.addressBar.schedule();
  }

  pause() {
    this.dispatch({type: "pause"});
    this.addressBar.schedule();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** @param {number} index of the snapshot, or beyond the last one */
  seek(index) {
    if (this.awaitsPrediction) return this.#remind();
    this.dispatch({type: "seek", index});
    this.addressBar.schedule();
  }

  /** @param {number} count */
  stepBy(count) {
    this.seek(Math.floor(this.state.clock.playhead) + count);
  }

  /**
   * Go to a step, or as near as the run has come; if it has not come so far yet, go on when it has.
   * @param {number} step
   */
  seekStep(step) {
    this.dispatch({type: "seekStep", step});
    if (this.state.clock.pendingSeek === null) this.addressBar.schedule();
  }

  /** To the end, as soon as it is there. */
  seekEnd() {
    this.dispatch({type: "pendSeek", step: Infinity});
    this.seekStep(Infinity);
  }

  /**
   * Play, or not, from a place in the run.
   * @param {number} playhead
   * @param {boolean} playing
   */
  startFrom(playhead, playing) {
    this.dispatch({type: "start", playhead, playing});
  }

  /** @param {boolean} playing */
  setPlaying(playing) {
    this.dispatch({type: "setPlaying", playing});
  }

  /** @param {number} speed 1 is SNAPSHOTS_PER_SECOND */
  setSpeed(speed) {
    this.dispatch({type: "setSpeed", speed});
  }

  /** @param {number} by so many of the speeds that there are to choose from */
  stepSpeed(by) {
    this.dispatch({type: "stepSpeed", by});
  }

  toggleLoop() {
    this.dispatch({type: "toggleLoop"});
  }

  /** Train no further; what has arrived can be played. */
  stop() {
    const {recording} = this;
    if (recording.end) return;
    recording.end = {status: "stopped", message: this.text("stopped", {step: recording.trainedStep})};
    recording.close();
    this.component.setTriggerValue("stop", recording.run);
    this.runs.onArrival();
  }

  /** The visitor would rather not predict. */
  skip() {
    this.#skipped = true;
    this.component.setTriggerValue("skip", this.recording.run);
    this.#updateVisibility();
    this.runs.restart();
  }

  #remind() {
    this.store.update({reminders: this.state.reminders + 1});
  }

  /** @param {Partial<Choice> & Record<string, any>} change */
  choose(change) {
    const unitChoices = this.state.unitChoices + Number(typeof change.unit === "number");
    this.store.update({choice: {...this.choice, ...change}, unitChoices});
    this.addressBar.name(change);
  }

  /** Have the picture show the next of the motions that were recorded. */
  nextMotion() {
    const view = this.view();
    if (!view) return;
    const motions = motionsOf(view);
    this.choose({motion: motions[(motions.indexOf(view.motion) + 1) % motions.length]});
  }

  toggleCurtain() {
    this.store.update({curtain: !this.state.curtain});
    this.#updateVisibility();
  }

  /** @param {boolean} closed */
  setCurtain(closed) {
    if (this.state.curtain !== closed) this.toggleCurtain();
  }

  /**
   * Ask the page for another run, in which something changes on the way.
   * @param {Edit} edit
   */
  edit(edit) {
    if (this.data.alone) return this.say(this.text("alone"));
    if (this.data.embedded) return this.say(this.text("open_to_change"));
    if ("step" in edit) this.dispatch({type: "hold"});
    this.settingChanges.awaitAnswer();
    this.say(this.text("asked_for"));
    this.component.setTriggerValue("edit", {...edit, run: this.recording.run, serial: ++this.#questions});
  }

  /** @param {string} message */
  say(message) {
    this.store.update({message});
  }

  /** The visitor has requested another experiment: until the page answers, no sentence about the run on show appears. */
  awaitPage() {
    this.#awaitsPage = true;
    this.announceTraining();
    this.environment.clearTimeout(this.#answerTimer);
    this.#answerTimer = this.environment.setTimeout(() => this.#endWait(), ANSWER_MS);
  }

  #endWait() {
    if (!this.#awaitsPage) return;
    this.environment.clearTimeout(this.#answerTimer);
    this.#awaitsPage = false;
    this.rewriteWords();
  }

  /** Another run is awaited: what has been said of the one on show would pass for its finding. */
  announceTraining() {
    if (!this.awaitsPrediction) this.store.update({placeholder: this.text("untrained")});
  }

  /** Have everything redrawn. */
  redraw() {
    this.rewriteWords();
    this.store.update({redraws: this.state.redraws + 1});
  }

  /** All words have to be said again: the state of the story's service has changed. */
  rewriteWords() {
    this.#wordsKey = "";
  }

  /**
   * What the tour does: whether its card asks, and whether it shows one network alone, goes into what is withheld.
   * @param {Partial<TourState>} change
   */
  updateTour(change) {
    this.store.update({tour: {...this.state.tour, ...change}});
    this.#updateVisibility();
  }
}
