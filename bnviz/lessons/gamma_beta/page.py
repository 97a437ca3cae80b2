"""The page /gamma-beta: batch norm does not force mean 0 and variance 1; γ and β move them."""

from bnviz.config.experiment import Experiment
from bnviz.lessons.gamma_beta.panels import panels
from bnviz.web.site.page import Page
from bnviz.web.site.presets import Preset

PRESETS = {
    "The default": Preset("How far do the dots get from the cross, and does the frozen network, green, pay for staying there?"),
    "Sigmoid": Preset(
        "At mean 0 and variance 1 a sigmoid is nearly a straight line; γ and β were meant to undo that. Do they get used?",
        {"activation": "sigmoid", "learning_rate": 1.0},
    ),
    "A large learning rate": Preset(
        "γ and β learn as fast as the weights do. How far do they go at learning rate 1?",
        {"learning_rate": 1.0},
    ),
    "Running statistics that lag": Preset(
        "Each minibatch counts 1 % now. What does the network lose in evaluation, where the running statistics are used?",
        {"statistics_momentum": 0.01},
    ),
    "Running statistics that forget": Preset(
        "Only the last minibatch of 8 counts. Which part of the gap between the views is lag, and which is noise?",
        {"statistics_momentum": 1.0, "batch_size": 8, "learning_rate": 0.1},
    ),
}

PAGE = Page(
    story="gamma_beta",
    title="Mean and variance need not stay 0 and 1",
    claim="The claim: batch norm brings every unit to mean 0 and variance 1, ẑ, but does not force it to stay there. γ and β, "
    "learnt like weights, move it to whatever mean and variance suit the network: γẑ+β. Here a third network trains with "
    "γ = 1 and β = 0 fixed: see what the freedom is used for, and what it buys.",
    panels=panels,
    main=("batch_size", "learning_rate", "activation", "statistics_momentum"),
    more=(
        "dataset",
        "ghost_batch_size",
        "momentum",
        "initialization",
        "width",
        "steps",
        "seed",
        "hidden_layers",
        "label_noise",
        "dropout",
        "train_size",
        "snapshot_every",
        "fixed_scales",
        "look_inside",
    ),
    presets=PRESETS,
    default=Experiment(fixed_scales="yes", look_inside="yes", learning_rate=0.3),
    question="With γ and β learnable instead of fixed, how fast does the network learn?",
    predictions={"faster": "clearly faster", "alike": "about as fast", "slower": "clearly slower"},
    limits="A small network on small data, a few hundred steps, one seed: in a deeper network or a longer training γ and β may "
    "buy more or less than here. The layer that follows has weights and a bias of its own, which can do much of what γ and β do, "
    "so a small difference says nothing against normalizing itself. Running statistics are compared on 512 test images, whose "
    "own mean is uncertain by about 0.04 σ.",
)
