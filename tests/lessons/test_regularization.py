"""The page /regularization: its sweep, what it draws and what it says, from rows that are made up; SciPy is the oracle."""

import json
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from streamlit.testing.v1 import AppTest
from torch.nn import functional

from bnviz import engine
from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.sweep import STACK_SECONDS
from bnviz.lessons.regularization.comparisons import family
from bnviz.lessons.regularization.judge import PREDICTIONS, answer, sign, verdict
from bnviz.lessons.regularization.measures.population import population
from bnviz.lessons.regularization.page import PAGE, ghost_sizes, inside, sweep
from bnviz.lessons.regularization.panels import panels
from bnviz.lessons.regularization.results import WORDS, labels, measurements, sizes
from bnviz.measures import budget
from bnviz.measures.context import MeasureContext
from bnviz.nets.normalizers import EVALUATE, TRAIN, BatchNorm
from bnviz.record import evidence, ndjson
from bnviz.record.store import Recording, Store
from bnviz.train import loop
from bnviz.web import player
from bnviz.web.site import links
from bnviz.web.words import fill
from tests import ROOT
from tests.runs import trained

SWEEP = sweep(PAGE.default, {"seeds": 5})
SAYS, LIKE, PLAIN = WORDS["regularizes"], WORDS["like_dropout"], WORDS["networks"]["short_none"]
LEVELS = {  # test and training accuracy by curve; batch norm's from the smallest groups to the largest
    "batch noisy": ((0.70, 0.60), (0.55, 0.99)), "none noisy": (0.59, 0.82), "dropout noisy": (0.66, 0.77),
    "batch clean": ((0.73, 0.80), (0.79, 1.00)), "none clean": (0.77, 0.96), "dropout clean": (0.78, 0.95),
}  # fmt: skip


RECOVERED = {4: 0.024, 8: 0.006}  # test accuracy that statistics of the training set bring back, by size of the groups


def synthetic_rows(plan=SWEEP, levels=None, scatter=0.01, **more):
    """A row for every place; accuracies scatter over runs."""
    levels, random = LEVELS | (levels or {}), np.random.default_rng(1)
    noise = {run: random.normal(0, scatter, 2) for run in plan.runs()}
    return [row(plan, cell, levels[cell.curve], noise[cell.run], **more) for cell in plan.cells()]


def with_population(rows, recovered, scatter=0.001):
    """The rows, with test accuracies in population statistics that are higher by so much, by size of the groups."""
    random = np.random.default_rng(2)
    scores = [one["test_accuracy"] + recovered.get(one["value"], 0) + random.normal(0, scatter) for one in rows]
    return [one | {"population_accuracies": [None, None, score]} for one, score in zip(rows, scores, strict=True)]


def row(plan, cell, level, noise, **more):
    place = sizes(plan).index(plan.values[cell.point]) / max(1, len(plan.points) - 1)
    test, train = (one if isinstance(one, float) else one[0] + place * (one[1] - one[0]) for one in level)
    accuracies = {"test_accuracy": test + noise[0], "train_accuracy": train + noise[1]}
    course = {
        "checkpoints": [0, 10, 20],
        "test_accuracies": [0.1, accuracies["test_accuracy"] + 0.05, accuracies["test_accuracy"]],
        "population_accuracies": [None, None, accuracies["test_accuracy"] if cell.run.arm == "batch" else None],
    }
    return {
        "type": "row", "run": cell.run.id, "curve": cell.curve, "point": cell.point, "value": plan.values[cell.point],
        "seed": cell.run.experiment.seed, "diverged_at": None, **accuracies, **course, **more,
    }  # fmt: skip


def column(rows, curve, key, value=None):
    """A measure over seeds."""
    selection = [one for one in rows if one["curve"] == curve and value in (None, one["value"])]
    return np.array([one[key] for one in sorted({one["run"]: one for one in selection}.values(), key=lambda one: one["seed"])])


def scipys(first, second):
    """Mean and 95 % interval of the paired difference in points, as they are written."""
    bounds = stats.ttest_rel(first, second).confidence_interval()
    return [f"{100 * one:+.1f}".replace("-", "−") for one in ((first - second).mean(), bounds.low, bounds.high)]


