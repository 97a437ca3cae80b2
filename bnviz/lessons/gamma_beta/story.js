// The story of the page `/gamma-beta`: how far γ and β take the units from mean 0 and variance 1, and what that buys.

import {ATOM, density, feeds as drawn, firstReaching, hasAtom, zeroShare} from "../../web/player/feeds.js";
import {accuracyFeed, control, histogramFeed, said} from "./by-hand.js";
import {digits, diverged, learns, percent, tapName, unitName} from "../../web/player/words.js";

// --- reading the recording

const shown = (view) => view.frames[view.shown];
const soFar = (view) => view.frames.slice(0, view.shown + 1);
const scale = (frame, arm, key, view) => frame.arms[arm][key]?.[view.layer - 1];
const inside = (frame, key, view, arm = "batch") => frame.arms[arm].standardized?.[key][view.layer - 1];
const finite = (value) => (Number.isFinite(value) ? value : null);
const lowest = (row) => Math.min(...row),
  highest = (row) => Math.max(...row);
const chosen = (view) => (view.unit === "pooled" ? null : view.unit);
const over = (frames, value) => ({x: frames.map((frame) => frame.step), y: frames.map((frame) => finite(value(frame)))});
const NOTHING = {x: [], y: []};

// A frame in which ẑ stands where γẑ+β stands, so that every drawing of feeds.js can draw it, too.
const substituted = new WeakMap();
function standardizedFrame(frame) {
  if (!substituted.has(frame))
    substituted.set(frame, {
      ...frame,
      arms: Object.fromEntries(
        Object.entries(frame.arms).map(([arm, part]) => [
          arm,
          {
            ...part,
            ...Object.fromEntries(
              Object.entries(part.standardized ?? {}).map(([key, value]) => [key, {...part[key], normalized: value}]),
            ),
          },
        ]),
      ),
    });
  return substituted.get(frame);
}

// The view of one column of the ridgelines: a tap, or ẑ.
function column(view, tap) {
  const standard = tap === "standardized";
  const own = {...view, tap: standard ? "normalized" : tap, choices: `${view.choices} ${tap}`};
  if (standard) Object.assign(own, {frames: view.frames.map(standardizedFrame), frame: standardizedFrame(view.frame)});
  own.tallest = (arm) => view.fits.tallest(arm, own);
  own.widest = view.fits.range("after_g", view)?.[1] ?? 1;
  return own;
}

const ridge =
  (kind) =>
  ({arm, tap}, view) =>
    drawn[kind]({arm}, column(view, tap));

// --- drawings

function feeds() {
  return {
    "scale-dots": (_, view) => {
      const [x, y] = blended(view);
      return {x: [...x], y: [...y]};
    },
    "scale-chosen": (_, view) => {
      const [x, y] = blended(view),
        unit = chosen(view);
      return unit === null ? NOTHING : {x: [x[unit]], y: [y[unit]]};
    },
    "scale-path": (_, view) => {
      if (chosen(view) === null) return NOTHING;
      const at = (key) => soFar(view).map((frame) => scale(frame, "batch", key, view)[view.unit]);
      return {x: at("beta"), y: at("gamma")};
    },
    "pinned-dot": () => ({x: [0], y: [1]}),
    "scale-units": ({key}, view) => lines(soFar(view), (frame) => scale(frame, "batch", key, view)),
    "scale-unit": ({key}, view) =>
      chosen(view) === null ? NOTHING : over(soFar(view), (frame) => scale(frame, "batch", key, view)[view.unit]),
    pinned: ({key, place}, view) => over(soFar(view), (frame) => inside(frame, key, view)[place]),
    "column-past": ridge("ridge-past"),
    "column-front": ridge("ridge-front"),
    "column-first": ridge("ridge-first"),
    band: ({arm, tap, place}, view) =>
      over(
        soFar(view),
        (frame) =>
          (tap === "standardized" ? inside(frame, "percentiles", view, arm) : frame.arms[arm].percentiles[tap][view.layer - 1])[
            place
          ],
      ),
    "hand-histogram": histogramFeed,
    "hand-accuracy": accuracyFeed,
    "layer-series": ({arm, key, layer}, view) => over(soFar(view), (frame) => frame.arms[arm][key][(layer ?? view.layer) - 1]),
  };
}

