// Made by `make documents` from words.toml: change that and make it again.

export interface Words {
  not_trained: {};
  no_rate: {};
  beginning: {norm: string | number};
  same: {norm: string | number; step: string | number; growth: string | number; gap: string | number};
  one_way: {step: string | number; gap: string | number};
  apart: {norm: string | number; first: string | number; visible: string | number; step: string | number; gap: string | number};
  rounded: {step: string | number; gap: string | number};
  lost: {norm: string | number; step: string | number; gap: string | number};
  gap: {gap: string | number};
  no_gap: {};
  copy_lost: {};
  rate_lost: {};
  both_lost: {};
  wait: {};
  answer_lost: {norm: string | number; prediction: string | number};
  answer_right: {norm: string | number; prediction: string | number; step: string | number; gap: string | number};
  answer_wrong: {norm: string | number; prediction: string | number; step: string | number; gap: string | number};
  answer_close: {norm: string | number; prediction: string | number; step: string | number; gap: string | number};
  gaps: {all: string | number; rounding: string | number};
  grown: {growth: string | number; norm: string | number; layer: string | number; times: string | number};
  changed: {step: string | number; layer: string | number; factor: string | number; norm: string | number; before: string | number; after: string | number; rate: string | number; now: string | number; recovered: string | number};
  evaluated: {held_out: string | number; found: string | number};
  evaluated_two: {norm: string | number; own: string | number; other: string | number; probe: string | number; own_probe: string | number; other_probe: string | number};
  evaluated_one: {norm: string | number; own: string | number; other: string | number};
  evaluated_apart: {norm: string | number; own: string | number; other: string | number};
  learnt: {step: string | number; scores: string | number; scope: string | number};
  learnt_loss: {step: string | number; scores: string | number; scope: string | number};
  alt_alone: {own: string | number};
  alt_pair: {own: string | number; other: string | number};
}
