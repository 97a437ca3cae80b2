// @ts-check
// Move γ and β of one unit of the trained network, and ask the server what it does then: measures/by_hand.py answers.
// The service requests and caches; sliders call it; drawings and sentences read the view.

import {centres, binOf} from "../../web/player/numbers.js";
import {digits, hasClasses, percent, say as anySay, sentenceOrKey, unitName} from "../../web/player/words.js";
import {overExamples, scale} from "./reading.js";

/** @import {Control, FeedFunction, ControlHost, ServiceHost, Make, Say, Service, View} from "../../web/player/types" */
/** @import {Words} from "./words" */
/** @typedef {{gamma: number, beta: number}} Scales */
/** @typedef {{run: string, layer: number, unit: number, initial: Scales}} Place the unit whose γ and β may be moved */
/** @typedef {{counts: number[], zeros: number, test_accuracy: number | null, test_loss: number | null}} Outcome */
/** @typedef {{layer: number, unit: number, before: Outcome & Scales, after: Outcome & Scales}} Answer */
/**
 * Question and answer; a new object whenever it changes. `target` has the sliders' values, `problem` is what the server says
 * is wrong.
 * @typedef {{place: Place | null, target: Scales | null, answer: Answer | null, problem: string, unreachable: boolean}} State
 */
/** @typedef {(place: Place, target: Scales, signal: AbortSignal) => Promise<Partial<State>>} Ask */

/** @typedef {{set(action: () => void, milliseconds: number): number, clear(timer: number): void}} Clock */

/** @type {Say<Words>} */
const say = anySay;
/** @type {Clock} */
const CLOCK = {set: (action, milliseconds) => setTimeout(action, milliseconds), clear: (timer) => clearTimeout(timer)};

const PATIENCE_MS = 60; // between the last movement of a slider and the question
const LIMIT = 10; // what the server takes of γ and β
/** @type {Record<keyof Scales, {name: string, min: number, max: number}>} */
const SLIDERS = {gamma: {name: "γ", min: -2, max: 4}, beta: {name: "β", min: -3, max: 3}};
/** @type {State} */
const AT_FIRST = {place: null, target: null, answer: null, problem: "", unreachable: false};

// --- asking

/** @implements {Service<{}, State>} */
export class ByHand {
  state = AT_FIRST;
  closed = false;
  /** @type {AbortController | null} of the question that is under way */
  request = null;

  /**
   * @param {Pick<ServiceHost, "redraw">} host
   * @param {Ask} [ask]
   * @param {Clock} [clock]
   */
  constructor(host, ask = askServer, clock = CLOCK) {
    this.host = host;
    this.fetch = ask;
    this.clock = clock;
  }

  /**
   * The run, the layer or the unit on show has changed: the sliders go to what was learnt there.
   * @param {View} view
   */
  follow(view) {
    const place = placeOf(view);
    if (JSON.stringify(place) === JSON.stringify(this.state.place)) return;
    this.state = {...AT_FIRST, place, target: place && place.initial};
    this.ask();
  }

  /** @param {Partial<Scales>} change */
  move(change) {
    if (!this.state.target) return;
    this.state = {...this.state, target: {...this.state.target, ...change}};
    this.ask();
  }

  reset() {
    if (this.state.place) this.move(this.state.place.initial);
  }

  /** Ask soon; the question before this one is obsolete. */
  ask() {
    this.request?.abort();
    const {place, target} = this.state;
    if (this.closed || !place || !target) return;
    const request = new AbortController();
    this.request = request;
    const begin = () => void this.take(this.fetch(place, target, request.signal), request.signal);
    const soon = this.clock.set(begin, PATIENCE_MS);
    request.signal.addEventListener("abort", () => this.clock.clear(soon));
  }

  /**
   * Only the answer to the latest request counts; earlier ones are dropped.
   * @param {Promise<Partial<State>>} answer
   * @param {AbortSignal} signal
   */
  async take(answer, signal) {
    const response = await answer;
    if (signal.aborted) return;
    this.state = {...this.state, problem: "", unreachable: false, ...response};
    this.host.redraw("hand");
  }

  close() {
    this.closed = true;
    this.request?.abort();
  }
}

/** @param {View} view */
const isFinished = (view) => view.ended && view.frames[view.frames.length - 1].step === view.header.total_steps;

/**
 * The unit on show and what it has learnt in the finished run, as exactly as sliders need it; null while there is none.
 * @param {View} view
 * @returns {Place | null}
 */
function placeOf(view) {
  const {run, layer, unit} = view;
  if (!isFinished(view) || unit === "pooled") return null;
  const initial = {gamma: learntScale(view, "gamma", unit), beta: learntScale(view, "beta", unit)};
  return Object.values(initial).every(Number.isFinite) ? {run, layer, unit, initial} : null;
}

/**
 * @param {View} view
 * @param {keyof Scales} key
 * @param {number} unit
 */
function learntScale(view, key, unit) {
  const value = scale(view.frames[view.frames.length - 1], key, view)[unit];
  return Math.max(-LIMIT, Math.min(Number(value.toFixed(3)), LIMIT));
}

/** @type {Ask} */
async function askServer({run, layer, unit}, {gamma, beta}, signal) {
  const query = Object.entries({layer, unit, gamma, beta}).map(([name, value]) => [name, String(value)]);
  const path = `bnviz/runs/${run}/by-hand?${new URLSearchParams(query)}`;
  try {
    const response = await fetch(new URL(path, document.baseURI), {signal});
    const body = await response.json();
    return response.ok ? {answer: body} : {problem: body.error};
  } catch {
    return {unreachable: true};
  }
}

// --- the sliders

