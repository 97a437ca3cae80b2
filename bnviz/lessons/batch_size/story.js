// @ts-check
// The story of the page /batch-size: what the other examples of its minibatch do to one example, and how much minibatches' own
// statistics vary.

import {RECENT_SNAPSHOTS} from "../../web/player/constants.js";
import {NEARLY_FIXED, recentMean} from "../../web/player/feeds.js";
import {finiteValues, mean, sum} from "../../web/player/numbers.js";
import {scoreScope, scoreText} from "../../web/player/scores.js";
import * as words from "../../web/player/words.js";
import {bounds, feeds, fits} from "./drawings.js";
import {fallOff, fittedFrom, nearest} from "./laws.js";
import * as reading from "./reading.js";
import {tables} from "./tables.js";

/** @import {Header, Say, Snapshot, Story, View} from "../../web/player/types" */
/** @import {Words} from "./words" */
/** @import {Microscope, Scene, Statistic} from "./reading.js" */

const {bothArms, digits, divergenceSentence, enumeration, hasClasses, joinSentences} = words;
const {percent, smallPercent, tapName, unitName} = words;
const {activationSd, distances, fromMinibatch, lastMicroscopeFrame, namedPlaces, ownPlace, ownSize, microscopeOf, statisticOf} =
  reading;
/** @type {Say<Words>} */
const say = words.say;

const ROUNDING = 1e-6; // single precision may add up the same numbers in another order
const EARLY = 17; // snapshots: the second measurement is the sixteenth after the first
const CLEARLY = 1.25; // times as much is clearly more
const CEILING = 0.6; // of the variation left, from the smallest size to those that are fitted: more, and it has an upper limit

/** @type {Story} */
export default {
  headline,
  captions: {
    tap: signal,
    number: (view) => String(view.layer),
    what,
    mates: captionOf(mates),
    said: unlessDiverged(captionOf(predictionText)),
    scatter: captionOf(variation),
    rate: captionOf(rates),
    mean: unlessDiverged(captionOf(means)),
    variance: unlessDiverged(captionOf(variances)),
    learnt: unlessDiverged(learningText),
  },
  answer,
  feeds,
  tables,
  fits,
  bounds,
  movement,
  unitChoiceSnapshots: EARLY,
  choosers: ["layer", "unit"],
  alternatives: {
    mates: alternative((view, microscope) => joinSentences(variationAtSizes(view, microscope), mates(view, microscope))),
    said: unlessDiverged(alternative(predictionText)),
    scatter: alternative(variation),
    rates: alternative(rates),
    mean: unlessDiverged(alternative(means)),
    variance: unlessDiverged(alternative(variances)),
    learning: unlessDiverged(learningText),
  },
};

// --- phrases

/**
 * A caption of what was measured; "" where nothing was.
 * @param {(view: View, microscope: Microscope) => string} caption
 * @returns {(view: View) => string}
 */
function captionOf(caption) {
  return (view) => {
    const microscope = microscopeOf(view);
    return divergenceSentence(view, view.compared) || (microscope ? caption(view, microscope) : "");
  };
}

/**
 * A caption of both networks, unless one has diverged.
 * @param {(view: View) => string} text
 * @returns {(view: View) => string}
 */
function unlessDiverged(text) {
  return (view) => words.divergenceSentences(view) || text(view);
}

/**
 * The same for those who do not see the charts.
 * @param {(view: View, microscope: Microscope) => string} caption
 * @returns {(view: View) => string}
 */
function alternative(caption) {
  return (view) => captionOf(caption)(view) || say(view, "not_measured", {step: view.frame.step});
}

/** @param {View} view */
function signal(view) {
  return tapName(view, "activation");
}

/** @param {View} view */
function what(view) {
  return say(view, hasClasses(view) ? "probability" : "number");
}

/**
 * A standard deviation to two places, or to its first digit.
 * @param {View} view
 * @param {number} value
 */
function amount(view, value) {
  if (!Number.isFinite(value)) return say(view, "no_finite");
  if (value === 0) return "0";
  return value >= 0.0095 ? digits(value) : digits(value, Math.ceil(-Math.log10(value)));
}

/**
 * A standard deviation to three places.
 * @param {View} view
 * @param {number} value
 */
