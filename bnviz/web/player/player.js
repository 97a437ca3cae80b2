// The player: holds the clock, plays what has arrived of a recording, and draws it. What is said of it comes from the page's story,
// the default export of story-<page>.js, which has
//   headline(view), words(view) for the braces in captions, alternatives: a text for every panel; and, if it needs them,
//   answer(view): a sentence that holds view.prediction against the run,
//   feeds, fits, bounds: drawings and axis ranges of its own, as in feeds.js and fits.js,
//   movement(frames, layer, unit): by how much a unit moves, so that one of middling movement is shown first,
//   choosers: which of layer, signal and unit people may choose, if not all three,
//   choices, controls: what people may choose on its panels, and the controls for it: name -> (player, make) => element.
//
// Streamlit calls the default export at every rerun with the same parent element; the player, its nodes and its place survive.

import {Recording} from "./recording.js";
import {Fits} from "./fits.js";
import {Panel, set} from "./panel.js";
import {Controls} from "./controls.js";
import {keeping} from "./mounts.js";
import {Theme} from "./theme.js";
import {names} from "./words.js";

const SNAPSHOTS_PER_SECOND = 15;
const BUDGET_MS = 14; // of one animation frame; what is left over waits for the next one
const PATIENCE_MS = 45; // after so long without a slow panel drawn, one goes before the fast ones
const SETTLED = 40; // snapshots after which the choice of a telling unit stands

export default keeping((parent, story) => new Player(parent, story));

