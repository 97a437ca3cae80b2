"""The lesson at /weight-decay."""
