// @ts-check
// A page of the static site: chooses among the recordings that there are, by its address, its presets and its settings, and
// shows one in the player, or on the board, as Streamlit would.

/**
 * @typedef {Record<string, string>} Query query parameters that differ from the page's usual settings
 * @typedef {{id: string, parameters: Query}} Option
 * @typedef {{name: string, label: string, slides: boolean, options: {value: string, label: string}[], usual: string}} Setting
 * @typedef {{
 *   lesson: string, kind: "player" | "board", options: Option[], presets: {name: string, look: string, id: string}[],
 *   settings: Setting[], fields: string[], views: string[], predictions: Record<string, string>, said: Record<string, string>,
 * }} Page
 */

/** @param {string} id */
const found = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {Page} */
const page = JSON.parse(found("page").textContent ?? "");

/**
 * What scripts hand over: parts, packed, by name.
 * @type {Map<string, (parts: Record<string, string>) => void>}
 */
const awaited = new Map();
Object.assign(globalThis, {
  bnvizSite: {take: (/** @type {string} */ name, /** @type {Record<string, string>} */ parts) => awaited.get(name)?.(parts)},
});

/**
 * Load a script, and what it hands over by that name.
 * @param {string} address
 * @param {string} name
 * @returns {Promise<Record<string, string>>}
 */
function handed(address, name) {
  return new Promise((resolve, reject) => {
    awaited.set(name, resolve);
    const lost = () => reject(new Error(filled(page.said.lost, {address})));
    document.head.append(Object.assign(document.createElement("script"), {src: address, onerror: lost}));
  });
}

/**
 * @template T
 * @param {(key: string) => Promise<T>} make
 * @returns {(key: string) => Promise<T>}
 */
function remembered(make) {
  /** @type {Map<string, Promise<T>>} */
  const made = new Map();
  return (key) => {
    const one = made.get(key) ?? make(key);
    made.set(key, one);
    one.catch(() => made.delete(key)); // another try may find it
    return one;
  };
}

/**
 * @param {string} text with names in braces
 * @param {Record<string, string>} values
 */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

const files = remembered(async (name) => JSON.parse(await unpacked((await handed(`files/${name}.js`, name)).files).text()));

const loader = remembered(async (kind) => {
  const {loaders} = await files("player");
  return (await import(addressOfText(loaders[kind], "text/javascript"))).default;
});

/** What the player or the board is told of a recording. */
const recording = remembered(async (id) => {
  const parts = await handed(`recordings/${page.lesson}/${id}.js`, id);
  const data = JSON.parse(await unpacked(parts.data).text());
  return parts.lines ? {...data, stream: await addressOfRecording(parts.lines, parts.arrays)} : data;
});

// --- which one

/**
 * Whether two texts mean the same value: 0.1 is 0.10.
 * @param {string} one
 * @param {string} other
 */
const same = (one, other) => one === other || (one !== "" && other !== "" && Number(one) === Number(other));

/**
 * In how many settings a recording is otherwise than wanted.
 * @param {Option} option
 * @param {Query} wanted
 */
function differences({parameters}, wanted) {
  const names = [...new Set([...Object.keys(parameters), ...Object.keys(wanted)])];
  return names.filter((name) => !same(value(parameters, name), value(wanted, name))).length;
}

/**
 * @param {Query} parameters
 * @param {string} name
 */
const value = (parameters, name) => parameters[name] ?? page.settings.find((one) => one.name === name)?.usual ?? "";

/**
 * The recording that is most like what is wanted, of those that have the setting `must` as wanted.
 * @param {Query} wanted
 * @param {string} [must]
 */
function nearest(wanted, must) {
  const able = must ? page.options.filter(({parameters}) => same(value(parameters, must), value(wanted, must))) : page.options;
  return able.reduce((best, one) => (differences(one, wanted) < differences(best, wanted) ? one : best), able[0]);
}

/** What the address asks for, and the names in it that mean nothing here. */
function asked() {
  const entries = [...new URLSearchParams(location.search)].filter(([name]) => !page.views.includes(name));
  const known = [...page.fields, ...page.options.flatMap(({parameters}) => Object.keys(parameters))];
  return {
    wanted: Object.fromEntries(entries.filter(([name]) => known.includes(name))),
    unknown: entries.map(([name]) => name).filter((name) => !known.includes(name)),
  };
}

// --- what is on show

/** @type {Option} */
let shown = page.options[0];
/** @type {string | null} */
let guess = null;
let waiting = Object.keys(page.predictions).length > 0;
let turns = 0;

