// Made by `make documents` from words.toml: change that and make it again.

export interface Words {
  hands_on: {layer: string | number; next: string | number};
  hands_on_last: {layer: string | number};
  sums: {layer: string | number};
  enters: {layer: string | number};
  untrained: {name: string | number};
  less: {name: string | number; times: string | number; norm: string | number; learning: string | number};
  more: {name: string | number; times: string | number; norm: string | number; learning: string | number};
  alike: {name: string | number; norm: string | number; learning: string | number};
  accuracies: {compared: string | number; plain: string | number};
  losses: {compared: string | number; plain: string | number};
  better: {figures: string | number};
  worse: {figures: string | number; why: string | number};
  as_well: {figures: string | number};
  neither_learns: {figures: string | number};
  plain_idle: {figures: string | number; why: string | number};
  compared_idle: {figures: string | number; why: string | number};
  noisy: {size: string | number};
  both_diverged: {step: string | number};
  plain_diverged: {norm: string | number; step: string | number; other: string | number};
  compared_diverged: {norm: string | number; step: string | number; other: string | number};
  other_accuracy: {accuracy: string | number};
  other_loss: {loss: string | number};
  moved: {both: string | number};
  moved_of: {first: string | number; last: string | number};
  no_accuracy: {};
  reached_neither: {goal: string | number; held_out: string | number};
  reached_compared: {goal: string | number; held_out: string | number; compared: string | number; norm: string | number; open: string | number};
  reached_plain: {goal: string | number; held_out: string | number; plain: string | number; norm: string | number; open: string | number};
  open_plain: {};
  open_compared: {};
  reached_together: {goal: string | number; held_out: string | number; plain: string | number; norm: string | number};
  reached_both: {goal: string | number; held_out: string | number; compared: string | number; norm: string | number; plain: string | number};
  noise: {layer: string | number; size: string | number; measured: string | number; theory: string | number};
  noise_of: {z: string | number; layer: string | number; a: string | number};
  zeros: {shares: string | number};
  beyond_plain: {share: string | number; norm: string | number};
  beyond_compared: {share: string | number; norm: string | number};
  alt_fan: {low: string | number; high: string | number};
  alt_ridges: {share: string | number};
  alt_shift: {shift: string | number};
  alt_losses: {test: string | number; loss: string | number};
  alt_learning: {accuracy: string | number; loss: string | number};
  alt_bands: {middle: string | number; low: string | number; high: string | number};
  alt_layers: {means: string | number};
}