// β and γ of the chosen layer, on their way to the next snapshot.
function blended(view) {
  const now = shown(view),
    next = view.frames[view.shown + 1] ?? now;
  return ["beta", "gamma"].map((key) => {
    const [from, to] = [now, next].map((frame) => scale(frame, "batch", key, view));
    return from.map((value, unit) => value + view.blend * (to[unit] - value));
  });
}

// One line a unit in one trace, a gap after each; at most about 120 points a line.
function lines(frames, rowOf) {
  const stride = Math.ceil(frames.length / 120);
  const kept = frames.filter((_, index) => (frames.length - 1 - index) % stride === 0);
  const rows = kept.map(rowOf),
    outline = {x: [], y: []};
  for (let unit = 0; unit < rows[0].length; unit++) {
    kept.forEach((frame, index) => {
      outline.x.push(frame.step);
      outline.y.push(finite(rows[index][unit]));
    });
    outline.x.push(null);
    outline.y.push(null);
  }
  return outline;
}

// --- axis ranges

function fits() {
  const of = (key) => (frame, arm, view) => scale(frame, arm, key, view) ?? [];
  const even = (key, middle) => (frame, arm, view) => {
    const reach = Math.max(
      0.05,
      ...[...(scale(frame, arm, key, view) ?? [])].map((value) => Math.abs(value - middle)).filter(Number.isFinite),
    );
    return [middle - reach, middle + reach];
  };
  const only = (arms, value) => (frame, arm, view) => (arms.includes(arm) ? value(frame, arm, view) : []);
  return {
    beta: of("beta"),
    gamma: of("gamma"),
    beta_even: even("beta", 0),
    gamma_even: even("gamma", 1),
    before_g: only("batch", (frame, arm, view) => ["standardized", "normalized"].flatMap((tap) => reach(frame, arm, view, tap))),
    after_g: only("batch", (frame, arm, view) => {
      const range = reach(frame, arm, view, "activation");
      return range.length && hasAtom({...view, tap: "activation"}) ? [-ATOM * range[1], range[1]] : range;
    }),
    band_z: only(["batch", "fixed"], (frame, arm, view) => [
      ...(inside(frame, "percentiles", view, arm) ?? []),
      ...frame.arms[arm].percentiles.normalized[view.layer - 1],
    ]),
    band_a: only(["batch", "fixed"], (frame, arm, view) => frame.arms[arm].percentiles.activation[view.layer - 1]),
    view_loss: only("batch", (frame, arm) => [frame.arms[arm].probe_loss, frame.arms[arm].running_loss]),
    view_accuracy: only("batch", (frame, arm) => [frame.arms[arm].probe_accuracy, frame.arms[arm].running_accuracy]),
    mean_lag: only("batch", settled("running_mean_lag")),
    variance_lag: only("batch", settled("running_variance_lag")),
    normed_mean: only(["batch", "fixed"], (frame, arm, view) => frame.arms[arm].unit_mean[view.tap][view.layer - 1]),
  };
}

// Lags after the beginning, when running statistics, which start at 0 and 1, say nothing yet.
const settled = (key) => (frame, arm, view) => (frame.step >= view.header.total_steps / 20 ? (frame.arms[arm][key] ?? []) : []);

// The outermost bins with values to speak of.
function reach(frame, arm, view, tap) {
  const standard = tap === "standardized",
    as = {...view, tap: standard ? "normalized" : tap};
  const heights = density(standard ? standardizedFrame(frame) : frame, arm, as),
    edges = view.header.edges[as.tap];
  const bins = heights.flatMap((height, bin) => (height > 0.004 ? [bin] : []));
  return bins.length ? [edges[bins[0]], edges[bins.at(-1) + 1]] : [];
}

function bounds() {
  const free = () => [-20, 20];
  return Object.fromEntries(
    ["beta", "gamma", "beta_even", "gamma_even", "before_g", "after_g", "band_z", "band_a", "normed_mean"].map((kind) => [
      kind,
      free,
    ]),
  );
}

// --- words

function headline(view) {
  const frame = shown(view),
    name = `γẑ+β of layer ${view.layer}`;
  if (diverged(frame, "batch")) return "The network with batch norm has diverged: its loss is no longer a finite number.";
  if (frame.step === 0) return `The untrained network: every unit of ${name} has mean 0 and standard deviation 1.`;
  const mean = frame.arms.batch.unit_mean.normalized[view.layer - 1],
    spread = frame.arms.batch.unit_std.normalized[view.layer - 1];
  return `${name}: means from ${digits(lowest(mean))} to ${digits(highest(mean))}, standard deviations from ${digits(lowest(spread))} to ${digits(highest(spread))}.`;
}

