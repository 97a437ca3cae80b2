// @ts-check
// The story of the page /independence: how much a layer's gradient changes when the layers below it take their step, and what
// holding layers 1 and 2 fixed does. Everything is a median over the snapshots shown so far; it may confirm the lecture or
// contradict it.

import {scoreScope, scoreText} from "../../web/player/scores.js";
import * as words from "../../web/player/words.js";
import * as gradients from "./gradients.js";
import {tables} from "./tables.js";
import {effect, ENOUGH, isFar, larger, costlierArm, sparedArms, WINDOW} from "./verdict.js";

/** @import {Say, Story, View} from "../../web/player/types" */
/** @import {Cost, Pair} from "./verdict.js" */
/** @import {Words} from "./words" */
/** @typedef {NonNullable<ReturnType<typeof effect>>} Effect */
/** @typedef {ReturnType<typeof larger>} Side */

const {both, bothArms, digits, hasClasses, lastLearnt, learns, percent, signed, withoutFullStop} = words;
const {CHANGE, COSINE, costs, heldFrom, layersOf, overall, typical} = gradients;
/** @type {Say<Words>} */
const say = words.say;

/** @type {Story} */
export default {
  headline,
  answer,
  captions: {number: (view) => String(view.layer), below, held: holdText, moved: movementText, profile, learnt: learningText},
  feeds: gradients.feeds,
  tables,
  fits: gradients.fits,
  bounds: gradients.bounds,
  choosers: ["layer"],
  alternatives: {
    amount: (view) => both(view, (arm) => share(view, typical(view, arm, CHANGE))),
    direction: (view) => both(view, (arm) => cosine(view, typical(view, arm, COSINE))),
    every: everyLayer,
    profile: alternativeOf(profile),
    paths: alternativeOf(holdText),
    stillness: alternativeOf(movementText),
    learning: alternativeOf(learningText),
  },
};

// --- numbers in words

/**
 * @param {View} view
 * @param {number | null} value
 */
function share(view, value) {
  return value !== null && value > 0 && value < 0.001 ? say(view, "tiny") : percent(value ?? NaN);
}

/**
 * @param {View} view
 * @param {number | null} value
 */
function cosine(view, value) {
  if (value === null) return say(view, "no_cosine");
  if (value >= 0.99995) return say(view, "nearly_one");
  return digits(value, value > 0.995 ? 4 : 2);
}

/**
 * The number of each of the two arms; null if one of them has none.
 * @param {View} view
 * @param {(arm: string) => number | null} value
 * @returns {Pair | null}
 */
function pair(view, value) {
  const [plain, compared] = bothArms(view).map(value);
  return plain === null || compared === null ? null : [plain, compared];
}

/**
 * Two shares, as sentences want them.
 * @param {View} view
 * @param {Pair} pair
 */
const shares = (view, [plain, compared]) => ({norm: view.norm, plain: share(view, plain), compared: share(view, compared)});

// --- the headline

/** @param {View} view */
const isMeasured = (view) => Boolean(view.frames[0].arms.none.gradient_shift);

/** @param {View} view */
function headline(view) {
  const divergence = words.divergenceSentences(view);
  if (divergence) return divergence;
  if (!isMeasured(view)) return heldFrom(view) ? holdText(view) : say(view, "not_measured");
  if (view.layer === 1) return say(view, "first_layer");
  const changes = pair(view, (arm) => typical(view, arm, CHANGE));
  return changes ? say(view, "headline", {layer: view.layer, ...shares(view, changes)}) : say(view, "no_gradient");
}

// --- the prediction

/**
 * Holds the prediction against the medians of the chosen layer so far.
 * @param {View} view
 */
function answer(view) {
  const {prediction} = view;
  if (!prediction || !isMeasured(view)) return null;
  if (view.layer === 1) return say(view, "first_layer");
  const divergence = words.divergenceSentences(view);
  if (divergence) return say(view, "answer_lost", {prediction: view.predictions[prediction], lost: divergence});
  if (view.frameIndex < Math.min(ENOUGH, view.frames.length - Number(view.ended))) return say(view, "wait");
  const changes = pair(view, (arm) => typical(view, arm, CHANGE));
  if (!changes) return say(view, "no_gradient");
  const side = larger(changes);
  const verdict = say(view, side === prediction ? "right" : "wrong", {prediction: view.predictions[prediction]});
  const more = {elsewhere: elsewhere(view, side), absolute: absolute(view, side), idle: idle(view)};
  const details = {
    verdict,
    ...shares(view, changes),
    found: comparison(view, side, "as_much"),
    lecture: lecture(view, side, changes),
  };
  return say(view, "answer", {...details, ...more, layer: view.layer, count: view.frameIndex + 1, step: view.frame.step});
}

