// The story of the page `/covariate-shift`: what becomes of cats and other animals when colour changes.

import {CAT, OTHER, animals, bounds, chosen, feeds, fits, mean, measured, recalls, zeroShare} from "./coats.js";
import {hasAtom} from "../../web/player/feeds.js";
import {both, digits, diverged, percent, sigmas, tapName, unitName} from "../../web/player/words.js";

const TELLING = 0.05,
  TELLING_CLASS = 0.08; // changes beyond chance (two standard errors) of 400 animals, of 200 of one class
const WHICH = {both: "all animals", cats: "only cats", others: "only others"};
const SAID = {
  both: "all of them change",
  cats: "only the cats change, the others stay black",
  others: "only the others change, the cats stay black",
};

// What changes when the animals meet another world than the one that trained the network: levels of [others, cats], 0 or 1.
const WORLDS = {
  black: {home: [0, 0], away: [1, 1], trained: "Trained on black animals", strange: "coloured ones"},
  "black-cats": {
    home: [1, 0],
    away: [0, 1],
    trained: "Trained on black cats and coloured others",
    strange: "coloured cats and black others",
  },
  mixed: {home: [0, 0], away: [1, 1], trained: "Trained on mixed coats", strange: "coloured animals"},
};

export default {
  headline,
  answer,
  captions: captions(),
  choices: {level: 1, coloured: "both"},
  controls: {"coat-which": whichControl, "coat-level": levelControl},
  feeds,
  fits,
  bounds,
  alternatives: {
    coats: curvesText,
    remedy: remedyText,
    "coat-unit": unitText,
    "coat-shift": shiftText,
    "on-the-way": curvesText,
    learning: learningText,
  },
};

const world = (view) => WORLDS[view.header.experiment.coats];

// How the accuracy and both recalls change from the world that trained the network to the other one.
function journey(view, arm, frame = measured(view)) {
  const {home, away} = world(view),
    [from, to] = [recalls(frame, arm, home), recalls(frame, arm, away)];
  const [others, cats] = [OTHER, CAT].map((kind) => from[kind] - to[kind] > TELLING_CLASS);
  return {from, to, fails: others && cats ? "both" : others ? "others" : cats ? "cats" : "neither"};
}

// --- words

function headline(view) {
  if (!view.frames[0].arms.none.coat_recall)
    return "This data set has no animals whose coats could change: choose “Cats and other animals” under More settings.";
  const frame = measured(view),
    lost = ["none", "batch"].filter((arm) => diverged(view.frames[view.shown], arm));
  if (lost.length)
    return `The network ${lost.map((arm) => (arm === "none" ? "without" : "with")).join(" and the one ")} batch norm has diverged: its loss is no longer a finite number.`;
  if (!frame || view.frames[view.shown].step === 0) return "The untrained networks: they know neither cats nor colours.";
  const [none, batch] = ["none", "batch"].map((arm) => journey(view, arm, frame));
  const {trained, strange} = world(view);
  remember(view, frame, [none, batch]);
  return `${trained}, on ${strange} accuracy ${course(none, batch)}. ${failing(none, batch)}${earlier(view)}`;
}

// How the accuracy of either network changes; the verb is said once if it is the same.
function course(none, batch) {
  const verb = ({from, to}) =>
    Math.abs(mean(to) - mean(from)) <= TELLING ? "stays nearly the same:" : mean(to) < mean(from) ? "falls" : "rises";
  const figures = ({from, to}) => `from ${percent(mean(from))} to ${percent(mean(to))}`;
  const again = verb(batch) === verb(none) ? "" : `it ${verb(batch)} `;
  return `${verb(none)} ${figures(none)} without batch norm, ${again}${figures(batch)} with it`;
}

const FAILING = {
  others: "the other animals, taken for cats",
  cats: "the cats, taken for other animals",
  both: "both classes, each taken for the other",
};

function failing(none, batch) {
  if (none.fails === "neither" && batch.fails === "neither") return "Neither class suffers much.";
  if (none.fails === batch.fails) return `What fails: ${FAILING[none.fails]}.`;
  const said = [
    ["without", none],
    ["with", batch],
  ]
    .filter(([, one]) => one.fails !== "neither")
    .map(([how, one]) => `${how} it, ${FAILING[one.fails]}`);
  return `What fails: ${said.join("; ")}.`;
}

// Accuracies on coloured animals of the black-trained runs that this visitor has seen to their end, to compare the remedy with.
const seen = new Map();
const alikes = (view) => JSON.stringify({...view.header.experiment, coats: ""});

function remember(view, frame, arms) {
  if (view.header.experiment.coats === "black" && frame.step === view.header.total_steps)
    seen.set(
      alikes(view),
      arms.map(({to}) => percent(mean(to))),
    );
}

function earlier(view) {
  const before = view.header.experiment.coats === "mixed" && seen.get(alikes(view));
  return before ? ` Trained on black ones it was ${before[0]} and ${before[1]}.` : "";
}

const GUESSES = {
  cats: "coloured cats would be missed",
  others: "other animals would be taken for cats",
  neither: "colour would change little",
};

