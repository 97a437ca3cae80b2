"""The form that every page has: claim, prediction, experiment with controls and player, what it does not show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from bnviz.config.experiment import Experiment, Field
from bnviz.data import DATA_SETS
from bnviz.web import words
from bnviz.web.site import embedded, links, pace, predictions, presets, stage, tailored, widgets


@dataclass(frozen=True, kw_only=True)
class Form:
    """What every page has. `lesson` is its folder below bnviz/lessons, whose catalogue holds all that the page says.

    `main` fields are always in view, `more` behind a button; others can be set in the address. `presets` are changes to the
    default experiment, by name.
    """

    lesson: str
    main: tuple[str, ...]
    more: tuple[str, ...]
    presets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    default: Experiment = field(default_factory=Experiment)

    @property
    def words(self) -> Mapping[str, Any]:
        """The lesson's catalogue."""
        return words.catalogue(self.lesson)

    @property
    def cards(self) -> int:
        """How many cards the lesson's tour has; 0 if it has none."""
        return sum(key.endswith("_title") for key in self.words.get("tour", ()))

    @property
    def limits(self) -> str:
        """What the page does not show."""
        return self.words.get("limits", "")

    def told_limits(self, experiment: Experiment) -> str:
        """What the page does not show with this experiment, as Markdown; nothing if there is nothing to say."""
        said = words.fill(self.limits, **DATA_SETS[experiment.dataset].words)
        return f"**{words.shared()['page']['limits']}** {said}" if said else ""


@dataclass(frozen=True, kw_only=True)
class Page(Form):
    """A page that plays a run; the lesson's story.js says what is to be seen in it."""

    panels: Callable[[Experiment], list[dict]]
    beside: Callable[[Experiment], None] | None = None  # draws something of its own between the controls and the player
    layer: int = links.VIEW["layer"]  # the one to show first
    onward: Mapping[str, str] = field(default_factory=dict)  # what the tour's last card leads to: addresses and titles
    front: int = 2  # panels that stand in front; the others are folded away below them

    @property
    def paced(self) -> bool:
        """Whether people may train for longer when they make the batches smaller."""
        return {"batch_size", "steps"} <= {*self.main, *self.more}

    def arranged(self, experiment: Experiment) -> list[dict]:
        """The panels of an experiment, each with whether it stands in front."""
        return [{**panel, "front": place < self.front} for place, panel in enumerate(self.panels(experiment))]

    def show(self) -> None:
        """Lay out the page."""
        if embedded.is_embedded():
            return embedded.show(self)
        if link := links.opened(self.lesson, self.default, cards=self.cards):
            widgets.load(link.experiment)
            predictions.follow(self.lesson, link)
        experiment = self.turned(made=made_by(self, link))
        view = links.view(experiment, self.layer)
        links.write(experiment, self.default)

        prediction = head(self)
        with st.container(key="settings"):  # on a phone they stand below the player: style.css
            settings(self, experiment, last=partial(pace.row, experiment, self.default) if self.paced else None)
            if self.beside:
                self.beside(experiment)
        stage.play(experiment, self, view, prediction)
        with st.container(key="foot"):
            foot(self, experiment)

    def turned(self, made: Collection[str]) -> Experiment:
        """What the settings show, with what was asked for in the player itself."""
        before = widgets.shown()
        experiment = widgets.experiment(lambda: stage.step_in_hand(self.lesson), made)
        if before and (paced := pace.kept(experiment, before, self.default)) != experiment:
            experiment = paced
            widgets.load(experiment, made=made)
        if (edit := stage.asked()) and edit["run"] == experiment.id:
            experiment = widgets.edit(experiment, edit, self.default)
        return experiment


def head(page: Form) -> str | None:
    """Title, claim, and what the visitor expects, asked before the answer is shown."""
    st.header(page.words["title"], anchor=False)
    if not tailored.hides("claim"):
        st.markdown(page.words["claim"])
    return predictions.ask(page)


def made_by(page: Form, link: links.Link | None) -> Collection[str]:
    """The settings whose widgets the browser has already, as far as the page has them in view."""
    return () if link or tailored.hides("settings") else page.main


def settings(
    page: Form, experiment: Experiment, own: Mapping[str, Field] | None = None, last: Callable[[], None] | None = None
) -> None:
    """Presets above the controls; `own` is the table of the page's own settings, `last` makes what stands below all of them."""
    if not tailored.hides("presets"):
        presets.row(page, experiment)
    controls(page, experiment, own, last)


def controls(
    page: Form, experiment: Experiment, own: Mapping[str, Field] | None = None, last: Callable[[], None] | None = None
) -> None:
    """The controls, and what there is to say about the settings."""
    if not tailored.hides("settings"):
        widgets.row(page.main, () if tailored.hides("more") else page.more, own, last)
    if problems := links.problems():
        st.warning(problems)
    if notes := experiment.notes():
        st.caption(" ".join(notes))


def foot(page: Form, experiment: Experiment) -> None:
    """What the page does not show, and where the data come from."""
    said, data = words.shared()["page"], DATA_SETS[experiment.dataset]
    if not tailored.hides("limits") and (limits := page.told_limits(experiment)):
        st.markdown(limits)
    credit = words.fill(said["credit"], credit=data.credit)
    st.caption(f"{said['greek']}  \n{credit}")