/**
 * @param {View} view
 * @param {Side} side
 * @param {"as_much" | "as_large"} same
 */
function comparison(view, side, same) {
  if (side === "same") return say(view, same);
  return say(view, side === "without" ? "more_without" : "more_with", {norm: view.norm});
}

/**
 * What the lecture's claim has to do with it.
 * @param {View} view
 * @param {Side} side
 * @param {Pair} changes
 */
function lecture(view, side, [, compared]) {
  const {norm} = view;
  if (side === "with") return say(view, "contradicts", {norm});
  if (side === "same") return say(view, "no_support", {norm});
  const far = isFar(compared) ? say(view, "far", {norm, cosine: cosine(view, typical(view, view.compared, COSINE))}) : "";
  return say(view, "agrees", {norm, far});
}

/**
 * What all layers say, and whether that is something else.
 * @param {View} view
 * @param {Side} side
 */
function elsewhere(view, side) {
  const changes = pair(view, (arm) => overall(view, arm, CHANGE));
  if (!changes || view.header.hidden_layers < 3) return "";
  const [plain_cosine, compared_cosine] = bothArms(view).map((arm) => cosine(view, overall(view, arm, COSINE)));
  const details = {...shares(view, changes), plain_cosine, compared_cosine, last: view.header.hidden_layers};
  return ` ${say(view, larger(changes) === side ? "over_layers" : "over_layers_differs", details)}`;
}

/**
 * What the absolute change says, where it says something else.
 * @param {View} view
 * @param {Side} side
 */
function absolute(view, side) {
  const sizes = pair(view, (arm) => typical(view, arm, "gradient_shift"));
  if (!sizes || larger(sizes) === side) return "";
  const [plain, compared] = sizes.map((size) => words.short(size));
  return ` ${say(view, "absolute", {plain, compared, norm: view.norm, found: comparison(view, larger(sizes), "as_large")})}`;
}

const EARLY = 50; // steps, before which no network is expected to have learnt anything

/**
 * A net that does not learn hardly moves: gradients that hardly change are then no merit.
 * @param {View} view
 */
function idle(view) {
  const lazy = view.frame.step < EARLY ? [] : bothArms(view).filter((arm) => !learns(view.frame, arm, view));
  if (!lazy.length) return "";
  const isLost = lazy.some((arm) => lastLearnt(view, arm));
  if (lazy.length === 2) return ` ${say(view, isLost ? "both_lost" : "neither_learns")}`;
  const details = {norm: view.norm, progress: progress(view, lazy[0])};
  if (isLost) return ` ${say(view, lazy[0] === "none" ? "plain_lost" : "compared_lost", details)}`;
  return ` ${say(view, lazy[0] === "none" ? "plain_idle" : "compared_idle", details)}`;
}

/**
 * @param {View} view
 * @param {string} arm
 */
function progress(view, arm) {
  if (!hasClasses(view)) return say(view, "test_loss", {loss: scoreText(view, arm)});
  return say(view, "correct", {share: scoreText(view, arm), tested: view.data.tested});
}

// --- layers held fixed

/**
 * What holding layers 1 and 2 has cost so far, in training loss: right after the hold, and lately.
 * @param {View} view
 */
function holdText(view) {
  const from = heldFrom(view);
  if (!from) return "";
  if (view.frame.step <= from) return say(view, "held_ahead", {from});
  const rows = bothArms(view).map((arm) => costs(view, arm));
  const late = effects(rows.map((some) => some.slice(-WINDOW)));
  const early = effects(rows.map((some) => some.slice(0, WINDOW)));
  if (!late || !early) return say(view, "held_lost");
  const [plain, compared] = late.map((one) => effectName(view, one));
  if (rows[0].length < 2 * WINDOW) return say(view, "held_begun", {from, norm: view.norm, plain, compared});
  const [plain_early, compared_early] = early.map((one) => effectName(view, one));
  const details = {plain_early, plain_late: plain, compared_early, compared_late: compared, norm: view.norm, window: WINDOW};
  return say(view, "held", {...details, spared: sparedWords(view, early), missed: missedWords(view, late)});
}

/**
 * The effects in both arms; null if one is not finite.
 * @param {Cost[][]} rows
 * @returns {[Effect, Effect] | null}
 */
