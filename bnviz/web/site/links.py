"""Links: the address bar holds the experiment, and optionally the place in it to show.

A page with a sweep has no such place, but may have settings of its own (`own`, a table like that of the experiment's fields):
how many seeds, for one.

Streamlit can bind widgets to query parameters by itself, but then a parameter holds an option's label instead of its
value ("Two spirals"), only texts that equal an option's are taken ("1.0" is none of "0.1", "1"), and whatever else a
link says is dropped without a word. So pages read a link once, when it is opened, and write it after changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from bnviz.config.experiment import FIELDS, WATCHED_UNITS, BadField, Experiment, Field, from_texts, to_texts
from bnviz.config.fields import format_value
from bnviz.record.ndjson import TAPS
from bnviz.web.compat import is_history_navigation
from bnviz.web.constants import TARGET_ACCURACY
from bnviz.web.site import tailored
from bnviz.web.tracking import is_tracking
from bnviz.web.words import fill, shared

LAYER = 2  # the one that pages show first unless they say otherwise
CHARTS = ("front", "all")  # without those that are folded away, or with them
TIMES = ("steps", "epochs")  # what charts over time count: player/core/time-axis.js
MOTIONS = ("distribution", "example")  # what the picture shows the motion of: player/types.d.ts
VIEW: dict[str, Any] = {
    "step": None, "layer": LAYER, "tap": "activation", "unit": None, "target": TARGET_ACCURACY, "motion": "distribution",
    "tour": None, "beside": None, "charts": None, "time": None
}  # fmt: skip
RUNS_OWN = ("step", "tour")  # places that mean nothing in another run
SKIP = Field("skip", int, 0, "Skip the prediction", "", low=0, high=1)
PANELS = "panels"  # names of what an embedded page shows, separated by commas; whole pages take no notice
SHOWN_PROBLEMS = 6

_PAGE = "bnviz page"  # session_state: the page it was opened on
_LINK = "bnviz link"  # session_state: the link that was opened, with what of its view still holds
_LAST_SETTINGS = "bnviz written"  # session_state: the parameters, but for the place, that were last sent to the address bar


@dataclass(frozen=True)
class Link:
    """What a link says: an experiment, a place in it (those keys of VIEW it names), and what could not be read.

    On a page with settings of its own, `view` holds those that are not at their default. `skip`: no prediction is asked for.
    `panels`: what an embedded page is to show, nothing if it does not say.
    """

    experiment: Experiment
    view: Mapping[str, object]
    problems: tuple[BadField, ...]
    skip: bool = False
    panels: tuple[str, ...] = ()


def parse(
    parameters: Mapping[str, Sequence[str]], default: Experiment, own: Mapping[str, Field] | None = None, cards: int = 0
) -> Link:
    """The link with these query parameters. A value that cannot be read is a problem, and the page's default replaces it.

    `cards` is how many cards the page's tour has. Parameters that only say where a visitor comes from are ignored.
    """
    parameters = {name: values for name, values in parameters.items() if not is_tracking(name)}
    texts = {name: values[0] for name, values in parameters.items() if len(values) == 1}
    sentences = shared()["links"]
    repeated = [
        BadField(name, sentences["and"].join(values), sentences["repeated"])
        for name, values in parameters.items()
        if name not in texts
    ]
    skip, bad_skip = _read({name: texts.pop(name) for name in (SKIP.name,) if name in texts}, {SKIP.name: SKIP})
    panels = tuple(tailored.split_names(texts.pop(PANELS, "")))
    _, bad_tailoring = tailored.parse({kind: texts.pop(kind) for kind in tailored.KINDS if kind in texts})
    names = [name for name in VIEW if name != "tour" or cards] if own is None else own
    experiment, bad = from_texts({name: text for name, text in texts.items() if name not in names}, default)
    rest = {name: text for name, text in texts.items() if name in names}
    view, bad_view = _parse_view(rest, experiment, cards) if own is None else _parse_own(rest, own)
    return Link(experiment, view, (*repeated, *bad, *bad_view, *bad_skip, *bad_tailoring), bool(skip.get(SKIP.name)), panels)


def _parse_view(texts: Mapping[str, str], experiment: Experiment, cards: int = 0) -> tuple[dict[str, object], list[BadField]]:
    """The places that can be read, and the others with reasons."""
    view, bad = _read(texts, view_fields(experiment, cards))
    if view.get("unit", "pooled") != "pooled":
        view["unit"] = int(str(view["unit"]))
    return view, bad


def _parse_own(texts: Mapping[str, str], own: Mapping[str, Field]) -> tuple[dict[str, object], list[BadField]]:
    """The page's own settings that can be read, and the others with reasons."""
    values, bad = _read(texts, own)
    return non_default(values, own), bad


