// @ts-check
// What a component's module exports: Streamlit calls it at every rerun with the same parent element, and what `make` has made
// there, its nodes and its place survive.

/** @import {Component, Story} from "./types" */
/**
 * @template D
 * @typedef {{update(component: Component<D>): void, close(): void}} Kept
 */

const LOOK_MS = 200;

/**
 * @template D
 * @param {(component: Component<D>, story: Story<any, any> | undefined) => Kept<D>} make
 * @returns {(component: Component<D>, story?: Story<any, any>) => void}
 */
export function keeping(make) {
  /** @type {WeakMap<HTMLElement, Kept<D>>} */
  const made = new WeakMap();
  return (component, story) => {
    const {parentElement} = component;
    const kept = made.get(parentElement) ?? make(component, story);
    if (!made.has(parentElement)) {
      made.set(parentElement, kept);
      whenGone(parentElement, () => {
        made.delete(parentElement);
        kept.close();
      });
    }
    kept.update(component);
  };
}

/**
 * Calls `end` when an element has left the page. Streamlit's own word for it does not always come: it ends a call before each new
 * one, and says nothing of a call whose module was still on its way when the page was left. A move within the page is no leaving.
 * @param {HTMLElement} element
 * @param {() => void} end
 * @param {number} [missed] looks at which it was not there
 */
function whenGone(element, end, missed = 0) {
  if (missed > 1) return end();
  setTimeout(() => whenGone(element, end, element.isConnected ? 0 : missed + 1), LOOK_MS);
}
