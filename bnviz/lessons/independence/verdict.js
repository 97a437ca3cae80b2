// @ts-check
// What follows from medians and losses, from numbers alone. Of two numbers, the first is the network's without a normalizer.

/** @typedef {[number, number]} Pair */
/** @typedef {{step: number, cost: number, loss: number}} Cost a training loss, and how much higher the held copy's is */

const CLEARLY = 1.1; // times as large is clearly more
const NEAR = 0.25; // a change of the gradient by a smaller share of its length is a small one
const SPARED = -0.02; // a cost below this share of the loss is a gain worth a word
const MISSED = 0.01; // a cost above this share of the loss is one
export const ENOUGH = 10; // snapshots before a prediction is judged
export const WINDOW = 9; // snapshots in a running median, and in the mean of a cost

/**
 * Which of two numbers is clearly larger.
 * @param {Pair} pair
 * @returns {"without" | "with" | "same"}
 */
export function larger([plain, compared]) {
  if (plain > CLEARLY * compared) return "without";
  return compared > CLEARLY * plain ? "with" : "same";
}

/** @param {number} change of a gradient, as a share of its length */
export const isFar = (change) => change > NEAR;

/**
 * The mean cost over rows, in loss and as a share of the loss; null if it is not finite.
 * @param {Cost[]} rows
 * @returns {{cost: number, share: number} | null}
 */
export function effect(rows) {
  const mean = (/** @type {"cost" | "loss"} */ key) => rows.reduce((total, row) => total + row[key], 0) / rows.length;
  const [cost, share] = [mean("cost"), mean("cost") / mean("loss")];
  return Number.isFinite(cost) && Number.isFinite(share) ? {cost, share} : null;
}

/**
 * Right after the hold nothing is lost yet, so a lower loss there is what the motion below had cost.
 * @param {Pair} shares costs at first, as shares of the loss
 * @returns {"both" | "plain" | "compared" | null}
 */
export function sparedArms(shares) {
  const [plain, compared] = shares.map((share) => share < SPARED);
  if (plain && compared) return "both";
  return plain ? "plain" : compared ? "compared" : null;
}

/**
 * Which network misses what layers 1 and 2 would still have learnt, or misses it clearly more, and how many times as much.
 * @param {Pair} shares costs lately, as shares of the loss
 * @returns {{who: "neither" | "compared" | "plain" | "compared_more" | "plain_more" | "alike", times: number}}
 */
export function costlierArm(shares) {
  const [plain, compared] = shares;
  const times = Math.max(plain / compared, compared / plain);
  const [first, second] = shares.map((share) => share > MISSED);
  if (!first || !second) return {who: first ? "plain" : second ? "compared" : "neither", times};
  return {who: /** @type {const} */ ({without: "plain_more", with: "compared_more", same: "alike"})[larger(shares)], times};
}
