// @ts-check
// A tiny observable store: plain state, and listeners that hear of a part of it only when that part has changed.

/**
 * @template State
 * @typedef {object} Subscription
 * @property {(state: State) => any} selector
 * @property {(value: any, previous: any) => void} listener
 * @property {any} value the selected value that the listener was last called with
 */

/** @template {object} State */
export class Store {
  /** @type {Set<Subscription<State>>} */
  #subscriptions = new Set();
  #state;

  /** @param {State} state */
  constructor(state) {
    this.#state = state;
  }

  get() {
    return this.#state;
  }

  /**
   * Replace some fields, then call the listeners whose selected value is another one.
   * @param {Partial<State>} change
   */
  update(change) {
    this.#state = {...this.#state, ...change};
    for (const subscription of this.#subscriptions) this.#notify(subscription);
  }

  /**
   * Call `listener` now, and whenever the selected value has changed: an array or plain object when one of its values has.
   * Returns the function that ends the subscription.
   * @template Value
   * @param {(state: State) => Value} selector
   * @param {(value: Value, previous: Value | undefined) => void} listener
   */
  subscribe(selector, listener) {
    const value = selector(this.#state);
    const subscription = {selector, listener, value};
    this.#subscriptions.add(subscription);
    listener(value, undefined);
    return () => void this.#subscriptions.delete(subscription);
  }

  /** @param {Subscription<State>} subscription */
  #notify(subscription) {
    const {value: previous, selector, listener} = subscription;
    const value = selector(this.#state); // a listener may have updated the state meanwhile, and thereby called this one
    if (isEqual(value, previous)) return;
    subscription.value = value;
    listener(value, previous);
  }
}

const isPlain = (/** @type {any} */ value) => Array.isArray(value) || Object.getPrototypeOf(value ?? 0) === Object.prototype;

/**
 * Whether two values are the same, or arrays or plain objects with the same values.
 * @param {any} one
 * @param {any} other
 */
function isEqual(one, other) {
  if (Object.is(one, other)) return true;
  if (!isPlain(one) || !isPlain(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.is(one[key], other[key]));
}
