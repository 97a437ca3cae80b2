// @ts-check
// The story of the page /batch-size: what the other examples of its minibatch do to one example, and how much minibatches' own
// statistics vary.

import {NEARLY_FIXED} from "../../web/player/feeds.js";
import {finiteValues, mean, sum} from "../../web/player/numbers.js";
import * as words from "../../web/player/words.js";
import {bounds, feeds, fits} from "./drawings.js";
import {fallOff, fittedFrom, nearest} from "./laws.js";
import * as reading from "./reading.js";
import {tables} from "./tables.js";

/** @import {Header, Say, Snapshot, Story, View} from "../../web/player/types" */
/** @import {Words} from "./words" */
/** @import {Microscope, Scene, Statistic} from "./reading.js" */

const {bothArms, digits, divergenceSentence, enumeration, hasClasses, joinSentences} = words;
const {percent, smallPercent, tapName, unitName, decimal} = words;
const {activationSd, distances, fromMinibatch, latest, namedPlaces, ownPlace, ownSize, seen, statisticOf} = reading;
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
    mates: measured(mates),
    said: ofBoth(measured(predicted)),
    scatter: measured(variation),
    rate: measured(rates),
    mean: ofBoth(measured(means)),
    variance: ofBoth(measured(variances)),
    learnt: ofBoth(learnt),
  },
  answer,
  feeds,
  tables,
  fits,
  bounds,
  movement,
  unitChoiceSnapshots: EARLY,
  answering: ["mates", "said", "scatter", "rates", "mean", "variance"],
  choosers: ["layer", "unit"],
  alternatives: {
    mates: alternative((view, found) => joinSentences(variationNamed(view, found), mates(view, found))),
    said: ofBoth(alternative(predicted)),
    scatter: alternative(variation),
    rates: alternative(rates),
    mean: ofBoth(alternative(means)),
    variance: ofBoth(alternative(variances)),
    learning: ofBoth(learnt),
  },
};

// --- phrases

/**
 * A caption of what was measured; "" where nothing was.
 * @param {(view: View, found: Microscope) => string} caption
 * @returns {(view: View) => string}
 */
function measured(caption) {
  return (view) => {
    const found = seen(view);
    return divergenceSentence(view, view.compared) || (found ? caption(view, found) : "");
  };
}

/**
 * What is said of both networks, unless one has diverged.
 * @param {(view: View) => string} text
 * @returns {(view: View) => string}
 */
function ofBoth(text) {
  return (view) => words.divergenceSentences(view) || text(view);
}

/**
 * The same for those who do not see the charts.
 * @param {(view: View, found: Microscope) => string} caption
 * @returns {(view: View) => string}
 */
function alternative(caption) {
  return (view) => measured(caption)(view) || say(view, "not_measured", {step: view.frame.step});
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
  return value >= 0.0095 ? value.toFixed(2) : value.toPrecision(1);
}

/**
 * A standard deviation to three places.
 * @param {View} view
 * @param {number} value
 */
function fine(view, value) {
  if (!Number.isFinite(value)) return say(view, "no_finite");
  return value > 0 && value < 0.0005 ? say(view, "under", {least: "0.001"}) : value.toFixed(3);
}

// --- the headline

/** @param {View} view */
function headline(view) {
  const found = seen(view);
  if (!found) return say(view, "missing");
  const lost = words.divergenceSentences(view);
  if (lost) return lost;
  if (Math.max(...found.mates.prediction_sd) < ROUNDING) return say(view, "headline_still", {norm: view.norm});
  const values = namedPlaces(view, found).map((place, index) => {
    const one = {sd: amount(view, found.mates.prediction_sd[place]), size: found.sizes[place]};
    return index ? say(view, "sd_of", one) : say(view, "sd_in", one);
  });
  return say(view, "headline", {what: what(view), values: enumeration(view, values), plain: plain(view)});
}

/**
 * What other minibatches do to the example without a normalizer.
 * @param {View} view
 */
function plain(view) {
  const most = Math.max(...(seen(view, "none")?.mates.prediction_sd ?? [0]));
  if (most < ROUNDING) return say(view, "plain_still", {norm: view.norm});
  return say(view, "plain_moves", {norm: view.norm, most: amount(view, most)});
}

// --- the answer

