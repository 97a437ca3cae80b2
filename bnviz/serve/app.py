"""The ASGI app that `bnviz serve` starts. `app.py` of the repository is the same app for `streamlit run`."""

from pathlib import Path

import streamlit as st

from bnviz.serve import browser
from bnviz.web.routes import middleware, routes

app = st.App(Path(__file__).parents[1] / "frame.py", routes=routes, middleware=middleware, lifespan=browser.lifespan)
