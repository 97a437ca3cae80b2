"""What a lesson's page is compared with where settings are changed: a slider and the same two ridgelines, as one would write it.

streamlit run benchmarks/plain/settings.py
"""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

RIDGES, BINS = 20, 64
SIZES = [2, 4, 8, 16, 32, 64, 128, 256]


def ridgeline(arm: str, size: int) -> go.Figure:
    """Bumps that depend on the setting, one filled trace each."""
    x = np.linspace(0, 6, BINS)
    figure = go.Figure(layout={"height": 380, "showlegend": False, "title": f"{arm}, batches of {size}."})
    for row in range(RIDGES):
        y = np.exp(-((x - 3 - np.sin(0.3 * row + 0.2 * size)) ** 2)) * 2 - row
        figure.add_scatter(x=x, y=y, fill="toself", mode="lines")
    return figure


st.set_page_config(layout="wide")
batch = st.select_slider("Batch size", SIZES, 64, key="batch_size")
for column, network in zip(st.columns(2), ("without batch norm", "with batch norm"), strict=True):
    column.plotly_chart(ridgeline(network, batch), key=f"ridgeline {network}")
