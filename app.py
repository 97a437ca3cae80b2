"""The ASGI app: `streamlit run app.py`."""

import streamlit as st

from bnviz.web.routes import lifespan, middleware, routes

app = st.App("bnviz/frame.py", routes=routes, middleware=middleware, lifespan=lifespan)
