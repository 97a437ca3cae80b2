"""What a worker can be asked to compute: a run, an answer about a trained network, a stack of a sweep's runs."""

from bnviz.train.loop import by_hand, header, train
from bnviz.train.stacked import train_stack

__all__ = ["by_hand", "header", "train", "train_stack"]
