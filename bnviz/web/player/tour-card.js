// @ts-check
// A card of the tour as people see it: heading, text, guesses, what was measured, and the way on. On a phone it is a sheet at the
// bottom of the window (player.css).

import {SKIP} from "./core/tour-core.js";
import {make, set} from "./dom.js";

/** @import {Values} from "./types" */
/**
 * @typedef {object} Guide what a card asks of its tour
 * @property {(key: string, values?: Values) => string} text the player's own words
 * @property {() => void} next
 * @property {() => void} back
 * @property {() => void} leave
 * @property {(guess: string) => void} guess
 */
/** @typedef {{title: string, text: string, guesses: [string, string][], number: number, count: number}} Contents */

let cards = 0; // for ids

export class TourCard {
  /** @param {Guide} guide */
  constructor(guide) {
    this.guide = guide;
    const {text} = guide;
    const id = `bnviz-tour-${++cards}`;
    this.heading = make("h3", {id, tabindex: -1});
    this.text = make("p", {id: `${id}-text`});
    this.guesses = make("div", {class: "bnviz-tour-guesses", role: "group"});
    this.answer = make("p", {class: "bnviz-tour-answer", "aria-live": "polite"});
    this.onward = make("nav", {class: "bnviz-tour-onward", "aria-label": text("tour_onward")});
    this.position = make("span", {class: "bnviz-label"});
    this.back = make("button", {type: "button", class: "bnviz-tour-back", onclick: guide.back}, text("tour_back"));
    this.next = make("button", {type: "button", class: "bnviz-tour-next", onclick: guide.next});
    const name = text("tour_leave");
    const leave = make(
      "button",
      {type: "button", class: "bnviz-tour-leave", title: name, "aria-label": name, onclick: guide.leave},
      "×",
    );
    const keys = make("span", {class: "bnviz-label bnviz-tour-keys"}, text("tour_keys"));
    this.root = make(
      "section",
      {class: "bnviz-tour", role: "dialog", "aria-modal": "false", "aria-labelledby": id, "aria-describedby": `${id}-text`},
      make("div", {class: "bnviz-tour-head"}, this.heading, this.position, leave),
      make("div", {class: "bnviz-tour-body"}, this.text, make("div", {}, this.guesses, this.answer, this.onward)),
      make("div", {class: "bnviz-tour-foot"}, keys, this.back, this.next),
    );
  }

  /** @param {Contents} contents */
  show({title, text, guesses, number, count}) {
    const {guide} = this;
    set(this.heading, title);
    set(this.text, text);
    set(this.answer, "");
    set(this.position, guide.text("tour_place", {number, count}));
    set(this.next, guide.text(number < count ? "tour_next" : "tour_end"));
    this.back.disabled = number === 1;
    const choices = guesses.length ? [...guesses, [SKIP, guide.text("tour_skip")]] : [];
    this.guesses.replaceChildren(...choices.map(([guess, name]) => this.choice(guess, name)));
    this.guesses.hidden = !choices.length;
    this.guesses.setAttribute("aria-label", title);
    this.onward.replaceChildren();
    this.heading.focus({preventScroll: true});
  }

  /**
   * @param {string} guess
   * @param {string} name
   */
  choice(guess, name) {
    const attributes = {type: "button", "data-guess": guess, "aria-pressed": "false", onclick: () => this.guide.guess(guess)};
    return make("button", attributes, name);
  }

  /**
   * Somebody has guessed: the others cannot be chosen any more.
   * @param {string} guess
   */
  showGuess(guess) {
    const focused = this.guesses.contains(document.activeElement);
    for (const button of /** @type {HTMLButtonElement[]} */ ([...this.guesses.children])) {
      button.setAttribute("aria-pressed", String(button.dataset.guess === guess));
      button.disabled = true;
      button.hidden = button.dataset.guess === SKIP;
    }
    if (guess === SKIP) this.guesses.hidden = true;
    if (focused) this.heading.focus({preventScroll: true}); // so that the next key is the tour's
  }

  /**
   * What was measured, or that it will be.
   * @param {string} verdict
   * @param {string} text
   * @param {boolean} waiting
   */
  showAnswer(verdict, text, waiting) {
    const answer = `${verdict} ${text}`;
    if (this.answer.textContent?.trim() === answer.trim()) return;
    this.answer.classList.toggle("bnviz-label", waiting);
    this.answer.setAttribute("aria-live", waiting ? "off" : "polite");
    this.answer.replaceChildren(...(verdict ? [make("b", {}, verdict), " "] : []), text);
  }

  /**
   * Where to go from here.
   * @param {[string, string][]} pages addresses and titles
   */
  lead(pages) {
    if (this.onward.childElementCount || !pages.length) return;
    const links = pages.map(([address, title]) => make("a", {href: new URL(address, document.baseURI).href}, title));
    this.onward.replaceChildren(make("span", {class: "bnviz-label"}, this.guide.text("tour_onward")), ...links);
  }
}
