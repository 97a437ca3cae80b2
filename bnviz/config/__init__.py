"""What is asked: experiments and sweeps as frozen values, and the one table of their fields."""