function fine(view, value) {
  if (!Number.isFinite(value)) return say(view, "no_finite");
  return value > 0 && value < 0.0005 ? say(view, "under", {least: "0.001"}) : digits(value, 3);
}

// --- the headline

/** @param {View} view */
function headline(view) {
  const microscope = microscopeOf(view);
  if (!microscope) return say(view, "missing");
  const divergence = words.divergenceSentences(view);
  if (divergence) return divergence;
  if (Math.max(...microscope.mates.prediction_sd) < ROUNDING) return say(view, "headline_still", {norm: view.norm});
  const values = namedPlaces(view, microscope).map((place, index) => {
    const one = {sd: amount(view, microscope.mates.prediction_sd[place]), size: microscope.sizes[place]};
    return index ? say(view, "sd_of", one) : say(view, "sd_in", one);
  });
  return say(view, "headline", {norm: view.norm, what: what(view), values: enumeration(view, values), plain: plain(view)});
}

/**
 * What other minibatches do to the example without a normalizer.
 * @param {View} view
 */
function plain(view) {
  const most = Math.max(...(microscopeOf(view, "none")?.mates.prediction_sd ?? [0]));
  if (most < ROUNDING) return say(view, "plain_still", {norm: view.norm});
  return say(view, "plain_moves", {norm: view.norm, most: amount(view, most)});
}

// --- the answer

/** @param {View} view */
function answer(view) {
  if (!view.prediction) return null;
  if (divergenceSentence(view, view.compared)) return divergenceSentence(view, view.compared);
  const [frame, microscope, values] = [lastMicroscopeFrame(view), microscopeOf(view), activationSd(view, "mates")];
  if (!frame || !microscope || !values) return say(view, "missing");
  const law = fallOff(microscope.sizes, values);
  if (!law || !fromMinibatch(microscope)) return say(view, "nothing_varies", {signal: signal(view)});
  const shareLeft = 4 ** law.exponent;
  const verdict = nearest(shareLeft);
  const expectation = view.predictions[view.prediction];
  const agreement = verdict === view.prediction ? say(view, "as_said") : say(view, "not_as_said", {expectation});
  const fit = {
    from: fittedFrom(microscope.sizes),
    to: microscope.sizes[microscope.sizes.length - 1],
    exponent: digits(law.exponent),
  };
  const details = {
    step: frame.step,
    left: percent(shareLeft),
    signal: signal(view),
    found: view.predictions[verdict],
    agreed: agreement,
    ...fit,
  };
  return joinSentences(say(view, "measured", details), small(view, values, microscope.sizes));
}

/**
 * What is left from the smallest size to the first one that was fitted.
 * @param {View} view
 * @param {ArrayLike<number>} values
 * @param {Microscope["sizes"]} sizes
 */
function small(view, values, sizes) {
  const place = Array.from(sizes).indexOf(fittedFrom(sizes));
  if (place < 1 || !(values[0] > 0)) return "";
  const shareLeft = values[place] / values[0];
  const details = {smallest: sizes[0], from: sizes[place], left: percent(shareLeft)};
  return shareLeft > CEILING ? say(view, "small_ceiling", details) : say(view, "small", details);
}

// --- the example

/**
 * @param {View} view
 * @param {Microscope} microscope
 */
function mates(view, microscope) {
  const example = Math.min(view.header.experiment.example, view.header.probe_size - 1);
  const draws = say(view, "mates", {example, zero: zero(view, microscope)});
  return joinSentences(draws, still(view, microscope), beyond(view), say(view, "own_groups", {size: ownSize(view)}));
}

/**
 * The meaning of 0 on the axis.
 * @param {View} view
 * @param {Microscope} microscope
 */
function zero(view, microscope) {
  const usesRunning = fromMinibatch(microscope);
  if (view.unit === "pooled") return say(view, usesRunning ? "zero_pooled" : "zero_pooled_plain");
  const details = {unit: unitName(view), used: digits(microscope.used[view.layer - 1][view.unit])};
  return usesRunning ? say(view, "zero_unit", details) : say(view, "zero_unit_plain", details);
}

/**
 * A unit that nothing moves.
 * @param {View} view
 * @param {Microscope} microscope
 */
function still(view, microscope) {
  if (!fromMinibatch(microscope)) return say(view, "still_norm", {norm: view.norm});
  const values = distances(view, view.compared, "mates").flat();
  return values.every((value) => value === values[0]) && say(view, "still");
}

