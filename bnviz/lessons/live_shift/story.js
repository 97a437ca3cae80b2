// @ts-check
// The story of the page /: how far a layer has moved. A sentence may confirm the lecture or contradict it, as the numbers say.

import {ACCURACY_LEAD, RECENT_SNAPSHOTS} from "../../web/player/constants.js";
import {
  expectedNoise,
  firstFrameAtAccuracy,
  visibleFrames,
  groupSize,
  hasAtom,
  lastMinibatchFrame,
  NEARLY_FIXED,
  percentile,
  zeroShare,
} from "../../web/player/feeds.js";
import {exampleStep} from "../../web/player/motion.js";
import {finiteValues, mean} from "../../web/player/numbers.js";
import {advantage, scoreText} from "../../web/player/scores.js";
import * as words from "../../web/player/words.js";
import {fall, fallText, hasLost} from "./falls.js";
import {noiseConclusion, noiseOffers} from "./noise-cause.js";
import {tour} from "./tour.js";

/** @import {PanelSpec, Say, Snapshot, Story, View} from "../../web/player/types" */
/** @import {Words} from "./words" */

const {armPair, at, both, bothArms, digits, divergenceSentence, divergenceStep, hasClasses, hasDiverged, inColour} = words;
const {lastLearnt, learns, percent, times} = words;
/** @type {Say<Words>} */
const say = words.say;

const EARLY = 50; // steps, before which no network is expected to have learnt anything
const CLEARLY = 1.1; // times as far is clearly farther
const SETTLED = RECENT_SNAPSHOTS + 1; // snapshots after a change: the first of them holds the jump of the change itself

/** @type {Story} */
export default {
  headline,
  answer: below,
  offers: noiseOffers,
  conclusion: noiseConclusion,
  picture: "large",
  numbers: true,
  tour,
  captions: {
    beyond,
    zeros,
    reached: words.ofBothRuns(reachedText),
    noise,
    noise_numbers: noiseNumbers,
    moved: movementText,
    thick_alpha: (view) => (view.layer === 1 ? say(view, "no_alpha") : say(view, "thick_alpha", {layer: view.layer})),
    probe_size: (view) => String(view.header.probe_size),
  },
  alternatives: {fan, ridges, shift, learning: learningText, bands, noise: noiseText, layers, alphas},
};

// --- the headline: how far the chosen layer has moved, and always who learns better

/** @param {View} view */
function headline(view) {
  const divergedArms = bothArms(view).filter((arm) => hasDiverged(view.frame, arm));
  if (divergedArms.length) return divergence(view, divergedArms);
  const name = signalInWords(view);
  if (view.frame.step === 0) return say(view, "untrained", {name});
  if (still(view)) return say(view, "same_network", {norm: view.norm, figures: scores(view)});
  const lost = bothArms(view).filter((arm) => hasLost(view, arm));
  const fallen = fall(view);
  const isWorseInBoth = lost.length === 1 && fallen?.arms.length === 2;
  if (lost.length && !isWorseInBoth) return lossText(view, lost);
  if (fallen) return fallText(view, fallen);
  const before = beforeTheSwitch(view);
  if (before) return switchText(view, before, name);
  const {plain, compared} = armPair(view, (arm) => at(view.frame, arm, "shift_from_first", view));
  const ratio = plain > compared ? plain / compared : compared / plain;
  const values = {name, norm: view.norm, learning: progress(view), times: times(ratio)};
  if (!(ratio > CLEARLY)) return say(view, "alike", values);
  return say(view, plain > compared ? "less" : "more", values);
}

/**
 * The last snapshot without the normalizer, if it was switched on on the way; before that the two cannot be told apart by it.
 * @param {View} view
 */
function beforeTheSwitch(view) {
  const last = visibleFrames(view).findLast(({arms}) => arms[view.compared].normalizer === "none");
  return last === view.frame ? undefined : last;
}

/**
 * Once the normalizer was switched on: how far the layer moves from snapshot to snapshot, in the numbers of the note below. The
 * first few snapshots hold the jump of the switch itself, so nothing is compared before they have passed.
 * @param {View} view
 * @param {Snapshot} before
 * @param {string} name
 */
