"""The sweep over momentum and batch size of /train-and-eval: what is measured, what is made of rows, what the section does."""

import numpy as np
import pytest
import torch
from scipy import stats
from streamlit.testing.v1 import AppTest

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import canonical_run
from bnviz.lessons.train_and_eval.measures import law
from bnviz.lessons.train_and_eval.measures.running_means import KEYS
from bnviz.lessons.train_and_eval.sweep_judge import verdict
from bnviz.lessons.train_and_eval.sweep_panels import panels
from bnviz.lessons.train_and_eval.sweep_results import MOMENTA, best, cells, rank_correlations, sizes_of, sweep
from bnviz.nets.normalizers import MEASURE
from bnviz.train.minibatches import minibatches
from bnviz.train.stacked import Stack, StackLog, train_stack
from bnviz.web import words
from bnviz.web.site import board

TEXTS = words.catalogue("train_and_eval")["sweep"]
SMALL = Experiment(dataset="mnist1d", width=16, hidden_layers=3, batch_size=40, steps=24, statistics_momentum=0.1)


def test_the_law_in_python_is_the_law_in_the_browser(desk):
    random = np.random.default_rng(0)
    for momentum in (0.001, 0.1, 1.0):
        size, drift, noise, offset = random.uniform(0, 1, 4)
        terms = {"size": size, "drift": drift, "noise": noise, "offset": offset}
        there = desk.call("lessons/train_and_eval/law.js", "errorOf", terms, {"momentum": momentum, "updates": 1, "steps": 50})
        assert law.error(size, drift, noise, offset, momentum, 50) == pytest.approx(there)


def network_after(run, steps):
    """The network of a run after so many of its steps."""
    stack = Stack([run])
    log, batches = StackLog(stack), minibatches(run.experiment)
    for _ in range(steps):
        stack.step(*log.minibatch(batches.take(1)[None]))
    return stack.unstack()[0], log.split.x_train


@torch.no_grad()
def means_of(network, x):
    taps = []
    network(x, MEASURE, taps=taps)
    return np.stack([layer.linear.mean(0) for layer in taps])


