// @ts-check
// Remedies on the spot: a button asks for the run on show with one thing changed, and what both runs have come to is compared.

import {digits, hasClasses, joinSentences, percent, say as anySay, sentenceOrKey} from "../../web/player/words.js";
import {isPermitted} from "../../web/player/core/tour-core.js";
import {averaging, evaluationOf, partsOf, wasFrozen} from "./reading.js";
import {MOMENTA, NAMES, bestView, codeOf, isWith, reachedAt, remediesFor, trainAlike} from "./remedies.js";
import {rootMeanSquare} from "./causes.js";

/** @type {Record<string, "best_minibatch" | "best_running" | "best_recomputed">} */
const BEST_VIEW_WORDS = {minibatch: "best_minibatch", running: "best_running", recomputed: "best_recomputed"};

/** @import {Control, ControlHost, FeedFunction, Make, Say, Service, ServiceHost, View} from "../../web/player/types" */
/** @import {Name, Outcome, Remedy} from "./remedies.js" */
/** @import {Words} from "./words" */
/** @typedef {{experiment: Record<string, any>, outcome: Outcome | null, remedies: Record<Name, Remedy | null> | null}} Base */
/** @typedef {{remedy: Remedy, outcome: Outcome | null}} Trial */
/**
 * @typedef {object} State
 * @property {Base | null} base the run without any remedy
 * @property {Partial<Record<Name, Trial>>} tried
 * @property {Name | null} shown whose run is on show
 * @property {Name | null} pending the one asked for last: a click ends the training of those asked for before
 */

/** @type {Say<Words>} */
const say = anySay;
/** @type {State} */
const AT_FIRST = {base: null, tried: {}, shown: null, pending: null};

/** @implements {Service<{}, State>} */
export class Trials {
  state = AT_FIRST;
  before = AT_FIRST; // that of the run with other settings which was on show before

  /** @param {Pick<ServiceHost, "redraw">} host */
  constructor(host) {
    this.host = host;
  }

  /**
   * Another snapshot or another run is on show: one that was asked for here, the one before, or something else altogether.
   * @param {View} view
   */
  follow(view) {
    const {experiment} = view.header;
    const outcome = outcomeOf(view);
    // Two quick clicks may bring a run that has both changes for a moment: what was tried before it comes back with the next.
    const known = [this.state, this.before].find((state) => isKnown(experiment, state));
    if (!known) this.before = this.state;
    else if (known === this.before) [this.before, this.state] = [this.state, this.before];
    const {base, tried, pending} = this.state;
    if (!known || !base) return this.keepBase({experiment, outcome: null, remedies: null}, view, outcome, {});
    const name = nameOf(experiment, this.state);
    if (!name) return this.keepBase(base, view, outcome);
    const trial = /** @type {Trial} */ (tried[name]);
    this.update({base, shown: name, pending, tried: {...tried, [name]: {...trial, outcome: trial.outcome ?? outcome}}});
  }

  /**
   * @param {Base} base
   * @param {View} view
   * @param {Outcome | null} outcome
   * @param {State["tried"]} [tried]
   */
  keepBase(base, view, outcome, tried = this.state.tried) {
    const isNew = outcome && !base.outcome;
    const more = isNew ? {outcome, remedies: hasStatistics(view) ? remediesFor(base.experiment, bestMomentum(view)) : null} : {};
    this.update({base: {...base, ...more}, tried, shown: null, pending: this.state.pending});
  }

  /** @param {State} state */
  update(state) {
    const before = JSON.stringify(this.state);
    this.state = state;
    if (JSON.stringify(state) !== before) this.host.redraw("remedies");
  }

  /**
   * What has to be requested to show a remedy; null if this run shows it.
   * @param {Name} name
   */
  attempt(name) {
    const {base, tried} = this.state;
    const remedy = base?.remedies?.[name];
    if (!base || !remedy) return null;
    const isHere = name === "recomputed";
    const trial = tried[name] ?? {remedy, outcome: isHere ? base.outcome : null};
    this.update({...this.state, pending: isHere ? this.state.pending : name, tried: {...tried, [name]: trial}});
    return isHere ? null : {...base.experiment, ...remedy.values};
  }
}

/**
 * @param {Record<string, any>} experiment
 * @param {Base} base
 * @param {Remedy} remedy
 */
const isRunOf = (experiment, base, {values}) => Object.keys(values).length > 0 && isWith(experiment, base.experiment, values);

/**
 * The remedy with which an experiment was asked for.
 * @param {Record<string, any>} experiment
 * @param {State} state
 */
const nameOf = (experiment, {base, tried}) =>
  NAMES.find((one) => base && tried[one] && isRunOf(experiment, base, tried[one].remedy));

