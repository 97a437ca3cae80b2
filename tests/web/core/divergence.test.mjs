import assert from "node:assert/strict";
import {test} from "node:test";

import {divergenceSentence, divergenceStep, hasDiverged} from "../../../bnviz/web/player/words.js";

const part = (loss, more = {}) => ({train_loss: loss, probe_loss: loss, ...more});

/** What is seen at the snapshot of that number: the network without batch norm blows up between steps 310 and 320. */
function at(number, parts) {
  const frames = [300, 310, 320, 330].map((step, index) => ({step, arms: {none: parts[index]}}));
  const shared = {gone: "The network {arm} has diverged at step {step}."};
  return {frame: frames[number], frames: frames.slice(0, number + 1), arms: {none: {name: "without batch norm"}}, shared};
}

const TOLD = [part(1), part(2), part(null, {diverged_at: 311}), part(null, {diverged_at: 311})];
const NOT_TOLD = TOLD.map(({train_loss}) => part(train_loss)); // as recordings of earlier releases

test("a network diverges at the step that the trainer names, whichever snapshot is on show, and not before one shows it", () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((number) => divergenceStep(at(number, TOLD), "none")),
    [null, null, 311, 311],
  );
  assert.equal(divergenceSentence(at(3, TOLD), "none"), "The network without batch norm has diverged at step 311.");
});

test("where a recording does not name it, it is the step of the first snapshot that shows it", () => {
  assert.equal(divergenceStep(at(3, NOT_TOLD), "none"), 320);
});

test("a network whose last minibatch had no finite loss has diverged, whatever the probe says", () => {
  assert.ok(hasDiverged({arms: {none: part(1, {diverged_at: 7})}}, "none"));
  assert.ok(!hasDiverged({arms: {none: part(1)}}, "none"));
});
