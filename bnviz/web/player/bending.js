// @ts-check
// A chart that plays: Plotly draws it a few times a second, and in between its lines are bent. Plotly looks at the whole chart
// for each drawing, some 16 ms for two ridgelines; to bend their paths takes a few tenths of one.

/** @typedef {Record<string, any>} Trace as Plotly takes it */

/**
 * Bend the lines of a chart that Plotly has drawn to other values.
 * @param {any} node Plotly's
 * @param {Trace[]} traces those that it has drawn, with other `x` and `y`
 * @returns {boolean} whether it could: what has changed are lines, in as many pieces as before, and no drag of the chart
 */
export function bend(node, traces) {
  if (node._dragging) return false;
  /** @type {[Element, string][]} */
  const paths = [];
  for (const [index, trace] of traces.entries()) {
    if (equal(trace.x, node.data[index]?.x) && equal(trace.y, node.data[index]?.y)) continue;
    const full = node._fullData[index];
    if (full?.visible === "legendonly") continue;
    const lines = isLine(full) ? linesOf(node, full, trace) : null;
    if (!lines) return false;
    paths.push(...lines);
  }
  for (const [path, line] of paths) path.setAttribute("d", line);
  return true;
}

/** @param {Trace | undefined} full with all defaults filled in */
const isLine = (full) =>
  full?.type === "scatter" && full.mode === "lines" && full.line.shape === "linear" && ["none", "toself"].includes(full.fill);

/**
 * The paths of a trace, and how each must run now; null if they are fewer or more than it takes.
 * @param {any} node
 * @param {Trace} full
 * @param {Trace} trace
 * @returns {[Element, string][] | null}
 */
function linesOf(node, full, trace) {
  const group = node.querySelector(`.trace${full.uid}`);
  const paths = [...(group?.querySelectorAll(".js-line") ?? [])];
  const pieces = piecesOf(trace, ...axesOf(node, full));
  if (!paths.length || paths.length !== pieces.length) return null;
  /** @type {[Element, string][]} */
  const lines = paths.map((path, index) => [path, pieces[index]]);
  const fill = group.querySelector(".js-fill");
  if (fill) lines.push([fill, pieces.map((piece) => `${piece}Z`).join("")]);
  return lines;
}

/**
 * The x axis and the y axis of a trace, which know where a value is on the screen.
 * @param {any} node
 * @param {Trace} full
 * @returns {[any, any]}
 */
const axesOf = ({_fullLayout: layout}, {xaxis, yaxis}) => [layout[`xaxis${xaxis.slice(1)}`], layout[`yaxis${yaxis.slice(1)}`]];

/**
 * A path for each piece of a line between its gaps.
 * @param {Trace} trace
 * @param {any} xaxis
 * @param {any} yaxis
 */
function piecesOf({x, y}, xaxis, yaxis) {
  /** @type {string[][]} */
  const pieces = [[]];
  for (const [index, value] of x.entries()) {
    if (value === null || y[index] === null) pieces.push([]);
    else pieces[pieces.length - 1].push(`${xaxis.c2p(value).toFixed(2)},${yaxis.c2p(y[index]).toFixed(2)}`);
  }
  return pieces.filter((piece) => piece.length).map((piece) => `M${piece.join("L")}`);
}

/**
 * @param {unknown[] | undefined} one
 * @param {unknown[] | undefined} other
 */
const equal = (one, other) =>
  one === other || Boolean(one && one.length === other?.length && one.every((value, index) => value === other[index]));
