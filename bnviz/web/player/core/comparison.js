// @ts-check
// The comparison run: the run before, or one that the address names, shown as faint lines beside the run on show until a visitor
// dismisses it. Pinned, it stays through further changes and goes into the address.

import {epochs as written} from "../numerals.js";
import {scoreText} from "../scores.js";
import {differences} from "../settings.js";
import {both, hasClasses, joinSentences, playerText} from "../words.js";
import {clockOf, differInPace, nearestByEpochs, ownClock} from "./time-axis.js";

/** @import {ComparisonLegend, Contrast, Data, Ranges, Time, View} from "../types" */
/** @import {Recording} from "../recording.js" */
/** @import {TimeAxis} from "./time-axis.js" */
/** @typedef {Pick<Data, "before" | "epochs" | "examples">} About the run on show, and those before it */
/** @typedef {Pick<Recording, "run" | "header" | "frames" | "end">} Series */
/**
 * @typedef {object} Host what this asks of the player
 * @property {() => number} now in milliseconds
 * @property {(run: string, onChange: (recording: Recording) => void, address: string) => Recording} openRecording
 * @property {() => void} onChange another run has to be drawn, or none
 * @property {() => void} onPin the address has to be updated
 */

const SAME_EPOCHS = 0.03; // a smaller difference, as a share, is not worth a sentence
const COMPLETE = ["finished", "diverged"]; // ends of runs that have taken all of their steps
/** @type {Contrast} */
const NO_CONTRAST = {label: "", own: ""};
const GLIMPSE_MS = 2000; // a run that was on show for no longer, while a slider was on its way, is not compared with

export class Comparison {
  /** @type {Series | null} */
  run = null;
  /** What that run and the one on show differ in, in words. @type {Contrast} */
  contrast = NO_CONTRAST;
  pinned = false;
  /** The run that the address names, and its settings there. */
  #addressRun = "";
  #addressQuery = "";
  #addressTimes = 0;
  #addressContrast = NO_CONTRAST;
  /** @type {Recording | null} that run's recording */
  #addressRecording = null;
  #since;

  /**
   * @param {Host} host
   * @param {Ranges} fits
   */
  constructor(host, fits) {
    this.host = host;
    this.fits = fits;
    this.#since = host.now();
  }

  /**
   * Another run takes the place of this one, which from now on is compared with.
   * @param {Series} series
   */
  keepRun({run, header, frames, end}) {
    const duration = this.host.now() - this.#since;
    this.#since = this.host.now();
    if (this.pinned || !header || frames.length < 2 || (this.run && duration < GLIMPSE_MS)) return;
    this.run = {run, header, frames: [...frames], end};
    this.contrast = NO_CONTRAST;
  }

