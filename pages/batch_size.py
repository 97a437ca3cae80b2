"""The page at /batch-size."""

from bnviz.lessons.batch_size.page import PAGE

PAGE.show()
