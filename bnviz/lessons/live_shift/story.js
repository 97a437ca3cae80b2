// @ts-check
// The story of the page /: how far a layer has moved. A sentence may confirm the lecture or contradict it, as the numbers say.

import {expectedNoise, firstReaching, framesShown, hasAtom, lastMeasured, zeroShare} from "../../web/player/feeds.js";
import {finiteOnes} from "../../web/player/numbers.js";
import * as words from "../../web/player/words.js";

/** @import {PanelSpec, Say, Snapshot, Story, View} from "../../web/player/types" */
/** @import {Words} from "./words" */

const {at, both, bothArms, digits, diverged, inColour, learns, percent, sigmas, tapName, times} = words;
/** @type {Say<Words>} */
const say = words.say;

const EARLY = 50; // steps, before which nobody is expected to have learnt anything
const CLEARLY = 1.1; // times as far is clearly farther

/** @type {Story} */
export default {
  headline,
  picture: "large",
  numbers: true,
  captions: {beyond, zeros, reached, noise, probe_size: (view) => String(view.header.probe_size)},
  alternatives: {fan, ridges, shift, learning, bands, noise, layers},
};

/**
 * A number for each of the two arms: {plain, compared}.
 * @template T
 * @param {View} view
 * @param {(arm: string) => T} value
 */
function pair(view, value) {
  return {plain: value("none"), compared: value(view.compared)};
}

/**
 * How much less, or more, the chosen layer has moved in the network that is compared.
 * @param {View} view
 */
function headline(view) {
  const name = tapName(view);
  const moved = pair(view, (arm) => at(view.frame, arm, "shift_from_first", view));
  const figures = pair(view, (arm) => inColour(arm, sigmas(arm === "none" ? moved.plain : moved.compared)));
  const said = {name, norm: view.norm, ...figures};
  const lost = bothArms(view).filter((arm) => diverged(view.frame, arm));
  if (lost.length) return divergence(view, lost);
  if (view.frame.step === 0) return say(view, "untrained", {name});
  const idle = view.frame.step < EARLY ? [] : bothArms(view).filter((arm) => !learns(view.frame, arm, view));
  if (idle.length) return stillness(view, idle, said);
  const {plain, compared} = moved;
  if (plain > CLEARLY * compared) return say(view, "less", {...said, times: times(plain / compared)});
  if (compared > CLEARLY * plain) return say(view, "more", {...said, times: times(compared / plain)});
  return say(view, "alike", said);
}

/**
 * @param {View} view
 * @param {string[]} lost
 */
function divergence(view, lost) {
  if (lost.length === 2) return say(view, "both_diverged");
  const other = view.frame.arms[lost[0] === "none" ? view.compared : "none"].test_accuracy;
  const rest = other === null ? "" : say(view, "other_accuracy", {accuracy: percent(other)});
  return say(view, lost[0] === "none" ? "plain_diverged" : "compared_diverged", {norm: view.norm, other: rest});
}

/**
 * A net that does not learn does not move: little shift is then no merit.
 * @param {View} view
 * @param {string[]} idle
 * @param {{name: string, norm: string, plain: string, compared: string}} said
 */
function stillness(view, idle, said) {
  if (idle.length === 2) return say(view, "neither_learns", said);
  const accuracy = percent(view.frame.arms[idle[0]].test_accuracy);
  return say(view, idle[0] === "none" ? "plain_idle" : "compared_idle", {...said, accuracy});
}

/**
 * When each arm first reached the target, as far as is shown.
 * @param {View} view
 */
function reached(view) {
  if (view.frames[0].arms.none.test_accuracy === null) return say(view, "no_accuracy");
  const {plain, compared} = pair(view, (arm) => firstReaching(framesShown(view), arm, view.target)?.step);
  const said = {goal: percent(view.target), held_out: view.data.held_out, norm: view.norm};
  if (plain === undefined && compared === undefined) return say(view, "reached_neither", said);
  if (plain === undefined) return say(view, "reached_compared", {...said, compared: Number(compared)});
  if (compared === undefined) return say(view, "reached_plain", {...said, plain});
  if (plain === compared) return say(view, "reached_together", {...said, plain});
  return say(view, "reached_both", {...said, plain, compared});
}

/**
 * Each minibatch is normalized by its own statistics, so those of a[2] are nearly pinned with batch norm: z is what to look at.
 * @param {View} view
 */
function noise(view) {
  const frame = lastMeasured(view, "none");
  if (!frame) return "";
  const size = Number(view.header.group_size.toFixed(1));
  const off = pair(view, (arm) => digits(at(frame, arm, "mean_noise", view, "linear"), 3));
  const after = pair(view, (arm) => digits(at(frame, arm, "mean_noise", view, "activation"), 3));
  const said = {layer: view.layer, norm: view.norm, size, theory: digits(expectedNoise(view), 3), ...off};
  return say(view, "noise", {...said, plain_a: after.plain, compared_a: after.compared});
}

/** @param {View} view */
function zeros(view) {
  if (!hasAtom(view)) return "";
  return say(view, "zeros", {norm: view.norm, ...pair(view, (arm) => percent(zeroShare(view.frame, arm, view)))});
}

const BEYOND = 0.005; // the share of values outside the histogram that is worth a word

/**
 * Values outside the histogram's range, if there are any to speak of.
 * @param {View} view
 */
function beyond(view) {
  const {plain, compared} = pair(view, (arm) => outside(view, arm));
  return (
    (plain < BEYOND ? "" : say(view, "beyond_plain", {share: percent(plain), norm: view.norm})) +
    (compared < BEYOND ? "" : say(view, "beyond_compared", {share: percent(compared), norm: view.norm}))
  );
}

/**
 * @param {View} view
 * @param {string} arm
 */
function outside(view, arm) {
  const size = view.header.probe_size * view.header.experiment.width;
  return ["underflow", "overflow", "nonfinite"].reduce((sum, key) => sum + at(view.frame, arm, key, view), 0) / size;
}

// --- in words, for those who do not see the charts

/** @param {View} view */
function fan(view) {
  return both(view, (arm) => {
    const means = finiteOnes(at(view.frame, arm, "unit_mean", view));
    return say(view, "alt_fan", {low: digits(Math.min(...means)), high: digits(Math.max(...means))});
  });
}

/** @param {View} view */
function ridges(view) {
  return both(view, (arm) => say(view, "alt_ridges", {share: percent(zeroShare(view.frame, arm, view))}));
}

/** @param {View} view */
function shift(view) {
  return both(view, (arm) => say(view, "alt_shift", {shift: digits(at(view.frame, arm, "shift_from_first", view))}));
}

/** @param {View} view */
function learning(view) {
  return both(view, (arm) => {
    const {test_accuracy: accuracy, train_loss: loss} = view.frame.arms[arm];
    return say(view, "alt_learning", {accuracy: percent(accuracy), loss: digits(loss)});
  });
}

/** @param {View} view */
function bands(view) {
  return both(view, (arm) => {
    const [low, middle, high] = at(view.frame, arm, "percentiles", view);
    return say(view, "alt_bands", {low: digits(low), middle: digits(middle), high: digits(high)});
  });
}

/**
 * @param {View} view
 * @param {PanelSpec} spec
 */
function layers(view, spec) {
  const means = view.frame.arms[spec.id.slice("layers-".length)].mean[view.tap];
  return say(view, "alt_layers", {means: Array.from(means, (mean) => digits(mean)).join(", ")});
}
