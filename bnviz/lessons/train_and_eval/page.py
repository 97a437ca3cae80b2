"""The page at /train-and-eval: one network is good in train() and bad in eval(), for one of four causes."""

from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.lessons.train_and_eval import sweep_section
from bnviz.lessons.train_and_eval.panels import panels
from bnviz.web.site.page import Page

PRESETS = {
    "default": {},
    "usual_momentum": {"statistics_momentum": 0.1},
    "small_batches": {"statistics_momentum": 0.1, "batch_size": 4},
    "fast_weights": {"statistics_momentum": 0.1, "weight_decay": 0.1, "momentum": 0.9},
    "other_data": {"statistics_momentum": 0.1, "dataset": "cats", "evaluation_coats": "coloured", "steps": 400},
    "groups_of_four": {"statistics_momentum": 0.1, "ghost_batch_size": 4, "hidden_layers": 10, "steps": 300},
    "last_minibatch": {"statistics_momentum": 1.0, "batch_size": 8},
    "fine_tuned": {"statistics_momentum": 0.1, "changes": "300:input_shift=1;300:learning_rate=0.01"},
    "fine_tuned_frozen": {
        "statistics_momentum": 0.1,
        "changes": "300:freeze_statistics=1;300:input_shift=1;300:learning_rate=0.01",
    },
    "accumulated_8": {"statistics_momentum": 0.1, "batch_size": 8, "accumulate": 8, "steps": 300},
    "accumulated_32": {"statistics_momentum": 0.1, "batch_size": 2, "accumulate": 32, "steps": 300},
    "accumulated_layer": {"statistics_momentum": 0.1, "batch_size": 2, "accumulate": 32, "steps": 300, "compare": "layer"},
}


def question_values(experiment: Experiment) -> dict[str, str] | None:
    """The momentum that the question speaks of; None where no running statistics follow the minibatches to the end."""
    is_frozen = any(change.name == "freeze_statistics" for change in experiment.possible_changes)
    if not ARMS[experiment.compare].statistics or is_frozen or experiment.three_views == "no":
        return None
    momentum = experiment.statistics_momentum
    return {"share": f"{100 * momentum:.4g}\N{NO-BREAK SPACE}%", "keras": f"{1 - momentum:.6g}", "momentum": f"{momentum:g}"}


PAGE = Page(
    lesson="train_and_eval",
    question_values=question_values,
    panels=panels,
    below=sweep_section.show,
    sweep=sweep_section.plan,
    main=("statistics_momentum", "batch_size", "learning_rate", "compare"),
    more=(
        "accumulate",
        "ghost_batch_size",
        "weight_decay",
        "momentum",
        "evaluation_coats",
        "coats",
        "dataset",
        "activation",
        "hidden_layers",
        "width",
        "initialization",
        "dropout",
        "label_noise",
        "train_size",
        "steps",
        "seed",
        "snapshot_every",
        "three_views",
    ),
    presets=PRESETS,
    front=4,
    default=Experiment(three_views="yes", statistics_momentum=0.001),
)
