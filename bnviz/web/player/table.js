// @ts-check
// What a chart shows as a table: for those who do not see it, and for those who want the numbers.

/** @typedef {string | number} Value */
/** @typedef {{what: string, x: Value, y: Value}} Row */

const MOST = 300; // rows of a table
const DIGITS = 4;

/**
 * The rows of a chart's visible traces: at most MOST, thinned evenly within each trace, and how many there would be. Of a heat
 * map each column is a row: where it is highest.
 * @param {any[]} traces as Plotly has them
 * @param {Record<string, any>} layout
 * @param {string} highest what the place of a heat map's highest value is called
 * @returns {{rows: Row[], total: number, x: string}}
 */
export function rowsOf(traces, layout, highest) {
  const shown = traces.filter(({visible}) => visible === undefined || visible === true);
  const groups = shown.map((trace) => pointsOf(trace, layout, highest)).filter((rows) => rows.length);
  const rows = groups.flatMap((group) => thinned(group, Math.max(2, Math.floor(MOST / groups.length))));
  const titles = new Set(shown.map((trace) => titleOf(layout, trace.xaxis ?? "x")));
  return {rows, total: groups.reduce((sum, group) => sum + group.length, 0), x: titles.size === 1 ? [...titles][0] : ""};
}

/**
 * @param {any} trace
 * @param {Record<string, any>} layout
 * @param {string} highest
 * @returns {Row[]}
 */
function pointsOf(trace, layout, highest) {
  const heat = trace.type === "heatmap";
  const what = [trace.name, titleOf(layout, trace.yaxis ?? "y"), heat && highest].filter(Boolean).join(", ");
  const x = Array.from(trace.x ?? []);
  const y = heat ? peaks(trace, x.length) : Array.from(trace.y ?? []);
  return x.flatMap((one, place) => (isValue(one) && isValue(y[place]) ? [{what, x: written(one), y: written(y[place])}] : []));
}

/**
 * The y of the highest value in each column of a heat map.
 * @param {{y: ArrayLike<Value>, z: ArrayLike<number>[]}} trace
 * @param {number} columns
 */
function peaks({y, z}, columns) {
  return Array.from({length: columns}, (_, column) => {
    let best = -1;
    for (let row = 0; row < z.length; row++) {
      const value = z[row][column];
      if (Number.isFinite(value) && (best < 0 || value > z[best][column])) best = row;
    }
    return best < 0 ? null : y[best];
  });
}

/**
 * An axis's title; layouts name the axis "x2" "xaxis2".
 * @param {Record<string, any>} layout
 * @param {string} axis
 * @returns {string}
 */
function titleOf(layout, axis) {
  const {title, matches} = layout[`${axis[0]}axis${axis.slice(1)}`] ?? {};
  return title?.text || (matches && matches !== axis ? titleOf(layout, matches) : "");
}

/** @param {unknown} value @returns {value is Value} */
const isValue = (value) => (typeof value === "number" ? Number.isFinite(value) : typeof value === "string" && value !== "");

/** @param {Value} value */
const written = (value) => (typeof value === "number" ? Number(value.toPrecision(DIGITS)) : value);

/**
 * At most `most` items at even distances, the first and the last among them.
 * @template T
 * @param {T[]} items
 * @param {number} most
 */
function thinned(items, most) {
  if (items.length <= most) return items;
  return Array.from({length: most}, (_, place) => items[Math.round((place * (items.length - 1)) / (most - 1))]);
}
