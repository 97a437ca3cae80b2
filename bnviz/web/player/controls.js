// The player's own controls: choosers above the charts, transport below them, and the keyboard.

import {set} from "./panel.js";
import {tapName, unitName} from "./words.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const ICONS = {play: "M4 2.5v11l9-5.5z", pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z", back: "M3 2.5h2v11H3zM13 2.5v11L6 8z",
  forward: "M11 2.5h2v11h-2zM3 2.5v11L10 8z", loop: "M8 3a5 5 0 1 1-4.6 3h1.7A3.4 3.4 0 1 0 8 4.6V7L4.5 3.8 8 .6z",
  stop: "M3.5 3.5h9v9h-9z", link: "M6.5 9.5l3-3M5 8 3.2 9.8a2.1 2.1 0 0 0 3 3L8 11M8 5l1.8-1.8a2.1 2.1 0 0 1 3 3L11 8"};
const HELP = "Space: play or pause. Arrow keys: one snapshot back or on. Home, End: first, last. < and >: speed. L: loop. 1 to 8: layer.";

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  if (name === "link") svg.setAttribute("class", "bnviz-stroke");
  svg.append(path);
  return svg;
}

const button = (name, label, action) => make("button", {type: "button", class: `bnviz-${name}`, "aria-label": label, title: label, onclick: action}, icon(name));

function select(label, options, action) {
  const chooser = make("select", {"aria-label": label, title: label, onchange: () => action(chooser.value)},
    ...options.map(([value, text]) => make("option", {value}, text)));
  return chooser;
}

