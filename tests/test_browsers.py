"""The browsers of the tests: one that is missing is named, and the check that lands a change installs all of them."""

import pytest

from tests import ROOT, browsers

OTHERS = [name for name in browsers.BROWSERS if name != "chromium"]


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine with nothing on it, not even a program that installs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for browser in browsers.BROWSERS.values():
        monkeypatch.delenv(browser.variable, raising=False)
    return tmp_path


@pytest.mark.parametrize("name", OTHERS)
def test_a_missing_browser_is_named_in_one_line(bare, capsys, name):
    assert browsers.main([name]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert all(package in line for package in browsers.BROWSERS[name].packages)
    with pytest.raises(FileNotFoundError, match="apt install"):
        browsers.need(name)


def test_a_browser_without_what_it_needs_beside_it_is_missing(bare):
    for program in ("WebKitWebDriver", "Xvfb"):
        assert browsers.find("webkit") is None
        (bare / program).touch(mode=0o755)
    assert browsers.find("webkit") == str(bare / "WebKitWebDriver")


@pytest.mark.parametrize("name", OTHERS)
def test_the_check_of_a_change_installs_it(name):
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    browser = browsers.BROWSERS[name]
    for word in (browser.names[0], *browser.companions, *browser.packages, *browser.companion_packages):
        assert word in text.split()