  /**
   * The page hands over a run from the address; it counts once, for it may be dismissed, unless it is chosen again.
   * @param {Data["beside"]} beside
   */
  openFromAddress(beside) {
    if (!beside) return;
    const {run, times = 0, label, own, epochs, examples} = beside;
    this.#addressContrast = {label, own, epochs, examples};
    if (run === this.#addressRun && times === this.#addressTimes) return;
    this.close();
    this.#addressRun = run;
    this.#addressTimes = times;
    this.#addressQuery = beside.query;
    this.pinned = true;
    if (run !== this.run?.run) this.run = null;
    this.host.onChange(); // it is said at once what is awaited
    if (this.run?.end) return;
    this.#addressRecording = this.host.openRecording(run, (recording) => this.#onArrival(recording), beside.stream);
  }

  /** @param {Recording} recording */
  #onArrival(recording) {
    if (recording !== this.#addressRecording || !recording.header || !recording.frames.length) return;
    this.run = recording;
    this.host.onChange();
  }

  /**
   * The pinned run's settings as a link has them; null if none is pinned.
   * @param {Pick<Data, "usual">} data
   */
  query({usual}) {
    if (!this.pinned) return null;
    if (!this.run?.header) return this.#addressQuery; // it is still on its way
    const settings = differences(this.run.header.experiment, usual);
    const named = settings.length ? settings : [{name: "seed", value: usual.seed}]; // an empty text would name none
    return String(new URLSearchParams(named.map(({name, value}) => [name, String(value)])));
  }

  togglePin() {
    this.pinned = !this.pinned;
    this.host.onPin();
    this.host.onChange();
  }

  dismiss() {
    const isInAddress = this.pinned;
    this.close();
    this.run = null;
    this.pinned = false;
    if (isInAddress) this.host.onPin();
    this.host.onChange();
  }

  close() {
    this.#addressRecording?.close();
  }

  /**
   * The comparison run as it is seen beside `view`: all of its lines. Null if there is none, or it cannot be compared.
   * @param {View} view
   * @returns {View | null}
   */
  viewBeside(view) {
    const {run} = this;
    if (!run?.header || run.run === view.run) return null;
    if (run.header.hidden_layers < view.layer || !run.header.arms.includes(view.compared)) return null;
    if (view.unit !== "pooled" && !run.header.watched_units.includes(view.unit)) return null;
    const frameIndex = run.frames.length - 1;
    return {
      ...view,
      ...run,
      header: run.header,
      frameIndex,
      frame: run.frames[frameIndex],
      blend: 0,
      ended: true,
      fits: this.fits,
    };
  }

  // --- what is compared with what

  /**
   * Whether the run on show and the comparison run, which may be awaited, train on different numbers of examples in a step.
   * @param {View} view
   * @param {About} data
   */
  hasOtherPace(view, data) {
    const other = this.viewBeside(view);
    const {epochs, examples = data.examples} = other ? this.#contrastWith(other.run, data) : NO_CONTRAST;
    if (!other || !data.epochs) return false;
    const {step, epoch} = epochs ? {step: other.header.total_steps, epoch: epochs} : other.frame;
    return differInPace((data.epochs * data.examples) / view.header.total_steps, (epoch * examples) / Math.max(1, step));
  }

  /**
   * What charts over time count: what the visitor has chosen, or examples seen where equal steps are not equal training.
   * @param {View} view
   * @param {About} data
   * @returns {Time}
   */
  timeOf(view, data) {
    return view.time ?? (this.hasOtherPace(view, data) ? "epochs" : "steps");
  }

  /**
   * The axis of charts over time; null if it counts steps.
   * @param {View} view
   * @param {About} data
   * @returns {TimeAxis | null}
   */
  timeAxis(view, data) {
    if (this.timeOf(view, data) === "steps") return null;
    const other = this.viewBeside(view);
    const own = ownClock(view, data);
    return {
      title: playerText(view, "time_title"),
      short: playerText(view, "time_short"),
      hover: playerText(view, "time_label", {epochs: "%{x:.3~g}", step: "%{customdata}"}),
      own,
      other: other ? this.#clockOf(other, data) : own,
    };
  }

  /**
   * How far the comparison run is after a step, in epochs of the run on show.
   * @param {View} other
   * @param {About} data
   */
  #clockOf(other, data) {
    const {examples = data.examples} = this.#contrastWith(other.run, data);
    return clockOf(other.frames, examples / data.examples);
  }

  /**
   * What both runs are called in legends, with their epochs where these differ; null if none is compared with.
   * @param {View} view
   * @param {About} data
   * @returns {ComparisonLegend | null}
   */
  legend(view, data) {
    const other = this.viewBeside(view);
    if (!other) return null;
    const {label, own} = this.#contrastWith(other.run, data);
    const names = {own: own || playerText(view, "ghost_this"), other: label || playerText(view, "ghost_before")};
    const epochs = this.#unequalEpochs(other, data);
    if (!epochs) return names;
    const withEpochs = (/** @type {"own" | "other"} */ which) =>
      playerText(view, "ghost_run", {label: names[which], epochs: epochs[which]});
    return {own: withEpochs("own"), other: withEpochs("other")};
  }

  /**
   * @param {string} run
   * @param {Pick<Data, "before">} data
   */
  #contrastWith(run, {before}) {
    const known = before.find((one) => one.run === run) ?? (run === this.#addressRun ? this.#addressContrast : null);
    if (known) this.contrast = known;
    return this.contrast;
  }

