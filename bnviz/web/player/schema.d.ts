// Made by `make documents` from bnviz/record/schema.py and the measures: change that and make it again.

export type Tap = "linear" | "normalized" | "activation";

/** A decoded typed array: the last axis of every array in a recording. */
export type Row = Float32Array | Float64Array | Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;

export interface Header {
  /** `header` */
  type: "header";
  /** version of this description */
  format: number;
  /** sixteen hex digits, a hash of the format and of every field */
  id: string;
  /** every field of the experiment */
  experiment: Record<string, any>;
  /** SHA-256 of the file of an own data set. It is part of the id */
  contents?: string;
  /** the networks that train: `none`, then the compared one, then requested others */
  arms: string[];
  /** how many hidden layers there are */
  hidden_layers: number;
  /** `linear` z, `normalized` (what enters the nonlinearity), `activation` a */
  taps: Tap[];
  /** edges of the histograms, the same for all arms, layers and steps */
  edges: Record<Tap, Row>;
  /** number of held-out examples on which distributions are measured */
  probe_size: number;
  /** steps of the whole run */
  total_steps: number;
  /** number of classes, or of numbers to predict */
  classes: number;
  /** units with their own histograms, counted from 0 */
  watched_units: number[];
  /** which percentiles are recorded [%] */
  percentiles: number[];
  /** examples that training normalizes together, before any change [examples] */
  group_size: number;
  /** releases of `bnviz`, `torch` and `python` that computed it */
  versions: Record<string, any>;
}

export interface OwnHeader {
  /** `header` */
  type: "header";
  /** version of this description */
  format: number;
  /** sixteen hex digits, drawn at random */
  id: string;
  /** name of the recording */
  title?: string;
  /** names of the networks that train, 1 to 4; `model` for a single one */
  arms: string[];
  /** how many layers are recorded */
  hidden_layers: number;
  /** `linear`: input of a normalizer; `normalized`: its output; `activation`: input of the next layer */
  taps: Tap[];
  /** edges of each layer's histograms, the same for all arms and steps; outer bins are wider */
  edges: Record<Tap, Row[]>;
  /** the layers of the first arm, in the order of calls: see the table below */
  layers: {
    name: string;
    kind: string;
    normalizer: string;
    source: string;
    repeat: number;
    momentum: number | null;
    idle_bias: boolean;
    width: number;
    units: number[];
    values: number;
    tap_values?: number[];
    bounds?: [number, number];
  }[];
  /** the layers of other arms, by the name of the arm */
  arm_layers?: Record<string, any>;
  /** number of layers, empty ones included. Of more than 64, 64 are recorded, spread evenly */
  layers_found: number;
  /** the same for other arms, by name */
  arm_layers_found?: Record<string, any>;
  /** the view of distributions: `training`, or `evaluation` if the probe cannot be measured as in training */
  view: string;
  /** number of examples on which distributions are measured, or `null` */
  probe_size: number | null;
  /** steps of the whole training, or `null` if they were not given */
  total_steps: number;
  /** number of classes, or `null` */
  classes: number;
  /** recorded units with their own histograms, counted from 0 */
  watched_units: number[];
  /** which percentiles are recorded [%] */
  percentiles: number[];
  /** names of the weights that have gradients and updates, at most 64, of the first arm */
  parameters: string[];
  /** the same for other arms, by name */
  arm_parameters?: Record<string, any>;
  /** releases of `bnviz`, `torch` and `python` that computed it */
  versions: Record<string, any>;
}

