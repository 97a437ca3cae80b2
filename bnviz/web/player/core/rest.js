// @ts-check
// Requests to run the page wait while a setting is being moved, until it rests: a key that is held would have it run thirty
// times a second, for values at which the visitor will not stop. The widget itself shows each value at once.
//
// A key waits for rest. A press of the pointer asks at once, unless it follows another one closely.

/** @import {Request} from "../rerun-request.js" */
/**
 * @template M a message
 * @typedef {object} Host what this asks of the page
 * @property {() => number} now in milliseconds
 * @property {(callback: () => void, delay: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {(message: M) => void} send
 */

export const REST_MS = 200;
const CLOSE_PRESSES_MS = 400;

/** @template M */
export class Rest {
  #movedAt = -Infinity;
  #pressedAt = -Infinity;
  /** @type {{message: M, request: Request}[]} what waits */
  #held = [];
  /** @type {any} */
  #timer = 0;

  /** @param {Host<M>} host */
  constructor(host) {
    this.host = host;
  }

  /** A key moves a setting. */
  move() {
    this.#movedAt = this.host.now();
    if (this.#held.length) this.#waitForRest();
  }

  /** The pointer is pressed on a setting. */
  press() {
    const before = this.#pressedAt;
    this.#pressedAt = this.host.now();
    if (this.#pressedAt - before < CLOSE_PRESSES_MS) this.move();
  }

  /**
   * Send a message: now, or when the setting rests. Waiting messages are sent before any that need not wait.
   * @param {M} message
   * @param {Request | null} request what the message asks for, if that is a run of the page
   */
  send(message, request) {
    if (!request || request.hasTrigger || this.host.now() - this.#movedAt > REST_MS) {
      this.release();
      this.host.send(message);
      return;
    }
    this.#held = [...this.#held.filter((earlier) => !supersedes(request, earlier.request)), {message, request}];
    this.#waitForRest();
  }

  /** Send what waits. */
  release() {
    this.host.clearTimeout(this.#timer);
    const messages = this.#held;
    this.#held = [];
    for (const {message} of messages) this.host.send(message);
  }

  #waitForRest() {
    this.host.clearTimeout(this.#timer);
    this.#timer = this.host.setTimeout(() => this.release(), REST_MS);
  }
}

/**
 * Whether an earlier request need not be sent: each has the values of all widgets, and a page runs with all of its parts.
 * @param {Request} request
 * @param {Request} earlier
 */
const supersedes = (request, earlier) => request.page === earlier.page && (!request.part || request.part === earlier.part);
