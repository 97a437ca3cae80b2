// @ts-check
// Whether a chart shows anything: one without data says so, so that it does not look broken.

const REFERENCES = ["target", "expected"]; // feeds of lines that are there before anything is measured

/**
 * Whether nothing measured can be seen in traces. A line takes two neighbouring points; a single one cannot be seen.
 * @param {Record<string, any>[]} traces filled in
 */
export const isBlank = (traces) => !traces.some((trace) => !REFERENCES.includes(trace.feed?.kind) && isVisible(trace));

/** @param {Record<string, any>} trace */
function isVisible({type, mode, x, y, z, error_y}) {
  if (type === "heatmap") return hasNumbers((z ?? []).flat(), 1);
  const least = mode === "lines" && !error_y ? 2 : 1;
  const isOnItsSide = type === "bar" || typeof y?.[0] === "string"; // then x has the numbers, and y the names
  return hasNumbers(y, least) || hasNumbers(isOnItsSide ? x : [], least);
}

/**
 * Whether so many finite numbers follow one another; of values that only Plotly can read, it is taken for granted.
 * @param {any} values
 * @param {number} least
 */
function hasNumbers(values, least) {
  if (values?.bdata) return true;
  let count = 0;
  for (const value of values ?? []) {
    count = Number.isFinite(value) ? count + 1 : 0;
    if (count >= least) return true;
  }
  return false;
}
