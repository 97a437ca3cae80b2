// @ts-check
// Where a run waits for its turn, asked for until something of it has come.

import {addressOf} from "./dom.js";

/** @import {Recording} from "./recording.js" */
/** @typedef {{state: string, before: number, seconds: number | null}} QueuePosition as the server says it */

const LOOK_MS = 1500;

/**
 * @param {Recording} recording
 * @param {(place: QueuePosition | null) => void} say is told the place of a run that waits, and null when it waits no more
 */
export async function queued(recording, say) {
  for (let waited = false; ;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (recording.closed || recording.lines || recording.end) return;
    const place = await placeOf(recording.run);
    if (!place || recording.closed || recording.lines) return; // a page without a server, or one that has begun anew
    if (place.state === "waiting") say(place);
    else if (waited) say(null);
    waited = place.state === "waiting";
  }
}

/**
 * @param {string} run
 * @returns {Promise<QueuePosition | null>}
 */
async function placeOf(run) {
  try {
    const answer = await fetch(addressOf(`bnviz/runs/${run}/place`));
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
