// @ts-check
// When panels are drawn: in animation frames as far as they fit, and all of them for paper. The lab's player and that of people's
// own networks share it.

/** @import {Painted} from "./theme.js" */
/** @typedef {{isDue: (key: string, blend: number, now: number) => boolean, draw: Function, drawForPrint: Function}} Drawable */
/** @typedef {{playing: boolean, state: {view: any}, scene: (view: any) => any, keyOf: (view: any) => string}} Core */

/**
 * Draw as many panels as fit into this animation frame. Returns whether any was due.
 * @param {Map<string, any>} panels
 * @param {Core} core
 * @param {{run: Function}} scheduler
 * @param {{view: any, theme: Painted, key: string, time: number}} frame
 */
export function drawDuePanels(panels, core, scheduler, {view, theme, key, time}) {
  const now = core.playing ? time : Infinity;
  const due = [...panels.values()].filter((/** @type {Drawable} */ panel) => panel.isDue(key, view.blend, now));
  const scene = core.scene(view);
  scheduler.run(due, (/** @type {Drawable} */ panel) => panel.draw(scene, theme, key, time), time);
  return due.length > 0;
}

/**
 * Draw at once all charts that paper shows: those that were never scrolled into view are not drawn yet, or show an earlier step.
 * @param {Map<string, any>} panels
 * @param {Core} core
 * @param {{now: () => Painted}} painter what knows the page's theme
 */
export function drawPanelsForPrint(panels, core, painter) {
  const {view} = core.state;
  if (!view || !globalThis.Plotly) return;
  const theme = painter.now();
  const [key, scene] = [`${core.keyOf(view)},${theme.key}`, core.scene(view)];
  for (const panel of panels.values()) panel.drawForPrint(scene, theme, key);
}
