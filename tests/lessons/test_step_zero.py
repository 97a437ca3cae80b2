"""The page /step-zero: what is measured of untrained networks, against closed forms and NumPy; what it says of made-up rows."""

import copy
import math
import re

import numpy as np
import pytest
import torch
from torch.nn import functional

from bnviz.config.experiment import Experiment
from bnviz.lessons.step_zero import judge
from bnviz.lessons.step_zero.judge import LEAST, PREDICTIONS, answer, short, verdict
from bnviz.lessons.step_zero.measures.signal import activation_rank, cosines, effective_rank, signal, wide_cosines
from bnviz.lessons.step_zero.page import PAGE, PRESETS, sweep
from bnviz.lessons.step_zero.panels import panels
from bnviz.lessons.step_zero.results import WORDS, growth, settled_cosine, theory
from bnviz.measures.context import MeasureContext
from bnviz.nets.network import Network
from bnviz.train.minibatches import DataTensors, generator_for
from bnviz.train.stacked import train_stack
from bnviz.web.words import fill

SMALL = {"hidden_layers": 8, "width": 16, "batch_size": 32, "train_size": 100, "dataset": "mnist1d"}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def small(**changes):
    return sweep(PAGE.default.replace(**{**SMALL, **changes}), {"seeds": 5})


def trained(plan):
    """The rows of a sweep, as a worker and the engine make them."""
    cells = {cell.run.id: cell for cell in plan.cells()}
    rows = [row for row in train_stack(plan.runs(), plan.measures) if row]
    return [{**row, "curve": cells[row["run"]].curve, "point": 0, "value": plan.values[0]} for row in rows]


AFTER = 0.5  # of the rank that enters the nonlinearity is left after it, in made-up rows


def synthetic_rows(plan, rank=(1.0, 10.0), rate=(1.0, 1.4), scatter=0.001):
    """Made-up rows: the last layer's effective rank without and with batch norm, and the growth of the gradient per layer."""
    layers, random = plan.base.hidden_layers, np.random.default_rng(0)
    return [
        {
            "run": cell.run.id, "curve": cell.curve, "point": cell.point, "seed": cell.seed, "wide_cosine": [None],
            "effective_rank": [[rank[arm] * (1 + scatter * random.normal())] * layers], "cosine": [[0.5] * layers],
            "activation_rank": [[AFTER * rank[arm]] * layers],
            "squared_gradient": [(rate[arm] ** (-(1 + scatter * random.normal()) * np.arange(layers))).tolist()],
        }
        for cell in plan.cells() if (arm := ("none", "batch").index(cell.curve)) is not None
    ]  # fmt: skip


# what is measured


def test_the_effective_rank_is_that_of_the_singular_values():
    h = np.random.default_rng(0).normal(size=(20, 7)) @ np.diag([9, 5, 3, 1, 0.5, 0.1, 0])
    squares = np.linalg.svd(h, compute_uv=False) ** 2
    for one in (h, h.T):
        assert effective_rank(torch.tensor(one)) == pytest.approx(squares.sum() ** 2 / (squares**2).sum())


@pytest.mark.parametrize("h, rank", [(torch.eye(5), 5), (torch.ones(9, 4), 1), (torch.diag(torch.tensor([1.0, 1, 0])), 2)])
def test_the_effective_rank_counts_directions(h, rank):
    assert effective_rank(h) == pytest.approx(rank)


def test_nothing_has_no_rank_and_no_direction():
    assert math.isnan(effective_rank(torch.zeros(3, 4)))
    pairs = cosines(torch.tensor([[1.0, 0], [0, 0], [1, 1]]))
    assert pairs[0, 2].item() == pytest.approx(math.sqrt(0.5)) and pairs[:, 1].isnan().all() and pairs.diagonal().isnan().all()


def network_of(experiment, arm):
    return Network(experiment, arm, generator_for(experiment, "weights"))


