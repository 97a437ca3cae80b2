// @ts-check
// The playback clock: the playhead and what moves it, as plain state and pure transitions (state, event) → state.

/**
 * @typedef {object} Clock
 * @property {number} playhead in snapshots; what comes after the point is the way to the next one
 * @property {number} speed 1 is SNAPSHOTS_PER_SECOND
 * @property {boolean} slowStart whether a run begins slower, which it does until the visitor chooses a speed
 * @property {boolean} loop
 * @property {boolean} playing
 * @property {boolean} held whether it holds still for a moment, because the visitor reaches for a setting
 * @property {number | null} pendingSeek the step to go to as soon as it is there
 * @property {boolean} resting whether a visitor has paused it, at a step that the address is to name
 */
/**
 * @typedef {{frames: ArrayLike<{step: number}> & {findIndex: Function}, end: object | null}} Timeline what has arrived of a
 * run
 */
/**
 * @typedef {{type: "begin", step: number | null, still: boolean, waiting: boolean}
 *   | {type: "continue", index: number, still: boolean}
 *   | {type: "start", playhead: number, playing: boolean}
 *   | {type: "tick", seconds: number}
 *   | {type: "seek", index: number}
 *   | {type: "seekStep", step: number}
 *   | {type: "pendSeek", step: number | null}
 *   | {type: "setSpeed", speed: number}
 *   | {type: "stepSpeed", by: number}
 *   | {type: "setPlaying", playing: boolean}
 *   | {type: "play" | "pause" | "toggleLoop" | "hold" | "release"}} ClockEvent
 */

export const SNAPSHOTS_PER_SECOND = 15; // at speed 1
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
// Most happens in the first steps, and people read meanwhile: a run begins at a share of the speed, and has all of it later.
const SLOW_START = {share: 0.25, steps: 100};

/** @type {Clock} */
export const STOPPED_CLOCK = {
  playhead: 0,
  speed: 1,
  slowStart: true,
  loop: false,
  playing: true,
  held: false,
  pendingSeek: null,
  resting: false,
};

/**
 * At what share of the chosen speed it plays at a step.
 * @param {number} step
 */
const shareAt = (step) => SLOW_START.share + (1 - SLOW_START.share) * Math.min(1, step / SLOW_START.steps) ** 2;

/**
 * @param {Clock} clock
 * @param {Timeline} timeline with snapshots
 */
const rateOf = ({playhead, speed, slowStart}, {frames}) =>
  speed * SNAPSHOTS_PER_SECOND * (slowStart ? shareAt(frames[Math.floor(playhead)].step) : 1);

const lastIndex = (/** @type {Timeline} */ {frames}) => frames.length - 1;

/** @type {{[Type in ClockEvent["type"]]: (clock: Clock, event: any, timeline: Timeline) => Clock}} */
const TRANSITIONS = {
  // With reduced motion nothing plays by itself: the end is shown.
  begin(clock, {step, still, waiting}) {
    const pendingSeek = step ?? (still ? Infinity : null);
    return {...clock, playhead: 0, pendingSeek, playing: pendingSeek === null && !waiting, resting: step !== null};
  },
  continue: (clock, {index, still}) => ({
    ...clock,
    playhead: index,
    pendingSeek: still ? Infinity : null,
    playing: !still,
    resting: false,
  }),
  // A card of the tour says what to look at, and begins where that is visible.
  start: (clock, {playhead, playing}) => ({...clock, playhead, playing, slowStart: false, pendingSeek: null}),
  tick(clock, {seconds}, timeline) {
    const last = lastIndex(timeline);
    if (!clock.playing || clock.held || last < 0) return clock;
    const playhead = Math.min(clock.playhead + seconds * rateOf(clock, timeline), last);
    if (!timeline.end || playhead < last) return {...clock, playhead};
    if (!clock.loop) return {...clock, playhead, playing: false};
    return {...clock, playhead: clock.playhead < last ? last : 0}; // the end is shown, however few frames a slow machine draws
  },
  play(clock, _, timeline) {
    const rewind = timeline.end && clock.playhead >= lastIndex(timeline);
    return {...clock, playhead: rewind ? 0 : clock.playhead, pendingSeek: null, playing: true, resting: false};
  },
  pause: (clock) => ({...clock, playhead: Math.floor(clock.playhead), pendingSeek: null, playing: false, resting: true}),
  seek(clock, {index}, timeline) {
    const playhead = Math.max(0, Math.min(index, lastIndex(timeline)));
    return {...clock, playhead, pendingSeek: null, playing: false, resting: true};
  },
  // Or as near as the run has come; `pendingSeek` stays until it has come so far.
  seekStep(clock, {step}, timeline) {
    const {frames, end} = timeline;
    if (!frames.length) return clock;
    const index = frames.findIndex((/** @type {{step: number}} */ frame) => frame.step >= step);
    if (index < 0 && !end) return {...clock, playhead: lastIndex(timeline)};
    return {...clock, playhead: index < 0 ? lastIndex(timeline) : index, pendingSeek: null, playing: false};
  },
  pendSeek: (clock, {step}) => ({...clock, pendingSeek: step}),
  setSpeed: (clock, {speed}) => ({...clock, speed, slowStart: false}),
  stepSpeed(clock, {by}) {
    const index = SPEEDS.indexOf(clock.speed) + by;
    return {...clock, slowStart: false, speed: SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, index))]};
  },
  setPlaying: (clock, {playing}) => ({...clock, playing}),
  toggleLoop: (clock) => ({...clock, loop: !clock.loop}),
  hold: (clock) => ({...clock, held: true}),
  release: (clock) => ({...clock, held: false}),
};

/**
 * The clock after an event.
 * @param {Clock} clock
 * @param {ClockEvent} event
 * @param {Timeline} timeline
 * @returns {Clock}
 */
export const nextClock = (clock, event, timeline) => TRANSITIONS[event.type](clock, event, timeline);

/**
 * The state of playback as the page shows it.
 * @param {Clock} clock
 * @param {{frames: ArrayLike<unknown>, end: {status: string} | null}} timeline
 */
export function playbackState({playing, playhead, pendingSeek}, {frames, end}) {
  if (end?.status === "failed") return "failed";
  if (!frames.length) return end ? "ended" : "loading";
  if (playing) return "playing";
  return end && Math.floor(playhead) >= frames.length - 1 && pendingSeek === null ? "ended" : "paused";
}