const captions = {
  pinned,
  pinnedunit: pinnedUnit,
  pooled,
  zeros,
  bought,
  views: viewsNow,
  lag: lagNow,
  hand: said,
  layernumber: (view) => String(view.layer),
};

// What was measured of ẑ, to as many digits as it takes to see whether it is 0 and 1.
function pinned(view) {
  if (!inside(shown(view), "mean", view)) return "";
  const [mean, spread] = ["mean_range", "std_range"].map((key) => inside(shown(view), key, view));
  const off = Math.max(Math.abs(mean[0]), Math.abs(mean[1]));
  return ` Dotted: ẑ itself, by construction; measured now, its means lie within ${small(off)} of 0, its standard deviations from ${digits(spread[0], 3)} to ${digits(spread[1], 3)}.`;
}

const small = (value) => (value < 0.001 ? "0.001" : digits(value, 3));

function pinnedUnit(view) {
  const frame = shown(view),
    arm = frame.arms.batch,
    layer = view.layer - 1;
  const [mean, spread] =
    view.unit === "pooled"
      ? [arm.mean.normalized[layer], arm.std.normalized[layer]]
      : [arm.unit_mean.normalized[layer][view.unit], arm.unit_std.normalized[layer][view.unit]];
  return `γẑ+β now has mean ${digits(mean)} and standard deviation ${digits(spread)}.`;
}

function pooled(view) {
  const arm = shown(view).arms.batch,
    [mean, spread] = ["mean", "std"].map((key) => inside(shown(view), key, view));
  if (mean === undefined) return "";
  const [m, s] = ["mean", "std"].map((key) => arm[key].normalized[view.layer - 1]);
  return `Pooled, ẑ has mean ${signless(mean)} and standard deviation ${digits(spread)}; γẑ+β ${signless(m)} and ${digits(s)}.`;
}

const signless = (value) => digits(value).replace(/^-0\.00$/, "0.00");

function zeros(view) {
  const own = {...view, tap: "activation"};
  return hasAtom(own) ? ` Bar: values of a that are exactly 0, now ${percent(zeroShare(shown(view), "batch", own))}.` : "";
}

const SHORT = {batch: "with learnable γ and β", fixed: "with γ = 1, β = 0 fixed", none: "without batch norm"};

function bought(view) {
  const frame = shown(view),
    goal = `${percent(view.target)} of the test images right`;
  const said = trained(view).map((arm) => {
    const step = firstReaching(soFar(view), arm, view.target)?.step;
    return step === undefined ? `not yet ${SHORT[arm]}` : `after ${step} steps ${SHORT[arm]}`;
  });
  const right = trained(view).map((arm) => percent1(frame.arms[arm].test_accuracy));
  return `${goal}: ${said.join(", ")}. Now: ${list(right)}.`;
}

const percent1 = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "no accuracy");
const list = (items) => (items.length > 1 ? `${items.slice(0, -1).join(", ")} and ${items.at(-1)}` : items[0]);
const trained = (view) => ["batch", "fixed", "none"].filter((arm) => view.header.arms.includes(arm));

function viewsNow(view) {
  if (!("running_loss" in shown(view).arms.batch)) return "";
  const {probe_loss: own, running_loss: running, probe_accuracy: right, running_accuracy: other} = shown(view).arms.batch;
  return `On the probe now: loss ${digits(own, 3)} and ${percent1(right)} right with its own statistics, ${digits(running, 3)} and ${percent1(other)} with running ones.`;
}

function lagNow(view) {
  if (!shown(view).arms.batch.running_mean_lag) return "";
  const arm = shown(view).arms.batch,
    weight = view.header.experiment.statistics_momentum;
  return (
    `Every minibatch has weight ${weight}, so about the last ${Math.max(1, Math.round(1 / weight))} count; they begin at mean 0 and variance 1. Now: mean off by ${digits(arm.running_mean_lag[view.layer - 1], 3)} σ, ` +
    `variance by ${percent(arm.running_variance_lag[view.layer - 1])}.`
  );
}

// --- the answer

const EXPECTED = {faster: "clearly faster", alike: "about as fast", slower: "clearly slower"};
// Differences that count: in steps to the target (and more than one snapshot), and in training loss, averaged over the run. Both are
// asked, because a test accuracy that jitters with its running statistics reaches a target early or late by chance.
const CLEARLY = {steps: 0.15, loss: 0.05};

