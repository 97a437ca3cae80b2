"""One folder a lesson: all that one page says, asks, measures for itself, draws and judges.

`page.py` holds the page's value PAGE, `panels.py` its charts, `story.js` what is said of a run in the browser, `measures/` what
only this lesson measures. This file knows their names alone, so that the trainer and the web side can both find them.
"""

LESSONS: dict[str, str] = {  # folder: title in the navigation, in its order; the first one is the page at /
    "live_shift": "Live shift",
    "covariate_shift": "Covariate shift",
    "gamma_beta": "γ and β",
    "independence": "Independence",
    "batch_size": "Batch size",
    "train_and_eval": "train() and eval()",
    "regularization": "Regularization",
    "step_zero": "Step zero",
    "weight_decay": "Weight decay",
    "does_it_hold": "Does it hold?",
}


SWEEPING = ("regularization", "step_zero", "does_it_hold")  # lessons whose pages show a sweep; the others play one run


def address(lesson: str) -> str:
    """A lesson's path in the address."""
    return lesson.replace("_", "-")
