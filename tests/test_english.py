"""The English of pages and documents, as far as rules can hold it: short sentences, and no words that make them hard to read."""

import re
import tomllib

import pytest

from bnviz.web import words
from tests import ROOT

MOST_WORDS = 25
HARD = ("whoever", "whomever", "the latter", "the former", "of which", "is said", "are said", "is of no use", "stands for itself")
HARDER = (
    *HARD,
    "stands",
    "somebody",
    "whatever",
    "in the place of",
    "mend",
    "mended",
    "as ever",
    "anew",
)  # no words of documents
CATALOGUES = sorted(words.PACKAGE.rglob("*words.toml"))
DOCUMENTS = [
    *sorted(ROOT.glob("docs/*.md")),
    *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "deploy/huggingface/README.md")),
]
MEASURED = {"benchmarks.md", "evidence.md", "stacked.md"}  # their tables are made by programs, or hold figures
CODE = re.compile(r"^```.*?^```$|\A---\n.*?^---$|<!--.*?-->", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"\n(?=\s*(?:[-*|#>☐]|\d+\.)(?: |-))")
BEGINNING = re.compile(r"(?:[-*>☐]|#+|\d+\.) +")
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


def prose(page, tables=True):
    """The texts of a Markdown page: headings, paragraphs, list items and table cells, without code and addresses."""
    page = re.sub(r"`[^`]+`", "`code`", CODE.sub("", page))
    page = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", page)
    paragraphs = [part.strip("\n") for part in re.split(r"\n\s*\n", page)]
    blocks = [block for part in paragraphs if not part.startswith("    ") for block in BLOCK.split(part)]
    for block in map(str.strip, blocks):
        if not block.startswith("|"):
            yield BEGINNING.sub("", block, count=1) if BEGINNING.match(block) else block
        elif tables and not block.startswith("|-") and not block.startswith("| -"):
            yield from (cell.strip() for cell in block.strip("|").split(" | "))


def unreleased(page):
    """What a changelog says of the coming release, or of the newest one."""
    return re.split(r"^## ", page, flags=re.MULTILINE)[1]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents_are_short_and_plain(path):
    page = path.read_text(encoding="utf-8")
    texts = list(prose(unreleased(page) if path.name == "CHANGELOG.md" else page, tables=path.name not in MEASURED))
    assert long_sentences(texts) == []
    assert [(word, text) for text in texts for word in HARDER if re.search(rf"\b{word}\b", text.lower())] == []


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


def test_the_prose_of_a_page_is_all_but_its_code():
    page = """# A `name` here

One sentence
in two lines, with a [link](a/b.md). Another.

    bnviz run --out file

- an item
- `code` first
  and on

| a | b |
|---|---|
| one cell | another |

```python
code = 1
```
"""
    assert [text for text in prose(page) if text] == [
        "A `code` here", "One sentence\nin two lines, with a link. Another.", "an item", "`code` first\n  and on",
        "a", "b", "one cell", "another",
    ]  # fmt: skip
    assert [text for text in prose(page, tables=False) if text][-1] == "`code` first\n  and on"
    assert unreleased("# Log\n\n## [2]\n\nnew\n\n## [1]\n\nold\n") == "[2]\n\nnew\n\n"
