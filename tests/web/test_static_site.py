"""The static site: what is planned, what is written, and what is refused."""

import base64
import dataclasses
import gzip
import json
import re

import pytest

from bnviz.config.experiment import FIELDS, Experiment
from bnviz.engine import worker
from bnviz.lessons import LESSONS
from bnviz.web.export import static_site
from bnviz.web.export.markup import html
from bnviz.web.export.saved_page import PLAYING, page_of
from tests.web.test_saved_page import put_together

SHORT = {"steps": 20, "width": 8, "train_size": 100, "dataset": "mnist1d"}


def small(plan):
    """Of a plan of sweeps the first one, with little to compute."""
    (scene, *_) = plan.scenes
    sweep = dataclasses.replace(scene.sweep, base=scene.sweep.base.replace(steps=10), points=scene.sweep.points[:2], seeds=2)
    return dataclasses.replace(plan, scenes=(dataclasses.replace(scene, sweep=sweep),))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    played, swept = static_site.plan_site(["live_shift", "regularization"], ["activation"], SHORT)
    size = static_site.write(folder, [played, small(swept)])
    assert size == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return folder


def player_data(folder, name):
    """What a page's script is told."""
    return json.loads(re.search(r'id="page">(.*?)</script>', (folder / name).read_text(encoding="utf-8"))[1])


def handed(path):
    """What a script of the site hands over: its name, and its parts, unpacked."""
    name, parts = json.loads(f"[{re.fullmatch(r'bnvizSite.take[(](.*)[)];', path.read_text(encoding='utf-8').strip())[1]}]")
    return name, {key: gzip.decompress(base64.b64decode(part)) for key, part in parts.items()}


def test_every_preset_of_every_lesson_is_planned():
    plans = static_site.plan_site(list(LESSONS), [])
    assert [plan.lesson for plan in plans] == list(LESSONS)
    for plan in plans:
        if plan.lesson in PLAYING:
            page = page_of(plan.lesson)
            assert {page.default.replace(**values) for values in page.presets.values()} == set(plan.runs)
        assert plan.size >= 3


def test_marks_of_a_setting_are_planned_where_the_page_has_it_in_view():
    front, cats = static_site.plan_site(["live_shift", "covariate_shift"], ["dataset"])
    assert {run.dataset for run in front.runs} == set(FIELDS["dataset"].choices)
    assert {run.dataset for run in cats.runs} == {"cats"}


def test_a_mark_that_a_page_cannot_have_is_left_out():
    """What changes on the way must come before the end."""
    default = Experiment(changes="100:learning_rate=1")
    assert static_site._possible(default, {"steps": 50}) is None
    assert static_site._possible(default, {"steps": 200}) == default.replace(steps=200)


def test_the_recordings_are_those_of_the_runs_to_the_byte(site):
    options = player_data(site, "index.html")["options"]
    assert {option["parameters"].get("activation", "relu") for option in options} == set(FIELDS["activation"].choices)
    for option in options[:2]:
        name, parts = handed(site / f"recordings/live-shift/{option['id']}.js")
        data = json.loads(parts["data"])
        recording = b"".join(line for line in worker.record(Experiment(**data["experiment"])) if line)
        assert name == option["id"] == data["run"]
        *lines, end = put_together(parts["lines"], parts["arrays"]).splitlines()
        assert lines == recording.splitlines()[:-1] and json.loads(end)["status"] == "finished"  # which says how long it took


def test_a_page_knows_its_settings_and_presets(site):
    page = player_data(site, "index.html")
    ids = {option["id"] for option in page["options"]}
    assert {preset["id"] for preset in page["presets"]} <= ids and len(page["presets"]) == 5
    rate, activation = (next(one for one in page["settings"] if one["name"] == name) for name in ("learning_rate", "activation"))
    assert rate["slides"] and [option["value"] for option in rate["options"]] == ["0.01", "0.1", "1"] and rate["default"] == "0.1"
    assert not activation["slides"] and {"value": "relu", "label": "ReLU"} in activation["options"]


def test_each_recording_has_the_question_of_its_experiment_or_none():
    (plan,) = static_site.plan_site(["train_and_eval"], [])
    asked = {key: static_site.option_of_run(plan.page, one)["question"] for key, one in plan.presets.items()}
    assert "momentum = 0.001" in asked["default"] and "momentum = 0.1." in asked["usual_momentum"]
    assert {key for key, text in asked.items() if not text} == {"fine_tuned_frozen", "accumulated_layer"}


def test_a_sweep_comes_with_its_verdict_and_an_answer_to_every_guess(site):
    page = player_data(site, "regularization.html")
    (option,) = page["options"]
    data = json.loads(handed(site / f"recordings/regularization/{option['id']}.js")[1]["data"])
    assert data["state"] == "ended" and data["rows"] > 0 and all(panel["data"] for panel in data["panels"])
    assert set(data["answers"]) == set(page["predictions"])
    assert "<strong>Too few seeds" in data["verdict"], "of two seeds"


def test_pages_lead_only_to_what_is_there(site):
    for page in site.glob("*.html"):
        for address in re.findall(r'(?:src|href)="([^"]*)"', page.read_text(encoding="utf-8")):
            assert address == "data:," or (site / address).is_file()
        if page.name == static_site.OWN:
            continue  # it has no recordings of ours
        for option in player_data(site, page.name)["options"]:
            assert (site / "recordings" / player_data(site, page.name)["lesson"] / f"{option['id']}.js").is_file()


def test_several_claims_that_judge_one_sweep_have_a_recording_each():
    (plan,) = static_site.plan_site(["does_it_hold"])
    assert len({scene.sweep.id for scene in plan.scenes}) < len(plan.scenes)
    assert len({static_site._id(plan, scene) for scene in plan.scenes}) == len(plan.scenes)


def test_a_site_may_be_written_again_but_nothing_else_is_written_over(site, tmp_path):
    static_site.write(site, static_site.plan_site(["live_shift"], [], SHORT)[:0])
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(static_site.Unwritable, match="holds something else"):
        static_site.write(tmp_path, [])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_markdown_becomes_html():
    assert html("**a** :green-badge[agrees]") == '<p><strong>a</strong> <span class="badge green">agrees</span></p>'
    assert "<td>1</td>" in html("| a |\n| --- |\n| 1 |")
