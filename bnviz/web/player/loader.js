// @ts-check
// All of a component that Streamlit sends itself, and again at every rerun: it finds the rest. The browser fetches our files from
// their routes; where these do not answer, it asks for the files through the component's state, as the player asks for lines. A
// page that was saved as a file has brought them along. The module to begin with, such as player/player.js, takes MAIN's place.

/**
 * @typedef {object} Files
 * @property {() => Promise<unknown>} plotly
 * @property {(file: string) => Promise<any>} open
 * @property {boolean} [opened] whether a module has been opened
 * @property {boolean} [last] whether there is no other way to get them
 */
/** @typedef {{modules: [string, string][], style: string, plotly?: string}} Bundle scripts by name, and the rest */

/** @type {Window & {bnvizFiles?: Files}} */
const page = window;

/** @param {string} address */
const at = (address) => new URL(address, document.baseURI).href;

/**
 * @param {string} name
 * @param {string} file as that script imports it
 */
const beside = (name, file) => new URL(file, `file:///${name}`).pathname.slice(1);

/**
 * @param {string} text
 * @param {string} type
 */
const blob = (text, type) => URL.createObjectURL(new Blob([text], {type}));

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
const add = (tag, attributes) =>
  new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement(tag), {...attributes, onload: resolve, onerror: reject}));
  });

/**
 * @param {() => Promise<unknown>} make
 * @returns {() => Promise<unknown>}
 */
function once(make) {
  /** @type {Promise<unknown> | undefined} */
  let promise;
  return () => (promise ??= make());
}

/**
 * @param {{files: string, plotly: string}} addresses
 * @returns {Files}
 */
function fetchFiles({files, plotly}) {
  const style = at(`${files}/web/player/player.css`);
  if (![...document.styleSheets].some((one) => one.href === style)) add("link", {rel: "stylesheet", href: style}).catch(() => {});
  return {plotly: once(() => add("script", {src: at(plotly)})), open: (file) => import(at(`${files}/${file}`))};
}

/**
 * @param {Bundle} bundle
 * @param {string} address of Plotly, where it is not brought
 * @param {Files} [before]
 * @returns {Files}
 */
function filesFromData({modules, style, plotly}, address, before) {
  /** @type {Record<string, string>} */
  const addresses = {};
  for (const [name, text] of modules) {
    const linked = text.replace(/from "([.]{1,2}[/][\w./-]+[.]js)"/g, (_, file) => `from "${addresses[beside(name, file)]}"`);
    addresses[name] = blob(linked, "text/javascript");
  }
  add("link", {rel: "stylesheet", href: blob(style, "text/css")});
  const open = before?.opened ? before.open : (/** @type {string} */ file) => import(addresses[file]);
  const start = once(() => add("script", {src: plotly ? blob(plotly, "text/javascript") : at(address)}));
  if (before) start(); // the player has asked for it already
  return {plotly: start, open, last: true};
}

/** @param {{data: any, setStateValue: (name: string, value: unknown) => void}} component */
export default async function (component) {
  const {data, setStateValue} = component;
  if (data.assets && !page.bnvizFiles?.last) page.bnvizFiles = filesFromData(data.assets, data.addresses.plotly, page.bnvizFiles);
  const files = (page.bnvizFiles ??= fetchFiles(data.addresses));
  if (data.assets) setStateValue("assets", false); // once is enough
  try {
    const names = ["web/MAIN", ...(data.story ? [`lessons/${data.story}/story.js`] : [])];
    const [main, story] = await Promise.all(names.map(files.open));
    files.opened = true;
    // Plotly takes long to begin, so it does when the first picture is there. Should it be missing, it is handed over.
    const plotly = () => files.plotly().catch(() => files.last || setStateValue("assets", true));
    return main.default({...component, plotly}, story?.default);
  } catch (error) {
    if (files.last) throw error;
    setStateValue("assets", true);
  }
}
