"""What a lesson's page is made of: its declaration, without the layout (bnviz/web/site/page.py, sweep_page.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep
from bnviz.data import DATA_SETS
from bnviz.web import figures, words
from bnviz.web.site import links


@dataclass(frozen=True)
class Preset:
    """An experiment worth a look: its name, and what to look for in it (Markdown)."""

    name: str
    look: str
    experiment: Experiment


@dataclass(frozen=True)
class Question:
    """What a page asks before it shows an answer, and the predictions to choose from, by key."""

    text: str
    predictions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Form:
    """What every page has. `lesson` is its folder below bnviz/lessons, whose catalogue holds all sentences of the page.

    `main` fields are always in view, `more` behind a button; others can be set in the address. `presets` are changes to the
    default experiment, by name.
    """

    lesson: str
    main: tuple[str, ...]
    more: tuple[str, ...]
    presets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    default: Experiment = field(default_factory=Experiment)
    question_values: Callable[[Experiment], Mapping[str, str] | None] = lambda _: {}  # for its braces; None: it does not hold

    @property
    def words(self) -> Mapping[str, Any]:
        """The lesson's catalogue."""
        return words.catalogue(self.lesson)

    @property
    def preset_choices(self) -> dict[str, Preset]:
        """The page's presets by key, as its row of buttons and a static page show them."""
        texts, look_for = self.words.get("presets", {}), words.shared()["controls"]["look_for"]
        return {
            key: Preset(texts[key]["name"], words.fill(look_for, look=texts[key]["look"]), self.default.replace(**changes))
            for key, changes in self.presets.items()
        }

    @property
    def question(self) -> Question | None:
        """The page's question, of its default experiment; None if it asks nothing."""
        return self.question_of(self.default)

    def question_of(self, experiment: Experiment) -> Question | None:
        """What the page asks of an experiment; None if it asks nothing, or nothing that holds for that one."""
        predictions, values = self.words.get("predictions"), self.question_values(experiment)
        return Question(words.fill(self.words["question"], **values), predictions) if predictions and values is not None else None

    @property
    def cards(self) -> int:
        """How many cards the lesson's tour has; 0 if it has none."""
        return sum(key.endswith("_title") for key in self.words.get("tour", ()))

    @property
    def has_pace(self) -> bool:
        """Whether visitors may train for longer when they make the batches smaller: the text below the settings says how long."""
        return False

    @property
    def limits(self) -> str:
        """What the page does not show, with placeholders for the data set's words."""
        return self.words.get("limits", "")

    def limits_text(self, experiment: Experiment) -> str:
        """What the page does not show with this experiment, as Markdown; empty if there is nothing to say."""
        text = words.fill(self.limits, **DATA_SETS[experiment.dataset].words)
        return f"**{words.shared()['page']['limits']}** {text}" if text else ""


@dataclass(frozen=True, kw_only=True)
class RunForm(Form):
    """A page that plays a run; the lesson's story.js says what there is to see in it."""

    panels: Callable[[Experiment], list[dict[str, Any]]]
    beside: Callable[[Experiment], None] | None = None  # draws something of its own between the controls and the player
    below: Callable[[Experiment], None] | None = None  # the same below the player, once a prediction is made
    sweep: Callable[[Experiment], Sweep] | None = None  # that `below` shows to those who ask for it
    layer: int = links.LAYER  # the one to show first
    onward: Mapping[str, str] = field(default_factory=dict)  # titles, by address, of the pages after the tour's last card
    moved: Mapping[str, str] = field(default_factory=dict)  # by name: where panels are now that links may still ask for here
    front: int = 2  # panels in front; the others are folded away below them

    @property
    def has_pace(self) -> bool:
        return {"batch_size", "steps"} <= {*self.main, *self.more}

    def panels_in_order(self, experiment: Experiment) -> list[dict[str, Any]]:
        """The panels of an experiment, each with `front`, whether it is in front, and `name`, what links call it."""
        panels = enumerate(self.panels(experiment))
        return [{**panel, "front": place < self.front, "name": figures.panel_name(panel["title"])} for place, panel in panels]
