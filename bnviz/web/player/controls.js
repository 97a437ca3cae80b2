// @ts-check
// The player's own controls: choosers above the charts, transport below them, and the keyboard.

import {SPEEDS} from "./core/clock.js";
import {pressKey} from "./core/keyboard.js";
import {otherValues} from "./core/tour-core.js";
import {make, mark, set} from "./dom.js";
import {copy, linkToWholePage, wholePageAddress} from "./embedding.js";
import {stepsOf} from "./layers.js";
import {motionsOf} from "./motion.js";
import {epochs as written} from "./numerals.js";
import {saving} from "./saving.js";
import {QUESTION} from "./streamlit.js";
import {pieces, playerText, tapName} from "./words.js";

/** @import {Control, Motion, Tap, View} from "./types" */
/** @import {Panel} from "./panel.js" */
/** @import {PlayerCore} from "./core/player-core.js" */

const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  start: "M3 2.5h2v11H3zM13 2.5v11L6 8z",
  back: "M9.8 2.2l1.7 1.6L7.2 8l4.3 4.2-1.7 1.6L4 8z",
  forward: "M6.2 2.2L4.5 3.8 8.8 8l-4.3 4.2 1.7 1.6L12 8z",
  loop: "M8 3a5 5 0 1 1-4.6 3h1.7A3.4 3.4 0 1 0 8 4.6V7L4.5 3.8 8 .6z",
  stop: "M3.5 3.5h9v9h-9z",
  save: "M7 2h2v6h2.6L8 11.6 4.4 8H7zM3 12.5h10V14H3z",
  link: "M6.5 9.5l3-3M5 8 3.2 9.8a2.1 2.1 0 0 0 3 3L8 11M8 5l1.8-1.8a2.1 2.1 0 0 1 3 3L11 8",
};
const FLASH_MS = 4000;
const OUTLINE = "bnviz-outline";
// What has keys of its own.
const ROLES = ["slider", "combobox", "listbox", "radiogroup"].map((role) => `[role=${role}]`);
const BUSY = ["dialog", "input:not(.bnviz-scrub)", "textarea", "select", "[contenteditable]", ...ROLES].join();

/** @param {keyof typeof ICONS} name */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  if (name === "link") svg.setAttribute("class", "bnviz-stroke");
  svg.append(path);
  return svg;
}

/**
 * @param {keyof typeof ICONS} name
 * @param {string} label
 * @param {() => void} action
 */
function button(name, label, action) {
  return make("button", {type: "button", class: `bnviz-${name}`, "aria-label": label, title: label, onclick: action}, icon(name));
}

/**
 * @param {string} label
 * @param {[string | number, string][]} options value and text
 * @param {(value: string) => void} action
 */
function select(label, options, action) {
  const entries = options.map(([value, text]) => make("option", {value}, text));
  const chooser = make("select", {"aria-label": label, title: label, onchange: () => action(chooser.value)}, ...entries);
  return chooser;
}

/** @param {string} text */
const label = (text) => make("span", {class: "bnviz-label"}, text);

/**
 * The row of buttons below the charts.
 * @param {PlayerCore} player
 * @param {HTMLElement} root of the player
 * @param {() => void} copyLink
 */
function transport(player, root, copyLink) {
  const text = (/** @type {string} */ key) => player.text(key);
  const play = button("play", text("play"), () => player.toggle());
  const start = button("start", text("to_start"), () => player.seek(0));
  const back = button("back", text("back"), () => player.stepBy(-1));
  const forward = button("forward", text("forward"), () => player.stepBy(1));
  const attributes = {type: "range", min: 0, max: 1, value: 0, step: 1, "aria-label": text("snapshot"), class: "bnviz-scrub"};
  const range = make("input", {...attributes, oninput: () => player.seek(Number(range.value))});
  const buffer = make("div", {class: "bnviz-buffer"});
  const readout = make("output", {class: "bnviz-readout"});
  const stop = button("stop", text("stop"), () => player.stop());
  const speed = speedChooser(player);
  const loop = button("loop", text("loop"), () => player.toggleLoop());
  const track = make("div", {class: "bnviz-track"}, buffer, range);
  const parts = [start, back, play, forward, track, readout, stop, speed, loop];
  const group = {class: "bnviz-transport", role: "group", "aria-label": text("playback"), title: ""};
  const status = make("span", {class: "bnviz-copied", role: "status"});
  const link = button("link", text("copy_link"), copyLink);
  const save = player.bare ? null : saving(player, root, icon("save"));
  const last = player.data.embedded ? linkToWholePage(player) : save?.menu;
  const box = make("div", group, ...parts, link, ...(last ? [last] : []), status);
  return {box, track, play, range, buffer, readout, stop, speed, loop, status, save};
}

