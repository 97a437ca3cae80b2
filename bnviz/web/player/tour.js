// @ts-check
// The tour on the page: a text in cards beside the live picture, and the outline around what a card speaks of. Its logic is in
// core/tour-core.js. Touching anything else on the page leaves the tour; it can be resumed.

import {cardIn} from "./core/address.js";
import {make, set} from "./dom.js";
import {freeBetween, Pointer, scrollBy, scrollerOf} from "./pointing.js";
import {Readings} from "./readings.js";
import {TourCard} from "./tour-card.js";
import {sentence} from "./words.js";

/** @import {Pointable} from "./pointing.js" */
/** @import {TourCore, TourState} from "./core/tour-core.js" */
/** @import {PlayerCore} from "./core/player-core.js" */
/**
 * @typedef {{folded: boolean, top: number}} Surroundings what else is as it was before the tour: numbers unfolded, page
 * scrolled
 */

const NARROW = "(max-width: 640px)"; // where the card is a sheet at the bottom, as player.css has it
const CARD_GAP = 8; // pixels between the card and what it points at
// What people touch on a page; the rest they read, select, and scroll by.
const ROLES = ["slider", "combobox", "listbox", "option", "radio", "tab", "button"].map((role) => `[role=${role}]`);
const PARTS = ["button", "a", "input", "select", "textarea", "summary", "label", ".bnviz-picture", ".bnviz-plot"];
const CONTROLS = [...PARTS, ...ROLES, "[data-baseweb]"].join();
const EVENTS = ["pointerdown", "pointerup", "pointercancel", "click", "input"];

export class Tour {
  /** Whether the part it points at has been scrolled to. */
  revealed = false;
  /** Whether something beside the card is being pressed. */
  pressed = false;

  /**
   * @param {PlayerCore} player
   * @param {TourCore} core
   * @param {Pointable} page
   */
  constructor(player, core, page) {
    this.player = player;
    this.core = core;
    this.page = page;
    this.pointer = new Pointer(page);
    this.readings = new Readings();
    this.card = new TourCard({
      text: (key, values) => player.text(key, values),
      next: () => this.turn(1),
      back: () => this.turn(-1),
      leave: () => this.leave(true),
      guess: (guess) => core.guess(guess),
    });
    const open = () => core.open(core.state.resumeIndex, () => this.surroundings());
    this.button = make("button", {type: "button", class: "bnviz-take-tour", onclick: open});
    page.root.querySelector(".bnviz-intro")?.after(this.button);
    this.listen();
    core.onReplaced = () => this.close();
    core.follow(core.takeOver() ?? player.data.view.tour, () => this.surroundings());
    this.subscribe();
  }

  listen() {
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.key(event);
    this.onTouch = (/** @type {Event} */ event) => this.touch(event);
    this.onHistory = () => this.core.follow(cardIn(location.href), () => this.surroundings());
    document.addEventListener("keydown", this.onKey, true);
    for (const name of EVENTS) document.addEventListener(name, this.onTouch, true);
    addEventListener("popstate", this.onHistory);
  }

  subscribe() {
    const {store} = this.player;
    store.subscribe(
      ({tour}) => tour.index,
      () => this.showCard(),
    );
    store.subscribe(
      ({tour}) => [tour.index, tour.guess],
      () => this.showGuess(),
    );
    store.subscribe(
      ({tour}) => tour.answer,
      (answer) => this.showAnswer(answer),
    );
    store.subscribe(
      ({tour}) => tour.readings,
      (readings) => this.readings.show(readings, this.player.data.arms),
    );
    store.subscribe(
      ({tour}) => [tour.index, tour.resumeIndex],
      () => this.label(),
    );
    store.subscribe(
      ({view}) => view,
      () => this.point(),
    );
  }

  close() {
    if (this.core.closed) return;
    if (this.onKey) document.removeEventListener("keydown", this.onKey, true);
    for (const name of EVENTS) if (this.onTouch) document.removeEventListener(name, this.onTouch, true);
    if (this.onHistory) removeEventListener("popstate", this.onHistory);
    this.card.root.remove();
    this.readings.root.remove();
    this.button.remove();
    this.core.close();
  }

  // --- the card

  showCard() {
    const {page, card, core} = this;
    const {index} = core.state;
    if (index === null) {
      this.pointer.clear();
      this.readings.root.remove();
      card.root.remove();
      delete page.root.dataset.tour;
      return;
    }
    if (!card.root.isConnected) page.root.querySelector(".bnviz-network")?.parentElement?.before(card.root);
    this.revealed = false;
    this.pointer.clear(true);
    page.root.dataset.tour = String(index + 1);
    this.write(index);
  }

