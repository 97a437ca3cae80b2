"""What a teacher's link leaves out: parts of the pages, the reach of some settings, and other pages.

    /?pages=live-shift,batch-size&hide=presets,more&lock=learning_rate

It holds on every page of the visit that the link begins, and is in the address of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from bnviz.config.changes import Change
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import BadField, format_value
from bnviz.lessons import LESSONS, address
from bnviz.web.words import fill, shared

KINDS = {  # parameter: what it may name, in the words of people
    "pages": {address(lesson): title for lesson, title in LESSONS.items()},
    "hide": shared()["tailored"]["parts"],
    "lock": {name: field.label for name, field in FIELDS.items()},
}
_KEY = "bnviz tailored"  # session_state: the Tailoring of this visit
_LOCKED = "bnviz locked"  # session_state: the link's experiment, whose values of what it locks hold on every page


@dataclass(frozen=True)
class Tailoring:
    """Names of each kind; without `pages`, all pages are named in the navigation."""

    pages: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        """As a link has it."""
        return {kind: ",".join(names) for kind in KINDS if (names := getattr(self, kind))}


def parse(texts: Mapping[str, str]) -> tuple[Tailoring, list[BadField]]:
    """What these parameters say, and unknown names, each with the known ones."""
    values, bad = {}, []
    for kind, valid in KINDS.items():
        names = split_names(texts.get(kind, ""))
        values[kind] = tuple(name for name in names if name in valid)
        reason = fill(shared()["tailored"]["unknown"], names=", ".join(valid))
        bad += [BadField(kind, name, reason) for name in names if name not in valid]
    return Tailoring(**values), bad


def split_names(text: str) -> list[str]:
    """Names that are separated by commas, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def follow(texts: Mapping[str, str]) -> None:
    """Take up what the address says; one that says nothing of it is of a page further on in the same visit."""
    if any(kind in texts for kind in KINDS):
        tailoring, _ = parse(texts)
        if tailoring != now():
            st.session_state.pop(_LOCKED, None)
        st.session_state[_KEY] = tailoring


def lock(experiment: Experiment) -> Experiment:
    """A link's experiment as locked: the first one of a visit says what the locked settings are, with its page's defaults."""
    if now().lock:
        st.session_state.setdefault(_LOCKED, experiment)
    return as_locked(experiment)


def now() -> Tailoring:
    """What holds in this visit."""
    return st.session_state.get(_KEY, Tailoring())


def hides(part: str) -> bool:
    """Whether a part of the pages is left out."""
    return part in now().hide


def as_locked(experiment: Experiment) -> Experiment:
    """The experiment with the link's values of what it locks: pages have other defaults."""
    return experiment.replace(**_locked_values())


def permits(experiment: Experiment) -> bool:
    """Whether locked settings are in it as the link has them, from the start and on the way."""
    link: Experiment | None = st.session_state.get(_LOCKED)
    return link is None or (as_locked(experiment) == experiment and _locked_changes(experiment) == _locked_changes(link))


def _locked_values() -> dict[str, object]:
    link: Experiment | None = st.session_state.get(_LOCKED)
    return {name: getattr(link, name) for name in now().lock} if link else {}


def _locked_changes(experiment: Experiment) -> list[Change]:
    """Its changes of locked settings on the way."""
    return [change for change in experiment.possible_changes if change.name in now().lock]


def parameters() -> dict[str, str]:
    """What a link to another page needs so that the same holds there."""
    return now().parameters | {name: format_value(value) for name, value in _locked_values().items()}


def onward(pages: Mapping[str, str]) -> dict[str, str]:
    """Titles by address of the pages that are not left out, with addresses at which the same holds."""
    query = urlencode(parameters(), safe=",:;=")
    names = now().pages or pages
    return {f"{page}?{query}" if query else page: title for page, title in pages.items() if page in names}


def locks(setting: str) -> bool:
    """Whether a setting may not be changed."""
    return setting in now().lock
