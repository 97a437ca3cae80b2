// Made by `make documents` from words.toml: change that and make it again.

export interface Words {
  beginning: {};
  no_running: {norm: string | number; learnt: string | number};
  not_measured: {};
  seen: {step: string | number; norm: string | number; minibatch: string | number; running: string | number; recomputed: string | number};
  seen_loss: {step: string | number; norm: string | number; minibatch: string | number; running: string | number; recomputed: string | number};
  cause_none: {threshold: string | number};
  cause_start: {count: string | number; left: string | number};
  cause_drift: {drift: string | number};
  cause_noise: {part: string | number};
  cause_offset: {offset: string | number};
  cause_bessel: {size: string | number; less: string | number; uncorrected: string | number};
  cause_data: {distance: string | number; own: string | number};
  cause_batch: {size: string | number; minibatch: string | number};
  views_own: {own: string | number};
  now: {step: string | number; minibatch: string | number; running: string | number; recomputed: string | number};
  layers_now: {step: string | number; mean: string | number; layer: string | number; std: string | number};
  causes_now: {step: string | number; start: string | number; drift: string | number; noise: string | number; offset: string | number; together: string | number; measured: string | number; distance: string | number};
  law_now: {step: string | number; drift: string | number; noise: string | number; momentum: string | number; law: string | number; measured: string | number; best: string | number; best_error: string | number; averaged: string | number; averaged_error: string | number};
  bessel_now: {step: string | number; size: string | number; factors: string | number; last: string | number; factor: string | number; spread: string | number; expected: string | number};
  evaluated_now: {step: string | number; scores: string | number};
  plain_own: {plain: string | number};
  learnt: {step: string | number; held_out: string | number; scores: string | number};
  learnt_loss: {step: string | number; held_out: string | number; scores: string | number};
  alt_layers: {mean: string | number; std: string | number; last: string | number};
  alt_list: {most: string | number; last: string | number};
  wait: {};
  answer_none: {norm: string | number};
  answer_right: {prediction: string | number; running: string | number; minibatch: string | number};
  answer_wrong: {prediction: string | number; verdict: string | number; running: string | number; minibatch: string | number};
}
