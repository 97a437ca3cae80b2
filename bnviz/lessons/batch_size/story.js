// The story of the page /batch-size: what its minibatch-mates do to one example, and how far minibatches' statistics scatter.
// It is measured now and then: panels and words show the last measurement at or before the snapshot on show.

import {digits, diverged, percent, tapName, unitName} from "../../web/player/words.js";

const NOTHING = {x: [], y: []};
const FITTED_FROM = 8; // examples: in smaller minibatches a normalized value has nowhere to go
const JITTER = 0.11; // octaves to either side
const LEVELS = 254,
  LOST = 255; // as in bnviz/extras/microscope.py
const ROUNDING = 1e-6; // single precision may add up the same numbers in another order
const EARLY = 40; // snapshots
const ARMS = ["none", "batch"];

const finite = (value) => (Number.isFinite(value) ? value : null);
const positive = (value) => (value > 0 ? finite(value) : null);
const logarithms = (values) =>
  Array.from(values)
    .filter((value) => value > 0)
    .map(Math.log10);

// --- reading the recording

function latest(view) {
  for (let index = view.shown; index >= 0; index--) if (view.frames[index].arms.batch.microscope) return view.frames[index];
  return null;
}

const seen = (view, arm = "batch") => latest(view)?.arms[arm].microscope;
const shownUnits = (view, part) => (view.unit === "pooled" ? Array.from(part.range[0].keys()) : [view.unit]);
const watched = (view, draw, units) => (view.unit === "pooled" ? draw % units : view.unit);

// How far the example's a[l] lies from what it is in use, for every draw of every size; pooled, the watched units take turns.
function distances(view, arm, scene) {
  const part = seen(view, arm),
    layer = view.layer - 1;
  if (!part?.[scene]) return [];
  const units = part[scene].activation[layer];
  return Array.from(part.sizes, (_, size) =>
    Array.from(units[0][size], (_, draw) => {
      const unit = watched(view, draw, units.length);
      return distance(part, layer, unit, units[unit][size][draw]);
    }),
  );
}

// How far a recorded level lies from the value in use.
function distance(part, layer, unit, level) {
  const [low, high] = part.range[layer][unit];
  return level === LOST ? null : finite(low + (level / LEVELS) * (high - low) - part.used[layer][unit]);
}

// One dot a draw, in a column beside each size.
function columns(sizes, rows, side) {
  const x = [],
    y = [];
  rows.forEach((row, place) =>
    Array.from(row).forEach((value, draw) => {
      x.push(sizes[place] * 2 ** (side + JITTER * (2 * ((draw * 0.618034) % 1) - 1)));
      y.push(finite(value));
    }),
  );
  return {x, y};
}

const over = (sizes, values) => ({x: Array.from(sizes), y: Array.from(values, finite)});
const scatterOf = (view, scene) => seen(view)?.[scene]?.activation_sd[view.layer - 1];
const saidScatter = (view, arm, scene) => seen(view, arm)?.[scene]?.prediction_sd;
const rowOf = (part, key, layer) => (key === "mean_sd_theory" ? part[key] : part[key][layer]);

// From how many examples on lines are fitted: from FITTED_FROM, unless there is hardly any minibatch so large.
const fittedFrom = (sizes) => (last(sizes) >= 4 * FITTED_FROM ? FITTED_FROM : sizes[0]);

// The slope of a straight line through the logarithms of sizes and values, and the line of slope −1/2 through their middle; or null.
function straight(sizes, values) {
  const points = Array.from(sizes, (size, place) => [Math.log(size), Math.log(values[place])]).filter(
    ([x, y]) => x >= Math.log(fittedFrom(sizes)) && Number.isFinite(y),
  );
  if (points.length < 2) return null;
  const mean = (place) => points.reduce((sum, point) => sum + point[place], 0) / points.length,
    [x, y] = [mean(0), mean(1)];
  const slope =
    points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) /
    points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return {slope, root: (size) => Math.exp(y - (Math.log(size) - x) / 2)};
}

// --- drawings

