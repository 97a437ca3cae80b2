"""words.js: sentences from a catalogue, and what is written in it."""

import re

import pytest

from bnviz.lessons import LESSONS
from bnviz.plural import NOUNS, counted
from bnviz.web import words
from tests.web.desk import Failed

FILE = "web/player/words.js"
INDIRECT_KEYS = {  # put together or picked
    "signal_linear", "signal_normalized", "signal_activation", "readout", "readout_training",
    "act_start", "act_off", "act_on", "act_times", "act_freeze", "act_thaw", "act_noise", "act_clear",
    "open_curtain", "close_curtain", "output_right", "output_loss", "output_lost",
    "ghost_by_examples", "ghost_by_steps", "ghost_fewer", "ghost_totals", "ghost_epochs", "time_steps", "time_epochs",
    "ghost_accuracy", "ghost_loss", "ghost_pin", "ghost_dismiss", "ghost_before", "ghost_beside",
    "tour_take", "tour_resume", "tour_next", "tour_end", "tour_right", "tour_wrong",
    "motion_distribution", "motion_example", "moments_distribution", "moments_example", "legend_distribution", "legend_example",
    "layer_moved_distribution", "layer_moved_example", "picture_hint_distribution", "picture_hint_example",
}  # fmt: skip
NO_COUNT = {  # words in -s after braces: verbs, factors, and the nine claims
    "changes", "counts", "claims", "computes", "fixes", "hands", "has", "moves", "normalizes",
    "processes", "shows", "stays", "stops", "times", "varies",
}  # fmt: skip
CATALOGUE = {"moved": "{name} has moved {times} less.", "still": "Nothing moves."}


def test_a_sentence_is_filled_in(desk):
    assert desk.call(FILE, "sentence", CATALOGUE, "moved", {"name": "a[2]", "times": 3}) == "a[2] has moved 3 less."
    assert desk.call(FILE, "sentence", CATALOGUE, "still") == "Nothing moves."


@pytest.mark.parametrize("key, values", [("gone", {}), ("toString", {}), ("moved", {"name": "a[2]"})])
def test_an_unknown_sentence_or_a_missing_value_is_an_error(desk, key, values):
    for name in ("sentence", "sentenceOrKey"):
        with pytest.raises(Failed, match=key):
            desk.call(FILE, name, CATALOGUE, key, values)


def test_marks_of_colour_are_cut_out_of_a_headline(desk):
    marked = f"moved {desk.call(FILE, 'inColour', 'noisy-batch', '0.1 σ with')}, {desk.call(FILE, 'inColour', 'none', '0.7 σ')}."
    assert [(piece["arm"], piece["text"]) for piece in desk.call(FILE, "pieces", marked)] == [
        (None, "moved "), ("noisy-batch", "0.1 σ with"), (None, ", "), ("none", "0.7 σ"), (None, "."),
    ]  # fmt: skip
    assert desk.call(FILE, "pieces", "plain") == [{"arm": None, "text": "plain"}]


COUNTED = "{n} hidden layers, {n} of {n} runs, after {n} steps, {n} stepson, {n} times, {n} minibatches{n} examples of {n}"
ONE = "1 hidden layer, 1 of 1 run, after 1 step, 1 stepson, 1 times, 1 minibatch1 example of 1"


@pytest.mark.parametrize(
    "number, text", [(1, ONE), ("1", ONE), (11, COUNTED.replace("{n}", "11")), (0, COUNTED.replace("{n}", "0"))]
)
def test_nouns_agree_with_the_numbers_before_them_on_both_sides(desk, number, text):
    assert words.fill(COUNTED, n=number) == text
    assert desk.call(FILE, "sentence", {"counted": COUNTED}, "counted", {"n": number}) == text


@pytest.mark.parametrize("noun", NOUNS)
def test_both_sides_know_the_same_nouns(desk, noun):
    assert desk.call(FILE, "agreeing", 1, f" {noun}.") == counted(1, f"{noun}.")[1:] != f" {noun}."


def texts_of(table):
    """All texts of a catalogue."""
    for value in table.values():
        yield from texts_of(value) if isinstance(value, dict) else [value] if isinstance(value, str) else []


def test_every_noun_that_a_catalogue_counts_is_known():
    catalogues = [words.shared(), *map(words.catalogue, LESSONS)]
    texts = [text for catalogue in catalogues for text in texts_of(catalogue)]
    after_numbers = {word for text in texts for word in re.findall(r"\{\w+\} ([a-z]+[^s\W]s)\b", text)}
    assert after_numbers - set(NOUNS) == NO_COUNT


def test_the_player_says_only_what_is_in_its_catalogue_and_all_of_it():
    scripts = "".join(path.read_text(encoding="utf-8") for path in (words.PACKAGE / "web" / "player").rglob("*.js"))
    keys = set(re.findall(r"(?:\btext\(|playerText\(view, )(?:[\w ()&]+ \? )?\"(\w+)\"(?: : \"(\w+)\")?", scripts))
    keys = {key for pair in keys for key in pair if key} | INDIRECT_KEYS
    assert keys == set(words.shared()["player"])


def test_the_site_says_all_of_its_words():
    folders = ("web/site", "web/export", "web/picture")
    scripts = [*(path for folder in folders for path in (words.PACKAGE / folder).glob("*.py")), words.PACKAGE / "frame.py"]
    scripts += [words.PACKAGE / "lessons" / "__init__.py", words.PACKAGE / "web" / "judgement.py"]  # groups of pages; verdicts
    scripts += [words.PACKAGE / "web" / "examples.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in scripts)
    tables = {name: table for name, table in words.shared().items() if name != "player"}
    assert [key for table in tables.values() for key in table if f'"{key}"' not in code and f"'{key}'" not in code] == []


@pytest.mark.parametrize("lesson", ["regularization", "step_zero", "does_it_hold"])
def test_a_lesson_of_sweeps_says_all_of_its_words(lesson):
    """Names that are put together in the code (`than_{scene}`) count by their parts."""
    code = "".join(path.read_text(encoding="utf-8") for path in (words.PACKAGE / "lessons" / lesson).rglob("*.py"))
    parts = set(re.findall(r"[^\W_]+", code))
    unsaid = [name for name in leaves(words.catalogue(lesson)) if not {*name.split("_")} <= parts and name not in parts]
    assert unsaid == []


def leaves(table):
    """The names of all texts of a catalogue but those that every page reads in the same way."""
    read_by_the_form = {"title", "claim", "question", "limits", "predictions", "presets"}
    for name, value in table.items():
        if name not in read_by_the_form:
            yield from leaves(value) if isinstance(value, dict) else [name]
