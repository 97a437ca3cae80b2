"""The lesson at /covariate-shift."""
