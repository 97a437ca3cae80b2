// @ts-check
// Paints the picture of the two networks on a canvas: what is on show, at places that geometry.js gives. Fast enough for every
// animation frame, and independent of Plotly, so that it is there first.

import {MIN_LINE_OPACITY, TALL_HISTOGRAM} from "./constants.js";
import {hasAtom, layerDensity} from "./feeds.js";
import {curtain, histogramBox, passedBox, unitBox, zerosBox} from "./geometry.js";
import {CommonScale, layerMotion, passedOn, Scale, unitMotions} from "./motion.js";
import {scoreText} from "./scores.js";
import {bothArms, digits, factor, hasClasses, hasDiverged, playerText, tapName, twoDigits} from "./words.js";

/** @import {Snapshot, View} from "./types" */
/** @import {Painted} from "./theme.js" */
/** @import {Visibility} from "./core/visibility.js" */
/** @import {Box, Column, Geometry, HitTarget} from "./geometry.js" */
/**
 * @typedef {{geometry: Geometry, view: View, theme: Painted, hovered: HitTarget | null, small: boolean, scoresFrame: Snapshot,
 *     visibility: Visibility}} Scenery
 *   `scoresFrame` is the snapshot that words speak of, whose scores are painted
 */

// Weak colours hardly differ from a dark background, so units' colours get some white there, and weak ones more weight.
const PALE = "65%"; // share of the colour; the rest is white
const BEFORE_DARK = 0.7; // power of the strength, 0…1

export class Painter {
  motionScale = new CommonScale(0.95);
  heightScale = new Scale(0.9);
  // What colours, heights and places of the picture on show are measured by.
  far = 1;
  peak = 1;
  /** @type {[number, number]} */
  range = [0, 1];
  /** @type {WeakMap<Snapshot, Map<string, any>>} what was worked out of snapshots: they are painted many times */
  cache = new WeakMap();

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   */
  paint(context, scenery) {
    const {view, geometry} = scenery;
    const key = `${view.run} ${view.tap}`;
    const still = view.frames[0];
    this.far = this.motionScale.upTo(`${key} ${view.motion}`, view.frames, bothArms(view), (frame, arm) =>
      frame === still ? [] : layerMotions(frame, arm, view),
    );
    this.peak = this.heightScale.upTo(key, view.frames, (frame) => this.peaks(frame, view));
    this.range = view.fits.range("heat", view) ?? [0, 1];
    context.clearRect(0, 0, geometry.width, geometry.height);
    context.textBaseline = "alphabetic";
    this.highlightLayers(context, scenery);
    for (const [row, arm] of bothArms(view).slice(0, geometry.networks).entries()) {
      this.network(context, scenery, arm, row);
      this.name(context, scenery, arm, row);
    }
    if (scenery.visibility.curtain) this.curtain(context, scenery);
  }

  /**
   * What `compute` derives from a snapshot, computed once.
   * @template T
   * @param {Snapshot} frame
   * @param {string} key
   * @param {() => T} compute
   * @returns {T}
   */
  cached(frame, key, compute) {
    const values = this.cache.get(frame) ?? new Map();
    this.cache.set(frame, values);
    if (!values.has(key)) values.set(key, compute());
    return values.get(key);
  }

  /**
   * @param {Snapshot} frame
   * @param {string} arm
   * @param {number} layer
   * @param {View} view
   */
  density(frame, arm, layer, view) {
    return this.cached(frame, `density ${arm} ${layer} ${view.tap}`, () => layerDensity(frame, arm, layer, view));
  }

  /**
   * The highest points of all histograms.
   * @param {Snapshot} frame
   * @param {View} view
   */
  peaks(frame, view) {
    const layers = Array.from({length: view.header.hidden_layers}, (_, index) => index + 1);
    return bothArms(view).flatMap((arm) => layers.map((layer) => Math.max(...this.density(frame, arm, layer, view).heights)));
  }

