// @ts-check
// Begins the player in a page that was saved as a file: unpacks what the page has brought along, and mounts it as Streamlit
// would.

/**
 * What the page has brought along, packed with gzip and written in base64.
 * @param {string} id of the script element that holds it
 */
function unpacked(id) {
  const text = document.getElementById(id)?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
}

/**
 * The recording as it was, of lines whose arrays are kept apart from them.
 * @param {string} lines
 * @param {Uint8Array} arrays
 */
function recorded(lines, arrays) {
  let at = 0;
  return lines.replace(/"bdata":(\d+)/g, (_, size) => `"bdata":"${base64(arrays.subarray(at, (at += Number(size))))}"`);
}

/** @param {Uint8Array} bytes */
const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/**
 * @param {string} text
 * @param {string} type
 */
const addressOf = (text, type) => URL.createObjectURL(new Blob([text], {type}));

async function begin() {
  const [files, lines, plotly] = await Promise.all(["files", "lines", "plotly"].map((id) => unpacked(id).text()));
  const arrays = new Uint8Array(await unpacked("arrays").arrayBuffer());
  const {data, modules, style, loader} = JSON.parse(files);
  const {default: load} = await import(addressOf(loader, "text/javascript"));
  const nobody = () => {};
  await load({
    data: {...data, stream: addressOf(recorded(lines, arrays), "application/x-ndjson"), assets: {modules, style, plotly}},
    parentElement: document.getElementById("player"),
    setStateValue: nobody,
    setTriggerValue: nobody,
  });
}

void begin();
