"""The form of a page whose panels show a sweep: many runs instead of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from bnviz.config.course import without_changes
from bnviz.config.experiment import FIELDS, Experiment, Field
from bnviz.config.sweep import Sweep
from bnviz.web import words
from bnviz.web.site import board, links, predictions, tailored, widgets
from bnviz.web.site.form import Form, Preset
from bnviz.web.site.page import foot, head, settings, widgets_in_browser
from bnviz.web.words import fill

TEXTS = words.shared()["controls"]
SEEDS = Field("seeds", int, 5, TEXTS["seeds"], TEXTS["seeds_help"], low=3, high=10, marks=(3, 5, 7, 10))


@dataclass(frozen=True, kw_only=True)
class SweepPage(Form):
    """A page that shows a sweep on the board.

    `own` is the table of settings that belong to the page and to no experiment; they are query
    parameters like the others, and may be among `main` and `more`. `sweep` makes the sweep of an experiment and of their
    values; `panels` and `verdict` are the board's, and `answer` judges the prediction, where the page asks for one.
    `inside` names experiments like those of the sweep, to be opened on the live page.
    """

    sweep: Callable[[Experiment, Mapping[str, object]], Sweep]
    panels: board.Panels
    verdict: board.Words
    answer: Callable[[Sweep, board.Rows, str], str] | None = None
    inside: Callable[[Experiment], Mapping[str, Experiment]] | None = None
    own: Mapping[str, Field] = field(default_factory=lambda: {"seeds": SEEDS})

    def scenes(self) -> list[Scene]:
        """Its presets."""
        return [
            Scene(preset.name, preset.look, links.parameters(preset.experiment, {}, self.default), self, self._sweep_of(preset))
            for preset in self.preset_choices.values()
        ]

    def _sweep_of(self, preset: Preset) -> Sweep:
        return self.sweep(without_changes(preset.experiment), defaults(self))

    def show(self) -> None:
        """Lay out the page."""
        if link := links.opened(self.lesson, self.default, self.own):
            widgets.load(link.experiment, {**defaults(self), **link.view})
            predictions.follow(self.lesson, link)
        in_browser = widgets_in_browser(self, link)
        experiment, own = widgets.experiment(in_browser=in_browser), widgets.own(self.own, in_browser)
        links.follow(experiment, links.non_default(own, self.own))
        links.write(experiment, self.default)

        prediction = head(self)
        settings(self, experiment, own_fields(self))
        default = self.sweep(self.default, defaults(self))
        asks = partial(predictions.waiting, self)
        sweep, verdict = self.sweep(without_changes(experiment), own), _verdict(self, prediction)
        board.show(sweep, self.panels, verdict, default, self.lesson, asks)
        if self.inside and (inside := _links(self.inside(experiment))):
            st.markdown(fill(TEXTS["inside"], links=inside))
        foot(self, experiment)


@dataclass(frozen=True)
class Scene:
    """A sweep worth a look: its name, its text before it is shown (Markdown), and the query parameters that
    name it on its page."""

    name: str
    look: str
    parameters: Mapping[str, str]
    page: SweepPage
    sweep: Sweep


def _links(experiments: Mapping[str, Experiment]) -> str:
    """Links to the live page, which is the one at the root."""
    permitted = {name: one for name, one in experiments.items() if tailored.permits(one)}
    queries = {
        name: urlencode(links.parameters(one, {}, Experiment()) | tailored.parameters()) for name, one in permitted.items()
    }
    return " · ".join(f"[{name}](./?{query})" for name, query in queries.items())


def _verdict(page: SweepPage, prediction: str | None) -> board.Words:
    """The page's verdict, with the answer to a prediction in front."""
    answer = page.answer
    if not prediction or not answer:
        return page.verdict
    return lambda sweep, rows: f"> {answer(sweep, rows, prediction)}\n\n{page.verdict(sweep, rows)}"


def own_fields(page: SweepPage) -> Mapping[str, Field]:
    """The page's own settings, and what the experiment's seed is here: that of the first of all runs that are alike."""
    return {**page.own, "seed": replace(FIELDS["seed"], label=TEXTS["first_seed"])}


def defaults(page: SweepPage) -> dict[str, object]:
    """The page's own settings as they are before anybody changes them."""
    return {name: field.default for name, field in page.own.items()}
