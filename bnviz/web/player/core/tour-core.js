// @ts-check
// A tour over the page without the page: which card is open, when its experiment is there, what is guessed, and what was
// measured. Each card asks for its experiment, plays, and is due at a step. Who leaves the tour may resume it.

import {isOver} from "../view.js";
import {sentence} from "../words.js";
import {cardIn, linkToCard} from "./address.js";

/** @import {Card, Choice, Data, Reading, View} from "../types" */
/** @import {PlayerCore} from "./player-core.js" */
/**
 * @typedef {object} TourState
 * @property {number | null} index of the card that is open, counted from 0
 * @property {number} resumeIndex of the card to resume at
 * @property {boolean} asks whether the open card waits for a guess
 * @property {boolean} alone whether it shows the network without the normalizer alone
 * @property {string | null} guess what was guessed at the open card
 * @property {{verdict: string, text: string, waiting: boolean}} answer `waiting`: what was measured is still to come
 * @property {Reading[]} readings what the open card measures, as far as it plays; none while it waits for a guess
 */
/** @typedef {{values: Record<string, any>, step: number, playing: boolean}} Destination an experiment, and a place in it */
/** @typedef {{choice: Choice, curtain: boolean, surroundings: any}} Setting what else is on show */
/**
 * @typedef {Pick<TourCore, "allCards" | "state" | "guesses" | "before" | "destination" | "closed" | "onReplaced">} Bookmark where
 *   the visitor was last
 */

export const SKIP = "skip"; // in place of a guess
const REQUEST_MS = 3000; // after so long without its experiment the page is asked again
const REQUESTS = 5; // so often
const WORDS_MS = 250; // between two changes of words while it plays
const USUAL_CHOICE = /** @type {const} */ ({layer: 2, tap: "activation", motion: "distribution"});
const NO_REQUEST = {count: 0, run: "", at: 0};
const NO_ANSWER = {verdict: "", text: "", waiting: true};

/** @type {Bookmark | null} of a tour that is closed not the tour, which would keep its player's recording */
let bookmark = null;

export class TourCore {
  /** @type {Map<string, string>} by the card's name */
  guesses = new Map();
  /** @type {(Destination & Setting) | null} what was on show before the tour */
  before = null;
  /** @type {Destination | null} the place to go back to, as soon as its run is there */
  destination = null;
  /** Whether the card's experiment is there and its play has begun. */
  #started = false;
  /** Whether what was measured is in the answer. It then stays, so that it can be read, and heard once. */
  #hasOutcome = false;
  #request = NO_REQUEST;
  #wordsAt = 0;
  closed = false;
  /** Called when another tour takes the place of this one. */
  onReplaced = () => {};

  /**
   * @param {PlayerCore} player
   * @param {Card<any>[]} cards those that change what a teacher's link has locked are left out
   */
  constructor(player, cards) {
    this.player = player;
    this.allCards = cards;
    this.cards = cards.filter(({values}) => isPermitted(values, player.data));
  }

  get state() {
    return this.player.state.tour;
  }

  /** The card that is open. */
  get card() {
    return this.state.index === null ? null : this.cards[this.state.index];
  }

  /**
   * Take over the tour of a visitor who comes back to the page. Streamlit may even put another player in the place
   * of one that it takes away in the middle of a tour, if asked for something while the page is still being made. Returns the
   * number of its card, counted from 1, if one is open.
   */
  takeOver() {
    if (bookmark?.allCards !== this.allCards) return null;
    const {state, guesses, before, destination, closed} = bookmark;
    bookmark.onReplaced();
    Object.assign(this, {guesses, before, destination});
    this.player.updateTour({resumeIndex: state.resumeIndex});
    return closed || state.index === null ? null : state.index + 1;
  }

  close() {
    this.closed = true;
    const {allCards, state, guesses, before, destination} = this;
    if (bookmark === this) bookmark = {allCards, state, guesses, before, destination, closed: true, onReplaced: () => {}};
  }

  // --- opening, turning and leaving

  /**
   * Be where the address says.
   * @param {number | null} number of the card, counted from 1
   * @param {() => any} surroundings what the view has to restore afterwards
   */
  follow(number, surroundings) {
    if (number && this.cards[number - 1]) this.open(number - 1, surroundings);
    else this.leave();
  }

  /**
   * @param {number} index
   * @param {() => any} surroundings
   */
  open(index, surroundings) {
    if (this.state.index === index) return;
    if (this.state.index === null) this.before ??= this.#situation(surroundings());
    this.destination = null;
    this.#started = this.#hasOutcome = false;
    this.#wordsAt = 0;
    this.#request = NO_REQUEST;
    bookmark = this;
    const guess = this.guesses.get(this.cards[index].name) ?? null;
    this.player.updateTour({index, resumeIndex: index, guess, answer: NO_ANSWER, readings: []});
    if (this.asking) this.#askFirst();
  }