function answer(view) {
  const frame = measured(view);
  if (!view.prediction || !frame || view.frames[view.shown].step === 0) return "";
  const arms = ["none", "batch"].map((arm) => journey(view, arm, frame)),
    hits = arms.map(({fails}) => fails === view.prediction || (fails === "both" && view.prediction !== "neither"));
  const verdict =
    hits[0] && hits[1]
      ? "That is what both networks show"
      : !hits[0] && !hits[1]
        ? "Neither network shows that"
        : `The network ${hits[0] ? "without" : "with"} batch norm shows that, the other does not`;
  const [none, batch] = arms.map(recognized);
  return `You expected that ${GUESSES[view.prediction]}. ${verdict} at step ${frame.step}. Without batch norm: ${none}. With it: ${batch}.`;
}

const recognized = ({from, to}) =>
  `${percent(to[CAT])} of the cats recognized (before: ${percent(from[CAT])}) and ${percent(to[OTHER])} of the others (${percent(from[OTHER])})`;

function captions() {
  const once = (text) => (view) => (measured(view) ? text(measured(view), view) : "");
  return {
    animals: once((frame) => String(animals(frame))),
    which: (view) => SAID[view.coloured],
    level: (view) => coatName(view.level),
    watched: watchedName,
    zeros: once(zerosText),
    moved: once(movedText),
    remedy: once(remedyWords),
    learning: learningWords,
  };
}

const coatName = (level) => (level === 0 ? "black" : level === 1 ? "fully coloured" : `${percent(level)} coloured`);
function watchedName(view) {
  return view.unit === "pooled" ? `the ${view.header.watched_units.length} watched units pooled` : unitName(view);
}

function zerosText(frame, view) {
  if (!hasAtom(view)) return "";
  const share = (arm) => [0, 1].map((coat) => percent(zeroShare(frame, arm, coat, view))).join(" and ");
  return ` Bars at the left: exactly 0 (full height is all), ${both(view, (arm) => share(arm))}.`;
}

function movedText(frame, view) {
  const {none, batch} = frame.arms,
    place = view.layer - 1,
    of = (arm, key) => sigmas(arm[key][view.tap][place]);
  return (
    `The inputs move ${sigmas(none.coat_input_shift)}; ${tapName(view)} moves ${of(none, "coat_shift")} without and ` +
    `${of(batch, "coat_shift")} with batch norm, ${of(batch, "coat_shift_recomputed")} once coloured animals have statistics of their own.`
  );
}

function remedyWords(frame, view) {
  const [black, coloured] = [
    [0, 0],
    [1, 1],
  ].map((level) => ["coat_recall", "coat_recall_recomputed"].map((key) => mean(recalls(frame, "batch", level, key))));
  const did = ([before, after]) =>
    `${after - before > TELLING / 2 ? "helps" : before - after > TELLING / 2 ? "costs" : "changes little"}: ${percent(before)} → ${percent(after)}`;
  return (
    `The batch norm network, its weights untouched: only means and variances are recomputed, on coloured training animals without labels ` +
    `(Wu & Johnson 2021). On coloured animals this ${did(coloured)} right; on black ones it ${did(black)}.`
  );
}

function learningWords(view) {
  const frame = view.frames[view.shown];
  return `On new animals with coats as in training: ${both(view, (arm) => percent(frame.arms[arm].test_accuracy))}.`;
}

// --- controls

function whichControl(player, make) {
  const chooser = make(
    "select",
    {"aria-label": "Which animals are coloured", onchange: () => player.choose({coloured: chooser.value})},
    ...Object.entries(WHICH).map(([value, text]) => make("option", {value}, text)),
  );
  return make("label", {class: "bnviz-target"}, "coloured", chooser);
}

function levelControl(player, make) {
  const range = make("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.25,
    value: 1,
    "aria-label": "How coloured",
    oninput: () => player.choose({level: Number(range.value)}),
  });
  return make("label", {class: "bnviz-target"}, "black", range, "coloured");
}

// --- text alternatives

function curvesText(view) {
  const frame = measured(view),
    at = (arm, level) => percent(mean(recalls(frame, arm, chosen(view, level))));
  return frame
    ? both(view, (arm) => `${at(arm, 0)} right in black, ${at(arm, view.level)} when ${coatName(view.level)}`)
    : "0 measured yet";
}

function remedyText(view) {
  const frame = measured(view);
  return frame ? remedyWords(frame, view).replace(/\.$/, "") : "0 measured yet";
}

function unitText(view) {
  const frame = measured(view);
  return frame
    ? both(
        view,
        (arm) =>
          `black and coloured ${[0, 1].map((coat) => percent(zeroShare(frame, arm, coat, view))).join(" and ")} at exactly 0`,
      )
    : "0 measured yet";
}

function shiftText(view) {
  const frame = measured(view);
  return frame ? movedText(frame, view).replace(/\.$/, "") : "0 measured yet";
}

function learningText(view) {
  const frame = view.frames[view.shown];
  return both(
    view,
    (arm) => `test accuracy ${percent(frame.arms[arm].test_accuracy)}, training loss ${digits(frame.arms[arm].train_loss)}`,
  );
}
