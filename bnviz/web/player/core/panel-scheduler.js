// @ts-check
// Which panels are drawn in this animation frame: as many as fit into its budget. Fast panels (they move between snapshots) come
// first, but neither kind starves the other.

/** @typedef {{fast: boolean, lastDrawAt: number}} Schedulable */

const BUDGET_MS = 14; // of one animation frame; what is left over waits for the next one
const SLOW_PANEL_WAIT_MS = 45; // after so long without a slow panel drawn, one goes before the fast ones

/**
 * Draw items in order until the budget is spent. Returns whether all of them were drawn.
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => void} draw
 * @param {() => number} now in milliseconds
 */
export function drawWithinBudget(items, draw, now) {
  const start = now();
  for (const [index, item] of items.entries()) {
    draw(item);
    if (now() - start > BUDGET_MS) return index === items.length - 1;
  }
  return true;
}

export class PanelScheduler {
  /** When a slow panel was drawn last. */
  #slowAt = 0;
  /** Whether the last turn has drawn a fast panel. */
  #fastDrawn = false;

  /** @param {() => number} now in milliseconds */
  constructor(now) {
    this.now = now;
  }

  /**
   * Draw what is due at `time`, the beginning of the animation frame, as far as the budget goes.
   * @template {Schedulable} Panel
   * @param {Panel[]} due
   * @param {(panel: Panel) => void} draw
   * @param {number} time
   */
  run(due, draw, time) {
    const order = this.#ordered(due, time);
    this.#fastDrawn = due.length > 0 && !due.some(({fast}) => fast);
    const drawOne = (/** @type {Panel} */ panel) => {
      draw(panel);
      if (panel.fast) this.#fastDrawn = true;
      else this.#slowAt = time;
    };
    drawWithinBudget(order, drawOne, this.now);
  }

  /**
   * Fast panels first, unless slow ones have waited too long: on a slow machine they take turns.
   * @template {Schedulable} Panel
   * @param {Panel[]} due
   * @param {number} time
   */
  #ordered(due, time) {
    const slowFirst = this.#fastDrawn && time - this.#slowAt > SLOW_PANEL_WAIT_MS;
    const rank = (/** @type {Panel} */ panel) => Number(panel.fast === slowFirst);
    return due.toSorted((a, b) => rank(a) - rank(b) || a.lastDrawAt - b.lastDrawAt);
  }
}
