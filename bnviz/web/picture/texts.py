"""What a card says of a page, in words: of a lesson, or of the page of people's own networks."""

from __future__ import annotations

from bnviz.web import words

OWN = "own"  # the page of people's own networks, which is no lesson


def texts_of(page: str) -> tuple[str, str]:
    """Title and first words of a lesson's page, or of OWN."""
    if page == OWN:
        own = words.own()
        return own["title"], own["about"]
    catalogue = words.catalogue(page)
    return catalogue["title"], catalogue["claim"]
