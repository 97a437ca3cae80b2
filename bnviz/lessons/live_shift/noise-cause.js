// @ts-check
// Noisy gradients or noisy statistics? Two runs tell: one with small minibatches, and one whose gradients are averaged over large
// minibatches while its statistics still come from as few examples.

import {groupSize, recentMean} from "../../web/player/feeds.js";
import {leader} from "../../web/player/numerals.js";
import {isOver} from "../../web/player/view.js";
import * as words from "../../web/player/words.js";

/** @import {Say, View} from "../../web/player/types" */
/** @import {Words} from "./words" */
/** @typedef {"gradients" | "statistics" | "both" | "open"} NoiseCause */
/** @typedef {{plain: number, compared: number}} Accuracies of the network without the normalizer, and of the one with it */

const {armPair, hasClasses, learns, percent} = words;
/** @type {Say<Words>} */
const say = words.say;

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
 * What both runs say, once the one on show is at its end; null while it is not, or where `before` is no run to compare it with.
 * @param {View} view
 * @param {View | null} before the run before, at its end
 */
export function noiseConclusion(view, before) {
  if (!before || !isPair(view, before) || !isOver(view) || !hasClasses(view)) return null;
  const [small, averaged] = [before, view].map((run) =>
    armPair(run, (arm) => recentMean(run.frames, run.frame, arm, "test_accuracy") ?? NaN),
  );
  const hasReference = learns(view.frame, "none", view);
  const cause = hasReference ? noiseCause(small, averaged) : "open";
  const values = {norm: view.norm, size: groupSize(view), batch: view.header.experiment.batch_size};
  const texts = {small: percent(small.compared), averaged: percent(averaged.compared), plain: percent(averaged.plain)};
  return say(view, /** @type {"noise_both"} */ (SENTENCES[cause]), {...values, ...texts});
}

const VARIED = ["batch_size", "ghost_batch_size", "changes"]; // fields in which the two runs may differ

/**
 * Whether one run has statistics of as few examples as the other one has in a minibatch, and all else is equal, steps too.
 * @param {View} view
 * @param {View} before
 */
function isPair(view, before) {
  const [now, then] = [view, before].map(({header}) => header.experiment);
  const isEqual = Object.keys(now).every((name) => VARIED.includes(name) || now[name] === then[name]);
  const isSplit = now.ghost_batch_size > 0 && !then.ghost_batch_size && now.batch_size > now.ghost_batch_size;
  return isEqual && isSplit && groupSize(before) === groupSize(view) && before.frame.step === view.frame.step;
}
