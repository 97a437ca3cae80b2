"""What can be taken away from a run: a page that plays without a server, a script, a notebook, its series."""