/**
 * Whether an experiment is the one without a remedy, or was asked for with one.
 * @param {Record<string, any>} experiment
 * @param {State} state
 */
const isKnown = (experiment, state) =>
  Boolean(state.base) && (isWith(experiment, state.base?.experiment ?? {}, {}) || Boolean(nameOf(experiment, state)));

/**
 * What a run has come to; null before its end, and where its network has diverged.
 * @param {View} view
 * @returns {Outcome | null}
 */
export function outcomeOf(view) {
  const {frames, header, compared} = view;
  const last = frames[frames.length - 1];
  const part = last.arms[compared];
  const accurate = hasClasses(view);
  const score = accurate ? "test_accuracy" : "test_loss";
  if (!view.ended || last.step !== header.total_steps || !Number.isFinite(part[score] ?? NaN)) return null;
  const views = evaluationOf(last, view);
  const of = (/** @type {"minibatch" | "running" | "recomputed"} */ name) =>
    views ? Number(views[`${name}_${accurate ? "accuracy" : "loss"}`]) : null;
  const plain = Number(part[score]);
  return {
    minibatch: of("minibatch") ?? plain,
    running: of("running") ?? plain,
    recomputed: of("recomputed"),
    curve: frames.map((frame) => [frame.step, Number(frame.arms[compared][score])]),
    losses: frames.map((frame) => Number(frame.arms[compared].train_loss)),
    examples: Number(header.experiment.batch_size) * Number(header.experiment.accumulate ?? 1),
    passSteps: Math.max(1, Math.round(last.step / last.epoch)),
    accurate,
    colour: view.arms[compared].colour,
  };
}

/**
 * Whether the compared network normalizes with statistics of the minibatch.
 * @param {View} view
 */
const hasStatistics = ({frame, compared, normalizers}) => normalizers[frame.arms[compared].normalizer]?.statistics === "batch";

/**
 * The momentum of `MOMENTA` with which the running means of a finished run would be off by least, over all layers.
 * @param {View} view
 */
function bestMomentum(view) {
  const last = view.frames[view.frames.length - 1];
  if (!evaluationOf(last, view) || wasFrozen(view, last)) return averaging(view).momentum;
  const errors = MOMENTA.map((momentum) => {
    const layers = Array.from({length: view.header.hidden_layers}, (_, index) => partsOf(view, last, index + 1, momentum));
    return rootMeanSquare(layers.map(({start, drift, noise, offset}) => Math.hypot(start, drift, noise, offset)));
  });
  return MOMENTA[errors.indexOf(Math.min(...errors))];
}

// --- the buttons

/**
 * A button for each remedy, and one for the run without any.
 * @param {ControlHost<{}, State>} player
 * @param {Make} make
 * @returns {Control}
 */
export function control(player, make) {
  const service = /** @type {Trials} */ (player.service);
  const text = (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values = {}) =>
    sentenceOrKey(player.words, key, values);
  const back = make("button", {type: "button", onclick: () => request(service.state.base?.experiment)}, text("remedy_none"));
  const buttons = NAMES.map((name) => make("button", {type: "button", onclick: () => request(service.attempt(name))}));

  const barred = make("span", {class: "bnviz-label"});
  const code = make("pre", {tabindex: 0});
  const fold = make("details", {class: "bnviz-code"}, make("summary", {}, text("remedies_code")), code);
  const name = (/** @type {Remedy} */ {label: key, size}) => text(key, {size});

  /** @param {Record<string, any> | null | undefined} values */
  function request(values) {
    if (values) player.edit({do: "experiment", values});
    show();
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Name} key
   */
  function showButton(button, key) {
    const {base, tried, shown} = service.state;
    const remedy = base?.remedies?.[key];
    button.hidden = !remedy;
    button.setAttribute("aria-pressed", String(key === "recomputed" ? Boolean(tried[key]) : shown === key));
    button.disabled = !remedy || !isPermitted(remedy.values, player.data);
    if (remedy) button.textContent = name(remedy);
  }

  function show() {
    const {base, shown} = service.state;
    back.hidden = shown === null;
    NAMES.forEach((key, index) => showButton(buttons[index], key));
    const off = buttons.filter(({hidden, disabled}) => disabled && !hidden).map(({textContent}) => textContent);
    barred.textContent = off.length ? text("remedies_barred", {names: off.join(", ")}) : "";
    const remedies = NAMES.flatMap((key) => base?.remedies?.[key] ?? []);
    fold.hidden = !remedies.length;
    code.textContent = remedies.map((remedy) => `# ${name(remedy)}\n${codeOf(remedy)}`).join("\n\n");
  }

  show();
  const row = make("div", {class: "bnviz-target"}, ...buttons, back, barred);
  return {element: make("div", {class: "bnviz-remedies"}, row, fold), show};
}