/** @param {View} view */
function answer(view) {
  if (!view.prediction) return null;
  if (divergenceSentence(view, view.compared)) return divergenceSentence(view, view.compared);
  const [frame, found, values] = [latest(view), seen(view), activationSd(view, "mates")];
  if (!frame || !found || !values) return say(view, "missing");
  const law = fallOff(found.sizes, values);
  if (!law || !fromMinibatch(found)) return say(view, "nothing_varies", {signal: signal(view)});
  const left = 4 ** law.exponent;
  const verdict = nearest(left);
  const expectation = view.predictions[view.prediction];
  const agreed = verdict === view.prediction ? say(view, "as_said") : say(view, "not_as_said", {expectation});
  const fitted = {from: fittedFrom(found.sizes), to: found.sizes[found.sizes.length - 1], exponent: decimal(law.exponent)};
  const said = {step: frame.step, left: percent(left), signal: signal(view), found: view.predictions[verdict], agreed, ...fitted};
  return joinSentences(say(view, "measured", said), small(view, values, found.sizes));
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
  const left = values[place] / values[0];
  const said = {smallest: sizes[0], from: sizes[place], left: percent(left)};
  return left > CEILING ? say(view, "small_ceiling", said) : say(view, "small", said);
}

// --- the example

/**
 * @param {View} view
 * @param {Microscope} found
 */
function mates(view, found) {
  const example = Math.min(view.header.experiment.example, view.header.probe_size - 1);
  const draws = say(view, "mates", {example, zero: zero(view, found)});
  return joinSentences(draws, still(view, found), beyond(view), say(view, "own_groups", {size: ownSize(view)}));
}

/**
 * What 0 stands for.
 * @param {View} view
 * @param {Microscope} found
 */
function zero(view, found) {
  const running = fromMinibatch(found);
  if (view.unit === "pooled") return say(view, running ? "zero_pooled" : "zero_pooled_plain");
  const said = {unit: unitName(view), used: decimal(found.used[view.layer - 1][view.unit])};
  return running ? say(view, "zero_unit", said) : say(view, "zero_unit_plain", said);
}

/**
 * A unit that nothing moves.
 * @param {View} view
 * @param {Microscope} found
 */
