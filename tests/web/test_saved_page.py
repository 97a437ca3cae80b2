"""A page that was saved as a file holds the whole recording, and says what made it."""

import base64
import gzip
import json
import re
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.config.experiment import Experiment, to_texts
from bnviz.engine import worker
from bnviz.record import ndjson
from bnviz.web.export.comparison import KINDS, comparable
from bnviz.web.export.saved_page import PLAYING, page_of, saved_page, split_arrays
from bnviz.web.export.validation import InvalidRecording, validated_header
from bnviz.web.site import links
from tests import ROOT

SMALL = {"width": 8, "steps": 20, "snapshot_every": 10, "dataset": "mnist1d", "train_size": 100}
LIVE = "https://example.org/app/?a=1&b=<2>"


def recorded(experiment):
    return b"".join(line for line in worker.record(experiment) if line)


@pytest.fixture(scope="module")
def recording():
    return recorded(Experiment(**SMALL, changes="10:learning_rate=1"))


@pytest.fixture(scope="module")
def page(recording):
    return saved_page("live_shift", recording, LIVE).decode()


def part(page, id):
    """What a script element of the page holds, unpacked."""
    return gzip.decompress(base64.b64decode(re.search(rf'id="{id}">([^<]*)<', page)[1]))


def put_together(lines, arrays):
    """An independent reading: each array's bytes in its place."""
    content, rest = b"", lines
    while match := re.search(rb'"bdata":(\d+)', rest):
        size = int(match[1])
        content += rest[: match.start()] + b'"bdata":"' + base64.b64encode(arrays[:size]) + b'"'
        rest, arrays = rest[match.end() :], arrays[size:]
    assert not arrays
    return content + rest


def test_the_recording_in_it_is_the_recording_to_the_byte(page, recording):
    assert put_together(part(page, "lines"), part(page, "arrays")) == recording


@given(st.lists(st.binary(max_size=50)))
def test_arrays_of_any_size_are_set_apart(arrays):
    lines = b"".join(ndjson.line({"type": "snapshot", "bdata": base64.b64encode(array).decode()}) for array in arrays)
    assert put_together(*split_arrays(lines)) == lines


PLACE = {"step": "10", "layer": "1", "unit": "3", "tap": "linear", "charts": "all", "time": "epochs"}


@pytest.fixture(scope="module")
def compared():
    """A page that was saved while another run was on show beside its own."""
    experiment = Experiment(**SMALL)
    address = f"https://example.org/?{urlencode({**to_texts(experiment, page_of('live_shift').default), **PLACE})}"
    other = experiment.replace(batch_size=8)
    recordings = recorded(experiment), recorded(other)
    page = saved_page("live_shift", recordings[0], address, recordings[1]).decode()
    return json.loads(part(page, "files"))["data"], *recordings


def test_it_opens_at_what_was_on_show(compared):
    data, recording, other = compared
    assert data["view"] | {"unit": 3} == links.VIEW | PLACE | {"step": 10, "layer": 1, "unit": 3, "motion": "distribution"}
    assert data["beside"] | {"stream": ""} == {
        "run": json.loads(other.splitlines()[0])["id"], "label": "Batch size 8", "own": "Batch size 64", "epochs": 1.6,
        "examples": 100, "query": "", "stream": "",
    }  # fmt: skip
    elsewhere = "https://example.org/?seed=77&step=10&layer=1"
    assert json.loads(part(saved_page("live_shift", recording, elsewhere).decode(), "files"))["data"]["view"]["step"] is None


def test_of_the_run_beside_it_holds_what_lines_are_drawn_from(compared):
    _, _, other = compared
    panels = page_of("live_shift").panels(Experiment(**SMALL))
    kept = comparable(other, panels)
    assert [kept.splitlines()[place] for place in (0, -1)] == [other.splitlines()[place] for place in (0, -1)]
    whole, reduced = (list(ndjson.read(one.splitlines())) for one in (other, kept))
    for before, after in zip(whole[1:-1], reduced[1:-1], strict=True):
        before, after = before["arms"]["none"], after["arms"]["none"]
        assert {"unit_mean", "shift_from_first", "train_loss", "test_accuracy"} <= after.keys()
        assert not {"counts", "unit_counts"} & after.keys()
        np.testing.assert_equal({key: before[key] for key in after}, after)


def test_the_same_feeds_are_compared_as_in_the_player():
    script = (ROOT / "bnviz/web/player/comparison-run.js").read_text(encoding="utf-8")
    assert json.loads(re.search(r"const KINDS = new Set\((\[.*?\])\)", script)[1]) == list(KINDS)


def test_it_asks_nobody_for_anything(page):
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses == ["data:,", LIVE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")]


@pytest.mark.slow
def test_it_is_small_enough_to_be_sent():
    """The default experiment's is the largest that people save often."""
    assert len(saved_page("live_shift", recorded(Experiment()))) <= 6.5e6


def test_it_says_what_made_it(page, recording):
    header = json.loads(recording.splitlines()[0])
    assert header["id"] in page and header["versions"]["torch"] in page
    assert "<td>mnist1d</td>" in page or "<td>MNIST-1D</td>" in page


@pytest.mark.parametrize("lesson", PLAYING)
def test_every_lesson_that_plays_a_run_can_be_saved(lesson):
    default = page_of(lesson).default
    page = saved_page(lesson, recorded(default.replace(width=8, steps=4, changes="", hold_from=0))).decode()
    files = json.loads(part(page, "files"))
    assert files["data"]["story"] == lesson and files["data"]["alone"]
    assert {"web/player/player.js", f"lessons/{lesson}/story.js"} <= dict(files["modules"]).keys()
    assert not re.search(r"\{[a-z_]+\}", re.sub(r"(?s)<(script|style).*?</\1>", "", page)), "a word was left open"


@pytest.mark.parametrize("lesson", ["does_it_hold", "nowhere"])
def test_other_pages_play_no_run(lesson, recording):
    with pytest.raises(KeyError):
        saved_page(lesson, recording)


def without(recording, line):
    lines = recording.splitlines(keepends=True)
    del lines[line]
    return b"".join(lines)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda recording: b"", "no whole recording"),
        (lambda recording: without(recording, 0), "no whole recording"),
        (lambda recording: without(recording, -1), "no whole recording"),
        (lambda recording: without(recording, -1) + ndjson.end("stopped", "", 1.0), "stopped"),
        (lambda recording: recording.replace(b'"width":8', b'"width":9'), "another release"),
        (lambda recording: recording.replace(b'"experiment"', b'"other"'), "another release"),
        (lambda recording: recording.replace(b'"torch"', b'"other"'), "another release"),
    ],
)
def test_what_is_no_whole_recording_is_refused(recording, spoil, reason):
    with pytest.raises(InvalidRecording, match=reason):
        validated_header(spoil(recording))
