// @ts-check
// The one place that says what is withheld: before the visitor's prediction, while a card of the tour asks, while a card shows
// one network alone, and behind the curtain. Views read it, and hide.

/**
 * @typedef {object} Visibility
 * @property {boolean} findings whether headline, answer and the end of the run may be told: not before the prediction
 * @property {boolean} charts whether charts are shown: not before a guess, nor while a card shows one network alone
 * @property {boolean} asks whether the visitor still has to guess
 * @property {boolean} veiled whether words are veiled, because a card of the tour asks
 * @property {boolean} scores whether the picture of the networks shows what they have learnt
 * @property {boolean} secondNetwork whether it shows the network with the normalizer, too
 * @property {boolean} curtain whether it hides what layer 3 does not see
 */
/**
 * @typedef {object} Circumstances
 * @property {boolean} waiting whether the page waits for the visitor's prediction
 * @property {boolean} tourAsks whether the tour's card waits for a guess
 * @property {boolean} networkAlone whether the tour's card shows the network without the normalizer alone
 * @property {boolean} curtain
 */

/**
 * @param {Circumstances} circumstances
 * @returns {Visibility}
 */
export function visibilityOf({waiting, tourAsks, networkAlone, curtain}) {
  const veiled = tourAsks || networkAlone;
  return {
    findings: !waiting,
    charts: !waiting && !veiled,
    asks: waiting || tourAsks,
    veiled,
    scores: !veiled,
    secondNetwork: !networkAlone,
    curtain,
  };
}

/** Nothing is withheld. */
export const ALL_VISIBLE = visibilityOf({waiting: false, tourAsks: false, networkAlone: false, curtain: false});
