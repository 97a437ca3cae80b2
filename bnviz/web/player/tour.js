// @ts-check
// A tour over the page: a text in cards that drives the live picture. Each card asks the page for its experiment, plays, points
// at what it speaks of, and says what was measured there. Whoever touches anything else leaves the tour, and may resume it.

import {make, set} from "./dom.js";
import {freeBetween, Pointer, scrollBy, scrollerOf} from "./pointing.js";
import {SKIP, TourCard} from "./tour-card.js";
import {sentence} from "./words.js";

/** @import {Card, Choice, Data, Edit, Snapshot, Values, View} from "./types" */
/** @import {Recording} from "./recording.js" */
/** @import {Pointable} from "./pointing.js" */
/**
 * @typedef {object} Driven what the tour asks of its player, beside what it points at
 * @property {Data} data
 * @property {Recording} recording
 * @property {number} place
 * @property {number | null} wanted
 * @property {boolean} playing
 * @property {boolean} still
 * @property {Choice} choice
 * @property {{closed: boolean, secret: boolean, alone: boolean, toggleCurtain: () => void}} picture
 * @property {{dismiss: () => void}} comparison
 * @property {(key: string, values?: Values) => string} text
 * @property {(change: Partial<Choice>) => void} choose
 * @property {(step: number) => void} seekStep
 * @property {(edit: Edit) => void} edit
 */
/** @typedef {{values: Record<string, any>, step: number, playing: boolean}} Way an experiment, and a place in it */
/** @typedef {{choice: Choice, closed: boolean, folded: boolean, top: number}} Standing */

const PATIENCE_MS = 3000; // after so long without its experiment the page is asked again
const ASKS = 5; // so often
const WORDS_MS = 250; // between two changes of words while it plays
const NARROW = "(max-width: 640px)"; // where the card is a sheet at the bottom, as player.css has it
const USUAL = {layer: 2, tap: /** @type {const} */ ("activation")};
// What people touch on a page; the rest they read, select, and scroll by.
const ROLES = ["slider", "combobox", "listbox", "option", "radio", "tab", "button"].map((role) => `[role=${role}]`);
const PARTS = ["button", "a", "input", "select", "textarea", "summary", "label", ".bnviz-picture", ".bnviz-plot"];
const TOUCHED = [...PARTS, ...ROLES, "[data-baseweb]"].join();
const EVENTS = ["pointerdown", "pointerup", "pointercancel", "click", "input"];

/** @typedef {Pick<Tour, "cards" | "at" | "left" | "guesses" | "before" | "way" | "closed" | "close">} Stop */
/** @type {Stop | null} where somebody was last; of a tour that is closed not the tour, which would keep its player's recording */
let last = null;

export class Tour {
  /** @type {number | null} the card that is open, counted from 0 */
  at = null;
  /** The card to resume at. */
  left = 0;
  /** Whether a guess was asked for a moment ago. */
  asked = false;
  /** @type {Way | null} the place to go back to, as soon as its run is there */
  way = null;
  /** Whether the card's experiment is there and its play has begun. */
  begun = false;
  /** Whether the part it points at has been scrolled to. */
  seen = false;
  /** Whether something beside the card is being pressed. */
  pressed = false;
  closed = false;
  /** @type {(Way & Standing) | null} what was on show before the tour */
  before = null;
  /** @type {Map<string, string>} by the card's name */
  guesses = new Map();
  asks = {count: 0, run: "", at: 0};
  saidAt = 0;
  /** Whether what was measured has been said. It then stands, so that it can be read, and heard once. */
  told = false;

  /**
   * @param {Driven & Pointable} player
   * @param {Card<any>[]} cards
   */
  constructor(player, cards) {
    this.player = player;
    this.cards = cards;
    this.pointer = new Pointer(player);
    this.card = new TourCard({
      text: (key, values) => player.text(key, values),
      next: () => this.turn(1),
      back: () => this.turn(-1),
      leave: () => this.leave(true),
      guess: (guess) => this.guess(guess),
    });
    this.button = make("button", {type: "button", class: "bnviz-take-tour", onclick: () => this.open(this.left)});
    player.root.querySelector(".bnviz-intro")?.after(this.button);
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.key(event);
    this.onTouch = (/** @type {Event} */ event) => this.touched(event);
    this.onHistory = () => this.follow(cardIn(location.href));
    document.addEventListener("keydown", this.onKey, true);
    for (const name of EVENTS) document.addEventListener(name, this.onTouch, true);
    addEventListener("popstate", this.onHistory);
    this.follow(this.takeOver() ?? player.data.view.tour);
    this.label();
  }

