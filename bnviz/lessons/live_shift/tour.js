// @ts-check
// The tour of the page /: the lecture's claims in its order, each held against the run on show. What a card says was measured
// is a function of the view alone, and may contradict the lecture.

import {RECENT_SNAPSHOTS} from "../../web/player/constants.js";
import {firstFrameAtAccuracy, visibleFrames, groupSize, recentMean, samplingError} from "../../web/player/feeds.js";
import {exampleStep, layerMotion, passedOn} from "../../web/player/motion.js";
import {finiteValues, mean, median} from "../../web/player/numbers.js";
import {
  armPair,
  bothArms,
  digits,
  factor,
  factorPlaces,
  hasClasses,
  hasDiverged,
  leader,
  learns,
  percent,
  sigmas,
  span,
  times,
} from "../../web/player/words.js";

/** @import {Card, CardOutcome, Reading, Snapshot, TourSay, View} from "../../web/player/types" */
/** @typedef {import("./words").Tour} Words */
/** @typedef {TourSay<Words>} Say */

const CLEARLY = 1.1; // times as far is clearly farther
const STILL = 0.05; // σ; less is hardly moved
const FALL = 0.05; // of accuracy, which is a fall
const TURNED = 0.03; // of a cosine, which is a difference
const FAR = 0.1; // from mean 0 or deviation 1
const SECOND = 2; // the layer whose output is spoken of
const CHANGE = 300; // the step at which a card changes something
const NOISY = `${CHANGE}:input_noise=1`;
const SMALLER = `${CHANGE}:batch_size=4`;

const WITH_GRADIENT_SHIFT = {gradient_shift: "yes"}; // needed by one card, recorded for all, so that no run has to start again

/** @type {Card<Words>[]} */
export const tour = [
  {
    ...{name: "inputs", values: {...WITH_GRADIENT_SHIFT, changes: NOISY}, part: {scores: true}, from: 284, again: true, due: 340},
    ...{guesses: ["stays", "falls"], outcome: inputs, readings: rightAnswers},
  },
  {
    ...{name: "layers", values: WITH_GRADIENT_SHIFT, curtain: true, part: {layers: [2, 2]}, from: 0, again: true, due: 60},
    ...{alone: true, choice: {motion: "example"}},
    ...{outcome: finite(layers, "none"), readings: (view, say) => movements(view, say, ["none"])},
  },
  {
    ...{name: "chase", values: WITH_GRADIENT_SHIFT, part: {layers: [2, 5]}, from: 60, due: 140},
    ...{alone: true, outcome: finite(chase, "none"), readings: chaseReadings},
  },
  {
    ...{name: "norm", values: WITH_GRADIENT_SHIFT, part: {layers: [2, 2]}, from: 0, again: true, due: 140},
    ...{guesses: ["less", "alike", "more"], choice: {motion: "example"}, outcome: finite(norm), readings: movements},
  },
  {
    ...{name: "faster", values: WITH_GRADIENT_SHIFT, part: {panel: "learning"}, questionPart: {scores: true}, from: 20, due: 240},
    ...{guesses: ["with", "without", "together"], outcome: faster, details: ({target}) => ({goal: percent(target)})},
  },
  {
    ...{name: "free", values: WITH_GRADIENT_SHIFT, part: {numbers: true}, from: 240, due: 320},
    ...{outcome: free, readings: freeReadings},
  },
  {
    ...{name: "range", values: WITH_GRADIENT_SHIFT, part: {panel: "fan"}, from: 320, due: 400},
    ...{outcome: finite(range), readings: rangeReadings},
  },
  {
    ...{name: "own", values: WITH_GRADIENT_SHIFT, choice: {layer: SECOND + 1}, part: {panel: "cosine"}, from: 400, due: 480},
    ...{questionPart: {layers: [1, SECOND + 1]}, guesses: ["nearer", "alike", "farther"], outcome: own, readings: ownReadings},
  },
  {
    ...{name: "score", values: WITH_GRADIENT_SHIFT, part: {scores: true}, from: 480, due: 600},
    ...{guesses: ["better", "same", "worse"], outcome: score},
  },
  {
    ...{
      name: "noise",
      values: {...WITH_GRADIENT_SHIFT, changes: SMALLER},
      choice: {layer: 1, tap: "linear"},
      part: {panel: "noise"},
    },
    ...{from: 284, again: true, due: 500, outcome: noise, readings: noiseReadings, details: () => ({step: CHANGE})},
  },
];

