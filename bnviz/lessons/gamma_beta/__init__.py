"""The lesson at /gamma-beta."""
