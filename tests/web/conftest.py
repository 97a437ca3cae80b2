"""One node process for all tests of the browser's modules, and recordings for them to read."""

from collections.abc import Iterator

import pytest
import torch

from bnviz.record import evidence, ndjson
from bnviz.train import loop
from tests.web.desk import Desk


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    running = Desk()
    yield running
    running.close()


@pytest.fixture
def shipped_folder(tmp_path, monkeypatch):
    """The folder of rows that the release ships, which is empty here: what a page shows has to be computed."""
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Recordings as files, each experiment trained once."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("recordings")

    def record(experiment):
        path = folder / f"{experiment.id}.ndjson"
        if not path.exists():
            messages = [loop.header(experiment), *filter(None, loop.train(experiment))]
            path.write_bytes(b"".join(map(ndjson.line, messages)) + ndjson.end("finished", "", 1.0))
        return str(path)

    return record
