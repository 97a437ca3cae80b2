// @ts-check
// The player without a page: what is on show of a run, and what people's commands do to it. Views subscribe to its store and
// draw; the clock, timers, the address and the stream are injected, so that tests use their own.

import {labelDifferences} from "../settings.js";
import {viewOf} from "../view.js";
import {filler, sentenceOrKey} from "../words.js";
import {linkWithoutStep, linkWithStep, VIEW_PARAMETERS} from "./address.js";
import {nextClock, playbackState, STOPPED_CLOCK} from "./clock.js";
import {Comparison} from "./comparison.js";
import {RunSource} from "./run-source.js";
import {SettingChanges} from "./setting-changes.js";
import {Store} from "./store.js";
import {shareOf, stepAt} from "./timeline.js";
import {TourCore} from "./tour-core.js";
import {autoSelectUnit} from "./unit-choice.js";
import {visibilityOf} from "./visibility.js";

/** @import {Choice, Component, Data, Edit, Ranges, Service, Story, Values, View} from "../types" */
/** @import {Recording} from "../recording.js" */
/** @import {Clock, ClockEvent} from "./clock.js" */
/** @import {Visibility} from "./visibility.js" */
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
/**
 * @typedef {object} State
 * @property {Data} data
 * @property {string} panelsKey the panels' specifications in one string
 * @property {string} changesKey what changes on the way, in one string
 * @property {Clock} clock
 * @property {Choice} choice what has been chosen
 * @property {number} unitChoices how often somebody has chosen a unit
 * @property {string} message
 * @property {string | null} placeholder in the headline's place while nothing has been trained
 * @property {Visibility} visibility
 * @property {boolean} curtain whether it is closed
 * @property {boolean} pinned whether the comparison run is
 * @property {number} reminders how often somebody wanted to go on before the prediction
 * @property {number} redraws how often everything had to be drawn anew
 * @property {string} run
 * @property {number} trainedStep
 * @property {boolean} ended whether no more snapshots will come
 * @property {string} playback "loading", "playing", "paused", "ended" or "failed"
 * @property {View | null} view what is on show, at every animation frame
 * @property {View | null} snapshotView the same, changing with the snapshot and the choice only
 * @property {View | null} wordsView what words speak of: while it plays they change a few times a second
 * @property {TourState} tour
 */

const WORDS_MS = 250; // between two changes of words while it plays
const ADDRESS_MS = 400; // between the last change and the address bar: browsers allow few changes a second
const RERUN_MS = [0, 4000, 15000]; // after the stream has moved to another server, when Streamlit is told
const MAX_FRAME_MS = 250; // a longer animation frame, of a page that was hidden, moves the playhead no further

export class PlayerCore {
  #lastTick = /** @type {number | null} */ (null);
  #snapshotKey = "";
  #wordsKey = "";
  #wordsAt = 0;
  #addressTimer = /** @type {any} */ (0);
  /** @type {any[]} */
  #rerunTimers = [];
  /** Whether the visitor would rather not predict. */
  #skipped = false;
  /** @type {Set<string>} what somebody has chosen, for the address */
  #chosen = new Set();
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
    const {layer, tap, unit, target} = data.view;
    const choice = {layer, tap, unit: unit ?? "auto", target, ...story.choices};
    this.store = new Store(initialState(data, /** @type {Choice} */ (choice)));
    this.source = new RunSource(this.#sourceHost(), data);
    this.comparison = new Comparison(this.#comparisonHost(), comparisonFits);
    this.settingChanges = new SettingChanges(this.#settingsHost());
    this.#startRun(data.view.step);
    /** @type {TourCore | null} */
    this.tour = story.tour && !this.bare ? new TourCore(this, story.tour) : null;
    this.#updateVisibility();
  }

  close() {
    this.environment.clearTimeout(this.#addressTimer);
    this.#stopReruns();
    this.settingChanges.close();
    this.source.close();
    this.comparison.close();
    this.service?.close?.();
  }

  // --- the parts

  #sourceHost() {
    const {environment} = this;
    return {
      stream: environment.stream,
      setTimeout: environment.setTimeout,
      clearTimeout: environment.clearTimeout,
      poll: (/** @type {{run: string, from: number}} */ cursor) => this.#send("cursor", cursor),
      onArrival: () => this.#onArrival(),
      onPendingArrival: () => this.#swapToPendingRun(),
      onPendingBlocked: () => this.#openInstead(),
      onBlocked: () => this.say(this.text("no_stream")),
    };
  }

  #comparisonHost() {
    const {environment} = this;
    return {
      now: environment.now,
      openRecording: environment.openRecording,
      onChange: () => this.redraw(),
      onPin: () => {
        this.store.update({pinned: this.comparison.pinned});
        this.#scheduleAddress();
      },
    };
  }

  #settingsHost() {
    const {now, setTimeout, clearTimeout} = this.environment;
    return {
      ...{now, setTimeout, clearTimeout},
      hold: () => this.#clock({type: "hold"}),
      release: () => {
        if (!this.source.pending) this.#clock({type: "release"});
      },
      announceStep: (/** @type {number} */ step) => this.#send("hand", {step}),
    };
  }