/** @param {PlayerCore} player */
function speedChooser(player) {
  /** @type {[number, string][]} */
  const speeds = SPEEDS.map((speed) => [speed, `${speed}×`]);
  return select(player.text("speed"), speeds, (value) => player.setSpeed(Number(value)));
}

/**
 * A signal as the chooser names it.
 * @param {View} view
 * @param {Tap} tap
 */
const signalName = (view, tap) =>
  view.story.signal?.(view, tap) ?? playerText(view, `signal_${tap}`, {norm: view.norm, name: tapName(view, tap)});

export class Controls {
  /** @type {HTMLSelectElement | null} */
  tap = null;
  motion = make("label", {class: "bnviz-motion"}); // is beside the picture
  /** @type {Map<string, Extract<Control<any>, {show: unknown}>>} by panel: those that follow what is on show */
  viewControls = new Map();
  flashTimer = 0;
  outlineTimer = 0;

  /**
   * @param {HTMLElement} root
   * @param {PlayerCore} player
   */
  constructor(root, player) {
    this.player = player;
    this.headline = make("p", {class: "bnviz-headline"}, make("span", {}, player.text("untrained")));
    this.choosers = make("div", {class: "bnviz-choosers"});
    this.answer = make("p", {class: "bnviz-answer"});
    this.offers = make("div", {class: "bnviz-offers", hidden: ""});
    this.conclusion = make("p", {class: "bnviz-conclusion", hidden: ""});
    const texts = [this.headline, this.choosers, this.answer, this.conclusion, this.offers];
    this.headlines = make("div", {class: "bnviz-top"}, ...texts);
    this.message = make("p", {class: "bnviz-message", role: "status"});
    this.transport = transport(player, root, () => this.copyLink());
    root.append(this.headlines, this.transport.box, this.message);
    this.reserve(player.steps);
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.subscribe();
  }

  subscribe() {
    const {store} = this.player;
    store.subscribe(
      ({clock}) => clock.playing,
      (playing) => this.showPlaying(playing),
    );
    store.subscribe(
      ({clock}) => clock.speed,
      (speed) => (this.transport.speed.value = String(speed)),
    );
    store.subscribe(
      ({clock}) => clock.loop,
      (loop) => this.transport.loop.setAttribute("aria-pressed", String(loop)),
    );
    store.subscribe(
      ({message}) => message,
      (message) => set(this.message, message),
    );
    store.subscribe(
      ({placeholder}) => placeholder,
      (text) => text !== null && this.showPlaceholder(text),
    );
    store.subscribe(
      ({reminders}) => reminders,
      (reminders) => reminders > 0 && this.remind(),
    );
    this.subscribeToView();
  }

  subscribeToView() {
    const {player} = this;
    const {store} = player;
    store.subscribe(
      ({snapshotView}) => snapshotView && `${snapshotView.norm} ${snapshotView.story.choosers} ${motionsOf(snapshotView)}`,
      () => this.makeChoosers(),
    );
    store.subscribe(
      ({snapshotView}) => snapshotView && `${snapshotView.norm} ${snapshotView.choices}`,
      () => this.showChoices(),
    );
    store.subscribe(
      ({snapshotView}) => snapshotView,
      (view) => view && this.follow(view),
    );
    store.subscribe(
      ({snapshotView, redraws}) => [snapshotView, redraws], // redrawn: the comparison run has changed as well
      () => this.transport.save?.refresh(),
    );
    store.subscribe(
      ({view, trainedStep}) => view && [view.run, view.frameIndex, view.ended, trainedStep],
      () => this.showPosition(),
    );
    store.subscribe(
      ({wordsView, visibility}) => [wordsView, visibility.findings],
      () => this.showWords(),
    );
    store.subscribe(
      ({ended}) => ended,
      (ended) => this.showStop(ended),
    );
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    clearTimeout(this.flashTimer);
    clearTimeout(this.outlineTimer);
  }

  /** There is nothing to be stopped where training has ended; the button stays, so that nothing moves. @param {boolean} ended */
  showStop(ended) {
    const {stop} = this.transport;
    stop.hidden = Boolean(this.player.data.alone);
    stop.disabled = ended;
    stop.title = this.player.text(ended ? "stop_over" : "stop");
  }

  /** The choosers beside the headline; layer and unit are chosen in the picture of the networks (network.js). */
  makeChoosers() {
    const view = this.player.state.snapshotView;
    if (!view) return;
    const {choosers = ["layer", "signal", "unit"]} = view.story;
    this.choosers.replaceChildren(...(choosers.includes("signal") ? [this.signalChooser(view)] : []));
    this.motion.replaceChildren(...this.motionChooser(view));
    this.showChoices();
  }