const feeds = {
  "example-dots"({arm, scene, side}, view) {
    return columns(seen(view, arm)?.sizes, distances(view, arm, scene), side);
  },
  "said-dots"({arm, scene, side}, view) {
    const part = seen(view, arm);
    return part?.[scene] ? columns(part.sizes, part[scene].prediction, side) : NOTHING;
  },
  "example-scatter"({scene}, view) {
    const values = scatterOf(view, scene);
    return values ? over(seen(view).sizes, Array.from(values, positive)) : NOTHING;
  },
  "said-scatter"({arm, scene}, view) {
    const values = saidScatter(view, arm, scene);
    return values ? over(seen(view, arm).sizes, values) : NOTHING;
  },
  "root-guide"(_, view) {
    const values = scatterOf(view, "mates"),
      line = values && straight(seen(view).sizes, values);
    return line ? over(seen(view).sizes, Array.from(seen(view).sizes, line.root)) : NOTHING;
  },
  rates(_, view) {
    return seen(view) ? over(seen(view).sizes, seen(view).dropout_rate) : NOTHING;
  },
  statistic({arm, key}, view) {
    const part = seen(view, arm);
    return part ? over(part.sizes, Array.from(rowOf(part, key, view.layer - 1), positive)) : NOTHING;
  },
  "other-layers"({arm, key}, view) {
    const part = seen(view, arm),
      line = {x: [], y: []};
    part?.[key].forEach((row, layer) => {
      if (layer === view.layer - 1) return;
      line.x.push(...part.sizes, null);
      line.y.push(...Array.from(row, positive), null);
    });
    return line;
  },
};

// Axes hold for all measurements. Those of powers of ten are in logarithms.
const each = (value) => (frame, arm, view) => (frame.arms[arm].microscope ? value(frame.arms[arm].microscope, view) : []);
const scenes = (found) => [found.mates, found.dropout].filter(Boolean);

// As far as mates take a unit, and a quarter of that to spare. Dropout may take it further.
function reach(found, layer, unit) {
  const levels = found.mates.activation[layer][unit].flatMap((row) => Array.from(row)).filter((level) => level !== LOST);
  if (!levels.length) return [];
  const [low, high] = [Math.min(...levels), Math.max(...levels)].map((level) => distance(found, layer, unit, level));
  return [Math.min(0, low - (high - low) / 4), Math.max(0, high + (high - low) / 4)];
}

const fits = {
  mates: each((found, view) => shownUnits(view, found).flatMap((unit) => reach(found, view.layer - 1, unit))),
  said: each((found, view) =>
    classes(view) ? [0, 1] : scenes(found).flatMap((scene) => scene.prediction.flatMap((row) => Array.from(row))),
  ),
  example_scatter: each((found, view) => scenes(found).flatMap((scene) => logarithms(scene.activation_sd[view.layer - 1]))),
  said_scatter: each((found) => scenes(found).flatMap((scene) => Array.from(scene.prediction_sd))),
  rates: each((found) => Array.from(found.dropout_rate ?? [])),
  mean_sd: each((found) => [...found.mean_sd.flatMap(logarithms), ...logarithms(found.mean_sd_theory), 0]),
  variance_sd: each((found) => [...found.variance_sd.flatMap(logarithms), ...found.variance_sd_theory.flatMap(logarithms), 0]),
  accuracy: (frame, arm) => [frame.arms[arm].test_accuracy],
  test_loss: (frame, arm) => [frame.arms[arm].test_loss],
};

const bounds = {
  mates: () => [-20, 20],
  said: (view) => (classes(view) ? [0, 1] : [-20, 20]),
  example_scatter: () => [-4, 1.5],
  said_scatter: () => [0, 10],
  rates: () => [0, 1],
  mean_sd: () => [-4, 1],
  variance_sd: () => [-4, 1.5],
  accuracy: () => [0, 1],
  test_loss: () => [0, 12],
};

// --- words

const classes = (view) => view.frames[0].arms.none.test_accuracy !== null;
const signal = (view) => tapName(view, "activation");
const own = (view) => Number(view.header.group_size.toFixed(1));
const last = (list) => list[list.length - 1];
const amount = (value) =>
  value === 0 ? "0" : !Number.isFinite(value) ? "no finite number" : value >= 0.0095 ? value.toFixed(2) : value.toPrecision(1);
