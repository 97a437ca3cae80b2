// Recordings of made-up networks of somebody's own, as bnviz.record writes them: arms, layers, widths, taps and measures vary.

/** A packed array, as recordings have them. */
export function packed(kind, shape, values) {
  const types = {f4: Float32Array, u4: Uint32Array};
  const bytes = new Uint8Array(types[kind].from(values).buffer);
  return {dtype: kind, bdata: Buffer.from(bytes).toString("base64"), shape: shape.join(", ")};
}

/** Numbers that are always the same: a small linear congruential generator, 0…1. */
export function numbers(seed) {
  let state = seed * 2654435761 + 1;
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

const TAPS = ["linear", "normalized", "activation"];
const BINS = 12;
const VALUES = 40; // a unit and tap

/**
 * The lines of a recording. `widths` are those of the recorded units, layer by layer.
 */
export function ownLines({
  arms = ["model"],
  widths = [3, 8],
  snapshots = 6,
  every = 10,
  taps = TAPS,
  watched = 2,
  seed = 1,
  total = null,
  end = "finished",
  evaluation = true,
  histograms = true,
  ...more
} = {}) {
  const next = numbers(seed);
  const header = headerOf({arms, widths, taps, watched, total, next, ...more});
  const width = Math.max(...widths);
  const frames = Array.from({length: snapshots}, (_, index) => ({
    ...{type: "snapshot", index, step: index * every, epoch: null},
    arms: Object.fromEntries(
      arms.map((arm) => [arm, partOf({widths, width, taps, watched, next, evaluation, histograms, index})]),
    ),
  }));
  const ending = end ? [{type: "end", status: end, message: "", seconds: 1}] : [];
  return [header, ...frames, ...ending].map((message) => JSON.stringify(message));
}

function headerOf({arms, widths, taps, watched, total, next, ...more}) {
  const layers = widths.map((width, index) => ({
    ...{name: `blocks.${index}.fc`, kind: index % 2 ? "Conv2d" : "Linear", normalizer: index % 3 ? "BatchNorm1d" : ""},
    ...{width: 2 * width, units: Array.from({length: width}, (_, unit) => 2 * unit), values: VALUES},
  }));
  const edges = () => widths.flatMap(() => edgesOf(1 + 4 * next()));
  return {
    ...{type: "header", format: 1, id: "0123456789abcdef", arms, hidden_layers: widths.length, taps, layers},
    edges: Object.fromEntries(taps.map((tap) => [tap, packed("f4", [widths.length, BINS + 1], edges())])),
    ...{probe_size: VALUES, total_steps: total, classes: null, watched_units: Array.from({length: watched}, (_, unit) => unit)},
    ...{percentiles: [15, 50, 85], versions: {bnviz: "1", torch: "2", python: "3"}, ...more},
  };
}

/** Even in the middle, coarser outwards. */
function edgesOf(reach) {
  const inner = Array.from({length: BINS - 1}, (_, bin) => reach * (-1 + (2 * bin) / (BINS - 2)));
  return [-10 * reach, ...inner, 10 * reach];
}

function partOf({widths, width, taps, watched, next, evaluation, histograms, index}) {
  const layers = widths.length;
  const byTap = (make) => Object.fromEntries(taps.map((tap) => [tap, make()]));
  const perLayer = () => packed("f4", [layers], widths.map(next));
  const perUnit = () =>
    packed(
      "f4",
      [layers, width],
      widths.flatMap((units) => Array.from({length: width}, (_, unit) => (unit < units ? next() - 0.5 : NaN))),
    );
  const counts = (units) => {
    const filled = Array.from({length: layers * units}, () => histogram(next)).flat();
    return packed("u4", units > 1 ? [layers, units, BINS] : [layers, BINS], filled);
  };
  const measures = {
    ...{train_loss: index ? 2 / index : null, probe_loss: 2 - 0.1 * index, probe_accuracy: null},
    ...{unit_mean: byTap(perUnit), unit_std: byTap(perUnit), mean: byTap(perLayer), std: byTap(perLayer)},
    ...{
      shift_from_first: byTap(perLayer),
      shift_step: byTap(perLayer),
      nonfinite: byTap(() =>
        packed(
          "u4",
          [layers],
          widths.map(() => 0),
        ),
      ),
    },
    percentiles: byTap(() =>
      packed(
        "f4",
        [layers, 3],
        widths.flatMap(() => [-0.5, next() / 10, 0.5]),
      ),
    ),
    gradient_norm: perLayer(),
  };
  const running = {evaluation_loss: 2, evaluation_accuracy: null, running_mean_error: perLayer(), running_std_error: perLayer()};
  const zeros = () =>
    packed(
      "u4",
      [layers],
      widths.map(() => 2),
    );
  const watchedZeros = () =>
    packed(
      "u4",
      [layers, watched],
      widths.flatMap(() => Array(watched).fill(1)),
    );
  const distributions = {
    ...{counts: byTap(() => counts(1)), zeros: byTap(zeros), unit_zeros: byTap(watchedZeros)},
    unit_counts: byTap(() =>
      packed("u4", [layers, watched, BINS], Array.from({length: layers * watched}, () => histogram(next)).flat()),
    ),
  };
  return {...measures, ...(evaluation ? running : {}), ...(histograms ? distributions : {})};
}

/** VALUES in bins. */
function histogram(next) {
  const bins = Array(BINS).fill(0);
  for (let value = 0; value < VALUES; value++) bins[Math.floor(next() * BINS)] += 1;
  return bins;
}

/** A stream of a text in pieces of so many bytes. */
export function streamOf(text, size = 1000) {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, (at += size)));
    },
  });
}

/** A source of a text, as files are. */
export const sourceOf = (text, size) => ({name: "made-up.ndjson", open: async () => streamOf(text, size)});
