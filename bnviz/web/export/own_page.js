// @ts-check
// Begins the page of people's own networks where there is no Streamlit: in the static site, in a page that was saved as a file,
// and where `bnviz view` serves it. What the page has brought along is unpacked (unpacking.js).

/**
 * @typedef {object} OwnPage
 * @property {any} data what own.js is told
 * @property {string} loader the loader's script, if the page has not brought all files along
 * @property {string} script the address of the script that holds the files of a static site, if they are there
 * @property {string} name of the recording that the page has brought along
 */

/** @param {string} id of the script element that holds it */
const partText = (id) => document.getElementById(id)?.textContent ?? "";

/**
 * The files of a static site: a page from a disk may load scripts, and nothing else.
 * @param {string} address
 * @returns {Promise<string>} packed
 */
function filesOfScript(address) {
  return new Promise((resolve, reject) => {
    Object.assign(globalThis, {bnvizSite: {take: (/** @type {string} */ _, /** @type {any} */ parts) => resolve(parts.files)}});
    document.head.append(Object.assign(document.createElement("script"), {src: address, onerror: reject}));
  });
}

/** @param {OwnPage} page */
async function broughtFiles({script, loader}) {
  const packed = script ? await filesOfScript(script) : partText("files");
  if (!packed) return {loader};
  const {loaders, loader: own, modules, style} = JSON.parse(await unpacked(packed).text());
  const plotly = partText("plotly") && (await unpacked(partText("plotly")).text());
  return {loader: own ?? loaders.own, assets: {modules, style, ...(plotly ? {plotly} : {})}};
}

async function beginOwnPage() {
  /** @type {OwnPage} */
  const page = JSON.parse(partText("page"));
  const {loader, assets} = await broughtFiles(page);
  const {data} = page;
  if (partText("lines")) {
    const address = await addressOfRecording(partText("lines"), partText("arrays"));
    data.sources = [{name: page.name, address, grows: false}];
  }
  const {default: load} = await import(addressOfText(loader, "text/javascript"));
  const ignore = () => {};
  const parentElement = document.getElementById("player");
  await load({data: {...data, ...(assets ? {assets} : {})}, parentElement, setStateValue: ignore, setTriggerValue: ignore});
}

void beginOwnPage();
