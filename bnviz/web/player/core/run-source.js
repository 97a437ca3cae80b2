// @ts-check
// Which run is on show, and which one is prefetched while that plays on. Where the stream cannot be reached, the page is polled
// for lines through the component's state.

import {Recording} from "../recording.js";

/** @import {Data} from "../types" */
/**
 * @typedef {object} Host what this asks of the player
 * @property {(recording: Recording, address: string) => void} stream begin to read a recording from an address
 * @property {(callback: () => void, delay: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {(cursor: {run: string, from: number}) => void} poll ask the page for lines
 * @property {() => void} onArrival the run on show has got further, or has lost its connection
 * @property {() => void} onPendingArrival the prefetched run has got further
 * @property {() => void} onPendingBlocked the prefetched run cannot be streamed
 * @property {() => void} onBlocked the run on show cannot be streamed: it is polled from now on
 */

const POLL_ANSWER_MS = 5000; // after so long without an answer of the page it is polled again: a question may get lost
const POLL_IDLE_MS = 500; // between two polls if the last one has brought nothing

export class RunSource {
  /** @type {Recording | null} the prefetched run */
  pending = null;
  /** Whether recorded lines come with the page. */
  polling = false;
  #pollTimer = /** @type {any} */ (0);

  /**
   * @param {Host} host
   * @param {Data} data
   */
  constructor(host, data) {
    this.host = host;
    /** The run on show. */
    this.current = this.#recording(data.run);
    host.stream(this.current, data.stream);
  }

  /** @param {string} run */
  isOnShow(run) {
    return this.current.run === run && !this.current.isBroken;
  }

  /**
   * Show another run from its beginning.
   * @param {Pick<Data, "run" | "stream">} data
   */
  open({run, stream}) {
    this.#leave();
    this.current = this.#recording(run);
    this.host.stream(this.current, stream);
  }

  /**
   * Read a run while the one on show plays on.
   * @param {Pick<Data, "run" | "stream">} data
   */
  prefetchRun({run, stream}) {
    this.pending = this.#recording(run);
    this.host.stream(this.pending, stream);
  }

  dropPendingRun() {
    this.pending?.close();
    this.pending = null;
  }

  /**
   * Show the prefetched run, if it has come as far as `step`. Returns whether that is so.
   * @param {number} step
   */
  swapToPendingRun(step) {
    const {pending} = this;
    if (!pending || (!pending.end && pending.trainedStep < step)) return false;
    this.#leave();
    this.current = pending;
    this.pending = null;
    return true;
  }

  /**
   * Up to which step the run on show is the same as the one that the page asks for.
   * @param {Pick<Data, "before">} data
   */
  commonPrefixStep({before}) {
    return before.findLast(({run}) => run === this.current.run)?.step ?? 0;
  }

  /**
   * Show a run that begins like the one on show: what they share is kept, the rest is read. Returns how many snapshots they
   * share; 0 if the run does not begin like that.
   * @param {Data} data
   */
  continueInRun(data) {
    const {run, stream, experiment, view} = data;
    const {header, frames} = this.current;
    const step = this.commonPrefixStep(data);
    const common = frames.filter((frame) => frame.step <= step);
    // An address that names a step wants that one.
    if (!header || step < 1 || view.step !== null || !common.length) return 0;
    this.#leave();
    this.current = this.#recording(run);
    this.current.startWith({...header, id: run, experiment}, common);
    this.host.stream(this.current, stream);
    return common.length;
  }

  /** @param {{from: number, lines: string[]}} batch lines that the page has handed over */
  accept({from, lines}) {
    const before = this.current.lines;
    this.current.accept(lines, from);
    if (!this.polling) return;
    this.host.clearTimeout(this.#pollTimer);
    if (this.current.end) return;
    this.#pollTimer = this.host.setTimeout(() => this.#poll(), this.current.lines > before ? 0 : POLL_IDLE_MS);
  }

  close() {
    this.host.clearTimeout(this.#pollTimer);
    this.pending?.close();
    this.current.close();
  }

  /** Another run will replace the one on show. */
  #leave() {
    this.current.close();
    this.polling = false;
  }

  /**
   * A recording; one that is neither on show nor prefetched is not listened to any more.
   * @param {string} run
   */
  #recording(run) {
    const {host} = this;
    /** @type {(onShow: () => void, prefetched: () => void) => () => void} */
    const route = (onShow, prefetched) => () => {
      if (recording.closed) return;
      if (recording === this.pending) prefetched();
      else if (recording === this.current) onShow();
    };
    /** @type {Recording} */
    const recording = new Recording(
      run,
      route(
        () => {
          if (this.polling && recording.isStreaming) this.#stopPolling();
          host.onArrival();
        },
        () => host.onPendingArrival(),
      ),
      route(
        () => this.#startPolling(),
        () => host.onPendingBlocked(),
      ),
    );
    return recording;
  }

  #startPolling() {
    this.polling = true;
    this.current.reconnects = false;
    this.host.onBlocked();
    this.#poll();
  }

  /** The stream can be reached after all. */
  #stopPolling() {
    this.polling = false;
    this.host.clearTimeout(this.#pollTimer);
  }

  #poll() {
    if (!this.polling || this.current.end) return;
    this.host.poll({run: this.current.run, from: this.current.lines});
    this.host.clearTimeout(this.#pollTimer);
    this.#pollTimer = this.host.setTimeout(() => this.#poll(), POLL_ANSWER_MS);
  }
}
