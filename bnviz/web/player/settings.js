// @ts-check
// An experiment in words: what in it is not as usual.

/**
 * The settings that differ from the page's usual ones, by their names in links.
 * @param {Record<string, unknown>} experiment
 * @param {Record<string, unknown>} usual
 */
export const describeDifferences = (experiment, usual) =>
  differences(experiment, usual).map(({name, value}) => `${name} = ${value}`);

/**
 * The same as people call them.
 * @param {Record<string, unknown>} experiment
 * @param {Record<string, unknown>} usual
 * @param {Record<string, string>} labels of all settings
 */
export const labelDifferences = (experiment, usual, labels) =>
  differences(experiment, usual).map(({name, value}) => `${labels[name] ?? name}: ${value}`);

/**
 * The same by name.
 * @param {Record<string, unknown>} experiment
 * @param {Record<string, unknown>} usual
 */
export function differences(experiment, usual) {
  const others = Object.entries(experiment).filter(([name, value]) => usual[name] !== value);
  return others.map(([name, value]) => ({name, value}));
}