/**
 * @param {string} text
 * @param {string | null} [correctGuess]
 * @returns {CardOutcome}
 */
const outcome = (text, correctGuess = null) => ({text, correctGuess});

/**
 * A card that compares numbers of these networks, the two if none is named, and says so where one has diverged.
 * @param {Card<Words>["outcome"]} outcomeOf
 * @param {string} [only]
 * @returns {Card<Words>["outcome"]}
 */
function finite(outcomeOf, only) {
  return (view, say) => {
    const divergedArms = (only ? [only] : bothArms(view)).filter((arm) => hasDiverged(view.frame, arm));
    if (!divergedArms.length) return outcomeOf(view, say);
    if (divergedArms.length === 2) return outcome(say("both_diverged"));
    return outcome(say(divergedArms[0] === "none" ? "plain_diverged" : "compared_diverged", {norm: view.norm}));
  };
}

/**
 * Before which step something changes for the first time; the end if nothing does.
 * @param {View} view
 */
function changeStep(view) {
  const steps = String(view.header.experiment.changes ?? "").match(/\d+(?=:)/g) ?? [];
  return Math.min(...steps.map(Number), view.header.total_steps);
}

/**
 * The mean accuracy over some snapshots; null if there is none.
 * @param {Snapshot[]} frames
 * @param {string} arm
 */
const accuracy = (frames, arm) => mean(frames.map((frame) => frame.arms[arm].test_accuracy));

/**
 * Accuracies just before something changed and lately, averaged over a few snapshots.
 * @param {View} view
 * @param {string} arm
 */
function beforeAndNow(view, arm) {
  const frames = visibleFrames(view);
  const before = frames.filter(({step}) => step <= changeStep(view)).slice(-RECENT_SNAPSHOTS);
  const after = frames.filter(({step}) => step > changeStep(view)).slice(-RECENT_SNAPSHOTS);
  return {before: accuracy(before, arm), now: accuracy(after.length ? after : before.slice(-1), arm)};
}

/**
 * A measure of the two networks, or of some; one that has diverged has none.
 * @param {View} view
 * @param {Say} say
 * @param {string} name
 * @param {(arm: string) => string} of
 * @param {string[]} [arms]
 * @returns {Reading}
 */
function reading(view, say, name, of, arms = bothArms(view)) {
  const values = arms.map((arm) => [arm, hasDiverged(view.frame, arm) ? say("reading_diverged") : of(arm)]);
  return {name, values: Object.fromEntries(values)};
}

// --- the cards

/**
 * Right answers before something changed, and now.
 * @param {View} view
 * @param {Say} say
 * @param {string[]} [arms]
 */
function rightAnswers(view, say, arms) {
  if (!hasClasses(view)) return [];
  return [
    reading(view, say, say("reading_before", {step: changeStep(view)}), (arm) => percent(beforeAndNow(view, arm).before), arms),
    reading(view, say, say("reading_now"), (arm) => percent(beforeAndNow(view, arm).now), arms),
  ];
}

/**
 * @param {View} view
 * @param {Say} say
 */
