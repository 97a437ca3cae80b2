// @ts-check
// Noisy gradients or noisy statistics? Two runs tell: one with small minibatches, and one whose gradients are averaged over large
// minibatches while its statistics still come from as few examples. A control, with statistics of the whole large minibatch,
// differs from that in its statistics alone.

import {leader} from "../../web/player/numerals.js";
import {score} from "../../web/player/scores.js";
import {isOver} from "../../web/player/view.js";
import * as words from "../../web/player/words.js";
import {averagedRun, controlRun, isControl, isPair, sizesAt, smallRun} from "./noise-runs.js";

/** @import {Say, View} from "../../web/player/types" */
/** @import {Words} from "./words" */
/** @typedef {"gradients" | "statistics" | "both" | "open"} NoiseCause */
/** @typedef {{plain: number, compared: number}} Accuracies of the network without the normalizer, and of the one with it */

const {armPair, hasClasses, learns, percent} = words;
/** @type {Say<Words>} */
const say = words.say;

const FEW = 8; // examples or fewer give statistics that are off by a third of a standard deviation and more

const SENTENCES = /** @type {const} */ ({
  ...{gradients: "noise_gradients", statistics: "noise_statistics", both: "noise_both", open: "noise_open"},
});

/**
 * What makes small minibatches bad for the network with the normalizer: gradients, if it gains by their average alone;
 * statistics, if the network that has none is then still better.
 * @param {Accuracies} small with small minibatches
 * @param {Accuracies} averaged with averaged gradients, and statistics of as few examples
 * @returns {NoiseCause} "open" if neither is so, or if an accuracy is missing
 */
export function noiseCause(small, averaged) {
  const gradients = leader(averaged.compared, small.compared) > 0;
  const statistics = leader(averaged.plain, averaged.compared) > 0;
  if (gradients && statistics) return "both";
  if (gradients) return "gradients";
  return statistics ? "statistics" : "open";
}

/**
 * Where minibatches are small, gradients and statistics are noisy at once: the run that tells them apart. In that run: its
 * control, with statistics of the whole minibatch, and the way back. Nothing where nothing is to be told apart.
 * @param {View} view
 */
export function noiseOffers(view) {
  if (view.normalizers[view.compared]?.statistics !== "batch") return [];
  const {experiment} = view.header;
  const {step} = view.frame;
  const small = smallRun(experiment, step);
  const control = controlRun(experiment, step);
  if (small && control && small.size <= FEW)
    return [
      {text: say(view, control.since ? "control_from" : "control_start", control), values: control.values},
      {text: say(view, small.since ? "small_from" : "small_start", small), values: small.values},
    ];
  const {batch: size} = sizesAt(experiment, step);
  const averaged = size <= FEW ? averagedRun(experiment, step) : null;
  if (!averaged) return [];
  const {since, batch, values} = averaged;
  return [{text: since ? say(view, "apart_from", {step: since, size, batch}) : say(view, "apart_start", {size, batch}), values}];
}

/**
 * What both runs say, once the one on show is at its end; null while it is not, or where `before` is no run to compare it with.
 * @param {View} view
 * @param {View | null} before the run before, at its end
 */
export function noiseConclusion(view, before) {
  const {step} = view.frame;
  if (!before || !isOver(view) || !hasClasses(view) || before.frame.step !== step) return null;
  for (const [one, other] of [
    [view, before],
    [before, view],
  ]) {
    const [averaged, run] = [one, other].map(({header}) => header.experiment);
    if (isPair(averaged, run, step)) return conclusion(other, one);
    if (isControl(averaged, run, step)) return controlConclusion(one, other);
  }
  return null;
}

/**
 * How many examples give statistics in the averaged run, and how many give gradients.
 * @param {View} averaged
 */
function sizesOf(averaged) {
  const {batch, ghost: size} = sizesAt(averaged.header.experiment, averaged.frame.step);
  return {norm: averaged.norm, size, batch};
}

/**
 * @param {View} small the run with small minibatches, at its end
 * @param {View} averaged the one with averaged gradients, which sees more examples, too
 */
function conclusion(small, averaged) {
  const [few, many] = [small, averaged].map((run) => armPair(run, (arm) => score(run, arm)));
  const cause = learns(averaged.frame, "none", averaged) ? noiseCause(few, many) : "open";
  const sizes = sizesOf(averaged);
  const texts = {small: percent(few.compared), averaged: percent(many.compared), plain: percent(many.plain)};
  const key = leader(many.plain, few.plain) > 0 ? "plain_gradients" : "plain_open";
  const other = say(averaged, key, {norm: averaged.norm, small: percent(few.plain), averaged: percent(many.plain)});
  const verdict = say(averaged, /** @type {"noise_both"} */ (SENTENCES[cause]), {...texts, ...sizes, other});
  return words.joinSentences(verdict.trim(), say(averaged, "noise_examples", sizes));
}

/**
 * @param {View} averaged at its end
 * @param {View} control its control, which differs in the statistics alone
 */
function controlConclusion(averaged, control) {
  const [few, all] = [averaged, control].map((run) => score(run, run.compared));
  const key = /** @type {const} */ (["control_worse", "control_alike", "control_better"])[1 + leader(all, few)];
  return say(control, key, {...sizesOf(averaged), averaged: percent(few), control: percent(all)});
}
