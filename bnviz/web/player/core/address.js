// @ts-check
// Links as pure functions of (href, state) → href. Only what belongs to the player is changed in them.

/** @import {View} from "../types" */

// In the address, with the step.
export const VIEW_PARAMETERS = /** @type {const} */ (["layer", "tap", "unit", "target", "motion", "charts", "time"]);

/**
 * The address of what is on show, with its step.
 * @param {string} href
 * @param {View} view
 * @param {{pendingSeek: number | null, beside: string | null}} state `pendingSeek`: a step that it is on its way to
 */
export function linkWithStep(href, view, {pendingSeek, beside}) {
  const url = new URL(href);
  // Of a user's own network there is no accuracy to reach, and one way to move.
  for (const name of VIEW_PARAMETERS) if (view[name] !== null) url.searchParams.set(name, String(view[name]));
  const isStep = pendingSeek !== null && Number.isFinite(pendingSeek);
  url.searchParams.set("step", String(isStep ? pendingSeek : view.frame.step));
  return withOptional(url, "beside", beside);
}

/**
 * The address of the run with what the visitor has chosen: Streamlit's own changes of the address do not include that.
 * @param {string} href
 * @param {View | null} view
 * @param {{chosen: Iterable<string>, beside: string | null}} state `chosen`: parameters of VIEW_PARAMETERS
 */
export function linkWithoutStep(href, view, {chosen, beside}) {
  const url = new URL(href);
  url.searchParams.delete("step");
  if (view) for (const name of chosen) url.searchParams.set(name, String(/** @type {any} */ (view)[name]));
  return withOptional(url, "beside", beside);
}

/**
 * The address that names a card of the tour, counted from 1, or none.
 * @param {string} href
 * @param {number | null} number
 */
export const linkToCard = (href, number) => withOptional(new URL(href), "tour", number ? String(number) : null);

/**
 * The number of the card that an address names; null if it names none.
 * @param {string} href
 */
export const cardIn = (href) => Number(new URL(href).searchParams.get("tour")) || null;

/**
 * @param {URL} url
 * @param {string} name
 * @param {string | null} value
 */
function withOptional(url, name, value) {
  if (value === null) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url.href;
}
