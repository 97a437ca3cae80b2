"""What the menu of files gives beside the page: a script, a notebook and a table, each of the run on show."""

import json
import zipfile

import pytest

from bnviz.config.experiment import Experiment

SHORT = {"steps": 40, "seed": 5}
FILES = {"A plain PyTorch script": ".zip", "A notebook": ".ipynb", "Loss, accuracy, shift": ".csv"}


@pytest.fixture
def downloads(lab, tmp_path):
    """The files by ending."""
    lab.open(**SHORT).trained()
    lab.page.click(".bnviz-save > summary")
    paths = {}
    for name, ending in FILES.items():
        with lab.page.expect_download() as download:
            lab.page.get_by_role("link", name=name).click()
        assert download.value.suggested_filename == f"bnviz-{Experiment(**SHORT).id}{ending}"
        download.value.save_as(paths.setdefault(ending, tmp_path / f"downloads{ending}"))
    return paths


def test_the_menu_gives_the_run_as_script_notebook_and_table(downloads):
    script = zipfile.ZipFile(downloads[".zip"]).read("experiment.py").decode()
    assert Experiment(**SHORT).id in script and "SEED, STEPS, WIDTH = 5, 40, 64" in script
    assert Experiment(**SHORT).id in "".join(json.loads(downloads[".ipynb"].read_text(encoding="utf-8"))["cells"][0]["source"])
    assert downloads[".csv"].read_text(encoding="utf-8").splitlines()[-1].startswith("40,")


@pytest.mark.slow
def test_a_run_without_a_script_says_why_in_the_place_of_the_link(visit):
    settings = {"ghost_batch_size": 4, "dropout": 0.1, "label_noise": 0.1, "batch_norm_from": 10, "scale_start": "keep"}
    lab = visit(clean=False)  # a browser complains of the answer 409
    lab.open(**SHORT, **settings).trained()
    lab.page.click(".bnviz-save > summary")
    lab.page.get_by_role("link", name="A plain PyTorch script").click()
    lab.page.wait_for_selector(".bnviz-save .bnviz-label:has-text('A script here has at most 119')")
    assert lab.page.get_by_role("link", name="A plain PyTorch script").count() == 0