function still(view, found) {
  if (!fromMinibatch(found)) return say(view, "still_norm", {norm: view.norm});
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
 * @param {Microscope} found
 */
function variationNamed(view, found) {
  const sd = found.mates.activation_sd[view.layer - 1];
  const values = namedPlaces(view, found).map((place) =>
    say(view, "share_at", {share: amount(view, sd[place]), size: found.sizes[place]}),
  );
  return say(view, "alt_mates", {signal: signal(view), values: enumeration(view, values)});
}

/**
 * @param {View} view
 * @param {Microscope} found
 */
function predicted(view, found) {
  const used = {with: digits(found.used_prediction), without: digits(seen(view, "none")?.used_prediction), norm: view.norm};
  if (!hasClasses(view)) return say(view, "said_number", used);
  const [inOthers, inDropout] = /** @type {Scene[]} */ (["mates", "dropout"]).map((scene) => changed(view, found, scene));
  const probability = say(view, "said_probability", used);
  return joinSentences(probability, inDropout !== "" && say(view, "said_changed", {mates: inOthers, dropout: inDropout}));
}

/**
 * In how many draws another class is predicted; "" where the scene was not measured.
 * @param {View} view
 * @param {Microscope} found
 * @param {Scene} scene
 */
function changed(view, found, scene) {
  const part = found[scene];
  if (!part) return "";
  const shares = namedPlaces(view, found).map((place) =>
    say(view, "share_at", {share: smallPercent(part.changed[place]), size: found.sizes[place]}),
  );
  return enumeration(view, shares);
}

/**
 * @param {View} view
 * @param {Microscope} found
 */
function variation(view, found) {
  const law = fallOff(found.sizes, found.mates.activation_sd[view.layer - 1]);
  return joinSentences(
    say(view, "scatter", {signal: signal(view)}),
    law !== null && say(view, "scatter_law", {from: fittedFrom(found.sizes), exponent: decimal(law.exponent)}),
    view.layer === 1 && say(view, "scatter_first"),
    predictionVaries(view, found),
  );
}

/**
 * Whether the prediction varies more or less than under dropout.
 * @param {View} view
 * @param {Microscope} found
 */
function predictionVaries(view, found) {
  const place = ownPlace(view, found);
  const [others, dropout] = [found.mates, found.dropout].map((scene) => scene?.prediction_sd[place] ?? NaN);
  const figures = {mates: amount(view, others), size: found.sizes[place], dropout: amount(view, dropout)};
  const said = {what: what(view), found: say(view, "found_right", figures)};
  if (!(others > 0 && dropout > 0)) return say(view, "right_plain", said);
  if (others > CLEARLY * dropout) return say(view, "right_more", said);
  return dropout > CLEARLY * others ? say(view, "right_less", said) : say(view, "right_alike", said);
}

/**
 * @param {View} view
 * @param {Microscope} found
 */
function rates(view, found) {
  const all = Array.from(found.dropout_rate ?? []);
  const named = namedPlaces(view, found).filter((place) => Number.isFinite(all[place]));
  const each = named.map((place) => say(view, "rate_at", {rate: smallPercent(all[place]), size: found.sizes[place]}));
  return joinSentences(
    named.length > 0 && say(view, "rates", {rates: enumeration(view, each)}),
    !all.every(Number.isFinite) && say(view, "rate_missing"),
  );
}

// --- statistics of minibatches

/**
 * What is measured of both networks at the size nearest to this run's own groups, and what theory says there.
 * @param {View} view
 * @param {Microscope} found
 * @param {Statistic} key
 * @param {number} [layer]
 */
function statistic(view, found, key, layer = view.layer) {
  const place = ownPlace(view, found);
  const of = (/** @type {string} */ arm, /** @type {string} */ name) => {
    const part = seen(view, arm);
    return part ? statisticOf(part, name, layer - 1)[place] : NaN;
  };
  const [theory, theoryWith] = bothArms(view).map((arm) => of(arm, `${key}_theory`));
  return {size: found.sizes[place], none: of("none", key), with: of(view.compared, key), theory, theoryWith};
}

/**
 * By which powers of B both fall.
 * @param {View} view
 * @param {Statistic} key
 */
function exponents(view, key) {
  const laws = bothArms(view).map((arm) => {
    const part = seen(view, arm);
    return part ? fallOff(part.sizes, statisticOf(part, key, view.layer - 1)) : null;
  });
  const [none, other] = laws;
  return none !== null && other !== null && say(view, "exponents", {none: decimal(none.exponent), with: decimal(other.exponent)});
}

/**
 * @param {View} view
 * @param {Microscope} found
 */
function means(view, found) {
  const {size, none, with: other, theory} = statistic(view, found, "mean_sd");
  const figures = {none: fine(view, none), with: fine(view, other), theory: fine(view, theory)};
  return joinSentences(
    say(view, "mean", {layer: view.layer, size, norm: view.norm, ...figures}),
    exponents(view, "mean_sd"),
    pinned(view, found, other < NEARLY_FIXED * theory),
    say(view, "faint"),
  );
}

/**
 * Above layer 1, what comes in was normalized with the very minibatch whose mean is taken.
 * @param {View} view
 * @param {Microscope} found
 * @param {boolean} fixed
 */
function pinned(view, found, fixed) {
  if (!fixed || view.layer === 1 || !fromMinibatch(found)) return "";
  return say(view, "pinned", {layer: view.layer, first: fine(view, statistic(view, found, "mean_sd", 1).with)});
}

/**
 * @param {View} view
 * @param {Microscope} found
 */
function variances(view, found) {
  const {size, none, with: other, theory, theoryWith} = statistic(view, found, "variance_sd");
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
function learnt(view) {
  const {frame, norm} = view;
  const {batch_size: batch, train_size: examples} = view.header.experiment;
  const noise = say(view, "learnt_noise", {batch: Math.min(batch, examples), group: ownSize(view)});
  const [none, other] = bothArms(view).map((arm) => progress(view, arm));
  const said = {step: frame.step, none, with: other, norm};
  return joinSentences(noise, hasClasses(view) ? say(view, "learnt_shares", said) : say(view, "learnt_losses", said));
}

/**
 * @param {View} view
 * @param {string} arm
 */
function progress(view, arm) {
  const {train_accuracy: train, test_accuracy: test, test_loss: loss} = view.frame.arms[arm];
  if (!hasClasses(view)) return digits(loss, 3);
  return say(view, "shares", {train: percent(train), test: percent(test), held_out: view.data.held_out});
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
  const found = parts.findLast(Boolean);
  if (!found || found.used[layer - 1][unit] === 0) return 0;
  const levels = found.mates.activation[layer - 1][unit].flatMap((row) => Array.from(row));
  const [low, high] = found.range[layer - 1][unit];
  const middle = mean(levels) ?? 0;
  return (high - low) * Math.sqrt(sum(levels.map((level) => (level - middle) ** 2)) / levels.length);
}
