"""The form that every page has: claim, prediction, experiment with controls and player, what it does not show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from bnviz.config.experiment import Experiment, Field
from bnviz.data import DATA_SETS
from bnviz.web.site import links, presets, stage, widgets
from bnviz.web.site.presets import Preset

WORDS = (
    "Words: the lecture writes α and β for batch norm's scale and offset, these pages γ and β, as the papers do. "
    "The momentum of PyTorch's batch norm is the weight of the *new* statistic."
)


@dataclass(frozen=True, kw_only=True)
class Form:
    """What every page says. `main` fields are always in view, `more` behind a button; others can be set in the address.

    `predictions` maps keys to what people read, and `question` asks for one of them.
    """

    title: str
    claim: str
    main: tuple[str, ...]
    more: tuple[str, ...]
    presets: Mapping[str, Preset]
    default: Experiment = field(default_factory=Experiment)
    question: str = ""
    predictions: Mapping[str, str] = field(default_factory=dict)
    limits: str = ""


@dataclass(frozen=True, kw_only=True)
class Page(Form):
    """A page that plays a run.

    `story` names the module of words in the player (bnviz/lessons/*/story.js), which judges the prediction.
    """

    story: str
    panels: Callable[[Experiment], list[dict]]
    beside: Callable[[Experiment], None] | None = None  # draws something of its own between the controls and the player
    layer: int = links.VIEW["layer"]  # the one to show first

    def show(self) -> None:
        """Lay out the page."""
        if link := links.opened(self.story, self.default):
            widgets.load(link.experiment)
        experiment = widgets.experiment()
        view = links.view(experiment, self.layer)
        links.write(experiment, self.default)

        prediction = head(self, self.story)
        settings(self, experiment)
        if self.beside:
            self.beside(experiment)
        stage.play(experiment, self, view, prediction)
        foot(self, experiment)


def head(page: Form, name: str) -> str | None:
    """Title, claim, and what the visitor expects, asked before the answer is shown. `name` is the page's own."""
    st.header(page.title, anchor=False)
    st.markdown(page.claim)
    if not page.predictions:
        return None
    return st.segmented_control(page.question, list(page.predictions), format_func=page.predictions.get, key=f"prediction {name}")


def settings(page: Form, experiment: Experiment, own: Mapping[str, Field] | None = None) -> None:
    """Presets, controls, and what there is to say about the settings; `own` is the table of the page's own ones."""
    presets.row(page.presets, page.default, experiment)
    widgets.row(page.main, page.more, own)
    if problems := links.problems():
        st.warning(problems)
    if notes := experiment.notes():
        st.caption(" ".join(notes))


def foot(page: Form, experiment: Experiment) -> None:
    """What the page does not show, and where the data come from."""
    if page.limits:
        st.markdown(f"**What this does not show.** {page.limits}")
    st.caption(f"{WORDS}  \nData: {DATA_SETS[experiment.dataset].credit}.")
