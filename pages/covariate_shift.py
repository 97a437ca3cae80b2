"""The page at /covariate-shift."""

from bnviz.lessons.covariate_shift.page import PAGE

PAGE.show()
