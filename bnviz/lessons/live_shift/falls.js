// @ts-check
// What networks have lost: accuracies that are clearly below what they were before something changed, or below their highest.

import {ACCURACY_LEAD, RECENT_SNAPSHOTS} from "../../web/player/constants.js";
import {recentMeanAt, visibleFrames} from "../../web/player/feeds.js";
import {advantage, score, scoreText} from "../../web/player/scores.js";
import {both, bothArms, hasClasses, inColour, lastLearnt, say as sayAny} from "../../web/player/words.js";

/** @import {Say, Snapshot, View} from "../../web/player/types" */
/** @import {Words} from "./words" */
/** @typedef {{since: number, arms: string[]}} Fall since which snapshot, an index, and the networks that have fallen */

/** @type {Say<Words>} */
const say = sayAny;

const CLEAR_FALL = 0.1; // of accuracy: less comes and goes by chance

/**
 * Which networks are right clearly less often than just before a change, or than at their best where nothing has changed; null if
 * none is, or where there are no classes.
 * @param {View} view
 * @returns {Fall | null}
 */
export function fall(view) {
  if (!hasClasses(view)) return null;
  const since = highest(view);
  const arms = bothArms(view).filter((arm) => hasFallen(view, since, arm));
  return arms.length ? {since, arms} : null;
}

/**
 * Whether a network is right clearly less often than at a snapshot, an index, by averages over several snapshots.
 * @param {View} view
 * @param {number} since
 * @param {string} arm
 */
const hasFallen = (view, since, arm) => score(at(view, since), arm) - score(view, arm) >= CLEAR_FALL;

/**
 * Whether a network has lost what it had learnt. A single snapshot is not enough: early in training, accuracy jumps.
 * @param {View} view
 * @param {string} arm
 */
export function hasLost(view, arm) {
  const frame = lastLearnt(view, arm);
  return Boolean(frame) && (!hasClasses(view) || hasFallen(view, view.frames.indexOf(/** @type {Snapshot} */ (frame)), arm));
}

/**
 * The snapshot with which the one on show is compared, an index: of those just before a change the one at which both networks
 * together are right most often; of all so far, where nothing has changed.
 * @param {View} view
 */
function highest(view) {
  const {changes, frame, frameIndex} = view;
  const past = changes.filter(({step}) => step < frame.step).map((change) => indexBefore(view, change.step));
  const candidates = past.length ? past : Array.from({length: frameIndex + 1}, (_, index) => index);
  const accuracy = (/** @type {number} */ index, /** @type {string} */ arm) =>
    Number(recentMeanAt(view.frames, index, arm, "test_accuracy"));
  const together = candidates.map((index) => bothArms(view).reduce((sum, arm) => sum + accuracy(index, arm), 0));
  const percents = together.map((sum) => Math.round(100 * sum));
  return candidates[percents.lastIndexOf(Math.max(...percents))];
}

/**
 * The last snapshot before a change.
 * @param {View} view
 * @param {number} step
 */
const indexBefore = (view, step) => visibleFrames(view).findLastIndex((frame) => frame.step <= step);

/**
 * The view at another snapshot.
 * @param {View} view
 * @param {number} index
 * @returns {View}
 */
const at = (view, index) => ({...view, frame: view.frames[index], frameIndex: index});

/**
 * Who has lost accuracy, from what to what, and who is ahead now. It names no cause.
 * @param {View} view
 * @param {Fall} fall
 */
export function fallText(view, {since, arms}) {
  const before = at(view, since);
  const course = (/** @type {string} */ arm) => ({old: scoreText(before, arm), now: scoreText(view, arm)});
  const scores = both(view, (arm) => inColour(arm, say(view, "from_to", course(arm))));
  const just = view.frameIndex - since <= RECENT_SNAPSHOTS ? say(view, "just") : "";
  const values = {just, step: before.frame.step, scores, level: level(view, before)};
  if (arms.length === 2) return say(view, "fell_both", values);
  return say(view, arms[0] === "none" ? "fell_plain" : "fell_compared", {...values, norm: view.norm});
}

/**
 * Who is ahead now, and whether that was so before the fall.
 * @param {View} view
 * @param {View} before
 */
function level(view, before) {
  const lead = advantage(view);
  const isAsBefore = lead === advantage(before);
  if (!lead) return say(view, isAsBefore ? "level_still_alike" : "level_alike", {least: ACCURACY_LEAD});
  const ahead = isAsBefore ? "level_still_ahead" : "level_ahead";
  const behind = isAsBefore ? "level_still_behind" : "level_behind";
  return say(view, lead > 0 ? ahead : behind, {norm: view.norm});
}
