"""Findings in made-up recordings: each judge speaks where it must, is silent where it must, and names layer, step and numbers."""

import copy

import numpy as np
import pytest

from bnviz.judge.network import JUDGES, catalogue, find, judge, looked_for, not_looked_for, signals
from bnviz.judge.network.finding import BRACES, Finding
from bnviz.judge.network.history import FEWEST_EXAMPLES

LAYERS, UNITS, SNAPSHOTS = 8, 4, 6
TAPS = ("linear", "normalized", "activation")
NAMES = [f"b.{number}.bn" for number in range(LAYERS)]
PARAMETERS = [f"b.{number}.conv.weight" for number in range(LAYERS)]


def row(value):
    return np.full(LAYERS, value, np.float32)


def by_tap(value):
    return {tap: value.copy() for tap in TAPS}


def healthy():
    """A recording in which nothing stands out: header and snapshots at steps 0, 100, …"""
    layers = [
        {"name": name, "source": name.replace("bn", "conv"), "repeat": 0, "momentum": 0.1, "idle_bias": False, "values": 100}
        | {"units": list(range(UNITS))}
        for name in NAMES
    ]
    header = {
        "type": "header",
        "arms": ["model"],
        "layers": layers,
        "parameters": PARAMETERS,
        "probe_size": 500,
        "view": "training",
    }
    part = {
        **{"probe_loss": 0.30, "evaluation_loss": 0.31, "probe_accuracy": 0.90, "evaluation_accuracy": 0.89, "train_loss": 0.3},
        **{"nonfinite": by_tap(row(0)), "mean": by_tap(row(0.1)), "std": by_tap(row(1))},
        **{"unit_mean": by_tap(np.zeros((LAYERS, UNITS))), "unit_std": by_tap(np.ones((LAYERS, UNITS)))},
        **{"dead_units": row(0.02), "saturated_units": row(0), "gradient_norm": row(0.5), "update_ratio": row(1e-3)},
        **{"running_mean_error": row(0.05), "running_std_error": row(0.05), "updates_seen": row(1000)},
        **{"normalized_together": row(64), "frozen": row(0), "units_at_bounds": row(np.nan)},
    }
    snapshots = [{"type": "snapshot", "step": 100 * index, "arms": {"model": copy.deepcopy(part)}} for index in range(SNAPSHOTS)]
    return header, snapshots


def findings(change):
    """What is found after `change(header, parts)`."""
    header, snapshots = healthy()
    change(header, [snapshot["arms"]["model"] for snapshot in snapshots])
    return find([header, *snapshots])


def everywhere(**values):
    """A change of all snapshots."""

    def change(header, parts):
        for part in parts:
            for key, value in values.items():
                part[key] = row(value) if isinstance(part.get(key), np.ndarray) else value

    return change


def in_layer(layer, start=0, **values):
    """A change of one layer, from a snapshot on."""

    def change(header, parts):
        for part in parts[start:]:
            for key, value in values.items():
                for array in part[key].values() if isinstance(part[key], dict) else [part[key]]:
                    array[layer] = value

    return change


def at_snapshot(number, **values):
    """A change of one snapshot."""
    return lambda header, parts: everywhere(**values)(header, parts[number : number + 1])


def together(*changes):
    return lambda header, parts: [change(header, parts) for change in changes]


def steps_of(key, *numbers):
    """A value for every layer."""

    def change(header, parts):
        for part in parts:
            if isinstance(part[key], dict):
                part[key] = by_tap(np.array(numbers, np.float32))
            else:
                part[key] = np.array(numbers, np.float32)

    return change


def test_a_weight_is_named_as_in_its_own_arm():
    header, snapshots = healthy()
    names = [f"a.{number}.weight" for number in range(3)]
    for snapshot in snapshots:
        part = copy.deepcopy(snapshot["arms"]["model"])
        snapshot["arms"]["other"] = part | {"gradient_norm": np.ones(3), "update_ratio": np.array([1e-3, 0, 1e-3])}
    header["arms"] = ["model", "other"]
    (found,) = find([{**header, "arm_parameters": {"other": names}}, *snapshots])
    assert (found.kind, found.arm, found.layer) == ("no_updates", "other", "a.1.weight")
    (found,) = find([header, *snapshots])  # of an older release, which did not name them
    assert (found.arm, found.layer) == ("other", "weight 2")


