// The story of the page `/`: how far a layer has moved. A sentence may confirm the lecture or contradict it; it follows the numbers.

import {expectedNoise, firstReaching, hasAtom, lastMeasured, zeroShare} from "../../web/player/feeds.js";
import {at, both, digits, diverged, inColour, learns, percent, sigmas, tapName, times} from "../../web/player/words.js";

export default {
  headline,
  captions: {beyond, zeros, reached, noise},
  alternatives: {fan, ridges, shift, learning, bands, noise, layers},
};

// How much less, or more, the chosen layer has moved with batch norm.
function headline(view) {
  const frame = view.frames[view.shown];
  const name = tapName(view);
  const [none, batch] = ["none", "batch"].map((arm) => at(frame, arm, "shift_from_first", view));
  const lost = ["none", "batch"].filter((arm) => diverged(frame, arm));
  if (lost.length) return divergence(lost, frame);
  if (frame.step === 0) return `The untrained networks: ${name} has not moved yet.`;
  const figures = `${inColour("batch", `${sigmas(batch)} with`)}, ${inColour("none", `${sigmas(none)} without`)}`;
  const still = stillness(frame, none, batch, name, view);
  if (still) return still;
  if (none > 1.1 * batch) return `${name} has moved ${times(none / batch)} less with batch norm: ${figures}.`;
  if (batch > 1.1 * none) return `Here ${name} has moved ${times(batch / none)} more with batch norm: ${figures}.`;
  return `${name} has moved about as far in both networks: ${figures}.`;
}

function divergence(lost, frame) {
  const who = {none: "The network without batch norm", batch: "The network with batch norm"};
  if (lost.length === 2) return "Both networks have diverged: their losses are no longer finite numbers.";
  const other = lost[0] === "none" ? "batch" : "none";
  const accuracy = frame.arms[other].test_accuracy,
    rest = accuracy === null ? "" : ` The other is at ${percent(accuracy)} test accuracy.`;
  return `${who[lost[0]]} has diverged: its loss is no longer a finite number.${rest}`;
}

// A net that does not learn does not move: little shift is then no merit.
function stillness(frame, none, batch, name, view) {
  if (frame.step < 50) return null;
  const idle = ["none", "batch"].filter((arm) => !learns(frame, arm, view));
  if (idle.length === 2)
    return `Neither network has learnt anything yet, so what ${name} does says little: ${sigmas(batch)} with, ${sigmas(none)} without batch norm.`;
  if (!idle.length) return null;
  const which = idle[0] === "none" ? "without" : "with",
    moved = idle[0] === "none" ? none : batch,
    other = idle[0] === "none" ? batch : none;
  return `The network ${which} batch norm has not learnt (${percent(frame.arms[idle[0]].test_accuracy)} right), so its ${name} moving ${sigmas(moved)}, against ${sigmas(other)}, says little.`;
}

// When each arm first reached the target, as far as is shown.
function reached(view) {
  const frames = view.frames.slice(0, view.shown + 1);
  const [none, batch] = ["none", "batch"].map((arm) => firstReaching(frames, arm, view.target)?.step);
  if (frames[0].arms.none.test_accuracy === null) return "Numbers are predicted here, not classes: there is no accuracy.";
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
  const size = view.header.group_size,
    off = (tap) => ["none", "batch"].map((arm) => digits(at(frame, arm, "mean_noise", view, tap), 3));
  const [z, a] = [off("linear"), off("activation")];
  return (
    `One dot a unit of z[${view.layer}], whose mean and variance batch norm takes: how they come out on the next ` +
    `${Number(size.toFixed(1))} examples, in standard deviations of the probe. Means are off by ${z[0]} σ without and ${z[1]} σ with batch norm; ` +
    `σ/√n says ${expectedNoise(view).toFixed(3)} σ (dashed; ovals: two of it). Of a[${view.layer}]: ${a[0]} σ and ${a[1]} σ.`
  );
}

function zeros(view) {
  if (!hasAtom(view)) return "";
  const [none, batch] = ["none", "batch"].map((arm) => percent(zeroShare(view.frames[view.shown], arm, view)));
  return ` Bars: values of exactly 0, now ${none} without and ${batch} with batch norm.`;
}

// Values outside the histogram's range, if there are any to speak of.
function beyond(view) {
  const frame = view.frames[view.shown],
    size = view.header.probe_size * view.header.experiment.width;
  const said = view.header.arms
    .map((arm) => {
      const outside = ["underflow", "overflow", "nonfinite"].reduce((sum, key) => sum + at(frame, arm, key, view), 0) / size;
      return outside >= 0.005
        ? `${percent(outside)} of the layer's values lie beyond the axis ${arm === "none" ? "without" : "with"} batch norm`
        : null;
    })
    .filter(Boolean);
  return said.length ? ` ${said.join("; ")}.` : "";
}

const shown = (view) => view.frames[view.shown];

function fan(view) {
  return both(view, (arm) => {
    const row = [...at(shown(view), arm, "unit_mean", view)];
    return `unit means from ${digits(Math.min(...row))} to ${digits(Math.max(...row))}`;
  });
}

function ridges(view) {
  return both(view, (arm) => `${percent(zeroShare(shown(view), arm, view))} at exactly 0`);
}

function shift(view) {
  return both(view, (arm) => `${digits(at(shown(view), arm, "shift_from_first", view))} σ from the untrained net`);
}

function learning(view) {
  return both(
    view,
    (arm) =>
      `test accuracy ${percent(shown(view).arms[arm].test_accuracy)}, training loss ${digits(shown(view).arms[arm].train_loss)}`,
  );
}

function bands(view) {
  return both(view, (arm) => {
    const [low, middle, high] = at(shown(view), arm, "percentiles", view);
    return `all units pooled, median ${digits(middle)}, middle 70 % from ${digits(low)} to ${digits(high)}`;
  });
}

function layers(view, spec) {
  const means = shown(view).arms[spec.id.split("-")[1]].mean[view.tap];
  return `mean layer by layer ${[...means].map((mean) => digits(mean)).join(", ")}`;
}
