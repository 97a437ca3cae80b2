// Runs the browser's modules for Python's tests: a line of JSON in, a line of JSON out, {"value"} or {"error"}, without a page
// and a server. Numbers that JSON does not know are written "NaN", "Infinity" and "-Infinity" on the way in, null on the way out.

import {readFileSync} from "node:fs";
import {createInterface} from "node:readline";

const PACKAGE = new URL("../../bnviz/", import.meta.url);
const NUMBERS = {NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity};

const load = (file) => import(new URL(file, PACKAGE));
const NO_STORY = {captions: {}, alternatives: {}, headline: () => ""};
const desk = {recording: "", fits: null, view: null, before: null, service: null};

const recordings = new Map();

async function read(path, lines) {
  const key = `${path} ${lines}`;
  if (!recordings.has(key)) recordings.set(key, await readAnew(path, lines));
  return recordings.get(key);
}

async function readAnew(path, lines) {
  const {Recording} = await load("web/player/recording.js");
  const recording = new Recording(
    path,
    () => {},
    () => {},
  );
  recording.accept(readFileSync(path, "utf8").trim().split("\n").slice(0, lines), 0);
  return recording;
}

class Outline {
  points = [];
  moveTo(...point) {
    this.points.push(point);
  }
  lineTo(...point) {
    this.points.push(point);
  }
}