def test_drift_is_how_far_the_true_means_have_moved_over_the_last_steps_a_running_mean_remembers():
    torch.set_num_threads(1)
    runs = [
        canonical_run(SMALL.replace(statistics_momentum=momentum), arm) for momentum in (0.1, 0.01) for arm in ("batch", "none")
    ]
    rows = {row["run"]: row for row in train_stack(runs, ("running_means",)) if row}
    for run, back in zip(runs[::2], (10, 24), strict=True):
        (now, x), (then, _) = network_after(run, 24), network_after(run, 24 - back)
        x = x[: 2048 // 40 * 40]
        moved, sigma = means_of(now, x) - means_of(then, x), []
        taps = []
        now(x, MEASURE, taps=taps)
        sigma = [layer.linear.detach().var(0).mean().sqrt().item() for layer in taps]
        expected = np.sqrt((moved**2).mean(1)) / back / sigma
        np.testing.assert_allclose(rows[run.id]["mean_drifts"][-1], expected, rtol=0.02)
        assert all(rows[run.id][key][:-1] == [None] * (len(rows[run.id][key]) - 1) for key in KEYS)
        assert rows[run.id]["recomputed_accuracies"][-1] > 0.1
    assert all(rows[runs[1].id][key] == rows[runs[3].id][key] and set(rows[runs[1].id][key]) == {None} for key in KEYS)


# made-up rows


def made_up(plan, slope=0.1, excess=1.0, noise=0.001):
    """Rows of runs that obey the law but for a factor `excess`; the gap in accuracy is `slope` times the error."""
    random, rows = np.random.default_rng(1), []
    for cell in plan.cells():
        momentum, size, layers = plan.values[cell.point], int(cell.curve), plan.base.hidden_layers
        size_noise = 2 / size**0.5
        exact = law.error(0.0, 0.001, size_noise, 0.0, momentum, plan.base.steps, plan.base.examples / size)
        found = excess * exact * np.exp(0.01 * random.normal())
        gap = slope * found + noise * random.normal()
        one = {"true_means": 0.0, "mean_drifts": 0.001, "minibatch_noises": size_noise, "minibatch_offsets": 0.0}
        layered = {key: [None, [value] * layers] for key, value in {**one, "running_mean_errors": found}.items()}
        accuracies = {"recomputed_accuracies": [None, 0.8], "minibatch_accuracies": [None, 0.8], "test_accuracy": 0.8 - gap}
        about = {"run": cell.run.id, "curve": cell.curve, "point": cell.point, "seed": cell.seed, "value": momentum}
        rows.append({**layered, **accuracies, **about})
    return rows


PLAN = sweep(Experiment())


def test_the_best_momentum_is_where_the_law_is_lowest_and_the_table_says_so():
    values = cells(PLAN, made_up(PLAN))
    assert values.measured.shape == (4, 7, 5)
    np.testing.assert_allclose(values.law, values.measured, rtol=0.05)
    for size, place in zip(sizes_of(PLAN), best(values.measured), strict=True):
        exact = (2 * 0.001 * size**0.5 / 2) ** (2 / 3)  # of small momenta: docstring of law.py
        assert abs(np.log10(MOMENTA[place] / exact)) < 0.3
    text = verdict(PLAN, made_up(PLAN))
    assert "| 64 | 0.03 | 0.03 |" in text and "At 28 of 28" in text and text.count(TEXTS["yes"]) == 2


@pytest.mark.parametrize("slope, noise, answer", [(0.1, 0.001, "yes"), (-0.1, 0.001, "reverse"), (0.0, 0.01, "open")])
def test_a_gap_follows_the_error_or_not(slope, noise, answer):
    assert verdict(PLAN, made_up(PLAN, slope, noise=noise)).count(f"{TEXTS[answer]} Rank") == 2


def test_a_law_that_is_wrong_is_said_to_be():
    text = verdict(PLAN, made_up(PLAN, excess=2.0))
    assert "At 0 of 28" in text and "ratio of law to measurement is 0.50." in text


def test_nothing_is_judged_too_early_or_of_too_few_seeds():
    rows = made_up(PLAN)
    assert verdict(PLAN, rows[:-1]) == words.fill(TEXTS["computing"], done=139, total=140)
    few = sweep(Experiment(), seeds=3)
    assert words.fill(TEXTS["few"], least=5) in verdict(few, made_up(few))
    assert len(panels(PLAN, [])) == len(panels(PLAN, rows)) == 6


def test_ranks_are_those_of_scipy():
    random = np.random.default_rng(0)
    first, second = random.integers(0, 5, (2, 4, 7, 3)).astype(float)
    expected = [stats.spearmanr(first[..., seed].ravel(), second[..., seed].ravel())[0] for seed in range(3)]
    np.testing.assert_allclose(rank_correlations(first, second), np.array(expected, float))


# the section


def test_networks_are_trained_when_somebody_asks_for_them(monkeypatch):
    asked = []
    monkeypatch.setattr(board, "show", lambda plan, *_, **more: asked.append((plan, more)))

    def script():
        import streamlit as st

        from bnviz.config.experiment import Experiment
        from bnviz.lessons.train_and_eval import sweep_section

        sweep_section.show(Experiment(learning_rate=st.session_state.get("rate", 0.1)))

    page = AppTest.from_function(script).run()
    assert not page.exception and not asked and page.button[0].label == words.fill(TEXTS["button"], count=140)
    page.button[0].click().run()
    assert asked[-1] == (PLAN, {"key": "law", "below": True}) and not page.button
    page.session_state["rate"] = 0.3
    page.run()
    assert asked[-1][0] == PLAN and page.button[0].label == words.fill(TEXTS["again"], count=140)
    page.button[0].click().run()
    assert asked[-1][0] == sweep(Experiment(learning_rate=0.3))


def test_networks_that_the_release_has_are_not_said_to_be_trained():
    def script():
        from bnviz.lessons.train_and_eval.page import PAGE

        PAGE.below(PAGE.default)

    page = AppTest.from_function(script).run()
    assert not page.exception and page.button[0].label == words.fill(TEXTS["shipped"], count=140)
