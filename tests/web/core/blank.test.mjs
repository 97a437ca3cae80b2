import assert from "node:assert/strict";
import {test} from "node:test";

import {isBlank} from "../../../bnviz/web/player/blank.js";

const line = (y, more = {}) => ({type: "scatter", mode: "lines", x: y.map((_, index) => index), y, ...more});

test("a line takes two neighbouring points to be seen", () => {
  assert.equal(isBlank([line([])]), true);
  assert.equal(isBlank([line([3])]), true, "the untrained network alone");
  assert.equal(isBlank([line([1, null, 2, null])]), true, "a point for each unit, and a gap after it");
  assert.equal(isBlank([line([null, NaN, 1, 2])]), false);
  assert.equal(isBlank([line([null, null]), line([1, 2])]), false);
});

test("a dot, a bar and a point with an interval are seen alone", () => {
  assert.equal(isBlank([line([3], {mode: "markers"})]), false);
  assert.equal(isBlank([line([3], {mode: "lines+markers"})]), false);
  assert.equal(isBlank([line([3], {error_y: {array: [1]}})]), false);
  assert.equal(isBlank([{type: "bar", x: ["as it is"], y: [0.8]}]), false);
  assert.equal(isBlank([{type: "bar", x: [0.8], y: ["as it is"]}]), false);
  assert.equal(isBlank([{type: "bar", x: ["as it is"], y: [null]}]), true);
});

test("dots beside names are seen by their x", () => {
  const dots = {type: "scatter", mode: "markers", y: ["4 − 256", "4 − dropout"]};
  assert.equal(isBlank([{...dots, x: [7.9, 3.5]}]), false);
  assert.equal(isBlank([{...dots, x: [null, null]}]), true);
});

test("a heat map is seen where it has a number", () => {
  assert.equal(
    isBlank([
      {
        type: "heatmap",
        z: [
          [null, null],
          [null, 1],
        ],
      },
    ]),
    false,
  );
  assert.equal(isBlank([{type: "heatmap", z: [[null, null]]}]), true);
});

test("lines of what is aimed at or expected are no measurement", () => {
  assert.equal(isBlank([line([0.75, 0.75], {feed: {kind: "target"}}), line([0.1])]), true);
  assert.equal(isBlank([line([1, 1], {feed: {kind: "expected"}})]), true);
});

test("of values that only Plotly reads it is taken for granted", () => {
  assert.equal(isBlank([{type: "scatter", mode: "lines", y: {dtype: "f4", bdata: "AAA="}}]), false);
});
