"""As many steps, or as many examples, when the batch size changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.config.experiment import Experiment
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