function switchText(view, before, name) {
  const learning = progress(view);
  if (view.frameIndex - view.frames.indexOf(before) < SETTLED)
    return say(view, "since_early", {step: before.step, signal: words.tapName(view), window: SETTLED, learning});
  const {plain, compared} = armPair(view, (arm) => stride(view, arm));
  const ratio = plain > compared ? plain / compared : compared / plain;
  const values = {name, norm: view.norm, times: times(ratio), learning};
  if (!(ratio > CLEARLY)) return say(view, "since_alike", values);
  return say(view, plain > compared ? "since_less" : "since_more", values);
}

/**
 * Whether both are the same network until now, because the normalizer of one is still to be switched on.
 * @param {View} view
 */
function still({frame, compared}) {
  const [one, other] = [frame.arms.none, frame.arms[compared]];
  return other.normalizer === "none" && one.test_loss === other.test_loss;
}

/**
 * The chosen signal in words, its symbol after them.
 * @param {View} view
 */
function signalInWords(view) {
  const {layer} = view;
  if (view.tap === "linear") return say(view, "sums", {layer});
  if (view.tap === "normalized") return say(view, "enters", {layer, symbol: words.normalizedSymbol(view)});
  if (layer === view.header.hidden_layers) return say(view, "hands_on_last", {layer});
  return say(view, "hands_on", {layer, next: layer + 1});
}

/**
 * Which network learns better. One that does not learn does not move: little shift is then no merit.
 * @param {View} view
 */
function progress(view) {
  const figures = scores(view);
  const yet = bothArms(view).filter((arm) => !learns(view.frame, arm, view));
  const idle = view.frame.step < EARLY ? [] : yet;
  if (yet.length === 2) return say(view, idle.length ? "neither_learns" : "too_early", {figures});
  if (idle.length) return say(view, idle[0] === "none" ? "plain_idle" : "compared_idle", {figures});
  const lead = advantage(view);
  if (lead > 0) return say(view, "better", {figures});
  if (lead < 0) return say(view, "worse", {figures});
  return say(view, hasClasses(view) ? "as_well" : "as_well_losses", {figures, least: ACCURACY_LEAD});
}

/**
 * Of networks that have lost what they had learnt: what it was, and when. How far a layer has moved then says little.
 * @param {View} view
 * @param {string[]} lost
 */
function lossText(view, lost) {
  const figures = scores(view);
  if (lost.length === 2) return say(view, "both_lost", {figures});
  const [arm] = lost;
  const frame = /** @type {Snapshot} */ (lastLearnt(view, arm));
  const isRecent = view.frameIndex - view.frames.indexOf(frame) <= RECENT_SNAPSHOTS;
  const then = scoreText({...view, frame}, arm);
  const before = hasClasses(view) ? say(view, "share_right", {share: then}) : say(view, "a_loss", {loss: then});
  const values = {norm: view.norm, just: isRecent ? say(view, "just") : "", before, step: frame.step, figures};
  return say(view, arm === "none" ? "plain_lost" : "compared_lost", values);
}

/**
 * Both test accuracies, or losses where there are no classes, of the last few snapshots: the compared network's first.
 * @param {View} view
 */
function scores(view) {
  const value = (/** @type {string} */ arm) => inColour(arm, scoreText(view, arm));
  return say(view, hasClasses(view) ? "accuracies" : "losses", armPair(view, value));
}

/**
 * @param {View} view
 * @param {string[]} divergedArms
 */
function divergence(view, divergedArms) {
  const step = Number(divergenceStep(view, divergedArms[0]));
  if (divergedArms.length === 2)
    return say(view, "both_diverged", {step: Math.max(step, Number(divergenceStep(view, divergedArms[1])))});
  const arm = divergedArms[0] === "none" ? view.compared : "none";
  const figure = inColour(arm, scoreText(view, arm));
  const rest = hasClasses(view) ? say(view, "other_accuracy", {accuracy: figure}) : say(view, "other_loss", {loss: figure});
  return say(view, divergedArms[0] === "none" ? "plain_diverged" : "compared_diverged", {norm: view.norm, step, other: rest});
}

// --- the other way to move

/**
 * Below the headline: what the last change did, or, where nothing changes, the way to move that the headline does not speak of.
 * @param {View} view
 */