function inputs(view, say) {
  const {plain, compared} = armPair(view, (arm) => beforeAndNow(view, arm));
  if (plain.now === null || plain.before === null || compared.now === null || compared.before === null)
    return outcome(say("no_accuracy"));
  const falls = [plain.before - plain.now, compared.before - compared.now];
  const values = {
    ...{norm: view.norm, plain_before: percent(plain.before), plain: percent(plain.now)},
    ...{compared_before: percent(compared.before), compared: percent(compared.now)},
  };
  if (falls.every((fall) => fall > FALL)) return outcome(say("inputs_falls", values), "falls");
  if (leader(plain.before, plain.now) < 1 && leader(compared.before, compared.now) < 1)
    return outcome(say("inputs_stays", values), "stays");
  return outcome(say("inputs_differs", values));
}

/**
 * @param {View} view
 * @param {Say} say
 */
function layers(view, say) {
  const shift = shiftOf(view, "none");
  const pace = examplePace(view, "none");
  const same = pace === null ? "" : say("layers_same", {pace: sigmas(pace)});
  const values = {step: view.frame.step, norm: view.norm, plain: sigmas(shift), same};
  return outcome(say(shift > STILL ? "layers_moved" : "layers_still", values));
}

/**
 * The two ways in which a[2] moves: as a distribution, and what the same image gives, which the picture colours.
 * @param {View} view
 * @param {Say} say
 * @param {string[]} [arms]
 */
function movements(view, say, arms = bothArms(view)) {
  const of = (/** @type {string} */ name, /** @type {(view: View, arm: string) => number | null} */ measure) =>
    reading(view, say, name, (arm) => sigmas(measure(view, arm) ?? NaN), arms);
  const shift = of(say("reading_shift"), shiftOf);
  if (arms.some((arm) => exampleMotion(view, arm) === null)) return [shift];
  const now = arms.length > 1 ? [of(say("reading_example"), exampleMotion)] : []; // alone, its colours are behind the curtain
  return [shift, ...now, of(say("reading_pace"), examplePace)];
}

/**
 * How far a[2] has moved from the untrained network.
 * @param {View} view
 * @param {string} arm
 */
const shiftOf = (view, arm) => view.frame.arms[arm].shift_from_first.activation[SECOND - 1];

/**
 * How far the same example's a[2] moves in training from snapshot to snapshot (median); null where that was not measured.
 * @param {View} view
 * @param {string} arm
 */
const examplePace = (view, arm) => exampleStep(visibleFrames(view).slice(1), arm, "activation", SECOND);

/**
 * How far the same example's a[2] has moved since the last snapshot, as the picture says it; null where that was not measured.
 * @param {View} view
 * @param {string} arm
 */
const exampleMotion = ({frame}, arm) =>
  frame.step && frame.arms[arm].example_step_in_training ? layerMotion(frame, arm, "example", "activation", SECOND) : null;

/**
 * How far a[2] has lately moved from one snapshot to the next, on average: over as many as the picture's numbers between layers.
 * @param {View} view
 */
function latelyMoved(view) {
  const later = visibleFrames(view).slice(1).slice(-RECENT_SNAPSHOTS);
  return mean(later.map((frame) => frame.arms.none.shift_step.activation[SECOND - 1])) ?? 0;
}

/**
 * The numbers between layers in the picture, from layer 2 up to the fifth; fewer where a layer does not move at all.
 * @param {View} view
 */
function chaseFactors(view) {
  const factors = [];
  for (let layer = SECOND; layer < Math.min(5, view.header.hidden_layers); layer++) {
    const share = passedOn(view, "none", layer);
    if (share === null) break;
    factors.push(share);
  }
  return factors;
}

/**
 * How many times as far the highest of these layers moves: the product of the numbers as the picture writes them.
 * @param {number[]} factors
 */
const product = (factors) => factors.reduce((ratio, one) => ratio * Number(one.toFixed(factorPlaces(one))), 1);

/**
 * What the numbers between layers come to.
 * @param {View} view
 */
function chaseValues(view) {
  const factors = chaseFactors(view);
  const ratio = product(factors);
  return {ratio, top: SECOND + factors.length, factors: factors.map(factor).join(" "), times: times(ratio)};
}

