"""The page at /regularization."""

from bnviz.lessons.regularization.page import PAGE

PAGE.show()
