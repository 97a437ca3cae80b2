// The story of the page /independence: how much a layer's gradient changes when the layers below it take their step, and what
// holding them still does. Everything is a median over the snapshots shown so far; it may confirm the lecture or contradict it.

import {digits, diverged, learns, percent, times} from "../../web/player/words.js";

const ENOUGH = 10; // snapshots before a prediction is judged
const WINDOW = 9; // snapshots in a running median
const ARMS = ["none", "batch"];
const CHANGE = "gradient_shift_relative",
  COSINE = "gradient_cosine";

const shownFrames = (view) => view.frames.slice(0, view.shown + 1);
const finite = (value) => (Number.isFinite(value) ? value : null);
const measured = (view) => Boolean(view.frames[0].arms.none.gradient_shift);
const heldFrom = (view) => view.header.experiment.hold_from;
const without = (arm) => (arm === "none" ? "without batch norm" : "with it");

// --- what is measured

function quantile(values, share) {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (!sorted.length) return null;
  const place = share * (sorted.length - 1),
    below = Math.floor(place);
  return sorted[below] + (place - below) * (sorted[Math.ceil(place)] - sorted[below]);
}

const median = (values) => quantile(values, 0.5);

// A median over the WINDOW values around each.
function running(values) {
  const reach = (WINDOW - 1) / 2;
  return values.map((value, index) =>
    value === null ? null : median(values.slice(Math.max(0, index - reach), index + reach + 1)),
  );
}

const rowOf = (frame, arm, key, layer) => frame.arms[arm]?.[key]?.[layer - 1];

// The median over what is shown, of one layer.
const typical = (view, arm, key, layer = view.layer) => median(shownFrames(view).map((frame) => rowOf(frame, arm, key, layer)));

// The median layer's median: one number for the whole network.
const overall = (view, arm, key) => median(layersOf(view).map((layer) => typical(view, arm, key, layer)));

const layersOf = (view) => Array.from({length: view.header.hidden_layers - 1}, (_, index) => index + 2);

// How much higher the training loss is in the arm whose layers are held.
function costs(view, arm) {
  return shownFrames(view)
    .filter((frame) => frame.step > heldFrom(view) && frame.arms[`${arm}-held`])
    .map((frame) => ({
      step: frame.step,
      cost: frame.arms[`${arm}-held`].train_loss - frame.arms[arm].train_loss,
      loss: frame.arms[arm].train_loss,
    }));
}

// --- drawings

const feeds = {
  gradient({arm, key, layer, smooth}, view) {
    const frames = shownFrames(view),
      values = frames.map((frame) => finite(rowOf(frame, arm, key, layer ?? view.layer)));
    return {x: frames.map((frame) => frame.step), y: smooth ? running(values) : values};
  },
  profile({arm, key}, view) {
    const layers = layersOf(view);
    return {x: layers, y: layers.map((layer) => typical(view, arm, key, layer))};
  },
  "profile-band"({arm, key}, view) {
    const layers = layersOf(view),
      frames = shownFrames(view);
    const edge = (share) =>
      layers.map((layer) =>
        quantile(
          frames.map((frame) => rowOf(frame, arm, key, layer)),
          share,
        ),
      );
    return {x: [...layers, ...layers.toReversed()], y: [...edge(0.15), ...edge(0.85).reverse()]};
  },
  cost({arm, smooth}, view) {
    const rows = costs(view, arm),
      values = rows.map(({cost}) => finite(cost));
    return {x: rows.map(({step}) => step), y: smooth ? running(values) : values};
  },
  moved({arm}, view) {
    const frames = shownFrames(view);
    return {x: frames.map((frame) => frame.step), y: frames.map((frame) => finite(frame.arms[arm].shift_step.activation[1]))};
  },
};

const every = (frame, arm, key, view) => layersOf(view).map((layer) => rowOf(frame, arm, key, layer));