def second_use(distance):
    """Layer 3 is another call of layer 2's batch norm, and gets units whose means lie so many σ away."""

    def change(header, parts):
        header["layers"][3] |= {"name": NAMES[2], "repeat": 1}
        parts[-1]["unit_mean"]["linear"][3] += distance

    return change


def header_of(layer, **values):
    return lambda header, parts: header["layers"][layer].update(values)


LOST = {"train_loss": None, "probe_loss": None, "nonfinite_losses": ["train_loss", "probe_loss"]}
GAP = everywhere(evaluation_accuracy=0.55)
COLD = together(GAP, everywhere(updates_seen=20), in_layer(5, running_mean_error=1.5))
SPEAKS = {
    "NaN in a layer": (
        in_layer(3, 2, nonfinite=50),
        "not_finite",
        "",
        "b.3.bn",
        200,
        "13 % of them at step 200, and none at step 100",
    ),
    "NaN everywhere at once": (
        lambda header, parts: [part.update(nonfinite=by_tap(row(400))) for part in parts[3:]],
        *("not_finite", "everywhere", "", 300, "after step 200, at the latest at step 300. Where it began is unknown"),
    ),
    "NaN at first": (in_layer(0, 0, nonfinite=400), "not_finite", "first", "b.0.bn", 0, "100 % of them, already"),
    "evaluation worse": (
        GAP,
        "evaluation_gap",
        "other",
        "b.0.bn",
        500,
        "is 55 % in evaluation and 90 % with statistics as in training",
    ),
    "cold statistics": (COLD, "evaluation_gap", "cold", "b.5.bn", 500, "after 20 updates, 12 % of their initial value"),
    "noisy statistics": (
        together(GAP, everywhere(normalized_together=8)),
        "evaluation_gap",
        "noisy",
        "b.0.bn",
        500,
        "as few as 8 values",
    ),
    "fast weights": (
        together(GAP, everywhere(update_ratio=0.02)),
        "evaluation_gap",
        "fast",
        "b.0.bn",
        500,
        "by 0.02 of their size",
    ),
    "fast weights or a probe that is shifted": (
        together(GAP, in_layer(2, running_mean_error=3.0), everywhere(update_ratio=0.02)),
        *("evaluation_gap", "fast_or_unlike", "b.2.bn", 500, "lag behind, or the probe differs from the training data"),
    ),
    "statistics that are out of date": (
        together(GAP, everywhere(running_mean_error=0.9, recomputed_accuracy=0.89)),
        *("evaluation_gap", "stale", "b.0.bn", 500, "so the probe is like the training data"),
    ),
    "another probe": (
        together(GAP, everywhere(running_mean_error=0.9)),
        "evaluation_gap",
        "unlike",
        "b.0.bn",
        500,
        "differ from the training data",
    ),
    "a probe of another scale": (
        together(GAP, in_layer(2, running_std_error=0.746)),
        "evaluation_gap",
        "unlike",
        "b.2.bn",
        500,
        'standard deviations by up to 0.75 σ, most in module "b.2.bn"',
    ),
    "another probe, though weights move fast": (
        together(
            GAP,
            in_layer(2, running_std_error=0.746),
            everywhere(update_ratio=0.02),
            lambda header, parts: [part.update(recomputed_accuracy=0.5) for part in parts],
        ),
        *("evaluation_gap", "unlike", "b.2.bn", 500, "so they do not repair it. Running means differ"),
    ),
    "losses alone": (
        everywhere(probe_accuracy=None, evaluation_accuracy=None, evaluation_loss=0.9),
        *(
            "evaluation_gap",
            "other",
            "b.0.bn",
            500,
            "loss on the probe is 0.9 in evaluation and 0.3 with statistics as in training",
        ),
    ),
    "all frozen": (everywhere(frozen=1), "frozen", "all", "b.0.bn", 0, "All 8 batch norm layers"),
    "one frozen": (in_layer(4, 3, frozen=1), "frozen", "", "b.4.bn", 300, "1 of 8 batch norm layers"),
    "pairs": (in_layer(6, normalized_together=2), "small_groups", "", "b.6.bn", 500, "only 2 values"),
    "two places": (
        second_use(2.0),
        "two_uses",
        "",
        "b.2.bn",
        500,
        "2 times. At step 500, the means of its inputs differ by 2 σ",
    ),
    "dead units": (
        in_layer(1, 2, dead_units=0.5),
        "dead_units",
        "",
        "b.1.bn",
        200,
        'In module "b.1.bn", 50 % of the recorded units are dead. At step 500, each gave 0',
    ),
    "saturated units": (
        in_layer(7, 1, saturated_units=0.3),
        "saturated_units",
        "",
        "b.7.bn",
        100,
        "30 % of the recorded units are saturated. At step 500, each gave almost the same output at every recorded value",
    ),
    "units at the bounds of tanh": (
        lambda header, parts: at_bounds(7, 1, units_at_bounds=0.3)(header, parts),
        *("saturated_units", "at_bounds", "b.7.bn", 100),
        "30 % of the recorded units are saturated. At step 500, at least 95 % of each one's values lay within 0.02 of −1 or 1, ",
    ),
    "more units at a sigmoid's bounds than flat ones": (
        lambda header, parts: at_bounds(2, bounds=(0, 1), units_at_bounds=0.5, saturated_units=0.2)(header, parts),
        *("saturated_units", "at_bounds", "b.2.bn", 0, "values lay within 0.01 of 0 or 1"),
    ),
    "as many units at bounds as flat ones": (
        lambda header, parts: at_bounds(2, units_at_bounds=0.5, saturated_units=0.5)(header, parts),
        *("saturated_units", "at_bounds", "b.2.bn", 0, "values lay within 0.02 of −1 or 1"),
    ),
    "more flat units than at bounds": (
        lambda header, parts: at_bounds(2, units_at_bounds=0.4, saturated_units=0.5)(header, parts),
        *("saturated_units", "", "b.2.bn", 0, "each gave almost the same output"),
    ),
    "activations grow": (
        steps_of("std", *(10.0**power for power in range(LAYERS))),
        *("activations_change", "", "b.7.bn", 500, 'grow 1.0 · 10⁶-fold from module "b.0.bn"'),
    ),
    "activations shrink": (
        together(steps_of("std", *(0.1**power for power in range(LAYERS))), steps_of("mean", *[0] * LAYERS)),
        *("activations_change", "shrink", "b.7.bn", 500, "shrink 1.0 · 10⁶-fold"),
    ),
    "gradients grow": (
        steps_of("gradient_norm", *(8.0**power for power in range(LAYERS))),
        *("gradients_change", "", PARAMETERS[-1], 500, "Gradients grow 2.6 · 10⁵-fold"),
    ),
    "gradients shrink": (
        steps_of("gradient_norm", *(0.1**power for power in range(LAYERS))),
        *("gradients_change", "shrink", PARAMETERS[-1], 500, "Gradients shrink 1.0 · 10⁶-fold"),
    ),
    "large updates": (
        everywhere(update_ratio=0.1),
        "updates_large",
        "",
        PARAMETERS[4],
        500,
        "a typical step changes the weights by 0.1 of their size",
    ),
    "small updates": (
        everywhere(update_ratio=1e-6),
        "updates_small",
        "",
        PARAMETERS[4],
        500,
        "is 1,000 times higher, in steps of ten",
    ),
    "dead units that grew more": (
        lambda header, parts: [in_layer(1, at, dead_units=share)(header, parts) for at, share in ((0, 0.2), (4, 1))],
        *("dead_units", "", "b.1.bn", 0, "at least this high since a step between 300 and 400, and 10 % or more since step 0"),
    ),
    "one leap": (
        at_snapshot(2, update_ratio=0.7),
        *("updates_large", "leap", PARAMETERS[4], 200, "step 200 changed the weights by 0.7 of their size"),
    ),
    "loss above its beginning": (
        at_snapshot(0, train_loss=0.1, probe_loss=0.1),
        *(
            "loss_rose",
            "",
            "",
            500,
            "was 0.1 at the first step and ends at 0.3. On the probe it has risen, too, to 0.3",
        ),
    ),
    "a loss that is no number": (
        at_snapshot(2, nonfinite_loss_step=140),
        *(
            "loss_not_finite",
            "",
            "",
            140,
            "infinite for the first time at step 140. At the next snapshot, at step 200, all layers",
        ),
    ),
    "a loss on the probe that is no number": (
        lambda header, parts: [part.update(probe_loss=None, nonfinite_losses=["probe_loss"]) for part in parts[4:]],
        *("loss_not_finite", "probe", "", 400, "on the probe was NaN or infinite for the first time at step 400"),
    ),
    "no update": (
        in_layer(2, update_ratio=0),
        *(
            "no_updates",
            "",
            PARAMETERS[2],
            500,
            "no step has changed it. This holds for 1 of the recorded weights, not counting biases",
        ),
    ),
    "a step that rounding undoes": (
        in_layer(2, update_ratio=0, gradient_norm=1.8e-10),
        *("no_updates", "rounding", PARAMETERS[2], 500, "gradient is as small as 1.8 · 10⁻¹⁰ (norm), so rounding undoes"),
    ),
    "a training that diverged": (
        lambda header, parts: [
            *(part.update(train_loss=loss) for part, loss in zip(parts, (9.9, 1.9e10, 9.6e30), strict=False)),
            *(part.update(LOST) for part in parts[3:]),
            *(part.update(nonfinite=by_tap(row(400))) for part in parts[4:]),
            parts[3].update(nonfinite_loss_step=210),
        ],
        *(
            "loss_not_finite",
            "diverged",
            "",
            210,
            "grew from 9.9 to 9.6 · 10³⁰ at step 200, and was NaN or infinite for the first time at step 210",
        ),
    ),
    "a bias, of an older recording": (
        header_of(0, idle_bias=True),
        *("idle_bias", "", "b.0.bn", 0, 'Module "b.0.conv" has a bias'),
    ),
    "a bias": (
        lambda header, parts: [part.update(idle_bias=np.eye(LAYERS)[2]) for part in parts[:2]],
        *("idle_bias", "", "b.2.bn", 0, 'Module "b.2.conv" has a bias'),
    ),
}


