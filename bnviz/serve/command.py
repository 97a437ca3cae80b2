"""The command `bnviz serve`: the app from any folder, with the settings in `.streamlit/config.toml` beside this file.

Streamlit's own order holds: these settings win over the user's and the folder's `.streamlit/config.toml`, environment variables
(`STREAMLIT_SERVER_MAX_MESSAGE_SIZE=32`) win over these, and flags over all. What is not set here, such as a certificate, is
taken from the user's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bnviz.serve import browser, processes
from bnviz.web import compat

APP = Path(__file__).with_name("app.py")
FLAGS = {"port": "--server.port", "host": "--server.address", "base_path": "--server.baseUrlPath"}  # option: Streamlit's flag


def serve(options: Mapping[str, object]) -> None:
    """Serve the app until a signal ends it, in one web process or in as many as the option `processes` says.

    Raises SystemExit, KeyboardInterrupt, or `compat.BadSetting`.
    """
    count = int(str(options.get("processes", 1)))
    if count > 1:
        return processes.serve(count, options)
    browser.is_wanted = bool(options.get("open"))
    compat.serve(APP, streamlit_flags(options))


def streamlit_flags(options: Mapping[str, object]) -> list[str]:
    """Streamlit's flags for the options that were given. It never asks for an e-mail address."""
    given = [f"{flag}={options[option]}" for option, flag in FLAGS.items() if option in options]
    return ["--server.headless=true", *given]