  /**
   * Turn to another card. Returns false where the tour is over.
   * @param {number} by
   */
  turn(by) {
    const index = Number(this.state.index) + by;
    if (this.cards[index]) this.open(index, () => null);
    return Boolean(this.cards[index]) || by < 0;
  }

  /** When the tour is taken again, it begins with the first card. */
  startOver() {
    this.player.updateTour({resumeIndex: 0});
  }

  /**
   * @param {boolean} [restores] whether to show again what was on show before the tour
   * @returns {any} the view's surroundings of then
   */
  leave(restores = false) {
    if (this.state.index === null) return null;
    this.player.updateTour({index: null, guess: null, readings: []});
    this.#veil(false, false);
    this.#writeAddress(null);
    const surroundings = restores ? this.#restore() : null;
    this.before = null;
    return surroundings;
  }

  #restore() {
    const {player, before} = this;
    if (!before) return null;
    const {choice, curtain, surroundings, ...destination} = before;
    player.choose(choice);
    player.setCurtain(curtain);
    this.destination = destination;
    this.#request = NO_REQUEST;
    return surroundings;
  }

  /** Somebody wants something else than the experiment of before the tour, which is still on its way. */
  cancelReturn() {
    this.destination = null;
  }

  /** @param {string} guess a guess of the card's, or SKIP */
  guess(guess) {
    const {card} = this;
    if (!card || this.guesses.has(card.name)) return;
    this.guesses.set(card.name, guess);
    this.#wordsAt = 0;
    this.player.updateTour({guess});
    this.#sayProgress(card, this.#started ? Number(this.player.shownStep) : 0); // which no longer asks, even without its run
  }

  /** Whether the open card waits for a guess. */
  get asking() {
    const {card} = this;
    return Boolean(card?.guesses && !this.guesses.has(card.name));
  }

  /**
   * @param {any} surroundings
   * @returns {Destination & Setting}
   */
  #situation(surroundings) {
    const {data, choice, shownStep: step, playing, state} = this.player;
    return {values: {...data.experiment}, choice: {...choice}, curtain: state.curtain, surroundings, step, playing};
  }

  /**
   * The address names the card, so that it can be sent on: from when its experiment is on show, for until then the address is
   * that of the card before, to which the browser can go back. Whenever Streamlit has rewritten it, the card is named again.
   * @param {number | null} number
   */
  #writeAddress(number) {
    const {environment} = this.player;
    if (cardIn(environment.href()) !== number) environment.replaceHref(linkToCard(environment.href(), number));
  }

  // --- while it is open

  /**
   * At every animation frame.
   * @param {View} view
   * @param {number} time in milliseconds
   */
  tick(view, time) {
    const {card} = this;
    if (!card) return this.#comeBack(time);
    this.#veil(this.asking, Boolean(card.alone));
    if (!this.#isReady(card.values, time)) return this.#sayProgress(card, 0);
    this.#writeAddress(Number(this.state.index) + 1);
    if (!this.#started) return this.#start(card); // the view is that of before
    if (!this.#hasOutcome && (time - this.#wordsAt > WORDS_MS || !this.player.playing)) this.#answer(card, view, time);
  }

  /**
   * Go back to the experiment of before the tour, and to its step once the run has come so far.
   * @param {number} time
   */
  #comeBack(time) {
    const {player, destination} = this;
    const {recording} = player;
    if (!destination || !this.#isReady(destination.values, time)) return;
    if (!recording.end && Number(recording.frames.at(-1)?.step ?? -1) < destination.step) return;
    this.destination = null;
    player.comparison.dismiss();
    player.seekStep(destination.step);
    player.setPlaying(destination.playing);
  }

  /**
   * Nothing is shown that answers: while the card asks for a guess, and nothing plays then; or while it shows one network alone.
   * @param {boolean} asks
   * @param {boolean} alone
   */
  #veil(asks, alone) {
    const {player} = this;
    const changes = this.state.asks !== asks;
    if (changes || this.state.alone !== alone) player.updateTour({asks, alone});
    if (changes && !player.still && this.#started) player.setPlaying(!asks);
  }

  /**
   * Whether an experiment is on show; if not, it is asked for, and again if the answer is to another question.
   * @param {Record<string, any>} values
   * @param {number} time
   */
  #isReady(values, time) {
    const {data, recording} = this.player;
    if (isThis(values, data)) return recording.run === data.run;
    const {count, run, at} = this.#request;
    if (count < REQUESTS && (run !== data.run || time - at > REQUEST_MS)) {
      this.#request = {count: count + 1, run: data.run, at: time};
      this.player.edit({do: "experiment", values});
    }
    return false;
  }

  /**
   * Set the scene and play, as soon as the run has come so far. With reduced motion nothing plays: the end is shown.
   * @param {Card<any>} card
   */
  #start(card) {
    const {player} = this;
    const {from, again, choice, curtain = false} = card;
    const {frames, end} = player.recording;
    const step = Number(frames.at(-1)?.step ?? 0);
    if (!frames.length || (!end && step < from)) return this.#sayProgress(card, step);
    this.#started = true;
    player.choose({...USUAL_CHOICE, ...choice});
    player.setCurtain(curtain);
    player.comparison.dismiss();
    if (player.still) return player.seekEnd();
    player.startFrom(startOf(frames, player.state.clock.playhead, from, again), !this.asking);
  }

  /**
   * What was measured, if it is time; a guess that is still asked for comes first.
   * @param {Card<any>} card
   * @param {View} view
   * @param {number} time
   */
  #answer(card, view, time) {
    this.#wordsAt = time;
    const {player} = this;
    const {step} = view.frame;
    const over = isOver(view);
    if (this.asking) return this.#askFirst();
    const {tour} = player.data;
    /** @type {import("../types").TourSay<any>} */
    const say = (key, ...values) => sentence(tour, key, ...values);
    player.updateTour({readings: card.readings?.(view, say) ?? []});
    if (step < card.due && !over) return this.#sayProgress(card, step);
    const {text, correctGuess} = card.outcome(view, say);
    this.#hasOutcome = true;
    player.setPlaying(false); // the sentence is about what is on show
    this.#say(this.#verdict(card, correctGuess), text, false);
  }

  /** Said from the beginning, so that the buttons do not move away from below a finger. */
  #askFirst() {
    this.#say("", this.player.text("tour_guess_first"), true);
  }

  /**
   * How far it is, until the card has an answer: in training up to where it starts, then in playing up to where it is due.
   * @param {Card<any>} card
   * @param {number} step
   */
  #sayProgress({from, due}, step) {
    const {player} = this;
    if (this.asking || this.#hasOutcome) return;
    if (this.#started) return this.#say("", player.text("tour_waiting", {due, step}), true);
    this.#say("", from ? player.text("tour_training", {from, step}) : player.text("untrained"), true);
  }

  /**
   * @param {string} verdict
   * @param {string} text
   * @param {boolean} waiting
   */
  #say(verdict, text, waiting) {
    this.player.updateTour({answer: {verdict, text, waiting}});
  }

  /**
   * @param {Card<any>} card
   * @param {string | null} correctGuess which of the guesses is so
   */
  #verdict(card, correctGuess) {
    const guess = this.guesses.get(card.name);
    if (!guess || guess === SKIP || !correctGuess) return "";
    const name = sentence(this.player.data.tour, `${card.name}_guess_${guess}`);
    return this.player.text(guess === correctGuess ? "tour_right" : "tour_wrong", {guess: name});
  }
}

