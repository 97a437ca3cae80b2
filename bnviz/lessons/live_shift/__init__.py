"""The lesson at /."""
