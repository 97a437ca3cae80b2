"""The page at /own."""

from bnviz.web.own import page

page.show()
