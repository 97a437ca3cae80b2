// @ts-check
// The typed arrays of a recording's line, as small as they can be kept: their numbers lie in one buffer, and rows are cut out of
// it when they are read. A view takes a hundred bytes whatever it shows, so all rows of a long run would take a gigabyte.

/** @import {Row} from "./schema" */
/** @typedef {{dtype: keyof typeof KINDS, bdata: string, shape: string | number}} PackedArray */
/** @typedef {{holder: any, key: string, packed: PackedArray}} Place where an array belongs */

const KINDS = {
  ...{f4: Float32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array},
  ...{i1: Int8Array, i2: Int16Array, i4: Int32Array},
};
const ALIGNMENT = 8; // bytes: views of the largest numbers begin at multiples of it

/**
 * What a line of JSON says, with arrays in place of the packed ones. The formats are little-endian, as browsers are.
 * @param {string} line
 * @returns {any}
 */
export function parseArrays(line) {
  /** @type {Place[]} */
  const places = [];
  const message = JSON.parse(line, function (key, value) {
    if (value && typeof value === "object" && "bdata" in value) places.push({holder: this, key, packed: value});
    return value;
  });
  const buffer = new ArrayBuffer(places.reduce((size, {packed}) => size + padded(byteCount(packed)), 0));
  let offset = 0;
  for (const {holder, key, packed} of places) {
    const count = byteCount(packed);
    writeBytes(packed.bdata, new Uint8Array(buffer, offset, count));
    holder[key] = arrayAt(buffer, offset, packed);
    offset += padded(count);
  }
  return message;
}

/** @param {number} bytes */
const padded = (bytes) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** How many bytes an array holds. @param {PackedArray} packed */
const byteCount = ({bdata}) => (3 * bdata.length) / 4 - (bdata.endsWith("==") ? 2 : Number(bdata.endsWith("=")));

/**
 * @param {string} base64
 * @param {Uint8Array} target
 */
function writeBytes(base64, target) {
  if (target.setFromBase64) return void target.setFromBase64(base64);
  const characters = atob(base64);
  for (let index = 0; index < target.length; index++) target[index] = characters.charCodeAt(index);
}

/**
 * @param {ArrayBuffer} buffer
 * @param {number} offset
 * @param {PackedArray} packed
 * @returns {Row | Rows}
 */
function arrayAt(buffer, offset, {dtype, shape}) {
  const sizes = String(shape).split(",").map(Number);
  const view = new KINDS[dtype](buffer, offset, product(sizes));
  return sizes.length > 1 ? new Rows(view, sizes) : view;
}

/** @param {number[]} sizes */
const product = (sizes) => sizes.reduce((total, size) => total * size, 1);

/** An array with several axes: it is read like an array of those along its first axis, which are cut out when they are read. */
class Rows {
  static #declared = 0;

  /**
   * @param {Row} numbers all of them
   * @param {number[]} sizes of the axes
   */
  constructor(numbers, sizes) {
    this.numbers = numbers;
    this.sizes = sizes;
    this.length = sizes[0];
    Rows.#declareIndices(this.length);
  }

  /** @param {number} index from 0 to `length` - 1 */
  row(index) {
    const sizes = this.sizes.slice(1);
    const size = product(sizes);
    const numbers = this.numbers.subarray(index * size, (index + 1) * size);
    return sizes.length > 1 ? new Rows(numbers, sizes) : numbers;
  }

  /**
   * Have at least so many indices, once for all: methods of arrays find them where they look for elements.
   * @param {number} count
   */
  static #declareIndices(count) {
    for (; Rows.#declared < count; Rows.#declared++) {
      const index = Rows.#declared;
      Object.defineProperty(Rows.prototype, index, {
        /** @this {Rows} */
        get() {
          return index < this.length ? this.row(index) : undefined;
        },
      });
    }
  }
}
Object.setPrototypeOf(Rows.prototype, Array.prototype); // map, flatMap, entries and the others work on whatever has a length
