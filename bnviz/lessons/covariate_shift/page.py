"""The page at /covariate-shift: a network that knows black cats meets coloured ones, without and with batch norm."""

from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.lessons.covariate_shift import album
from bnviz.lessons.covariate_shift.panels import panels
from bnviz.web.site.page import Page
from bnviz.web.site.presets import Preset

PRESETS = {
    "Everything black": Preset(
        "Colour told nothing in training, for all animals were black. Now only the inputs change, not what a cat is: which "
        "animals are no longer recognized, and in which network?"
    ),
    "Only cats black": Preset(
        "Here colour gave the answer away. What becomes of coloured cats and of black animals that are no cats?",
        {"coats": "black-cats"},
    ),
    "Remedy: mixed coats": Preset(
        "The same shapes in all coats from black to coloured. Does the loss of accuracy on coloured animals go away, and does it "
        "cost anything on black ones?",
        {"coats": "mixed"},
    ),
}


def pictures(experiment: Experiment) -> None:
    """What the networks see, above the player."""
    if DATA_SETS[experiment.dataset].painted:
        album.show(experiment.coats)


PAGE = Page(
    story="covariate_shift",
    title="Black cats, coloured cats",
    claim="The claim: a network trained on black cats fails on coloured cats, though the truth has not changed: only the inputs "
    "have shifted. So, says the lecture, it goes for every layer while those below it learn. See what such a shift does.",
    panels=panels,
    beside=pictures,
    main=("coats", "batch_size", "learning_rate", "activation"),
    more=(
        "momentum",
        "initialization",
        "width",
        "hidden_layers",
        "train_size",
        "steps",
        "seed",
        "ghost_batch_size",
        "dropout",
        "label_noise",
        "dataset",
        "snapshot_every",
    ),  # fmt: skip
    presets=PRESETS,
    default=Experiment(dataset="cats", steps=400),
    question="Both networks learn to tell cats from other animals, all of them black, and then meet coloured ones. What fails?",
    predictions={
        "cats": "Coloured cats are missed",
        "others": "Others pass for cats",
        "neither": "Not much",
    },
    limits="Machine-made silhouettes with painted coats, one kind of shift, and fully connected networks that know pixels and no "
    "edges: another kind may fail elsewhere, and another seed can turn round which class suffers. This shift comes "
    "from outside and stays; the one inside a network, of which the lecture goes on to speak, comes while it learns, and "
    "is on the first page. In use, batch norm normalizes with statistics of the animals it was trained on; new ones have to be "
    "taken from the animals to come, before they are classified. Wu & Johnson (2021) recomputed them for ImageNet "
    "pictures with Gaussian noise: top-1 error 64.4 → 52.5 %, but 23.4 → 39.7 % on clean ones.",
)