/**
 * Sliders for γ and β, and a way back.
 * @param {ControlHost<{}, State>} player
 * @param {Make} make
 * @returns {Control}
 */
export function control(player, make) {
  const service = /** @type {ByHand} */ (player.service);
  const text = (/** @type {string} */ key, /** @type {Record<string, string>} */ values = {}) =>
    sentenceOrKey(player.words, key, values);
  const sliders = {gamma: slider("gamma"), beta: slider("beta")};
  const reset = make("button", {type: "button", onclick: () => (service.reset(), place())}, text("as_learnt"));

  /** @param {keyof Scales} key */
  function slider(key) {
    const {name, min, max} = SLIDERS[key];
    const attributes = {type: "range", min, max, step: 0.05, "aria-label": text("slider", {name}), disabled: ""};
    const range = make("input", {...attributes, oninput: () => service.move({[key]: Number(range.value)})});
    return range;
  }

  function place() {
    const {target} = service.state;
    for (const key of /** @type {(keyof Scales)[]} */ (["gamma", "beta"])) {
      sliders[key].disabled = !target;
      if (target) sliders[key].value = String(target[key]);
    }
  }

  place();
  const element = make("div", {class: "bnviz-target"}, "γ", sliders.gamma, "β", sliders.beta, reset);
  return {element, show: place};
}

// --- what is drawn

const NOTHING = {x: [], y: []};

/**
 * Whether the sliders are away from the learnt values.
 * @param {State} state
 */
const isMoved = ({place, target}) => target?.gamma !== place?.initial.gamma || target?.beta !== place?.initial.beta;

/**
 * The answer. Before anything is moved, the network is the one as learnt: sliders have rounded values, which would differ.
 * @param {View} view
 * @returns {Answer | null}
 */
export function answerOf(view) {
  /** @type {State} */
  const state = view.service ?? AT_FIRST;
  return state.answer && !isMoved(state) ? {...state.answer, after: state.answer.before} : state.answer;
}

/**
 * Shares of the probe in each bin, those of exactly 0 left out.
 * @type {FeedFunction}
 */
export function histogramFeed({when}, view) {
  /** @type {Outcome | undefined} */
  const outcome = /** @type {any} */ (answerOf(view))?.[when];
  if (!outcome) return NOTHING;
  const edges = view.header.edges.activation;
  const zero = binOf(0, edges);
  const y = outcome.counts.map((count, bin) => (count - (bin === zero ? outcome.zeros : 0)) / view.header.probe_size);
  const end = y.findLastIndex((share) => share > 0) + 2;
  return {x: centres(edges).slice(0, end), y: y.slice(0, end)};
}

/**
 * Test accuracy, or test loss where there are no classes, as learnt and by hand.
 * @type {FeedFunction}
 */
export function accuracyFeed(_, view) {
  const answer = answerOf(view);
  if (!answer) return NOTHING;
  const classes = hasClasses(view);
  const x = [answer.before, answer.after].map((outcome) => (classes ? outcome.test_accuracy : outcome.test_loss));
  const text = x.map((value) => (classes ? percent(value, 1) : digits(value, 3)));
  return {x, y: [say(view, "as_learnt"), say(view, "by_hand")], text};
}

// --- sentences

/**
 * The caption.
 * @param {View} view
 */
export function statusText(view) {
  /** @type {State} */
  const {answer, problem, unreachable} = view.service ?? AT_FIRST;
  if (view.unit === "pooled") return say(view, "hand_pooled");
  if (!isFinished(view)) return say(view, "hand_waiting");
  if (!placeOf(view)) return say(view, "hand_lost");
  if (unreachable) return say(view, "hand_unreachable");
  if (problem || !answer) return problem || say(view, "hand_asking");
  return [how(view), learnedText(view, answer), movementText(view, answer)].join(" ");
}

/**
 * In which way the network is evaluated.
 * @param {View} view
 */
function how(view) {
  return overExamples(view) ? say(view, "hand_running") : say(view, "hand_examples", {held_out: view.data.held_out});
}

/**
 * @param {View} view
 * @param {Answer} answer
 */
function learnedText(view, {layer, unit, before}) {
  return say(view, "hand_learnt", {layer, unit: unitName(view, unit), scales: scales(view, before), score: score(view, before)});
}

/**
 * @param {View} view
 * @param {Answer} answer
 */
function movementText(view, {before, after}) {
  if (!isMoved(view.service)) return say(view, "hand_move");
  return say(view, "hand_moved", {scales: scales(view, after), zeros: zeros(view, before, after), score: score(view, after)});
}

/**
 * @param {View} view
 * @param {{gamma: number, beta: number | null}} scales `beta` is null where the normalizer has no β
 */
function scales(view, {gamma, beta}) {
  if (beta === null) return say(view, "hand_gamma", {gamma: digits(gamma)});
  return say(view, "hand_scales", {gamma: digits(gamma), beta: digits(beta)});
}

/**
 * @param {View} view
 * @param {Outcome} outcome
 */
function score(view, {test_accuracy: accuracy, test_loss}) {
  const loss = digits(test_loss, 3);
  if (!hasClasses(view)) return say(view, "hand_loss", {loss});
  return say(view, "hand_score", {accuracy: percent(accuracy, 1), tested: view.data.tested, loss});
}

/**
 * How many values are exactly 0, which ReLU brings about.
 * @param {View} view
 * @param {Outcome} before
 * @param {Outcome} after
 */
function zeros(view, before, after) {
  if (view.header.experiment.activation !== "relu") return "";
  const share = (/** @type {Outcome} */ outcome) => percent(outcome.zeros / view.header.probe_size);
  return say(view, "hand_zeros", {after: share(after), before: share(before)});
}