def numbers(text):
    return re.findall(r"[−+]\d+\.\d", text)


def cells(text, name):
    """The numbers in each cell of the row of the table whose name begins so; a 0 has no sign on the page."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name}")]
    return [numbers(re.sub(r"(?<![\d.])0\.0 points", "+0.0 points", cell)) for cell in line.strip("| ").split(" | ")[1:]]


def side(kind, better):
    """What is said of the noise against dropout, with one kind of labels."""
    return fill(LIKE[kind], side=LIKE[better])


def uncapitalized(text):
    """The same whether a sentence begins with it or not."""
    return re.sub(r"(\*\*|^)([A-Z])", lambda match: match[1] + match[2].lower(), text)


def bullets(text):
    return [line for line in text.splitlines() if line.startswith("- ")]


# The sweep


def test_the_default_sweep_varies_ghost_batches_on_both_kinds_of_labels():
    assert SWEEP.seeds == 5 and set(SWEEP.values) == {4, 8, 16, 32, 64, 128, 256} and SWEEP.values[:2] == (256, 4)
    assert [curve.name for curve in SWEEP.curves] == list(LEVELS)
    for cell in SWEEP.cells():
        one = cell.run.experiment
        scene, world = cell.curve.split()
        assert one.label_noise == (0.3 if world == "noisy" else 0) and one.dropout == (0.1 if scene == "dropout" else 0)
        assert cell.run.arm == ("batch" if scene == "batch" else "none")
        assert scene != "batch" or one.ghost_batch_size == SWEEP.values[cell.point]
    assert len(SWEEP.runs()) == 90, "runs that know no ghost batches are computed once"
    SWEEP.check_cost()


def test_the_first_stack_is_small_and_telling():
    first = SWEEP.runs()[: SWEEP.seeds]
    assert {run.arm for run in first} == {"batch"} and first[0].seconds() < STACK_SECONDS


@pytest.mark.parametrize("batch", [2, 4, 5, 16, 100, 256, 512, 1000])
def test_every_ghost_size_splits_the_minibatch_otherwise(batch):
    options = ghost_sizes(batch)
    groups = [Experiment(train_size=5000, batch_size=batch, ghost_batch_size=size).groups for size in options]
    assert options and len(set(groups)) == len(groups) and all(size <= 512 for size in options)
    assert (1 in groups) == (batch <= FIELDS["ghost_batch_size"].high)


def test_without_label_noise_or_dropout_there_are_fewer_curves():
    plain = sweep(PAGE.default.replace(label_noise=0.0, dropout=0.0), {"seeds": 3})
    assert [curve.name for curve in plain.curves] == ["batch clean", "none clean"]
    assert list(labels(plain)) == ["clean"]


# Statistics of the training set


def test_statistics_of_the_training_set_are_what_a_plain_pass_computes():
    """A network trained in groups of 4: normalized layer by layer by mean and variance over all of its training examples."""
    changes = {"ghost_batch_size": 4, "learning_rate": 0.3, "statistics_momentum": 0.01}
    experiment = Experiment(dataset="mnist1d", width=16, hidden_layers=3, train_size=200, batch_size=32, steps=60, **changes)
    plain, network = (arm.network for arm in trained(experiment)[0].arms)
    split = loop.DataTensors(experiment)
    measured, unmeasured = (
        population(MeasureContext(one, experiment, functional.cross_entropy, split.examples(), torch.arange(32)))
        for one in (network, plain)
    )
    a, x = split.x_test, split.x_train
    for linear, norm in zip(network.linears[:-1], network.normalizers, strict=True):
        z = linear(x)
        scales = [norm.gamma / torch.sqrt(z.var(0, correction=correction) + norm.eps) for correction in (1, 0)]
        pairs = zip((linear(a), z), scales, strict=True)
        a, x = (torch.relu((one - z.mean(0)) * scale + norm.beta) for one, scale in pairs)
    right = (network.linears[-1](a).argmax(1) == split.y_test).double().mean().item()
    assert measured["population_accuracies"] == pytest.approx(right, abs=0.003)
    running = (network(split.x_test, EVALUATE).argmax(1) == split.y_test).double().mean().item()
    assert abs(running - right) > 0.01 and math.isnan(unmeasured["population_accuracies"])


def test_bessels_correction_is_a_quarter_in_groups_of_4():
    """Running variances fit the whole minibatch with it; without it they would be a quarter too small."""
    z = torch.randn(4096, 8, generator=torch.Generator().manual_seed(0))
    norm = BatchNorm(8, momentum=1.0)
    norm(z, TRAIN, 1024)
    assert norm.running_variance.mean().item() == pytest.approx(z.var(0).mean().item(), rel=0.02)
    inside = z.unflatten(0, (1024, 4)).var(1, correction=0).mean().item()
    assert inside == pytest.approx(0.75 * z.var(0).mean().item(), rel=0.02)
    caption = next(one["caption"] for one in panels(SWEEP, []) if one["id"] == "statistics")
    assert "In groups of 4, a variance is 25.0 % too small" in caption


# Words


def test_both_halves_of_the_lecture_where_they_are_so():
    rows = synthetic_rows(scatter=0.005)
    text = verdict(SWEEP, rows)
    regularizes, reliable, beside = bullets(text)
    assert SAYS["less_better"] in regularizes and SAYS["less"] in regularizes
    assert WORDS["reliable"]["worse"] in reliable
    assert f"{side('noisy', 'better')}; {side('clean', 'worse')}" in uncapitalized(beside)
    changes = {
        (world, key): scipys(*(column(rows, f"batch {world}", f"{key}_accuracy", size) for size in (4, 256)))
        for world in ("noisy", "clean") for key in ("train", "test")
    }  # fmt: skip
    assert cells(text, "training accuracy, ") == [changes["noisy", "train"], changes["clean", "train"]]
    assert cells(text, "test accuracy, compared with groups") == [changes["noisy", "test"], changes["clean", "test"]]
    assert " of 90 runs" not in text and fill(WORDS["verdict"]["together"], family=6) in text


@pytest.mark.parametrize("changes", [{}, {"label_noise": 0.0}, {"dropout": 0.0}, {"batch_size": 4}, {"batch_size": 8},
                                     {"batch_size": 4, "dropout": 0.0}])  # fmt: skip
def test_as_many_comparisons_are_tested_together_as_the_table_marks(changes):
    plan = sweep(PAGE.default.replace(**changes), {"seeds": 5})
    text = verdict(plan, synthetic_rows(plan))
    marked = sum(len(re.findall(r"\*\*[^*|]+\*\*", line)) for line in text.splitlines() if line.startswith("| "))
    assert marked == family(plan)
    assert (fill(WORDS["verdict"]["together"], family=marked) in text) == (marked > 1)


def test_every_comparison_is_paired_over_seeds():
    rows = synthetic_rows(scatter=0.05)
    expected = [
        scipys(column(rows, f"batch {world}", "test_accuracy", 4), column(rows, f"{scene} {world}", "test_accuracy"))
        for scene in ("none", "dropout") for world in ("noisy", "clean")
    ]  # fmt: skip
    text = verdict(SWEEP, rows)
    assert cells(text, "test accuracy, compared with the plain") + cells(text, "test accuracy, compared with dropout") == expected


OPPOSITE = {  # levels; which verdicts of the catalogue; the prediction that comes true
    "nothing changes": ({"batch noisy": (0.6, 0.9), "batch clean": (0.8, 0.9)}, "same_same", "same", "same"),
    "harm with both": ({"batch noisy": ((0.5, 0.6), (0.5, 0.9))}, "less_worse", "worse", "harm"),
    "help with both": ({"batch clean": ((0.85, 0.8), 0.9)}, "less_better", "better", "both"),
    "memorizes more": ({"batch noisy": ((0.5, 0.6), (0.9, 0.8))}, "more_worse", "worse", "harm"),
    "memorizes as much": ({"batch noisy": ((0.7, 0.6), 0.9)}, "same_better", "worse", "split"),
    "memorizes less, to no end": ({"batch noisy": (0.6, (0.5, 0.9))}, "less_same", "worse", None),
}


@pytest.mark.parametrize(("levels", "first", "second", "outcome"), OPPOSITE.values(), ids=OPPOSITE)
def test_what_is_measured_is_said_also_where_it_contradicts(levels, first, second, outcome):
    rows = synthetic_rows(levels=levels)
    regularizes, reliable, _ = bullets(verdict(SWEEP, rows))
    assert f"**{SAYS[first]}**" in regularizes and f"**{WORDS['reliable'][second]}**" in reliable
    for prediction in PREDICTIONS:
        assert (f"({WORDS['answer']['right']})" in answer(SWEEP, rows, prediction)) == (prediction == outcome)


@pytest.mark.parametrize(
    ("dropout", "expected"),
    [((0.5, 0.5), side("together", "better")), ((0.7, 0.73), uncapitalized(LIKE["alike"])),
     ((0.9, 0.9), side("together", "worse")), ((0.7, 0.6), f"{side('noisy', 'same')}; {side('clean', 'better')}")],
)  # fmt: skip
def test_the_noise_is_compared_with_dropout(dropout, expected):
    rows = synthetic_rows(levels={"dropout noisy": (dropout[0], 0.8), "dropout clean": (dropout[1], 0.8)})
    assert expected in uncapitalized(bullets(verdict(SWEEP, rows))[2])


def test_before_dropout_is_there_nothing_is_said_of_it():
    rows = [one for one in synthetic_rows() if not one["curve"].startswith("dropout")]
    like = bullets(verdict(SWEEP, rows))[2]
    assert LIKE["later"] in like and LIKE["no_dropout"].split("{ask}** ")[1].split(".")[0] not in like


def test_too_little_is_said_to_be_too_little():
    rows = synthetic_rows()
    assert verdict(SWEEP, []) == fill(WORDS["verdict"]["nothing"], total=90)
    for few in (rows[:1], rows[:5], [one for one in rows if one["value"] != 4]):
        text = verdict(SWEEP, few)
        done = len({one["run"] for one in few})
        assert text.count(f"Computing, {done} of 90 runs: the answer needs groups of 4") == 3
        assert answer(SWEEP, few, "split") == fill(WORDS["answer"]["unknown"], done=done, total=90)
    one_seed = [one for one in rows if one["seed"] == 0]
    assert verdict(SWEEP, one_seed).count("Computing, ") == 3, "one seed has no interval"


def test_cannot_tell_is_a_verdict_of_all_seeds():
    """Two of five seeds with no clear difference are no verdict yet; five are."""
    alike = synthetic_rows(levels=dict.fromkeys(LEVELS, (0.8, 0.8)))
    early = [one for one in alike if one["seed"] < 2]
    assert "do not settle" not in verdict(SWEEP, early) and verdict(SWEEP, early).count("Computing, ") == 3
    assert "do not settle" in verdict(SWEEP, alike) and "Computing" not in verdict(SWEEP, alike)
    assert re.search(
        r"Training accuracy: the 95 % interval, −\d\.\d to \+\d\.\d points, contains 0\. Test accuracy: the",
        verdict(SWEEP, alike),
    )


def test_fewer_than_five_seeds_are_too_few_to_tell():
    plan = sweep(PAGE.default, {"seeds": 4})
    text = verdict(plan, synthetic_rows(plan))
    assert text.startswith(fill(WORDS["verdict"]["few"], least=5)) and not bullets(text)
    assert answer(plan, synthetic_rows(plan), "split") == fill(WORDS["answer"]["few"], least=5)


def test_seeds_are_counted_where_some_runs_diverge():
    """Four of five of the largest groups' runs diverge and end at chance; every seed has a difference of one sign, which five
    seeds have by chance once in sixteen times. Student's t took the two kinds of differences for a scatter."""
    rows = synthetic_rows(scatter=0.0)
    for one in rows:
        if one["curve"] == "batch clean" and one["value"] == 256 and one["seed"] < 4:
            one |= {"diverged_at": 9, "test_accuracy": 0.1 + one["seed"] / 1000, "train_accuracy": 0.1}
        elif one["curve"] == "batch clean" and one["value"] == 256:
            one["test_accuracy"] = 0.2
    assert f"**{WORDS['reliable']['same']}**" in bullets(verdict(SWEEP, rows))[1]


