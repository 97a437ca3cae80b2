"""As many steps, or as many examples, when the batch size changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.config import course
from bnviz.config.experiment import Experiment
from bnviz.train.loop import Training
from bnviz.web.site import pace

DEFAULT = Experiment()


@given(st.sampled_from([8, 16, 32, 64, 128, 256, 512]))
def test_the_same_examples_are_seen_in_more_or_fewer_steps(batch):
    experiment = pace.with_same_examples(DEFAULT.replace(batch_size=batch), DEFAULT)
    assert experiment.steps * experiment.batch == pytest.approx(DEFAULT.steps * DEFAULT.batch, rel=0.01)
    assert experiment.snapshots < 2 * DEFAULT.snapshots
    assert pace.with_same_steps(experiment, DEFAULT).steps == DEFAULT.steps


def test_there_are_never_more_steps_than_may_be():
    experiment = pace.with_same_examples(DEFAULT.replace(batch_size=2), DEFAULT)
    assert experiment.steps == 5000


@pytest.mark.parametrize(
    ("values", "examples"),
    [
        ({}, "64"),
        ({"changes": "2:batch_size=4;5:batch_size=8;6:learning_rate=1"}, "64, then 4, then 8"),
        ({"changes": "2:batch_size=4;3:batch_size=8;4:batch_size=4"}, "4 to 64"),
        ({"train_size": 150}, "64"),
        ({"accumulate": 3}, "192"),
    ],
)
def test_epochs_count_the_examples_that_training_takes(values, examples):
    """Changes, several minibatches a step, and what is left over of a training set: as the trainer counts them."""
    experiment = Experiment(**{"dataset": "mnist1d", "width": 8, "hidden_layers": 2, "steps": 8, "train_size": 400, **values})
    training = Training(experiment)
    while not training.done:
        training.advance()
    assert training.example_count == course.examples_seen(experiment)
    assert course.epochs(experiment) == training.example_count / experiment.examples
    assert pace._examples_in_a_step(experiment) == examples
