// Made by `make documents` from words.toml: change that and make it again.

export interface Words {
  untrained: {name: string | number};
  less: {name: string | number; times: string | number; norm: string | number; compared: string | number; plain: string | number};
  more: {name: string | number; times: string | number; norm: string | number; compared: string | number; plain: string | number};
  alike: {name: string | number; compared: string | number; norm: string | number; plain: string | number};
  both_diverged: {};
  plain_diverged: {norm: string | number; other: string | number};
  compared_diverged: {norm: string | number; other: string | number};
  other_accuracy: {accuracy: string | number};
  neither_learns: {name: string | number; compared: string | number; norm: string | number; plain: string | number};
  plain_idle: {norm: string | number; accuracy: string | number; name: string | number; plain: string | number; compared: string | number};
  compared_idle: {norm: string | number; accuracy: string | number; name: string | number; compared: string | number; plain: string | number};
  no_accuracy: {};
  reached_neither: {goal: string | number; held_out: string | number};
  reached_compared: {goal: string | number; held_out: string | number; compared: string | number; norm: string | number};
  reached_plain: {goal: string | number; held_out: string | number; plain: string | number; norm: string | number};
  reached_together: {goal: string | number; held_out: string | number; plain: string | number; norm: string | number};
  reached_both: {goal: string | number; held_out: string | number; compared: string | number; norm: string | number; plain: string | number};
  noise: {layer: string | number; size: string | number; plain: string | number; compared: string | number; norm: string | number; theory: string | number; plain_a: string | number; compared_a: string | number};
  zeros: {plain: string | number; compared: string | number; norm: string | number};
  beyond_plain: {share: string | number; norm: string | number};
  beyond_compared: {share: string | number; norm: string | number};
  alt_fan: {low: string | number; high: string | number};
  alt_ridges: {share: string | number};
  alt_shift: {shift: string | number};
  alt_learning: {accuracy: string | number; loss: string | number};
  alt_bands: {middle: string | number; low: string | number; high: string | number};
  alt_layers: {means: string | number};
}