def test_differences_without_any_scatter_are_no_surer_than_their_signs():
    assert f"**{WORDS['reliable']['same']}**" in bullets(verdict(SWEEP, synthetic_rows(scatter=0.0)))[1]


def test_five_comparisons_are_rarely_decided_where_there_is_nothing():
    """At 95 % each, one sweep in five would say something."""
    random, decided, each = np.random.default_rng(0), 0, 0
    for _ in range(300):
        five = random.normal(0, 0.01, (5, 2, 5))
        decided += any(sign(SWEEP, ends, np.zeros((2, 5))) for ends in five)
        each += any(stats.ttest_rel(*ends).pvalue < 0.05 for ends in five)
    assert family(SWEEP) == 6 and decided <= 27 and each > 40


@pytest.mark.parametrize(("shift", "found"), [(0.2, "better"), (-0.2, "worse"), (0.003, None)])
@pytest.mark.parametrize("kind", ["noisy", "clean"])
def test_a_size_between_that_is_clearly_above_or_below_both_ends_is_named(kind, shift, found):
    rows = synthetic_rows(levels={"batch noisy": (0.6, 0.9), "batch clean": (0.7, 0.9)})
    for one in rows:
        if one["curve"] == f"batch {kind}" and one["value"] == 8:
            one["test_accuracy"] += shift
    middle, small, large = (column(rows, f"batch {kind}", "test_accuracy", size) for size in (8, 4, 256))
    nearer, values = min(((4, small), (256, large)), key=lambda end: abs((middle - end[1]).mean()))
    change = scipys(middle, values)[0]
    text = bullets(verdict(SWEEP, rows))[("noisy", "clean").index(kind)]
    named = [key for key in ("better", "worse") if WORDS["between"][key].split("{size}")[0].split("}")[1] in text]
    assert named == ([found] if found else [])
    if found:
        assert f"in groups of 8 than in the smallest and the largest: {100 * middle.mean():.1f} %, {change} points" in text
        assert f"compared with groups of {nearer}." in text


