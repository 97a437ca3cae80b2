"""`pip install`, then `bnviz serve`: from a wheel, in an environment of its own, in an empty folder."""

import os
import shlex

import httpx
import pytest

from tests import packages
from tests.e2e.lab import Lab, free_port, run_server


@pytest.mark.slow
def test_what_is_installed_serves_from_an_empty_folder(browser, tmp_path):
    """The page is drawn and plays; another page opens by its link; a visitor installs the package that the page hands out, and
    records a network with it; nothing is written.
    """
    commands = packages.install(packages.build(tmp_path).wheel, tmp_path / "environment")
    empty, port = tmp_path / "empty", free_port()
    empty.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"BNVIZ_STORE": "", "BNVIZ_WORKERS": "1", "HOME": str(tmp_path)}
    command = [str(commands / "bnviz"), "serve", f"--port={port}", "--host=127.0.0.1", "--base-path=lab"]
    page = browser.new_page()
    with run_server(command, f"http://127.0.0.1:{port}/lab", cwd=empty, env=environment) as server:
        lab = Lab(page, server)
        lab.open(steps=40).wait("d.state === 'ended' && d.step === '40'")
        assert httpx.get(f"{server.url}/bnviz/healthz").json()["workers"] == {"alive": 1, "wanted": 1}
        lab.open("gamma-beta", steps=40).trained()
        page.goto(f"{server.url}/own")
        *install, address = shlex.split(page.get_by_label("The command that installs bnviz").inner_text())
        assert install == ["pip", "install"] and address.startswith(f"{server.url}/")
        visitor = packages.install(address, tmp_path / "visitor")
        assert lab.troubles == []
    page.close()
    assert str(tmp_path / "visitor") in packages.run(visitor, packages.RECORDS, tmp_path)
    assert list(empty.iterdir()) == []