const fine = (value, unit = "") =>
  !Number.isFinite(value) ? "no finite number" : `${value > 0 && value < 0.0005 ? "less than 0.001" : value.toFixed(3)}${unit}`;
const signed = (value) => digits(value).replace("-", "−");
const share = (value) => (value > 0 && value < 0.0995 ? `${(100 * value).toPrecision(2)} %` : percent(value));

// The place in `sizes` of the one nearest to this run's own groups; and that of the smallest, this one and the largest.
function near(view) {
  const off = Array.from(seen(view).sizes, (size) => Math.abs(Math.log(size / own(view))));
  return off.indexOf(Math.min(...off));
}
const chosen = (view) => [...new Set([0, near(view), seen(view).sizes.length - 1])];

const list = (items) => (items.length > 1 ? `${items.slice(0, -1).join(", ")} and ${last(items)}` : items[0]);

const MISSING = "This run was made without the noise microscope: switch it on under More settings.";

function headline(view) {
  const part = seen(view);
  if (!part) return MISSING;
  const lost = ARMS.filter((arm) => diverged(view.frames[view.shown], arm));
  if (lost.length === 2) return "Both networks have diverged: their losses are no longer finite numbers.";
  if (lost.length)
    return `The network ${lost[0] === "none" ? "without" : "with"} batch norm has diverged: its loss is no longer a finite number.`;
  const said = chosen(view).map(
    (place, index) => `${amount(part.mates.prediction_sd[place])} ${index ? "of" : "in minibatches of"} ${part.sizes[place]}`,
  );
  return `Same example, other mates: ${classes(view) ? "the probability of its class" : "the first number predicted for it"} scatters by ${list(said)}; ${unmoved(view)}.`;
}

// What mates do to the example without batch norm.
function unmoved(view) {
  const most = Math.max(...seen(view, "none").mates.prediction_sd);
  return most < ROUNDING ? "without batch norm it does not move at all" : `without batch norm by ${amount(most)} at most`;
}

// --- the answer

const EXPECTED = {half: "about half", quarter: "about a quarter", all: "about all"};
const verdict = (left) => (left < Math.SQRT1_2 / 2 ? "quarter" : left < Math.SQRT1_2 ? "half" : "all"); // the nearest, in proportion

function answer(view) {
  if (!view.prediction) return null;
  const values = scatterOf(view, "mates"),
    line = values && straight(seen(view).sizes, values);
  if (!values) return MISSING;
  if (!line) return `The scatter of ${signal(view)} is 0 or no finite number here, so there is nothing to compare.`;
  const sizes = seen(view).sizes,
    left = 4 ** line.slope,
    found = verdict(left);
  const agreed = found === view.prediction ? "as you said" : `you said ${EXPECTED[view.prediction]}`;
  return (
    `At step ${latest(view).step}, four times the minibatch leaves ${percent(left)} of the scatter of ${signal(view)}: ${EXPECTED[found]} (${agreed}). ` +
    `Fitted from ${fittedFrom(sizes)} to ${last(sizes)} examples: scatter ∝ B to the power ${signed(line.slope)}; 1/√B is −0.50.${small(values, sizes)}`
  );
}

// What is left below the sizes that were fitted.
function small(values, sizes) {
  const place = Array.from(sizes).indexOf(fittedFrom(sizes));
  if (place < 1 || !(values[0] > 0)) return "";
  const left = values[place] / values[0];
  return ` From ${sizes[0]} to ${sizes[place]} examples ${percent(left)} is left${left > 0.6 ? ": two values that are normalized together become +1 and −1, whoever the mate is, so scatter has a ceiling" : ""}.`;
}

// --- captions

function matesWords(view) {
  const part = seen(view),
    pooled = view.unit === "pooled",
    layer = view.layer - 1;
  if (!part) return "";
  const zero = pooled
    ? "0: each unit in use, that is, with running statistics; the watched units take turns."
    : `0: ${unitName(view)} in use, that is, with running statistics: ${signed(part.used[layer][view.unit])}.`;
  return `One dot a draw: example ${view.header.experiment.example} stays, the B − 1 beside it are others. ${zero}${still(view)}${beyond(view)} Dotted line: this run's groups of ${own(view)}.`;
}