/**
 * Whether a card's experiment leaves everything that is locked as it is, from the start and on the way.
 * @param {Record<string, unknown>} values
 * @param {Pick<Data, "usual" | "locks">} data
 */
export function isPermitted(values, {usual, locks}) {
  const changes = String(values.changes ?? usual.changes);
  const changesLocked = changes !== usual.changes && locks.some((name) => new RegExp(`\\b${name}=`).test(changes));
  return !changesLocked && locks.every((name) => !(name in values) || values[name] === usual[name]);
}

/**
 * The changes of one setting on the way.
 * @param {string} name
 * @param {Record<string, unknown>} experiment
 */
const changesOf = (name, {changes}) => String(String(changes).match(new RegExp(`\\b\\d+:${name}=[^;]+`, "g")));

/**
 * What distinguishes an experiment from the page's default: the one on show with other values; nothing changes on the way but
 * what the values name. Null if one of the values is locked.
 * @param {Record<string, string | number>} values
 * @param {Pick<Data, "usual" | "experiment" | "locks">} data
 * @returns {Record<string, string | number> | null}
 */
export function otherValues(values, {usual, experiment, locks}) {
  if (locks.some((name) => name in values && values[name] !== experiment[name])) return null;
  if ("changes" in values && locks.some((name) => changesOf(name, values) !== changesOf(name, experiment))) return null;
  const all = Object.entries({...experiment, changes: usual.changes, ...values});
  return Object.fromEntries(all.filter(([name, value]) => value !== usual[name]));
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
 * Where playing begins: at the snapshot of step `from`, or at the playhead if that is later; `again`: in any case.
 * @param {{step: number}[]} frames
 * @param {number} playhead
 * @param {number} from
 * @param {boolean} [again]
 */
export function startOf(frames, playhead, from, again = false) {
  const index = frames.findIndex(({step}) => step >= from);
  const start = index < 0 ? frames.length - 1 : index;
  return again ? start : Math.max(start, playhead);
}
