// @ts-check
// A page of the static site: chooses among the recordings that there are, by its address, its presets and its settings, and
// shows one in the player, or on the board, as Streamlit would.

/**
 * @typedef {Record<string, string>} Query query parameters that differ from the default settings of the page
 * @typedef {{id: string, parameters: Query, question: string}} Option `question`: what the page asks of it, "" if nothing
 * @typedef {{name: string, label: string, slides: boolean, options: {value: string, label: string}[], default: string}} Setting
 * @typedef {{
 *   lesson: string, kind: "player" | "board", options: Option[], presets: {name: string, look: string, id: string}[],
 *   settings: Setting[], fields: string[], views: string[], tracking: string, predictions: Record<string, string>,
 *   texts: Record<string, string>,
 * }} Page
 */

/** @param {string} id */
const elementOf = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {Page} */
const page = JSON.parse(elementOf("page").textContent ?? "");

/**
 * What scripts hand over: parts, packed, by name.
 * @type {Map<string, (parts: Record<string, string>) => void>}
 */
const resolvers = new Map();
Object.assign(globalThis, {
  bnvizSite: {take: (/** @type {string} */ name, /** @type {Record<string, string>} */ parts) => resolvers.get(name)?.(parts)},
});

/**
 * Load a script, and what it hands over by that name.
 * @param {string} address
 * @param {string} name
 * @returns {Promise<Record<string, string>>}
 */
function loadScript(address, name) {
  return new Promise((resolve, reject) => {
    resolvers.set(name, resolve);
    const fail = () => reject(new Error(fillText(page.texts.lost, {address})));
    document.head.append(Object.assign(document.createElement("script"), {src: address, onerror: fail}));
  });
}

/**
 * @template T
 * @param {(key: string) => Promise<T>} create
 * @returns {(key: string) => Promise<T>}
 */
function cached(create) {
  /** @type {Map<string, Promise<T>>} */
  const promises = new Map();
  return (key) => {
    const promise = promises.get(key) ?? create(key);
    promises.set(key, promise);
    promise.catch(() => promises.delete(key)); // another try may find it
    return promise;
  };
}

/**
 * @param {string} text with names in braces
 * @param {Record<string, string>} values
 */
const fillText = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

const files = cached(async (name) => JSON.parse(await unpacked((await loadScript(`files/${name}.js`, name)).files).text()));

const loader = cached(async (kind) => {
  const {loaders} = await files("player");
  return (await import(addressOfText(loaders[kind], "text/javascript"))).default;
});

/** The data of a recording for the player or the board. */
const recording = cached(async (id) => {
  const parts = await loadScript(`recordings/${page.lesson}/${id}.js`, id);
  const data = JSON.parse(await unpacked(parts.data).text());
  return parts.lines ? {...data, stream: await addressOfRecording(parts.lines, parts.arrays)} : data;
});

// --- which one

/**
 * Whether two texts mean the same value: 0.1 is 0.10.
 * @param {string} one
 * @param {string} other
 */
const equalValues = (one, other) => one === other || (one !== "" && other !== "" && Number(one) === Number(other));

/**
 * How many settings of a recording differ from the target.
 * @param {Option} option
 * @param {Query} target
 */
function differences({parameters}, target) {
  const names = [...new Set([...Object.keys(parameters), ...Object.keys(target)])];
  return names.filter((name) => !equalValues(value(parameters, name), value(target, name))).length;
}

/**
 * @param {Query} parameters
 * @param {string} name
 */
const value = (parameters, name) => parameters[name] ?? page.settings.find((one) => one.name === name)?.default ?? "";

/**
 * The recording with the fewest differences from the target, of those with its value of the setting `required`.
 * @param {Query} target
 * @param {string} [required]
 */
function nearest(target, required) {
  const candidates = required
    ? page.options.filter(({parameters}) => equalValues(value(parameters, required), value(target, required)))
    : page.options;
  return candidates.reduce((best, one) => (differences(one, target) < differences(best, target) ? one : best), candidates[0]);
}

/** What the address asks for, and the names in it that mean nothing here, not even where a visitor comes from. */
function addressQuery() {
  const tracking = new RegExp(page.tracking);
  const isOther = (/** @type {string} */ name) => page.views.includes(name) || tracking.test(name.toLowerCase());
  const entries = [...new URLSearchParams(location.search)].filter(([name]) => !isOther(name));
  const names = [...page.fields, ...page.options.flatMap(({parameters}) => Object.keys(parameters))];
  return {
    target: Object.fromEntries(entries.filter(([name]) => names.includes(name))),
    unknown: entries.map(([name]) => name).filter((name) => !names.includes(name)),
  };
}

// --- what is on show

/** @type {Option} */
let currentOption = page.options[0];
/** @type {string | null} */
let guess = null;
let awaitsGuess = Object.keys(page.predictions).length > 0;
let requests = 0;

/** @param {Option} option */
async function show(option) {
  currentOption = option;
  if (!option.question) awaitsGuess = false;
  updateControls();
  const request = ++requests;
  try {
    const [data, {modules, style}, load] = await Promise.all([recording(option.id), files("player"), loader(page.kind)]);
    if (request !== requests) return; // the visitor has moved on
    if (page.kind === "board") writeBoard(data);
    const view = viewOf(data.view);
    const shared = {...data.shared, alone: page.texts.alone};
    const panels = page.kind === "board" && awaitsGuess ? [] : data.panels;
    await load({
      data: {...data, panels, view, shared, waiting: awaitsGuess, prediction: guess, assets: {modules, style}},
      parentElement: elementOf("player"),
      setStateValue: () => {},
      setTriggerValue: (/** @type {string} */ name) => name === "skip" && skip(),
    });
  } catch (error) {
    showNotice(error instanceof Error ? error.message : String(error));
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
    motion: ["distribution", "example"].find((one) => one === texts.get("motion")) ?? usual.motion,
    charts: ["front", "all"].find((one) => one === texts.get("charts")) ?? usual.charts,
    tour: null,
  };
}

