"""Every test trains for itself, without what another one has left behind."""

import pytest

from bnviz.train import checkpoints


@pytest.fixture(autouse=True)
def forgetful():
    checkpoints.PASTS.clear()
    yield
    checkpoints.PASTS.clear()
