// @ts-check
// The layout of the picture of the two networks: pixels from sizes, no page, no recording.
//
//   input | layer 1 | layer 2 | … | output      the same columns for both networks, one network a row;
//                                               in a column the units on top, their common histogram below them

import {MIN_COLUMN_WIDTH, NARROW_PICTURE, PASSED_HEIGHT, ZEROS_WIDTH} from "./constants.js";

/**
 * @typedef {{x: number, y: number, width: number, height: number}} Box
 * @typedef {object} Column
 * @property {number} layer counted from 1
 * @property {number} x
 * @property {number} width
 * @typedef {object} Geometry
 * @property {number} width
 * @property {number} height
 * @property {boolean} slim whether the picture is narrow, and everything in it smaller
 * @property {Column[]} columns
 * @property {Box} input of the first network
 * @property {Box} output
 * @property {number} networks how many there are, one below the other: 1 or 2
 * @property {number} pitch from one network down to the next
 * @property {Box} watched the units that can be chosen, in the first column of the first network
 * @property {Box} others the other units
 * @property {Box} histogram
 * @property {Grid} watchedGrid
 * @property {Grid} othersGrid
 * @typedef {{row: number, layer: number, unit: number | null, mark?: "passed" | "zeros" | "all" | "layer"}} HitTarget what is
 *     pointed at: a layer of a network, a unit of it, or a mark there: the number between it and the next layer, the bar of exact
 *     zeros, the choice of all units, or, by keyboard, the description of a layer
 * @typedef {{columns: number, size: number}} Grid squares of so many pixels, so many in a row
 */

const [LEAST_HISTOGRAM, MOST_HISTOGRAM] = [32, 200]; // pixels in height, where the picture fits itself into a frame

/**
 * @param {object} sizes
 * @param {number} sizes.width of the picture
 * @param {number} sizes.layers how many hidden layers there are
 * @param {number} sizes.units in each of them
 * @param {number} sizes.watched how many of these, the first ones, can be chosen
 * @param {number} sizes.chosen the layer that must be among the columns
 * @param {boolean} [sizes.small] a low picture, above another lesson's charts
 * @param {boolean} [sizes.low] where the screen is low: less of the other units, and low histograms
 * @param {number | null} [sizes.room] how high the picture may be, as far as its histograms can give way or grow
 * @param {number} [sizes.networks] of one alone the histograms are twice as high
 * @returns {Geometry}
 */
export function arrange({width, layers, units, watched, chosen, small = false, low = false, room = null, networks = 2}) {
  const slim = width < NARROW_PICTURE;
  const [side, gap, header] = slim ? [42, 9, 18] : [84, small ? 30 : 40, 22];
  const most = Math.max(2, Math.floor((width - 2 * side) / (MIN_COLUMN_WIDTH + gap)));
  const visible = evenlySpaced(layers, most, chosen);
  const step = (width - 2 * side) / visible.length;
  const column = step - gap;
  const columns = visible.map((layer, index) => ({layer, x: side + index * step + gap / 2, width: column}));
  const top = header + 20; // below the names of layers, and of the first network
  const watchedGrid = grid(watched, column, column < 110 ? 2 : 1, small ? 12 : 18);
  const watchedBox = {x: 0, y: top, width: column, height: rows(watched, watchedGrid) * watchedGrid.size};
  const [othersHeight, histogramHeight] = usualHeights(small, low, slim);
  const othersGrid = filling(units - watched, column, othersHeight);
  const othersBox = {x: 0, y: top + watchedBox.height + 3, width: column, height: othersHeight};
  const under = othersBox.y + othersBox.height + (small ? 0 : 4);
  const usual = (2 / networks) * histogramHeight;
  // The height of the whole, below, solved for this one.
  const fitting = (Number(room) + header - 24) / 2 - under;
  const tall = room === null ? usual : Math.max(LEAST_HISTOGRAM, Math.min(fitting, MOST_HISTOGRAM));
  const histogram = {x: 0, y: under, width: column, height: tall};
  const bottom = under + histogram.height;
  const pitch = bottom - header + 10;
  const box = (/** @type {number} */ x) => ({x, y: top, width: side - 8, height: bottom - top});
  return {
    ...{
      width,
      slim,
      height: bottom + (networks - 1) * pitch + 14,
      columns,
      networks,
      pitch,
      watched: watchedBox,
      others: othersBox,
      histogram,
    },
    ...{watchedGrid, othersGrid, input: box(0), output: box(width - side + 8)},
  };
}

/**
 * How high the other units and a histogram are, in pixels.
 * @param {boolean} small
 * @param {boolean} low
 * @param {boolean} slim
 */
function usualHeights(small, low, slim) {
  if (small) return [0, 40];
  if (low) return [24, 34];
  return slim ? [26, 58] : [36, 84];
}

/**
 * At most `most` of the layers 1…count at even distances, `chosen` among them.
 * @param {number} count
 * @param {number} most
 * @param {number} chosen
 */
export function evenlySpaced(count, most, chosen) {
  if (count <= most) return Array.from({length: count}, (_, index) => index + 1);
  const layers = Array.from({length: most}, (_, index) => 1 + Math.round((index * (count - 1)) / (most - 1)));
  if (layers.includes(chosen)) return layers;
  const distances = layers.map((layer) => Math.abs(layer - chosen));
  layers[distances.indexOf(Math.min(...distances))] = chosen;
  return layers;
}

