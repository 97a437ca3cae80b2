// The board: panels of a sweep, drawn anew whenever rows have arrived. Each call brings all panels with their data filled in;
// only those that say something else than before are drawn, on nodes that stay, so zoom and legend choices survive new rows.

import {keeping} from "./mounts.js";
import {Panel} from "./panel.js";
import {Theme} from "./theme.js";

const BUDGET_MS = 14; // of one animation frame; what is left over waits for the next one

export default keeping((parent) => new Board(parent));

class Board {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "bnviz-player bnviz-board";
    this.grid = document.createElement("div");
    this.grid.className = "bnviz-panels";
    this.root.append(this.grid);
    parent.append(this.root);
    this.theme = new Theme(this.root);
    Object.assign(this, {turn: 0, frames: 0, shown: 0, panels: new Map(), specs: new Map()});
    Object.assign(this.root.dataset, {state: "loading", step: 0, trainedStep: 0, frames: 0});
    this.frame = requestAnimationFrame(() => this.tick());
  }

  // Take what Streamlit hands over; returns the number of this call.
  update({data}) {
    this.turn += 1;
    if (this.data?.run !== data.run) this.begin(data.run);
    this.data = data;
    this.root.dataset.trainedStep = data.rows;
    this.arrange(data.panels);
    return this.turn;
  }

  // Another sweep: its panels take the places of the last one's.
  begin(run) {
    this.shown = 0;
    Object.assign(this.root.dataset, {run, step: 0, state: "loading"});
  }

  arrange(specs) {
    for (const [id, panel] of this.panels) if (!specs.some((spec) => spec.id === id)) this.drop(id, panel);
    for (const spec of specs) {
      const serial = JSON.stringify(spec);
      if (this.specs.get(spec.id) === serial) continue;
      if (!this.panels.has(spec.id)) this.panels.set(spec.id, new Panel(this.grid));
      this.panels.get(spec.id).configure(spec);
      this.specs.set(spec.id, serial);
    }
  }

  drop(id, panel) {
    panel.close();
    this.panels.delete(id);
    this.specs.delete(id);
  }

  // As many panels as fit into this animation frame, those in view first. What is shown is counted when all are drawn.
  tick() {
    this.frame = requestAnimationFrame(() => this.tick());
    if (!window.Plotly || !this.data) return;
    const began = performance.now(), theme = this.theme.now(), key = `${this.data.run} ${theme.key}`;
    const due = [...this.panels.values()].filter((panel) => panel.drawnKey !== key).sort((a, b) => b.visible - a.visible);
    for (const [place, panel] of due.entries()) {
      this.draw(panel, theme, key);
      if (place + 1 < due.length && performance.now() - began > BUDGET_MS) return;
    }
    if (due.length || this.data.rows !== this.shown) this.drawn();
    this.state();
  }

  draw(panel, theme, key) {
    const view = {run: this.data.run};
    panel.draw(view, {}, theme, null, key, performance.now());
    panel.write(view, {}, null);
  }

  drawn() {
    this.frames += 1;
    this.shown = this.data.rows;
    Object.assign(this.root.dataset, {frames: this.frames, step: this.shown});
  }

  state() {
    const state = this.data.state === "playing" && !this.shown ? "loading" : this.data.state;
    if (this.root.dataset.state !== state) this.root.dataset.state = state;
  }

  close() {
    cancelAnimationFrame(this.frame);
    for (const panel of this.panels.values()) panel.close();
    this.root.remove();
  }
}
