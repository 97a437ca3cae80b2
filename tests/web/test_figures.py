"""One visual language: every arm has a colour of its own that can be seen on the light page and on the dark one."""

import importlib
import itertools
import tomllib

import pytest

from bnviz.config.arms import ARMS, COMPARED
from bnviz.config.experiment import Experiment
from bnviz.lessons import LESSONS
from bnviz.web import figures
from bnviz.web.site.form import RunForm
from tests import ROOT

LEAST_CONTRAST = 3.0  # WCAG 2.2, 1.4.11, for graphics
OF_NO_EXAMPLES = {  # what is learnt, set or computed, by key or kind of drawing
    "beta", "gamma", "scale-dots", "scale-chosen", "weight_norm", "hidden-rate", "rates", "root-guide", "reached", "expected",
    "bessel", "spread", "effective-rate", "part", "law", "law-steps", "law-measured", "averaged", "variance_factor",
}  # fmt: skip
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


def luminance(colour):
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", ["light", "dark"])
@pytest.mark.parametrize("arm", figures.COLOURS)
def test_a_colour_can_be_seen(arm, page):
    low, high = sorted(map(luminance, (figures.COLOURS[arm], THEME[page]["backgroundColor"])))
    assert (high + 0.05) / (low + 0.05) >= LEAST_CONTRAST


def test_every_arm_has_a_colour_and_no_two_share_one():
    assert {arm for arm in ARMS if not ARMS[arm].derived} <= set(figures.COLOURS)
    assert all(a != b for a, b in itertools.combinations(figures.COLOURS.values(), 2))


@pytest.mark.parametrize("arm", COMPARED)
def test_both_arms_are_named_after_the_normalizer(arm):
    experiment = Experiment(compare=arm, hold_from=10, fixed_scales="yes")
    assert figures.paired_names(experiment) == {"none": f"without {COMPARED[arm]}", arm: f"with {COMPARED[arm]}"}
    assert figures.arm_styles(experiment)[arm] == {
        "label": COMPARED[arm],
        "name": f"with {COMPARED[arm]}",
        "colour": figures.COLOURS[arm],
    }


def runs():
    """The pages that play a run."""
    pages = (importlib.import_module(f"bnviz.lessons.{lesson}.page").PAGE for lesson in LESSONS)
    return [page for page in pages if isinstance(page, RunForm)]


@pytest.mark.parametrize("page", runs(), ids=lambda page: page.lesson)
def test_a_label_says_which_examples_its_number_is_of(page):
    traces = [trace for panel in page.panels(page.default) for trace in panel["data"] if trace.get("hovertemplate")]
    assert traces
    for trace in traces:
        feed, label = trace["feed"], trace["hovertemplate"].partition("<extra>")[0]
        named = any(word in label for word in ("test", "training", "probe", "minibatch"))
        assert named or {feed["kind"], feed.get("key")} & OF_NO_EXAMPLES, (label, feed)


def test_a_label_is_right_about_its_examples():
    (panel,) = [one for one in runs()[0].panels(Experiment()) if one["id"] == "learning"]
    traces = [trace for trace in panel["data"] if trace["feed"].get("arm") == "batch"]
    labels = {trace["feed"].get("key"): trace.get("hovertemplate") for trace in traces}
    assert labels["train_loss"] == "step %{x}: %{y:.3f}<br>on training minibatches<extra>with batch norm</extra>"
    assert labels["test_accuracy"] == "step %{x}: %{y:.1%}<br>on test examples<extra>with batch norm</extra>"