/**
 * @param {View} view
 * @param {Say} say
 */
function chaseReadings(view, say) {
  const {top, factors, times} = chaseValues(view);
  const of = (/** @type {string} */ name, /** @type {string} */ value) => reading(view, say, name, () => value, ["none"]);
  const move = of(say("reading_lately", {window: RECENT_SNAPSHOTS}), sigmas(latelyMoved(view)));
  if (top === SECOND) return [move];
  return [move, of(say("reading_passed", {top}), say("reading_as_far", {factors, times}))];
}

/**
 * @param {View} view
 * @param {Say} say
 */
function chase(view, say) {
  const move = latelyMoved(view);
  const {norm} = view;
  if (!(move > 0)) return outcome(say("chase_still", {norm}));
  const {ratio, ...written} = chaseValues(view);
  const values = {...written, norm, move: sigmas(move)};
  if (values.top === SECOND) return outcome(say("chase_alone", values));
  return outcome(say(ratio > CLEARLY ? "chase_grows" : ratio < 1 / CLEARLY ? "chase_fades" : "chase_lasts", values));
}

/**
 * @param {View} view
 * @param {Say} say
 */
function norm(view, say) {
  const {plain, compared} = armPair(view, (arm) => shiftOf(view, arm));
  const values = {
    ...{step: view.frame.step, norm: view.norm, but: idleness(view, say), same: normSame(view, say)},
    ...{plain: sigmas(plain), compared: sigmas(compared)},
  };
  const correctGuess = comparison(plain, compared);
  return outcome(say(`norm_${correctGuess}`, values), correctGuess);
}

/**
 * The other way to move, which batch norm does not fix, and which the picture colours: what the same example gives. "" where it
 * was not measured.
 * @param {View} view
 * @param {Say} say
 */
function normSame(view, say) {
  const now = armPair(view, (arm) => exampleMotion(view, arm));
  const sofar = armPair(view, (arm) => examplePace(view, arm));
  if (now.plain === null || now.compared === null) return "";
  const medians = {plain_median: sigmas(sofar.plain ?? NaN), compared_median: sigmas(sofar.compared ?? NaN)};
  return say("norm_same", {norm: view.norm, plain: sigmas(now.plain), compared: sigmas(now.compared), ...medians});
}

/**
 * Whether the second is clearly less than the first, or clearly more.
 * @param {number} plain
 * @param {number} compared
 */
function comparison(plain, compared) {
  if (plain > CLEARLY * compared) return "less";
  return compared > CLEARLY * plain ? "more" : "alike";
}

/**
 * A net that does not learn does not move: a small shift is then no merit.
 * @param {View} view
 * @param {Say} say
 */
function idleness(view, say) {
  const idle = bothArms(view).filter((arm) => !learns(view.frame, arm, view));
  if (!idle.length) return "";
  if (idle.length === 2) return say("norm_but_both");
  return say(idle[0] === "none" ? "norm_but_plain" : "norm_but_compared", {norm: view.norm});
}

/**
 * @param {View} view
 * @param {Say} say
 */
function faster(view, say) {
  if (!hasClasses(view)) return outcome(say("no_accuracy"));
  const {plain, compared} = armPair(view, (arm) => firstFrameAtAccuracy(visibleFrames(view), arm, view.target)?.step);
  const {norm} = view;
  const goal = percent(view.target);
  const one_seed = say("faster_one_seed");
  if (plain === undefined && compared === undefined) return outcome(say("faster_neither", {step: view.frame.step, goal}));
  if (plain === undefined) return outcome(say("faster_only_with", {goal, norm, compared: Number(compared)}), "with");
  if (compared === undefined) return outcome(say("faster_only_without", {goal, norm, plain, one_seed}), "without");
  if (plain === compared) return outcome(say("faster_together", {goal, norm, plain, one_seed}), "together");
  if (compared > plain) return outcome(say("faster_without", {goal, norm, plain, compared, one_seed}), "without");
  return outcome(say("faster_with", {goal, norm, plain, compared}), "with");
}

