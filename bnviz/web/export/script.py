"""An experiment as a plain PyTorch script of fewer than 120 lines, which trains the very networks of its run.

The script is the template experiment.py.txt (bnviz.web.export.template), filled in with `template_values` and with what the
normalizers say of themselves (bnviz.normalizers).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from bnviz.config import course
from bnviz.config.arms import ARMS
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.data import DATA_SETS
from bnviz.normalizers import SPECS, spec_of
from bnviz.web import words
from bnviz.web.export.script_changes import STATISTICS, change_lines, fully_frozen, has_ghosts
from bnviz.web.export.template import rendered, rendered_text
from bnviz.web.export.validation import ExportError

MOST_LINES = 119
LINE = 110  # characters of a dictionary on one line
REPORTS = 10  # lines that the script prints on its way, about
ACTIVATIONS = {"relu": "torch.relu({})", "tanh": "torch.tanh({})", "sigmoid": "torch.sigmoid({})", "identity": "{}"}
LOSSES = {"cross-entropy": "cross_entropy", "squared": "mse_loss"}


class TooLong(ExportError):
    """An experiment whose script would be too long."""


class Untrained(ExportError):
    """An experiment in which nothing is trained."""


class Unsupported(ExportError):
    """An experiment that has no script."""


def script(experiment: Experiment) -> str:
    """The Python source; raises ExportError."""
    if not experiment.steps:
        raise Untrained(words.shared()["export"]["untrained"])
    _check_supported(experiment)
    values = _with_normalizers(template_values(experiment), course.normalizers(experiment))
    source = rendered("experiment.py.txt", values)
    if (lines := source.count("\n")) > MOST_LINES:
        raise TooLong(words.fill(words.shared()["export"]["too_long"], lines=lines, most=MOST_LINES))
    return source


def _check_supported(experiment: Experiment) -> None:
    """Raise Unsupported where weights or layers are special and more happens to them than a script says."""
    rises = _rises(experiment)
    special = rises or not _is_plain(experiment)
    turned = {change.name for change in experiment.possible_changes} & {"learning_rate", "momentum", "compare"}
    if special and (turned or experiment.starts_late) or rises and (experiment.momentum or experiment.rate_growth != 1):
        raise Unsupported(words.shared()["export"]["unsayable"])
    lines = "\n".join(change_lines(experiment))
    has_own_parts = experiment.trainable != "all" or experiment.skip_connections != "none"
    if has_own_parts and ("switch(" in lines or "let_learn(" in lines):
        raise Unsupported(words.shared()["export"]["unsayable_parts"])


def _rises(experiment: Experiment) -> bool:
    """Whether some networks have a rate that rises in place of weight decay; without decay it would not."""
    return experiment.weight_decay > 0 and any(ARMS[arm].rising for arm in experiment.arms)


def _is_plain(experiment: Experiment) -> bool:
    """Whether all weights learn alike."""
    return not experiment.weight_decay and experiment.rate_growth == 1


def template_values(experiment: Experiment) -> dict[str, object]:
    """What the template names, but for the normalizers."""
    return _data_values(experiment) | _network_values(experiment) | _training_values(experiment)


def _data_values(experiment: Experiment) -> dict[str, object]:
    """What the template says of the data."""
    data = DATA_SETS[experiment.dataset]
    return {
        "painted": data.has_coats,
        "is_part": experiment.examples < data.train_size,
        "predicts_numbers": data.loss == "squared",
        "label_noise": experiment.label_noise,
        "bootstrap": experiment.bootstrap == "yes",
        "inputs_change": any(change.name in ("input_noise", "input_shift") for change in experiment.possible_changes),
        "inputs_shift": any(change.name == "input_shift" for change in experiment.possible_changes),
        "coats": experiment.coats,
        "coloured": data.has_coats and experiment.evaluation_coats == "coloured",
        "examples": experiment.examples,
        "classes": data.classes,
        "loss": LOSSES[data.loss],
    }


def _network_values(experiment: Experiment) -> dict[str, object]:
    """What the template says of networks and normalizers."""
    activation, keys, ghosts = ACTIVATIONS[experiment.activation], course.normalizers(experiment), has_ghosts(experiment)
    stages = [stage for _, stage in course.stages(experiment)]
    return {
        "width": experiment.width,
        "hidden_layers": experiment.hidden_layers,
        "initialization": experiment.initialization,
        "double": experiment.precision == "double",
        "dropout": experiment.dropout,
        "skips": "" if experiment.skip_connections == "none" else experiment.skip_connections,
        "drops": any(stage.dropout for stage in stages),
        "ghosts": ghosts,
        "groups": experiment.groups,
        "uneven": any(stage.batch % stage.groups for stage in stages),
        "fixed_scales": "fixed" in keys,
        "noise": "noisy-batch" in keys,
        "batch_norm": "GhostBatchNorm" if ghosts else "nn.BatchNorm1d",
        "epsilon": experiment.epsilon,
        "eps": _eps(experiment),
        "statistics_momentum": experiment.statistics_momentum,
        "gcd": math.gcd,
        "a_of_y": activation.format("y"),
        "a_of_linear": activation.format("linear(a)"),
        "a_of_normed": activation.format("functional.batch_norm(z, None, None, norm.weight, norm.bias, training=True)"),
        "a_of_normalized": activation.format("normalizer(linear(a))"),
        "networks": _dictionary({arm: f'Network("{course.normalizer(experiment, arm, 0)}")' for arm in experiment.arms}),
    }


def _training_values(experiment: Experiment) -> dict[str, object]:
    """What the template says of training, and of what changes on the way."""
    due = [step for step in range(experiment.steps) if experiment.snapshot_due(step)]
    changes = "\n".join(change_lines(experiment))
    return {
        "id": experiment.id,
        "seed": experiment.seed,
        "steps": experiment.steps,
        "batch_size": experiment.batch,
        "learning_rate": experiment.learning_rate,
        "momentum": experiment.momentum,
        "special": not _is_plain(experiment),
        "trainable": experiment.trainable,
        "accumulate": experiment.accumulate,
        "decay_of_name": _decay_of_name(experiment),
        "growth": experiment.rate_growth,
        "rising": _rises(experiment),
        "shrinkage": experiment.shrinkage,
        "changes": changes,
        "begins_batch_norm": any(f'", "{key}"' in changes for key in STATISTICS),
        "switch_kind": experiment.switch_examples,
        "switch_examples": {"training": "x_train", "test": "x_test"}[experiment.switch_examples],
        "keep": "keep=True" in changes,
        "fully_frozen": fully_frozen(experiment),
        "report": max(1, experiment.steps // REPORTS),
        "last": experiment.steps - due[-1],
        "recomputed": _recomputed(experiment),
    }


def _recomputed(experiment: Experiment) -> list[str]:
    """The networks with running statistics at the end, if these are recomputed."""
    if experiment.three_views == "no":
        return []
    return [arm for arm in experiment.arms if course.normalizer(experiment, arm, experiment.steps) in STATISTICS]


def _with_normalizers(values: dict[str, object], keys: set[str]) -> dict[str, object]:
    """The values with what makes each normalizer, and the classes that PyTorch lacks; raises Unsupported, UnknownNormalizer."""
    scripts = {key: spec_of(key).script for key in sorted(keys)}
    for key, one in scripts.items():
        if one is None:
            raise Unsupported(words.fill(words.shared()["export"]["no_normalizer"], normalizer=SPECS[key].label))
    expressions = {key: rendered_text(one.module, values) for key, one in scripts.items() if one}
    definitions = {rendered_text(one.definition, values).strip(): None for one in scripts.values() if one and one.definition}
    return values | {"normalizers": _dictionary(expressions), "definitions": list(definitions)}


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