// Dots that the axis does not reach.
function beyond(view) {
  const [low, high] = view.fits.range("mates", view) ?? [];
  const outside = distances(view, "batch", "dropout")
    .flat()
    .filter((value) => value !== null && (value < low || value > high)).length;
  return outside ? ` ${outside} of dropout's dots lie beyond the axis.` : "";
}

// A unit that nothing moves.
function still(view) {
  const values = distances(view, "batch", "mates").flat();
  return values.every((value) => value === values[0]) ? " Nothing moves this unit: choose another." : "";
}

function saidWords(view) {
  const part = seen(view);
  if (!part) return "";
  if (!classes(view))
    return `The first number that it predicts; in use ${digits(part.used_prediction)} with batch norm, ${digits(seen(view, "none").used_prediction)} without.`;
  const changed = (scene) =>
    list(chosen(view).map((place) => `${share(part[scene].changed[place])} at B = ${part.sizes[place]}`));
  return (
    `Probability of its class, in use ${digits(part.used_prediction)} with batch norm, ${digits(seen(view, "none").used_prediction)} without. ` +
    `Among other mates the network names another class than in use in ${changed("mates")} of the draws; under dropout in ${changed("dropout")}.`
  );
}

function scatterWords(view) {
  const values = scatterOf(view, "mates"),
    line = values && straight(seen(view).sizes, values);
  if (!values) return "";
  const fitted = line
    ? ` From ${fittedFrom(seen(view).sizes)} examples on it falls as B to the power ${signed(line.slope)}; dashed: −0.50.`
    : "";
  return `Left: ${signal(view)} of the example, root mean square over units.${fitted}${view.layer === 1 ? " Dropout begins behind layer 1, so it leaves a[1] alone." : ""} Right: ${saidPair(view)}.`;
}

function saidPair(view) {
  const place = near(view),
    [mates, dropout] = ["mates", "dropout"].map((scene) => saidScatter(view, "batch", scene)[place]);
  const what = classes(view) ? "the probability" : "the number predicted",
    found = `${amount(mates)} among ${seen(view).sizes[place]} and ${amount(dropout)} under dropout`;
  if (!(mates > 0 && dropout > 0)) return `${what} scatters by ${found}`;
  if (mates > 1.25 * dropout) return `${what} scatters more than under dropout that does as much to a[2]: ${found}`;
  if (dropout > 1.25 * mates) return `${what} scatters less than under dropout that does as much to a[2]: ${found}`;
  return `${what} scatters about as much as under dropout that does as much to a[2]: ${found}`;
}

function rateWords(view) {
  const part = seen(view);
  if (!part) return "";
  const named = chosen(view).filter((place) => Number.isFinite(part.dropout_rate[place]));
  const missing = Array.from(part.dropout_rate).some((rate) => !Number.isFinite(rate))
    ? " No dot: nothing to match, or no rate up to 90 % does as much."
    : "";
  if (!named.length) return `${missing.trim()}`;
  const rates = named.map((place) => `${share(part.dropout_rate[place])} for minibatches of ${part.sizes[place]}`);
  return `Found by trying: with running statistics and dropout behind every layer, a[2] of the example scatters as much at a rate of ${list(rates)}.${missing}`;
}

// What is measured of both networks at the size nearest to this run's own groups, and what theory says there.
function compared(view, key, layer = view.layer) {
  const place = near(view),
    of = (arm, name) => rowOf(seen(view, arm), name, layer - 1)[place];
  return {
    size: seen(view).sizes[place],
    none: of("none", key),
    batch: of("batch", key),
    theory: of("none", `${key}_theory`),
    theoryBatch: of("batch", `${key}_theory`),
  };
}

function slopes(view, key) {
  const found = ARMS.map((arm) => straight(seen(view).sizes, rowOf(seen(view, arm), key, view.layer - 1))?.slope);
  return found.every(Number.isFinite) ? ` They fall as B to the power ${found.map(signed).join(" and ")}.` : "";
}

