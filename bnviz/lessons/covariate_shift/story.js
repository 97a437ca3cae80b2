// @ts-check
// The story of the page /covariate-shift: what becomes of cats and other animals when their colour changes.

import {hasAtom} from "../../web/player/feeds.js";
import {scoreScope, scoreText} from "../../web/player/scores.js";
import * as words from "../../web/player/words.js";
import * as coats from "./coats.js";
import {tables} from "./tables.js";
import {accuracy, agrees, CAT, course, failingClasses, OTHER, courseOfSameNetwork} from "./verdict.js";

/** @import {ControlHost, Make, Say, Service, Snapshot, Story} from "../../web/player/types" */
/** @import {Choices, CoatView, Which} from "./coats.js" */
/** @import {Failing, Pair} from "./verdict.js" */
/** @import {Words} from "./words" */
/** @typedef {{before: Pair, after: Pair, fails: Failing}} Change recalls in the world of the training, and in the other one */
/**
 * @typedef {Map<string, Record<string, string>>} AccuraciesByRun each arm's accuracy on coloured animals, by experiment without
 *     coats
 */
/** @typedef {(frame: Snapshot, view: CoatView) => string} Saying */

const {both, bothArms, digits, divergenceSentence, hasClasses, hasDiverged, percent, sigmas} = words;
const {tapName, unitName, withoutFullStop} = words;
const {animals, BLACK, levelsOf, COLOURED, lastCoatFrame, recalls, zeroShare} = coats;
/** @type {Say<Words>} */
const say = words.say;

/**
 * Where the networks were trained, and where they are tested: the level of each class.
 * @type {Record<string, {home: Pair, away: Pair, sentence: "world_black" | "world_black_cats" | "world_mixed",
 *     scored: "scored_black" | "scored_black_cats" | "scored_mixed"}>}
 */
const WORLDS = {
  black: {home: BLACK, away: COLOURED, sentence: "world_black", scored: "scored_black"},
  "black-cats": {home: [1, 0], away: [0, 1], sentence: "world_black_cats", scored: "scored_black_cats"},
  mixed: {home: BLACK, away: COLOURED, sentence: "world_mixed", scored: "scored_mixed"},
};

// Keys of sentences.
const WHICH = /** @type {const} */ ({both: "which_both", cats: "which_cats", others: "which_others"});
const WRONG = /** @type {const} */ ({cats: "wrong_cats", others: "wrong_others", both: "wrong_both", neither: "wrong_neither"});
const OPTIONS = {both: "control_both", cats: "control_cats", others: "control_others"};

/** @type {Story<Choices, AccuraciesByRun>} */
export default {
  headline,
  answer,
  captions: {
    animals: once((frame) => String(animals(frame))),
    which: (view) => say(view, WHICH[view.coloured]),
    level: levelName,
    watched: watchedName,
    zeros: once(zeros),
    recompute: once(recompute),
    running: once(runningText),
    moved: once(shiftText),
    remedy: once(remedy),
    learning: learningText,
  },
  scored: (view) => (view.frames[0].arms.none.coat_recall ? say(view, world(view).scored) : ""),
  choices: {level: 1, coloured: "both"},
  controls: {"coat-which": whichControl, "coat-level": levelControl},
  service: () => new Accuracies(),
  feeds: coats.feeds,
  tables,
  fits: coats.fits,
  alternatives: {
    coats: curves,
    remedy: once((frame, view) => withoutFullStop(remedy(frame, view))),
    "coat-unit": once(unit),
    "coat-shift": once((frame, view) => withoutFullStop(shiftText(frame, view))),
    "on-the-way": curves,
    learning: losses,
  },
};

/**
 * A caption of the newest measurement; empty where there is none.
 * @param {Saying} text
 * @returns {(view: CoatView) => string}
 */
function once(text) {
  return (view) => {
    const frame = lastCoatFrame(view);
    return frame ? text(frame, view) : "";
  };
}

// --- runs of this visitor

/**
 * Stores accuracies of finished runs that were trained on black animals, so that the remedy can be compared with them.
 * @implements {Service<Choices, AccuraciesByRun>}
 */
export class Accuracies {
  /** @type {AccuraciesByRun} */
  state = new Map();

  /** @param {CoatView} view */
  follow(view) {
    const {experiment, total_steps: total} = view.header;
    const frame = lastCoatFrame(view);
    if (experiment.coats !== "black" || frame?.step !== total || bothArms(view).some((arm) => hasDiverged(frame, arm))) return;
    const accuraciesByArm = Object.fromEntries(
      bothArms(view).map((arm) => [arm, percent(accuracy(recalls(frame, arm, COLOURED)))]),
    );
    this.state = new Map(this.state).set(alike(view), accuraciesByArm);
  }
}

/**
 * The same for runs that differ in nothing but their coats.
 * @param {CoatView} view
 */
const alike = (view) => JSON.stringify({...view.header.experiment, coats: ""});

