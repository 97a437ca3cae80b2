"""The whole app in a real browser: a real server, real workers, Chromium."""
