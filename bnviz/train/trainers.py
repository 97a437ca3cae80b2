"""What a worker can be asked to compute: a run, an answer about a trained network, a stack of a sweep's runs."""

from bnviz.train.checkpoints import train
from bnviz.train.loop import answer, header
from bnviz.train.stacked import train_stack

__all__ = ["answer", "header", "train", "train_stack"]