def measured_of(experiment, arm="none", network=None, indices=None):
    tensors = DataTensors(experiment)
    network = network or network_of(experiment, arm)
    minibatch = torch.arange(experiment.batch) if indices is None else indices
    context = MeasureContext(network, experiment, functional.cross_entropy, tensors.examples(), minibatch)
    return signal(context) | activation_rank(context)


@pytest.mark.parametrize("arm", ["none", "batch"])
def test_the_gradient_is_that_of_a_plain_double_precision_network(arm):
    experiment = Experiment(**SMALL)
    tensors, network = DataTensors(experiment), network_of(experiment, arm)
    a, y = tensors.x_train[:32].double(), tensors.y_train[:32]
    weights = [linear.weight.detach().double().requires_grad_() for linear in network.linears]
    ranks, after, means = [], [], []
    for weight in weights[:-1]:
        z = a @ weight.mT
        z = (z - z.mean(0)) / torch.sqrt(z.var(0, correction=0) + 1e-5) if arm == "batch" else z
        a = torch.relu(z)
        for values, into in ((z, ranks), (a, after)):
            squares = np.linalg.svd(values.detach().numpy(), compute_uv=False) ** 2
            into.append(squares.sum() ** 2 / (squares**2).sum())
        unit = functional.normalize(a.detach()).numpy()
        means.append(np.mean([unit[i] @ unit[j] for i in range(32) for j in range(i)]))
    functional.cross_entropy(a @ weights[-1].mT, y).backward()
    result = measured_of(experiment, arm, network)
    assert result["squared_gradient"] == pytest.approx([w.grad.square().sum().item() for w in weights[:-1]], rel=1e-3)
    assert result["effective_rank"] == pytest.approx(ranks, rel=1e-4)
    assert result["activation_rank"] == pytest.approx(after, rel=1e-4)
    assert result["cosine"] == pytest.approx(means, abs=1e-5)