def non_default(values: Mapping[str, object], own: Mapping[str, Field]) -> dict[str, object]:
    """Those of a page's own settings that are not at their default."""
    return {name: value for name, value in values.items() if value != own[name].default}


def _read(texts: Mapping[str, str], fields: Mapping[str, Field]) -> tuple[dict[str, object], list[BadField]]:
    values, bad = {}, []
    for name, text in texts.items():
        try:
            values[name] = fields[name].parse(text)
        except BadField as error:
            bad.append(error)
    return values, bad


def view_fields(experiment: Experiment, cards: int) -> dict[str, Field]:
    """The table of places, as far as this experiment has them."""
    units = [*map(str, range(WATCHED_UNITS)), "pooled"]
    return {
        "step": Field("step", int, None, "Step", "", low=0, high=experiment.steps),
        "layer": Field("layer", int, VIEW["layer"], "Layer", "", low=1, high=experiment.hidden_layers),
        "tap": Field("tap", str, VIEW["tap"], "Tap", "", choices=dict.fromkeys(TAPS, "")),
        "unit": Field("unit", str, VIEW["unit"], "Unit", "", choices=dict.fromkeys(units, "")),
        "target": Field("target", float, VIEW["target"], "Target accuracy", "", low=0, high=1),
        "motion": Field("motion", str, VIEW["motion"], "Motion", "", choices=dict.fromkeys(MOTIONS, "")),
        "charts": Field("charts", str, None, "Charts", "", choices=dict.fromkeys(CHARTS, "")),
        "time": Field("time", str, None, "Charts over", "", choices=dict.fromkeys(TIMES, "")),
        "tour": Field("tour", int, None, "Card of the tour", "", low=1, high=cards),
        "beside": Field("beside", str, None, "Run beside", "", canonical=_canonical, example="batch_size=8&seed=1"),
    }


def _canonical(query: str) -> str:
    """The settings of another run, written as a link holds them; raises BadField if they cannot be."""
    _, bad = from_texts(dict(parse_qsl(query, keep_blank_values=True)))
    if bad:
        raise BadField("beside", query, f"{bad[0].field}: {bad[0].reason}")
    return urlencode(parse_qsl(query), safe=":;=")


def beside(query: str, default: Experiment) -> Experiment:
    """The experiment that `beside` in a link names; what cannot be there is as on the page."""
    return from_texts(dict(parse_qsl(query)), default)[0]


def chosen_beside(default: Experiment) -> Experiment | None:
    """The experiment that the address names for comparison, if it names one. (The player takes it away when it is dismissed.)"""
    query = st.session_state[_LINK].view.get("beside") if "beside" in st.query_params else None
    return None if query is None else beside(str(query), default)


def set_beside(experiment: Experiment, default: Experiment, name: str = "seed") -> None:
    """Have the address name this experiment for comparison; the default by its setting `name`, for an empty text names none."""
    texts = to_texts(experiment, default) or {name: format_value(getattr(experiment, name))}
    st.query_params["beside"] = urlencode(texts, safe=":;=")


def follow_beside(query: str) -> None:
    """Have the address name the run that the player compares with from now on; none if the query is empty or names none."""
    texts, _ = _read({"beside": query}, view_fields(st.session_state[_LINK].experiment, 0))
    if query and texts:
        st.query_params["beside"] = str(texts["beside"])
    else:
        st.query_params.pop("beside", None)


def parameters(experiment: Experiment, view: Mapping[str, object], default: Experiment) -> dict[str, str]:
    """The query parameters that name an experiment and a place in it; the page's defaults are left out."""
    return {**to_texts(experiment, default), **{name: format_value(value) for name, value in view.items()}}


