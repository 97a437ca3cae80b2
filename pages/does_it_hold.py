"""The page at /does-it-hold."""

from bnviz.lessons.does_it_hold.page import PAGE

PAGE.show()