// --- the headline

/** @param {CoatView} view */
function headline(view) {
  if (!view.frames[0].arms.none.coat_recall) return say(view, "no_animals");
  const divergence = words.divergenceSentences(view);
  if (divergence) return divergence;
  const frame = lastCoatFrame(view);
  if (!frame || view.frame.step === 0) return say(view, "untrained");
  const [plain, compared] = bothArms(view).map((arm) => change(view, frame, arm));
  const found = {course: courses(view, plain, compared), wrong: wrong(view, plain, compared)};
  return say(view, world(view).sentence, {step: frame.step, ...found, earlier: earlier(view)});
}

/** @param {CoatView} view */
const world = (view) => WORLDS[view.header.experiment.coats];

/**
 * How both recalls of an arm change from the world that trained it to the other one.
 * @param {CoatView} view
 * @param {Snapshot} frame
 * @param {string} arm
 * @returns {Change}
 */
function change(view, frame, arm) {
  const {home, away} = world(view);
  const [before, after] = [recalls(frame, arm, home), recalls(frame, arm, away)];
  return {before, after, fails: failingClasses(before, after)};
}

/** @param {Change} change */
const accuracies = ({before, after}) => [accuracy(before), accuracy(after)];

/**
 * How the accuracy of either network changes; one sentence if it is the same.
 * @param {CoatView} view
 * @param {Change} plain
 * @param {Change} compared
 */
function courses(view, plain, compared) {
  const {norm} = view;
  const [[a, b], [c, d]] = [plain, compared].map(accuracies);
  const [first, second] = [course(a, b), course(c, d)];
  if (first !== second) {
    const text = {plain: say(view, first, shares(a, b)), compared: say(view, second, shares(c, d))};
    return say(view, "apart", {norm, ...text});
  }
  const key = /** @type {const} */ ({falls: "both_fall", rises: "both_rise", stays: "both_stay"})[first];
  const [[plain_before, plain_after], [compared_before, compared_after]] = [
    [a, b],
    [c, d],
  ].map((pair) => pair.map((share) => percent(share)));
  return say(view, key, {norm, plain_before, plain_after, compared_before, compared_after});
}

/**
 * @param {number} before
 * @param {number} after
 */
const shares = (before, after) => ({before: percent(before), after: percent(after)});

/**
 * Which class suffers.
 * @param {CoatView} view
 * @param {Change} plain
 * @param {Change} compared
 */
function wrong(view, plain, compared) {
  const [first, second] = [plain, compared].map(({fails}) => say(view, WRONG[fails]));
  if (first === second) return say(view, "wrong_alike", {what: first});
  return say(view, "wrong_apart", {norm: view.norm, plain: first, compared: second});
}

/** @param {CoatView} view */
function earlier(view) {
  /** @type {AccuraciesByRun} */
  const accuraciesByArm = view.service ?? new Map();
  const before = view.header.experiment.coats === "mixed" && accuraciesByArm.get(alike(view));
  return before ? say(view, "earlier", {norm: view.norm, plain: before.none, compared: before[view.compared]}) : "";
}

// --- the prediction

/** @param {CoatView} view */
function answer(view) {
  const frame = lastCoatFrame(view);
  if (!view.prediction || !frame || view.frame.step === 0) return "";
  const divergence = words.divergenceSentences(view);
  if (divergence) return say(view, "answer_lost", {prediction: view.predictions[view.prediction], lost: divergence});
  const [plain, compared] = bothArms(view).map((arm) => change(view, frame, arm));
  const [first, second] = [plain, compared].map(({fails}) => agrees(view.prediction, fails));
  const {norm} = view;
  const verdict =
    first === second
      ? say(view, first ? "both_agree" : "neither_agrees")
      : say(view, first ? "plain_agrees" : "compared_agrees", {norm});
  const details = {verdict, norm, plain: recallTexts(view, plain), compared: recallTexts(view, compared)};
  return say(view, "answer", {...details, prediction: view.predictions[view.prediction], step: frame.step});
}

/**
 * @param {CoatView} view
 * @param {Change} change
 */
function recallTexts(view, {before, after}) {
  const [cats, cats_before] = [after, before].map((recall) => percent(recall[CAT]));
  const [others, others_before] = [after, before].map((recall) => percent(recall[OTHER]));
  return say(view, "recognized", {cats, cats_before, others, others_before});
}

// --- captions

/** @param {CoatView} view */
function levelName(view) {
  if (view.level === 0) return say(view, "level_black");
  return view.level === 1 ? say(view, "level_coloured") : say(view, "level_partly", {share: percent(view.level)});
}

/** @param {CoatView} view */
function watchedName(view) {
  return view.unit === "pooled" ? say(view, "watched_pooled", {count: view.header.watched_units.length}) : unitName(view);
}

/**
 * Whether the compared normalizer keeps running statistics, which can be recomputed.
 * @param {Snapshot} frame
 * @param {CoatView} view
 */