  /**
   * Chooses what the picture of the networks shows the motion of; nothing where a recording holds but one.
   * @param {View} view
   */
  motionChooser(view) {
    const {player} = this;
    const motions = motionsOf(view).map((one) => /** @type {[string, string]} */ ([one, player.text(`motion_${one}`)]));
    if (motions.length < 2) return [];
    return [
      label(player.text("motion_label")),
      select(player.text("motion"), motions, (one) => player.choose({motion: /** @type {Motion} */ (one)})),
    ];
  }

  /** @param {View} view */
  signalChooser(view) {
    const {player} = this;
    const taps = view.header.taps.map((/** @type {Tap} */ tap) => /** @type {[string, string]} */ ([tap, tap]));
    this.tap = select(player.text("signal"), taps, (tap) => player.choose({tap: /** @type {Tap} */ (tap)}));
    return make("label", {}, label(player.text("signal_label")), this.tap);
  }

  /**
   * Controls of a panel are in its heading; a story may have some of its own.
   * @param {Map<string, Panel>} panels
   */
  place(panels) {
    for (const id of this.viewControls.keys()) if (!panels.has(id)) this.viewControls.delete(id);
    for (const [id, panel] of panels) {
      const name = panel.spec.control;
      if (!name || panel.heading.dataset.control === name) continue;
      panel.heading.dataset.control = name;
      const control = this.control(name);
      if ("show" in control) this.viewControls.set(id, control);
      panel.heading.append("show" in control ? control.element : control);
    }
  }

  /**
   * @param {string} name
   * @returns {Control<any>}
   */
  control(name) {
    const maker = this.player.story.controls?.[name];
    if (maker) return maker(this.player, make);
    if (name === "target") return this.target();
    throw new Error(`there is no control "${name}"`);
  }

  target() {
    const {player} = this;
    const attributes = {type: "range", min: 0.2, max: 0.99, step: 0.01, "aria-label": player.text("target")};
    const range = make("input", {...attributes, oninput: () => player.choose({target: Number(range.value)})});
    range.value = String(player.choice.target);
    return make("label", {class: "bnviz-target"}, player.text("to_reach"), range);
  }

  showChoices() {
    const view = this.player.state.snapshotView;
    if (!view) return;
    for (const option of this.tap?.options ?? []) {
      set(option, signalName(view, /** @type {Tap} */ (option.value)));
    }
    if (this.tap) this.tap.value = view.tap;
    const motion = this.motion.querySelector("select");
    if (motion) motion.value = view.motion;
  }

  showPosition() {
    const {view} = this.player.state;
    if (!view || view.run !== this.player.recording.run) return; // that of the run before
    const {frames, frame, frameIndex} = view;
    const {range, buffer, readout} = this.transport;
    const {expectedSnapshots: expected} = this.player;
    if (Number(range.max) !== expected - 1) range.max = String(expected - 1);
    if (document.activeElement !== range || Number(range.value) !== frameIndex) range.value = String(frameIndex);
    const position = {step: frame.step, total: stepsOf(view)};
    range.setAttribute("aria-valuetext", playerText(view, "position", position));
    buffer.style.setProperty("--trained", String(frames.length / expected));
    buffer.style.setProperty("--shown", String(expected > 1 ? frameIndex / (expected - 1) : 0));
    set(readout, this.readout({...position, trained: this.player.recording.trainedStep}, frame.epoch, view.ended));
    this.reserve(position.total);
  }

  /**
   * Where it is, in words. Only the lab counts epochs.
   * @param {{step: number, total: number, trained: number}} position
   * @param {number | null} epoch
   * @param {boolean} hasEnded
   */
  readout(position, epoch, hasEnded) {
    const {player} = this;
    const {epochs} = player.data;
    if (!epochs) return player.text(hasEnded ? "readout_steps" : "readout_steps_training", position);
    const more = {...position, epoch: written(epoch, epochs), epochs: written(epochs)};
    return player.text(hasEnded ? "readout" : "readout_training", more);
  }

  /**
   * Room for the longest that there will be to read of a run, so that the time line keeps its width.
   * @param {number} total its steps
   */
  reserve(total) {
    const longest = this.readout({step: total, total, trained: total}, this.player.data.epochs, false);
    mark(this.transport.readout, {longest});
  }

  /**
   * Another snapshot or choice is on show.
   * @param {View} view
   */
  follow(view) {
    for (const control of this.viewControls.values()) control.show(view);
  }

  /** The headline and the answer, or the question in their place. */
  showWords() {
    const {wordsView: view, visibility, placeholder} = this.player.state;
    if (!view || placeholder !== null) return;
    const hasRoom = !this.player.data.embedded || view.changes.length > 0; // a small frame shows what a change did, and no more
    const answer = visibility.findings && hasRoom ? view.story.answer?.(view) : null;
    this.answer.hidden = !answer;
    set(this.answer, answer ?? "");
    if (visibility.findings) this.showHeadline(view.story.headline(view), view);
    else this.askFirst();
    this.showOffers(visibility.findings ? view : null);
    this.showConclusion(visibility.findings ? view : null);
  }