/**
 * γ and β of layer 2, and how many of its units they take away from mean 0 and deviation 1.
 * @param {View} view
 */
function scalesAndOffsets(view) {
  const {gamma, beta} = /** @type {any} */ (view.frame.arms[view.compared]);
  const [scales, offsets] = [gamma, beta].map((rows) => /** @type {number[]} */ (finiteValues(rows?.[SECOND - 1] ?? [])));
  const isFar = (/** @type {number} */ scale, /** @type {number} */ unit) =>
    Math.max(Math.abs(Math.abs(scale) - 1), Math.abs(offsets[unit] ?? 0)) > FAR;
  return {scales, offsets, left: scales.filter(isFar).length};
}

/** @param {number[]} values */
const spanOf = (values) => span(Math.min(...values), Math.max(...values));

/**
 * @param {View} view
 * @param {Say} say
 */
function freeReadings(view, say) {
  const {scales, offsets, left} = scalesAndOffsets(view);
  if (!scales.length) return [];
  const of = (/** @type {string} */ name, /** @type {string} */ value) => reading(view, say, name, () => value, [view.compared]);
  const units = scales.length;
  return [
    of(say("reading_gamma", {units}), spanOf(scales)),
    ...(offsets.length ? [of(say("reading_beta", {units}), spanOf(offsets))] : []),
    of(say("reading_left", {far: FAR}), say("reading_of", {left, units})),
  ];
}

/**
 * @param {View} view
 * @param {Say} say
 */
function free(view, say) {
  const {scales, offsets, left} = scalesAndOffsets(view);
  const {norm} = view;
  if (!scales.length)
    return hasDiverged(view.frame, view.compared) ? comparedDiverged(view, say) : outcome(say("free_none", {norm}));
  const use = left ? say("free_used", {left, units: scales.length, far: FAR}) : say("free_unused", {far: FAR});
  const values = {step: view.frame.step, norm, use, gamma: spanOf(scales)};
  if (!offsets.length) return outcome(say("free_gamma", values));
  return outcome(say("free_both", {...values, beta: spanOf(offsets)}));
}

/**
 * @param {View} view
 * @param {Say} say
 */
const comparedDiverged = (view, say) => outcome(say("compared_diverged", {norm: view.norm}));

/**
 * How far apart the lowest and the highest mean of a unit of a[2] are over the run so far, on average over units.
 * @param {View} view
 * @param {string} arm
 */
function meanRange(view, arm) {
  const rows = visibleFrames(view).map((frame) => frame.arms[arm].unit_mean.activation[SECOND - 1]);
  const ranges = Array.from(rows[0], (_, unit) => {
    const values = rows.map((row) => row[unit]);
    return Math.max(...values) - Math.min(...values);
  });
  return mean(ranges) ?? NaN;
}

/**
 * @param {View} view
 * @param {Say} say
 */
function rangeReadings(view, say) {
  return [reading(view, say, say("reading_range"), (arm) => digits(meanRange(view, arm)))];
}

/**
 * @param {View} view
 * @param {Say} say
 */
function range(view, say) {
  const {plain, compared} = armPair(view, (arm) => meanRange(view, arm));
  const values = {step: view.frame.step, norm: view.norm, plain: digits(plain), compared: digits(compared)};
  return outcome(say(`range_${comparison(plain, compared)}`, values));
}

/**
 * The median, over the run so far, of the cosine of layer 3's gradient before and after those below take their step.
 * @param {View} view
 * @param {string} arm
 */
const medianCosine = (view, arm) =>
  median(visibleFrames(view).map((frame) => /** @type {any} */ (frame.arms[arm]).gradient_cosine?.[SECOND] ?? null));

