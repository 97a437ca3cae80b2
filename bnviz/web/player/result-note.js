// @ts-check
// On a phone the settings are below the player, and the sentence that says what a change did is off the screen: until that has
// been seen, it is at the top of the screen, too. A press on it leads to the picture.

import {make} from "./dom.js";

/** @import {PlayerCore} from "./core/player-core.js" */

const NARROW = "(max-width: 640px)"; // as in player.css

export class ResultNote {
  /** Whether another run was requested whose sentence has not been shown yet. */
  isDue = false;
  isHeadlineVisible = true;

  /**
   * @param {HTMLElement} root of the player
   * @param {{headline: HTMLElement, answer: HTMLElement}} words `answer`: what a change on the way did
   * @param {PlayerCore} player
   */
  constructor(root, {headline, answer}, player) {
    this.headline = headline;
    this.answer = answer;
    this.player = player;
    this.root = make("button", {type: "button", class: "bnviz-result", hidden: "", onclick: () => this.lead()});
    root.append(this.root);
    this.observer = new IntersectionObserver((entries) => this.see(Boolean(entries.at(-1)?.isIntersecting)));
    this.observer.observe(headline);
    player.store.subscribe(
      ({run}) => run,
      (run, before) => this.onRun(before !== undefined && run !== before),
    );
    player.store.subscribe(
      ({wordsView, placeholder, visibility, tour}) => [wordsView, placeholder, visibility.findings, tour.index],
      () => this.show(),
    );
  }

  /** @param {boolean} isAnother */
  onRun(isAnother) {
    this.isDue ||= isAnother;
    this.show();
  }

  /** @param {boolean} isVisible */
  see(isVisible) {
    this.isHeadlineVisible = isVisible;
    if (isVisible) this.isDue = false;
    this.show();
  }

  show() {
    const {visibility, tour} = this.player.state;
    const isWanted = this.isDue && !this.isHeadlineVisible && visibility.findings && tour.index === null;
    this.root.hidden = !isWanted || !matchMedia(NARROW).matches;
    const words = this.answer.hidden ? this.headline : this.answer;
    if (!this.root.hidden) this.root.replaceChildren(...[...words.childNodes].map((node) => node.cloneNode(true)));
  }

  lead() {
    this.headline.scrollIntoView({block: "start", behavior: this.player.still ? "instant" : "smooth"});
  }

  close() {
    this.observer.disconnect();
  }
}
