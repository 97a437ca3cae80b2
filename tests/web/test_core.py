"""The player's core, run by node's own test runner without a page: tests/web/core/*.test.mjs, one process a file."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bnviz.web import words
from tests.web.desk import node

FILES = sorted(Path(__file__).with_name("core").glob("*.test.mjs"))


@pytest.fixture(scope="session")
def sentences(tmp_path_factory) -> Path:
    """The player's own words, as a file for node."""
    path = tmp_path_factory.mktemp("words") / "player.json"
    path.write_text(json.dumps(words.shared()["player"]), encoding="utf-8")
    return path


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".test.mjs"))
def test_the_core(file, sentences):
    environment = {**os.environ, "BNVIZ_WORDS": str(sentences)}
    process = subprocess.run([node(), file], capture_output=True, text=True, env=environment, timeout=120)
    assert process.returncode == 0, process.stdout + process.stderr