def opened(page: str, default: Experiment, own: Mapping[str, Field] | None = None, cards: int = 0) -> Link | None:
    """The link that was opened just now: with the page, or by the browser's back and forward buttons. Else None."""
    there = st.session_state.get(_PAGE) == page and all(name in st.session_state for name in (*FIELDS, *(own or ())))
    if there and not is_history_navigation():
        if own is None:
            _read_view(cards)
        return None
    link = parse(present(), default, own, cards)
    link = replace(link, experiment=tailored.lock(link.experiment))
    st.session_state[_PAGE], st.session_state[_LINK] = page, link
    return link


def _read_view(cards: int) -> None:
    """Take up the place that the player has written into the address since: it belongs to the player while the page is open."""
    link = st.session_state[_LINK]
    texts = {name: values[0] for name, values in present().items() if name in VIEW and len(values) == 1}
    view, _ = _parse_view(texts, link.experiment, cards)
    st.session_state[_LINK] = replace(link, view=view)


def present() -> dict[str, list[str]]:
    """The query parameters of the address, but for those of Streamlit's."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def view(experiment: Experiment, layer: int = LAYER) -> dict[str, object]:
    """The place to show: the link's, and `layer` if it names none.

    A step, or a card of the tour, means nothing in another run, so it is dropped there; the rest is kept.
    """
    link = st.session_state[_LINK]
    if experiment != link.experiment:
        place, _ = _parse_view(
            {name: format_value(value) for name, value in link.view.items() if name not in RUNS_OWN}, experiment
        )
        st.session_state[_LINK] = replace(link, experiment=experiment, view=place, problems=())
    return VIEW | {"layer": min(layer, experiment.hidden_layers)} | st.session_state[_LINK].view


def follow(experiment: Experiment, view: Mapping[str, object]) -> None:
    """Keep to what the widgets of a page with settings of its own show, where it is no longer what the link said."""
    link = st.session_state[_LINK]
    if (experiment, view) != (link.experiment, link.view):
        st.session_state[_LINK] = replace(link, experiment=experiment, view=view, problems=())


def write(experiment: Experiment, default: Experiment) -> None:
    """Bring the address bar up to date.

    It is written only if it says something else: each time is a step for the browser's back button. The card of the tour is not
    written here: the tour turns its cards in the browser, and keeps the address by itself (tour.js).
    """
    link, there = st.session_state[_LINK], present()
    place = dict(link.view)
    if place.pop("tour", None):
        there.pop("tour", None)
    query = parameters(experiment, place, default) | ({SKIP.name: "1"} if link.skip else {}) | tailored.now().parameters
    same = {name: [value] for name, value in query.items()} == there
    # What the browser reported may be older than what was last written to it, so compare with both; the player writes, too.
    settings = {name: value for name, value in query.items() if name not in VIEW}
    if not same or settings != st.session_state.get(_LAST_SETTINGS, settings):
        st.query_params.from_dict(query)
    st.session_state[_LAST_SETTINGS] = settings


def problems() -> str | None:
    """One message that names everything that was wrong with the link, for as long as its experiment is shown."""
    bad = st.session_state[_LINK].problems
    return message(bad) if bad else None


def forget_problems() -> None:
    """The message has been read: the visitor has chosen another experiment."""
    st.session_state[_LINK] = replace(st.session_state[_LINK], problems=())


def message(bad: Sequence[BadField]) -> str:
    """A sentence that names bad parameters with reasons."""
    texts = shared()["links"]
    sentences = [
        fill(texts["problem"], parameter=_quote(f"{error.field} = {error.value}"), reason=error.reason)
        for error in bad[:SHOWN_PROBLEMS]
    ]
    more = fill(texts["more"], count=len(bad) - SHOWN_PROBLEMS) if len(bad) > SHOWN_PROBLEMS else ""
    return fill(texts["problems"], problems="; ".join(sentences), more=more)


def _quote(text: str) -> str:
    """Text from a stranger, so that Markdown in it stays text."""
    printable = "".join(character if character.isprintable() else " " for character in text.replace("`", "'"))
    return f"`{printable if len(printable) <= 80 else printable[:79] + '…'}`"
