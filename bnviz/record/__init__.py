"""What is kept: the lines of a recording, recordings by id, rows of sweeps."""
