"""arithmetic.js: a unit's numbers as NumPy computes them from the recording, and its sentences."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from bnviz.config.arms import COMPARED
from bnviz.config.experiment import Experiment
from bnviz.lessons.live_shift.page import PAGE
from bnviz.record import ndjson
from bnviz.train import loop
from bnviz.web.player import messages
from bnviz.web.site import links
from tests.arithmetic import derived

FILE, WORDS = "web/player/arithmetic.js", "web/player/arithmetic-words.js"
SMALL = {"dataset": "mnist1d", "steps": 10, "width": 20, "batch_size": 16, "snapshot_every": 2, "hidden_layers": 3}
RUNS = {
    **{name: {"compare": name} for name in COMPARED},
    "ghosts": {"ghost_batch_size": 5},
    **{activation: {"activation": activation} for activation in ("tanh", "sigmoid", "identity")},
}
CASES = {name: Experiment(**{**SMALL, **changes}) for name, changes in RUNS.items()}
LAYER, UNIT, PLACE = 2, 5, 3
MALFORMED = re.compile(r"undefined|NaN|Infinity|\bnull\b|\[object|\{\w+\}|  ")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A function: the file of a case's recording, and its snapshots; each trained once."""
    torch.set_num_threads(1)
    folder, records = tmp_path_factory.mktemp("recordings"), {}

    def record(name):
        if name not in records:
            messages = [loop.header(CASES[name]), *filter(None, loop.train(CASES[name]))]
            lines = [ndjson.line(message) for message in messages]
            (folder / name).write_bytes(b"".join(lines) + ndjson.end("finished", "", 1.0))
            records[name] = str(folder / name), list(ndjson.read(lines))[1:]
        return records[name]

    return record


@pytest.fixture
def look(desk, recorded):
    """Look at a unit of a case; gives the snapshot on show and its arithmetic in JavaScript."""

    def at(name, unit=UNIT, change=None):
        path, snapshots = recorded(name) if change is None else change(*recorded(name))
        data = messages.player_data(CASES[name].id, CASES[name], PAGE.panels(CASES[name]), links.VIEW, "live_shift", None)
        choice = {"layer": LAYER, "tap": "activation", "unit": unit, "target": 0.5}
        desk.ask("look", recording=path, story="live_shift", data=data, choice=choice, place=PLACE)
        snapshot = snapshots[PLACE] | {"activation": CASES[name].activation}
        return snapshot, desk.ask("ofView", file=FILE, name="arithmeticOf", args=["view"])

    return at


def by_hand(snapshot, arm, running=False):
    """Parts of the chosen unit, each [examples], from what is recorded of an arm."""
    recorded = snapshot["arms"][arm]
    parts = derived(recorded["unit_examples"], recorded["normalizer"], snapshot["activation"], running)
    return {name: values[LAYER - 1, UNIT] for name, values in parts.items()}


def same(numbers, expected):
    assert set(numbers["parts"]) == set(expected)
    for key, values in expected.items():
        assert numbers["parts"][key] == pytest.approx(values, rel=1e-6, abs=1e-9), key