// --- what is drawn and said

/**
 * A bar for the run without a remedy, and one for each that was tried: in train() or in eval().
 * @type {FeedFunction}
 */
export function bars({score}, view) {
  /** @type {State} */
  const {base, tried} = view.service ?? AT_FIRST;
  if (!base?.outcome) return {x: [], y: []};
  /** @type {[string, number | null, string][]} */
  const points = [[say(view, "remedy_none"), base.outcome[/** @type {"running"} */ (score)], base.outcome.colour]];
  for (const name of NAMES) {
    const trial = tried[name];
    if (trial?.outcome) points.push([label(view, trial.remedy), scoreOf(name, trial.outcome, score), trial.outcome.colour]);
  }
  const colours = points.map(([, , colour]) => colour);
  return {x: points.map(([one]) => one), y: points.map(([, value]) => value), marker: markerOf(score, colours)};
}

/**
 * Each bar in the colour of its own network, whichever is on show: hollow in train().
 * @param {"minibatch" | "running"} key
 * @param {string[]} colours
 */
const markerOf = (key, colours) =>
  key === "running" ? {color: colours} : {color: colours.map((one) => `${one}33`), line: {color: colours, width: 2}};

/**
 * @param {Name} name
 * @param {Outcome} outcome
 * @param {"minibatch" | "running"} key
 */
function scoreOf(name, outcome, key) {
  return name === "recomputed" && key === "running" ? outcome.recomputed : outcome[key]; // train() takes no running statistics
}

/**
 * @param {View} view
 * @param {Remedy} remedy
 */
const label = (view, remedy) => say(view, /** @type {"remedy_batches"} */ (remedy.label), {size: remedy.size});

/**
 * What every remedy that was tried has brought, and what it costs.
 * @param {View} view
 */
export function remediesText(view) {
  /** @type {State} */
  const {base} = view.service ?? AT_FIRST;
  if (!base?.outcome) return say(view, "remedies_wait");
  if (!base.remedies) return say(view, "remedies_none", {norm: view.norm});
  const isFrozen = String(base.experiment.changes).includes("freeze_statistics=1");
  const suitsBest = !base.remedies.momentum && !isFrozen;
  const best = suitsBest && say(view, "momentum_is_best", {momentum: base.experiment.statistics_momentum});
  const sentences = NAMES.map((name) => trialText(view, name, base)).filter(Boolean);
  return sentences.length ? joinSentences(...sentences) : joinSentences(say(view, "remedies_try"), best);
}

/**
 * @param {View} view
 * @param {Name} name
 * @param {Base} base
 */
function trialText(view, name, base) {
  /** @type {State} */
  const {tried, pending} = view.service;
  const trial = tried[name];
  const before = base.outcome;
  if (!trial || !before) return "";
  const {remedy, outcome} = trial;
  const what = label(view, remedy);
  if (!outcome) return name === pending ? say(view, "remedy_trains", {what}) : "";
  const score = (/** @type {number | null} */ value) => (before.accurate ? percent(value, 1) : digits(value, 3));
  const gain = {what, score: score(name === "recomputed" ? outcome.recomputed : outcome.running), before: score(before.running)};
  if (name === "recomputed") return say(view, "brings_recomputed", {...gain, steps: before.passSteps});
  if (name === "momentum")
    return joinSentences(say(view, "brings", gain), trainAlike(outcome, before) && say(view, "costs_none"));
  const brings = joinSentences(say(view, "brings", gain), say(view, "in_train", {score: score(outcome.minibatch)}));
  return joinSentences(brings, speedText(view, outcome, before), examplesText(view, outcome, before));
}

/**
 * After how many steps a run is as good in eval() as the one without a remedy in its best view at its end.
 * @param {View} view
 * @param {Outcome} outcome
 * @param {Outcome} before
 */
function speedText(view, outcome, before) {
  const {name, score} = bestView(before);
  const step = reachedAt(outcome, score);
  const best = {best: before.accurate ? percent(score, 1) : digits(score, 3), view: say(view, BEST_VIEW_WORDS[name])};
  return step === null
    ? say(view, "remedy_never", best)
    : say(view, "remedy_reached", {...best, step, total: view.header.total_steps});
}

/**
 * @param {View} view
 * @param {Outcome} outcome
 * @param {Outcome} before
 */
function examplesText(view, outcome, before) {
  if (outcome.examples === before.examples) return say(view, "costs_no_examples");
  return say(view, "costs_examples", {examples: outcome.examples, before: before.examples});
}
