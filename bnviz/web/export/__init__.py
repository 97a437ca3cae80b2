"""What can be taken away from a run: a page in one file that plays without a server."""
