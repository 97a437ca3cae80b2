"""The lesson at /step-zero."""