def test_what_a_chart_refutes_is_not_said():
    """Test accuracy with random labels dips between groups of 4 and of 256, in the rows that the release ships."""
    rows = evidence.read(SWEEP).fill(SWEEP)
    means = [column(rows, "batch noisy", "test_accuracy", size).mean() for size in sizes(SWEEP)]
    assert min(means) < means[-1] < means[0], "no dip: this test sees nothing"
    text = answer(SWEEP, rows, "split") + verdict(SWEEP, rows)
    assert not re.search(r"\b(rises|falls|grows|shrinks)\b|as the groups", text, re.IGNORECASE)
    assert WORDS["between"]["worse"].split("{size}")[0].split("}")[1] in bullets(verdict(SWEEP, rows))[0]


def test_diverged_runs_are_counted_and_break_nothing():
    rows = synthetic_rows()
    for one in rows:
        if one["curve"] == "none noisy":
            one |= {"diverged_at": 3, "test_accuracy": None, "train_accuracy": None, "test_accuracies": [0.1, None, None]}
    text = verdict(SWEEP, rows)
    assert f"5 {WORDS['networks']['short_none']}." in text and "nan" not in text.lower()
    checked_panels(panels(SWEEP, rows))


def test_where_numbers_are_learnt_there_is_no_accuracy():
    linear = sweep(PAGE.default.replace(dataset="linear-map", activation="identity"), {"seeds": 3})
    rows = synthetic_rows(linear, test_accuracy=None, train_accuracy=None, test_accuracies=[None] * 3)
    assert verdict(linear, rows) == WORDS["verdict"]["no_accuracy"]
    checked_panels(panels(linear, rows))