/** @param {string} text */
const showNotice = (text) => (elementOf("notice").textContent = text);

function skip() {
  awaitsGuess = false;
  void show(currentOption);
}

/**
 * Somebody has chosen another recording: the address says so, and the place in the last one means nothing there.
 * @param {Option} option
 * @param {string} [notice]
 */
function choose(option, notice = "") {
  showNotice(notice);
  if (option === currentOption) return updateControls();
  const url = new URL(location.href);
  const views = [...url.searchParams].filter(([name]) => page.views.includes(name) && !["step", "tour"].includes(name));
  url.search = String(new URLSearchParams([...Object.entries(option.parameters), ...views]));
  history.pushState(null, "", url);
  void show(option);
}

/** The recording in words: its settings. */
function description() {
  const values = page.settings.map(({name, label}) => `${label}: ${value(currentOption.parameters, name)}`);
  return values.join(", ") || page.texts.usual;
}

/** Show what the address asks for. */
function follow() {
  const {target, unknown} = addressQuery();
  const option = nearest(target);
  const query = new URLSearchParams(location.search);
  if (query.has("step") || query.get("skip") === "1") awaitsGuess = false;
  void show(option);
  const notices = unknown.length ? [fillText(page.texts.unknown, {names: unknown.join(", ")})] : [];
  if (differences(option, target)) notices.push(fillText(page.texts.nearest, {shown: description()}));
  showNotice(notices.join(" "));
}

// --- controls

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, unknown>} attributes
 * @param {...(Node | string)} children
 */
function element(name, attributes, ...children) {
  const node = Object.assign(document.createElement(name), attributes);
  node.append(...children);
  return node;
}

/** @type {(() => void)[]} what brings the controls up to date */
const controlUpdates = [];
const updateControls = () => controlUpdates.forEach((one) => one());

function makePresets() {
  for (const {name, id} of page.presets) {
    const onclick = () => {
      guess = null; // it was about the recording on show
      choose(page.options.find((one) => one.id === id) ?? currentOption);
    };
    const button = element("button", {type: "button", onclick}, name);
    controlUpdates.push(() => button.setAttribute("aria-pressed", String(currentOption.id === id)));
    elementOf("presets").append(button);
  }
  controlUpdates.push(() => (elementOf("look").innerHTML = page.presets.find(({id}) => id === currentOption.id)?.look ?? ""));
}

/** @param {Setting} setting */
function makeSetting(setting) {
  const {name, label, options, slides} = setting;
  const isSelected = (/** @type {{value: string}} */ one) => equalValues(one.value, value(currentOption.parameters, name));
  const selectedIndex = () => Math.max(0, options.findIndex(isSelected));
  const select = (/** @type {number} */ index) => {
    const target = {...currentOption.parameters, [name]: options[index].value};
    const option = nearest(target, name);
    const isMissing = differences(option, target) > 0;
    choose(option);
    if (isMissing) showNotice(fillText(page.texts.nearest, {shown: description()}));
  };
  const output = element("output", {});
  const control = slides
    ? element("input", {type: "range", min: "0", max: String(options.length - 1), step: "1"})
    : element("select", {}, ...options.map((one, index) => element("option", {value: String(index)}, one.label)));
  control.name = name;
  control.setAttribute("aria-label", label);
  control.addEventListener("input", () => select(Number(control.value)));
  controlUpdates.push(() => {
    control.value = String(selectedIndex());
    output.textContent = slides ? options[selectedIndex()].label : "";
    control.setAttribute("aria-valuetext", options[selectedIndex()].label);
  });
  elementOf("settings").append(element("label", {}, element("span", {}, label, output), control));
}

function makeQuestion() {
  const entries = Object.entries(page.predictions);
  const text = element("span", {});
  elementOf("question").append(text);
  controlUpdates.push(() => {
    const {question} = currentOption;
    elementOf("question").hidden = !question;
    elementOf("question").setAttribute("aria-label", question);
    text.textContent = question;
  });
  for (const [key, text] of entries) {
    const onclick = () => {
      guess = key;
      skip();
    };
    const button = element("button", {type: "button", onclick}, text);
    controlUpdates.push(() => button.setAttribute("aria-pressed", String(guess === key)));
    elementOf("question").append(button);
  }
  elementOf("skip").onclick = skip;
  controlUpdates.push(() => (elementOf("guess").hidden = page.kind !== "board" || !awaitsGuess));
}

/**
 * The words of a sweep. They are of this site, and hold no text of anybody else's.
 * @param {{verdict: string, origin: string, answers: Record<string, string>, limits: string}} data
 */
function writeBoard({verdict, origin, answers, limits}) {
  const answer = guess && answers[guess] ? `<blockquote>${answers[guess]}</blockquote>` : "";
  elementOf("verdict").innerHTML = awaitsGuess ? "" : answer + verdict + origin;
  elementOf("limits").innerHTML = limits;
}

makePresets();
page.settings.forEach(makeSetting);
makeQuestion();
addEventListener("popstate", follow);
follow();
