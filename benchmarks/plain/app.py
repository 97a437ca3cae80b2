"""What the player is compared with: the same two ridgelines through st.plotly_chart in a fragment, ten times a second.

    streamlit run benchmarks/plain/app.py

Twenty filled traces a chart, as one would write it; a new snapshot at every tick.
"""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

RIDGES, BINS = 20, 64
COLOURS = {"without batch norm": "rgba(224,108,31,0.4)", "with batch norm": "rgba(47,127,209,0.4)"}


def ridgeline(arm: str, tick: int) -> go.Figure:
    """Bumps that wander with the tick, one filled trace each."""
    x = np.linspace(0, 6, BINS)
    figure = go.Figure(layout={"height": 380, "showlegend": False, "title": f"{arm}, snapshot {tick}"})
    for row in range(RIDGES):
        y = np.exp(-((x - 3 - np.sin(0.3 * row + 0.2 * tick)) ** 2)) * 2 - row
        figure.add_scatter(x=x, y=y, fill="toself", fillcolor=COLOURS[arm], line={"color": COLOURS[arm]}, mode="lines")
    return figure


@st.fragment(run_every=0.1)
def charts() -> None:
    """Both charts, side by side."""
    st.session_state.tick = tick = st.session_state.get("tick", 0) + 1
    for column, arm in zip(st.columns(2), COLOURS, strict=True):
        column.plotly_chart(ridgeline(arm, tick), key=f"ridgeline {arm}", config={"displayModeBar": False})


st.set_page_config(layout="wide")
charts()