/** @param {Option} option */
async function show(option) {
  shown = option;
  write();
  const turn = ++turns;
  try {
    const [data, {modules, style}, load] = await Promise.all([recording(option.id), files("player"), loader(page.kind)]);
    if (turn !== turns) return; // somebody has moved on
    if (page.kind === "board") writeBoard(data);
    const view = viewOf(data.view);
    const shared = {...data.shared, alone: page.said.alone};
    const panels = page.kind === "board" && waiting ? [] : data.panels;
    await load({
      data: {...data, panels, view, shared, waiting, prediction: guess, assets: {modules, style}},
      parentElement: found("player"),
      setStateValue: () => {},
      setTriggerValue: (/** @type {string} */ name) => name === "skip" && skip(),
    });
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

/**
 * The place that the address names, where it is one of this page's.
 * @param {Record<string, unknown> | undefined} usual
 */
function viewOf(usual) {
  if (!usual) return usual;
  const texts = new URLSearchParams(location.search);
  const number = (/** @type {string} */ name) => (/^\d+([.]\d+)?$/.test(texts.get(name) ?? "") ? Number(texts.get(name)) : null);
  return {
    step: number("step"),
    layer: number("layer") || usual.layer,
    tap: ["linear", "normalized", "activation"].find((one) => one === texts.get("tap")) ?? usual.tap,
    unit: texts.get("unit") === "pooled" ? "pooled" : number("unit"),
    target: number("target") ?? usual.target,
    tour: null,
  };
}

/** @param {string} text */
const say = (text) => (found("notice").textContent = text);

function skip() {
  waiting = false;
  void show(shown);
}

/**
 * Somebody has chosen another recording: the address says so, and the place in the last one means nothing there.
 * @param {Option} option
 * @param {string} [notice]
 */
function choose(option, notice = "") {
  say(notice);
  if (option === shown) return write();
  const url = new URL(location.href);
  const kept = [...url.searchParams].filter(([name]) => page.views.includes(name) && !["step", "tour"].includes(name));
  url.search = String(new URLSearchParams([...Object.entries(option.parameters), ...kept]));
  history.pushState(null, "", url);
  void show(option);
}

/** A recording in words: its settings that are not the usual ones. */
function called() {
  const chosen = page.settings.map(({name, label}) => `${label}: ${value(shown.parameters, name)}`);
  return chosen.join(", ") || page.said.usual;
}

/** Show what the address asks for. */
function follow() {
  const {wanted, unknown} = asked();
  const option = nearest(wanted);
  const query = new URLSearchParams(location.search);
  if (query.has("step") || query.get("skip") === "1") waiting = false;
  void show(option);
  const notices = unknown.length ? [filled(page.said.unknown, {names: unknown.join(", ")})] : [];
  if (differences(option, wanted)) notices.push(filled(page.said.nearest, {shown: called()}));
  say(notices.join(" "));
}

// --- controls

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, unknown>} attributes
 * @param {...(Node | string)} children
 */
function element(name, attributes, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
}

/** @type {(() => void)[]} what brings the controls up to date */
const writers = [];
const write = () => writers.forEach((one) => one());

function makePresets() {
  for (const {name, id} of page.presets) {
    const onclick = () => choose(page.options.find((one) => one.id === id) ?? shown);
    const button = element("button", {type: "button", onclick}, name);
    writers.push(() => button.setAttribute("aria-pressed", String(shown.id === id)));
    found("presets").append(button);
  }
  writers.push(() => (found("look").innerHTML = page.presets.find(({id}) => id === shown.id)?.look ?? ""));
}

/** @param {Setting} setting */
function makeSetting(setting) {
  const {name, label, options, slides} = setting;
  const isNow = (/** @type {{value: string}} */ one) => same(one.value, value(shown.parameters, name));
  const now = () => Math.max(0, options.findIndex(isNow));
  const turn = (/** @type {number} */ place) => {
    const wanted = {...shown.parameters, [name]: options[place].value};
    const option = nearest(wanted, name);
    const missing = differences(option, wanted) > 0;
    choose(option);
    if (missing) say(filled(page.said.nearest, {shown: called()}));
  };
  const output = element("output", {});
  const control = slides
    ? element("input", {type: "range", min: "0", max: String(options.length - 1), step: "1"})
    : element("select", {}, ...options.map((one, place) => element("option", {value: String(place)}, one.label)));
  control.name = name;
  control.setAttribute("aria-label", label);
  control.addEventListener("input", () => turn(Number(control.value)));
  writers.push(() => {
    control.value = String(now());
    output.textContent = slides ? options[now()].label : "";
    control.setAttribute("aria-valuetext", options[now()].label);
  });
  found("settings").append(element("label", {}, element("span", {}, label, output), control));
}

function makeQuestion() {
  const entries = Object.entries(page.predictions);
  found("question").hidden = !entries.length;
  for (const [key, text] of entries) {
    const onclick = () => {
      guess = key;
      skip();
    };
    const button = element("button", {type: "button", onclick}, text);
    writers.push(() => button.setAttribute("aria-pressed", String(guess === key)));
    found("question").append(button);
  }
  found("skip").onclick = skip;
  writers.push(() => (found("guess").hidden = page.kind !== "board" || !waiting));
}

/**
 * The words of a sweep. They are of this site, and hold no text of anybody else's.
 * @param {{verdict: string, answers: Record<string, string>, limits: string}} data
 */
function writeBoard({verdict, answers, limits}) {
  const answer = guess && answers[guess] ? `<blockquote>${answers[guess]}</blockquote>` : "";
  found("verdict").innerHTML = waiting ? "" : answer + verdict;
  found("limits").innerHTML = limits;
}

makePresets();
page.settings.forEach(makeSetting);
makeQuestion();
addEventListener("popstate", follow);
follow();