function meanWords(view) {
  if (!seen(view)) return "";
  const {size, none, batch, theory} = compared(view, "mean_sd");
  return (
    `Means of z[${view.layer}] over ${size} examples scatter by ${fine(none, " σ")} without and ${fine(batch, " σ")} with batch norm; σ/√B says ${fine(theory)}.` +
    `${slopes(view, "mean_sd")}${pinned(view, batch, theory)} Faint: the other layers.`
  );
}

// Above layer 1, what comes in was normalized by the very minibatch whose mean is taken.
function pinned(view, batch, theory) {
  if (!(batch < 0.7 * theory) || view.layer === 1) return "";
  const first = compared(view, "mean_sd", 1).batch;
  return ` What layer ${view.layer} receives was normalized by this very minibatch, so the minibatch's mean is nearly pinned; in layer 1 it scatters by ${fine(first)}.`;
}

function varianceWords(view) {
  if (!seen(view)) return "";
  const {size, none, batch, theory, theoryBatch} = compared(view, "variance_sd");
  return (
    `Variances of z[${view.layer}] over ${size} examples scatter by ${fine(none, " σ²")} without and ${fine(batch, " σ²")} with batch norm; ` +
    `theory, which asks how heavy the tails of z[${view.layer}] are, says ${fine(theory)} and ${fine(theoryBatch)}.${slopes(view, "variance_sd")}`
  );
}

function learntWords(view) {
  const frame = view.frames[view.shown],
    {batch_size: batch, train_size: examples} = view.header.experiment;
  const noise = `SGD averages over ${Math.min(batch, examples)}, batch norm normalizes groups of ${own(view)}.`;
  if (!classes(view))
    return `${noise} Test loss at step ${frame.step}: ${digits(frame.arms.none.test_loss, 3)} without, ${digits(frame.arms.batch.test_loss, 3)} with batch norm.`;
  const [none, withIt] = ARMS.map(
    (arm) =>
      `${percent(frame.arms[arm].train_accuracy)} of the last training examples and ${percent(frame.arms[arm].test_accuracy)} of the held-out ones`,
  );
  return `${noise} Right at step ${frame.step}: ${none} without batch norm, ${withIt} with it.`;
}

const captions = {
  tap: signal,
  number: (view) => String(view.layer),
  what: (view) => (classes(view) ? "probability of its class" : "first number predicted"),
  mates: matesWords,
  said: saidWords,
  scatter: scatterWords,
  rate: rateWords,
  mean: meanWords,
  variance: varianceWords,
  learnt: learntWords,
};

// --- in words, for those who do not see the charts

// A sentence without its full stop, or what to say where nothing was measured.
const text = (sentence) => (view) =>
  (sentence(view) || `not measured; ${view.frames[view.shown].step} steps trained`).replace(/\.$/, "");

const matesAlternative = (view) => {
  const values = scatterOf(view, "mates");
  return values
    ? `${signal(view)} scatters by ${list(chosen(view).map((place) => `${amount(values[place])} at B = ${seen(view).sizes[place]}`))}. ${matesWords(view)}`
    : "";
};

// How far mates move a unit, soon after the beginning: by then it is known whether it is alive. One that ReLU turns off in use is not.
function movement(frames, layer, unit) {
  const found = frames.slice(0, EARLY).findLast((frame) => frame.arms.batch.microscope)?.arms.batch.microscope;
  if (!found || found.used[layer - 1][unit] === 0) return 0;
  const levels = found.mates.activation[layer - 1][unit].flatMap((row) => Array.from(row)),
    [low, high] = found.range[layer - 1][unit];
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  return (high - low) * Math.sqrt(levels.reduce((sum, level) => sum + (level - mean) ** 2, 0) / levels.length);
}

export default {
  headline,
  captions,
  answer,
  feeds,
  fits,
  bounds,
  movement,
  choosers: ["layer", "unit"],
  alternatives: {
    mates: text(matesAlternative),
    said: text(saidWords),
    scatter: text(scatterWords),
    rates: text(rateWords),
    mean: text(meanWords),
    variance: text(varianceWords),
    learning: text(learntWords),
  },
};
