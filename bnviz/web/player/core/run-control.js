// @ts-check
// The course of runs: which of them is shown when the page asks for another one, where it begins, and the text meanwhile.

import {RunSource} from "./run-source.js";
import {autoSelectUnit} from "./unit-choice.js";

/** @import {Recording} from "../recording.js" */
/** @import {PlayerCore, QueuePosition} from "./player-core.js" */

const RERUN_MS = [0, 4000, 15000]; // after the stream has moved to another server, when Streamlit is told

export class RunControl {
  /** @type {any[]} */
  #rerunTimers = [];

  /** @param {PlayerCore} player */
  constructor(player) {
    this.player = player;
    const {stream, setTimeout, clearTimeout} = player.environment;
    const host = {
      ...{stream, setTimeout, clearTimeout},
      poll: (/** @type {{run: string, from: number}} */ cursor) => player.send("cursor", cursor),
      onArrival: () => this.onArrival(),
      onPendingArrival: () => this.#swapToPendingRun(),
      onPendingBlocked: () => this.#openInstead(),
      onBlocked: () => player.say(player.text("no_stream")),
    };
    this.source = new RunSource(host, player.data);
  }

  close() {
    this.#stopReruns();
    this.source.close();
  }

  /** The page has been run, and has handed over data. */
  onPage() {
    this.#stopReruns();
  }

  /** Show the run that the page asks for. Returns whether it is prefetched, and the one on show plays on until it is there. */
  follow() {
    const {player, source} = this;
    const {data} = player;
    if (source.isOnShow(data.run)) return false;
    if (this.#prefetchRun()) return true;
    player.comparison.keepRun(source.current);
    const common = source.continueInRun(data);
    if (common) this.#continueAt(Math.min(player.state.clock.playhead, common - 1));
    else this.#open(data.view.step); // from the beginning, or where the address says: in the run that it opens
    return false;
  }

  /** Somebody has asked for a run in which something else happens up to the step on show. Returns whether that is so. */
  #prefetchRun() {
    const {source, player} = this;
    const {data, shownStep: step} = player;
    if (source.pending?.run === data.run) return true;
    source.dropPendingRun();
    const holds = player.state.clock.held && step && !player.still;
    if (!holds || data.view.step !== null || source.commonPrefixStep(data) > 0) return false;
    player.say(player.text("trained_again", {step}));
    source.prefetchRun(data);
    player.announceTraining();
    return true;
  }

  #swapToPendingRun() {
    const {source, player} = this;
    const {current: before} = source;
    const {shownStep: step} = player;
    if (!source.swapToPendingRun(step)) return;
    player.comparison.keepRun(before);
    this.#continueAt(
      Math.max(
        0,
        source.current.frames.findLastIndex((frame) => frame.step <= step),
      ),
    );
    this.onArrival();
  }

  /** What was prefetched cannot be read beside the run on show: open it in its place. */
  #openInstead() {
    this.source.dropPendingRun();
    this.player.comparison.keepRun(this.source.current);
    this.#open(null);
  }

  /**
   * The last run's pictures stay until the first snapshot of this one is here.
   * @param {number | null} step
   */
  #open(step) {
    this.source.open(this.player.data);
    this.start(step);
    this.player.announceTraining();
  }

  /**
   * Begin to play the run on show.
   * @param {number | null} step to rest at
   */
  start(step) {
    const {player} = this;
    const {current} = this.source;
    player.dispatch({type: "release"});
    this.#begin(step);
    player.store.update({message: "", run: current.run, trainedStep: 0, ended: false, playback: "loading"});
    player.environment.watchQueue(current, (position) => this.#onQueue(current, position));
  }

  /** What was withheld before the prediction is shown, from the beginning. */
  restart() {
    this.#announceEnd();
    this.#begin(null);
    this.#seekPending();
  }

  /** @param {number | null} step */
  #begin(step) {
    const {player} = this;
    player.dispatch({type: "begin", step, still: player.still, waiting: player.awaitsPrediction});
    player.addressBar.schedule();
  }

  /**
   * Play on in the run that is there now.
   * @param {number} index of the snapshot to begin with
   */
  #continueAt(index) {
    const {player} = this;
    player.dispatch({type: "continue", index, still: player.still});
    player.addressBar.schedule();
    player.settingChanges.onAnswer();
    const {run, trainedStep, end} = this.source.current;
    player.store.update({message: "", run, trainedStep, ended: Boolean(end), playback: "loading"});
  }

  /**
   * @param {Recording} recording
   * @param {QueuePosition | null} position
   */
  #onQueue(recording, position) {
    const {player, source} = this;
    if (recording !== source.current || source.polling) return;
    const message = position ? this.#queueSentence(position) : "";
    player.say(message);
    if (!player.awaitsPrediction) player.store.update({placeholder: message || player.text("untrained")});
  }

  /** @param {QueuePosition} position */
  #queueSentence({before, seconds}) {
    const number = before + 1;
    if (seconds === null) return this.player.text("in_queue", {number});
    return this.player.text("in_queue_seconds", {number, seconds: Math.max(1, Math.round(seconds))});
  }

  /** The run on show has got further, or has lost its connection. */
  onArrival() {
    const {player, source} = this;
    const {current} = source;
    player.store.update({trainedStep: current.trainedStep, ended: Boolean(current.end)});
    if (current.serverChanged) this.#rerunPage();
    if (current.reconnects) player.say(player.text("connection_lost"));
    else if (!source.polling && !source.pending && !player.state.clock.held) player.say("");
    this.#announceEnd();
    this.#seekPending();
    this.#autoSelectUnit();
    player.updatePlayback();
  }

  /** How the run came to its end; that a network diverged is not told to those who are asked what they expect. */
  #announceEnd() {
    const {player} = this;
    const {end, damagedLine} = this.source.current;
    if (damagedLine) player.say(player.text("damaged", {line: damagedLine}));
    if (end?.message && !(player.awaitsPrediction && end.status === "diverged")) player.say(end.message);
  }

  #seekPending() {
    const {player} = this;
    const {pendingSeek} = player.state.clock;
    if (pendingSeek !== null && !player.awaitsPrediction) player.seekStep(pendingSeek);
  }

  /** Once, as soon as enough of the first run is there; kept in later runs. */
  #autoSelectUnit() {
    const {player} = this;
    const {choice} = player;
    if (choice.unit !== "auto") return;
    const unit = autoSelectUnit(this.source.current, choice.layer, player.story);
    if (unit !== null) player.store.update({choice: {...choice, unit}});
  }

  /**
   * The stream goes on from another server. There Streamlit opens a session only when it is told something, and loses what that
   * was. Its own connection may take longer to come back.
   */
  #rerunPage() {
    const {setTimeout, rerunPage} = this.player.environment;
    this.source.current.serverChanged = false;
    this.#rerunTimers = RERUN_MS.map((delay) => setTimeout(rerunPage, delay));
  }

  #stopReruns() {
    for (const timer of this.#rerunTimers) this.player.environment.clearTimeout(timer);
    this.#rerunTimers = [];
  }
}