function below(view) {
  return view.changes.length ? changeText(view) : sameExample(view);
}

/**
 * How far what the same example gives moves in training, which no normalizer fixes; null where that was not measured.
 * @param {View} view
 */
function sameExample(view) {
  if (bothArms(view).some((arm) => hasDiverged(view.frame, arm))) return null;
  const frames = visibleFrames(view).slice(1);
  const {plain, compared} = armPair(view, (arm) => exampleStep(frames, arm, view.tap, view.layer));
  if (plain === null || compared === null) return null;
  const ratio = plain > compared ? plain / compared : compared / plain;
  const key = !(ratio > CLEARLY) ? "same_alike" : plain > compared ? "same_less" : "same_more";
  const values = {norm: view.norm, plain: words.sigmas(plain), compared: words.sigmas(compared), times: times(ratio)};
  const isHeld = view.normalizers[view.compared]?.statistics === "batch";
  return words.joinSentences(isHeld && say(view, "held", {norm: view.norm}), say(view, key, values));
}

// --- what the last change on the way did

/**
 * Scores and movement just before the last change and lately, each over a few snapshots; null before there is anything to say.
 * @param {View} view
 */
function changeText(view) {
  const change = view.changes.findLast(({step}) => step < view.frame.step);
  if (!change || !hasClasses(view)) return null;
  if (bothArms(view).every((arm) => hasDiverged(view.frame, arm))) return null;
  const before = visibleFrames(view).findLast(({step}) => step <= change.step);
  const since = visibleFrames(view).filter(({step}) => step > change.step);
  if (!before || since.length < SETTLED) return null;
  const earlierView = {...view, frame: before, frameIndex: view.frames.indexOf(before)};
  const right = (/** @type {string} */ arm) => ({old: scoreText(earlierView, arm), now: scoreText(view, arm)});
  const pace = (/** @type {string} */ arm) => ({
    old: words.sigmas(stride(earlierView, arm)),
    now: words.sigmas(stride(view, arm)),
  });
  const values = {label: change.label, step: change.step, window: RECENT_SNAPSHOTS, name: words.tapName(view)};
  const scores = both(view, (arm) => say(view, "from_to", right(arm)));
  const same = before.arms.none.test_loss === before.arms[view.compared].test_loss;
  const until = same ? say(view, "turned_same") : "";
  return say(view, "turned", {...values, scores, until, moves: both(view, (arm) => say(view, "from_to", pace(arm)))});
}

/**
 * How far the layer moves from one snapshot to the next, on average over the last few.
 * @param {View} view
 * @param {string} arm
 */
const stride = (view, arm) =>
  Number(
    mean(
      visibleFrames(view)
        .slice(1)
        .slice(-RECENT_SNAPSHOTS)
        .map((frame) => at(frame, arm, "shift_step", view)),
    ),
  );

// --- captions

/** @param {View} view */
function movementText(view) {
  if (view.frame.step === 0) return "";
  const valueOf = (/** @type {string} */ arm, /** @type {string} */ key) => words.sigmas(at(view.frame, arm, key, view));
  const one = (/** @type {string} */ arm) => ({first: valueOf(arm, "shift_from_first"), last: valueOf(arm, "shift_step")});
  return say(view, "moved", {both: both(view, (arm) => say(view, "moved_of", one(arm)))});
}

/**
 * When each arm first reached the target, as far as is shown.
 * @param {View} view
 */
function reachedText(view) {
  if (!hasClasses(view)) return say(view, "no_accuracy");
  const {plain, compared} = armPair(view, (arm) => firstFrameAtAccuracy(visibleFrames(view), arm, view.target)?.step);
  const details = {goal: percent(view.target), tested: view.data.tested, norm: view.norm};
  if (plain === undefined && compared === undefined)
    return `${say(view, "reached_neither", details)} ${words.divergenceSentences(view)}`.trim();
  if (plain === undefined) {
    const openText = divergenceSentence(view, "none") || say(view, "open_plain");
    return say(view, "reached_compared", {...details, compared: Number(compared), open: openText});
  }
  if (compared === undefined) {
    const openText = divergenceSentence(view, view.compared) || say(view, "open_compared");
    return say(view, "reached_plain", {...details, plain, open: openText});
  }
  if (plain === compared) return say(view, "reached_together", {...details, plain});
  return say(view, "reached_both", {...details, plain, compared});
}

