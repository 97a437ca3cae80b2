"""Colours of the networks of a recording of users' own networks, as bnviz/web/own/player-data.js has them."""

from __future__ import annotations

from collections.abc import Sequence

COLOURS = ("#E06C1F", "#2F7FD1", "#0E9F6E", "#A65AA8")  # apart for every kind of colour blindness
ALONE = "#2F7FD1"


def colours_of(arms: Sequence[str]) -> dict[str, str]:
    """The colour of each network, as CSS writes it."""
    return {arm: COLOURS[place] if len(arms) > 1 else ALONE for place, arm in enumerate(arms)}
