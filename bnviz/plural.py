"""Nouns after numbers: sentences are written in the plural, and 1 of it is one."""

from __future__ import annotations

import re

# In the player the same is done by `agreeing` in bnviz/web/player/words.js.
NOUNS = (
    "steps", "runs", "seeds", "snapshots", "epochs", "minibatches", "layers", "units", "networks", "points", "lines", "examples",
    "rows", "seconds", "groups", "recordings", "measurements", "comparisons",
)  # fmt: skip
PLURAL = re.compile(rf"^( (?:hidden |test |training )?)({'|'.join(NOUNS)})\b")


def counted(number: object, words: str) -> str:
    """A number and what it counts: "3 steps", "1 step". `words` are a noun in the plural, and perhaps more."""
    return f"{number}{_agreeing(number, f' {words}')}"


def _agreeing(number: object, text: str) -> str:
    """What follows on a number, with its first noun in the singular if the number is 1."""
    return PLURAL.sub(lambda match: match[1] + _singular(match[2]), text) if str(number) == "1" else text


def _singular(noun: str) -> str:
    return noun.removesuffix("es") if noun.endswith("ches") else noun.removesuffix("s")


def filled(template: str, braces: re.Pattern[str], values: dict[str, object]) -> str:
    """A template with the names that `braces` finds replaced by their values, and nouns that agree with them."""
    first, *others = braces.split(template)
    pairs = zip(others[::2], others[1::2], strict=True)
    return first + "".join(f"{values[name]}{_agreeing(values[name], text)}" for name, text in pairs)
