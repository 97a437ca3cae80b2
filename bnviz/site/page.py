"""The form that every page has: claim, prediction, experiment with controls and player, what it does not show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from bnviz.data import DATA_SETS
from bnviz.experiment import Experiment
from bnviz.site import links, presets, stage, widgets
from bnviz.site.presets import Preset

WORDS = (
    "Words: the lecture writes α and β for batch norm's scale and offset, these pages γ and β, as the papers do. "
    "The momentum of PyTorch's batch norm is the weight of the *new* statistic."
)


@dataclass(frozen=True)
class Page:
    """What tells one page from another.

    `story` names the module of words in the player (bnviz/player/story-*.js). `main` fields are always in view, `more` behind
    a button; others can be set in the address. `predictions` maps keys, which the story judges, to what people read.
    """

    story: str
    title: str
    claim: str
    panels: Callable[[Experiment], list[dict]]
    main: tuple[str, ...]
    more: tuple[str, ...]
    presets: Mapping[str, Preset]
    default: Experiment = field(default_factory=Experiment)
    question: str = ""
    predictions: Mapping[str, str] = field(default_factory=dict)
    limits: str = ""
    layer: int = links.VIEW["layer"]  # the one to show first


def show(page: Page, beside: Callable[[Experiment], None] | None = None) -> None:
    """Lay out a page. `beside` may draw something of its own between the controls and the player."""
    if link := links.opened(page.story, page.default):
        widgets.load(link.experiment)
    experiment = widgets.experiment()
    view = links.view(experiment, page.layer)
    links.write(experiment, page.default)

    st.header(page.title, anchor=False)
    st.markdown(page.claim)
    prediction = _prediction(page)
    presets.row(page.presets, page.default, experiment)
    widgets.row(page.main, page.more)
    if problems := links.problems():
        st.warning(problems)
    if notes := experiment.notes():
        st.caption(" ".join(notes))
    if beside:
        beside(experiment)
    stage.play(experiment, page, view, prediction)
    if page.limits:
        st.markdown(f"**What this does not show.** {page.limits}")
    st.caption(f"{WORDS}  \nData: {DATA_SETS[experiment.dataset].credit}.")


def _prediction(page: Page) -> str | None:
    """What the visitor expects, asked before the answer is shown."""
    if not page.predictions:
        return None
    return st.segmented_control(
        page.question, list(page.predictions), format_func=page.predictions.get, key=f"prediction {page.story}"
    )
