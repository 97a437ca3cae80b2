"""One folder a lesson: all that one page says, asks, measures for itself, draws and judges.

`page.py` holds the page's value PAGE, `panels.py` its charts, `story.js` its sentences about a run in the browser, `measures/`
what only this lesson measures. This file knows their names alone, so that the trainer and the web side can both find them.
"""

from __future__ import annotations

from collections.abc import Iterable

LESSONS: dict[str, str] = {  # folder: title in the navigation, in its order; the first one is the page at /
    "live_shift": "Live shift",
    "covariate_shift": "Covariate shift",
    "gamma_beta": "γ and β",
    "independence": "Independence",
    "batch_size": "Batch size",
    "regularization": "Regularization",
    "does_it_hold": "Does it hold?",
    "train_and_eval": "train() and eval()",
    "step_zero": "Step zero",
    "weight_decay": "Weight decay",
}

LECTURE = 7  # the first lessons are the lecture's own; the others go beyond it

SWEEPING = ("regularization", "step_zero", "does_it_hold")  # lessons whose pages show a sweep; the others play one run


def address(lesson: str) -> str:
    """A lesson's path in the address."""
    return lesson.replace("_", "-")


def groups(lessons: Iterable[str] = LESSONS) -> dict[str, list[str]]:
    """These lessons by their group in the navigation, `lecture` or `beyond`; a group without any of them is left out."""
    own = list(LESSONS)[:LECTURE]
    found: dict[str, list[str]] = {}
    for lesson in lessons:
        found.setdefault("lecture" if lesson in own else "beyond", []).append(lesson)
    return found
