import assert from "node:assert/strict";
import {test} from "node:test";

import * as timeAxis from "../../../bnviz/web/player/core/time-axis.js";

const {axisOverTime, clockOf, nearestByEpochs, ownClock, rowsOverTime, shapesOverTime, traceOverTime} = timeAxis;

// The batch size grows to four times as much at step 10.
const SNAPSHOTS = [
  {step: 0, epoch: 0},
  {step: 10, epoch: 1},
  {step: 20, epoch: 5},
];
const NAMES = {title: "examples seen (epochs)", short: "epochs", hover: "%{x} epochs"};
const TIME = {...NAMES, own: clockOf(SNAPSHOTS), other: clockOf(SNAPSHOTS, 2)};
const LAYOUT = {xaxis: {time: true}, xaxis2: {}, yaxis: {}};

test("a clock says the epochs of snapshots, between them, and beyond the last", () => {
  assert.deepEqual([0, 5, 10, 15, 20, 25].map(clockOf(SNAPSHOTS)), [0, 0.5, 1, 3, 5, 7]);
  assert.deepEqual([10, 15].map(clockOf(SNAPSHOTS, 2)), [2, 6]);
});

test("while a run arrives, its clock knows its end", () => {
  const clock = ownClock({header: {total_steps: 20}, frames: SNAPSHOTS.slice(0, 1)}, {epochs: 5});
  assert.deepEqual([0, 10, 20].map(clock), [0, 2.5, 5]);
  assert.equal(ownClock({header: {total_steps: 20}, frames: SNAPSHOTS}, {epochs: 9})(20), 5, "what was measured counts");
});

test("the snapshot after about as many epochs is the nearest one", () => {
  const nearest = [0.4, 0.6, 2.9, 3.1, 99].map((epochs) => nearestByEpochs(SNAPSHOTS, clockOf(SNAPSHOTS), epochs));
  assert.deepEqual(nearest, [0, 1, 1, 2, 2]);
});

test("an axis of steps counts epochs, another one stays as it is", () => {
  const axis = {title: {text: "step", standoff: 6}, time: true, range: [0, 20], tickvals: [0, 10]};
  const expected = {title: {text: TIME.title, standoff: 6}, time: true, range: [0, 5], tickvals: [0, 1]};
  assert.deepEqual(axisOverTime(axis, "xaxis2", TIME), expected);
  assert.equal(axisOverTime(axis, "xaxis2", TIME, true).title.text, "epochs", "a narrow chart has less room");
  assert.equal(axisOverTime(axis, "xaxis", null), axis);
  const other = {title: {text: "layer"}, range: [1, 5]};
  assert.equal(axisOverTime(other, "xaxis", TIME), other);
  assert.equal(axisOverTime({...axis, title: {text: ""}}, "xaxis", TIME).title.text, "", "it has no room for a title");
});

test("rows that go downwards keep their places, with other labels", () => {
  const rows = {title: {text: "step"}, time: true, range: [20.4, -4], tickvals: [0, 10, 20]};
  const {range, tickvals, ticktext, title} = axisOverTime(rows, "yaxis", TIME);
  assert.deepEqual({range, tickvals}, {range: [20.4, -4], tickvals: [0, 10, 20]});
  assert.deepEqual([ticktext, title.text], [["0.0", "1.0", "5.0"], TIME.title]);
});

test("points of a trace move with their axis, gaps stay, and labels name epochs and step", () => {
  const trace = {x: [0, null, 15], y: [1, 2, 3], hovertemplate: "step %{x}: %{y}"};
  const moved = traceOverTime(trace, LAYOUT, TIME, "own");
  assert.deepEqual([moved.x, moved.customdata, moved.hovertemplate], [[0, null, 3], [0, null, 15], "%{x} epochs: %{y}"]);
  assert.deepEqual(traceOverTime({...trace, hovertemplate: null}, LAYOUT, TIME, "other").x, [0, null, 6]);
  const beside = {...trace, xaxis: "x2"};
  assert.equal(traceOverTime(beside, LAYOUT, TIME, "own"), beside);
  assert.equal(traceOverTime(trace, LAYOUT, null, "own"), trace);
});

test("marks at a step move, too", () => {
  const mark = {x0: 10, x1: 10, xref: "x", y0: 0};
  const elsewhere = {...mark, xref: "x2"};
  assert.deepEqual(shapesOverTime([mark, elsewhere], LAYOUT, TIME), [{...mark, x0: 1, x1: 1}, elsewhere]);
  assert.deepEqual(shapesOverTime([mark], LAYOUT, null), [mark]);
});

test("a table has rows by examples seen, and the steps in a column", () => {
  const part = {key: "step", at: [0, 15], columns: {loss: [2, 1]}};
  const moved = {key: TIME.title, at: [0, 6], columns: {step: [0, 15], loss: [2, 1]}};
  assert.deepEqual(rowsOverTime(part, "step", TIME, "other"), moved);
  assert.equal(rowsOverTime(part, "step", null, "own"), part);
  const units = {...part, key: "unit"};
  assert.equal(rowsOverTime(units, "step", TIME, "own"), units);
});
