import assert from "node:assert/strict";
import {test} from "node:test";

import {drawWithinBudget, PanelScheduler} from "../../../bnviz/web/player/core/panel-scheduler.js";

/** A clock that goes on by the cost of what is drawn. */
function slowMachine(cost) {
  let time = 0;
  const drawn = [];
  const draw = (item) => {
    drawn.push(item.name ?? item);
    time += cost;
  };
  return {now: () => time, draw, drawn};
}

test("drawing ends when the budget of the animation frame is spent", () => {
  const {now, draw, drawn} = slowMachine(6);
  assert.equal(drawWithinBudget(["a", "b", "c", "d", "e"], draw, now), false);
  assert.deepEqual(drawn, ["a", "b", "c"]);
  assert.equal(drawWithinBudget(["d", "e"], draw, now), true);
});

test("what is dearer than a budget is drawn all the same, one at a time", () => {
  const {now, draw, drawn} = slowMachine(50);
  assert.equal(drawWithinBudget(["a", "b"], draw, now), false);
  assert.equal(drawWithinBudget(["b"], draw, now), true);
  assert.deepEqual(drawn, ["a", "b"]);
});

test("fast panels go first, those that were drawn longest ago before others", () => {
  const {now, draw, drawn} = slowMachine(1);
  const panels = [
    {name: "slow", fast: false, lastDrawAt: 0},
    {name: "late", fast: true, lastDrawAt: 9},
    {name: "early", fast: true, lastDrawAt: 3},
  ];
  new PanelScheduler(now).run(panels, draw, 100);
  assert.deepEqual(drawn, ["early", "late", "slow"]);
});

test("on a slow machine fast and slow panels take turns, and none starves", () => {
  const {now, draw, drawn} = slowMachine(20);
  const scheduler = new PanelScheduler(now);
  const panels = [
    {name: "slow", fast: false, lastDrawAt: 0},
    {name: "fast", fast: true, lastDrawAt: 0},
  ];
  for (let time = 100; time < 1100; time += 50) scheduler.run(panels, draw, time);
  const slow = drawn.filter((name) => name === "slow").length;
  assert.ok(slow >= 5 && drawn.length - slow >= 5, drawn.join());
});
