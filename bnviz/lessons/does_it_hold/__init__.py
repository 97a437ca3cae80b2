"""The lesson at /does-it-hold."""
