// @ts-check
// What is on show, made from what is known of it: no page is needed.

/** @import {Choice, Data, Ranges, Service, Story, Unit, View} from "./types" */
/** @import {Recording} from "./recording.js" */

export const SNAPSHOTS_PER_SECOND = 15; // as fast as it plays at speed 1

/**
 * The view of a recording at `place` (in snapshots; what lies between two is the blend if it is `moving`); null while there is
 * nothing to show.
 * @param {object} known
 * @param {Pick<Recording, "run" | "header" | "frames" | "end">} known.recording
 * @param {Pick<Data, "prediction" | "predictions" | "arms" | "normalizers" | "words" | "shared" | "data" | "changes">} known.data
 * @param {Choice} known.choice
 * @param {Story<any, any>} known.story
 * @param {Ranges} known.fits
 * @param {number} known.place
 * @param {boolean} [known.moving]
 * @param {Service<any, any> | null} [known.service]
 * @returns {View | null}
 */
export function viewOf({recording, data, choice, story, fits, place, moving = false, service = null}) {
  const {run, header, frames, end} = recording;
  if (!header || !frames.length) return null;
  const frameIndex = Math.max(0, Math.min(Math.floor(place), frames.length - 1));
  const chosen = within(choice, header);
  const compared = header.arms[1];
  const {prediction, predictions, arms, normalizers, words, shared, changes} = data;
  /** @type {View} */
  const view = {
    ...{
      ...chosen,
      choices: JSON.stringify(chosen),
      run,
      header,
      frames,
      frame: frames[frameIndex],
      frameIndex,
      ended: Boolean(end),
    },
    ...{blend: moving ? Math.max(0, Math.min(place - frameIndex, 1)) : 0, prediction, predictions, compared, arms, words, shared},
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
 */
function within(choice, header) {
  const known = choice.unit === "pooled" || (choice.unit !== "auto" && header.watched_units.includes(choice.unit));
  const unit = /** @type {Unit} */ (known ? choice.unit : header.watched_units[0]);
  return {...choice, layer: Math.max(1, Math.min(choice.layer, header.hidden_layers)), unit};
}
