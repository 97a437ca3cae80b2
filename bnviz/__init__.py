"""bnviz: a laboratory in the browser for why batch norm works."""

__version__ = "0.4.0"