/**
 * Each minibatch is normalized by its own statistics, so those of a[2] are nearly pinned with batch norm: z is what to look at.
 * @param {View} view
 */
function noise(view) {
  const frame = lastMinibatchFrame(view, "none");
  if (!frame) return "";
  const {layer} = view;
  const {size, theory} = sampling(view, frame);
  const fixed = layer > 1 && at(frame, view.compared, "mean_noise", view, "linear") < NEARLY_FIXED * theory;
  const details = say(view, "noise", {layer, size, theory: digits(theory, 3)});
  return fixed ? `${details} ${say(view, "noise_pinned", {norm: view.norm, layer})}` : details;
}

/**
 * The numbers behind it, for its definition.
 * @param {View} view
 */
function noiseNumbers(view) {
  const frame = lastMinibatchFrame(view, "none");
  if (!frame) return "";
  const {layer} = view;
  const deviation = (/** @type {string} */ arm, /** @type {"linear" | "activation"} */ tap) =>
    digits(at(frame, arm, "mean_noise", view, tap), 3);
  const measured = both(view, (arm) =>
    say(view, "noise_of", {layer, z: deviation(arm, "linear"), a: deviation(arm, "activation")}),
  );
  const {size, theory} = sampling(view, frame);
  const values = {step: frame.step, size, probe: view.header.probe_size, theory: digits(theory, 3)};
  return say(view, "noise_numbers", {...values, measured});
}

/** @param {View} view */
function noiseText(view) {
  return words.joinSentences(noise(view), noiseNumbers(view));
}

/**
 * How many examples are normalized together, and the error of their mean by sampling theory, in σ.
 * @param {View} view
 * @param {Snapshot} frame
 */
const sampling = (view, frame) => ({
  size: Number(groupSize(view, frame).toFixed(1)),
  theory: expectedNoise(view, frame),
});

/** @param {View} view */
function zeros(view) {
  if (!hasAtom(view)) return "";
  return say(view, "zeros", {shares: both(view, (arm) => percent(zeroShare(view.frame, arm, view)))});
}

const BEYOND = 0.005; // the share of values outside the histogram that is worth a word

/**
 * Values outside the histogram's range, if there are any to speak of. A network that has diverged has none to be outside.
 * @param {View} view
 */
function beyond(view) {
  const {plain, compared} = armPair(view, (arm) => (hasDiverged(view.frame, arm) ? 0 : outside(view, arm)));
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
    const means = finiteValues(at(view.frame, arm, "unit_mean", view));
    return say(view, "alt_fan", {range: words.span(Math.min(...means), Math.max(...means))});
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
function learningText(view) {
  return both(view, (arm) => {
    const loss = digits(view.frame.arms[arm].train_loss);
    if (!hasClasses(view)) return say(view, "alt_losses", {test: scoreText(view, arm), loss});
    return say(view, "alt_learning", {accuracy: scoreText(view, arm), loss});
  });
}

/** @param {View} view */
function bands(view) {
  return both(view, (arm) => {
    const [low, middle, high] = [0, 1, 2].map((place) => percentile(view.frame, arm, place, view));
    return say(view, "alt_bands", {unit: words.unitName(view), middle: digits(middle), range: words.span(low, high)});
  });
}

/**
 * @param {View} view
 * @param {PanelSpec} spec
 */
function layers(view, spec) {
  const arm = spec.id.slice("layers-".length);
  const means = view.frame.arms[arm].mean[view.tap];
  return divergenceSentence(view, arm) || say(view, "alt_layers", {means: Array.from(means, (mean) => digits(mean)).join(", ")});
}

/**
 * Older recordings have no α.
 * @param {View} view
 */
function alphas(view) {
  return both(view, (arm) => {
    const [, ...values] = view.frame.arms[arm].skip_scale ?? [];
    if (!values.length) return say(view, "alt_no_alphas");
    return divergenceSentence(view, arm) || say(view, "alt_alphas", {alphas: values.map((one) => digits(one, 3)).join(", ")});
  });
}
