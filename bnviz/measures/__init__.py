"""What is measured of a network while it trains."""