/**
 * So many squares in so many rows, no larger than `most` pixels.
 * @param {number} count
 * @param {number} width
 * @param {number} lines
 * @param {number} most
 * @returns {Grid}
 */
function grid(count, width, lines, most) {
  const columns = Math.ceil(count / lines);
  return {columns, size: Math.min(most, width / columns)};
}

/**
 * The largest squares with which so many fill a box.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @returns {Grid}
 */
function filling(count, width, height) {
  if (count < 1 || height <= 0) return {columns: 1, size: 0};
  let columns = Math.max(1, Math.ceil(Math.sqrt((count * width) / height)));
  while (Math.ceil(count / columns) * (width / columns) > height + 1e-9) columns += 1;
  return {columns, size: width / columns};
}

/**
 * @param {number} count
 * @param {Grid} one
 */
const rows = (count, {columns}) => Math.ceil(count / columns);

/**
 * The square of a unit in a column of the network number `row`; null if the picture leaves this unit out.
 * @param {Geometry} geometry
 * @param {number} row 0 or 1
 * @param {Column} column
 * @param {number} unit counted from 0
 * @param {number} watched
 * @returns {Box | null}
 */
export function unitBox(geometry, row, column, unit, watched) {
  const first = unit < watched;
  const {columns, size} = first ? geometry.watchedGrid : geometry.othersGrid;
  if (!size) return null;
  const index = first ? unit : unit - watched;
  const box = first ? geometry.watched : geometry.others;
  const indent = (column.width - columns * size) / 2;
  const x = column.x + indent + (index % columns) * size;
  return {x, y: box.y + row * geometry.pitch + Math.floor(index / columns) * size, width: size, height: size};
}

/**
 * @param {Geometry} geometry
 * @param {number} row
 * @param {Column} column
 * @returns {Box}
 */
export function histogramBox({histogram, pitch}, row, column) {
  return {x: column.x, y: histogram.y + row * pitch, width: column.width, height: histogram.height};
}

/**
 * The bar of values that are exactly 0, as high as it would be if all were.
 * @param {Geometry} geometry
 * @param {number} row
 * @param {Column} column
 * @returns {Box}
 */
export function zerosBox(geometry, row, column) {
  const box = histogramBox(geometry, row, column);
  return {...box, width: ZEROS_WIDTH * box.width};
}

/**
 * Between a column and the next one: the lines, and at the bottom the number that says what passes on.
 * @param {Geometry} geometry
 * @param {number} row
 * @param {number} index of the column at the left
 * @returns {Box}
 */
export function passedBox({columns, watched, others, pitch}, row, index) {
  const left = columns[index].x + columns[index].width;
  const height = watched.height + others.height + PASSED_HEIGHT;
  return {x: left, y: watched.y + row * pitch, width: columns[index + 1].x - left, height};
}

/**
 * @param {Box} box
 * @param {number} x
 * @param {number} y
 */
const inBox = (box, x, y) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;

/**
 * The mark at a point, if the picture has such marks there.
 * @param {Geometry} geometry
 * @param {number} x
 * @param {number} y
 * @param {{zeros: boolean, passed: boolean}} has
 * @returns {HitTarget | null}
 */
export function markAt(geometry, x, y, has) {
  const {columns} = geometry;
  for (const row of [0, 1])
    for (const [index, column] of columns.entries()) {
      const {layer} = column;
      if (has.zeros && inBox(zerosBox(geometry, row, column), x, y)) return {row, layer, unit: null, mark: "zeros"};
      if (!has.passed || columns[index + 1]?.layer !== layer + 1) continue;
      if (inBox(passedBox(geometry, row, index), x, y)) return {row, layer, unit: null, mark: "passed"};
    }
  return null;
}

/**
 * What is at a point: a layer, and a unit of it if there is one. Null beside all columns.
 * @param {Geometry} geometry
 * @param {number} x
 * @param {number} y
 * @param {{units: number, watched: number}} sizes
 * @returns {HitTarget | null}
 */
export function hit(geometry, x, y, {units, watched}) {
  const column = geometry.columns.find((one) => x >= one.x - 2 && x <= one.x + one.width + 2);
  if (!column) return null;
  const row = y >= geometry.watched.y + geometry.pitch - 20 ? 1 : 0;
  for (let unit = 0; unit < units; unit++) {
    const box = unitBox(geometry, row, column, unit, watched);
    if (box && inBox(box, x, y)) return {row, layer: column.layer, unit};
  }
  return {row, layer: column.layer, unit: null};
}

/**
 * The curtain over what layers 3 and above do not see: all of the input and of layer 1, and the units of layer 2 but not what
 * they hand on. Null if layer 3 is not on show. A closed outline of corners.
 * @param {Geometry} geometry
 * @returns {[number, number][] | null}
 */
export function curtain(geometry) {
  const [, second] = geometry.columns;
  if (!second || second.layer !== 2 || geometry.columns.length < 3) return null;
  const {histogram, networks, pitch, height, watched} = geometry;
  const [left, right] = [second.x - 4, second.x + second.width + 4];
  /** @type {[number, number][]} */
  const outline = [
    [0, watched.y - 18],
    [right, watched.y - 18],
  ];
  for (let row = 0; row < networks; row++) {
    const [from, to] = [histogram.y + row * pitch - 2, histogram.y + row * pitch + histogram.height + 3];
    outline.push([right, from], [left, from], [left, to], [row === networks - 1 ? left : right, to]);
  }
  outline.push([left, height], [0, height]);
  return outline;
}