@pytest.mark.parametrize("case", SPEAKS)
def test_a_judge_speaks(case):
    change, kind, cause, layer, step, words = SPEAKS[case]
    (finding,) = (one for one in findings(change) if cause != "diverged" or one.kind == kind)  # layers diverge as well
    assert (finding.kind, finding.cause, finding.layer, finding.step) == (kind, cause, layer, step)
    assert words in str(finding) and str(finding).endswith((".", ")."))


def at_bounds(layer, start=0, bounds=(-1, 1), **values):
    """A change of a layer behind which there is a nonlinearity with these bounds, from a snapshot on."""
    return together(header_of(layer, bounds=list(bounds)), in_layer(layer, start, **values))


def probe_of(count, change):
    """The same with a probe of so many examples."""
    return together(lambda header, parts: header.update(probe_size=count), change)


SILENT = {
    "dead units of a tiny probe": probe_of(4, everywhere(dead_units=0.5)),
    "saturated units of a tiny probe": probe_of(4, everywhere(saturated_units=0.5)),
    "units at bounds of a tiny probe": probe_of(4, at_bounds(1, units_at_bounds=0.5)),
    "few units at bounds": at_bounds(1, units_at_bounds=0.09),
    "units that left the bounds": lambda header, parts: at_bounds(1, units_at_bounds=0.9)(header, parts[:-1]),
    "units at bounds at the last two snapshots": at_bounds(1, SNAPSHOTS - 2, units_at_bounds=0.9),
    "units at bounds that nobody knows": in_layer(1, units_at_bounds=0.9),
    "two places that differ by chance": probe_of(6, second_use(1.5)),
    "losses of a tiny probe": probe_of(4, everywhere(probe_accuracy=None, evaluation_accuracy=None, evaluation_loss=0.9)),
    "large updates that became usual": lambda header, parts: everywhere(update_ratio=0.1)(header, parts[:4]),
    "small updates at the end of a schedule": lambda header, parts: everywhere(update_ratio=1e-6)(header, parts[3:]),
    "no update at the only snapshots that tell": lambda header, parts: [
        in_layer(2, update_ratio=value)(header, parts[start:]) for start, value in ((0, 0), (2, np.nan))
    ],
    "a healthy network": lambda header, parts: None,
    "a gap within chance": everywhere(evaluation_accuracy=0.86),
    "a gap of a tiny probe": lambda header, parts: (
        header.update(probe_size=12),
        everywhere(evaluation_accuracy=0.7)(header, parts),
    ),
    "a gap without running statistics": together(GAP, everywhere(updates_seen=np.nan)),
    "a gap that has closed": lambda header, parts: [part.update(evaluation_accuracy=0.5) for part in parts[:3]],
    "a probe of another scale that does no harm": everywhere(running_std_error=0.746),
    "better in evaluation": everywhere(evaluation_accuracy=0.99),
    "few dead units": everywhere(dead_units=0.09),
    "units that came back": lambda header, parts: in_layer(1, dead_units=0.9)(header, parts[:-1]),
    "two places that agree": second_use(0.2),
    "groups of 8": everywhere(normalized_together=8),
    "groups that nobody knows": everywhere(normalized_together=np.nan),
    "updates within a power of ten": everywhere(update_ratio=1e-2),
    "one parameter with large updates": in_layer(2, update_ratio=0.3),
    "a large first step": at_snapshot(0, update_ratio=50),
    "a training loss that rises alone, as a generator's may": at_snapshot(0, train_loss=0.1),
    "a loss on the probe that rises alone": at_snapshot(0, probe_loss=0.1),
    "a loss that stays": lambda header, parts: parts[0].update(train_loss=0.2),
    "a parameter without gradients": in_layer(2, update_ratio=0, gradient_norm=np.nan),
    "gradients that vary": steps_of("gradient_norm", 1, 0.1, 5, 1, 30, 0.1, 1, 2),
    "a bias that was hidden at first": lambda header, parts: [
        (header_of(2, idle_bias=True)(header, parts), part.update(idle_bias=np.eye(LAYERS)[2] * (1 - number)))
        for number, part in enumerate(parts[:2])
    ],
    "a layer without normalizer": in_layer(3, frozen=np.nan, updates_seen=np.nan, running_mean_error=np.nan),
}


