"""The page at /independence: do w3 and b3 learn on their own, once batch norm stands below them?"""

from bnviz.config.experiment import Experiment
from bnviz.lessons.independence.panels import panels
from bnviz.web.site.page import Page
from bnviz.web.site.presets import Preset

LINEAR_NET = {
    "dataset": "linear-map", "activation": "identity", "hidden_layers": 25, "width": 10, "initialization": "xavier",
    "batch_size": 1000, "learning_rate": 0.01, "steps": 100, "snapshot_every": 2, "hold_from": 0,
}  # fmt: skip

PRESETS = {
    "The default": Preset("How far below 1 does each network's cosine fall? And what does it cost to hold layers 1 and 2?"),
    "25-layer linear net": Preset(
        "The setting in which Santurkar et al. (2018) found the opposite of the lecture: 25 matrices of 10×10, 1,000 samples, "
        "all of them in every step. Look at the upper layers: choose 20.",
        LINEAR_NET,
    ),
    "Large learning rate": Preset(
        "Longer steps below move the ground further. Which network's gradients survive that?", {"learning_rate": 0.3}
    ),
    "Sigmoid": Preset("Whose gradient stays where it was, and does that network learn?", {"activation": "sigmoid"}),
}

PAGE = Page(
    story="independence",
    title="w3 and b3 learn on their own?",
    claim="The claim: batch norm loosens the tie between the layers, so that w3 and b3 can learn a little more independently of "
    "what layers 1 and 2 are doing. If so, a step of the layers below should not upset the gradient that layer 3 is about to "
    "follow.",
    panels=panels,
    main=("learning_rate", "batch_size", "activation", "hold_from"),
    more=(
        "gradient_shift",
        "dataset",
        "hidden_layers",
        "width",
        "initialization",
        "momentum",
        "steps",
        "seed",
        "ghost_batch_size",
        "dropout",
        "label_noise",
        "train_size",
        "snapshot_every",
    ),
    presets=PRESETS,
    default=Experiment(gradient_shift="yes", hold_from=100, steps=400, snapshot_every=5),
    layer=3,
    question="What do you expect? When the layers below take their step, the gradient of layer 3 changes …",
    predictions={"without": "more without batch norm", "with": "more with it", "same": "about the same"},
    limits="Gradient shift is one way to measure dependence; it looks one step ahead on one minibatch, and it grows with the "
    "learning rate. A network that hardly learns hardly shifts its gradients. Held layers also stop getting better, so the cost "
    "of holding them mixes two things: losing what they would still have learnt, and being spared their motion. How fast a "
    "network learns need not follow from either. The linear net follows Santurkar et al. in size, depth, number of samples "
    "and full batch; learning rate, initial weights and the map to be learnt are this program's. And every number here is of one "
    "seed.",
)
