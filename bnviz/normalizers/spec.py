"""What the project has to know of a normalizer: `NormalizerSpec`, one for each folder of this package.

No PyTorch is needed for it: `bnviz.nets.normalizers` loads the classes. Sentences are templates, filled in by the browser with
the numbers on show; names in braces are those of the formulas, and `count` (examples on show), `together` (how many values are
normalized together), `example` (the chosen one, counted from 1) and `norm` (the label).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from bnviz.normalizers.formula import names, tree

EACH, LAYER, UNIT, EXAMPLE = "", "layers", "layers, watched", "layers, parts, examples"


@dataclass(frozen=True)
class Quantity:
    """What a formula names that a recording holds: a statistic, a constant or a parameter.

    `part` is its name in formulas, `symbol` how a page writes it, `what` describes it in docs/recording.md and `origin` says on a
    page where it comes from. A snapshot's `unit_examples` hold it under `key` (`part` if empty) as an array of this `shape`. It
    is computed from the parts `sources`; `decimals_of` names the part with whose decimals it is written; `row` names its row of
    a table, where each example has its own. In evaluation `running` takes its place. `when` says which normalizers have it.
    """

    part: str
    symbol: str
    what: str
    origin: str
    shape: str = UNIT
    key: str = ""
    sources: tuple[str, ...] = ()
    decimals_of: str = ""
    row: str = ""
    running: Quantity | None = None
    when: str = ""
    learns: bool = False

    @property
    def name(self) -> str:
        """What a recording calls it."""
        return self.key or self.part

    @property
    def records(self) -> tuple[Quantity, ...]:
        """What a recording holds: this, and what takes its place in evaluation."""
        return (self, self.running) if self.running else (self,)


def parameter(name: str, symbol: str, origin: str, shape: str = UNIT, when: str = "") -> Quantity:
    """A number that is learnt, of each unit or (shape LAYER) of each layer: an attribute of the class, and in each snapshot."""
    return Quantity(name, symbol, f"{symbol}, not rounded", origin, shape, name, when=when, learns=True)


@dataclass(frozen=True)
class Step:
    """One step of the computation: `part` = `formula`, of z, quantities and steps before it.

    A page writes `symbol` for its result, calls the step `name` and the row of its results `row`.
    """

    part: str
    symbol: str
    name: str
    row: str
    formula: str
    origin: str


@dataclass(frozen=True)
class Script:
    """How an exported script makes the normalizer: Jinja2 templates with the names of bnviz.web.export.script.

    `module` is an expression that can be called for a new one; `definition` a class that it needs, if PyTorch has none.
    """

    module: str
    definition: str = ""


@dataclass(frozen=True)
class NormalizerSpec:
    """One normalizer.

    `key` is its name in links and recordings, `label` names it in a sentence, `name` completes "the network …". `module` is its
    class, "module:Class". `statistics` says over what it averages: the examples of a minibatch, so that ghost batches and running
    statistics mean something to it; the units of each example; or nothing. A page may set it beside the network without a
    normalizer if it is `comparable`. `steps` lead from z to what enters the nonlinearity; none of them: z does. `lead` says what
    is computed, before any formula, `note` what is left out of the formulas, and `evaluation` how it differs in evaluation.
    `noisy`: in training it adds noise.
    """

    key: str
    label: str
    name: str
    colour: str
    module: str
    script: Script | None  # None: no script has it
    statistics: Literal["batch", "example", "none"] = "none"
    comparable: bool = False
    quantities: tuple[Quantity, ...] = ()
    steps: tuple[Step, ...] = ()
    lead: str = ""
    note: str = ""
    evaluation: str = ""
    noisy: bool = False

    def __post_init__(self) -> None:
        parts = {"z", *(quantity.part for quantity in self.quantities)}
        for step in self.steps:
            if missing := set(names(step.formula)) - parts:
                raise ValueError(
                    f"{self.key}: the formula of {step.part} names {', '.join(sorted(missing))}, which it does not have"
                )
            parts.add(step.part)

    @property
    def parameters(self) -> tuple[Quantity, ...]:
        """What is learnt."""
        return tuple(quantity for quantity in self.quantities if quantity.learns)

    @property
    def symbol(self) -> str:
        """How a page writes what enters the nonlinearity."""
        return self.steps[-1].symbol if self.steps else "z"

    def for_browser(self) -> dict[str, Any]:
        """What the browser needs of it: player/types.d.ts calls it Normalizer."""
        texts = {name: _one_line(getattr(self, name)) for name in ("lead", "note", "evaluation")}
        quantities = [_quantity(quantity) for quantity in self.quantities]
        steps = [_step(step) for step in self.steps]
        return {
            "key": self.key,
            "symbol": self.symbol,
            "statistics": self.statistics,
            "quantities": quantities,
            "steps": steps,
            **texts,
        }


def _quantity(quantity: Quantity) -> dict[str, Any]:
    plain = ("part", "symbol", "shape", "decimals_of", "row", "learns", "sources")
    running = quantity.running and {"key": quantity.running.name, "origin": quantity.running.origin}
    own = {"key": quantity.name, "origin": quantity.origin, "running": running}
    return {name: getattr(quantity, name) for name in plain} | own


def _step(step: Step) -> dict[str, Any]:
    plain = ("part", "symbol", "name", "row", "origin")
    return {name: getattr(step, name) for name in plain} | {"formula": tree(step.formula)}


def _one_line(text: str) -> str:
    """A text that is broken into lines in its file."""
    return " ".join(text.split())
