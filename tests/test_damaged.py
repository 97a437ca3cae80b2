"""A recording that was damaged: whatever is wrong with it, `bnviz export` says so in one line, or makes a file of it."""

import json
import os
import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bnviz.__main__ import EXPORTS, main
from bnviz.config.experiment import Experiment
from bnviz.engine import worker
from bnviz.web.export.validation import ExportError, check_recording

TRIES = settings(
    max_examples=int(os.environ.get("BNVIZ_TRIES", 40)),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SMALL = {"width": 8, "steps": 6, "dataset": "mnist1d", "train_size": 100, "hidden_layers": 3}
SEVERAL = {  # recordings that hold all kinds of keys
    "plain": {},
    "changed": {"compare": "rms", "changes": "3:compare=dyt;4:batch_size=8", "look_inside": "yes"},
    "diverged": {"activation": "identity", "learning_rate": 10.0, "momentum": 0.9, "steps": 200, "snapshot_every": 50},
    "untrained": {"steps": 0},
    "everything": {"gradient_shift": "yes", "microscope": "yes", "fixed_scales": "yes", "hold_from": 3, "rising": "yes"},
    "numbers": {"dataset": "linear-map", "batch_norm_from": 3},
}


@pytest.fixture(scope="module")
def whole():
    """A recording as a file holds it."""
    return recording_of({})


def recording_of(changes):
    return b"".join(filter(None, worker.record(Experiment(**(SMALL | changes)))))


@pytest.fixture
def exported(tmp_path, capfd):
    """Export bytes as a file with this ending; returns the exit code. What is refused is refused in one line."""

    def export(contents, ending):
        source, out = tmp_path / "given.ndjson", tmp_path / f"x{ending}"
        source.write_bytes(contents)
        out.unlink(missing_ok=True)
        try:
            code = main(["export", str(source), "--out", str(out)])
        except SystemExit as stop:
            code = stop.code
        printed, error = capfd.readouterr()
        assert code in (0, 2) and printed == ""
        assert (error == "" and out.exists()) if code == 0 else (error.count("\n") == 1 and not out.exists()), error
        assert len(error) < 600, error
        return code

    return export


@pytest.mark.slow
@pytest.mark.parametrize("name", SEVERAL)
def test_what_a_worker_records_is_whole(name):
    check_recording(recording_of(SEVERAL[name]))


def mutated(recording, seed):
    """One byte is another one, or a part is gone, doubled or somewhere else, as the seed says."""
    chance = random.Random(seed)
    start = chance.randrange(len(recording))
    length = chance.choice((1, 1, 1, 7, 300, 20_000))
    part, rest = recording[start : start + length], recording[start + length :]
    instead = chance.choice((bytes([chance.randrange(256)]), b"", part * 2, chance.randbytes(3), b"\x00", b"9", b'"', b"\xff"))
    return recording[:start] + instead + rest


@TRIES
@given(seed=st.integers(0, 2**32), ending=st.sampled_from([*EXPORTS]))
def test_any_damage_is_one_line_and_2_or_no_damage_at_all(whole, exported, seed, ending):
    exported(mutated(whole, seed), ending)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**30) | st.floats() | st.text(max_size=5) | st.sampled_from(["\ud800", "1, 3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    """The paths of all values in a JSON value."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def with_value(value, path, other):
    """The JSON value with another one at a place."""
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_value(value[path[0]], path[1:], other)
    return copy


@TRIES
@given(data=st.data(), ending=st.sampled_from([*EXPORTS]))
def test_a_value_of_another_kind_is_one_line_and_2(whole, exported, data, ending):
    lines = whole.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1), "line")
    message = json.loads(lines[number])
    path = data.draw(st.sampled_from([*places(message)]), "place")
    lines[number] = json.dumps(with_value(message, path, data.draw(JSON, "value")), separators=(",", ":")).encode()
    exported(b"\n".join(lines), ending)


@settings(TRIES, max_examples=30)
@given(contents=st.binary(max_size=300))
@example(b'{"type":"header"' + b"[" * 100_000 + b"\n" + b'{"type":"end"}')
@example(b'{"type":"header","experiment":{}}\n{"type":"end","status":["finished"]}')
@example(b'{"type":"header"}\n{"type":"end","status":null}')
@example(b'{"type":"header"}\n{"type":"end","status":"%s"}' % (b"a" * 5000))
@example(b'{"type":"header"}\n{"type":"end"}')
def test_any_bytes_are_one_line_and_2(exported, contents):
    assert exported(contents, ".csv") == 2


def test_a_line_ends_where_it_does_in_a_browser(whole, exported):
    """There a carriage return is white space, so that two lines are one, and the page would never play."""
    assert exported(whole.replace(b"\n", b"\r", 1), ".csv") == 2
    assert exported(whole.replace(b"\n", b"\r", 3), ".csv") == 2
    assert exported(whole.replace(b"\n", b"\r\n"), ".csv") == 0


@pytest.mark.parametrize("key", ["counts", "unit_mean", "gradient_norm", "train_loss"])
def test_an_array_that_lost_a_value_is_named_with_its_line(whole, key):
    """It would make a page that breaks off while it plays."""
    lines = whole.splitlines(keepends=True)
    lines[2] = lines[2].replace(f'"{key}":'.encode(), b'"lost":', 1)
    with pytest.raises(ExportError, match=rf"line 3 is damaged: .*{key}"):
        check_recording(b"".join(lines))