function effects(rows) {
  const [plain, compared] = rows.map(effect);
  return plain && compared && [plain, compared];
}

/**
 * @param {View} view
 * @param {Effect} effect
 */
function effectName(view, {cost, share}) {
  return say(view, "effect", {cost: signed(cost, (value) => digits(value, value < 0.01 ? 3 : 2)), share: signed(share, percent)});
}

/**
 * @param {View} view
 * @param {[Effect, Effect]} early
 */
function sparedWords(view, [plain, compared]) {
  const who = sparedArms([plain.share, compared.share]);
  if (!who) return "";
  if (who === "both") return say(view, "spared_both");
  return say(view, who === "plain" ? "spared_plain" : "spared_compared", {norm: view.norm});
}

/**
 * Only of networks that learn: without learning there is no accuracy to lose.
 * @param {View} view
 * @param {[Effect, Effect]} late
 */
function missedWords(view, [plain, compared]) {
  if (!bothArms(view).every((arm) => learns(view.frame, arm, view))) return "";
  const {who, times} = costlierArm([plain.share, compared.share]);
  const details = {norm: view.norm, times: words.times(times)};
  if (who === "neither") return say(view, "missed_neither");
  if (who === "alike") return say(view, "missed_alike");
  if (who === "plain") return say(view, "missed_plain", details);
  if (who === "compared") return say(view, "missed_compared", details);
  return who === "plain_more" ? say(view, "missed_plain_more", details) : ` ${say(view, "missed_compared_more", details)}`;
}

/** @param {View} view */
function movementText(view) {
  if (!heldFrom(view)) return "";
  const divergence = words.divergenceSentences(view);
  if (divergence) return divergence;
  const {norm, data} = view;
  const [plain, compared] = bothArms(view).map((arm) => movementName(view, arm));
  if (view.frame.step <= heldFrom(view)) return say(view, "moved", {norm, plain, compared, held: ""});
  const still = bothArms(view).map((arm) => movementName(view, `${arm}-held`));
  const after = say(view, "moved_held", {norm, plain: still[0], compared: still[1], held_out: data.held_out});
  return say(view, "moved", {norm, plain, compared, held: ` ${after}`});
}

/**
 * @param {View} view
 * @param {string} arm
 */
function movementName(view, arm) {
  const value = gradients.movement(view.frame, arm);
  return value === 0 ? say(view, "still") : `${digits(value, 3)} σ`;
}

// --- other captions

/**
 * The layers below the chosen one.
 * @param {View} view
 */
function below(view) {
  if (view.layer === 1) return say(view, "below_none");
  if (view.layer === 2) return say(view, "below_one");
  return say(view, view.layer === 3 ? "below_two" : "below_more", {last: view.layer - 1});
}

/** @param {View} view */
function profile(view) {
  if (!isMeasured(view)) return "";
  const divergence = words.divergenceSentences(view);
  if (divergence) return divergence;
  const last = view.header.hidden_layers;
  const valueOf = (/** @type {number} */ layer) => bothArms(view).map((arm) => share(view, typical(view, arm, CHANGE, layer)));
  const [[plain_low, compared_low], [plain_high, compared_high]] = [valueOf(2), valueOf(last)];
  if (last === 2) return say(view, "profile_one", {norm: view.norm, plain: plain_low, compared: compared_low});
  return say(view, "profile", {norm: view.norm, last, plain_low, plain_high, compared_low, compared_high});
}

/** @param {View} view */
function learningText(view) {
  const divergence = words.divergenceSentences(view);
  if (divergence) return divergence;
  const [plain, compared] = bothArms(view).map((arm) => scoreText(view, arm));
  const details = {step: view.frame.step, norm: view.norm, scope: scoreScope(view), plain, compared};
  return say(view, hasClasses(view) ? "learnt" : "learnt_loss", details);
}

// --- in words, for those who do not see the charts

/**
 * Sentences inside another one.
 * @param {(view: View) => string} text
 * @returns {(view: View) => string}
 */
function alternativeOf(text) {
  return (view) => withoutFullStop(text(view)) || say(view, "nothing");
}

/** @param {View} view */
function everyLayer(view) {
  const name = (/** @type {number} */ layer) => {
    const [plain, compared] = bothArms(view).map((arm) => cosine(view, typical(view, arm, COSINE, layer)));
    return say(view, "alt_layer", {layer, plain, compared});
  };
  return layersOf(view).map(name).join(", ");
}
