import assert from "node:assert/strict";
import {test} from "node:test";

import {Store} from "../../../bnviz/web/player/core/store.js";

const recorder = (store, selector) => {
  const values = [];
  const stop = store.subscribe(selector, (value) => values.push(value));
  return {values, stop};
};

test("a listener hears of the value at once, and then only when it has changed", () => {
  const store = new Store({step: 0, speed: 1});
  const {values, stop} = recorder(store, ({step}) => step);
  store.update({speed: 2});
  store.update({step: 3});
  store.update({step: 3});
  stop();
  store.update({step: 4});
  assert.deepEqual(values, [0, 3]);
  assert.deepEqual(store.get(), {step: 4, speed: 2});
});

test("arrays and plain objects with the same values are the same, others are not", () => {
  const store = new Store({pair: [1, 2], date: new Date(0)});
  const pairs = recorder(store, ({pair}) => ({pair: pair[0], sum: pair[1]}));
  const dates = recorder(store, ({date}) => date);
  store.update({pair: [1, 2], date: new Date(0)});
  assert.equal(pairs.values.length, 1);
  assert.equal(dates.values.length, 2);
});

test("a listener may update the store: all hear of the newest value, none twice", () => {
  const store = new Store({step: 0, limit: 5});
  store.subscribe(
    ({step}) => step,
    (step) => step > 5 && store.update({step: 5}),
  );
  const {values} = recorder(store, ({step}) => step);
  store.update({step: 9});
  assert.deepEqual(values, [0, 5]);
});
