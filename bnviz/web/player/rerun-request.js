// @ts-check
// What the browser tells Streamlit's server, as far as it has to be understood here: whether it asks for a run of the page, or of
// a part of it, and whether it carries a press of a button, which is sent only once. The numbers of its fields are Streamlit's
// (streamlit.js); the encoding is that of protobuf: protobuf.dev/programming-guides/encoding.

import {MESSAGE, STATE, TRIGGERS, WIDGETS} from "./streamlit.js";

const NUMBER = 0; // the kind of a field that is a number
/** @type {Record<number, number>} */
const FIXED_LENGTHS = {1: 8, 5: 4}; // bytes by kind

/**
 * @typedef {object} Request
 * @property {string} page which page is to run
 * @property {string} part which part of it; empty: all
 * @property {boolean} hasTrigger whether a button was pressed, or another part of the page has said something once
 */

/**
 * The request for a run in a message; null if it asks for something else.
 * @param {Uint8Array} message
 * @returns {Request | null}
 */
export function rerunRequest(message) {
  const request = field(message, MESSAGE.rerunScript);
  if (!request) return null;
  const widgets = field(request, STATE.widgetStates);
  const states = widgets ? [...fields(widgets)].filter(({number}) => number === WIDGETS.widgets) : [];
  const [page, name, part] = [STATE.pageScriptHash, STATE.pageName, STATE.fragmentId].map((one) => text(field(request, one)));
  return {
    page: `${page} ${name}`,
    part,
    hasTrigger: states.some(({contents}) => [...fields(contents)].some(({number}) => TRIGGERS.includes(number))),
  };
}

/** @param {Uint8Array | undefined} contents */
const text = (contents) => (contents ? new TextDecoder().decode(contents) : "");

/**
 * @param {Uint8Array} message
 * @param {number} number
 */
const field = (message, number) => [...fields(message)].find((one) => one.number === number)?.contents;

/**
 * The fields of a protobuf message, with what those have in them that have a length.
 * @param {Uint8Array} message
 */
function* fields(message) {
  let place = 0;
  const readNumber = () => {
    let [value, scale] = [0, 1];
    for (; message[place] >= 128; place++, scale *= 128) value += (message[place] - 128) * scale;
    return value + message[place++] * scale;
  };
  while (place < message.length) {
    const tag = readNumber();
    const kind = tag % 8;
    const value = FIXED_LENGTHS[kind] ?? readNumber(); // of what has a length, the length; else the field's own value
    const length = kind === NUMBER ? 0 : value;
    yield {number: Math.floor(tag / 8), contents: message.subarray(place, place + length)};
    place += length;
  }
}
