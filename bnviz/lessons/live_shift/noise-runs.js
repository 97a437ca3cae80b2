// @ts-check
// The runs that tell noisy gradients from noisy statistics: their settings, each made from those of another. In the small run
// minibatches are small. In the averaged run statistics come from as few examples, but gradients from many. In the control run
// statistics come from as many, too. Where minibatches become small on the way, all runs are the same until that step.

/** @typedef {Record<string, any>} Experiment every field of an experiment */
/** @typedef {Record<string, string | number>} Values of some fields */
/** @typedef {{step: number, name: string, value: string}} Entry of the field `changes` */
/** @typedef {{batch: number, ghost: number, since: number}} Sizes in force, and since which step; 0: from the start */

const LARGE = 64; // examples of a minibatch whose gradients are far less noisy
const BATCH = "batch_size";
const GHOST = "ghost_batch_size";

/**
 * @param {Experiment} experiment
 * @returns {Entry[]} by step
 */
function entries({changes = ""}) {
  const parts = [...changes.matchAll(/(\d+):(\w+)=([^;]+)/g)];
  return parts.map(([, step, name, value]) => ({step: Number(step), name, value}));
}

/**
 * The field `changes` as a header has it: by step, then by name.
 * @param {Entry[]} list
 */
function textOf(list) {
  const sorted = [...list].sort((one, other) => one.step - other.step || (one.name < other.name ? -1 : 1));
  return sorted.map(({step, name, value}) => `${step}:${name}=${value}`).join(";");
}

/** @param {Entry} entry */
const isSize = ({name}) => name === BATCH || name === GHOST;

/**
 * The sizes of minibatches and ghost batches at a step.
 * @param {Experiment} experiment
 * @param {number} step
 * @returns {Sizes}
 */
export function sizesAt(experiment, step) {
  const sizes = {batch: Number(experiment[BATCH]), ghost: Number(experiment[GHOST]), since: 0};
  for (const entry of entries(experiment)) {
    if (!isSize(entry) || entry.step > step) continue;
    sizes[entry.name === BATCH ? "batch" : "ghost"] = Number(entry.value);
    sizes.since = entry.step;
  }
  return sizes;
}

/**
 * Other sizes in the place of those in force: from the step at which those came, or from the start.
 * @param {Experiment} experiment
 * @param {number} since
 * @param {{batch: number, ghost: number}} sizes
 * @returns {Values}
 */
function withSizes(experiment, since, {batch, ghost}) {
  if (!since) return {[BATCH]: batch, [GHOST]: ghost, changes: textOf(entries(experiment))};
  const before = sizesAt(experiment, since - 1);
  const rest = entries(experiment).filter((entry) => !(isSize(entry) && entry.step === since));
  if (batch !== before.batch) rest.push({step: since, name: BATCH, value: String(batch)});
  if (ghost !== before.ghost) rest.push({step: since, name: GHOST, value: String(ghost)});
  return {changes: textOf(rest)};
}

/**
 * The averaged run of a run whose minibatches are small at a step; null if they are split into ghost batches there.
 * @param {Experiment} experiment
 * @param {number} step
 * @returns {{values: Values, since: number, batch: number} | null} since which step its minibatches have `batch` examples
 */
export function averagedRun(experiment, step) {
  const {batch: size, ghost, since} = sizesAt(experiment, step);
  if (ghost) return null;
  const batch = since ? Math.max(LARGE, sizesAt(experiment, since - 1).batch) : LARGE;
  return {values: withSizes(experiment, since, {batch, ghost: size}), since, batch};
}

/**
 * The small run of a run whose minibatches are split into ghost batches at a step; null if they are not, or are small themselves.
 * @param {Experiment} experiment
 * @param {number} step
 * @returns {{values: Values, since: number, size: number} | null} since which step its minibatches have `size` examples
 */
export function smallRun(experiment, step) {
  const {batch, ghost: size, since} = sizesAt(experiment, step);
  if (size < 2 || batch < LARGE || size >= batch) return null;
  return {values: withSizes(experiment, since, {batch: size, ghost: 0}), since, size};
}

/**
 * The control run of an averaged run; null for other runs.
 * @param {Experiment} averaged
 * @param {number} step
 * @returns {{values: Values, since: number, batch: number} | null} since which step its statistics are of all `batch` examples
 */
export function controlRun(averaged, step) {
  const {batch, since} = sizesAt(averaged, step);
  return smallRun(averaged, step) && {values: withSizes(averaged, since, {batch, ghost: 0}), since, batch};
}

/**
 * Whether one run is the averaged one of the other, at a step and in every other setting.
 * @param {Experiment} averaged
 * @param {Experiment} small
 * @param {number} step
 */
export const isPair = (averaged, small, step) => hasValues(small, averaged, smallRun(averaged, step));

/**
 * Whether one run is the control of an averaged one, at a step and in every other setting.
 * @param {Experiment} averaged
 * @param {Experiment} control
 * @param {number} step
 */
export const isControl = (averaged, control, step) => hasValues(control, averaged, controlRun(averaged, step));

/**
 * Whether a run is another one with these values; none is, without values.
 * @param {Experiment} run
 * @param {Experiment} origin
 * @param {{values: Values} | null} change
 */
function hasValues(run, origin, change) {
  if (!change) return false;
  /** @type {Experiment} */
  const expected = {...origin, ...change.values};
  return Object.keys(expected).every((name) =>
    name === "changes" ? expected.changes === textOf(entries(run)) : expected[name] === run[name],
  );
}
