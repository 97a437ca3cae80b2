"""The ASGI app: `streamlit run app.py`."""

import streamlit as st

from bnviz.web.routes import lifespan, routes

app = st.App("bnviz/frame.py", routes=routes, lifespan=lifespan)
