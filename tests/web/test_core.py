"""The player's core, run by node's own test runner without a page: tests/web/core/*.test.mjs, one process a file."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bnviz.web import words
from bnviz.web.own import data
from tests.web.desk import node

FILES = sorted(Path(__file__).with_name("core").glob("*.test.mjs"))


@pytest.fixture(scope="session")
def sentences(tmp_path_factory) -> dict[str, str]:
    """The player's words, and those of people's own networks, as files for node: what environment variables name them."""
    folder = tmp_path_factory.mktemp("words")
    catalogues = {"BNVIZ_WORDS": words.shared()["player"], "BNVIZ_OWN_WORDS": data.own_words()}
    for name, catalogue in catalogues.items():
        (folder / name).write_text(json.dumps(catalogue), encoding="utf-8")
    return {name: str(folder / name) for name in catalogues}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".test.mjs"))
def test_the_core(file, sentences):
    environment = {**os.environ, **sentences}
    process = subprocess.run([node(), file], capture_output=True, text=True, env=environment, timeout=120)
    assert process.returncode == 0, process.stdout + process.stderr
