"""`bnviz serve`, but for the page that it draws: tests/e2e/test_installed.py."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import tomllib

import pytest

from bnviz.__main__ import main
from bnviz.serve import browser, command
from tests import ROOT

OTHER_PROJECT = """
[server]
fileWatcherType = "auto"
corsAllowedOrigins = ["https://school.example"]
[theme.light]
primaryColor = "#FF0000"
"""
# Prints what Streamlit would serve with, in the place of serving.
INSTEAD = """
import json, sys
from streamlit import config
from streamlit.web.server.starlette.starlette_server import UvicornRunner
def run(self):
    names = {"fileWatcherType", "port", "address", "baseUrlPath", "corsAllowedOrigins", "maxMessageSize"}
    found = {name: config.get_option(f"server.{name}") for name in names}
    print(json.dumps({**found, "colour": config.get_option("theme.light.primaryColor"), "app": self._app}))
UvicornRunner.run = run
from bnviz.__main__ import main
main(["serve", *sys.argv[1:]])
"""


def settings_of(folder, *flags, **variables):
    """What `bnviz serve` would serve with when it is called in this folder."""
    process = [sys.executable, "-c", INSTEAD, *flags]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(process, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_has_its_settings_in_any_folder_and_flags_and_the_environment_change_them(tmp_path):
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text(OTHER_PROJECT, encoding="utf-8")
    ours = tomllib.loads((ROOT / "bnviz" / "serve" / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    found = settings_of(tmp_path, "--port=9001", "--host=127.0.0.1", "--base-path=lab", STREAMLIT_SERVER_MAX_MESSAGE_SIZE="32")
    assert found == {
        "app": "app:app",
        "fileWatcherType": ours["server"]["fileWatcherType"],
        "colour": ours["theme"]["light"]["primaryColor"],
        "corsAllowedOrigins": ["https://school.example"],
        "maxMessageSize": 32,
        "port": 9001,
        "address": "127.0.0.1",
        "baseUrlPath": "lab",
    }


def test_what_is_not_given_is_left_to_streamlit():
    assert command.streamlit_flags({"open": False}) == ["--server.headless=true"]


def test_a_port_that_there_is_not_is_one_line(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--port", "70000"])
    assert capsys.readouterr().err.endswith("serve: argument --port: '70000': expected a whole number from 1 to 65535\n")


def test_a_setting_in_the_environment_that_cannot_be_read_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("STREAMLIT_SERVER_PORT", "many")
    with pytest.raises(SystemExit, match="2"):
        main(["serve"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "STREAMLIT_SERVER_PORT" in line and "'many'" in line


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_browser_is_opened_if_it_is_wanted_once_the_server_has_begun(monkeypatch, is_wanted):
    opened, steps = threading.Event(), []

    @contextlib.asynccontextmanager
    async def server_lifespan(app):
        steps.append("begun")
        yield

    def open_browser(address):
        steps.append(address)
        opened.set()

    async def begin_and_end():
        async with browser.lifespan(None):
            assert opened.wait(30) or not is_wanted

    monkeypatch.setattr(browser, "server_lifespan", server_lifespan)
    monkeypatch.setattr(browser, "is_wanted", is_wanted)
    monkeypatch.setattr(browser.webbrowser, "open", open_browser)
    monkeypatch.setattr(browser.compat, "local_address", lambda: "http://localhost:8501")
    if not is_wanted:
        opened.set()
    asyncio.run(begin_and_end())
    assert steps == ["begun", *(["http://localhost:8501"] if is_wanted else [])]
