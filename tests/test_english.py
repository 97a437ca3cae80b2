"""The English of the pages, as far as rules can hold it: short sentences, and none of the words that make them hard to read."""

import re
import tomllib

import pytest

from bnviz.web import words

MOST_WORDS = 25
HARD = ("whoever", "whomever", "the latter", "the former", "of which", "is said", "are said", "is of no use", "stands for itself")
CATALOGUES = sorted(words.PACKAGE.rglob("*words.toml"))
END = re.compile(r"(?<=[.!?])[”\")*]*\s+(?=[“\"(*{]*[A-Z{‖ẑγβασ0-9_`#])")
ABBREVIATIONS = re.compile(r"\b(et al|vs|e\.g|i\.e)\.")


def texts_of(table):
    """All texts of a catalogue, with the names of their places."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{place}", text) for place, text in texts_of(value))
        elif isinstance(value, str):
            yield name, value


def sentences(text):
    """The sentences of a text. What is in braces is a word."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    return [one for part in paragraphs for one in END.split(ABBREVIATIONS.sub(r"\1", part)) if one]


def long_sentences(texts):
    """The sentences of these texts that are too long, with their number of words; a paper's own words may be."""
    own = [one for text in texts for one in sentences(text) if not (one.startswith("“") and one.endswith("”"))]
    return [(len(found), one) for one in own if len(found := one.split()) > MOST_WORDS]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.name)
def test_sentences_are_short_and_plain(path):
    texts = dict(texts_of(tomllib.loads(path.read_text(encoding="utf-8"))))
    assert long_sentences(texts.values()) == []
    assert [(place, word) for place, text in texts.items() for word in HARD if re.search(rf"\b{word}\b", text.lower())] == []


def test_the_rule_finds_a_long_sentence_and_no_short_ones():
    long = "Word" + " word" * MOST_WORDS + "."
    assert long_sentences([f"Short. {long} See et al. Short."]) == [(MOST_WORDS + 1, long)]
    assert sentences("At 0.5 σ it is {x}. {y} Santurkar et al. (2018) say so. “No.” Yes?") == [
        "At 0.5 σ it is {x}.", "{y} Santurkar et al (2018) say so.", "“No.", "Yes?",
    ]  # fmt: skip