  /**
   * Tell the page, as a state of the component.
   * @param {string} name
   * @param {Record<string, unknown>} value
   */
  #send(name, value) {
    this.component.setStateValue(name, {...value, asked: ++this.#questions});
  }

  // --- what is known

  /** The recording on show. */
  get recording() {
    return this.source.current;
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
    const steps = Number(this.data.experiment.steps);
    return {frames: this.recording.frames, expected: this.expectedSnapshots, steps};
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
      const differ = labelDifferences(view.header.experiment, this.data.usual, this.data.labels);
      return differ.length ? differ : [this.text("usual")];
    };
    const comparison = this.comparison.viewBeside(view);
    return {run: view.run, view, comparison, beside: this.comparison.label, fill: filler(view), settings};
  }

  /**
   * What is on show in one string, but for what lies between two snapshots.
   * @param {View} view
   */
  keyOf(view) {
    return [view.run, view.frameIndex, view.ended, view.choices, view.prediction, this.awaitsPrediction].join();
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

  // --- what the page hands over

  /**
   * Take what Streamlit hands over.
   * @param {Component<Data>} component
   */
  update(component) {
    const waiting = this.awaitsPrediction;
    this.#stopReruns();
    this.component = component;
    this.data = component.data;
    this.store.update({data: this.data, ...keysOf(this.data)});
    this.#updateVisibility();
    if (waiting && !this.awaitsPrediction) this.#restart();
    if (!this.source.isOnShow(this.data.run) && this.#changeRun()) return;
    this.comparison.openFromAddress(this.data.beside);
    this.store.update({pinned: this.comparison.pinned});
    if (this.data.lines?.run === this.data.run) this.source.accept(this.data.lines);
  }

  /** Show the run that the page asks for. Returns whether it is prefetched, and the one on show plays on until it is there. */
  #changeRun() {
    if (this.#prefetchRun()) return true;
    this.comparison.keepRun(this.recording);
    const common = this.source.continueInRun(this.data);
    if (common) this.#continueAt(Math.min(this.state.clock.playhead, common - 1));
    else this.#openRun(this.data.view.step); // from the beginning, or where the address says: in the run that it opens
    return false;
  }

  /** Somebody has asked for a run in which something else happens up to the step on show. Returns whether that is so. */
  #prefetchRun() {
    const {source, data, shownStep: step} = this;
    if (source.pending?.run === data.run) return true;
    source.dropPendingRun();
    const holds = this.state.clock.held && step && !this.still;
    if (!holds || data.view.step !== null || source.commonPrefixStep(data) > 0) return false;
    this.say(this.text("trained_again", {step}));
    source.prefetchRun(data);
    return true;
  }

  #swapToPendingRun() {
    const {recording: before, shownStep: step} = this;
    if (!this.source.swapToPendingRun(step)) return;
    this.comparison.keepRun(before);
    this.#continueAt(
      Math.max(
        0,
        this.recording.frames.findLastIndex((frame) => frame.step <= step),
      ),
    );
    this.#onArrival();
  }

  /** What was prefetched cannot be read beside the run on show: open it in its place. */
  #openInstead() {
    this.source.dropPendingRun();
    this.comparison.keepRun(this.recording);
    this.#openRun(null);
  }

  /**
   * The last run's pictures stay until the first snapshot of this one is here.
   * @param {number | null} step
   */
  #openRun(step) {
    this.source.open(this.data);
    this.#startRun(step);
  }

  /** @param {number | null} step */
  #startRun(step) {
    const {recording} = this;
    this.#clock({type: "release"});
    this.#begin(step);
    this.store.update({message: "", run: recording.run, trainedStep: 0, ended: false, playback: "loading"});
    this.environment.watchQueue(recording, (position) => this.#onQueue(recording, position));
  }

  /** @param {number | null} step */
  #begin(step) {
    this.#clock({type: "begin", step, still: this.still, waiting: this.awaitsPrediction});
    this.#scheduleAddress();
  }

  /** What was withheld is shown, from the beginning. */
  #restart() {
    this.#updateVisibility();
    this.#announceEnd();
    this.#begin(null);
    this.#seekPending();
  }

  /**
   * Play on in the run that is there now.
   * @param {number} index of the snapshot to begin with
   */
  #continueAt(index) {
    this.#clock({type: "continue", index, still: this.still});
    this.#scheduleAddress();
    this.settingChanges.onAnswer();
    const {run, trainedStep, end} = this.recording;
    this.store.update({message: "", run, trainedStep, ended: Boolean(end), playback: "loading"});
  }

  /**
   * @param {Recording} recording
   * @param {QueuePosition | null} position
   */
  #onQueue(recording, position) {
    if (recording !== this.recording || this.source.polling) return;
    this.say(position ? this.#queueSentence(position) : "");
    if (!this.awaitsPrediction) this.store.update({placeholder: this.state.message || this.text("untrained")});
  }

  /** @param {QueuePosition} position */
  #queueSentence({before, seconds}) {
    const number = before + 1;
    if (seconds === null) return this.text("in_queue", {number});
    return this.text("in_queue_seconds", {number, seconds: Math.max(1, Math.round(seconds))});
  }

  #onArrival() {
    const {recording, source} = this;
    this.store.update({trainedStep: recording.trainedStep, ended: Boolean(recording.end)});
    if (recording.serverChanged) this.#rerunPage();
    if (recording.reconnects) this.say(this.text("connection_lost"));
    else if (!source.polling && !source.pending && !this.state.clock.held) this.say("");
    this.#announceEnd();
    this.#seekPending();
    this.#autoSelectUnit();
    this.#updatePlayback();
  }

  /** How the run came to its end; that a network diverged is not told to those who are asked what they expect. */
  #announceEnd() {
    const {end} = this.recording;
    if (end?.message && !(this.awaitsPrediction && end.status === "diverged")) this.say(end.message);
  }

  /**
   * The stream goes on from another server. There Streamlit opens a session only when it is told something, and loses what that
   * was. Its own connection may take longer to come back.
   */
  #rerunPage() {
    const {setTimeout, rerunPage} = this.environment;
    this.recording.serverChanged = false;
    this.#rerunTimers = RERUN_MS.map((delay) => setTimeout(rerunPage, delay));
  }

  #stopReruns() {
    for (const timer of this.#rerunTimers) this.environment.clearTimeout(timer);
    this.#rerunTimers = [];
  }

  /** Once, as soon as enough of the first run is there; kept in later runs. */
  #autoSelectUnit() {
    const {choice} = this;
    if (choice.unit !== "auto") return;
    const unit = autoSelectUnit(this.recording, choice.layer, this.story);
    if (unit !== null) this.store.update({choice: {...choice, unit}});
  }

  // --- time

  /**
   * One animation frame: move the playhead, and publish what is on show.
   * @param {number} time in milliseconds
   */
  tick(time) {
    const elapsed = Math.min(time - (this.#lastTick ?? time), MAX_FRAME_MS);
    this.#lastTick = time;
    this.#clock({type: "tick", seconds: elapsed / 1000});
    const view = this.view();
    if (!view) return;
    this.#publishSnapshot(view);
    this.store.update({view});
    this.tour?.tick(view, time);
    this.#updatePlayback();
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
    if (this.#wordsKey === key || time - this.#wordsAt <= (this.playing ? WORDS_MS : 0)) return;
    this.#wordsKey = key;
    this.#wordsAt = time;
    this.store.update({wordsView: view, placeholder: null});
  }

  #updatePlayback() {
    this.store.update({playback: playbackState(this.state.clock, this.recording)});
  }

  #updateVisibility() {
    const {tour, curtain} = this.state;
    const waiting = this.awaitsPrediction;
    const answering = this.story.answering ?? [];
    const visibility = visibilityOf({waiting, answering, tourAsks: tour.asks, networkAlone: tour.alone, curtain});
    this.store.update({visibility});
  }

  /** @param {ClockEvent} event */
  #clock(event) {
    this.store.update({clock: nextClock(this.state.clock, event, this.recording)});
  }

  #seekPending() {
    const {pendingSeek} = this.state.clock;
    if (pendingSeek !== null && !this.awaitsPrediction) this.seekStep(pendingSeek);
  }

  // --- commands

  play() {
    if (this.awaitsPrediction) return this.#remind();
    this.#clock({type: "play"});
    this.#scheduleAddress();
  }

  pause() {
    this.#clock({type: "pause"});
    this.#scheduleAddress();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** @param {number} index of the snapshot, or beyond the last one */
  seek(index) {
    if (this.awaitsPrediction) return this.#remind();
    this.#clock({type: "seek", index});
    this.#scheduleAddress();
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
    this.#clock({type: "seekStep", step});
    if (this.state.clock.pendingSeek === null) this.#scheduleAddress();
  }

  /** To the end, as soon as it is there. */
  seekEnd() {
    this.#clock({type: "pendSeek", step: Infinity});
    this.seekStep(Infinity);
  }

  /**
   * Play, or not, from a place in the run.
   * @param {number} playhead
   * @param {boolean} playing
   */
  startFrom(playhead, playing) {
    this.#clock({type: "start", playhead, playing});
  }

  /** @param {boolean} playing */
  setPlaying(playing) {
    this.#clock({type: "setPlaying", playing});
  }

  /** @param {number} speed 1 is SNAPSHOTS_PER_SECOND */
  setSpeed(speed) {
    this.#clock({type: "setSpeed", speed});
  }

  toggleLoop() {
    this.#clock({type: "toggleLoop"});
  }

  /** Train no further; what has arrived can be played. */
  stop() {
    const {recording} = this;
    if (recording.end) return;
    recording.end = {status: "stopped", message: this.text("stopped", {step: recording.trainedStep})};
    recording.close();
    this.component.setTriggerValue("stop", recording.run);
    this.#onArrival();
  }

  /** The visitor would rather not predict. */
  skip() {
    this.#skipped = true;
    this.component.setTriggerValue("skip", this.recording.run);
    this.#restart();
  }

  #remind() {
    this.store.update({reminders: this.state.reminders + 1});
  }

  /** @param {Partial<Choice> & Record<string, any>} change */
  choose(change) {
    for (const name of VIEW_PARAMETERS) if (name in change) this.#chosen.add(name);
    const unitChoices = this.state.unitChoices + Number(typeof change.unit === "number");
    this.store.update({choice: {...this.choice, ...change}, unitChoices});
    this.#scheduleAddress();
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
    if ("step" in edit) this.#clock({type: "hold"});
    this.settingChanges.awaitAnswer();
    this.say(this.text("asked_for"));
    this.component.setTriggerValue("edit", {...edit, run: this.recording.run, asked: ++this.#questions});
  }

  /** @param {string} message */
  say(message) {
    this.store.update({message});
  }

  /** Everything has to be drawn anew. */
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

  // --- the address

  /** The address of this very place, for others; null while nothing is on show. */
  link() {
    const href = this.#linkWithStep();
    return href && this.environment.outsideFrame(href);
  }

  /** The address for others, with the step only where somebody has paused. */
  placedLink() {
    const href = this.#placedLink();
    return href && this.environment.outsideFrame(href);
  }

  #linkWithStep() {
    const view = this.view();
    const {pendingSeek} = this.state.clock;
    return view && linkWithStep(this.environment.href(), view, {pendingSeek, beside: this.comparison.query(this.data)});
  }

  #placedLink() {
    if (this.state.clock.resting) return this.#linkWithStep();
    const beside = this.comparison.query(this.data);
    return linkWithoutStep(this.environment.href(), this.view(), {chosen: this.#chosen, beside});
  }

  /**
   * The address bar holds the place where a visitor has paused, and no step while it plays. It is changed in place: the back
   * button leads to other runs, not to other steps.
   */
  #scheduleAddress() {
    const {environment} = this;
    environment.clearTimeout(this.#addressTimer);
    this.#addressTimer = environment.setTimeout(() => {
      const href = this.#placedLink();
      if (href && href !== environment.href()) environment.replaceHref(href);
    }, ADDRESS_MS);
  }
}

/** @param {Data} data */
const keysOf = ({panels, changes}) => ({panelsKey: JSON.stringify(panels), changesKey: JSON.stringify(changes)});

/**
 * @param {Data} data
 * @param {Choice} choice
 * @returns {State}
 */
const initialState = (data, choice) => ({
  ...{data, ...keysOf(data), choice, clock: STOPPED_CLOCK, unitChoices: 0, message: "", placeholder: null},
  ...{curtain: false, pinned: false, reminders: 0, redraws: 0, run: data.run, trainedStep: 0, ended: false, playback: "loading"},
  ...{view: null, snapshotView: null, wordsView: null},
  visibility: visibilityOf({waiting: data.waiting, answering: [], tourAsks: false, networkAlone: false, curtain: false}),
  tour: {index: null, resumeIndex: 0, asks: false, alone: false, guess: null, answer: {verdict: "", text: "", waiting: true}},
});
