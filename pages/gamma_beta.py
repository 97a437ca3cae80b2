"""The page at /gamma-beta."""

from bnviz.lessons.gamma_beta.page import PAGE

PAGE.show()
