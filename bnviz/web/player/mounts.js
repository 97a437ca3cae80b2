// @ts-check
// What a component's module exports: Streamlit calls it at every rerun with the same parent element, and what `create` has
// created there survives, with its nodes and its state.

import {markCurrentPage} from "./page-links.js";

/** @import {Component, Story} from "./types" */
/**
 * @template D
 * @typedef {{update(component: Component<D>): void, close(): void}} Mounted
 */

const CHECK_MS = 200;

/**
 * @template D
 * @param {(component: Component<D>, story: Story<any, any> | undefined) => Mounted<D>} create
 * @returns {(component: Component<D>, story?: Story<any, any>) => void}
 */
export function persistentMount(create) {
  /** @type {WeakMap<HTMLElement, Mounted<D>>} */
  const instances = new WeakMap();
  return (component, story) => {
    const {parentElement} = component;
    const instance = instances.get(parentElement) ?? create(component, story);
    if (!instances.has(parentElement)) {
      instances.set(parentElement, instance);
      whenRemoved(parentElement, () => {
        instances.delete(parentElement);
        instance.close();
      });
    }
    instance.update(component);
    markCurrentPage();
  };
}

/**
 * Calls `end` when an element has left the page. Streamlit's own callback is not reliable: it ends a call before each new
 * one, and never ends a call whose module was still loading when the page was left. A move within the page does not count.
 * @param {HTMLElement} element
 * @param {() => void} end
 * @param {number} [absences] checks at which it was not there
 */
function whenRemoved(element, end, absences = 0) {
  if (absences > 1) return end();
  setTimeout(() => whenRemoved(element, end, element.isConnected ? 0 : absences + 1), CHECK_MS);
}
