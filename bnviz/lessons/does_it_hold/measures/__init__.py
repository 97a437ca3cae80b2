"""What only this lesson measures."""

MEASURES = ()