export interface ArmPart {
  /** its normalizer at this snapshot, a key of `NORMALIZERS`; `none` without one */
  normalizer: string;
  /** mean loss over the minibatches since the last snapshot; at step 0 the first, without dropout or noise [nats or squared error] */
  train_loss: number;
  /** share of right answers over the minibatches since the last snapshot; at step 0 the first, without dropout or noise; `null` where numbers are predicted [share] */
  train_accuracy: number;
  /** loss on the probe, normalized with the probe's own statistics (training view) [nats or squared error] */
  probe_loss: number;
  /** loss on the held-out examples, with running statistics (evaluation view) [nats or squared error] */
  test_loss: number;
  /** share of right answers there; `null` where numbers are predicted [share] */
  test_accuracy: number;
  /** histogram of all units of the layer together [values] */
  counts: Record<Tap, Row[]>;
  /** values below the first bin [values] */
  underflow: Record<Tap, Row>;
  /** values above the last bin [values] */
  overflow: Record<Tap, Row>;
  /** values that are not finite: with `counts`, `underflow` and `overflow` they add up to all values [values] */
  nonfinite: Record<Tap, Row>;
  /** values of exactly 0, as from ReLU. They are in `counts`, too [values] */
  zeros: Record<Tap, Row>;
  /** mean of all units of the layer together */
  mean: Record<Tap, Row>;
  /** standard deviation of all units of the layer together */
  std: Record<Tap, Row>;
  /** percentiles of all units of the layer together, those in the header */
  percentiles: Record<Tap, Row[]>;
  /** how far units' distributions have moved from the untrained network: a shift [σ] */
  shift_from_first: Record<Tap, Row>;
  /** the same from the snapshot before, in σ at that snapshot [σ] */
  shift_step: Record<Tap, Row>;
  /** mean of each unit, rounded to a power of two from 1/128 to 1/64 of the layer's root mean square, which compresses well */
  unit_mean: Record<Tap, Row[]>;
  /** standard deviation of each unit, rounded alike */
  unit_std: Record<Tap, Row[]>;
  /** histogram of each watched unit [values] */
  unit_counts: Record<Tap, Row[][]>;
  /** values of exactly 0 of each watched unit [values] */
  unit_zeros: Record<Tap, Row[]>;
  /** ‖∂loss/∂W‖ of the last step, over all its minibatches, output layer last */
  gradient_norm: Row;
  /** the first step whose loss was not finite */
  diverged_at?: number;
  /** α of each layer */
  alpha?: Row;
  /** how far the same examples' values have moved since the snapshot before: root mean square over probe and units, normalized with the probe's own statistics [σ] */
  example_step?: Record<Tap, Row>;
  /** the same of the probe's first examples, in place of examples of the next minibatch [σ] */
  example_step_in_training?: Record<Tap, Row>;
  /** how far the weights alone would have moved them, in the previous minibatch [σ] */
  example_step_weights?: Record<Tap, Row>;
  /** how far the new minibatch, and noise, have moved them in addition [σ] */
  example_step_mates?: Record<Tap, Row>;
  /** `example_step_in_training` of each unit, in 1/16 of the layer's */
  unit_example_step?: Record<Tap, Row[]>;
  /** distance of means of the next minibatch from the probe's, root mean square [σ] */
  mean_noise?: Record<Tap, Row>;
  /** distance of its variances from the probe's, root mean square [σ²] */
  variance_noise?: Record<Tap, Row>;
  /** the same for independent draws, in theory. For the mean it is √(1/`group_size` + 1/`probe_size`) [σ²] */
  variance_noise_theory?: Record<Tap, Row>;
  /** mean of each unit on the first group normalized together, rounded */
  minibatch_mean?: Record<Tap, Row[]>;
  /** standard deviation of each unit there, rounded */
  minibatch_std?: Record<Tap, Row[]>;
  /** the numbers that normalize a few examples of the next minibatch */
  unit_examples?: {
    /** z of the first eight examples, fewer if fewer are normalized together, rounded to 1/256 of its root mean square over them */
    z: Row[][];
    /** how many values are normalized together [examples or units] */
    together?: number;
    /** ε, which is added to the variance */
    epsilon?: number;
    /** mean of z over the first group normalized together */
    mean?: Row[];
    /** running mean */
    running_mean?: Row[];
    /** its variance there, divided by `together` */
    variance?: Row[];
    /** running variance, divided by one less */
    running_variance?: Row[];
    /** γ, not rounded */
    gamma?: Row[];
    /** β, not rounded */
    beta?: Row[];
    /** mean of z over units */
    example_mean?: Row[][];
    /** variance of z over units */
    example_variance?: Row[][];
    /** mean of z² over units */
    example_square?: Row[][];
    /** α, not rounded */
    alpha?: Row;
  };
  /** α of SkipInit of each layer; NaN for the first layer */
  skip_scale?: Row;
  /** number of held-out animals; half of them are cats */
  coat_animals?: number;
  /** share recognized of each class, held-out animals painted from black (first row) to fully coloured (last) [share] */
  coat_recall?: Row[];
  /** the same with running statistics of coloured training animals [share] */
  coat_recall_recomputed?: Row[];
  /** from black animals to coloured ones: `statistics.shift` [σ] */
  coat_shift?: Record<Tap, Row>;
  /** the same with recomputed statistics [σ] */
  coat_shift_recomputed?: Record<Tap, Row>;
  /** the same of the inputs, whose pixels are the units [σ] */
  coat_input_shift?: number;
  /** histogram of each watched unit on black and on coloured animals [animals] */
  coat_counts?: Record<Tap, Row[][][]>;
  /** values of exactly 0 there [animals] */
  coat_zeros?: Record<Tap, Row[][]>;
  /** pixels by brightness from 0 to 1, on black and on coloured animals [pixels] */
  coat_input_counts?: Row[];
  /** of ẑ on the probe, training view */
  standardized?: {
    /** histogram, as of a tap, with the edges of `normalized` [values] */
    counts: Row[];
    /** values of exactly 0 [values] */
    zeros: Row;
    /** as of a tap, with the edges of `normalized` */
    percentiles: Row[];
    /** mean of all units of the layer together */
    mean: Row;
    /** standard deviation of all units of the layer together */
    std: Row;
    /** smallest and largest mean of a unit */
    mean_range: Row[];
    /** smallest and largest standard deviation of a unit */
    std_range: Row[];
    /** histogram of each watched unit [values] */
    unit_counts: Row[][];
    /** values of exactly 0 of each watched unit [values] */
    unit_zeros: Row[];
  };
  /** γ of each unit, rounded like `unit_mean` */
  gamma?: Row[];
  /** β of each unit, rounded like `unit_mean` */
  beta?: Row[];
  /** ‖G−G′‖; G is the next gradient of W[l], G′ the same after the step of the layers below; 0 for layer 1 */
  gradient_shift?: Row;
  /** ‖G−G′‖/‖G‖; 0 for layer 1 [share] */
  gradient_shift_relative?: Row;
  /** cosine of G and G′; 1 for layer 1 */
  gradient_cosine?: Row;
  /** the held-out example number `example` among others */
  microscope?: {
    /** examples in a minibatch, at most half of the training examples [examples] */
    sizes: Row;
    /** minibatches of each size, the same ones at every snapshot and for both arms */
    draws: number;
    /** number of steps of `activation` */
    levels: number;
    /** smallest and largest a of each watched unit */
    range: Row[][];
    /** a of the watched units with running statistics */
    used: Row[];
    /** prediction for the example with running statistics */
    used_prediction: number;
    /** the example in place of the first one of every minibatch, training view */
    mates: {
      /** a of the watched units in steps from 0 to `levels` over `range`; one step more if a is not finite [steps] */
      activation: Row[][][];
      /** standard deviation of a over draws, root mean square over all units */
      activation_sd: Row[];
      /** probability of its class, or the first number predicted */
      prediction: Row[];
      /** standard deviation of that over draws */
      prediction_sd: Row;
      /** share of draws with another class than running statistics give [share] */
      changed: Row;
    };
    /** the example with running statistics, dropout after every hidden layer */
    dropout?: {
      /** a of the watched units in steps from 0 to `levels` over `range`; one step more if a is not finite [steps] */
      activation: Row[][][];
      /** standard deviation of a over draws, root mean square over all units */
      activation_sd: Row[];
      /** probability of its class, or the first number predicted */
      prediction: Row[];
      /** standard deviation of that over draws */
      prediction_sd: Row;
      /** share of draws with another class than running statistics give [share] */
      changed: Row;
    };
    /** dropout rate with the same variation of a[2], by bisection with 256 masks; NaN if it is above 0.9 [share] */
    dropout_rate?: Row;
    /** standard deviation of the mean of z over minibatches, root mean square over units [σ] */
    mean_sd: Row[];
    /** the same for draws without replacement, in theory: `statistics.subset_mean_theory` [σ] */
    mean_sd_theory: Row;
    /** the same of the unbiased variance of z [σ²] */
    variance_sd: Row[];
    /** the same for draws without replacement, in theory: `statistics.subset_variance_theory` [σ²] */
    variance_sd_theory: Row[];
  };
  /** the network in three views, dropout off; σ is the root mean square over a layer's units of their recomputed standard deviations */
  evaluation?: {
    /** on the held-out examples in minibatches as large as in training, each with its statistics [nats or squared error] */
    minibatch_loss: number;
    /** the same [share] */
    minibatch_accuracy: number;
    /** on the held-out examples, with running statistics [nats or squared error] */
    running_loss: number;
    /** the same [share] */
    running_accuracy: number;
    /** on the held-out examples, with statistics recomputed over the training set in one pass [nats or squared error] */
    recomputed_loss: number;
    /** the same [share] */
    recomputed_accuracy: number;
    /** on the held-out examples, with the statistics of all of them together [nats or squared error] */
    own_loss: number;
    /** the same [share] */
    own_accuracy: number;
    /** on the held-out examples, with running statistics, but variances without Bessel's correction above layer 1 [nats or squared error] */
    uncorrected_loss?: number;
    /** the same [share] */
    uncorrected_accuracy?: number;
    /** distance of running means of z from recomputed ones, root mean square over units [σ] */
    mean_error: Row;
    /** distance of running standard deviations of z from recomputed ones, root mean square [σ] */
    std_error: Row;
    /** recomputed means of z, root mean square [σ] */
    mean_size: Row;
    /** standard deviation over training minibatches of their means of z, root mean square [σ] */
    mean_noise: Row;
    /** distance of means of z of the held-out examples from recomputed ones, root mean square [σ] */
    mean_distance: Row;
    /** distance between means of z with each training minibatch normalized by itself and with all normalized together, root mean square [σ] */
    mean_offset?: Row;
    /** running variances divided by those that normalize in training (with n in the denominator): means over units and minibatches */
    variance_factor?: Row;
    /** spread of the nonlinearity's inputs over held-out examples with running statistics, relative to minibatch statistics; root mean squares over units */
    spread?: Row;
  };
  /** on the held-out animals, all coloured, dropout off [nats or squared error] */
  evaluated_loss?: number;
  /** the same [share] */
  evaluated_accuracy?: number;
  /** on the held-out examples without what changes add to inputs, evaluation view [nats or squared error] */
  unshifted_loss?: number;
  /** the same [share] */
  unshifted_accuracy?: number;
  /** ‖W[l]‖, the root of the sum of squares of a hidden layer's weights */
  weight_norm?: Row;
  /** the learning rate that the next step has for the hidden layers' weights */
  hidden_rate?: number;
  /** the first step since the last snapshot whose training loss was NaN or infinite */
  nonfinite_loss_step?: number;
  /** losses of this snapshot that are `null` because they are NaN or infinite */
  nonfinite_losses?: any[];
  /** share of right answers on the probe, as in training; `null` without classes [share] */
  probe_accuracy?: number;
  /** loss on the probe in evaluation: with running statistics, without dropout */
  evaluation_loss?: number;
  /** share of right answers there; `null` without classes [share] */
  evaluation_accuracy?: number;
  /** the same, with statistics recomputed over some batches */
  recomputed_loss?: number;
  /** share of right answers there [share] */
  recomputed_accuracy?: number;
  /** ‖change‖ / ‖weight‖ of each of these in the last step; NaN if unknown */
  update_ratio?: Row;
  /** distance of running means from the probe's, root mean square over units; NaN without running means [σ] */
  running_mean_error?: Row;
  /** the same for running standard deviations [σ] */
  running_std_error?: Row;
  /** number of updates of running statistics; NaN without them [steps] */
  updates_seen?: Row;
  /** share of recorded units whose activation is 0 for all examples; NaN if unknown [share] */
  dead_units?: Row;
  /** share whose activation spreads less than 1/50 of their input times the steepest slope; NaN if it is pooled [share] */
  saturated_units?: Row;
  /** share of units with 95 % of the activation within 1/100 of its range from a bound; NaN without bounds [share] */
  units_at_bounds?: Row;
  /** values of a unit that training normalizes together; NaN if unknown [values] */
  normalized_together?: Row;
  /** 1 if adding 1 to the bias before a normalizer changes no output in the training view, else 0 */
  idle_bias?: Row;
  /** 1 if batch norm trained with running statistics, else 0; NaN without batch norm */
  frozen?: Row;
}

export interface Snapshot {
  /** `snapshot` */
  type: "snapshot";
  /** 0 is the untrained network, the last one the trained network */
  index: number;
  /** steps taken before it */
  step: number;
  /** examples trained on before it, in passes over all of them */
  epoch: number;
  /** examples of the next minibatch that are normalized together, before any change [examples] */
  group_size: number;
  /** for each arm the keys of the next table */
  arms: Record<string, ArmPart>;
}

export interface End {
  /** `end` */
  type: "end";
  /** `finished`, `diverged`, `stopped` or `failed` */
  status: "finished" | "diverged" | "stopped" | "failed";
  /** a sentence, or nothing */
  message: string;
  /** computing time [s] */
  seconds: number;
  /** findings, each with `kind`, `arm`, `layer`, `step`, `numbers`, `certainty` and its `sentence` */
  findings?: any[];
  /** findings that nothing was recorded for, each with the reason, as in `bnviz/judge/network/words.toml` */
  not_looked_for?: Record<string, any>;
}

export type Message = Header | Snapshot | End;
