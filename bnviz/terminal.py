"""What is printed on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """A text in one line, without characters that would steer the terminal: names in a file may hold any."""
    return "".join(character if character.isprintable() else " " for character in text)