  /** @param {number} index */
  write(index) {
    const {tour, onward} = this.player.data;
    const {name, guesses = [], details} = this.core.cards[index];
    const count = this.core.cards.length;
    /** @type {[string, string][]} */
    const options = guesses.map((guess) => [guess, sentence(tour, `${name}_guess_${guess}`)]);
    const texts = {title: sentence(tour, `${name}_title`), text: sentence(tour, `${name}_text`, details?.(this.player.choice))};
    this.card.show({...texts, guesses: options, number: index + 1, count});
    if (index === count - 1) this.card.lead(Object.entries(onward));
  }

  /** With the guess the charts appear, and the card may point at one of them. */
  showGuess() {
    const {guess} = this.core.state;
    if (!guess) return;
    this.card.showGuess(guess);
    this.revealed = false;
  }

  /** @param {TourState["answer"]} answer */
  showAnswer({verdict, text, waiting}) {
    this.card.showAnswer(verdict, text, waiting);
    if (!waiting) this.revealed = false; // the card has grown
  }

  label() {
    const {index, resumeIndex} = this.core.state;
    this.button.hidden = index !== null;
    set(this.button, this.player.text(resumeIndex ? "tour_resume" : "tour_take"));
  }

  /** @param {number} by */
  turn(by) {
    if (this.core.turn(by)) return;
    this.leave(true);
    this.core.startOver();
  }

  /** @param {boolean} [restores] whether what was there before is shown again, and the keyboard goes back to the button */
  leave(restores = false) {
    if (!this.core.card) return;
    const surroundings = this.core.leave(restores);
    if (restores) this.button.focus();
    if (surroundings) this.restore(surroundings);
  }

  /** @returns {Surroundings} */
  surroundings() {
    const {root} = this.page;
    return {folded: !numbersOf(root)?.open, top: scrollerOf(root).scrollTop};
  }

  /** @param {Surroundings} surroundings */
  restore({folded, top}) {
    const {root} = this.page;
    const numbers = numbersOf(root);
    if (numbers) numbers.open = !folded;
    scrollerOf(root).scrollTo({top, behavior: "instant"});
  }

  // --- what it points at

  /** At every animation frame: the geometry of the picture changes with the page's width. */
  point() {
    const {card} = this.core;
    const asked = this.core.asking ? card?.questionPart : undefined;
    const part = card && this.pointer.at(asked ?? card.part);
    if (!part) return;
    this.readings.standAt(part);
    if (this.revealed) return;
    this.revealed = true;
    this.reveal(part);
  }

  /**
   * Scroll if the part cannot be seen beside the card.
   * @param {HTMLElement} part
   */
  reveal(part) {
    const {root} = this.page;
    const scroller = scrollerOf(root);
    const sheet = matchMedia(NARROW).matches;
    const card = this.card.root.getBoundingClientRect();
    const {top} = part.getBoundingClientRect();
    const bottom = Math.max(...[part, this.readings.root].map((one) => one.getBoundingClientRect().bottom));
    const transport = root.querySelector(".bnviz-transport")?.getBoundingClientRect();
    const free = sheet ? freeBetween([], [card]) : freeBetween([], transport ? [transport] : []);
    const target = {top: sheet ? top : top - card.height - CARD_GAP, bottom};
    const by = scrollBy(target, free);
    if (by) scroller.scrollBy({top: by, behavior: this.player.still ? "instant" : "smooth"});
  }

  // --- what people do

  /**
   * While it is open, its keys are not the playback's; but in a field, or on another button, a key means what it says there.
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (!this.core.card || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : null;
    const inside = this.card.root.contains(target);
    if (!inside && event.key !== "Escape" && target?.closest(CONTROLS)) return this.keyElsewhere(event);
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
  touch({type, target, isTrusted}) {
    if (!isTrusted || !(target instanceof Element)) return;
    const control = target.closest(CONTROLS) !== null;
    if (!this.core.card) return control ? this.core.cancelReturn() : undefined;
    const inside = this.card.root.contains(target) || this.button.contains(target);
    const touches = !inside && control;
    if (type === "pointerdown") this.pressed = touches;
    else if (type === "pointercancel") this.pressed = false;
    else if (type === "pointerup")
      this.pressed && setTimeout(() => this.leave()); // after the click, if it is one
    else if (touches) this.leave();
  }
}

/**
 * The numbers of one unit; a card may unfold them.
 * @param {HTMLElement} root
 */
const numbersOf = (root) => /** @type {HTMLDetailsElement | null} */ (root.querySelector(".bnviz-numbers"));
