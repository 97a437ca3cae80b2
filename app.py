"""The ASGI app: `streamlit run app.py`."""

import streamlit as st

from bnviz.server import lifespan, routes

app = st.App("bnviz/site/main.py", routes=routes, lifespan=lifespan)
