"""What the menu of files gives beside the page: a script, a notebook and a table, each of the run on show."""

import json
import zipfile

import pytest

from bnviz.config.experiment import Experiment

SHORT = {"steps": 40, "seed": 5}
FILES = {"A plain PyTorch script": ".zip", "A notebook": ".ipynb", "Loss, accuracy, shift": ".csv"}


@pytest.fixture
def taken(lab, tmp_path):
    """The files by ending."""
    lab.open(**SHORT).trained()
    lab.page.click(".bnviz-save > summary")
    paths = {}
    for name, ending in FILES.items():
        with lab.page.expect_download() as download:
            lab.page.get_by_role("link", name=name).click()
        assert download.value.suggested_filename == f"bnviz-{Experiment(**SHORT).id}{ending}"
        download.value.save_as(paths.setdefault(ending, tmp_path / f"taken{ending}"))
    return paths


def test_the_menu_gives_the_run_as_script_notebook_and_table(taken):
    script = zipfile.ZipFile(taken[".zip"]).read("experiment.py").decode()
    assert Experiment(**SHORT).id in script and "SEED, STEPS, WIDTH = 5, 40, 64" in script
    assert Experiment(**SHORT).id in "".join(json.loads(taken[".ipynb"].read_text())["cells"][0]["source"])
    assert taken[".csv"].read_text().splitlines()[-1].startswith("40,")
