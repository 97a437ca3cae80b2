"""The lesson at /train-and-eval."""
