// @ts-check
// What a component's module exports: Streamlit calls it at every rerun with the same parent element, and what `make` has made
// there, its nodes and its place survive.

/** @import {Component, Story} from "./types" */
/**
 * @template D
 * @typedef {{turn: number, update(component: Component<D>): number, close(): void}} Kept `turn` counts updates and is returned
 */

const LOOK_MS = 50;

/**
 * @template D
 * @param {(component: Component<D>, story: Story<any, any> | undefined) => Kept<D>} make
 * @returns {(component: Component<D>, story?: Story<any, any>) => () => void}
 */
export function keeping(make) {
  /** @type {WeakMap<HTMLElement, Kept<D>>} */
  const made = new WeakMap();
  return (component, story) => {
    const {parentElement} = component;
    const kept = made.get(parentElement) ?? make(component, story);
    made.set(parentElement, kept);
    const turn = kept.update(component);
    // Streamlit ends a call before each new one, which may take its time to come, and discards one that a newer has overtaken.
    // So only the latest call may end it, and only when its place on the page is gone.
    const end = () => {
      if (kept.turn !== turn) return;
      if (parentElement.isConnected) {
        setTimeout(end, 4 * LOOK_MS);
        return;
      }
      kept.close();
      made.delete(parentElement);
    };
    return () => void setTimeout(end, LOOK_MS);
  };
}
