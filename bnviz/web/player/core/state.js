// @ts-check
// The state of a player, as its store holds it.

import {STOPPED_CLOCK} from "./clock.js";
import {visibilityOf} from "./visibility.js";

/** @import {Choice, Data, View} from "../types" */
/** @import {Clock} from "./clock.js" */
/** @import {Visibility} from "./visibility.js" */
/** @import {TourState} from "./tour-core.js" */
/**
 * @typedef {object} State
 * @property {Data} data
 * @property {string} panelsKey the panels' specifications in one string
 * @property {string} changesKey what changes on the way, in one string
 * @property {Clock} clock
 * @property {Choice} choice what has been chosen
 * @property {number} unitChoices how often the visitor has chosen a unit
 * @property {string} message
 * @property {string | null} placeholder in place of headline and answer while another run is awaited, or nothing has been
 *     trained
 * @property {Visibility} visibility
 * @property {boolean} curtain whether it is closed
 * @property {boolean} pinned whether the comparison run is
 * @property {number} reminders how often the visitor wanted to go on before the prediction
 * @property {number} redraws how often everything had to be drawn again
 * @property {string} run
 * @property {number} trainedStep
 * @property {boolean} ended whether no more snapshots will come
 * @property {string} playback "loading", "playing", "paused", "ended" or "failed"
 * @property {View | null} view what is on show, at every animation frame
 * @property {View | null} snapshotView the same, changing with the snapshot and the choice only
 * @property {View | null} wordsView what words speak of: while it plays they change a few times a second
 * @property {TourState} tour
 */

/** @param {Data} data */
export const keysOf = ({panels, changes}) => ({panelsKey: JSON.stringify(panels), changesKey: JSON.stringify(changes)});

/**
 * @param {Data} data
 * @param {Choice} choice
 * @returns {State}
 */
export const initialState = (data, choice) => ({
  ...{data, ...keysOf(data), choice, clock: STOPPED_CLOCK, unitChoices: 0, message: "", placeholder: null},
  ...{curtain: false, pinned: false, reminders: 0, redraws: 0, run: data.run, trainedStep: 0, ended: false, playback: "loading"},
  ...{view: null, snapshotView: null, wordsView: null},
  visibility: visibilityOf({waiting: data.waiting, tourAsks: false, networkAlone: false, curtain: false}),
  tour: {
    index: null,
    resumeIndex: 0,
    asks: false,
    alone: false,
    guess: null,
    answer: {verdict: "", text: "", waiting: true},
    readings: [],
  },
});
