"""The lesson at /independence."""
