// @ts-check
// Begins the player in a page that was saved as a file: unpacks what the page has brought along (unpacking.js), and mounts the
// player as Streamlit would.

/** @param {string} id of the script element that holds it */
const packedText = (id) => document.getElementById(id)?.textContent ?? "";

async function begin() {
  const [files, plotly] = await Promise.all(["files", "plotly"].map((id) => unpacked(packedText(id)).text()));
  const stream = await addressOfRecording(packedText("lines"), packedText("arrays"));
  const other = await addressOfRecording(packedText("beside-lines"), packedText("beside-arrays"));
  const {data, modules, style, loader} = JSON.parse(files);
  const beside = data.beside && {...data.beside, stream: other};
  const {default: load} = await import(addressOfText(loader, "text/javascript"));
  const ignore = () => {};
  await load({
    data: {...data, stream, beside, assets: {modules, style, plotly}},
    parentElement: document.getElementById("player"),
    setStateValue: ignore,
    setTriggerValue: ignore,
  });
}

void begin();