const keepsStatistics = (frame, view) => Boolean(frame.arms[view.compared].coat_recall_recomputed);

/** @type {Saying} */
function recompute(frame, view) {
  return say(view, keepsStatistics(frame, view) ? "recompute" : "no_statistics", {norm: view.norm});
}

/** @type {Saying} */
function runningText(frame, view) {
  return keepsStatistics(frame, view) ? say(view, "running", {norm: view.norm}) : "";
}

/** @type {Saying} */
function zeros(frame, view) {
  if (!hasAtom(view)) return "";
  return say(view, "zeros", {shares: both(view, (arm) => say(view, "zero_shares", zeroShares(frame, arm, view)))});
}

/**
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {CoatView} view
 */
function zeroShares(frame, arm, view) {
  const [black, coloured] = [0, 1].map((coat) => percent(zeroShare(frame, arm, coat, view)));
  return {black, coloured};
}

/** @type {Saying} */
function shiftText(frame, view) {
  const valueOf = (/** @type {string} */ arm) => sigmas(Number(frame.arms[arm].coat_shift?.[view.tap][view.layer - 1]));
  const after = frame.arms[view.compared].coat_shift_recomputed?.[view.tap][view.layer - 1];
  const afterRecomputing =
    after === undefined || divergenceSentence(view, view.compared) ? "" : say(view, "moved_recomputed", {after: sigmas(after)});
  const inputs = sigmas(Number(frame.arms.none.coat_input_shift));
  return say(view, "moved", {name: tapName(view), both: both(view, valueOf), recomputed: afterRecomputing, inputs});
}

/** @type {Saying} */
function remedy(frame, view) {
  if (!keepsStatistics(frame, view)) return "";
  if (divergenceSentence(view, view.compared)) return divergenceSentence(view, view.compared);
  const [coloured, black] = [COLOURED, BLACK].map((levels) => {
    const valueOf = (/** @type {string} */ key) => accuracy(recalls(frame, view.compared, levels, key));
    const [before, after] = [valueOf("coat_recall"), valueOf("coat_recall_recomputed")];
    return say(view, courseOfSameNetwork(before, after), shares(before, after));
  });
  return say(view, "remedy", {norm: view.norm, coloured, black});
}

/** @param {CoatView} view */
function learningText(view) {
  const details = {scores: both(view, (arm) => scoreText(view, arm)), scope: scoreScope(view)};
  if (!hasClasses(view)) return say(view, "learning_loss", details);
  return say(view, lastCoatFrame(view) ? "learning_coats" : "learning_accuracy", details);
}

// --- controls

/**
 * Which animals change colour.
 * @param {ControlHost<Choices, AccuraciesByRun>} player
 * @param {Make} make
 */
function whichControl(player, make) {
  const text = texts(player);
  const options = Object.entries(OPTIONS).map(([value, key]) => make("option", {value}, text(key)));
  const choose = () => player.choose({coloured: /** @type {Which} */ (chooser.value)});
  const chooser = make("select", {"aria-label": text("control_which_label"), onchange: choose}, ...options);
  chooser.value = player.choice.coloured;
  return make("label", {class: "bnviz-target"}, text("control_which"), chooser);
}

/**
 * How coloured they are.
 * @param {ControlHost<Choices, AccuraciesByRun>} player
 * @param {Make} make
 */
function levelControl(player, make) {
  const text = texts(player);
  const attributes = {type: "range", min: 0, max: 1, step: 0.25, value: player.choice.level};
  const choose = () => player.choose({level: Number(range.value)});
  const range = make("input", {...attributes, "aria-label": text("control_level_label"), oninput: choose});
  return make("label", {class: "bnviz-target"}, text("control_black"), range, text("control_coloured"));
}

/**
 * The lesson's words for its controls.
 * @param {ControlHost<Choices, AccuraciesByRun>} player
 */
const texts = (player) => (/** @type {string} */ key) => words.sentenceOrKey(player.words, key);

// --- in words, for those who do not see the charts

/** @param {CoatView} view */
function curves(view) {
  const frame = lastCoatFrame(view);
  if (!frame) return say(view, "not_measured");
  return both(view, (arm) => {
    const [black, coloured] = [0, view.level].map((level) => percent(accuracy(recalls(frame, arm, levelsOf(view, level)))));
    return say(view, "alt_coats", {black, coloured, level: levelName(view)});
  });
}

/** @type {Saying} */
function unit(frame, view) {
  return both(view, (arm) => say(view, "alt_zeros", zeroShares(frame, arm, view)));
}

/** @param {CoatView} view */
function losses(view) {
  const {arms} = view.frame;
  if (!hasClasses(view)) return withoutFullStop(learningText(view));
  return both(view, (arm) => {
    return say(view, "alt_learning", {accuracy: scoreText(view, arm), loss: digits(arms[arm].train_loss)});
  });
}
