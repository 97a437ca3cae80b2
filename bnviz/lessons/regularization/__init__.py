"""The lesson at /regularization."""
