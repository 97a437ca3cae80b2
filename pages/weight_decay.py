"""The page at /weight-decay."""

from bnviz.lessons.weight_decay.page import PAGE

PAGE.show()