  close() {
    document.removeEventListener("keydown", this.onKey, true);
    for (const name of EVENTS) document.removeEventListener(name, this.onTouch, true);
    removeEventListener("popstate", this.onHistory);
    this.card.root.remove();
    this.button.remove();
    this.closed = true;
    const {cards, at, left, guesses, before, way} = this;
    if (last === this) last = {cards, at, left, guesses, before, way, closed: true, close: () => {}};
  }

  /**
   * Where somebody was who comes back to the page. Streamlit may even put another player in the place of one that it takes away
   * in the middle of a tour, if asked for something while the page is still being made: the tour then goes on in the new one.
   * Returns the number of its card, if one is open.
   */
  takeOver() {
    if (last?.cards !== this.cards) return null;
    const {at, left, guesses, before, way, closed} = last;
    last.close();
    Object.assign(this, {guesses, left, before, way});
    return closed || at === null ? null : at + 1;
  }

  /** The card that is open. */
  get now() {
    return this.at === null ? null : this.cards[this.at];
  }

  // --- opening, turning and leaving

  /**
   * Be where the address says.
   * @param {number | null} number of the card, counted from 1
   */
  follow(number) {
    if (number && this.cards[number - 1]) this.open(number - 1);
    else this.leave();
  }

  /** @param {number} index */
  open(index) {
    if (this.at === index) return;
    const {player} = this;
    const {root} = this.card;
    if (this.at === null) this.before ??= standing(player);
    this.way = null;
    if (!root.isConnected) player.root.querySelector(".bnviz-network")?.parentElement?.before(root);
    Object.assign(this, {
      at: index,
      left: index,
      begun: false,
      seen: false,
      told: false,
      saidAt: 0,
      asks: {count: 0, run: "", at: 0},
    });
    last = this;
    this.pointer.clear(true);
    player.root.dataset.tour = String(index + 1);
    this.write(this.cards[index], index);
    this.label();
  }

  /**
   * @param {Card<any>} card
   * @param {number} index
   */
  write({name, guesses = []}, index) {
    const {tour} = this.player.data;
    /** @type {[string, string][]} */
    const named = guesses.map((guess) => [guess, sentence(tour, `${name}_guess_${guess}`)]);
    const said = {title: sentence(tour, `${name}_title`), text: sentence(tour, `${name}_text`)};
    this.card.show({...said, guesses: named, number: index + 1, count: this.cards.length});
    const guess = this.guesses.get(name);
    if (guess) this.card.guessed(guess);
    if (this.asking) this.ask();
    if (index === this.cards.length - 1) this.card.lead(Object.entries(this.player.data.onward));
  }

  /** @param {number} by */
  turn(by) {
    const next = Number(this.at) + by;
    if (this.cards[next]) return this.open(next);
    if (by < 0) return;
    this.leave(true);
    this.left = 0;
    this.label();
  }

  /** @param {boolean} [refocus] whether the keyboard goes back to the button that opens the tour */
  leave(refocus = false) {
    if (this.at === null) return;
    this.at = null;
    this.pointer.clear();
    this.card.root.remove();
    delete this.player.root.dataset.tour;
    this.veil(false, false);
    this.address(null);
    this.label();
    if (refocus) this.button.focus();
    if (refocus) this.restore();
    this.before = null;
  }

  /** Show what was on show before the tour. */
  restore() {
    const {player, before} = this;
    if (!before) return;
    const {choice, closed, folded, top, ...way} = before;
    player.choose(choice);
    if (player.picture.closed !== closed) player.picture.toggleCurtain();
    const numbers = numbersOf(player.root);
    if (numbers) numbers.open = !folded;
    scrollerOf(player.root).scrollTo({top, behavior: "instant"});
    this.way = way;
    this.asks = {count: 0, run: "", at: 0};
  }

  /**
   * Go back to the experiment of before the tour, and to its step once the run has come so far.
   * @param {number} time
   */
  comeBack(time) {
    const {player, way} = this;
    const {recording} = player;
    if (!way || !this.ready(way, time)) return;
    if (!recording.end && Number(recording.frames.at(-1)?.step ?? -1) < way.step) return;
    this.way = null;
    player.comparison.dismiss();
    player.seekStep(way.step);
    player.playing = way.playing;
  }

  /**
   * Nothing is shown that answers: while the card asks for a guess, and nothing plays then; or while it shows one network alone.
   * @param {boolean} asks
   * @param {boolean} alone
   */
  veil(asks, alone) {
    const {player} = this;
    player.picture.alone = alone;
    player.picture.secret = asks || alone;
    player.root.classList.toggle("bnviz-veiled", asks || alone);
    if (this.asked !== asks && !player.still && this.begun) player.playing = !asks;
    this.asked = asks;
  }

