"""The layout that every page has: claim, prediction, experiment with controls and player, what it does not show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from bnviz.config.experiment import FIELDS, Experiment, Field
from bnviz.data import DATA_SETS
from bnviz.web import words
from bnviz.web.site import compare, embedded, links, pace, predictions, presets, stage, tailored, widgets
from bnviz.web.site.form import Form, RunForm


@dataclass(frozen=True, kw_only=True)
class Page(RunForm):
    """A page that plays a run, with its layout."""

    def show(self) -> None:
        """Lay out the page."""
        if embedded.is_embedded():
            return embedded.show(self)
        if link := links.opened(self.lesson, self.default, cards=self.cards):
            widgets.load(link.experiment)
            predictions.follow(self.lesson, link)
        experiment = self._experiment(widgets_in_browser(self, link))
        view = links.view(experiment, self.layer)
        links.write(experiment, self.default)

        prediction = head(self, experiment)
        with st.container(key="settings"):  # on a phone they are below the player: style.css
            settings(self, experiment, last=partial(compare.button, self, experiment))
            if self.beside:
                self.beside(experiment)
        stage.play(experiment, self, view, prediction)
        if self.below and not predictions.waiting(self):
            with st.container(key="below"):
                self.below(experiment)
        with st.container(key="foot"):
            foot(self, experiment)

    def _experiment(self, in_browser: Collection[str]) -> Experiment:
        """The experiment of the settings, with the edit that a visitor has made in the player itself."""
        before = widgets.last_experiment()
        experiment = widgets.experiment(lambda: stage.edit_step(self.lesson), in_browser)
        if before and (adjusted := pace.adjust(experiment, before, self.default)) != experiment:
            experiment = adjusted
            widgets.load(experiment, in_browser=in_browser)
        if (edit := stage.pop_edit()) and edit["run"] == experiment.id:
            experiment = widgets.edit(experiment, edit, self.default)
        return experiment


def head(page: Form, experiment: Experiment | None = None) -> str | None:
    """Title, claim, and what the visitor expects of an experiment, of the default one unless given, asked before the answer."""
    st.header(page.words["title"], anchor=False)
    if not tailored.hides("claim"):
        st.markdown(page.words["claim"])
    return predictions.ask(page, experiment)


def widgets_in_browser(page: Form, link: links.Link | None) -> Collection[str]:
    """The settings whose widgets the browser has already, as far as they are in view."""
    return () if link or tailored.hides("settings") else page.main


def settings(
    page: Form, experiment: Experiment, own: Mapping[str, Field] | None = None, last: Callable[[], None] | None = None
) -> None:
    """Presets above the controls; `own` is the table of the page's own settings; `last` lays out what is beside them."""
    if not tailored.hides("presets"):
        presets.row(page, experiment)
    controls(page, experiment, own, last)


def controls(
    page: Form, experiment: Experiment, own: Mapping[str, Field] | None = None, last: Callable[[], None] | None = None
) -> None:
    """The controls, and what there is to say about the settings."""
    if not tailored.hides("settings"):
        lay_out_pace = partial(pace.chooser, experiment, page.default) if page.has_pace else None
        widgets.row(page.main, () if tailored.hides("more") else page.more, own, lay_out_pace, last)
    if problems := links.problems():
        st.warning(problems)
    if locked := [FIELDS[name].label for name in (*page.main, *page.more) if name in FIELDS and tailored.locks(name)]:
        st.caption(words.fill(words.shared()["tailored"]["locked_settings"], settings=", ".join(locked)))
    if notes := experiment.notes():
        st.caption(" ".join(notes))


def foot(page: Form, experiment: Experiment) -> None:
    """What the page does not show, and where the data come from."""
    texts, data = words.shared()["page"], DATA_SETS[experiment.dataset]
    if not tailored.hides("limits") and (limits := page.limits_text(experiment)):
        st.markdown(limits)
    credit = words.fill(texts["credit"], credit=data.credit)
    st.caption(f"{texts['greek']}  \n{credit}")