  /**
   * Which run it is, how it scored at the step on show or after as many examples, and whether both train for as long; null if
   * none is compared with.
   * @param {View} view
   * @param {About} data
   */
  sentence(view, data) {
    const other = this.viewBeside(view);
    const first = other ? this.#scoreSentence(view, other, data) : this.#awaitedSentence(view);
    if (!first) return null;
    const epochs = this.#unequalEpochs(other, data);
    if (!epochs) return first;
    return joinSentences(first, playerText(view, this.#isByExamples(view, data) ? "ghost_totals" : "ghost_epochs", epochs));
  }

  /**
   * Whether scores of different steps are compared, because the runs have then seen as many examples.
   * @param {View} view
   * @param {About} data
   */
  #isByExamples(view, data) {
    return this.hasOtherPace(view, data) && this.timeOf(view, data) === "epochs";
  }

  /**
   * @param {View} view
   * @param {View} other
   * @param {About} data
   */
  #scoreSentence(view, other, data) {
    const {label} = this.#contrastWith(other.run, data);
    const which = playerText(view, other.run === this.#addressRecording?.run ? "ghost_beside" : "ghost_before");
    const frameIndex = this.#pairedIndex(view, other, data);
    const shown = {...other, frameIndex, frame: other.frames[frameIndex]};
    const scores = both(shown, (arm) => scoreText(shown, arm));
    return joinSentences(
      playerText(view, "ghost_lines", {which, label}),
      this.hasOtherPace(view, data) && this.#placeSentence(view, shown, data),
      playerText(view, hasClasses(other) ? "ghost_accuracy" : "ghost_loss", {step: shown.frame.step, scores}),
    );
  }

  /**
   * The comparison run's snapshot that goes with the one on show, an index.
   * @param {View} view
   * @param {View} other
   * @param {About} data
   */
  #pairedIndex(view, other, data) {
    if (this.#isByExamples(view, data)) return nearestByEpochs(other.frames, this.#clockOf(other, data), view.frame.epoch);
    const index = other.frames.findLastIndex(({step}) => step <= view.frame.step);
    return Math.max(0, index);
  }

  /**
   * How far both runs are where their scores are compared, in steps and in epochs.
   * @param {View} view
   * @param {View} shown the comparison run there
   * @param {About} data
   */
  #placeSentence(view, shown, data) {
    const [own, other] = [view.frame.epoch, this.#clockOf(shown, data)(shown.frame.step)];
    const isShort = shown.frameIndex === shown.frames.length - 1 && other < (1 - SAME_EPOCHS) * own;
    const key = this.#isByExamples(view, data) ? (isShort ? "ghost_fewer" : "ghost_by_examples") : "ghost_by_steps";
    const steps = {step: view.frame.step, other_step: shown.frame.step};
    return playerText(view, key, {...steps, own: written(own), other: written(other)});
  }

  /**
   * The address names a run of which nothing is here yet; null if it names none.
   * @param {View} view
   */
  #awaitedSentence(view) {
    if (!this.#isAwaited) return null;
    return playerText(view, "ghost_awaited", {which: playerText(view, "ghost_beside"), label: this.#addressContrast.label});
  }

  get #isAwaited() {
    return this.pinned && this.run?.run !== this.#addressRun && Boolean(this.#addressRecording);
  }

  /**
   * How long both runs train, where that is not the same: epochs in words; null where it is, or is not known.
   * @param {View | null} other the comparison run; null if it is awaited
   * @param {About} data of the run on show
   */
  #unequalEpochs(other, data) {
    const own = data.epochs;
    const last = other ? this.#epochsOf(other, data) : this.#addressContrast.epochs;
    if (!own || !last || Math.abs(last - own) <= SAME_EPOCHS * own) return null;
    return {own: written(own), other: written(last)};
  }

  /**
   * Epochs of the comparison run: those of its settings, unless it was left or stopped before its end.
   * @param {View} other
   * @param {Pick<Data, "before">} data
   */
  #epochsOf(other, data) {
    const isComplete = COMPLETE.includes(this.run?.end?.status ?? "") || other.run === this.#addressRecording?.run;
    const {epochs} = this.#contrastWith(other.run, data);
    return isComplete && epochs ? epochs : other.frame.epoch;
  }
}
