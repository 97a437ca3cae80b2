// @ts-check
// For the time being: what the page does not hand over yet.

/** @import {Data} from "./types" */

const ARMS = {
  none: {label: "no normalization", name: "without batch norm", colour: "#E06C1F"},
  batch: {label: "batch norm", name: "with batch norm", colour: "#2F7FD1"},
};

/**
 * @param {any} data
 * @returns {Data}
 */
export function given(data) {
  return {arms: ARMS, words: {}, shared: {}, predictions: {}, data: {held_out: "test images"}, ...data};
}