@pytest.mark.parametrize(
    "changes", [{"label_noise": 0.0}, {"dropout": 0.0}, {"batch_size": 4}, {"label_noise": 0.0, "dropout": 0.0}]
)
def test_fewer_curves_are_fewer_words(changes):
    plan = sweep(PAGE.default.replace(**changes), {"seeds": 5})
    for rows in ([], synthetic_rows(plan)):
        text = verdict(plan, rows)
        checked_panels(panels(plan, rows))
        assert ("choose some label noise" in text.lower()) == (bool(rows) and not plan.base.label_noise)
        assert ("Choose some dropout" in text) == (bool(rows) and not plan.base.dropout)
        assert answer(plan, rows, "same")


# Panels


def checked_panels(charts):
    """All traces of all panels, by panel; they can be sent, and have what a panel needs."""
    json.dumps(charts, allow_nan=False)
    assert [one["id"] for one in charts] == ["test", "train", "gap", "statistics", "learning", "compared"]
    for one in charts:
        assert one["title"] and one["caption"] and "nan" not in one["alternative"].lower()
        assert all(len(trace["x"]) == len(trace["y"]) for trace in one["data"])
    return {one["id"]: one for one in charts}


def lines(panel, scene, axes):
    """The traces of a scene in one subplot: the strong line, the band or None."""
    traces = [
        one for one in panel["data"] if one["xaxis"] == axes and one.get("legendgroup") == scene and one["mode"] != "markers"
    ]
    (strong,) = [one for one in traces if one["line"]["width"] > 0]
    return strong, next((one for one in traces if one.get("fill")), None)


