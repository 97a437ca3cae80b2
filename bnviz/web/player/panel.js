// A panel: a title, a caption, one Plotly node that lives as long as the panel does, and a text alternative. The player's traces
// say in `feed` what fills them from the recording; the board's come filled in, with the text alternative in the specification.

import {feeds} from "./feeds.js";
import {alternative} from "./words.js";

const CONFIG = {displaylogo: false, responsive: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d", "pan2d", "zoom2d"]};
const NARROW = 560;

const element = (tag, name, parent) => {
  const made = document.createElement(tag);
  made.className = name;
  parent.append(made);
  return made;
};

export const fill = (text, words) => text.replace(/\{(\w+)\}/g, (whole, key) => words[key] ?? whole);

export class Panel {
  constructor(parent, fits) {
    this.fits = fits;
    this.box = element("section", "bnviz-panel", parent);
    this.heading = element("header", "", this.box);
    this.title = element("h3", "", this.heading);
    this.caption = element("p", "bnviz-caption", this.box);
    this.node = element("div", "bnviz-plot", this.box);
    this.node.setAttribute("role", "img");
    this.visible = true;
    this.drawnAt = 0;
    this.drawnKey = "";
    this.fast = 0;
    this.given = new Map(); // axis -> its range as it was last given to Plotly, and the axis' revision then
    this.seer = new IntersectionObserver((entries) => { this.visible = entries.at(-1).isIntersecting; }, {rootMargin: "150px"});
    this.seer.observe(this.box);
    this.sizer = new ResizeObserver(() => { this.drawnKey = ""; });
    this.sizer.observe(this.node);
  }

  configure(spec) {
    this.spec = spec;
    this.fast = Number(spec.rate >= 30);
    this.box.dataset.panel = spec.id;
    this.box.classList.toggle("bnviz-wide", spec.wide);
    this.node.style.height = `${spec.height}px`;
    this.drawnKey = "";
  }

  // Whether the panel shows something else than `key` and may be drawn again at `now` (milliseconds).
  due(key, now) { return this.visible && this.drawnKey !== key && now - this.drawnAt >= 1000 / this.spec.rate - 4; }

  draw(view, words, theme, story, key, now) {
    const kinds = {...feeds, ...story?.feeds};
    const data = this.spec.data.map((trace) => ({...trace, ...(trace.feed && kinds[trace.feed.kind](trace.feed, view))}));
    Plotly.react(this.node, data, this.layout(view, words, theme), CONFIG);
    if (!this.drawnAt) this.node.on("plotly_relayout", () => { this.drawnKey = ""; }); // who has zoomed out sees the range of now
    this.unzoomTo();
    this.drawnAt = now;
    this.drawnKey = key;
  }

  // The words around the plot change less often than the plot.
  write(view, words, story) {
    const title = fill(this.spec.title, words);
    set(this.title, title);
    set(this.caption, fill(this.spec.caption, words));
    this.node.setAttribute("aria-label", this.spec.alternative ?? alternative(this.spec, title, view, story));
  }

  // A fresh layout each time: Plotly keeps zoom and legend choices for as long as `uirevision` stays the same.
  layout(view, words, theme) {
    const width = this.node.clientWidth, narrow = width < NARROW;
    const layout = {...this.spec.layout, width, height: this.spec.height, uirevision: view.run, paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)", font: {...this.spec.layout.font, size: narrow ? 10 : 12, color: theme.text, family: theme.family},
      hoverlabel: {bgcolor: theme.background, bordercolor: theme.grid, font: {color: theme.text}}};
    for (const [name, axis] of Object.entries(this.spec.layout)) {
      if (!/^[xy]axis/.test(name)) continue;
      const title = {...axis.title, text: fill(axis.title.text, words)};
      layout[name] = {...axis, title, gridcolor: theme.grid, linecolor: theme.grid, uirevision: `${view.run} ${view.layer} ${view.tap} ${view.unit}`};
      if (axis.nticks && narrow) layout[name].nticks = Math.min(axis.nticks, 4);
      const range = (axis.fit && this.fits.range(axis.fit, view)) || axis.range;
      if (range) layout[name].range = this.unlessZoomed(name, range, layout[name].uirevision);
    }
    if (narrow) layout.annotations = this.spec.layout.annotations?.map((note) => ({...note, text: note.text.replace(" batch norm", "")}));
    if (theme.coarse) layout.dragmode = false; // a finger scrolls the page
    return layout;
  }

  // Ranges grow while data arrives, but Plotly keeps a zoom only for as long as it is given the range that was zoomed from.
  unlessZoomed(name, range, revision) {
    const given = this.given.get(name), shown = this.node.layout?.[name]?.range;
    const zoomed = given?.revision === revision && shown && given.range.some((end, place) => end !== shown[place]);
    if (!zoomed) this.given.set(name, {range: [...range], revision});
    return [...this.given.get(name).range];
  }

  // A double click goes back to the ranges that were given first, unless told otherwise; only Plotly's private fields can tell.
  unzoomTo() {
    for (const [name, {range: [low, high]}] of this.given) {
      if (this.node._fullLayout?.[name]) Object.assign(this.node._fullLayout[name], {_rangeInitial0: low, _rangeInitial1: high});
    }
  }

  close() {
    this.seer.disconnect();
    this.sizer.disconnect();
    if (window.Plotly) Plotly.purge(this.node);
    this.box.remove();
  }
}

export function set(node, text) { if (node.textContent !== text) node.textContent = text; }