def test_measuring_leaves_the_network_as_it_is():
    network = network_of(Experiment(**SMALL), "batch")
    before, state = copy.deepcopy(network.state_dict()), torch.get_rng_state()
    assert measured_of(Experiment(**SMALL), network=network) == measured_of(Experiment(**SMALL), network=network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(one.grad is None for one in network.parameters()) and torch.equal(torch.get_rng_state(), state)


def test_orthogonal_linear_layers_keep_every_angle_and_the_gradients_size():
    experiment = Experiment(**{**SMALL, "hidden_layers": 20}, activation="identity", initialization="orthogonal")
    result = measured_of(experiment)
    for key in ("effective_rank", "squared_gradient"):
        assert result[key][1:] == pytest.approx([result[key][-1]] * 19, rel=1e-3)
    weight = network_of(experiment, "none").linears[3].weight
    assert torch.allclose(weight @ weight.mT, torch.eye(16), atol=1e-5)


def test_the_cosine_of_wide_relu_layers_is_the_arc_cosine_kernel():
    """For two inputs at a right angle: 1/π after one layer (Cho & Saul 2009), and a very wide layer comes close."""
    experiment = Experiment(**SMALL)
    x = torch.eye(2)
    assert wide_cosines(x, experiment, 1) == pytest.approx([1 / math.pi])
    weights = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
    a = x
    first = cosines(torch.relu(a @ weights.mT))[0, 1].item()
    assert first == pytest.approx(1 / math.pi, abs=0.01)
    deep = wide_cosines(x, experiment, 2000)
    assert deep == sorted(deep) and deep[-1] == pytest.approx(1, abs=1e-4)  # all examples become one


@pytest.mark.parametrize("changes", [{"activation": "tanh"}, {"initialization": "pytorch"}])
def test_where_there_is_no_closed_form_none_is_given(changes):
    assert wide_cosines(torch.eye(2), Experiment(**SMALL, **changes), 3) is None


def test_wide_relu_layers_with_batch_norm_multiply_the_gradient_as_yang_et_al_say():
    """π/(π − 1) a layer, squared: within a few percent at width 256 and batches of 256, and clearly not 1."""
    experiment = Experiment(hidden_layers=20, width=256, batch_size=256)
    rates = [
        math.exp(growth(np.array([measured_of(experiment.replace(seed=seed), "batch")["squared_gradient"]]))[0])
        for seed in (0, 1)
    ]
    assert np.mean(rates) == pytest.approx(math.pi / (math.pi - 1), rel=0.04)
    assert theory(experiment) == pytest.approx(1.467, abs=5e-4)


def test_wide_linear_layers_with_batch_norm_follow_the_law_of_small_batches():
    """(B − 2)/(B − 3) for batches of B (Yang et al. 2019): 1.2 at 8."""
    experiment = Experiment(hidden_layers=30, width=256, batch_size=8, activation="identity")
    rates = [growth(np.array([measured_of(experiment.replace(seed=seed), "batch")["squared_gradient"]]))[0] for seed in range(4)]
    assert math.exp(np.mean(rates)) == pytest.approx(theory(experiment), rel=0.05) and theory(experiment) == pytest.approx(1.2)


def test_with_batch_norm_the_cosine_settles_where_independent_examples_are():
    experiment = Experiment(hidden_layers=10, width=256, batch_size=8)
    assert measured_of(experiment, "batch")["cosine"][-1] == pytest.approx(settled_cosine(experiment), abs=0.02)
    assert settled_cosine(experiment.replace(activation="identity")) == pytest.approx(-1 / 7)
    assert settled_cosine(experiment.replace(activation="tanh")) is None


# the sweep


def test_a_sweep_trains_nothing_and_measures_once():
    plan = small()
    assert plan.base.steps == 0 and {run.experiment.steps for run in plan.runs()} == {0}
    rows = trained(plan)
    assert len(rows) == 10
    indices = torch.randperm(100, generator=torch.Generator().manual_seed(0))[:32]  # as for every measure of sweeps
    for row in rows:
        alone = measured_of(plan.base.replace(seed=row["seed"]), row["curve"], indices=indices)
        assert row["checkpoints"] == [0] and {key: row[key] for key in alone} == {key: [value] for key, value in alone.items()}


def test_the_published_numbers_are_found():
    """The issue's expectations, measured: at 20 ReLU layers of 64 the rank is near 1 without and above 10 with batch norm."""
    rows = trained(sweep(PAGE.default.replace(hidden_layers=20), {"seeds": 3}))
    rank, after = (
        {arm: np.mean([row[key][0][-1] for row in rows if row["curve"] == arm]) for arm in ("none", "batch")}
        for key in ("effective_rank", "activation_rank")
    )
    assert 1 <= rank["none"] < 1.5 and 10 < rank["batch"] < 20
    assert 4 < after["batch"] < 0.7 * rank["batch"]  # "the rank" is half of that once ReLU has made all values positive


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_cheap_enough_to_be_instant(name):
    plan = sweep(PAGE.default.replace(**PRESETS[name]), {"seeds": 10})
    plan.check_cost()
    assert plan.seconds() < 3


# what is said


def test_nothing_is_said_before_all_rows_are_in():
    plan = small()
    rows = synthetic_rows(plan)[:-1]
    assert verdict(plan, rows) == fill(WORDS["verdict"]["computing"], done=9, total=10)
    assert answer(plan, rows, "both") == WORDS["answer"]["wait"] and panels(plan, []) and panels(plan, rows)


@pytest.mark.parametrize(
    "rank, rate, outcome",
    [
        ((1, 10), (1, 1.4), "apart"), ((1, 10), (1, 1.005), "both"), ((10, 1), (1, 1.4), "neither"),
        ((10, 1), (1, 0.9), "steady"), ((1, 10), (1.4, 1), "both"),
    ],
)  # fmt: skip
def test_the_verdict_follows_both_measures(rank, rate, outcome):
    plan = small()
    rows = synthetic_rows(plan, rank, rate)
    assert WORDS["half"][outcome] in verdict(plan, rows)
    for prediction in PREDICTIONS:
        right = fill(WORDS["answer"]["right"], prediction=PREDICTIONS[prediction])
        assert (answer(plan, rows, prediction) == right) == (prediction == outcome)


def test_what_is_statistically_sure_but_tiny_does_not_count_as_growth():
    """Orthogonal linear nets: × 1.003 a layer, with an interval far from 1. The page must not call that an explosion."""
    plan = small()
    assert judge.grows(plan, synthetic_rows(plan, rate=(1, 1.003), scatter=1e-4)) == 0
    assert judge.grows(plan, synthetic_rows(plan, rate=(1, LEAST + 0.01), scatter=1e-4)) == 1


def test_fewer_than_five_seeds_are_too_few_to_tell():
    plan = sweep(PAGE.default.replace(**SMALL), {"seeds": 4})
    rows, few = synthetic_rows(plan), fill(WORDS["verdict"]["few"], least=5)
    assert verdict(plan, rows).count(few) == 2 and answer(plan, rows, "both") == few
    assert judge.apart(plan, rows) is None and judge.grows(plan, rows) is None


def test_ranks_that_are_all_but_equal_are_said_to_be():
    """Sure to the last digit, and 0.1 % apart: the page said that examples stay farther apart with batch norm."""
    plan = small()
    rows = synthetic_rows(plan, rank=(10.0, 10.01), scatter=1e-5)
    assert judge.apart(plan, rows) == 0 and fill(WORDS["alike"]["same"], least="10") in verdict(plan, rows)


def test_where_there_is_no_difference_three_answers_are_rarely_given():
    """All three at their bounds, where 5 % each would be 14 % together."""
    random, wrong = np.random.default_rng(1), 0
    for _ in range(400):
        wrong += any(judge.side(random.normal(0.1, 0.05, 10), 0.1) is not None for _ in range(judge.FAMILY))
    assert wrong <= 32


def test_wide_intervals_settle_nothing():
    plan = small()
    rows = synthetic_rows(plan, rate=(1, 1.3), scatter=1.0)
    assert judge.grows(plan, rows) is None
    squared = judge.measurements(plan, rows, "squared_gradient")
    ratio = judge.factor(judge.interval(growth(squared["batch"]) - growth(squared["none"])))
    assert fill(WORDS["gradient"]["open"], least="2", ratio=ratio) in verdict(plan, rows) and " to " in ratio
    assert answer(plan, rows, "both") == WORDS["answer"]["open"]
    assert judge.apart(plan, synthetic_rows(plan, rank=(5, 5.1), scatter=0.3)) is None


def test_the_growth_is_told_with_its_interval_and_compared_with_the_law():
    plan, rows = small(), synthetic_rows(small(), rate=(1, math.pi / (math.pi - 1)))
    text = verdict(plan, rows)
    assert re.search(r"\| [^|]* per layer,[^|]* \d+ \| 1\.0[^|]* \| 1\.46\d \(1\.4[56]\d to 1\.4[67]\d\) \|", text)
    assert WORDS["law"]["within"] in text
    assert WORDS["law"]["above"] in verdict(plan, synthetic_rows(plan, rate=(1, 1.6)))
    assert WORDS["law"]["below"] in verdict(plan, synthetic_rows(plan, rate=(1, 1.2)))
    assert "Yang" not in verdict(small(activation="tanh"), synthetic_rows(small(activation="tanh")))


def test_it_is_said_whose_rank_it_is():
    plan = small()
    text = verdict(plan, synthetic_rows(plan, rank=(2.0, 12.0), scatter=0.0001))
    assert re.search(r"before the nonlinearity \| 2\.0 \(.*?\) \| 12\.0 \(.*?\) \|", text)
    assert re.search(r"after the nonlinearity \| 1\.0 \(.*?\) \| 6\.0 \(", text)


def test_few_layers_have_no_growth():
    plan = small(hidden_layers=3)
    rows = synthetic_rows(plan)
    assert fill(WORDS["gradient"]["shallow"], least=4) in verdict(plan, rows)
    assert answer(plan, rows, "both") == fill(WORDS["answer"]["shallow"], least=4)
    assert np.isnan(growth(np.ones((2, 3)))).all()


def test_the_growth_is_that_of_the_upper_half():
    squared = np.array([[1e6] * 5 + [32, 16, 8, 4, 2]])
    assert np.exp(growth(squared)) == pytest.approx(2)


@pytest.mark.parametrize(
    "value, text", [(1.42e8, "1.4 · 10⁸"), (0.00012, "1.2 · 10⁻⁴"), (3.2, "3.2"), (14123, "14,000"), (1, "1"), (0, "not defined")]
)
def test_factors_are_written_short(value, text):
    assert short(value) == text


def test_a_network_that_overflows_is_not_defined_rather_than_drawn():
    plan, rows = small(), synthetic_rows(small())
    rows[0]["squared_gradient"] = [[None] * 8]
    charts = panels(plan, rows)
    assert [panel["id"] for panel in charts] == ["rank", "cosine", "gradient"]
    assert verdict(plan, rows)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "lost", [{"squared_gradient": [[0.0] * 8]}, {"squared_gradient": [[None] * 8], "cosine": [[None] * 8]}, None]
)
@pytest.mark.parametrize("arm", ["none", "batch"])
def test_an_arm_without_any_number_fills_no_log_with_warnings(arm, lost):
    """Whether its gradients are all 0, as deep sigmoid layers have them, or no numbers, or its rows are not there yet."""
    plan = small()
    rows = [row | (lost or {}) if row["curve"] == arm else row for row in synthetic_rows(plan)]
    rows = [row for row in rows if lost or row["curve"] != arm]
    assert len(panels(plan, rows)) == 3 and verdict(plan, rows)
    assert wide_cosines(torch.zeros(2, 2), plan.base, 1) == pytest.approx([math.nan], nan_ok=True)


