// @ts-check
// The view: all that is drawn and said is a function of it. It is computed from plain state; no page is needed.

import {motionsOf} from "./motion.js";

/** @import {Choice, Data, Ranges, Service, Snapshot, Story, Unit, View} from "./types" */
/** @import {Recording} from "./recording.js" */

/**
 * Whether the last snapshot of a run that has ended is on show.
 * @param {Pick<View, "ended" | "frameIndex" | "frames">} view
 */
export const isOver = ({ended, frameIndex, frames}) => ended && frameIndex === frames.length - 1;

/**
 * The view of a recording at `playhead` (in snapshots; what lies between two is the blend if it is `moving`); null while there is
 * nothing to show.
 * @param {object} state
 * @param {Pick<Recording, "run" | "header" | "frames" | "end">} state.recording
 * @param {Pick<Data, "prediction" | "predictions" | "arms" | "normalizers" | "words" | "shared" | "data" | "changes">} state.data
 * @param {Choice} state.choice
 * @param {Story<any, any>} state.story
 * @param {Ranges} state.fits
 * @param {number} state.playhead
 * @param {boolean} [state.moving]
 * @param {Service<any, any> | null} [state.service]
 * @returns {View | null}
 */
export function viewOf({recording, data, choice, story, fits, playhead, moving = false, service = null}) {
  const {run, header, frames, end} = recording;
  if (!header || !frames.length) return null;
  const frameIndex = Math.max(0, Math.min(Math.floor(playhead), frames.length - 1));
  const choices = within(choice, header, frames);
  const compared = header.arms[1] ?? header.arms[0];
  const {prediction, predictions, arms, normalizers, words, shared, changes} = data;
  /** @type {View} */
  const view = {
    ...{
      ...choices,
      choices: JSON.stringify(choices),
      run,
      header,
      frames,
      frame: frames[frameIndex],
      frameIndex,
      ended: Boolean(end),
    },
    ...{
      blend: moving ? Math.max(0, Math.min(playhead - frameIndex, 1)) : 0,
      prediction,
      predictions,
      compared,
      arms,
      words,
      shared,
    },
    ...{changes, normalizers},
    ...{norm: arms[compared]?.label ?? compared, data: data.data, fits, story, service: service?.state ?? null},
    tallest: (arm) => fits.tallest(arm, view),
    widest: 1,
  };
  view.widest = fits.range("histogram", view)?.[1] ?? 1;
  return view;
}

/**
 * What has been chosen, as far as this run has it.
 * @param {Choice} choice
 * @param {import("./types").Header} header
 * @param {Snapshot[]} frames
 */
function within(choice, header, frames) {
  const isWatched = choice.unit === "pooled" || (choice.unit !== "auto" && header.watched_units.includes(choice.unit));
  const unit = /** @type {Unit} */ (isWatched ? choice.unit : header.watched_units[0]);
  const motion = motionsOf({frames, header}).includes(choice.motion) ? choice.motion : "distribution";
  return {...choice, layer: Math.max(1, Math.min(choice.layer, header.hidden_layers)), unit, motion};
}