@pytest.mark.parametrize("case", SILENT)
def test_judges_are_silent(case):
    assert findings(SILENT[case]) == []


MEASURED = ["nonfinite", "update_ratio", "std", "unit_mean", "dead_units", "evaluation_accuracy", "frozen", "units_at_bounds"]


@pytest.mark.parametrize("missing", MEASURED)
def test_judges_do_without_what_could_not_be_measured(missing):
    def change(header, parts):
        for part in parts[1::2]:
            del part[missing]

    assert findings(change) == []
    header, snapshots = healthy()
    for snapshot in snapshots:
        del snapshot["arms"]["model"][missing]
    assert find([header, *snapshots]) == []
    assert find([]) == find([header]) == find([header, {"type": "snapshot", "step": 0, "arms": {"model": {}}}]) == []


def without(*keys):
    """A change that leaves measures out of every snapshot."""
    return lambda header, parts: [part.pop(key, None) for part in parts for key in keys]


def no_classes(header, parts):
    without("probe_accuracy", "evaluation_accuracy")(header, parts)


def shallow(header, parts):
    header["layers"], header["parameters"] = header["layers"][:3], PARAMETERS[:3]
    for part in parts:
        for key, value in part.items():
            part[key] = value[:3] if isinstance(value, np.ndarray) else value
            if isinstance(value, dict):
                part[key] = {tap: array[:3] for tap, array in value.items()}