  /** Whether the open card waits for a guess. */
  get asking() {
    const card = this.now;
    return Boolean(card?.guesses && !this.guesses.has(card.name));
  }

  label() {
    this.button.hidden = this.at !== null;
    set(this.button, this.player.text(this.left ? "tour_resume" : "tour_take"));
  }

  /**
   * The address names the card, so that it can be sent on: from when its experiment is on show, for until then the address is
   * that of the card before, to which the browser can go back. Whenever Streamlit has written it anew, the card is named again.
   * @param {number | null} number
   */
  address(number) {
    const url = new URL(location.href);
    if (cardIn(url.href) === number) return;
    if (number) url.searchParams.set("tour", String(number));
    else url.searchParams.delete("tour");
    history.replaceState(history.state, "", url);
  }

  // --- while it is open

  /**
   * What is on show, at every animation frame.
   * @param {View} view
   * @param {number} time
   */
  show(view, time) {
    const card = this.now;
    if (!card) return this.comeBack(time);
    this.veil(this.asking, Boolean(card.alone));
    this.point(card);
    if (!this.ready(card, time)) return;
    this.address(Number(this.at) + 1);
    if (!this.begun) return this.begin(card); // the view is that of before
    if (!this.told && (time - this.saidAt > WORDS_MS || !this.player.playing)) this.say(card, view, time);
  }

  /**
   * Whether an experiment is on show; if not, it is asked for, and again if the answer is to another question.
   * @param {{values: Record<string, any>}} wanted
   * @param {number} time
   */
  ready({values}, time) {
    const {data, recording} = this.player;
    if (isThis(values, data)) return recording.run === data.run;
    const {count, run, at} = this.asks;
    if (count < ASKS && (run !== data.run || time - at > PATIENCE_MS)) {
      this.asks = {count: count + 1, run: data.run, at: time};
      this.player.edit({do: "experiment", values});
    }
    return false;
  }

  /**
   * Set the scene and play, as soon as the run has come so far. With reduced motion nothing plays: the end is shown.
   * @param {Card<any>} card
   */
  begin({from, again, choice, curtain = false}) {
    const {player} = this;
    const {frames, end} = player.recording;
    if (!frames.length || (!end && Number(frames.at(-1)?.step) < from)) return;
    this.begun = true;
    player.choose({...USUAL, ...choice});
    if (player.picture.closed !== curtain) player.picture.toggleCurtain();
    player.comparison.dismiss();
    if (player.still) {
      player.wanted = Infinity;
      return player.seekStep(Infinity);
    }
    player.place = startOf(frames, player.place, from, again);
    player.wanted = null;
    player.playing = !this.asking;
  }

  /** @param {Card<any>} card */
  point(card) {
    const part = this.pointer.at(card.part);
    if (!part || this.seen) return;
    this.seen = true;
    this.reveal(part);
  }

  /**
   * Scroll if the part cannot be seen beside the card.
   * @param {HTMLElement} part
   */
  reveal(part) {
    const {player} = this;
    const scroller = scrollerOf(player.root);
    const sheet = matchMedia(NARROW).matches;
    const card = this.card.root.getBoundingClientRect();
    const {top, bottom} = part.getBoundingClientRect();
    const transport = player.root.querySelector(".bnviz-transport")?.getBoundingClientRect();
    const free = sheet ? freeBetween([], [card]) : freeBetween([], transport ? [transport] : []);
    const whole = {top: sheet ? top : top - card.height - CARD_GAP, bottom};
    const by = scrollBy(whole, free);
    if (by) scroller.scrollBy({top: by, behavior: player.still ? "instant" : "smooth"});
  }

  /**
   * What was measured, if it is time; a guess that is still asked for comes first.
   * @param {Card<any>} card
   * @param {View} view
   * @param {number} time
   */
  say(card, view, time) {
    this.saidAt = time;
    const {player} = this;
    const {step} = view.frame;
    const over = view.ended && view.frameIndex === view.frames.length - 1;
    const guess = this.guesses.get(card.name);
    if (this.asking) return this.ask();
    if (step < card.due && !over) return this.card.say("", player.text("tour_waiting", {due: card.due, step}), true);
    const {tour} = player.data;
    const {text, correctGuess} = card.measured(view, (key, ...values) => sentence(tour, key, ...values));
    this.told = true;
    player.playing = false; // what is on show is what is spoken of
    this.card.say(this.verdict(card, guess, correctGuess), text, false);
    this.seen = false; // the card has grown
  }

