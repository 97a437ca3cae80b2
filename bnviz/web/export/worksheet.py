"""A worksheet for a class, to be printed: what the pages ask, with room for what is expected before, and seen after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bnviz.lessons import LESSONS, address
from bnviz.web import words
from bnviz.web.constants import TARGET_ACCURACY

ROOM = "\n\n".join(["______________________________________________________________________"] * 2)


def worksheet(lessons: Iterable[str] = LESSONS) -> str:
    """All questions of these lessons' pages, as Markdown."""
    texts = words.shared()["worksheet"]
    return "\n\n".join([f"# {texts['title']}", texts["name"], texts["how"], *filter(None, map(_sheet, lessons))]) + "\n"


def _sheet(lesson: str) -> str:
    """The questions of one page; nothing of a page that asks none."""
    catalogue, place = words.catalogue(lesson), "" if lesson == next(iter(LESSONS)) else address(lesson)
    questions = list(_guesses(catalogue.get("tour", {})))
    if "predictions" in catalogue:
        questions.append(
            _question(
                words.fill(catalogue["question"], **catalogue.get("question_default", {})), catalogue["predictions"].values()
            )
        )
    presets = [f"**{one['name']}.** {one['look']}\n\n{ROOM}" for one in catalogue.get("presets", {}).values()]
    return "\n\n".join([f"## {catalogue['title']} (/{place})", *questions, *presets]) if questions or presets else ""


def _guesses(tour: Mapping[str, str]) -> Iterable[str]:
    """The cards of a tour that ask."""
    for key in tour:
        name = key.removesuffix("_title")
        guesses = [text for other, text in tour.items() if other.startswith(f"{name}_guess_")]
        if key.endswith("_title") and guesses:
            text = words.fill(tour[f"{name}_text"], norm="batch norm", goal=f"{100 * TARGET_ACCURACY:.0f}\N{NO-BREAK SPACE}%")
            yield _question(f"**{tour[key]}** {text}", guesses)


def _question(text: str, choices: Iterable[str]) -> str:
    boxes = "  \n".join(f"☐ {choice}" for choice in choices)
    return "\n\n".join([text, boxes, words.shared()["worksheet"]["seen"], ROOM])