/**
 * Dots that the axis does not reach.
 * @param {View} view
 */
function beyond(view) {
  const [low, high] = view.fits.range("mates", view) ?? [-Infinity, Infinity];
  const count = finiteValues(distances(view, view.compared, "dropout").flat()).filter(
    (value) => value < low || value > high,
  ).length;
  return count > 0 && say(view, "beyond", {count});
}

/**
 * Standard deviations of the signal at the sizes that are named.
 * @param {View} view
 * @param {Microscope} microscope
 */
function variationAtSizes(view, microscope) {
  const sd = microscope.mates.activation_sd[view.layer - 1];
  const values = namedPlaces(view, microscope).map((place) =>
    say(view, "share_at", {share: amount(view, sd[place]), size: microscope.sizes[place]}),
  );
  return say(view, "alt_mates", {signal: signal(view), values: enumeration(view, values)});
}

/**
 * @param {View} view
 * @param {Microscope} microscope
 */
function predictionText(view, microscope) {
  const predictions = {
    with: digits(microscope.used_prediction),
    without: digits(microscopeOf(view, "none")?.used_prediction),
    norm: view.norm,
  };
  if (!hasClasses(view)) return say(view, "said_number", predictions);
  const [inOthers, inDropout] = /** @type {Scene[]} */ (["mates", "dropout"]).map((scene) =>
    shareOfChanges(view, microscope, scene),
  );
  const probability = say(view, "said_probability", predictions);
  return joinSentences(probability, inDropout !== "" && say(view, "said_changed", {mates: inOthers, dropout: inDropout}));
}

/**
 * In how many draws another class is predicted; "" where the scene was not measured.
 * @param {View} view
 * @param {Microscope} microscope
 * @param {Scene} scene
 */
function shareOfChanges(view, microscope, scene) {
  const part = microscope[scene];
  if (!part) return "";
  const shares = namedPlaces(view, microscope).map((place) =>
    say(view, "share_at", {share: smallPercent(part.changed[place]), size: microscope.sizes[place]}),
  );
  return enumeration(view, shares);
}

/**
 * @param {View} view
 * @param {Microscope} microscope
 */
function variation(view, microscope) {
  const law = fallOff(microscope.sizes, microscope.mates.activation_sd[view.layer - 1]);
  return joinSentences(
    say(view, "scatter", {signal: signal(view)}),
    law !== null && say(view, "scatter_law", {from: fittedFrom(microscope.sizes), exponent: digits(law.exponent)}),
    view.layer === 1 && say(view, "scatter_first"),
    predictionVaries(view, microscope),
  );
}

/**
 * Whether the prediction varies more or less than under dropout.
 * @param {View} view
 * @param {Microscope} microscope
 */
function predictionVaries(view, microscope) {
  const place = ownPlace(view, microscope);
  const [others, dropout] = [microscope.mates, microscope.dropout].map((scene) => scene?.prediction_sd[place] ?? NaN);
  const figures = {mates: amount(view, others), size: microscope.sizes[place], dropout: amount(view, dropout)};
  const details = {what: what(view), found: say(view, "found_right", figures)};
  if (!(others > 0 && dropout > 0)) return say(view, "right_plain", details);
  if (others > CLEARLY * dropout) return say(view, "right_more", details);
  return dropout > CLEARLY * others ? say(view, "right_less", details) : say(view, "right_alike", details);
}

/**
 * @param {View} view
 * @param {Microscope} microscope
 */
function rates(view, microscope) {
  const all = Array.from(microscope.dropout_rate ?? []);
  const places = namedPlaces(view, microscope).filter((place) => Number.isFinite(all[place]));
  const each = places.map((place) => say(view, "rate_at", {rate: smallPercent(all[place]), size: microscope.sizes[place]}));
  return joinSentences(
    places.length > 0 && say(view, "rates", {rates: enumeration(view, each)}),
    !all.every(Number.isFinite) && say(view, "rate_missing"),
  );
}

// --- statistics of minibatches

/**
 * What is measured of both networks at the size nearest to this run's own groups, and what theory says there.
 * @param {View} view
 * @param {Microscope} microscope
 * @param {Statistic} key
 * @param {number} [layer]
 */