def test_lines_are_means_and_bars_and_bands_are_scipys_intervals():
    rows = synthetic_rows(scatter=0.03)
    charts = checked_panels(panels(SWEEP, rows))
    batch, _ = lines(charts["test"], "batch", "x")
    assert batch["x"] == [4, 8, 16, 32, 64, 128, 256]
    for place, size in enumerate(batch["x"]):
        values = column(rows, "batch noisy", "test_accuracy", size)
        low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
        assert batch["y"][place] == pytest.approx(values.mean())
        assert batch["error_y"]["array"][place] == pytest.approx((high - low) / 2, rel=1e-4)
    gaps = column(rows, "dropout clean", "train_accuracy") - column(rows, "dropout clean", "test_accuracy")
    line, band = lines(charts["gap"], "dropout", "x2")
    low, high = stats.t.interval(0.95, 4, gaps.mean(), stats.sem(gaps))
    assert line["y"] == pytest.approx([gaps.mean()] * 2) and line["name"] == "dropout 0.1 instead"
    assert sorted(set(band["y"])) == pytest.approx([low, high], rel=1e-4)


def test_a_label_says_which_examples_its_number_is_of():
    ends = {"train": "on training examples", "gap": "on training examples minus on test examples"}
    for key, panel in checked_panels(panels(SWEEP, synthetic_rows())).items():
        labels_of_panel = [trace["hovertemplate"] for trace in panel["data"] if trace.get("hovertemplate")]
        assert labels_of_panel
        assert all(f"<br>{ends.get(key, 'on test examples')}<extra>" in label for label in labels_of_panel), key


def test_every_seed_is_a_dot():
    rows = synthetic_rows()
    charts = checked_panels(panels(SWEEP, rows))
    for key in ("test", "train"):
        for axes, world in (("x", "noisy"), ("x2", "clean")):
            dots = sum(len(t["x"]) for t in charts[key]["data"] if t["mode"] == "markers" and t["xaxis"] == axes)
            assert dots == len({one["run"] for one in rows if one["curve"].endswith(world)}) == 45


