"""The lesson at /batch-size."""
