"""An experiment as a plain PyTorch script of fewer than 120 lines, which trains the very networks of its run.

The script is the template experiment.py.txt without what the experiment does not need (bnviz.web.export.template): `facts` says
what is true of an experiment, `_values` what takes the place of each `$name`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from bnviz.config import course
from bnviz.config.arms import ARMS
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.data import DATA_SETS
from bnviz.web import words
from bnviz.web.export.script_turns import STATISTICS, all_still, has_ghosts, turns
from bnviz.web.export.template import made
from bnviz.web.export.validation import ExportError

MOST_LINES = 119
LINE = 110  # characters of a dictionary that stands in one line
REPORTS = 10  # lines that the script prints on its way, about
ACTIVATIONS = {"relu": "torch.relu({})", "tanh": "torch.tanh({})", "sigmoid": "torch.sigmoid({})", "identity": "{}"}
LOSSES = {"cross-entropy": "cross_entropy", "squared": "mse_loss"}


class TooLong(ExportError):
    """An experiment that a short script cannot say."""


class Untrained(ExportError):
    """An experiment in which nothing is trained."""


class Unsayable(ExportError):
    """An experiment whose script nobody has written."""


def script(experiment: Experiment) -> str:
    """The Python source; raises ExportError."""
    if not experiment.steps:
        raise Untrained(words.shared()["export"]["untrained"])
    _check_sayable(experiment)
    source = made("experiment.py.txt", facts(experiment), _values(experiment))
    if (lines := source.count("\n")) > MOST_LINES:
        raise TooLong(words.fill(words.shared()["export"]["too_long"], lines=lines, most=MOST_LINES))
    return source


def _check_sayable(experiment: Experiment) -> None:
    """Raise Unsayable where weights are special and more happens to them than a script says."""
    rises = _rises(experiment)
    special = rises or not _is_plain(experiment)
    turned = {change.name for change in experiment.possible_changes} & {"learning_rate", "momentum", "compare"}
    if special and (turned or experiment.starts_late) or rises and (experiment.momentum or experiment.rate_growth != 1):
        raise Unsayable(words.shared()["export"]["unsayable"])


def _rises(experiment: Experiment) -> bool:
    """Whether some networks have a rate that rises in place of weight decay; without decay it would not."""
    return experiment.weight_decay > 0 and any(ARMS[arm].rising for arm in experiment.arms)


def _is_plain(experiment: Experiment) -> bool:
    """Whether all weights learn alike."""
    return not experiment.weight_decay and experiment.rate_growth == 1


def facts(experiment: Experiment) -> set[str]:
    """What is true of the experiment, in the template's words."""
    data, kinds = DATA_SETS[experiment.dataset], course.normalizers(experiment)
    stages = [stage for _, stage in course.stages(experiment)]
    uneven = any(stage.batch % stage.groups for stage in stages)
    changes = {change.name for change in experiment.possible_changes}
    said = "\n".join(turns(experiment))
    true = {
        "painted": data.painted,
        "archive": not data.painted,
        "part": experiment.examples < data.train_size,
        "label_noise": experiment.label_noise > 0,
        "classes": data.loss != "squared",
        "numbers": data.loss == "squared",
        experiment.initialization: True,
        "scaled": experiment.initialization not in ("small", "orthogonal"),
        "double": experiment.precision == "double",
        "double_numbers": experiment.precision == "double" and data.loss == "squared",
        "plain_sgd": _is_plain(experiment),
        "special": not _is_plain(experiment),
        "growing": experiment.rate_growth != 1,
        "rising": _rises(experiment),
        "layer": bool(kinds & {"layer", "group"}),
        "ghosts": has_ghosts(experiment),
        "uneven": uneven,
        "even": not uneven,
        "scaled_ghosts": "fixed" not in kinds,
        "fixed_ghosts": "fixed" in kinds,
        "noise": "noisy-batch" in kinds,
        "quiet": "noisy-batch" not in kinds,
        "dropout": any(stage.dropout for stage in stages),
        "input_noise": "input_noise" in changes,
        "turns": bool(said),
        "still": "let_learn(" in said,
        "switch": "switch(" in said,
        "begin": any(f'", "{kind}"' in said for kind in STATISTICS),
        "keep": "keep=True" in said,
        "no_keep": "keep=True" not in said,
        "absorb": "absorb(" in said,
        "all_still": all_still(experiment),
        "some_learn": not all_still(experiment),
    }
    return {name for name, value in true.items() if value}


