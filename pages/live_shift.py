"""The page at /."""

from bnviz.lessons.live_shift.page import PAGE

PAGE.show()