function statistic(view, microscope, key, layer = view.layer) {
  const place = ownPlace(view, microscope);
  const valueOf = (/** @type {string} */ arm, /** @type {string} */ name) => {
    const part = microscopeOf(view, arm);
    return part ? statisticOf(part, name, layer - 1)[place] : NaN;
  };
  const [theory, theoryWith] = bothArms(view).map((arm) => valueOf(arm, `${key}_theory`));
  return {size: microscope.sizes[place], none: valueOf("none", key), with: valueOf(view.compared, key), theory, theoryWith};
}

/**
 * By which powers of B both fall.
 * @param {View} view
 * @param {Statistic} key
 */
function exponents(view, key) {
  const laws = bothArms(view).map((arm) => {
    const part = microscopeOf(view, arm);
    return part ? fallOff(part.sizes, statisticOf(part, key, view.layer - 1)) : null;
  });
  const [none, other] = laws;
  return none !== null && other !== null && say(view, "exponents", {none: digits(none.exponent), with: digits(other.exponent)});
}

/**
 * @param {View} view
 * @param {Microscope} microscope
 */
function means(view, microscope) {
  const {size, none, with: other, theory} = statistic(view, microscope, "mean_sd");
  const figures = {none: fine(view, none), with: fine(view, other), theory: fine(view, theory)};
  return joinSentences(
    say(view, "mean", {layer: view.layer, size, norm: view.norm, ...figures}),
    exponents(view, "mean_sd"),
    fixedMeanText(view, microscope, other < NEARLY_FIXED * theory),
    say(view, "faint"),
  );
}

/**
 * Above layer 1, what comes in was normalized with the very minibatch whose mean is taken.
 * @param {View} view
 * @param {Microscope} microscope
 * @param {boolean} fixed
 */
function fixedMeanText(view, microscope, fixed) {
  if (!fixed || view.layer === 1 || !fromMinibatch(microscope)) return "";
  return say(view, "pinned", {layer: view.layer, first: fine(view, statistic(view, microscope, "mean_sd", 1).with)});
}

/**
 * @param {View} view
 * @param {Microscope} microscope
 */
function variances(view, microscope) {
  const {size, none, with: other, theory, theoryWith} = statistic(view, microscope, "variance_sd");
  const figures = {
    none: fine(view, none),
    with: fine(view, other),
    theory: fine(view, theory),
    theory_with: fine(view, theoryWith),
  };
  return joinSentences(
    say(view, "variance", {layer: view.layer, size, norm: view.norm, ...figures}),
    exponents(view, "variance_sd"),
  );
}

// --- learning

/** @param {View} view */
function learningText(view) {
  const {frame, norm} = view;
  const {batch_size: batch, train_size: examples} = view.header.experiment;
  const noise = say(view, "learnt_noise", {batch: Math.min(batch, examples), group: ownSize(view)});
  const [none, other] = bothArms(view).map((arm) => progress(view, arm));
  const details = {step: frame.step, none, with: other, norm};
  const learnt = hasClasses(view)
    ? say(view, "learnt_shares", {...details, window: RECENT_SNAPSHOTS})
    : say(view, "learnt_losses", {...details, scope: scoreScope(view)});
  return joinSentences(noise, learnt);
}

/**
 * @param {View} view
 * @param {string} arm
 */
function progress(view, arm) {
  if (!hasClasses(view)) return scoreText(view, arm);
  const train = percent(recentMean(view.frames, view.frame, arm, "train_accuracy"));
  return say(view, "shares", {train, test: scoreText(view, arm), tested: view.data.tested});
}

// --- the unit that is shown first

/**
 * How far other minibatches move a unit, soon after the beginning: by then it is known whether it is alive. One that ReLU sets
 * to 0 in evaluation is not.
 * @param {Snapshot[]} frames
 * @param {number} layer
 * @param {number} unit
 * @param {Header} header
 */
function movement(frames, layer, unit, header) {
  const parts = frames.slice(0, EARLY).map((frame) => frame.arms[header.arms[1]].microscope);
  const microscope = parts.findLast(Boolean);
  if (!microscope || microscope.used[layer - 1][unit] === 0) return 0;
  const levels = microscope.mates.activation[layer - 1][unit].flatMap((row) => Array.from(row));
  const [low, high] = microscope.range[layer - 1][unit];
  const middle = mean(levels) ?? 0;
  return (high - low) * Math.sqrt(sum(levels.map((level) => (level - middle) ** 2)) / levels.length);
}