export class Controls {
  constructor(root, player) {
    this.player = player;
    this.headline = make("p", {class: "bnviz-headline"}, make("span", {}, "Training both networks…"));
    this.choosers = make("div", {class: "bnviz-choosers"});
    this.answer = make("p", {class: "bnviz-answer"});
    this.headlines = make("div", {class: "bnviz-top"}, this.headline, this.choosers, this.answer);
    this.message = make("p", {class: "bnviz-message", role: "status"});
    root.append(this.headlines, this.transport(), this.message);
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  close() { document.removeEventListener("keydown", this.onKey); }

  transport() {
    const {player} = this;
    this.playButton = button("play", "Play", () => player.toggle());
    this.range = make("input", {type: "range", min: 0, max: 1, value: 0, step: 1, "aria-label": "Snapshot", class: "bnviz-scrub",
      oninput: () => player.seek(Number(this.range.value))});
    this.buffer = make("div", {class: "bnviz-buffer"});
    this.readout = make("output", {class: "bnviz-readout"});
    this.speed = select("Speed", SPEEDS.map((speed) => [speed, `${speed}×`]), (value) => { player.speed = Number(value); });
    this.speed.value = "1";
    this.loop = button("loop", "Loop", () => { player.loop = !player.loop; });
    this.stopButton = button("stop", "Stop training", () => player.stop());
    this.copy = button("link", "Copy link to this step", () => this.copyLink());
    return make("div", {class: "bnviz-transport", role: "group", "aria-label": "Playback", title: ""},
      button("back", "One snapshot back", () => player.stepBy(-1)), this.playButton, button("forward", "One snapshot on", () => player.stepBy(1)),
      make("div", {class: "bnviz-track"}, this.buffer, this.range), this.readout, this.stopButton, this.speed, this.loop, this.copy);
  }

  // Choosers that depend on the run: made once the header is known, and again if a run has other layers.
  choose(view) {
    const {header} = view, {choosers = ["layer", "signal", "unit"]} = view.story;
    const signature = `${header.hidden_layers} ${header.watched_units.length} ${choosers}`;
    if (this.signature === signature) return;
    this.signature = signature;
    const {player} = this;
    this.layers = Array.from({length: header.hidden_layers}, (_, index) => make("button",
      {type: "button", title: `Layer ${index + 1}`, "aria-label": `Layer ${index + 1}`, onclick: () => player.choose({layer: index + 1})}, String(index + 1)));
    this.tap = select("Signal", header.taps.map((tap) => [tap, tap]), (tap) => player.choose({tap}));
    const units = [...header.watched_units, "pooled"].map((unit) => [unit, unitName(unit)]);
    this.unit = select("Unit", units, (unit) => player.choose({unit: unit === "pooled" ? unit : Number(unit)}));
    const label = (text) => make("span", {class: "bnviz-label"}, text), made = {
      layer: make("span", {class: "bnviz-layers", role: "group", "aria-label": "Layer"}, label("layer"), ...this.layers),
      signal: make("label", {}, label("signal"), this.tap), unit: make("label", {}, label("unit"), this.unit)};
    this.choosers.replaceChildren(...choosers.map((name) => made[name]));
  }

  // Controls that belong to a panel stand in its heading; a story may have some of its own.
  place(panels, story) {
    const makers = {target: () => this.target(), ...story.controls};
    for (const panel of panels.values()) {
      const name = panel.spec.control;
      if (!name || panel.heading.dataset.control === name) continue;
      panel.heading.dataset.control = name;
      panel.heading.append(makers[name](this.player, make));
    }
  }

  target() {
    const range = make("input", {type: "range", min: 0.2, max: 0.99, step: 0.01, "aria-label": "Test accuracy to reach",
      oninput: () => this.player.choose({target: Number(range.value)})});
    range.value = this.player.choice.target;
    return make("label", {class: "bnviz-target"}, "to reach", range);
  }

  show(view, player) {
    this.choose(view);
    const {frames, shown, header} = view, step = frames[shown].step, {trainedStep, end} = player.recording;
    this.layers.forEach((node, index) => node.setAttribute("aria-pressed", index + 1 === view.layer));
    for (const option of this.tap.options) set(option, {linear: "before batch norm: ", normalized: "after it: ", activation: "output: "}[option.value] + tapName(option.value, view.layer));
    if (this.tap.value !== view.tap) this.tap.value = view.tap;
    if (this.unit.value !== String(view.unit)) this.unit.value = view.unit;
    this.pressed(this.playButton, player.playing);
    this.loop.setAttribute("aria-pressed", player.loop);
    const expected = player.data.snapshots;
    if (Number(this.range.max) !== expected - 1) this.range.max = expected - 1;
    if (document.activeElement !== this.range || Number(this.range.value) !== shown) this.range.value = shown;
    this.range.setAttribute("aria-valuetext", `step ${step} of ${header.total_steps}`);
    this.buffer.style.setProperty("--trained", frames.length / expected);
    this.buffer.style.setProperty("--shown", expected > 1 ? shown / (expected - 1) : 0);
    const epoch = frames[shown].epoch.toFixed(1), training = end ? "" : ` · trained to ${trainedStep}`;
    set(this.readout, `step ${step} of ${header.total_steps} · epoch ${epoch}${training}`);
    this.stopButton.hidden = Boolean(end);
    set(this.message, player.message);
  }

  // Figures of an arm stand in its colour. Screen readers hear the sentence when playback rests.
  headlineText(text, playing) {
    this.headline.setAttribute("aria-live", playing ? "off" : "polite");
    if (this.headline.textContent === text) return;
    const pieces = text.split(/([\d.]+ σ (?:without|with)\b)/).map((piece, place) =>
      (place % 2 ? make("span", {class: piece.endsWith("without") ? "bnviz-none" : "bnviz-batch"}, piece) : piece));
    this.headline.replaceChildren(make("span", {}, ...pieces));
  }

  answerText(text) {
    this.answer.hidden = !text;
    set(this.answer, text ?? "");
  }

  pressed(node, playing) {
    if (this.wasPlaying === playing) return;
    this.wasPlaying = playing;
    node.replaceChildren(icon(playing ? "pause" : "play"));
    node.setAttribute("aria-label", playing ? "Pause" : "Play");
    node.title = playing ? "Pause" : "Play";
  }

  async copyLink() {
    const link = this.player.link();
    try {
      await navigator.clipboard.writeText(link);
      this.say("Link copied: it opens this run at this step.");
    } catch {
      this.say(link); // no clipboard here (plain http, or not allowed): show it, to be copied by hand
    }
  }

  say(text) {
    this.player.message = text;
    set(this.message, text);
  }

  // Keys work unless something else on the page wants them.
  key(event) {
    const {player} = this, target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || !player.recording?.frames.length) return;
    if (target.closest?.("input:not(.bnviz-scrub), textarea, select, [contenteditable], [role=slider], [role=combobox], [role=listbox], [role=radiogroup], [data-baseweb]")) return;
    if (event.key === " " && target.closest?.("button, a, summary")) return;
    const action = this.actions()[event.key] || (/^[1-8]$/.test(event.key) && (() => this.layer(Number(event.key))));
    if (!action) return;
    event.preventDefault();
    action();
  }

  actions() {
    const {player} = this, faster = (by) => {
      this.speed.selectedIndex = Math.max(0, Math.min(SPEEDS.length - 1, this.speed.selectedIndex + by));
      player.speed = Number(this.speed.value);
    };
    return {" ": () => player.toggle(), ArrowLeft: () => player.stepBy(-1), ArrowRight: () => player.stepBy(1),
      Home: () => player.seek(0), End: () => player.seek(Infinity), "<": () => faster(-1), ">": () => faster(1),
      l: () => { player.loop = !player.loop; }, "?": () => this.say(HELP)};
  }

  layer(number) { if (number <= this.layers.length) this.player.choose({layer: number}); }
}