def plain(header, parts):
    """A network without batch norm."""
    everywhere(updates_seen=np.nan, frozen=np.nan, normalized_together=np.nan)(header, parts)


ALL_EARLY = dict.fromkeys(("idle_units", "gradients_change", "updates", "loss_rose", "frozen"), "snapshots")
MISSING = {  # what lacks in a recording, how many of its snapshots there are, and what cannot be looked for
    "nothing": (lambda header, parts: None, {}),
    "a loss on the probe": (without("probe_loss"), {"loss_rose": "loss"}),
    "that and classes": (together(without("probe_loss"), no_classes), {"loss_rose": "loss", "evaluation_gap": "loss"}),
    "classes": (no_classes, {}),
    "classes, and examples": (probe_of(20, no_classes), {"evaluation_gap": "examples", "idle_units": "examples"}),
    "that and batch norm": (probe_of(20, together(no_classes, plain)), {"idle_units": "examples"}),
    "a training loss": (without("train_loss"), {"loss_rose": "training_loss"}),
    "every loss": (without("train_loss", "probe_loss"), {"loss_not_finite": "any_loss", "loss_rose": "loss"}),
    "gradients": (everywhere(gradient_norm=np.nan), {"gradients_change": "gradients"}),
    "updates": (without("update_ratio"), {"updates": "updates"}),
    "layers": (shallow, {"activations_change": "layers", "gradients_change": "layers"}),
    "a graph": (everywhere(normalized_together=np.nan), {"small_groups": "graph"}),
    "a graph, and batch norm": (plain, {}),
    "a training view": (lambda header, parts: header.update(view="evaluation"), {"evaluation_gap": "view"}),
    "snapshots": (lambda header, parts: None, ALL_EARLY),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_was_not_recorded_is_not_looked_for(case):
    change, expected = MISSING[case]
    header, snapshots = healthy()
    change(header, [snapshot["arms"]["model"] for snapshot in snapshots])
    found = judge([header, *snapshots[: 1 if case == "snapshots" else None]])
    assert (found.findings, found.not_looked_for) == ([], expected)


def test_what_one_network_can_be_looked_at_for_is_looked_for():
    header, snapshots = healthy()
    for snapshot in snapshots:
        snapshot["arms"]["other"] = {**snapshot["arms"]["model"], "probe_loss": None, "gradient_norm": row(np.nan)}
    header["arms"] = ["other", "model"]
    assert judge([header, *snapshots]).not_looked_for == {}


def test_a_loss_that_is_no_number_was_recorded():
    lost = judge([healthy()[0], *losing(healthy()[1])])
    assert "loss" not in lost.not_looked_for.values()


def losing(snapshots):
    """The same snapshots with losses on the probe that are no numbers."""
    for snapshot in snapshots:
        snapshot["arms"]["model"] |= {"probe_loss": None, "nonfinite_losses": ["probe_loss"]}
    return snapshots


def test_each_reason_is_a_sentence_and_no_name_is_told_twice():
    reasons = {"evaluation_gap": "loss", "updates": "updates", "loss_rose": "loss"}
    words = catalogue()["looked_for"]
    assert not_looked_for(reasons) == (
        f"Not looked for: {words['evaluation_gap']}; {words['loss_rose']}, because the loss on the probe was not recorded. "
        f"Not looked for: {words['updates']}, because no step of a weight was recorded."
    )
    assert looked_for(reasons).split("; ") == [text for name, text in words.items() if name not in reasons]
    assert not_looked_for({}) == ""


def test_recomputed_statistics_say_whether_they_mend_it():
    (mended,) = findings(together(GAP, lambda header, parts: [part.update(recomputed_accuracy=0.88) for part in parts]))
    assert "With recomputed statistics it is 88 %, so they repair it." in str(mended)
    (other,) = findings(together(GAP, lambda header, parts: [part.update(recomputed_accuracy=0.6) for part in parts]))
    assert "so they do not repair it" in str(other)


def test_a_loss_that_is_no_number_is_told_though_layers_follow():
    change = together(at_snapshot(3, nonfinite_loss_step=210), in_layer(3, 3, nonfinite=50))
    layers, loss = findings(change)
    assert (layers.kind, loss.kind, loss.cause, loss.step) == ("not_finite", "loss_not_finite", "layers", 210)
    assert "layers had such values, too" in str(loss) and loss.certainty == "possible"
    assert "Which came first is unknown" in str(loss)


def test_a_loss_is_not_blamed_for_values_that_layers_had_before():
    (finding,) = findings(together(in_layer(3, 2, nonfinite=50), at_snapshot(3, nonfinite_loss_step=201)))
    assert (finding.kind, finding.layer, finding.step) == ("not_finite", "b.3.bn", 200)


def test_a_loss_that_ended_as_no_number_does_not_end_at_a_number():
    def change(header, parts):
        for part, loss in zip(parts, (0.1, 10.0, 20.0, 1e17), strict=False):
            part.update(train_loss=loss, probe_loss=loss)
        for part in parts[4:]:
            part.update(LOST)
        parts[4]["nonfinite_loss_step"] = 310

    (finding,) = findings(change)
    assert (finding.kind, finding.cause) == ("loss_not_finite", "diverged")
    assert "First try a learning rate that is ten times lower" in str(finding) and "targets" not in str(finding)


def test_a_gap_is_told_with_the_figures_of_the_step_that_it_names():
    last = together(at_snapshot(5, evaluation_accuracy=0.505), lambda header, parts: parts[-1].update(probe_accuracy=0.94))
    (finding,) = findings(together(GAP, everywhere(running_mean_error=0.3), last, in_layer(4, 5, running_mean_error=0.2395)))
    assert "At step 500, the accuracy on the probe is 51 % in evaluation and 94 %" in str(finding)
    (finding,) = findings(together(GAP, lambda header, parts: parts[-1].update(evaluation_accuracy=None)))
    assert finding.step == 400 and "At step 400, the accuracy on the probe is 55 % in evaluation and 90 %" in str(finding)


def test_a_gap_points_to_a_batch_norm_for_two_places_and_blames_nothing_else():
    fast = everywhere(update_ratio=0.02, running_mean_error=1.5)
    gap, twice = findings(together(GAP, second_use(2.0), fast))
    assert (gap.cause, gap.certainty, twice.kind) == ("two_uses", "likely", "two_uses")
    assert 'Module "b.2.bn" is called 2 times' in str(gap) and "learning rate" not in str(gap) and "loader" not in gap.remedy
    gap, _ = findings(together(GAP, second_use(2.0), fast, everywhere(recomputed_accuracy=0.89)))
    assert gap.cause == "fast", "recomputed statistics would not repair two uses"


def test_fast_weights_are_not_blamed_where_recomputed_statistics_do_not_help():
    (gap,) = findings(together(GAP, everywhere(update_ratio=0.02, recomputed_accuracy=0.5)))
    assert gap.cause == "other" and "Weights change fast" not in str(gap)


def test_a_weight_without_updates_is_no_certain_fault_of_the_optimizer():
    (found,) = findings(in_layer(2, update_ratio=0))
    assert found.certainty == "likely" and "half precision" in str(found)


def test_dead_units_get_no_advice_that_they_may_have_followed():
    (found,) = findings(in_layer(1, dead_units=0.5))
    assert "such as LeakyReLU or GELU" not in str(found)


def test_every_kind_has_its_words():
    said = {finding[1] for finding in SPEAKS.values()}
    words = catalogue()
    assert set(words) - {"looked_for", "not_looked_for", "missing", "certainty"} == said
    assert list(words["looked_for"]) == list(JUDGES)
    assert set(words["not_looked_for"]) == {reason for _, reasons in MISSING.values() for reason in reasons.values()}
    assert f"{FEWEST_EXAMPLES} examples" in words["not_looked_for"]["examples"]
    assert f"{signals.FEWEST_LAYERS} layers" in words["not_looked_for"]["layers"]
    for kind in said:
        assert {"measured", "meaning", "remedy"} <= set(words[kind])
        causes = {case[2] for case in SPEAKS.values() if case[1] == kind} - {""} | (
            {"loss_not_finite": {"layers"}, "evaluation_gap": {"two_uses"}}.get(kind, set())
        )
        written = {key.partition("_")[2] for key in words[kind] if "_" in key}
        assert written <= causes, f"{kind}: words that nobody says"


def test_a_finding_says_how_certain_it_is_and_in_which_arm():
    finding = Finding("idle_bias", "with", "bn1", 0, "certain", {"count": 2, "source": "conv1"})
    assert str(finding).startswith('with: Module "conv1" has a bias') and "This is certain" in str(finding)
    assert finding.as_json()["sentence"] == str(finding) and not BRACES.search(str(finding))


def test_a_bias_in_front_of_frozen_batch_norm_is_not_idle():
    found = findings(together(header_of(0, idle_bias=True), everywhere(frozen=1)))
    assert [one.kind for one in found] == ["frozen"]


@pytest.mark.parametrize("share, severity", [(0.16, "note"), (0.5, "warning")])
def test_a_few_dead_units_are_a_note(share, severity):
    (finding,) = findings(in_layer(1, dead_units=share))
    assert finding.severity == finding.as_json()["severity"] == severity
