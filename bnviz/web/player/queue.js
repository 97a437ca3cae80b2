// @ts-check
// A run's position in the queue, polled until something of the run has come.

import {addressOf} from "./dom.js";

/** @import {Recording} from "./recording.js" */
/** @typedef {{state: string, before: number, seconds: number | null}} QueuePosition as the server reports it */

const POLL_MS = 1500;

/**
 * @param {Recording} recording
 * @param {(position: QueuePosition | null) => void} say gets the position of a run that waits, and null when it waits no more
 */
export async function watchQueue(recording, say) {
  for (let waits = false; ;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (recording.closed || recording.lines || recording.end) return;
    const position = await positionOf(recording.run);
    if (!position || recording.closed || recording.lines) return; // a page without a server, or one that has restarted
    if (position.state === "waiting") say(position);
    else if (waits) say(null);
    waits = position.state === "waiting";
  }
}

/**
 * @param {string} run
 * @returns {Promise<QueuePosition | null>}
 */
async function positionOf(run) {
  try {
    const answer = await fetch(addressOf(`bnviz/runs/${run}/place`));
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