def test_the_chart_of_differences_says_what_the_words_say():
    rows = synthetic_rows()
    charts = checked_panels(panels(SWEEP, rows))["compared"]
    noisy = {name: x for trace in charts["data"] if trace["xaxis"] == "x" for name, x in zip(trace["y"], trace["x"], strict=True)}
    assert list(noisy) == ["4 − 256", f"4 − {PLAIN}", "4 − dropout", f"dropout − {PLAIN}"]
    for world, sentence in zip(("noisy", "clean"), charts["alternative"].split("With ")[1:], strict=True):
        first = column(rows, f"batch {world}", "test_accuracy", 4)
        none, dropout = (column(rows, f"{scene} {world}", "test_accuracy") for scene in ("none", "dropout"))
        pairs = [(first, column(rows, f"batch {world}", "test_accuracy", 256)), (first, none), (first, dropout), (dropout, none)]
        assert numbers(sentence) == sum((scipys(*pair) for pair in pairs), [])
        if world == "noisy":
            assert list(noisy.values()) == pytest.approx([100 * (one - other).mean() for one, other in pairs])
    noisy_change = next(
        line for line in verdict(SWEEP, rows).splitlines() if line.startswith("| test accuracy, compared with groups")
    )
    assert noisy_change.split(" | ")[1].strip("*") in charts["alternative"]


@pytest.mark.parametrize("recovered, found", [(RECOVERED, "better"), ({}, "same"), ({4: -0.03}, "worse")])
def test_harm_of_statistics_that_do_not_fit_is_told_from_that_of_noise(recovered, found):
    """Groups of 4 lose 6 points with clean labels: how many of them statistics of the training set bring back."""
    rows = with_population(synthetic_rows(), recovered)
    text, expected = verdict(SWEEP, rows), []
    for size in (4, 8):
        population = np.array([values[-1] for values in column(rows, "batch clean", "population_accuracies", size)], float)
        expected.append(scipys(population, column(rows, "batch clean", "test_accuracy", size)))
    assert WORDS["statistics"][found] in bullets(text)[1]
    assert [
        cells(text, f"test accuracy with statistics of the whole training set instead, in groups of {size} ")[1]
        for size in (4, 8)
    ] == expected
    chart = checked_panels(panels(SWEEP, rows))["statistics"]
    (dashed,) = [one for one in chart["data"] if one["xaxis"] == "x2" and one["line"]["dash"] == "dash"]
    (solid,) = [one for one in chart["data"] if one["xaxis"] == "x2" and one["line"]["dash"] == "solid"]
    assert dashed["x"] == solid["x"] == [4, 8, 16, 32, 64, 128, 256]
    assert np.subtract(dashed["y"], solid["y"])[:2] == pytest.approx([recovered.get(size, 0) for size in (4, 8)], abs=0.002)


def test_where_small_groups_do_no_harm_nothing_is_to_blame():
    rows = with_population(synthetic_rows(levels={"batch clean": ((0.8, 0.8), (0.79, 1.0))}), RECOVERED)
    assert not any(WORDS["statistics"][found] in verdict(SWEEP, rows) for found in ("better", "same", "worse"))


def test_few_rows_make_whole_panels():
    rows = synthetic_rows()
    for count in (0, 1, 2, 7, 40):
        checked_panels(panels(SWEEP, rows[:count]))
    assert measurements(SWEEP, [])["gap"]["batch noisy"].shape == (7, 5)


def test_the_scale_holds_all_values():
    for scatter in (0.0, 0.05):
        rows = synthetic_rows(scatter=scatter)
        low, high = checked_panels(panels(SWEEP, rows))["test"]["layout"]["yaxis"]["range"]
        values = [one["test_accuracy"] for one in rows]
        assert low < min(values) and max(values) < high and high - low < max(values) - min(values) + 0.3


# The page


def test_presets_are_affordable_and_different_and_fields_are_named_once():
    sweeps = [sweep(PAGE.default.replace(**preset), {"seeds": 5}) for preset in PAGE.presets.values()]
    assert len({one.id for one in sweeps}) == len(sweeps) and sweeps[0] == SWEEP
    for one in sweeps:
        one.check_cost()
    assert not set(PAGE.main) & set(PAGE.more) and set(PAGE.main) | set(PAGE.more) <= {*FIELDS, *PAGE.own}


def test_links_to_single_runs_open_without_complaint():
    for experiment in inside(PAGE.default).values():
        parameters = {name: [value] for name, value in links.parameters(experiment, {}, Experiment()).items()}
        link = links.parse(parameters, Experiment())
        assert link.experiment == experiment and not link.problems
        budget.check(experiment)


