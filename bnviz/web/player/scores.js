// @ts-check
// How well the networks do: one number on every page, in the picture as in every sentence. A single snapshot's accuracy jumps
// about, so it is the average of the last few; charts draw the single ones, and say so.

import {ACCURACY_LEAD, LOSS_PLACES, RECENT_SNAPSHOTS} from "./constants.js";
import {recentMean} from "./feeds.js";
import {digits, leader, percent} from "./numerals.js";
import {hasClasses, playerText} from "./words.js";

/** @import {View} from "./types" */

const LOSS_LEAD = ACCURACY_LEAD / 100; // of the loss of the network without a normalizer: less counts as the same

/**
 * A network's test accuracy at the snapshot on show, or its test loss where there are no classes.
 * @param {View} view
 * @param {string} arm
 */
export const score = (view, arm) =>
  Number(recentMean(view.frames, view.frame, arm, hasClasses(view) ? "test_accuracy" : "test_loss"));

/**
 * The same as it is written.
 * @param {View} view
 * @param {string} arm
 */
export const scoreText = (view, arm) => (hasClasses(view) ? percent(score(view, arm)) : digits(score(view, arm), LOSS_PLACES));

/**
 * Whether the compared network does clearly better (1) or worse (-1) than the one without a normalizer, or neither (0).
 * @param {View} view
 * @returns {-1 | 0 | 1}
 */
export function advantage(view) {
  const [plain, compared] = ["none", view.compared].map((arm) => score(view, arm));
  if (hasClasses(view)) return leader(compared, plain);
  if (Math.abs(plain - compared) < LOSS_LEAD * plain) return 0;
  return compared < plain ? 1 : -1;
}

/**
 * What accuracies and losses of sentences are of.
 * @param {View} view
 */
export const scoreScope = (view) => playerText(view, "score_scope", {tested: view.data.tested, window: RECENT_SNAPSHOTS});