const fits = {
  gradient_shift: (frame, arm, view) => [rowOf(frame, arm, "gradient_shift", view.layer)],
  gradient_shift_relative: (frame, arm, view) => [rowOf(frame, arm, CHANGE, view.layer)],
  gradient_cosine: (frame, arm, view) => [rowOf(frame, arm, COSINE, view.layer)],
  every_cosine: (frame, arm, view) => every(frame, arm, COSINE, view),
  profile_relative: (frame, arm, view) => every(frame, arm, CHANGE, view),
  profile_cosine: (frame, arm, view) => every(frame, arm, COSINE, view),
  cost: (frame, arm, view) => {
    const held = frame.arms[`${arm}-held`];
    return held && frame.step > heldFrom(view) ? [0, held.train_loss - frame.arms[arm].train_loss] : [];
  },
  moved: (frame, arm) => [frame.arms[arm].shift_step.activation[1]],
  accuracy: (frame, arm) => [frame.arms[arm].test_accuracy],
  test_loss: (frame, arm) => [frame.arms[arm].test_loss],
};

// ‖G−G′‖ of the chosen layer in all snapshots: the first few may tower over the rest.
const sizes = (view) => ARMS.flatMap((arm) => view.frames.map((frame) => rowOf(frame, arm, "gradient_shift", view.layer)));

// The furthest that an axis may reach: what lies beyond is seen to leave it.
const bounds = {
  gradient_shift: (view) => [0, 3 * (quantile(sizes(view), 0.85) ?? Infinity)],
  gradient_shift_relative: () => [0, 2],
  profile_relative: () => [0, 2],
  gradient_cosine: () => [-1, 1],
  every_cosine: () => [-1, 1],
  profile_cosine: () => [-1, 1],
  cost: () => [-3, 3],
  moved: () => [0, 12],
  accuracy: () => [0, 1],
  test_loss: () => [0, 12],
};

// --- words

const share = (value) =>
  value === null ? "an amount that is no number" : value > 0 && value < 0.001 ? "less than 0.1 %" : percent(value);
const cosine = (value) =>
  value === null ? "none" : value >= 0.99995 ? "almost exactly 1" : value > 0.995 && value < 1 ? value.toFixed(4) : digits(value);
const verdict = ([none, batch]) => (none > 1.1 * batch ? "without" : batch > 1.1 * none ? "with" : "same");

function headline(view) {
  const frame = view.frames[view.shown],
    lost = ARMS.filter((arm) => diverged(frame, arm));
  if (lost.length === 2) return "Both networks have diverged: their losses are no longer finite numbers.";
  if (lost.length)
    return `The network ${lost[0] === "none" ? "without" : "with"} batch norm has diverged: its gradients are no longer finite numbers.`;
  if (!measured(view))
    return heldFrom(view) ? heldWords(view) : "This run measures no gradient shift: switch it on under More settings.";
  if (view.layer === 1) return "Nothing lies below layer 1, so nothing can shift its gradient: choose another layer.";
  const [none, batch] = ARMS.map((arm) => typical(view, arm, CHANGE));
  return `When the layers below take their step, the gradient of W[${view.layer}] changes by ${share(none)} of its length without batch norm, by ${share(batch)} with it.`;
}

const EXPECTED = {without: "more without batch norm", with: "more with batch norm", same: "about the same in both"};

// Holds the prediction against the medians of the chosen layer so far.
function answer(view) {
  if (!view.prediction || !measured(view)) return null;
  if (view.layer === 1) return "Choose a layer that has others below it: nothing shifts the gradient of layer 1.";
  const last = view.frames.at(-1).step >= view.header.total_steps;
  if (view.shown < Math.min(ENOUGH, view.frames.length - Number(last)))
    return "Your prediction is held against this run as soon as there is enough of it.";
  const changes = ARMS.map((arm) => typical(view, arm, CHANGE)),
    found = verdict(changes);
  if (changes.includes(null)) return "A network's gradient is 0 or no finite number here, so the two cannot be compared.";
  const said = found === view.prediction ? "as you said" : `you said ${EXPECTED[view.prediction]}`;
  return (
    `Layer ${view.layer}'s gradient changes ${EXPECTED[found]} (${said}): by ${share(changes[0])} without batch norm, by ${share(changes[1])} with it ` +
    `(medians of ${view.shown + 1} measurements, up to step ${view.frames[view.shown].step}). ${lecture(found, view)}${elsewhere(view, found)}${absolute(view, found)}${idle(view)}`
  );
}

