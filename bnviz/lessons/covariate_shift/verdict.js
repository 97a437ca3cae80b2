// @ts-check
// What changes when animals change colour, from numbers alone. A pair holds a value of each class, [others, cats]; there are as
// many cats as others, so the mean of two recalls is the accuracy.

/** @typedef {[number, number]} Pair */
/** @typedef {"cats" | "others" | "both" | "neither"} Failing */

export const OTHER = 0; // classes
export const CAT = 1;

// A share among n animals has a standard error of at most 0.5/√n. Two of them are 0.05 for all 400, and 0.07 for 200 of a class.
const NOTICED = 0.05;
const NOTICED_IN_CLASS = 0.08;
const NOTICED_SAME_NETWORK = 0.025; // the same weights on the same animals, so less is left to chance

/** @param {Pair} pair */
export const accuracy = (pair) => (pair[0] + pair[1]) / 2;

/**
 * How an accuracy changes.
 * @param {number} before
 * @param {number} after
 * @param {number} [least] what counts as a change
 * @returns {"falls" | "rises" | "stays"}
 */
export function course(before, after, least = NOTICED) {
  if (!(Math.abs(after - before) > least)) return "stays";
  return after < before ? "falls" : "rises";
}

/**
 * The same of one network that is given other statistics.
 * @param {number} before
 * @param {number} after
 */
export const courseOfSameNetwork = (before, after) => course(before, after, NOTICED_SAME_NETWORK);

/**
 * The classes that are recognized less often than before.
 * @param {Pair} before recalls
 * @param {Pair} after
 * @returns {Failing}
 */
export function failingClasses(before, after) {
  const [others, cats] = [OTHER, CAT].map((kind) => before[kind] - after[kind] > NOTICED_IN_CLASS);
  if (others && cats) return "both";
  return others ? "others" : cats ? "cats" : "neither";
}

/**
 * Whether a prediction, a key of `predictions`, is what happened. Where the recall of cats falls, cats are missed; where that of
 * the others falls, others are taken for cats.
 * @param {string | null} prediction
 * @param {Failing} failure
 */
export const agrees = (prediction, failure) => failure === prediction || (failure === "both" && prediction !== "neither");