  /** Said from the beginning, so that the buttons do not move away from below a finger. */
  ask() {
    this.card.say("", this.player.text("tour_guess_first"), true);
  }

  /**
   * @param {Card<any>} card
   * @param {string | undefined} guess
   * @param {string | null} correctGuess which of the guesses is so
   */
  verdict(card, guess, correctGuess) {
    if (!guess || guess === SKIP || !correctGuess) return "";
    const name = sentence(this.player.data.tour, `${card.name}_guess_${guess}`);
    return this.player.text(guess === correctGuess ? "tour_right" : "tour_wrong", {guess: name});
  }

  // --- what people do

  /**
   * Whoever touches something while the experiment of before the tour is still on its way wants something else.
   * @param {Element} target
   */
  stayWhere(target) {
    if (target.closest(TOUCHED)) this.way = null;
  }

  /** @param {string} guess */
  guess(guess) {
    const card = this.now;
    if (!card || this.guesses.has(card.name)) return;
    this.guesses.set(card.name, guess);
    this.card.guessed(guess);
    this.saidAt = 0;
  }

  /**
   * While it is open, its keys are not the playback's; but in a field, or on another button, a key means what it says there.
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (this.at === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : null;
    const inside = this.card.root.contains(target);
    if (!inside && event.key !== "Escape" && target?.closest(TOUCHED)) return this.keyElsewhere(event);
    if (event.key === " " && target?.closest("button, a")) return;
    const action = /** @type {Record<string, () => void>} */ ({
      " ": () => this.turn(1),
      ArrowRight: () => this.turn(1),
      ArrowLeft: () => this.turn(-1),
      Escape: () => this.leave(true),
    })[event.key];
    if (!action) return this.keyElsewhere(event);
    event.preventDefault();
    event.stopImmediatePropagation();
    action();
  }

  /**
   * Keys that work something else on the page.
   * @param {KeyboardEvent} event
   */
  keyElsewhere({key, target}) {
    const inside = target instanceof Node && this.card.root.contains(target);
    const works = key === " " || /^(Arrow|Home|End)/.test(key) || (key.length === 1 && !inside);
    if (works) this.leave();
  }

  /**
   * Something else is touched. The tour ends only when that is let go, since the page moves up then; a finger that scrolls lets
   * go of nothing.
   * @param {Event} event
   */
  touched({type, target, isTrusted}) {
    if (!isTrusted || !(target instanceof Element)) return;
    if (this.at === null) return this.stayWhere(target);
    const inside = this.card.root.contains(target) || this.button.contains(target);
    const touches = !inside && target.closest(TOUCHED) !== null;
    if (type === "pointerdown") this.pressed = touches;
    else if (type === "pointercancel") this.pressed = false;
    else if (type === "pointerup")
      this.pressed && setTimeout(() => this.leave()); // after the click, if it is one
    else if (touches) this.leave();
  }
}

const CARD_GAP = 8; // pixels between the card and what it points at

/**
 * The number of the card that an address names; null if it names none.
 * @param {string} href
 */
export function cardIn(href) {
  return Number(new URL(href).searchParams.get("tour")) || null;
}

/**
 * Whether the page shows its default experiment but for these values.
 * @param {Record<string, unknown>} values
 * @param {Pick<Data, "usual" | "experiment">} data
 */
export function isThis(values, {usual, experiment}) {
  return Object.entries({...usual, ...values}).every(([name, value]) => experiment[name] === value);
}

/**
 * Where playing begins: at the snapshot of step `from`, or where it stands if that is later; `again`: in any case.
 * @param {Snapshot[]} frames
 * @param {number} place
 * @param {number} from
 * @param {boolean} [again]
 */
export function startOf(frames, place, from, again = false) {
  const found = frames.findIndex(({step}) => step >= from);
  const start = found < 0 ? frames.length - 1 : found;
  return again ? start : Math.max(start, place);
}

/**
 * What is on show, to come back to.
 * @param {Driven & Pointable} player
 * @returns {NonNullable<Tour["before"]>}
 */
function standing({data, choice, recording, place: at, playing, picture, root}) {
  const step = recording.frames[Math.floor(at)]?.step ?? 0;
  const {closed} = picture;
  const place = {closed, folded: !numbersOf(root)?.open, top: scrollerOf(root).scrollTop};
  return {values: {...data.experiment}, choice: {...choice}, ...place, step, playing};
}

/**
 * Where one unit's own numbers stand; a card may unfold them.
 * @param {HTMLElement} root
 */
const numbersOf = (root) => /** @type {HTMLDetailsElement | null} */ (root.querySelector(".bnviz-numbers"));
