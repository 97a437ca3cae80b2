"""The page at /for-teachers."""

from bnviz.web.site import teachers

teachers.show()