function answer(view) {
  if (!view.header.arms.includes("fixed"))
    return view.prediction ? "The third arm, γ = 1 and β = 0 fixed, is switched off; without it there is no answer." : "";
  const finished = view.frames.at(-1).step === view.header.total_steps && view.shown === view.frames.length - 1;
  if (!finished)
    return view.prediction ? `You expect: ${EXPECTED[view.prediction]}. The answer comes at the end of the run.` : "";
  const {verdict, text} = measured(view);
  const judged =
    !view.prediction || !verdict
      ? ""
      : view.prediction === verdict
        ? "You expected that."
        : `You expected: ${EXPECTED[view.prediction]}.`;
  return [text, judged].filter(Boolean).join(" ");
}

function measured(view) {
  const end = view.frames.at(-1),
    [free, fixed] = ["batch", "fixed"].map((arm) => firstReaching(view.frames, arm, view.target)?.step);
  const idle = ["batch", "fixed"].filter((arm) => diverged(end, arm) || !learns(end, arm, view));
  if (idle.length)
    return {
      verdict: null,
      text: `Measured: the network ${list(idle.map((arm) => SHORT[arm]))} has not learnt, so there is nothing to compare.`,
    };
  const goal = percent(view.target),
    close = ["batch", "fixed"].map(
      (arm) => `${percent1(end.arms[arm].test_accuracy)} right, training loss ${digits(end.arms[arm].train_loss, 3)}`,
    );
  const ending = `At the end: ${close[0]} learnable; ${close[1]} fixed.`;
  if (free === undefined && fixed === undefined)
    return {verdict: null, text: `Measured: neither reached ${goal}; choose a lower goal below. ${ending}`};
  const loss = ["batch", "fixed"].map(
    (arm) => view.frames.reduce((sum, frame) => sum + frame.arms[arm].train_loss, 0) / view.frames.length,
  );
  const verdict = compare(free ?? Infinity, fixed ?? Infinity, loss, view);
  const when = (step) => (step === undefined ? "never" : `after ${step} steps`);
  return {
    verdict,
    text: `Measured: ${EXPECTED[verdict]}${verdict === "alike" ? ` (clear is more than ${percent(CLEARLY.steps)} in steps and ${percent(CLEARLY.loss)} in loss)` : ""}. ${goal} ${when(free)} with γ and β learnable, ${when(fixed)} fixed; training loss over the whole run ${digits(loss[0], 3)} and ${digits(loss[1], 3)}. ${ending}`,
  };
}

function compare(free, fixed, loss, view) {
  const gap = Math.max(CLEARLY.steps * Math.min(free, fixed), view.header.experiment.snapshot_every),
    ahead = Math.sign(fixed - free);
  const steps = Math.abs(free - fixed) > gap,
    losses = (loss[1] / loss[0] - 1) * ahead > CLEARLY.loss;
  if (!steps || !losses) return "alike";
  return ahead > 0 ? "faster" : "slower";
}

// --- what the panels show, in words

function scatter(view) {
  const [beta, gamma] = ["beta", "gamma"].map((key) => scale(shown(view), "batch", key, view));
  return `β from ${digits(lowest(beta))} to ${digits(highest(beta))}, γ from ${digits(lowest(gamma))} to ${digits(highest(gamma))}`;
}

function scales(view) {
  return scatter(view) + pinned(view).replace(/\.$/, "").replace(" Dotted:", ";");
}

function journey(view) {
  return `${unitName(view)}: ${pinnedUnit(view).replace(/\.$/, "")}`;
}

function bands(view) {
  return pooled(view).replace(/\.$/, "");
}

function learning(view) {
  return bought(view).replace(/\.$/, "");
}

function views(view) {
  return viewsNow(view).replace(/\.$/, "");
}

function lag(view) {
  return lagNow(view).replace(/\.$/, "");
}

function hand(view) {
  return said(view).replace(/\.$/, "");
}

function means(view) {
  const range = (arm) => {
    const row = shown(view).arms[arm].unit_mean[view.tap][view.layer - 1];
    return `${digits(lowest(row))} to ${digits(highest(row))}`;
  };
  return `means of ${tapName(view)} from ${range("batch")} learnable, ${range("fixed")} fixed`;
}

export default {
  headline,
  captions,
  answer,
  feeds: feeds(),
  fits: fits(),
  bounds: bounds(),
  alternatives: {scatter, scales, journey, bands, learning, views, lag, means, hand},
  controls: {"by-hand": control},
};
