"""The trainers: one paired run in lockstep, and many runs stacked."""
