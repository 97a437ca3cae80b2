"""The one function that mounts the player (player.js) on a page.

The browser fetches the run from our own route. Where a host does not forward that route, the player asks through the component's
state for the lines it lacks, and gets them with the component's data: the same log, the same cursor, another road.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

import bnviz
from bnviz import engine
from bnviz.figures import plotly_js

# Only a loader, because inline code is sent again at every rerun; it needs its line breaks, or it is taken for a path.
# If our routes do not answer, it asks for the files through the component's state, as the player asks for lines.
LOADER = """
const at = (file) => new URL(`bnviz/${file}?v=@version@`, document.baseURI).href;
const blob = (text, type) => URL.createObjectURL(new Blob([text], {type}));
const add = (tag, attributes) => new Promise((resolve, reject) => {
  document.head.append(Object.assign(document.createElement(tag), {...attributes, onload: resolve, onerror: reject}));
});
const fetched = async () => {
  add("link", {rel: "stylesheet", href: at("player/player.css")}).catch(() => {});
  const plotly = add("script", {src: at("plotly.min.js")});
  const [player] = await Promise.all([import(at("player/player.js")), plotly]);
  return player;
};
const handedOver = async ({modules, style, plotly}) => {
  const addresses = {};
  for (const [name, text] of modules) {
    const linked = text.replace(/"[.][/]([\\w-]+[.]js)"/g, (whole, file) => JSON.stringify(addresses[file]));
    addresses[name] = blob(linked, "text/javascript");
  }
  add("link", {rel: "stylesheet", href: blob(style, "text/css")});
  await add("script", {src: blob(plotly, "text/javascript")});
  return import(addresses["player.js"]);
};
export default async function (component) {
  const {data, setStateValue} = component;
  if (data.assets && !window.bnvizHandedOver) window.bnvizHandedOver = handedOver(data.assets);
  if (!window.bnvizHandedOver) window.bnvizFetched ??= fetched();
  try {
    const player = await (window.bnvizHandedOver ?? window.bnvizFetched);
    return player.default(component);
  } catch (error) {
    if (window.bnvizHandedOver) throw error;
    setStateValue("assets", true);
  }
}
"""
MODULES = (  # each imports only earlier ones
    "recording.js", "feeds.js", "fits.js", "words.js", "story-live-shift.js", "stories.js", "panel.js", "controls.js", "player.js",
)  # fmt: skip
LINES_AT_ONCE = 60
FOLDER = Path(__file__).parent


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    """The component, registered once a process: registering it again under its name would warn."""
    return st.components.v2.component("bnviz_player", js=LOADER.replace("@version@", bnviz.__version__), isolate_styles=False)


@st.fragment
def mount(
    run: str,
    snapshots: int,
    panels: list[dict[str, Any]],
    view: dict[str, Any],
    story: str,
    prediction: str | None = None,
    key: str = "player",
) -> None:
    """Show the player of `run` with these panels (bnviz.figures), opened at `view`, told by `story` (stories.js).

    `snapshots` is how many the finished recording will have. `view` holds step (or None), layer, tap, unit and target.
    `prediction` is what the visitor expects, for the story to judge.
    """
    data = {
        "run": run,
        "stream": f"bnviz/runs/{run}.ndjson",
        "snapshots": snapshots,
        "panels": panels,
        "view": view,
        "story": story,
        "prediction": prediction,
    }
    asked = st.session_state.get(key) or {}
    if (cursor := asked.get("cursor")) and cursor["run"] == run:
        data["lines"] = _lines(run, cursor["from"])
    elif asked.get("assets"):
        data["assets"] = _assets()
    _component()(key=key, data=data, on_cursor_change=_nothing, on_assets_change=_nothing)


def _nothing() -> None:
    """Streamlit keeps only those state values that have a callback."""


def _assets() -> dict[str, Any]:
    """The player's files as text, for a browser that cannot fetch them."""
    modules = [(name, (FOLDER / name).read_text()) for name in MODULES]
    return {"modules": modules, "style": (FOLDER / "player.css").read_text(), "plotly": plotly_js().read_text()}


def _lines(run: str, start: int) -> dict[str, Any]:
    """What the player lacks, no more than a message should carry."""
    recording = engine.shared().recording(run)
    lines = recording.lines(start, start + LINES_AT_ONCE) if recording else []
    return {"run": run, "from": start, "lines": [line.decode().rstrip("\n") for line in lines]}