const lecture = (found, view) =>
  ({
    without: `So here batch norm makes the layer more independent, as the lecture says${partly(view)}.`,
    with: "That is the opposite of what the lecture says: here batch norm makes the layer depend more on those below.",
    same: "So here batch norm makes the layer no more independent, whatever the lecture says.",
  })[found];

const partly = (view) =>
  typical(view, "batch", CHANGE) > 0.25
    ? `, though not independent: the cosine of G and G′ is ${cosine(typical(view, "batch", COSINE))} with it`
    : "";

// What the other layers and the other measure say, where they say something else.
function elsewhere(view, found) {
  const [none, batch] = ARMS.map((arm) => overall(view, arm, CHANGE));
  const differs = verdict([none, batch]) !== found ? " It is not the same everywhere: over" : " Over";
  return (
    `${differs} layers 2 to ${view.header.hidden_layers} the median is ${share(none)} without and ${share(batch)} with batch norm, the cosine ` +
    `${cosine(overall(view, "none", COSINE))} and ${cosine(overall(view, "batch", COSINE))}.`
  );
}

function absolute(view, found) {
  const sizes = ARMS.map((arm) => typical(view, arm, "gradient_shift"));
  if (verdict(sizes) === found || sizes.includes(null)) return "";
  return ` Measured by ‖G−G′‖ alone, which forgets how long the gradients are, it is ${sizes[0].toPrecision(2)} without and ${sizes[1].toPrecision(2)} with batch norm: ${EXPECTED[verdict(sizes)]}.`;
}

// A net that does not learn hardly moves: its steady gradients are then no merit.
function idle(view) {
  const frame = view.frames[view.shown],
    lazy = frame.step < 50 ? [] : ARMS.filter((arm) => !learns(frame, arm, view));
  if (!lazy.length) return "";
  if (lazy.length === 2) return " But neither network has learnt anything yet, so steady gradients are no merit.";
  return ` But the network ${lazy[0] === "none" ? "without" : "with"} batch norm has not learnt (${progress(frame, lazy[0])}), so how steady its gradients are says little.`;
}

const labels = (frame) => frame.arms.none.test_accuracy !== null;

const progress = (frame, arm) =>
  labels(frame) ? `${percent(frame.arms[arm].test_accuracy)} right` : `test loss ${digits(frame.arms[arm].test_loss, 3)}`;

// What holding layers 1 and 2 has cost so far, in training loss: right after the hold, and lately.
function heldWords(view) {
  const from = heldFrom(view),
    frame = view.frames[view.shown];
  if (!from) return "";
  if (frame.step <= from)
    return `From step ${from} on, a second copy of each network goes on with layers 1 and 2 held still (dotted).`;
  const [none, batch] = ARMS.map((arm) => costs(view, arm));
  const late = [none, batch].map((rows) => effect(rows.slice(-WINDOW)));
  if (none.length < 2 * WINDOW)
    return `Since step ${from}, holding layers 1 and 2 has changed the training loss by ${late[0].text} without batch norm, by ${late[1].text} with it.`;
  const early = [none, batch].map((rows) => effect(rows.slice(0, WINDOW)));
  const both = (place) => `${early[place].text} at first and ${late[place].text} lately`;
  return (
    `Holding layers 1 and 2 has changed the training loss by ${both(0)} without batch norm, by ${both(1)} with it ` +
    `(means of ${WINDOW} snapshots).${spared(early)}${ARMS.every((arm) => learns(frame, arm, view)) ? compared(...late.map(({part}) => part)) : ""}`
  );
}

