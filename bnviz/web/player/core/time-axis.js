// @ts-check
// What charts over time count on their axis: steps, or examples seen. With different batch sizes equal steps are not equal
// training, so two runs are then compared after equally many examples, in epochs of the run on show, until a visitor chooses.

import {epochs as written} from "../numerals.js";

/** @import {Axis, Data} from "../types" */
/** @import {Recording} from "../recording.js" */
/** @typedef {(step: number) => number} Clock epochs of the run on show after a step */
/**
 * @typedef {object} TimeAxis an axis of examples seen; null in its place: one of steps
 * @property {string} title
 * @property {string} short the same on a narrow chart, whose buttons would cover a longer one
 * @property {Clock} own of the run on show
 * @property {Clock} other of the comparison run
 * @property {string} hover what a label says of a place, for Plotly to fill in
 */

const SAME_PACE = 0.03; // examples in a step that differ by less, as a share, are the same
const STEP_IN_LABEL = "step %{x}";

/**
 * How many epochs a run has taken after a step: what its snapshots say, between two of them on a straight line, and so on beyond
 * the last one.
 * @param {{step: number, epoch: number}[]} snapshots
 * @param {number} [scale] epochs are multiplied by this
 * @returns {Clock}
 */
export function clockOf(snapshots, scale = 1) {
  const exact = new Map(snapshots.map(({step, epoch}) => [step, epoch * scale]));
  return (step) => exact.get(step) ?? scale * between(snapshots, step);
}

/**
 * @param {{step: number, epoch: number}[]} snapshots
 * @param {number} step
 */
function between(snapshots, step) {
  if (snapshots.length < 2) return 0;
  const next = snapshots.findIndex((one) => one.step >= step);
  const index = next < 0 ? snapshots.length - 1 : Math.max(next, 1);
  const [before, after] = [snapshots[index - 1], snapshots[index]];
  return before.epoch + ((step - before.step) / (after.step - before.step)) * (after.epoch - before.epoch);
}

/**
 * The clock of the run on show, which knows its end before that has arrived.
 * @param {Pick<Recording, "header" | "frames">} recording
 * @param {Pick<Data, "epochs">} data
 */
export function ownClock({header, frames}, {epochs}) {
  const end = {step: Number(header?.total_steps ?? 0), epoch: epochs};
  const isComplete = !end.step || (frames.at(-1)?.step ?? 0) >= end.step;
  return clockOf(isComplete ? frames : [...frames, end]);
}

/**
 * Whether two runs train on clearly different numbers of examples in a step, on average.
 * @param {number} one examples in a step
 * @param {number} other
 */
export const differInPace = (one, other) => Math.abs(one - other) > SAME_PACE * Math.min(one, other);

/**
 * The snapshot after about as many epochs.
 * @param {{step: number}[]} frames
 * @param {Clock} clock
 * @param {number} epochs
 * @returns {number} an index
 */
export function nearestByEpochs(frames, clock, epochs) {
  const distances = frames.map(({step}) => Math.abs(clock(step) - epochs));
  return distances.indexOf(Math.min(...distances));
}

/**
 * An axis as it counts time; one that does not show time stays as it is. Rows of a chart that goes downwards with time keep
 * their places, and only their labels change.
 * @param {Axis} axis
 * @param {string} name "xaxis2"
 * @param {TimeAxis | null | undefined} time
 * @param {boolean} [narrow]
 * @returns {Axis}
 */
export function axisOverTime(axis, name, time, narrow = false) {
  if (!time || !axis.time) return axis;
  const title = axis.title.text ? {...axis.title, text: narrow ? time.short : time.title} : axis.title;
  const {range, tickvals} = axis;
  if (name.startsWith("y")) return {...axis, title, ...(tickvals && {ticktext: labels(tickvals, time)})};
  return {...axis, title, ...(range && {range: pair(range, time)}), ...(tickvals && {tickvals: tickvals.map(time.own)})};
}

/**
 * @param {number[]} steps
 * @param {TimeAxis} time
 */
const labels = (steps, {own}) => steps.map((step) => written(own(step), own(steps[steps.length - 1])));

/**
 * @param {[number, number]} range
 * @param {TimeAxis} time
 * @returns {[number, number]}
 */
const pair = ([from, to], {own}) => [own(from), own(to)];

/**
 * A filled trace with its points where they belong on an axis of time. Labels name both, epochs and step.
 * @param {Record<string, any>} trace
 * @param {Record<string, any>} layout of its chart
 * @param {TimeAxis | null | undefined} time
 * @param {"own" | "other"} whose
 */
export function traceOverTime(trace, layout, time, whose) {
  if (!time || !layout[axisKey(trace.xaxis)]?.time || !trace.x) return trace;
  const steps = Array.from(trace.x);
  const x = steps.map((step) => (step === null ? null : time[whose](step)));
  const label = trace.hovertemplate;
  const hovertemplate = label?.includes(STEP_IN_LABEL) ? label.replace(STEP_IN_LABEL, time.hover) : label;
  return {...trace, x, ...(label && {hovertemplate, customdata: steps})};
}

/** Layouts name the axis "x2" "xaxis2". @param {string} [axis] */
const axisKey = (axis = "x") => `${axis[0]}axis${axis.slice(1)}`;

/**
 * Marks at a step, such as a line from top to bottom, at their places on an axis of time.
 * @param {Record<string, any>[]} shapes
 * @param {Record<string, any>} layout
 * @param {TimeAxis | null | undefined} time
 */
export const shapesOverTime = (shapes, layout, time) =>
  shapes.map((shape) =>
    time && layout[axisKey(shape.xref)]?.time ? {...shape, x0: time.own(shape.x0), x1: time.own(shape.x1)} : shape,
  );

/**
 * Rows of a table by examples seen; the steps become a column.
 * @param {import("../types").Numbers} part
 * @param {string} stepKey what rows by steps are called
 * @param {TimeAxis | null | undefined} time
 * @param {"own" | "other"} whose
 * @returns {import("../types").Numbers}
 */
export function rowsOverTime(part, stepKey, time, whose) {
  if (!time || part.key !== stepKey) return part;
  const steps = part.at.map(Number);
  return {key: time.title, at: steps.map(time[whose]), columns: {[stepKey]: steps, ...part.columns}};
}
