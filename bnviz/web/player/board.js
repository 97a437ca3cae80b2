// @ts-check
// The board: panels of a sweep, redrawn whenever rows have arrived. Each call brings all panels with their data filled in;
// only those whose contents have changed are redrawn, on nodes that stay, so zoom and legend choices survive new rows.

import {drawWithinBudget} from "./core/panel-scheduler.js";
import {make, mark} from "./dom.js";
import {persistentMount} from "./mounts.js";
import {Panel} from "./panel.js";
import {restSocket} from "./resting-socket.js";
import {Theme} from "./theme.js";

/** @import {Catalogue, Component, PanelSpec} from "./types" */
/** @import {Painted} from "./theme.js" */
/** @typedef {{panels: PanelSpec[], rows: number, shared: Catalogue, below: boolean}} Contents */
/** @typedef {{run: string, state: string} & Contents} Data */

export default persistentMount((/** @type {Component<Data>} */ component) => new Board(component));

class Board {
  frames = 0;
  /** Rows that the panels show. */
  shownRows = 0;
  /** @type {Map<string, Panel>} */
  panels = new Map();
  /** @type {Map<string, string>} panels' specifications as text */
  specs = new Map();

  /** @param {Component<Data>} component */
  constructor(component) {
    const {data, parentElement} = component;
    this.data = data;
    this.grid = make("div", {class: "bnviz-panels"});
    // A page has one player. Below it, a board goes by a name of its own.
    this.root = make("div", {class: `${data.below ? "bnviz-below-player" : "bnviz-player"} bnviz-board`}, this.grid);
    parentElement.append(this.root);
    this.theme = new Theme(this.root);
    component.plotly();
    restSocket();
    mark(this.root, {trainedStep: 0, frames: 0});
    this.begin(data.run);
    this.frame = requestAnimationFrame(() => this.tick());
  }

  /**
   * Take what Streamlit hands over.
   * @param {Component<Data>} component
   */
  update({data}) {
    if (this.data.run !== data.run) this.begin(data.run);
    this.data = data;
    mark(this.root, {trainedStep: data.rows});
    this.arrange(data.panels);
  }

  /**
   * Another sweep: its panels take the places of the last one's.
   * @param {string} run
   */
  begin(run) {
    this.shownRows = 0;
    mark(this.root, {run, step: 0, state: "loading"});
  }

  /** @param {PanelSpec[]} specs */
  arrange(specs) {
    for (const [id, panel] of this.panels) if (!specs.some((spec) => spec.id === id)) this.drop(id, panel);
    for (const spec of specs) {
      const serial = JSON.stringify(spec);
      if (this.specs.get(spec.id) === serial) continue;
      const panel = this.panels.get(spec.id);
      if (panel) panel.configure(spec);
      else this.panels.set(spec.id, new Panel(this.grid, spec, this.data.shared));
      this.specs.set(spec.id, serial);
    }
  }

  /**
   * @param {string} id
   * @param {Panel} panel
   */
  drop(id, panel) {
    panel.close();
    this.panels.delete(id);
    this.specs.delete(id);
  }

  tick() {
    this.frame = requestAnimationFrame(() => this.tick());
    const theme = this.theme.now();
    if (globalThis.Plotly) this.fill(theme);
  }

  /**
   * As many panels as fit into this animation frame, those in view first. The frame counts when all of them are drawn.
   * @param {Painted} theme
   */
  fill(theme) {
    const key = `${this.data.run} ${theme.key}`;
    const due = [...this.panels.values()].filter((panel) => panel.contentKey !== key);
    due.sort((a, b) => Number(b.visible) - Number(a.visible));
    if (
      !drawWithinBudget(
        due,
        (panel) => this.draw(panel, theme, key),
        () => performance.now(),
      )
    )
      return;
    if (due.length || this.data.rows !== this.shownRows) this.countFrame();
    mark(this.root, {state: this.data.state === "playing" && !this.shownRows ? "loading" : this.data.state});
  }

  /**
   * @param {Panel} panel
   * @param {Painted} theme
   * @param {string} key
   */
  draw(panel, theme, key) {
    const scene = {run: this.data.run, fill: (/** @type {string} */ text) => text};
    panel.draw(scene, theme, key, performance.now());
    panel.write(scene);
  }

  countFrame() {
    this.frames += 1;
    this.shownRows = this.data.rows;
    mark(this.root, {frames: this.frames, step: this.shownRows});
  }

  close() {
    cancelAnimationFrame(this.frame);
    for (const panel of this.panels.values()) panel.close();
    this.root.remove();
  }
}
