"""What a teacher's link leaves out: parts of the pages, the reach of some settings, and other pages.

    /?pages=live-shift,batch-size&hide=presets,more&lock=learning_rate

It holds on every page of the visit that the link begins, and stands in the address of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from bnviz.config.experiment import FIELDS, Experiment, from_texts
from bnviz.config.fields import BadField
from bnviz.lessons import LESSONS, address
from bnviz.web.words import fill, shared

KINDS = {  # parameter: what it may name, in the words of people
    "pages": {address(lesson): title for lesson, title in LESSONS.items()},
    "hide": shared()["tailored"]["parts"],
    "lock": {name: field.label for name, field in FIELDS.items()},
}
_KEY = "bnviz tailored"  # session_state: the Tailoring of this visit
_LOCKED_VALUES = "bnviz held"  # session_state: the values that the link gives to settings it locks, as texts


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
    """What these parameters say, and the names that there are not, each with those that there are."""
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
        st.session_state[_KEY], _ = parse(texts)
        values = {**st.session_state.get(_LOCKED_VALUES, {}), **texts}  # an address leaves out what is usual on its page
        st.session_state[_LOCKED_VALUES] = {name: values[name] for name in now().lock if name in values}


def now() -> Tailoring:
    """What holds in this visit."""
    return st.session_state.get(_KEY, Tailoring())


def hides(part: str) -> bool:
    """Whether a part of the pages is left out."""
    return part in now().hide


def as_locked(experiment: Experiment) -> Experiment:
    """The experiment with the link's values of what it locks: pages have other defaults, and presets other values."""
    return from_texts(st.session_state.get(_LOCKED_VALUES, {}), experiment)[0]


def locks(setting: str) -> bool:
    """Whether a setting may not be changed."""
    return setting in now().lock