def _values(experiment: Experiment) -> dict[str, object]:
    """What takes the place of the template's names."""
    data, activation = DATA_SETS[experiment.dataset], ACTIVATIONS[experiment.activation]
    due = [step for step in range(experiment.steps) if experiment.snapshot_due(step)]
    return {
        "id": experiment.id,
        "seed": experiment.seed,
        "steps": experiment.steps,
        "width": experiment.width,
        "hidden_layers": experiment.hidden_layers,
        "batch_size": experiment.batch,
        "learning_rate": experiment.learning_rate,
        "momentum": experiment.momentum,
        "dropout": experiment.dropout,
        "decay_of_name": _decay_of_name(experiment),
        "growth": experiment.rate_growth,
        "shrinkage": experiment.shrinkage,
        "eps": _eps(experiment),
        "label_noise": experiment.label_noise,
        "coats": experiment.coats,
        "examples": experiment.examples,
        "classes": data.classes,
        "groups": experiment.groups,
        "loss": LOSSES[data.loss],
        "a_of_y": activation.format("y"),
        "a_of_linear": activation.format("linear(a)"),
        "a_of_normed": activation.format("functional.batch_norm(z, None, None, norm.weight, norm.bias, training=True)"),
        "a_of_normalized": activation.format("normalizer(linear(a))"),
        "normalizers": _dictionary({kind: _normalizer(experiment, kind) for kind in sorted(course.normalizers(experiment))}),
        "networks": _dictionary({arm: f'Network("{course.normalizer(experiment, arm, 0)}")' for arm in experiment.arms}),
        "turns": "\n".join(turns(experiment)),
        "report": max(1, experiment.steps // REPORTS),
        "last": experiment.steps - due[-1],
    }


def _decay_of_name(experiment: Experiment) -> str:
    """The weight decay of a network, an expression of its `name`."""
    if _rises(experiment):
        return f'0 if name.endswith("-rising") else {experiment.weight_decay}'
    return str(experiment.weight_decay)


def _eps(experiment: Experiment) -> str:
    """A normalizer's argument, if it is not PyTorch's default."""
    return "" if experiment.epsilon == FIELDS["epsilon"].default else f", eps={experiment.epsilon}"


def _dictionary(expressions: Mapping[str, str]) -> str:
    """A dictionary of expressions, written in one line if that is not too long."""
    pairs = [f'"{name}": {expression}' for name, expression in expressions.items()]
    short = f"{{{', '.join(pairs)}}}"
    return short if len(short) <= LINE else "\n".join(["{", *(f"    {pair}," for pair in pairs), "}"])


def _normalizer(experiment: Experiment, kind: str) -> str:
    """What makes a normalizer: an expression that can be called."""
    if kind in STATISTICS:
        name = "GhostBatchNorm" if has_ghosts(experiment) else "nn.BatchNorm1d"
        affine = ", affine=False" if kind == "fixed" else ""
        return f"lambda: {name}(WIDTH{_eps(experiment)}, momentum={experiment.statistics_momentum}{affine})"
    groups = {"layer": "WIDTH", "group": math.gcd(experiment.width, 16)}
    if kind in groups:
        return f"lambda: LayerNorm({groups[kind]})"
    return f"lambda: nn.RMSNorm(WIDTH, eps={experiment.epsilon})" if kind == "rms" else "nn.Identity"
