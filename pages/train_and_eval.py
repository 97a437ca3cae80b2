"""The page at /train-and-eval."""

from bnviz.lessons.train_and_eval.page import PAGE

PAGE.show()
