// @ts-check
// Whether learnable γ and β made the network faster. Two criteria: steps to a goal, and the training loss averaged over
// the run, because a test accuracy that jitters with its running statistics reaches a goal early or late by chance.

/** @typedef {"faster" | "alike" | "slower"} Verdict */

export const CLEARLY = {steps: 0.15, loss: 0.05};

/**
 * The steps must differ by more than 15 % and more than one snapshot, the losses, in the same direction, by more than 5 %.
 * @param {[number, number]} steps to the goal, with γ and β learnable and fixed; Infinity if it was not reached
 * @param {[number, number]} losses averaged over the run
 * @param {number} every steps from one snapshot to the next
 * @returns {Verdict}
 */
export function speed(steps, losses, every) {
  const [free, fixed] = steps;
  const gap = Math.max(CLEARLY.steps * Math.min(free, fixed), every);
  if (!(Math.abs(free - fixed) > gap)) return "alike";
  const byLoss = lossAlone(losses);
  return byLoss === (free < fixed ? "faster" : "slower") ? byLoss : "alike";
}

/**
 * The losses alone, where there is no goal to reach: the larger one must exceed the other by more than 5 %.
 * @param {[number, number]} losses
 * @returns {Verdict}
 */
export function lossAlone([free, fixed]) {
  if (fixed / free - 1 > CLEARLY.loss) return "faster";
  return free / fixed - 1 > CLEARLY.loss ? "slower" : "alike";
}