@pytest.fixture
def visit(monkeypatch, shipped_folder):
    """Opens the page with an engine that knows all rows at once; `payloads` is what the board gets."""
    payloads = []

    def answered(plan):
        lines = Recording(plan.id)
        for message in ({"type": "header"}, *synthetic_rows(plan)):
            lines.append(ndjson.line(message))
        lines.append(ndjson.end("finished", "", 1.0))
        return lines

    class Engine:
        store = Store()

        def sweep(self, plan):
            plan.check_cost()
            self.plan = plan
            return plan.id

        def recording(self, id):
            return answered(self.plan)

        def request(self, experiment, visitor=""):
            if experiment.seed == 13:
                raise TooExpensive("unlucky")
            return experiment.id

    only = Engine()
    monkeypatch.setattr(engine, "shared", lambda: only)
    monkeypatch.setattr(player, "board", lambda **one: payloads.append(one))

    def open(**parameters):
        page = AppTest.from_file(str(ROOT / "pages" / "regularization.py"), default_timeout=60)
        page.query_params.update(parameters)
        page.run()
        assert not page.exception
        return page

    return SimpleNamespace(open=open, said=payloads)


def test_the_page_shows_its_default_sweep_with_words(visit):
    page = visit.open()
    assert visit.said[-1]["run"] == SWEEP.id and visit.said[-1]["state"] == "ended" and page.query_params == {}
    assert not any(SAYS["ask"] in one.value for one in page.markdown) and visit.said[-1]["panels"] == []
    assert not any(one.value.startswith("**Look for:**") for one in page.caption), "there is nothing to look at yet"
    page.button[0].click().run()
    assert any(SAYS["ask"] in one.value for one in page.markdown) and visit.said[-1]["panels"]
    assert not page.warning and not page.error
    assert any(one.value.startswith("**Look for:**") for one in page.caption)
    page.button_group(key="prediction regularization").set_value("split").run()
    assert any(WORDS["answer"]["right"] in one.value for one in page.markdown)


def test_a_guess_or_a_link_shows_the_verdict(visit):
    page = visit.open(skip="1")
    assert any(SAYS["ask"] in one.value for one in page.markdown) and page.query_params == {"skip": "1"}
    page = visit.open()
    page.button_group(key="prediction regularization").set_value("split").run()
    assert any(SAYS["ask"] in one.value for one in page.markdown)
    page.button_group(key="prediction regularization").set_value(None).run()
    assert any(SAYS["ask"] in one.value for one in page.markdown), "who has guessed is not asked again"
    (warning,) = visit.open(skip="never").warning
    assert "skip = never" in warning.value


def test_settings_and_links_make_sweeps(visit):
    page = visit.open(seeds="3", label_noise="0.5", ghost_batch_size="8")
    base = PAGE.default.replace(label_noise=0.5, ghost_batch_size=8)
    assert visit.said[-1]["run"] == sweep(base, {"seeds": 3}).id
    assert page.query_params == {"label_noise": "0.5", "ghost_batch_size": "8", "seeds": "3"}
    page.select_slider(key="dropout").set_value(0.0).run()
    assert visit.said[-1]["run"] == sweep(base.replace(dropout=0.0), {"seeds": 3}).id
    page.button_group(key="bnviz preset").set_value("No momentum").run()
    assert visit.said[-1]["run"] == sweep(PAGE.default.replace(momentum=0.0), {"seeds": 3}).id
    assert page.query_params == {"momentum": "0", "seeds": "3"}


def test_bad_parameters_are_named_and_replaced(visit):
    page = visit.open(seeds="99", batch_size="many", layer="3")
    (warning,) = page.warning
    assert all(f"`{text}`" in warning.value for text in ("seeds = 99", "batch_size = many", "layer = 3"))
    assert visit.said[-1]["run"] == SWEEP.id and page.query_params == {}


def test_too_expensive_is_refused_and_the_default_is_shown(visit):
    page = visit.open(steps="5000", seeds="10")
    (error,) = page.error
    assert "s of computing" in error.value and visit.said[-1]["run"] == SWEEP.id