  /**
   * The chosen layer, from top to bottom.
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   */
  highlightLayers(context, {geometry, view, theme, hovered}) {
    for (const [layer, opacity] of [
      [hovered?.layer, 0.05],
      [view.layer, 0.09],
    ]) {
      const column = geometry.columns.find((one) => one.layer === layer);
      if (!column) continue;
      context.globalAlpha = Number(opacity);
      context.fillStyle = theme.text;
      context.beginPath();
      context.roundRect(column.x - 4, 0, column.width + 8, geometry.height, 6);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   * @param {string} arm
   * @param {number} row
   */
  network(context, scenery, arm, row) {
    const {geometry} = scenery;
    this.input(context, scenery, row);
    geometry.columns.forEach((column, index) => {
      this.lines(context, scenery, arm, row, index);
      this.passedShare(context, scenery, arm, row, index);
      this.units(context, scenery, arm, row, column);
      this.histogram(context, scenery, arm, row, column);
    });
    this.lines(context, scenery, arm, row, geometry.columns.length);
    this.output(context, scenery, arm, row);
  }

  /**
   * What the network is called.
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   * @param {string} arm
   * @param {number} row
   */
  name(context, {geometry, view, theme}, arm, row) {
    context.fillStyle = view.arms[arm].colour;
    context.font = `600 ${geometry.slim ? 11 : 13}px ${theme.family}`;
    context.textAlign = "left";
    context.fillText(nameOf(view, arm), 0, geometry.watched.y - 6 + row * geometry.pitch);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   * @param {number} row
   */
  input(context, {geometry, view, theme}, row) {
    const {x, y, width} = geometry.input;
    const middle = y + row * geometry.pitch + geometry.watched.height / 2;
    context.fillStyle = theme.text;
    context.font = `${geometry.slim ? 10 : 12}px ${theme.family}`;
    context.textAlign = "center";
    context.fillText(playerText(view, "input"), x + width / 2, middle + 4);
  }

  /**
   * Lines from one layer to the next: the more the lower one changes, the stronger.
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   * @param {string} arm
   * @param {number} row
   * @param {number} index of the column that they lead to
   */
  lines(context, {geometry, view, small}, arm, row, index) {
    const {columns, input, output, watched, pitch} = geometry;
    const from = index === 0 ? input.x + input.width - 4 : columns[index - 1].x + columns[index - 1].width;
    const to = index === columns.length ? output.x + (geometry.slim ? -2 : 4) : columns[index].x;
    const layer = index === 0 ? 0 : columns[index - 1].layer;
    const top = watched.y + row * pitch + 2;
    const height = watched.height + (small ? 0 : geometry.others.height);
    context.strokeStyle = view.arms[arm].colour;
    context.globalAlpha = layer ? this.strength(view, arm, layer) : MIN_LINE_OPACITY;
    context.lineWidth = 1;
    context.beginPath();
    for (const start of [0.1, 0.5, 0.9])
      for (const end of [0.1, 0.5, 0.9]) {
        context.moveTo(from + 1, top + start * height);
        context.lineTo(to - 1, top + end * height);
      }
    context.stroke();
    context.globalAlpha = 1;
  }

  /**
   * The share of a layer's change that passes on to the next layer, on the lines between them.
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   * @param {string} arm
   * @param {number} row
   * @param {number} index of the column that the lines lead to
   */
  passedShare(context, {geometry, view, theme, small}, arm, row, index) {
    const [layer, next] = [geometry.columns[index - 1]?.layer, geometry.columns[index]?.layer];
    if (!layer || next !== layer + 1 || geometry.slim || small) return;
    const share = passedOn(view, arm, layer);
    if (share === null) return;
    context.fillStyle = theme.text;
    context.font = `11px ${theme.family}`;
    context.textAlign = "center";
    const box = passedBox(geometry, row, index - 1);
    context.fillText(factor(share), box.x + box.width / 2, box.y + box.height - 4);
  }

  /**
   * How strongly a layer's change is drawn.
   * @param {View} view
   * @param {string} arm
   * @param {number} layer
   */
  strength({frame, frames, frameIndex, blend, tap, motion}, arm, layer) {
    const at = (/** @type {Snapshot} */ one) => Number(layerMotion(one, arm, motion, tap, layer)) || 0;
    const next = frames[frameIndex + 1] ?? frame;
    const change = at(frame) + blend * (at(next) - at(frame));
    return MIN_LINE_OPACITY + 0.75 * Math.min(1, Math.sqrt(change / this.far));
  }

  /**
   * Units as squares (those that can be chosen as discs): the farther each has moved since the snapshot before, the stronger its
   * colour. Those of a network that has diverged are hollow.
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   * @param {string} arm
   * @param {number} row
   * @param {Column} column
   */
  units(context, {geometry, view, theme, hovered}, arm, row, column) {
    const {frames, frameIndex, blend, header} = view;
    const watched = header.watched_units.length;
    const motions = this.motions(view, arm, column.layer, frameIndex);
    const next = blend > 0 && frames[frameIndex + 1] ? this.motions(view, arm, column.layer, frameIndex + 1) : motions;
    const colour = unitColour(view.arms[arm].colour, theme);
    const lost = hasDiverged(view.frame, arm);
    for (let unit = 0; unit < header.experiment.width; unit++) {
      const box = unitBox(geometry, row, column, unit, watched);
      if (!box) break;
      const motion = motions[unit] + blend * (next[unit] - motions[unit]);
      if (lost || !Number.isFinite(motion)) this.hollow(context, box, unit < watched, theme);
      else this.unit(context, box, unit < watched, Math.min(1, Math.sqrt(motion / (2 * this.far))), colour, theme);
      const chosen = unit === view.unit && column.layer === view.layer;
      if (chosen || (hovered?.layer === column.layer && hovered.unit === unit)) ring(context, box, theme.text, chosen);
    }
    context.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box} box
   * @param {boolean} disc
   * @param {number} strength 0…1
   * @param {string} colour
   * @param {Painted} theme
   */
  unit(context, {x, y, width, height}, disc, strength, colour, theme) {
    const inset = width > 5 ? 1 : 0.5;
    const fill = (/** @type {string} */ style, /** @type {number} */ opacity) => {
      context.globalAlpha = opacity;
      context.fillStyle = style;
      if (!disc) return context.fillRect(x + inset, y + inset, width - 2 * inset, height - 2 * inset);
      context.beginPath();
      context.arc(x + width / 2, y + height / 2, width / 2 - inset, 0, 2 * Math.PI);
      context.fill();
    };
    fill(theme.text, 0.12);
    fill(colour, theme.dark ? strength ** BEFORE_DARK : strength);
  }

  /**
   * A unit of a network that has diverged.
   * @param {CanvasRenderingContext2D} context
   * @param {Box} box
   * @param {boolean} disc
   * @param {Painted} theme
   */
  hollow(context, {x, y, width, height}, disc, theme) {
    context.globalAlpha = 0.35;
    context.strokeStyle = theme.text;
    context.lineWidth = 1;
    if (!disc) return context.strokeRect(x + 1.5, y + 1.5, width - 3, height - 3);
    context.beginPath();
    context.arc(x + width / 2, y + height / 2, width / 2 - 1.5, 0, 2 * Math.PI);
    context.stroke();
  }

  /**
   * Motions of a layer's units.
   * @param {View} view
   * @param {string} arm
   * @param {number} layer
   * @param {number} frameIndex
   * @returns {number[]}
   */
  motions(view, arm, layer, frameIndex) {
    const {frames, motion, tap} = view;
    const key = `${motion} ${arm} ${layer} ${tap} ${frames[frameIndex - 1]?.step}`;
    return this.cached(frames[frameIndex], key, () => unitMotions(view, arm, layer, frameIndex));
  }

  /**
   * What a layer hands on, over all of its units: density, the values of exactly 0 as a bar beside it, dotted the untrained one.
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   * @param {string} arm
   * @param {number} row
   * @param {Column} column
   */
  histogram(context, {geometry, view, theme}, arm, row, column) {
    const {frames, frame, frameIndex, blend} = view;
    const box = histogramBox(geometry, row, column);
    const {colour} = view.arms[arm];
    let {heights, zeros} = this.density(frame, arm, column.layer, view);
    if (blend > 0 && frames[frameIndex + 1]) {
      const next = this.density(frames[frameIndex + 1], arm, column.layer, view);
      heights = heights.map((height, bin) => height + blend * (next.heights[bin] - height));
      zeros += blend * (next.zeros - zeros);
    }
    const bar = hasAtom(view) ? zerosBox(geometry, row, column).width : 0;
    const inside = {...box, x: box.x + bar + (bar ? 2 : 0), width: box.width - bar - (bar ? 2 : 0)};
    this.axis(context, box, theme);
    context.fillStyle = context.strokeStyle = colour;
    context.globalAlpha = 0.3;
    const outline = this.outline(heights, inside, view);
    context.fill(outline);
    if (bar) context.fillRect(box.x, box.y + box.height * (1 - zeros), bar, box.height * zeros);
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.stroke(outline);
    if (bar) context.strokeRect(box.x + 0.5, box.y + box.height * (1 - zeros), bar - 1, box.height * zeros);
    this.untrained(context, inside, this.density(frames[0], arm, column.layer, view).heights, view, theme);
    this.labels(context, box, inside, column.layer, row === geometry.networks - 1, view, theme);
  }

  /**
   * What is counted, and below the lower network the ends of the axis.
   * @param {CanvasRenderingContext2D} context
   * @param {Box} box
   * @param {Box} inside without the bar
   * @param {number} layer
   * @param {boolean} isLowest
   * @param {View} view
   * @param {Painted} theme
   */
  labels(context, box, inside, layer, isLowest, view, theme) {
    const slim = box.width < 90;
    context.fillStyle = theme.text;
    context.textAlign = "right";
    const chosen = layer === view.layer;
    context.font = `${chosen ? 700 : 400} ${slim ? 10 : 13}px ${theme.family}`;
    if (box.height > 50 || chosen) context.fillText(tapName(view, view.tap, layer), box.x + box.width, box.y + (slim ? 30 : 32));
    if (!isLowest) return;
    const [low, high] = this.range;
    const zero = Math.max(low, 0);
    context.font = `10px ${theme.family}`;
    context.globalAlpha = 0.75;
    context.fillText(twoDigits(high), box.x + box.width, box.y + box.height + 11);
    context.textAlign = "center";
    context.fillText(digits(zero, 0), inside.x + (inside.width * (zero - low)) / (high - low), box.y + box.height + 11);
    context.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box} box
   * @param {number[]} heights
   * @param {View} view
   * @param {Painted} theme
   */
  untrained(context, box, heights, view, theme) {
    context.strokeStyle = theme.text;
    context.lineWidth = 1;
    context.setLineDash([1.5, 2.5]);
    context.globalAlpha = 0.75;
    context.stroke(this.outline(heights, box, view));
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box} box
   * @param {Painted} theme
   */
  axis(context, box, theme) {
    context.fillStyle = theme.grid;
    context.fillRect(box.x, box.y + box.height, box.width, 1);
  }

  /**
   * A density as a closed path; all histograms have the same axes.
   * @param {number[]} heights
   * @param {Box} box
   * @param {View} view
   */
  outline(heights, box, view) {
    const edges = view.header.edges[view.tap];
    const [low, high] = this.range;
    const across = (/** @type {number} */ value) => box.x + (box.width * (value - low)) / (high - low);
    const path = new Path2D();
    const floor = box.y + box.height;
    let isOpen = false;
    for (let bin = 0; bin < heights.length; bin++) {
      const middle = (edges[bin] + edges[bin + 1]) / 2;
      if (middle < low || middle > high) continue;
      const y = floor - box.height * Math.min(1, (TALL_HISTOGRAM * heights[bin]) / this.peak);
      if (!isOpen) path.moveTo(across(middle), floor);
      isOpen = true;
      path.lineTo(across(middle), y);
    }
    if (isOpen) path.lineTo(Math.min(box.x + box.width, across(high)), floor);
    return path;
  }

  /**
   * What the network has learnt so far: the share of right answers, or the loss where numbers are predicted.
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   * @param {string} arm
   * @param {number} row
   */
  output(context, {geometry, view, theme, scoresFrame: frame, visibility}, arm, row) {
    const {x, y, width} = geometry.output;
    const {slim} = geometry;
    const middle = y + row * geometry.pitch + (geometry.watched.height + geometry.others.height) / 2;
    context.textAlign = "center";
    context.fillStyle = view.arms[arm].colour;
    context.font = `700 ${slim ? 12 : 20}px ${theme.family}`;
    const lost = hasDiverged(frame, arm);
    const score = lost ? "✕" : scoreText({...view, frame}, arm);
    context.fillText(visibility.scores ? score : "?", x + width / 2, middle + 4);
    context.fillStyle = theme.text;
    context.font = `${slim ? 9 : 11}px ${theme.family}`;
    const label = lost ? "output_lost" : hasClasses(view) ? "output_right" : "output_loss";
    const of = lost ? undefined : view.story.scored?.(view);
    const text = of || playerText(view, label);
    const centre = Math.min(x + width / 2, geometry.width - context.measureText(text).width / 2); // long ones end at the edge
    context.fillText(text, centre, middle + (slim ? 16 : 20));
  }

  /**
   * What layers 3 and above do not see is covered; what layer 2 hands them is their input.
   * @param {CanvasRenderingContext2D} context
   * @param {Scenery} scenery
   */
  curtain(context, {geometry, view, theme}) {
    const outline = curtain(geometry);
    if (!outline) return;
    const path = new Path2D();
    outline.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
    context.fillStyle = theme.background;
    context.fill(path);
    context.fillStyle = theme.text;
    context.globalAlpha = 0.12;
    context.fill(path);
    context.save();
    context.clip(path);
    context.strokeStyle = theme.text;
    context.globalAlpha = 0.12;
    context.lineWidth = 5;
    for (let x = 8; x < geometry.width; x += 18) folds(context, x, geometry.height);
    context.restore();
    this.curtainWords(context, {geometry, view, theme});
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Pick<Scenery, "geometry" | "view" | "theme">} scenery
   */
  curtainWords(context, {geometry, view, theme}) {
    const [first, second] = geometry.columns;
    context.globalAlpha = 1;
    context.fillStyle = theme.text;
    context.textAlign = "center";
    const {slim} = geometry;
    context.font = `600 ${slim ? 9 : 13}px ${theme.family}`;
    for (let row = 0; row < geometry.networks; row++) {
      const box = histogramBox(geometry, row, second);
      context.fillText(playerText(view, slim ? "the_input_short" : "the_input"), box.x + box.width / 2, box.y - 8);
    }
    context.font = `${slim ? 10 : 12}px ${theme.family}`;
    const middle = (first.x + first.width) / 2;
    const lines = playerText(view, "curtain_says").split("|");
    lines.forEach((text, index) => context.fillText(text, middle, geometry.height / 2 + 16 * (index - 1)));
  }
}

/**
 * How far a network's layers have moved since the snapshot before.
 * @param {Snapshot} frame
 * @param {string} arm
 * @param {View} view
 */
const layerMotions = (frame, arm, {header, motion, tap}) =>
  Array.from({length: header.hidden_layers}, (_, index) => layerMotion(frame, arm, motion, tap, index + 1));

/**
 * An arm's colour for units, in which a weak one can be told from the background.
 * @param {string} colour
 * @param {Painted} theme
 */
const unitColour = (colour, {dark}) => (dark ? `color-mix(in srgb, ${colour} ${PALE}, white)` : colour);

/**
 * How a network is called; as long as its normalizer is off it is as the other one.
 * @param {View} view
 * @param {string} arm
 */
function nameOf(view, arm) {
  const normalizer = /** @type {any} */ (view.frame.arms[arm]).normalizer;
  if (arm !== "none" && normalizer === "none") return playerText(view, "not_yet", {norm: view.norm});
  return view.arms[arm].name;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Box} box
 * @param {string} colour
 * @param {boolean} strong
 */
function ring(context, {x, y, width, height}, colour, strong) {
  context.globalAlpha = strong ? 1 : 0.6;
  context.strokeStyle = colour;
  context.lineWidth = strong ? 2 : 1;
  context.beginPath();
  context.arc(x + width / 2, y + height / 2, width / 2 + 0.5, 0, 2 * Math.PI);
  context.stroke();
}

/**
 * One fold of the curtain.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} height
 */
function folds(context, x, height) {
  context.beginPath();
  context.moveTo(x, 0);
  context.bezierCurveTo(x + 7, height / 3, x - 7, (2 * height) / 3, x, height);
  context.stroke();
}