// Means over rows, in loss and as a share of the learning network's.
function effect(rows) {
  const mean = (key) => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  const cost = mean("cost"),
    loss = mean("loss");
  if (!Number.isFinite(cost)) return {part: null, text: "no finite number"};
  return {
    part: cost / loss,
    text: `${signed(cost, (value) => value.toFixed(value < 0.01 ? 3 : 2))} (${signed(cost / loss, percent)})`,
  };
}

const signed = (value, form) => (value < 0 ? "−" : "+") + form(Math.abs(value));

// Right after the hold nothing is lost yet, so a lower loss there is what the motion below had cost.
function spared(early) {
  const who = ARMS.filter((_, place) => early[place].part < -0.02);
  if (!who.length) return "";
  return ` At first the layers above were better off ${who.length === 2 ? "in both" : who[0] === "none" ? "without batch norm" : "with it"}, spared the motion below.`;
}

function compared(none, batch) {
  if (none === null || batch === null) return "";
  const missed = [none > 0.01, batch > 0.01];
  if (!missed[0] && !missed[1]) return " In neither do they miss the learning below.";
  if (!missed[0]) return " Only with batch norm do they miss the learning below: not what independence would look like.";
  if (!missed[1]) return " Only without batch norm do they miss the learning below: what independence would look like.";
  if (none > 1.1 * batch) return ` They miss the learning below ${times(none / batch)} as much without batch norm.`;
  if (batch > 1.1 * none)
    return ` They miss the learning below ${times(batch / none)} as much with batch norm: not what independence would look like.`;
  return " Both miss the learning below about as much.";
}

const moves = (value) => (value === 0 ? "exactly 0" : `${digits(value, 3)} σ`);

function movedWords(view) {
  const frame = view.frames[view.shown],
    now = (arm) => moves(frame.arms[arm]?.shift_step.activation[1]);
  if (!heldFrom(view)) return "";
  const held =
    frame.step > heldFrom(view)
      ? ` Held, it now moves by ${now("none-held")} without and ${now("batch-held")} with batch norm,` +
        " as measured on the probe with its own statistics; minibatches still differ from each other."
      : "";
  return `How far a[2] has moved since the last snapshot: ${now("none")} without, ${now("batch")} with batch norm.${held}`;
}

function profileWords(view) {
  if (!measured(view)) return "";
  const [low, high] = [2, view.header.hidden_layers];
  const ends = ARMS.map(
    (arm) =>
      `${share(typical(view, arm, CHANGE, low))} in layer ${low} and ${share(typical(view, arm, CHANGE, high))} in layer ${high} ${without(arm)}`,
  );
  return `Medians so far, with the middle 70 %: the gradient changes by ${ends.join(", ")}.`;
}

function learntWords(view) {
  const frame = view.frames[view.shown];
  const [none, batch] = ARMS.map((arm) => progress(frame, arm));
  const what = labels(frame) ? ", of the held-out examples" : " (numbers are learnt here, not classes: there is no accuracy)";
  return `At step ${frame.step}: ${none} without batch norm, ${batch} with it${what}.`;
}

const below = (view) =>
  ({1: "nothing (layer 1 has no layer below) has", 2: "layer 1 has", 3: "layers 1 and 2 have"})[view.layer] ??
  `layers 1 to ${view.layer - 1} have`;
const captions = {
  number: (view) => String(view.layer),
  below,
  held: heldWords,
  moved: movedWords,
  profile: profileWords,
  learnt: learntWords,
};

const layerMedians = (key, form) => (view) => ARMS.map((arm) => `${without(arm)} ${form(typical(view, arm, key))}`).join(", ");

export default {
  headline,
  captions,
  answer,
  feeds,
  fits,
  bounds,
  choosers: ["layer"],
  alternatives: {
    amount: layerMedians(CHANGE, share),
    direction: layerMedians(COSINE, cosine),
    every: (view) =>
      layersOf(view)
        .map((layer) => `layer ${layer}: ${ARMS.map((arm) => cosine(typical(view, arm, COSINE, layer))).join(" and ")}`)
        .join(", "),
    profile: profileWords,
    paths: heldWords,
    stillness: movedWords,
    learning: learntWords,
  },
};
