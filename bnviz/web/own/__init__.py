"""Recordings of people's own networks: the page /own, the pages that `bnviz view` and exports make, and their player."""