class Player {
  constructor(parent, story) {
    this.story = story;
    this.root = document.createElement("div");
    this.root.className = "bnviz-player";
    parent.append(this.root);
    this.theme = new Theme(this.root);
    Object.assign(this, {turn: 0, frames: 0, place: 0, speed: 1, loop: false, playing: true, wanted: null, recording: null,
      panels: new Map(), fits: new Fits(), choice: null, message: "", wordsAt: 0, slowAt: 0});
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.state("loading");
    this.controls = new Controls(this.root, this);
    this.grid = document.createElement("div");
    this.grid.className = "bnviz-panels";
    this.controls.headlines.after(this.grid);
    this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  // Take what Streamlit hands over; returns the number of this call.
  update({data, setStateValue, setTriggerValue}) {
    this.turn += 1;
    Object.assign(this, {setStateValue, setTriggerValue});
    this.data = data;
    this.choice ??= {layer: data.view.layer, tap: data.view.tap, unit: data.view.unit ?? "auto", target: data.view.target, ...this.story.choices};
    this.arrange(data.panels);
    if (this.recording?.run !== data.run || this.recording.broken) this.open(data);
    if (data.lines && data.lines.run === data.run) this.take(data.lines);
    return this.turn;
  }

  arrange(specs) {
    const serial = JSON.stringify(specs);
    if (serial === this.specs) return;
    this.specs = serial;
    for (const [id, panel] of this.panels) if (!specs.some((spec) => spec.id === id)) { panel.close(); this.panels.delete(id); }
    for (const spec of specs) {
      if (!this.panels.has(spec.id)) this.panels.set(spec.id, new Panel(this.grid, this.fits));
      this.panels.get(spec.id).configure(spec);
    }
    this.controls.place(this.panels, this.story);
  }

  open({run, stream, view}) {
    this.recording?.close();
    this.wanted = this.recording ? null : view.step; // a link names a place in the run it opens, not in later ones
    this.playing = this.wanted === null && !this.still;
    this.place = 0;
    this.pulling = false;
    this.recording = new Recording(run, () => this.arrived(), () => this.pull());
    this.root.dataset.run = run;
    this.message = "";
    if (this.still && this.wanted === null) this.wanted = Infinity; // with reduced motion nothing plays by itself: show the end
    this.root.dataset.trainedStep = 0;
    this.state("loading"); // the last run's pictures stay until the first snapshot of this one is here
    this.recording.stream(new URL(stream, document.baseURI).href);
  }

  // The route cannot be reached: ask the page for lines through the component, and say so quietly.
  pull() {
    this.pulling = true;
    this.recording.waiting = false;
    this.message = "The stream cannot be reached here, so snapshots come with the page: it works, a little slower.";
    this.ask();
  }

  ask() { this.setStateValue("cursor", {run: this.recording.run, from: this.recording.lines, turn: this.turn}); }

  take({from, lines}) {
    const before = this.recording.lines;
    this.recording.accept(lines, from);
    if (!this.pulling || this.recording.end) return;
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), this.recording.lines > before ? 0 : 500);
  }

  arrived() {
    const {frames, end, waiting} = this.recording;
    this.root.dataset.trainedStep = this.recording.trainedStep;
    if (waiting) this.message = "The connection was lost; trying again. Nothing is lost.";
    else if (!this.pulling) this.message = "";
    if (end?.message) this.message = end.message;
    if (this.wanted !== null && frames.length) this.seekStep(this.wanted);
    if (end?.status === "failed" && !frames.length) this.state("failed");
    if (this.choice.unit === "auto" || this.guessed) this.guess();
  }

  // Unless somebody has chosen one, watch the unit of middling movement, as far as the run has come: neither dull nor extreme.
  guess() {
    const {frames, header, end} = this.recording;
    if (!frames.length || (this.settledRun === header.id)) return;
    const layer = Math.min(this.choice.layer, header.hidden_layers);
    const travel = header.watched_units.map((unit) => [(this.story.movement ?? movement)(frames, layer, unit), unit]);
    const alive = travel.filter(([distance]) => distance > 0).sort((a, b) => a[0] - b[0]);
    this.choice.unit = alive.length ? alive[Math.floor(alive.length / 2)][1] : 0;
    this.guessed = true;
    if (frames.length >= SETTLED || end) this.settledRun = header.id;
  }

  seekStep(step) {
    const {frames, end} = this.recording;
    const index = frames.findIndex((frame) => frame.step >= step);
    if (index < 0 && !end) { this.place = frames.length - 1; return; } // not trained that far yet
    this.place = index < 0 ? frames.length - 1 : index;
    this.wanted = null;
    this.playing = false;
  }

  // --- the clock

  tick(now) {
    this.frame = requestAnimationFrame((next) => this.tick(next));
    const elapsed = Math.min(now - (this.now ?? now), 250) / 1000;
    this.now = now;
    if (!this.recording?.frames.length) return;
    if (window.Plotly) this.advance(elapsed);
    const view = this.view();
    this.controls.show(view, this);
    if (!window.Plotly) return this.say(view, names(view, this.story), "", now); // words need not wait for it
    this.draw(view, now);
    this.state(this.stateNow());
  }

  advance(elapsed) {
    const {frames, end} = this.recording;
    if (!this.playing) return;
    this.place = Math.min(this.place + elapsed * this.speed * SNAPSHOTS_PER_SECOND, frames.length - 1);
    if (!end || this.place < frames.length - 1) return;
    if (this.loop) this.place = 0;
    else this.playing = false;
  }

  view() {
    const {frames, header, run} = this.recording;
    const shown = Math.floor(this.place);
    const blend = this.playing && !this.still ? this.place - shown : 0;
    const unit = this.choice.unit === "auto" ? 0 : this.choice.unit;
    const layer = Math.min(this.choice.layer, header.hidden_layers);
    const choices = JSON.stringify({...this.choice, unit, layer});
    const view = {...this.choice, unit, layer, choices, frames, header, run, shown, blend, fits: this.fits, story: this.story, prediction: this.data.prediction};
    view.tallest = (arm) => this.fits.tallest(arm, view);
    view.widest = this.fits.range("histogram", view)?.[1] ?? 1;
    return view;
  }

  stateNow() {
    const {frames, end} = this.recording;
    if (end?.status === "failed") return "failed";
    if (this.playing) return "playing";
    return end && Math.floor(this.place) === frames.length - 1 && this.wanted === null ? "ended" : "paused";
  }

  state(name) { if (this.root.dataset.state !== name) this.root.dataset.state = name; }

  // --- drawing

  // As many panels as fit into this animation frame. Fast panels come first, but neither kind starves the other.
  draw(view, now) {
    const began = performance.now(), key = [view.run, view.shown, Boolean(this.recording.end), view.choices, view.prediction, this.theme.now().key].join();
    const keyOf = (panel) => (panel.fast ? `${key},${view.blend}` : key);
    const due = [...this.panels.values()].filter((panel) => panel.due(keyOf(panel), this.playing ? now : Infinity));
    const slowFirst = this.fastDrawn && now - this.slowAt > PATIENCE_MS; // on a slow machine they take turns
    due.sort((a, b) => (slowFirst ? a.fast - b.fast : b.fast - a.fast) || a.drawnAt - b.drawnAt);
    this.fastDrawn = due.length > 0 && !due.some((panel) => panel.fast);
    const words = names(view, this.story);
    for (const panel of due) {
      panel.draw(view, words, this.theme.now(), this.story, keyOf(panel), now);
      if (panel.fast) this.fastDrawn = true;
      else this.slowAt = now;
      if (performance.now() - began > BUDGET_MS) break;
    }
    if (due.length) this.drawn(view.frames[view.shown].step);
    if (now - this.wordsAt > (this.playing ? 250 : 0) && this.said !== key) this.say(view, words, key, now);
  }

  // Something beside the recording has changed that a panel shows.
  redraw(id) {
    this.said = "";
    if (this.panels.has(id)) this.panels.get(id).drawnKey = "";
  }

  drawn(step) {
    this.frames += 1;
    this.root.dataset.frames = this.frames;
    this.root.dataset.step = step;
  }

  say(view, words, key, now) {
    this.said = key;
    this.wordsAt = now;
    this.controls.headlineText(this.story.headline(view), this.playing);
    this.controls.answerText(this.story.answer?.(view));
    for (const panel of this.panels.values()) panel.write(view, words, this.story);
  }

  // --- what people do

  play() {
    if (this.recording?.end && this.place >= this.recording.frames.length - 1) this.place = 0;
    this.wanted = null;
    this.playing = true;
  }

  pause() { this.playing = false; this.wanted = null; this.place = Math.floor(this.place); }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  seek(index) {
    this.pause();
    this.place = Math.max(0, Math.min(index, this.recording.frames.length - 1));
  }

  // Train no further; what has arrived can be played.
  stop() {
    this.recording.end = {status: "stopped", message: `Training was stopped at step ${this.recording.trainedStep}; another setting starts another run.`};
    this.recording.close();
    this.setTriggerValue("stop", this.recording.run);
    this.arrived();
  }

  stepBy(count) { this.seek(Math.floor(this.place) + count); }

  choose(change) {
    Object.assign(this.choice, change);
    if ("unit" in change) this.guessed = false;
  }

  // The address of this very place.
  link() {
    const view = this.view(), url = new URL(location.href);
    for (const key of ["layer", "tap", "unit", "target"]) url.searchParams.set(key, view[key]);
    url.searchParams.set("step", view.frames[view.shown].step);
    return url.href;
  }

  close() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.asking);
    this.recording?.close();
    this.controls.close();
    for (const panel of this.panels.values()) panel.close();
    this.root.remove();
  }
}

// How far a unit's mean has moved, all its ways added up.
function movement(frames, layer, unit) {
  const means = frames.map((frame) => frame.arms.none.unit_mean.activation[layer - 1][unit]);
  return means.reduce((sum, mean, index) => sum + (index ? Math.abs(mean - means[index - 1]) : 0), 0);
}
