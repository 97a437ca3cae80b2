// @ts-check
// Four remedies for a gap between train() and eval(): what each changes in the experiment, and what a run of it has come to.
// Nothing here knows a page.

/** @typedef {Record<string, string | number>} Values fields of an experiment */
/** @typedef {"recomputed" | "momentum" | "batches" | "normalizer"} Name of a remedy */
/** @typedef {{values: Values, label: string, size: number}} Remedy fields that differ, and the key and number of its label */
/**
 * What a finished run has come to. Scores are accuracies, or losses where there are no classes; `better` says which way.
 * @typedef {object} Outcome
 * @property {number} minibatch in train()
 * @property {number} running in eval()
 * @property {number | null} recomputed with recomputed statistics
 * @property {[number, number][]} curve step and score in eval(), snapshot by snapshot
 * @property {number[]} losses in training, snapshot by snapshot
 * @property {string} colour of its network
 * @property {number} examples that one step trains on
 * @property {number} passSteps how many steps train on as many examples as the training set has
 * @property {boolean} accurate whether the scores are accuracies
 */

export const NAMES = /** @type {Name[]} */ (["recomputed", "momentum", "batches", "normalizer"]);
export const MOMENTA = [0.001, 0.01, 0.03, 0.1, 0.3, 1];
const LARGEST = 1024; // minibatch
const LARGE = 128; // enough that minibatches are no longer small: then groups are tried
const GROUP = 32;

/**
 * Each remedy of an experiment, null where it is none.
 * @param {Record<string, any>} experiment
 * @param {number} momentum the best one
 * @returns {Record<Name, Remedy | null>}
 */
export function remediesFor(experiment, momentum) {
  const isSame = momentum === experiment.statistics_momentum;
  return {
    recomputed: {values: {}, label: "remedy_recomputed", size: 0},
    momentum: isSame ? null : {values: {statistics_momentum: momentum}, label: "remedy_momentum", size: momentum},
    batches: otherBatches(experiment),
    normalizer: {values: {compare: "layer"}, label: "remedy_normalizer", size: 0},
  };
}

/**
 * More examples normalized together; where they are many already, fewer.
 * @param {Record<string, any>} experiment
 * @returns {Remedy}
 */
function otherBatches({batch_size: batch, ghost_batch_size: ghost, accumulate = 1}) {
  if (ghost >= 2 && ghost < batch) return {values: {ghost_batch_size: 0}, label: "remedy_no_ghosts", size: batch};
  const together = Math.min(batch * accumulate, LARGEST);
  if (accumulate > 1) return {values: {batch_size: together, accumulate: 1}, label: "remedy_one_batch", size: together};
  if (batch >= LARGE) return {values: {ghost_batch_size: GROUP}, label: "remedy_ghosts", size: GROUP};
  return {values: {batch_size: 4 * batch}, label: "remedy_batches", size: 4 * batch};
}

/** What a remedy is in PyTorch, by the key of its label; SIZE is its number. @type {Record<string, string>} */
const CODE = {
  remedy_recomputed: `torch.optim.swa_utils.update_bn(train_loader, model)
model.eval()`,
  remedy_momentum: "nn.BatchNorm1d(width, momentum=SIZE)",
  remedy_batches: "DataLoader(data, batch_size=SIZE, shuffle=True)",
  remedy_one_batch: `loss_fn(model(x), y).backward()  # x holds all SIZE examples of the step
optimizer.step()`,
  remedy_ghosts: "z = torch.cat([norm(group) for group in z.split(SIZE)])  # norm is the nn.BatchNorm1d",
  remedy_no_ghosts: "z = norm(z)  # norm is the nn.BatchNorm1d, z holds all SIZE examples",
  remedy_normalizer: `nn.LayerNorm(width)  # instead of nn.BatchNorm1d(width)
model = bnviz.swap(model, "layer")  # the same in a model that you have`,
};

/**
 * The lines of PyTorch that are a remedy.
 * @param {Remedy} remedy
 */
export const codeOf = ({label, size}) => CODE[label].replaceAll("SIZE", String(size));

/**
 * Whether an experiment is another one with these values.
 * @param {Record<string, unknown>} experiment
 * @param {Record<string, unknown>} other
 * @param {Values} values
 */
export const isWith = (experiment, other, values) =>
  Object.entries({...other, ...values}).every(([name, value]) => experiment[name] === value);

/**
 * The view in which a network has done best, and its score there.
 * @param {Outcome} outcome
 */
export function bestView(outcome) {
  const views = /** @type {const} */ (["minibatch", "recomputed", "running"]).filter((name) => outcome[name] !== null);
  const scores = views.map((name) => ({name, score: Number(outcome[name])}));
  return scores.reduce((best, one) => ((outcome.accurate ? one.score > best.score : one.score < best.score) ? one : best));
}

/**
 * The first step from which on a run is as good in eval() as `score` for the first time; null if it never is.
 * @param {Outcome} outcome
 * @param {number} score
 */
export function reachedAt({curve, accurate}, score) {
  return curve.find(([, value]) => (accurate ? value >= score : value <= score))?.[0] ?? null;
}

/**
 * Whether two runs have trained the same weights, as far as their losses tell.
 * @param {Outcome} one
 * @param {Outcome} other
 */
export const trainAlike = (one, other) =>
  one.losses.length === other.losses.length && one.losses.every((loss, index) => loss === other.losses[index]);
