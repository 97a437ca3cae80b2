// What is said of a run, computed from it. A sentence may confirm the lecture or contradict it; it follows the numbers.

import {expectedNoise, firstReaching, hasAtom, lastMeasured, zeroShare} from "./feeds.js";

const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
const sigmas = (value) => `${value.toPrecision(2)} σ`;
const at = (frame, arm, key, view) => frame.arms[arm][key][view.tap][view.layer - 1];

// The chosen tap as the lecture writes it: z, γẑ+β or a, with the layer in brackets.
export function tapName(tap, layer) {
  return {linear: `z[${layer}]`, normalized: `γẑ+β of layer ${layer}`, activation: `a[${layer}]`}[tap];
}

export function unitName(unit) { return unit === "pooled" ? "all units pooled" : `unit ${Number(unit) + 1}`; }

export function names(view) {
  return {
    tap: tapName(view.tap, view.layer),
    tapname: {linear: "z", normalized: "γẑ+β (z itself without batch norm)", activation: "a"}[view.tap],
    layer: `layer ${view.layer}`,
    unit: unitName(view.unit),
    thick: view.unit === "pooled" ? "" : ` The thick line is ${unitName(view.unit)}.`,
    beyond: beyond(view),
    zeros: zeros(view),
    reached: reached(view),
    noise: noise(view),
  };
}

// The headline: how much less, or more, the chosen layer has moved with batch norm.
export function headline(view) {
  const frame = view.frames[view.shown];
  const name = tapName(view.tap, view.layer);
  const [none, batch] = ["none", "batch"].map((arm) => at(frame, arm, "shift_from_first", view));
  const lost = ["none", "batch"].filter((arm) => diverged(frame, arm));
  if (lost.length) return divergence(lost, frame);
  if (frame.step === 0) return `The untrained networks: ${name} has not moved yet.`;
  const figures = `${sigmas(batch)} with, ${sigmas(none)} without`;
  const still = stillness(frame, none, batch, name, view);
  if (still) return still;
  if (none > 1.1 * batch) return `${name} has moved ${times(none / batch)} less with batch norm: ${figures}.`;
  if (batch > 1.1 * none) return `Here ${name} has moved ${times(batch / none)} more with batch norm: ${figures}.`;
  return `${name} has moved about as far in both networks: ${figures}.`;
}

const times = (ratio) => `${ratio.toFixed(ratio < 10 ? 1 : 0)} times`;

export function diverged(frame, arm) {
  return [frame.arms[arm].train_loss, frame.arms[arm].probe_loss].some((loss) => !Number.isFinite(loss));
}

function divergence(lost, frame) {
  const who = {none: "The network without batch norm", batch: "The network with batch norm"};
  if (lost.length === 2) return "Both networks have diverged: their losses are no longer finite numbers.";
  const other = lost[0] === "none" ? "batch" : "none";
  return `${who[lost[0]]} has diverged: its loss is no longer a finite number. The other is at ${percent(frame.arms[other].test_accuracy)} test accuracy.`;
}

// A net that does not learn does not move: little shift is then no merit. To learn is to go 15 % of the way from chance to 1.
export function learns(frame, arm, view) {
  const chance = 1 / view.header.classes;
  return frame.arms[arm].test_accuracy > chance + 0.15 * (1 - chance);
}

function stillness(frame, none, batch, name, view) {
  if (frame.step < 50) return null;
  const idle = ["none", "batch"].filter((arm) => !learns(frame, arm, view));
  if (idle.length === 2) return `Neither network has learnt anything yet, so what ${name} does says little: ${sigmas(batch)} with, ${sigmas(none)} without batch norm.`;
  if (!idle.length) return null;
  const which = idle[0] === "none" ? "without" : "with", moved = idle[0] === "none" ? none : batch, other = idle[0] === "none" ? batch : none;
  return `The network ${which} batch norm has not learnt (${percent(frame.arms[idle[0]].test_accuracy)} right), so its ${name} moving ${sigmas(moved)}, against ${sigmas(other)}, says little.`;
}

