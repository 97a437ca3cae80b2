"""A page inside another site's page (`?embed=true`, a parameter of Streamlit's): the player without anything around it.

`panels=network,learning` chooses what is in it: the picture of the networks and charts of the page, by their titles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from bnviz.config.fields import BadField
from bnviz.web import figures, player, words
from bnviz.web.site import links, live_edits, stage
from bnviz.web.site.form import RunForm

NETWORK = "network"  # the picture of the two networks, among the names of panels
TALLEST = 260  # pixels of a chart


def is_embedded() -> bool:
    """Whether the page that is being laid out is inside another one."""
    return bool(st.context.is_embedded)


def show(page: RunForm) -> None:
    """Lay out the player with what the link chooses; what cannot be used of the link is named above it."""
    link = links.parse(links.present(), page.default, cards=page.cards)
    experiment, run = stage.request(link.experiment, page)
    panels = page.panels_in_order(experiment)
    names, unknown = choose_panels(link.panels, {panel["id"]: panel["title"] for panel in panels}, page.moved)
    if bad := [*link.problems, *unknown]:
        st.warning(links.message(bad))
    place = {**links.VIEW, "layer": page.layer, **link.view, "tour": None}
    player.mount(
        run=run,
        experiment=experiment,
        panels=[compact(panel) for panel in panels if panel["id"] in names],
        view={**place, "layer": min(int(place["layer"]), experiment.hidden_layers)},
        lesson=page.lesson,
        visitor=stage.visitor(),
        beside=None if names == {NETWORK} else stage.comparison_run(place, experiment, page),  # only charts show it
        changes=live_edits.changes_data(experiment),
        usual=dataclasses.asdict(page.default),
        embedded={"picture": NETWORK in names, "alone": names == {NETWORK}},
    )


def choose_panels(
    requested: Iterable[str], titles: Mapping[str, str], moved: Mapping[str, str] | None = None
) -> tuple[set[str], list[BadField]]:
    """The ids of the panels (`titles` by id) that are wanted by title, or by id as in links of earlier releases; if there are
    none, that of the picture of the networks. And the problems of other names; some have moved to another address."""
    texts = words.shared()["links"]
    names = [NETWORK, *map(figures.panel_name, titles.values())]
    reason = words.fill(texts["no_panel"], names=", ".join(names))
    reasons = {name: words.fill(texts["panel_moved"], address=address) for name, address in (moved or {}).items()}
    chosen = {name: _panels_called(name, titles) for name in requested}
    unknown = [BadField(links.PANELS, name, reasons.get(name, reason)) for name, ids in chosen.items() if not ids]
    return set().union(*chosen.values()) or {NETWORK}, unknown


def _panels_called(name: str, titles: Mapping[str, str]) -> set[str]:
    """The ids of the panels that a name in a link means."""
    if name == NETWORK or name in titles:
        return {name}
    return {id for id, title in titles.items() if figures.is_panel(name, title)}


def compact(panel: Mapping[str, Any]) -> dict[str, Any]:
    """A panel for a small frame."""
    return {**panel, "front": True, "height": min(panel["height"], TALLEST)}