// A canvas's context that notes what is painted, each with its opacity; whatever else it is asked, it does nothing.
class Brush {
  painted = {words: [], boxes: [], discs: [], outlines: []};
  round = null;
  context = new Proxy(
    {globalAlpha: 1},
    {get: (state, name) => (name in state ? state[name] : this[name] ? this[name].bind(this) : () => {})},
  );
  fillText(words, x, y) {
    this.painted.words.push([words, x, y]);
  }
  measureText(words) {
    return {width: 5 * words.length};
  }
  fillRect(...box) {
    this.painted.boxes.push([...box, this.context.globalAlpha]);
  }
  beginPath() {
    this.round = null;
  }
  arc(x, y, radius) {
    this.round = [x, y, radius];
  }
  fill(path) {
    if (path) this.painted.outlines.push(path.points);
    else if (this.round) this.painted.discs.push([...this.round, this.context.globalAlpha]);
  }
}
const actions = {
  // A function of a module.
  call: async ({file, name, args}) => (await load(file))[name](...args),

  // A function of a module, of the view and whatever else; words are those of the view.
  async ofView({file, name, args = []}) {
    const {playerText} = await load("web/player/words.js");
    const text = (key, values) => playerText(desk.view, key, values);
    const values = {view: desk.view, text};
    return (await load(file))[name](...args.map((argument) => values[argument] ?? argument));
  },

  // What the story says the scores of the picture are of.
  scored: () => desk.view.story.scored?.(desk.view) ?? "",

  // Look at the first `lines` lines of a recording (a file): from now on feeds, ranges and words are asked of this view.
  async look({recording, story, data, choice, place, moving = false, lines = Infinity, service = null}) {
    const {viewOf} = await load("web/player/view.js");
    const {Fits} = await load("web/player/fits.js");
    if (desk.recording !== recording) Object.assign(desk, {recording, fits: new Fits()});
    const storyModule = story ? (await load(`lessons/${story}/story.js`)).default : NO_STORY;
    const state = service && {state: service};
    desk.view = viewOf({
      recording: await read(recording, lines),
      data,
      choice,
      story: storyModule,
      fits: desk.fits,
      playhead: place,
      moving,
      service: state,
    });
    if (!desk.view) return null;
    const {header: _header, frames, fits: _fits, story: _story, ...rest} = desk.view;
    return {...rest, snapshots: frames.length};
  },

  // Call a method of the lesson's service, a new one if `fresh`, with the view or with `args`; then the view has its state.
  async serve({method = "follow", args = null, fresh = false}) {
    const {view} = desk;
    if (fresh) desk.service = view.story.service({redraw() {}, choose() {}});
    const value = desk.service[method](...(args ?? [view]));
    view.service = desk.service.state;
    return value ?? null;
  },

  feed: async ({kind, ...feed}) => {
    const {feeds} = await load("web/player/feeds.js");
    return (desk.view.story.feeds?.[kind] ?? feeds[kind])(feed, desk.view);
  },

  range: ({kind}) => desk.view.fits.range(kind, desk.view),

  tallest: ({arm}) => desk.view.tallest(arm),

  remembered: () => desk.view.fits.cache.size,

  // What there is to be named: by every page, and by a lesson's story.
  async names({story}) {
    const [{feeds}, {fits}, {names}] = await Promise.all(["feeds", "fits", "words"].map((name) => load(`web/player/${name}.js`)));
    const storyModule = (await load(`lessons/${story}/story.js`)).default;
    const keys = (...tables) => tables.flatMap((table) => Object.keys(table ?? {}));
    return {
      feeds: keys(feeds, storyModule.feeds),
      fits: keys(fits, storyModule.fits),
      captions: keys(names, storyModule.captions),
      bounds: keys(storyModule.bounds),
      alternatives: keys(storyModule.alternatives),
      controls: ["target", ...keys(storyModule.controls)],
    };
  },

  choices: async ({story}) => (await load(`lessons/${story}/story.js`)).default.choices ?? {},

  // All that is drawn and said of the view with these panels.
  // The experiments that a story offers of what is on show.
  async offers() {
    return desk.view.story.offers?.(desk.view) ?? [];
  },

  // What the story concludes of the view that was kept and of this one.
  keep: () => void (desk.before = desk.view),

  // The view that was kept is drawn beside this one, with all of its lines.
  compare() {
    const {frames} = desk.before;
    const last = {frameIndex: frames.length - 1, frame: frames[frames.length - 1]};
    desk.view.comparison = {...desk.before, ...last};
  },
  conclude: () => desk.view.story.conclusion?.(desk.view, desk.before) ?? null,

  async speak({panels}) {
    const {alternative, filler, pieces} = await load("web/player/words.js");
    const {feeds} = await load("web/player/feeds.js");
    const {tablesOf} = await load("web/player/tables.js");
    const {view} = desk,
      {story} = view,
      fill = filler(view),
      texts = [
        pieces(story.headline(view))
          .map(({text}) => text)
          .join(""),
        story.answer?.(view) ?? "",
      ];
    for (const panel of panels) {
      for (const trace of panel.data) (story.feeds?.[trace.feed.kind] ?? feeds[trace.feed.kind])(trace.feed, view);
      for (const [name, axis] of Object.entries(panel.layout)) {
        if (!/^[xy]axis/.test(name)) continue;
        texts.push(fill(axis.title.text));
        if (axis.fit) view.fits.range(axis.fit, view);
      }
      texts.push(...tablesOf(panel, {view, fill}).flatMap(({key, columns}) => [key, ...columns]));
      texts.push(fill(panel.title), fill(panel.caption), panel.alternative ?? alternative(panel, fill(panel.title), view));
    }
    return texts;
  },

  // The tables of a panel: of the view, or, on the board, of what its traces hold.
  async tables({panel, board = false}) {
    const {filler} = await load("web/player/words.js");
    const {tablesOf} = await load("web/player/tables.js");
    return tablesOf(panel, board ? {fill: String} : {view: desk.view, fill: filler(desk.view)});
  },

  // The cards of a lesson's tour, functions left out.
  cards: async ({story}) => (await load(`lessons/${story}/story.js`)).default.tour ?? [],

  // What every card of the tour says was measured in this view, in these words.
  async outcomes({words}) {
    const {sentence} = await load("web/player/words.js");
    return desk.view.story.tour.map((card) => card.outcome(desk.view, (key, values) => sentence(words, key, values)));
  },

  // What every card of the tour reads off in this view, in these words, and whether the page has the numbers of single units.
  async readings({words}) {
    const {sentence} = await load("web/player/words.js");
    const {tour, numbers = false} = desk.view.story;
    const say = (key, values) => sentence(words, key, values);
    return {numbers, cards: tour.map((card) => card.readings?.(desk.view, say) ?? [])};
  },

  // The picture of the two networks as it would be painted: words, rectangles, discs, and the outlines of histograms.
  async paint({width}) {
    const [{Painter}, {arrange}] = await Promise.all(["painter", "geometry"].map((name) => load(`web/player/${name}.js`)));
    const {ALL_VISIBLE} = await load("web/player/core/visibility.js");
    globalThis.Path2D = Outline;
    const {view} = desk,
      {header, layer, frame} = view;
    const sizes = {width, layers: header.hidden_layers, units: header.experiment.width, watched: header.watched_units.length};
    const geometry = arrange({...sizes, chosen: layer});
    const theme = {text: "text", background: "background", grid: "grid", family: "", dark: false};
    const [painter, brush] = [new Painter(), new Brush()];
    painter.paint(brush.context, {
      geometry,
      view,
      theme,
      visibility: ALL_VISIBLE,
      hovered: null,
      small: false,
      scoresFrame: frame,
    });
    const {far, peak, range} = painter;
    return {geometry, far, peak, range, ...brush.painted};
  },

  // A formula as a page draws it, as text; what follows an operator, and is bracketed where it is negative, has a prime.
  async formula({formula}) {
    const {drawFormula} = await load("web/player/formulas.js");
    class Text {
      pieces = [];
      setAttribute() {}
      append = (...pieces) => this.pieces.push(...pieces);
      toString = () => this.pieces.join("");
    }
    globalThis.document = {createElement: () => new Text()};
    try {
      return drawFormula(formula, (part, operand) => part + (operand ? "'" : "")).join("");
    } finally {
      delete globalThis.document; // with a page, a sentence that is lacking is only reported
    }
  },

  // What is read of a message to Streamlit's server.
  request: async ({bytes}) => (await load("web/player/rerun-request.js")).rerunRequest(Uint8Array.from(bytes)),

  fill: async ({text}) => (await load("web/player/words.js")).filler(desk.view)(text),
};

const revive = (_, value) => (typeof value === "string" && Object.hasOwn(NUMBERS, value) ? NUMBERS[value] : value);
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);

for await (const line of createInterface({input: process.stdin})) {
  const {action, ...question} = JSON.parse(line, revive);
  if (action === "end") process.exit();
  let answer;
  try {
    answer = {value: (await actions[action](question)) ?? null};
  } catch (error) {
    answer = {error: String(error)};
  }
  process.stdout.write(`${JSON.stringify(answer, plain)}\n`);
}
