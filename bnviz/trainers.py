"""What a worker can be asked to compute: a run, an answer about a trained network, a stack of a sweep's runs."""

from bnviz.stack import train_stack
from bnviz.training import by_hand, header, train

__all__ = ["by_hand", "header", "train", "train_stack"]