/**
 * @param {View} view
 * @param {Say} say
 */
function ownReadings(view, say) {
  if (bothArms(view).some((arm) => medianCosine(view, arm) === null)) return [];
  return [reading(view, say, say("reading_cosine", {layer: SECOND + 1}), (arm) => digits(medianCosine(view, arm)))];
}

/**
 * @param {View} view
 * @param {Say} say
 */
function own(view, say) {
  const {plain, compared} = armPair(view, (arm) => medianCosine(view, arm));
  if (plain === null || compared === null) return outcome(say("own_unmeasured"));
  const correctGuess = compared - plain > TURNED ? "nearer" : compared - plain < -TURNED ? "farther" : "alike";
  return outcome(say(`own_${correctGuess}`, {norm: view.norm, plain: digits(plain), compared: digits(compared)}), correctGuess);
}

/**
 * @param {View} view
 * @param {Say} say
 */
function score(view, say) {
  const {plain, compared} = armPair(view, (arm) => recentMean(view.frames, view.frame, arm, "test_accuracy"));
  if (plain === null || compared === null) return outcome(say("no_accuracy"));
  const correctGuess = /** @type {const} */ (["worse", "same", "better"])[1 + leader(compared, plain)];
  const values = {
    step: view.frame.step,
    norm: view.norm,
    window: RECENT_SNAPSHOTS,
    plain: percent(plain),
    compared: percent(compared),
  };
  return outcome(say(`score_${correctGuess}`, values), correctGuess);
}

/**
 * How far the means of z[1] over minibatches are off, and how many examples these have; in layer 1 the inputs are the same in
 * both networks, and theory knows what to expect. One minibatch may agree with theory by chance: averages of many count.
 * @param {View} view
 * @param {Snapshot[]} frames
 * @param {string} arm
 */
function meanNoise(view, frames, arm) {
  const noises = frames.flatMap((frame) => {
    const noise = /** @type {any} */ (frame.arms[arm]).mean_noise?.linear[0];
    return Number.isFinite(noise) ? [{noise, examples: groupSize(view, frame)}] : [];
  });
  const examples = noises.at(-1)?.examples ?? NaN;
  const alike = noises.filter((one) => one.examples === examples);
  const noise = Math.sqrt(mean(alike.map(({noise}) => noise * noise)) ?? NaN);
  return {examples, count: alike.length, noise, theory: samplingError(view, examples)};
}

/**
 * The noise of the means before the minibatches change, and since.
 * @param {View} view
 * @param {string} arm
 */
function noises(view, arm) {
  const frames = visibleFrames(view);
  const early = frames.filter(({step}) => step <= changeStep(view));
  return {early: meanNoise(view, early, arm), late: meanNoise(view, frames.slice(early.length), arm)};
}

/**
 * @param {View} view
 * @param {Say} say
 */
function noiseReadings(view, say) {
  const compared = noises(view, view.compared);
  const periods = /** @type {const} */ (["early", "late"]).filter((period) => compared[period].count);
  return periods.map((period) => {
    const {examples, count, theory} = compared[period];
    const name = say("reading_noise", {examples, count, theory: sigmas(theory)});
    return reading(view, say, name, (arm) => sigmas(noises(view, arm)[period].noise));
  });
}

/**
 * @param {View} view
 * @param {Say} say
 */
function noise(view, say) {
  const {early, late} = noises(view, view.compared);
  if (!early.count) return outcome(say("noise_unmeasured"));
  const {norm} = view;
  const values = {norm, before: early.examples, early: sigmas(early.noise), early_theory: sigmas(early.theory)};
  const counts = {early_count: early.count, late_count: late.count};
  if (!late.count) return outcome(say("noise_once", {...values, ...counts}));
  const after = {after: late.examples, late: sigmas(late.noise), late_theory: sigmas(late.theory)};
  return outcome(say("noise_before_after", {...values, ...after, ...counts}));
}
