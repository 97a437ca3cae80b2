"""The page at /independence."""

from bnviz.lessons.independence.page import PAGE

PAGE.show()