  /**
   * What the run and the one before say together.
   * @param {View | null} view
   */
  showConclusion(view) {
    const conclusion = view?.story.conclusion?.(view, this.player.comparison.viewBeside(view));
    this.conclusion.hidden = !conclusion;
    set(this.conclusion, conclusion ?? "");
  }

  /**
   * The experiments that the story offers, where they can be asked for.
   * @param {View | null} view
   */
  showOffers(view) {
    const {player} = this;
    const offers = (player.bare ? [] : (view?.story.offers?.(view) ?? [])).flatMap(({text, values: named}) => {
      const values = otherValues(named, player.data);
      return values ? [{text, values}] : [];
    });
    this.offers.hidden = !offers.length;
    const expectsMore = Boolean(view && (offers.length || view.changes.length) && view.story.offers);
    this.headlines.classList.toggle("bnviz-roomy", expectsMore); // room from the start, so that nothing moves later
    const content = JSON.stringify(offers);
    if (this.offers.dataset.content === content) return; // a button that is made again loses the focus
    this.offers.dataset.content = content;
    const button = (/** @type {(typeof offers)[number]} */ {text, values}) =>
      make("button", {type: "button", class: "bnviz-offer", onclick: () => player.edit({do: "experiment", values})}, text);
    this.offers.replaceChildren(...offers.map(button));
  }

  /** @param {string} text in place of headline and answer */
  showPlaceholder(text) {
    this.answer.hidden = this.offers.hidden = this.conclusion.hidden = true;
    this.headline.replaceChildren(make("span", {}, text));
  }

  /**
   * Screen readers hear the sentence when playback rests.
   * @param {string} text with marks as words.js makes them
   * @param {View} view
   */
  showHeadline(text, view) {
    this.headline.setAttribute("aria-live", this.player.playing ? "off" : "polite");
    const colour = (/** @type {string} */ arm) => `--arm: ${view.arms[arm]?.colour}`;
    const nodes = pieces(text).map(({arm, text}) => (arm ? make("span", {class: "bnviz-arm", style: colour(arm)}, text) : text));
    const sentence = make("span", {}, ...nodes);
    if (this.headline.innerHTML !== sentence.outerHTML) this.headline.replaceChildren(sentence);
  }

  /** In the headline's place, for as long as the visitor has not predicted. */
  askFirst() {
    const {player} = this;
    if (this.headline.querySelector(".bnviz-skip")) return;
    const skip = make("button", {type: "button", class: "bnviz-skip", onclick: () => player.skip()}, player.text("skip"));
    this.headline.replaceChildren(make("span", {}, player.text("predict_first"), " ", skip));
  }

  /** Playback waits for the prediction: say so beside the button, and point at the question. */
  remind() {
    /** @type {HTMLElement | null} */ (this.headline.querySelector(".bnviz-skip"))?.focus({preventScroll: true});
    this.flash(this.player.text("predict_first"), "left");
    const question = document.querySelector(QUESTION);
    if (!question) return;
    question.classList.add(OUTLINE);
    question.scrollIntoView({block: "center"});
    clearTimeout(this.outlineTimer);
    this.outlineTimer = setTimeout(() => question.classList.remove(OUTLINE), FLASH_MS);
  }

  /** @param {boolean} playing */
  showPlaying(playing) {
    const name = this.player.text(playing ? "pause" : "play");
    const {play} = this.transport;
    play.replaceChildren(icon(playing ? "pause" : "play"));
    play.setAttribute("aria-label", name);
    play.title = name;
  }

  async copyLink() {
    const link = this.player.link();
    if (!link) return;
    const address = wholePageAddress(link);
    if (await copy(address)) this.flash(this.player.text("copied"));
    else this.player.say(address); // to be copied by hand
  }

  /**
   * Beside the button that was pressed, for some seconds.
   * @param {string} text
   * @param {"left" | "right"} [side] where that button is
   */
  flash(text, side = "right") {
    const {status} = this.transport;
    status.dataset.side = side;
    set(status, text);
    clearTimeout(this.flashTimer);
    this.flashTimer = setTimeout(() => set(status, ""), FLASH_MS);
  }

  /**
   * Keys work unless something else on the page wants them.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const target = event.target instanceof Element ? event.target : null;
    if (event.ctrlKey || event.metaKey || event.altKey || !this.player.recording.frames.length) return;
    if (target?.closest(BUSY) || (event.key === " " && target?.closest("button, a, summary"))) return;
    if (pressKey(this.player, event.key)) event.preventDefault();
  }
}