def test_charts_hold_means_and_theory():
    plan = small()
    rows = trained(plan)
    rank, cosine, gradient = panels(plan, rows)
    means = {trace["name"]: trace["y"] for trace in rank["data"] if trace.get("line", {}).get("width") == 2.5}
    batch = np.mean([row["effective_rank"][0] for row in rows if row["curve"] == "batch"], 0)
    assert means["with batch norm"] == pytest.approx(batch)
    name = fill(WORDS["panels"]["rank"]["after"], name="with batch norm")
    (dashed,) = [trace["y"] for trace in rank["data"] if trace["name"] == name]
    assert dashed == pytest.approx(np.mean([row["activation_rank"][0] for row in rows if row["curve"] == "batch"], 0))
    dotted = {trace["name"]: trace["y"] for trace in cosine["data"] if trace["line"]["dash"] == "dot"}
    assert dotted[WORDS["panels"]["cosine"]["wide"]] == pytest.approx(rows[0]["wide_cosine"][0])
    (law,) = [np.array(trace["y"]) for trace in gradient["data"] if trace["line"]["dash"] == "dot"]
    assert law[:-1] / law[1:] == pytest.approx(np.full(7, math.pi / (math.pi - 1)))
    assert "In layer 8" in rank["alternative"]


def test_a_label_says_how_many_examples_its_number_is_of():
    plan = small()
    for panel in panels(plan, synthetic_rows(plan)):
        measured = [trace for trace in panel["data"] if trace.get("hovertemplate") and trace["line"]["dash"] != "dot"]
        assert measured
        assert all(f"<br>over {plan.base.batch} examples<extra>" in trace["hovertemplate"] for trace in measured)
