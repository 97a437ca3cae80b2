// A world for the player's core: a clock that is moved by hand, recordings that arrive on demand, a page and an address bar that
// note what they are told. Words are the player's real ones: a file that the environment variable BNVIZ_WORDS names.

import {readFileSync} from "node:fs";

import {PlayerCore} from "../../../bnviz/web/player/core/player-core.js";
import {Recording} from "../../../bnviz/web/player/recording.js";

const WORDS = JSON.parse(readFileSync(process.env.BNVIZ_WORDS, "utf8"));
const FRAME_MS = 1000 / 60;
const UNITS = [0, 1, 2, 3, 4, 5, 6, 7];
const HIDDEN_LAYERS = 5;
const DENSE = 16; // so many first steps have a snapshot each, then every fourth

const EXAMPLES = 640; // of an epoch

export const EXPERIMENT = {steps: 60, batch_size: 64, learning_rate: 0.1, changes: ""};

/** Steps of the snapshots of a run, from the untrained network on. */
export const stepsUpTo = (last, first = 0) =>
  Array.from({length: last + 1}, (_, step) => step).filter((step) => step >= first && (step <= DENSE || step % 4 === 0));

/** One arm of a snapshot. Unit number u moves by u + 1 a step, so the one of middling movement is known. */
const armAt = (step, values = {}) => ({
  ...{train_loss: 1, probe_loss: 1, test_loss: 1, test_accuracy: step / 100, normalizer: "none"},
  unit_mean: {activation: Array.from({length: HIDDEN_LAYERS}, () => UNITS.map((unit) => (unit + 1) * step))},
  ...values,
});

export const frameAt = (step, values = {}, batch = EXPERIMENT.batch_size) => ({
  ...{type: "snapshot", index: step, step, epoch: (step * batch) / EXAMPLES},
  arms: {none: armAt(step, values), batch: armAt(step, {normalizer: "batch", ...values})},
});

const headerOf = (run, experiment) => ({
  ...{type: "header", id: run, experiment, arms: ["none", "batch"], hidden_layers: HIDDEN_LAYERS, watched_units: UNITS},
  ...{taps: ["linear", "normalized", "activation"], total_steps: experiment.steps, classes: 10},
});

const ARMS = {
  none: {label: "none", name: "without", colour: "#000"},
  batch: {label: "batch norm", name: "with batch norm", colour: "#f00"},
};

/** What a page hands over; the run is named after its experiment. */
export function pageData({experiment = {}, view = {}, ...more} = {}) {
  const values = {...EXPERIMENT, ...experiment};
  const run = JSON.stringify({...experiment});
  return {
    ...{run, stream: `stream of ${run}`, snapshots: stepsUpTo(values.steps).length, epochs: 6, panels: [], story: "test"},
    examples: EXAMPLES,
    view: {
      step: null,
      layer: 2,
      tap: "activation",
      unit: null,
      target: 0.75,
      motion: "distribution",
      tour: null,
      beside: null,
      ...view,
    },
    ...{prediction: null, predictions: {}, waiting: false, arms: ARMS, words: {}, tour: {}, shared: WORDS},
    ...{data: {held_out: "test images"}, experiment: values, usual: EXPERIMENT, labels: {}, locks: [], onward: {}},
    ...{changes: [], before: []},
    ...{beside: null, ...more},
  };
}

const STORY = {headline: (view) => `At step ${view.frame.step}.`, captions: {}, alternatives: {}};
const fits = {range: () => null, tallest: () => 1};

export class World {
  time = 0;
  timers = new Map();
  href = "http://lab/";
  recordings = new Map();
  streams = [];
  queue = () => {};
  reruns = 0;
  /** What the page was told: states by name as they are, triggers one after another. */
  states = {};
  triggers = [];

  constructor({story = {}, still = false, href = this.href, ...page} = {}) {
    this.href = href;
    this.core = new PlayerCore({
      ...{component: this.component(pageData(page)), story: {...STORY, ...story}, environment: this.environment()},
      ...{fits, comparisonFits: fits, still},
    });
  }

  component(data) {
    return {
      data,
      setStateValue: (name, value) => (this.states[name] = value),
      setTriggerValue: (name, value) => this.triggers.push([name, value]),
    };
  }

  environment() {
    const stream = (recording, address) => {
      this.recordings.set(recording.run, recording);
      this.streams.push(address);
    };
    return {
      now: () => this.time,
      setTimeout: (callback, delay) => {
        const timer = this.timers.size + 1;
        this.timers.set(timer, {callback, at: this.time + delay});
        return timer;
      },
      clearTimeout: (timer) => this.timers.has(timer) && this.timers.set(timer, {at: Infinity}),
      stream,
      openRecording: (run, onChange, address) => {
        const recording = new Recording(
          run,
          () => onChange(recording),
          () => {},
        );
        stream(recording, address);
        return recording;
      },
      watchQueue: (_, say) => (this.queue = say),
      href: () => this.href,
      replaceHref: (href) => (this.href = href),
      rerunPage: () => (this.reruns += 1),
      outsideFrame: (href) => href,
    };
  }

  /** Have the page run again, and hand over this. */
  rerun(page) {
    this.core.update(this.component(pageData(page)));
    return this;
  }

  /** Snapshots of a run arrive: all that are missing up to a step, by default the whole run and its end. */
  arrive(run = this.core.data.run, {upTo, end = upTo === undefined ? "finished" : null, values = {}, message = ""} = {}) {
    const recording = this.recordings.get(run);
    const experiment = {...EXPERIMENT, ...JSON.parse(run)};
    const steps = stepsUpTo(upTo ?? experiment.steps);
    const missing = steps.filter((step) => !recording.frames.length || step > recording.trainedStep);
    const messages = [
      ...(recording.lines ? [] : [headerOf(run, experiment)]),
      ...missing.map((step) => frameAt(step, values, experiment.batch_size)),
      ...(end ? [{type: "end", status: end, message}] : []),
    ];
    recording.accept(
      messages.map((one) => JSON.stringify(one)),
      recording.lines,
    );
    return this;
  }

  /** Let time pass, an animation frame after another. */
  pass(milliseconds = FRAME_MS) {
    const end = this.time + milliseconds;
    do {
      this.time = Math.min(this.time + FRAME_MS, end);
      for (const [timer, {at, callback}] of this.timers) {
        if (at > this.time) continue;
        this.timers.set(timer, {at: Infinity});
        callback();
      }
      this.core.tick(this.time);
    } while (this.time < end);
    return this;
  }

  /** Let time pass until something is so. */
  until(condition) {
    for (let frames = 0; !condition(this.core.state); frames++) {
      if (frames > 6000) throw new Error(`never in 100 seconds: ${condition}`);
      this.pass();
    }
    return this;
  }

  get step() {
    return this.core.state.view?.frame.step;
  }

  get playback() {
    return this.core.state.playback;
  }

  /** A parameter of the address; null if there is none. */
  parameter(name) {
    return new URL(this.href).searchParams.get(name);
  }

  /** What was asked for in the player last. */
  get lastEdit() {
    const [, {serial: _serial, run: _run, ...edit}] = this.triggers.findLast(([name]) => name === "edit");
    return edit;
  }
}