// When each arm first reached the target, as far as is shown.
export function reached(view) {
  const frames = view.frames.slice(0, view.shown + 1);
  const [none, batch] = ["none", "batch"].map((arm) => firstReaching(frames, arm, view.target)?.step);
  const goal = `${percent(view.target)} of the test images right`;
  if (none === undefined && batch === undefined) return `Neither network has reached ${goal} yet.`;
  if (none === undefined) return `${goal}: after ${batch} steps with batch norm, not yet without.`;
  if (batch === undefined) return `${goal}: after ${none} steps without batch norm, not yet with.`;
  if (none === batch) return `${goal}: after ${none} steps with and without batch norm.`;
  return `${goal}: after ${batch} steps with batch norm, ${none} without.`;
}

// Each minibatch is normalized by its own statistics, so those of a[2] are nearly pinned with batch norm: z is what to look at.
function noise(view) {
  const frame = lastMeasured(view, "none");
  if (!frame) return "";
  const size = view.header.group_size, off = (tap) => ["none", "batch"].map((arm) => digits(at(frame, arm, "mean_noise", {...view, tap})));
  const [z, a] = [off("linear"), off("activation")];
  return `One dot a unit of z[${view.layer}], whose mean and variance batch norm takes: how they come out on the next ` +
    `${Number(size.toFixed(1))} examples, in standard deviations of the probe. Means are off by ${z[0]} σ without and ${z[1]} σ with batch norm; ` +
    `σ/√n says ${expectedNoise(view).toFixed(3)} σ (dashed; ovals: two of it). Of a[${view.layer}]: ${a[0]} σ and ${a[1]} σ.`;
}

const digits = (value) => (Number.isFinite(value) ? value.toFixed(3) : "no number");

function zeros(view) {
  if (!hasAtom(view)) return "";
  const [none, batch] = ["none", "batch"].map((arm) => percent(zeroShare(view.frames[view.shown], arm, view)));
  return ` Bars: values of exactly 0, now ${none} without and ${batch} with batch norm.`;
}

// Values outside the histogram's range, if there are any to speak of.
function beyond(view) {
  const frame = view.frames[view.shown], size = view.header.probe_size * view.header.experiment.width;
  const said = view.header.arms.map((arm) => {
    const outside = ["underflow", "overflow", "nonfinite"].reduce((sum, key) => sum + at(frame, arm, key, view), 0) / size;
    return outside >= 0.005 ? `${percent(outside)} of the layer's values lie beyond the axis ${arm === "none" ? "without" : "with"} batch norm` : null;
  }).filter(Boolean);
  return said.length ? ` ${said.join("; ")}.` : "";
}

// Text alternatives: what a chart shows, in current numbers.
export function alternative(panel, view) {
  const frame = view.frames[view.shown], both = (text) => `without batch norm ${text("none")}, with batch norm ${text("batch")}`;
  const number = (value) => (Number.isFinite(value) ? value.toFixed(2) : "not finite");
  const texts = {
    fan: () => both((arm) => { const row = [...at(frame, arm, "unit_mean", view)]; return `unit means from ${number(Math.min(...row))} to ${number(Math.max(...row))}`; }),
    ridges: () => both((arm) => `${percent(zeroShare(frame, arm, view))} at exactly 0`),
    shift: () => both((arm) => `${number(at(frame, arm, "shift_from_first", view))} σ from the untrained net`),
    learning: () => both((arm) => `test accuracy ${percent(frame.arms[arm].test_accuracy)}, training loss ${number(frame.arms[arm].train_loss)}`),
    bands: () => both((arm) => { const [low, middle, high] = at(frame, arm, "percentiles", view); return `median ${number(middle)}, middle 70 % from ${number(low)} to ${number(high)}`; }),
    noise: () => noise(view),
  };
  const all = () => `layer by layer, mean ${Array.from({length: view.header.hidden_layers}, (_, index) =>
    number(frame.arms[panel.id.split("-")[1]].mean[view.tap][index])).join(", ")}`;
  return `${panel.plainTitle}, step ${frame.step}: ${(texts[panel.id] || all)()}.`;
}
