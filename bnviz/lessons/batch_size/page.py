"""The page at /batch-size: a noise microscope. What do its minibatch-mates do to one example?"""

from bnviz.config.experiment import Experiment
from bnviz.lessons.batch_size import portrait
from bnviz.lessons.batch_size.panels import panels
from bnviz.web.site.page import Page
from bnviz.web.site.presets import Preset

PRESETS = {
    "The default": Preset(
        "How far does the watched example scatter in minibatches of 2, 64 and 512, and what does the network say of it each time?"
    ),
    "Small groups, large minibatch": Preset(
        "Batch norm's noise without the gradient's: groups of 4 are normalized, SGD averages over 256. Does the network get used "
        "to groups of 4? And what becomes of its training loss?",
        {"batch_size": 256, "ghost_batch_size": 4},
    ),
    "Both large": Preset(
        "Neither noise: groups and minibatch of 256. Compare its training and test accuracy with those of the small groups.",
        {"batch_size": 256},
    ),
    "Both small": Preset(
        "Both noises: a minibatch of 4. Which network learns better from it, the one with batch norm or the one without?",
        {"batch_size": 4},
    ),
    "MNIST-1D, to the end": Preset(
        "512 training examples, seen again and again. Does the noise of groups of 8 keep a network from learning them by heart, "
        "and does it help on new examples?",
        {"dataset": "mnist1d", "train_size": 512, "ghost_batch_size": 8, "steps": 1000, "snapshot_every": 8},
    ),
    "Two spirals": Preset(
        "Only two numbers an example. Does the scatter follow the same law where the data are so simple?", {"dataset": "spirals"}
    ),
}  # fmt: skip

PAGE = Page(
    story="batch_size",
    title="The noise microscope",
    claim="The claim: mean and variance of a minibatch are noisy. So what an example becomes depends on the examples beside it, "
    "the more so the fewer they are, and that regularizes, unintentionally, a little like dropout. Here one held-out "
    "example stays while its minibatch-mates are drawn anew, beside dropout that scatters it as much.",
    panels=panels,
    beside=portrait.show,
    main=("batch_size", "ghost_batch_size", "learning_rate", "example"),
    more=(
        "microscope",
        "dataset",
        "activation",
        "train_size",
        "label_noise",
        "dropout",
        "steps",
        "seed",
        "width",
        "hidden_layers",
        "momentum",
        "initialization",
        "snapshot_every",
    ),
    presets=PRESETS,
    default=Experiment(microscope="yes", example=4),
    question="Four times the minibatch: how much of the example's scatter in a[2] is left?",
    predictions={"half": "half", "quarter": "a quarter", "all": "about all"},
    limits="One example is an anecdote: the next one may scatter far more or hardly at all, so change it. Scatter is not yet "
    "regularization: whether it helps on new examples is another question, and curves of one seed do not settle it. The "
    "dropout here is matched in a[2] and in size alone. It strikes units one by one, where mates move all units of an example "
    "together. And in use there is neither: batch norm then takes running statistics.",
)