@pytest.mark.parametrize("name", CASES)
def test_a_units_numbers_are_numpys(look, name):
    experiment = CASES[name]
    snapshot, arithmetic = look(name)
    compared = snapshot["arms"][experiment.compare]["unit_examples"]
    same(arithmetic["training"], by_hand(snapshot, experiment.compare))
    same(arithmetic["plain"], by_hand(snapshot, "none"))
    assert arithmetic["count"] == compared["z"].shape[-1] == min(8, -(-experiment.batch // experiment.groups))
    assert arithmetic["training"]["together"] == compared.get("together", 0)
    if "running_mean" in compared:
        same(arithmetic["evaluation"], by_hand(snapshot, experiment.compare, running=True))
    else:
        assert arithmetic["evaluation"] is None


def test_group_norm_takes_the_part_of_the_layer_that_holds_the_unit(look):
    """Of width 20, four units are normalized together, so that unit 5 lies in the second part."""
    snapshot, arithmetic = look("group")
    first, second = snapshot["arms"]["group"]["unit_examples"]["example_mean"][LAYER - 1]
    assert arithmetic["training"]["parts"]["mean"] == pytest.approx(second) and not np.allclose(first, second)


def test_all_units_together_or_an_old_recording_have_no_numbers(desk, look, tmp_path):
    assert look("batch", unit="pooled")[1] is None
    assert look("batch", change=lambda path, snapshots: (edited(path, tmp_path, "unit_examples"), snapshots))[1] is None


def edited(path, folder, *removed, **more):
    """A copy of a recording whose compared arm lacks some keys and has others."""
    header, *rest = ndjson.read(Path(path).read_bytes().splitlines())
    for snapshot in rest[:-1]:
        part = snapshot["arms"]["batch"]
        snapshot["arms"]["batch"] = {key: value for key, value in part.items() if key not in removed} | more
    copy = folder / "edited.ndjson"
    copy.write_bytes(b"".join(map(ndjson.line, [header, *rest])))
    return str(copy)


def test_where_nothing_is_normalized_z_goes_into_the_nonlinearity(desk, look, tmp_path):
    _, arithmetic = look("batch", change=lambda path, snapshots: (edited(path, tmp_path, normalizer="none"), snapshots))
    assert arithmetic["training"]["normalizer"]["key"] == "none" and arithmetic["evaluation"] is None
    assert arithmetic["training"]["parts"]["a"] == [max(0, z) for z in arithmetic["training"]["parts"]["z"]]
    assert "At this step batch norm is off" in desk.ask("ofView", file=WORDS, name="lead", args=["view", arithmetic, "text"])


def test_an_unknown_normalizer_is_named(desk, look, tmp_path):
    _, arithmetic = look("batch", change=lambda path, snapshots: (edited(path, tmp_path, normalizer="magic"), snapshots))
    assert arithmetic is None and desk.ask("ofView", file=FILE, name="unknownNormalizer", args=["view"]) == "magic"


@pytest.mark.parametrize("name", CASES)
def test_every_number_says_where_it_comes_from(desk, look, name):
    """And names all the numbers that it is computed from, as they are written."""
    _, arithmetic = look(name)
    assert not MALFORMED.search(desk.ask("ofView", file=WORDS, name="lead", args=["view", arithmetic, "text"]))
    for side in filter(arithmetic.get, ("training", "evaluation", "plain")):
        for part in arithmetic[side]["parts"]:
            place = {"part": part, "side": side, "example": 1}
            sentence = desk.ask("ofView", file=WORDS, name="origin", args=[place, arithmetic, CASES[name].activation, "text"])
            assert not MALFORMED.search(sentence), sentence
            own = {part} if part != "epsilon" else set()
            used = set(desk.call(FILE, "sources", part, arithmetic[side], side == "evaluation")) - {"epsilon"}
            used -= {"z"} if part in ("mean", "variance") else set()
            for one in own | used:
                assert desk.call(WORDS, "numberOf", arithmetic[side], one, 1) in sentence, (part, one, sentence)


def test_what_is_no_finite_number_is_said_to_be_none(desk, look):
    _, arithmetic = look("batch")
    arithmetic["plain"]["parts"]["z"][1] = math.inf
    args = [{"part": "z", "side": "plain", "example": 1}, arithmetic, "relu", "text"]
    assert desk.ask("ofView", file=WORDS, name="origin", args=args).startswith("A dash marks")


def test_sources_are_what_the_formulas_name(desk, look):
    def of(part, numbers, running=False):
        return desk.call(FILE, "sources", part, numbers, running)

    batch, rms, layer = (look(name)[1] for name in ("batch", "rms", "layer"))
    assert of("hat", batch["training"]) == ["z", "mean", "variance", "epsilon"]
    assert of("hat", rms["training"]) == ["z", "square", "epsilon"]
    assert (of("y", batch["training"]), of("y", rms["training"])) == (["gamma", "hat", "beta"], ["gamma", "hat"])
    assert (of("a", batch["training"]), of("a", batch["plain"])) == (["y"], ["z"])
    assert of("mean", batch["training"]) == ["z"] and of("variance", batch["training"]) == ["z", "mean"]
    assert of("mean", layer["training"]) == of("mean", batch["evaluation"], True) == []


@pytest.mark.parametrize(
    "values, places", [([0.5, 3.14], 2), ([0.012], 4), ([123.4], 1), ([1234.5], 0), ([0, 0], 2), ([math.nan, 0.2], 2), ([], 2)]
)
def test_a_row_has_two_decimals_or_three_digits(desk, values, places):
    assert desk.call(FILE, "decimals", values) == places


@pytest.mark.parametrize(
    "value, places, text",
    [
        (1.234, 2, "1.23"),
        (-0.5, 2, "−0.50"),
        (-0.001, 2, "0.00"),
        (math.inf, 2, "—"),
        (123456.0, 0, "123456"),
        (-1234567.0, 0, "−1.2 · 10⁶"),
        (-2e9, 0, "−2.0 · 10⁹"),
    ],
)
def test_numbers_have_a_true_minus_sign_and_no_negative_zero(desk, value, places, text):
    assert desk.call(FILE, "formatNumber", value, places) == text
