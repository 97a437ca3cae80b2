import assert from "node:assert/strict";
import {test} from "node:test";
import {setFlagsFromString} from "node:v8";
import {runInNewContext} from "node:vm";

import {parseArrays} from "../../../bnviz/web/player/arrays.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const packed = (numbers, shape) => ({
  ...{dtype: {Uint8Array: "u1", Uint16Array: "u2", Float32Array: "f4", Float64Array: "f8"}[numbers.constructor.name], shape},
  bdata: Buffer.from(numbers.buffer).toString("base64"),
});
const upTo = (count) => Array.from({length: count}, (_, index) => index);
const nested = (rows) => (ArrayBuffer.isView(rows) ? [...rows] : rows.map(nested));
const UNEVEN = [new Uint8Array([7, 8, 9]), new Float64Array([0.5, NaN]), new Uint16Array([1, 2, 3, 4, 65535])];

test("arrays of every type and length share a buffer and stay what they were", () => {
  const line = JSON.stringify({a: packed(UNEVEN[0], "3"), b: {c: packed(UNEVEN[1], "2")}, d: packed(UNEVEN[2], 5), e: null});
  const {a, b, d, e} = parseArrays(line);
  assert.deepEqual([a, b.c, d, e], [...UNEVEN, null]);
  assert.equal(a.buffer, d.buffer);
});

test("without the browser's own base64 arrays are the same", () => {
  const own = Object.getOwnPropertyDescriptor(Uint8Array.prototype, "setFromBase64");
  Uint8Array.prototype.setFromBase64 = undefined;
  try {
    for (const array of UNEVEN) assert.deepEqual(parseArrays(JSON.stringify({array: packed(array, array.length)})), {array});
  } finally {
    delete Uint8Array.prototype.setFromBase64;
    if (own) Object.defineProperty(Uint8Array.prototype, "setFromBase64", own);
  }
});

test("an array with several axes is read like nested arrays", () => {
  const {rows} = parseArrays(JSON.stringify({rows: packed(new Uint16Array(upTo(24)), "2, 3, 4")}));
  assert.deepEqual([rows.length, rows[1].length, rows[2], rows[1][3]], [2, 3, undefined, undefined]);
  assert.deepEqual(rows[1][2], new Uint16Array([20, 21, 22, 23]));
  assert.deepEqual(nested(rows), [
    [upTo(4), upTo(8).slice(4), upTo(12).slice(8)],
    [upTo(16).slice(12), upTo(20).slice(16), upTo(24).slice(20)],
  ]);
  const [, last] = rows;
  assert.deepEqual(
    [...last].flatMap((row) => [...row]),
    upTo(24).slice(12),
  );
  assert.deepEqual(
    Array.from(rows[0].entries(), ([index, row]) => [index, row[0]]),
    [
      [0, 0],
      [1, 4],
      [2, 8],
    ],
  );
});

test("a recording takes little more than its numbers, however many rows they are cut into", () => {
  const snapshot = {arms: {}};
  for (const arm of ["none", "batch"])
    snapshot.arms[arm] = {
      unit_counts: packed(new Uint16Array(50 * 8 * 48), "50, 8, 48"),
      counts: packed(new Uint16Array(50 * 48), "50, 48"),
    };
  const line = JSON.stringify(snapshot);
  const used = () => {
    collectGarbage();
    const {heapUsed, arrayBuffers} = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const frames = upTo(100).map(() => parseArrays(line));
  const each = (used() - before) / frames.length;
  const numbers = 2 * 2 * (50 * 8 * 48 + 50 * 48);
  assert.ok(each < 1.1 * numbers + 2000, `${each} bytes for ${numbers} bytes of numbers`);
  assert.equal(frames.at(-1).arms.batch.unit_counts[49][7].length, 48);
});
