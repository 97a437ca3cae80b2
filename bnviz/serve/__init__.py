"""The app as a program: `bnviz serve`. `app.py` is what Streamlit opens, `.streamlit/config.toml` its settings."""
