import assert from "node:assert/strict";
import {test} from "node:test";

import {hideEmptyAxes, writeMinus} from "../../../bnviz/web/player/plotly-numbers.js";

test("labels get the minus of axes and sentences, whatever their format, and other values stay", () => {
  const fullLayout = {
    _d3locale: {numberFormat: (form) => (form === "bad" ? "bad" : (value) => `${form} ${value.toExponential(1)}`)},
  };
  writeMinus(fullLayout);
  const {numberFormat} = fullLayout._d3locale;
  assert.equal(numberFormat(".1e")(-1.2e-9), ".1e −1.2e−9");
  assert.equal(numberFormat("bad"), "bad");
  writeMinus({});
  writeMinus(undefined);
});

test("an axis without data and range has no numbers; one with either keeps them", () => {
  const layout = {title: "t", xaxis: {}, yaxis: {tickformat: ".0%"}, xaxis2: {range: [0, 1]}, yaxis2: {}};
  const traces = [
    {x: [], y: [null, null]},
    {x: [1], y: [2], xaxis: "x2", yaxis: "y2"},
  ];
  const {title, xaxis, yaxis, xaxis2, yaxis2} = hideEmptyAxes(layout, traces);
  assert.deepEqual([xaxis.showticklabels, yaxis.showticklabels, yaxis.tickformat], [false, false, ".0%"]);
  assert.deepEqual([title, xaxis2, yaxis2], ["t", {range: [0, 1]}, {}]);
  assert.deepEqual(layout.yaxis, {tickformat: ".0%"}, "what it was given stays as it was");
});
