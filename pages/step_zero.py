"""The page at /step-zero."""

from bnviz.lessons.step_zero.page import PAGE

PAGE.show()
