// @ts-check
// What can be done to the networks at the step on show: switch the normalizer, and break things.

/** @import {View} from "../types" */
/**
 * @typedef {object} Action
 * @property {string} name
 * @property {(view: View) => string} key of the sentence that says it
 * @property {(view: View) => {do: "start"} | {do: "set", name: string, value: string | number}} edit what it asks for
 */

export const FACTOR = 10; // by which a weight matrix is multiplied
export const NOISE = 0.5; // of test inputs, in standard deviations of the inputs

/** Whether the compared network is normalized at the step on show. @param {View} view */
const isNormalized = (view) => /** @type {any} */ (view.frame.arms[view.compared]).normalizer !== "none";

/** When batch norm is on, then what breaks things. @type {Action[]} */
export const ACTIONS = [
  {name: "start", key: () => "act_start", edit: () => ({do: "start"})},
  {
    name: "toggle",
    key: (view) => (isNormalized(view) ? "act_off" : "act_on"),
    edit: (view) => ({do: "set", name: "compare", value: isNormalized(view) ? "none" : view.compared}),
  },
  {name: "times", key: () => "act_times", edit: ({layer}) => ({do: "set", name: `times_w${layer}`, value: FACTOR})},
  {name: "freeze", key: () => "act_freeze", edit: ({layer}) => ({do: "set", name: "freeze_layer", value: layer})},
  {name: "thaw", key: () => "act_thaw", edit: () => ({do: "set", name: "freeze_layer", value: 0})},
  {name: "noise", key: () => "act_noise", edit: () => ({do: "set", name: "input_noise", value: NOISE})},
  {name: "clear", key: () => "act_clear", edit: () => ({do: "set", name: "input_noise", value: 0})},
];
