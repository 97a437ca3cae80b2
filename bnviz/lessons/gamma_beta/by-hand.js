// By hand: move γ and β of one unit of the trained network, and ask the server what it does then (bnviz.lessons.gamma_beta.measures.by_hand).

import {centres} from "../../web/player/numbers.js";
import {digits, percent, unitName} from "../../web/player/words.js";

const PATIENCE_MS = 60; // between the last movement of a slider and the question
const RANGE = {gamma: [-2, 4], beta: [-3, 3]};
const NAMES = {gamma: "γ", beta: "β"};

// What is asked and known: `place` is the run, layer and unit that the sliders belong to, `wanted` where they stand.
const hand = {place: "", wanted: null, learnt: null, answer: null, problem: "", asked: 0};

const number = (value) => digits(value).replace(/^-0\.00$/, "0.00");
const finished = (view) => view.frames.at(-1).step === view.header.total_steps;
const moved = () => hand.wanted.gamma !== hand.learnt.gamma || hand.wanted.beta !== hand.learnt.beta;
const percent1 = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "no accuracy");

// Sliders for γ and β, and a way back.
export function control(player, make) {
  const slider = (name) => {
    const range = make("input", {
      type: "range",
      min: RANGE[name][0],
      max: RANGE[name][1],
      step: 0.05,
      "aria-label": `${NAMES[name]} by hand`,
      disabled: "",
      oninput: () => move(player, {[name]: Number(range.value)}),
    });
    return range;
  };
  hand.sliders = {gamma: slider("gamma"), beta: slider("beta")};
  hand.player = player;
  hand.place = "";
  const reset = make("button", {type: "button", onclick: () => hand.learnt && move(player, hand.learnt)}, "as learnt");
  return make("div", {class: "bnviz-target"}, "γ", hand.sliders.gamma, "β", hand.sliders.beta, reset);
}

function move(player, change) {
  hand.wanted = {...hand.wanted, ...change};
  ask(player);
}

// Follow the run, layer and unit on show: the sliders go to what was learnt there.
function follow(view) {
  const place = finished(view) && view.unit !== "pooled" ? `${view.run} ${view.layer} ${view.unit}` : "";
  if (place === hand.place) return;
  Object.assign(hand, {place, answer: null, problem: "", asked: hand.asked + 1});
  for (const range of Object.values(hand.sliders)) range.disabled = !place;
  if (!place) return;
  const last = view.frames.at(-1).arms.batch,
    of = (key) => Number(last[key][view.layer - 1][view.unit].toFixed(3));
  hand.learnt = {gamma: of("gamma"), beta: of("beta")};
  hand.wanted = hand.learnt;
  ask(hand.player);
}

// The latest question wins: an answer to an earlier one is dropped.
function ask(player) {
  const turn = ++hand.asked,
    [run, layer, unit] = hand.place.split(" ");
  for (const [name, range] of Object.entries(hand.sliders)) range.value = hand.wanted[name];
  clearTimeout(hand.soon);
  hand.soon = setTimeout(async () => {
    const [answer, problem] = await fetched(run, {layer, unit, ...hand.wanted});
    if (turn !== hand.asked) return;
    Object.assign(hand, {answer: answer ?? hand.answer, problem});
    player.redraw("hand");
  }, PATIENCE_MS);
}

async function fetched(run, question) {
  try {
    const response = await fetch(new URL(`bnviz/runs/${run}/by-hand?${new URLSearchParams(question)}`, document.baseURI));
    const body = await response.json();
    return response.ok ? [body, ""] : [null, body.error];
  } catch {
    return [null, "The server cannot be asked here, so γ and β stay as they are."];
  }
}

// Shares of the probe in each bin, those of exactly 0 left out.
export function histogramFeed({when}, view) {
  follow(view);
  if (!hand.answer) return {x: [], y: []};
  const {counts, zeros} = hand.answer[when],
    edges = view.header.edges.activation,
    size = view.header.probe_size;
  const zero = edges.findIndex((edge, bin) => edge <= 0 && edges[bin + 1] > 0);
  const y = counts.map((count, bin) => (count - (bin === zero ? zeros : 0)) / size),
    last = y.findLastIndex((share) => share > 0) + 2;
  return {x: centres(edges).slice(0, last), y: y.slice(0, last)};
}

export function accuracyFeed() {
  if (!hand.answer) return {x: [], y: []};
  const x = [hand.answer.before.test_accuracy, hand.answer.after.test_accuracy];
  return {x, y: ["as learnt", "by hand"], text: x.map(percent1)};
}

// The caption.
export function said(view) {
  if (view.unit === "pooled") return "Choose one unit above, to move its γ and β.";
  if (!finished(view)) return "When the run is complete, move γ and β of a unit here, and see what the trained network does.";
  if (hand.problem || !hand.answer) return hand.problem || "Asking the trained network…";
  const {before, after, layer, unit} = hand.answer,
    size = view.header.probe_size;
  const of = ({gamma, beta}) => `γ = ${number(gamma)}, β = ${number(beta)}`;
  const zeros =
    view.header.experiment.activation === "relu"
      ? `, ${percent(after.zeros / size)} of a exactly 0 (${percent(before.zeros / size)})`
      : "";
  const now = moved()
    ? `By hand ${of(after)}${zeros}: ${percent1(after.test_accuracy)} of the test images right, loss ${digits(after.test_loss, 3)}`
    : "Move the sliders";
  return (
    `The trained network, evaluated with running statistics. In layer ${layer}, ${unitName(view, Number(unit))} learnt ${of(before)}: ` +
    `${percent1(before.test_accuracy)} right, loss ${digits(before.test_loss, 3)} (dotted). ${now}.`
  );
}
