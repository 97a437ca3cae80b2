"""Whatever is asked, every route has an answer: no error of ours, no file from elsewhere, no more work than it is worth."""

import os
import string
import time
from urllib.parse import quote, urlencode

import pytest
import streamlit
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from streamlit import App
from streamlit.runtime import Runtime

from bnviz import engine
from bnviz.config.experiment import FIELDS, BadField, Experiment, from_texts
from bnviz.engine import worker
from bnviz.engine.admission import Limits
from bnviz.engine.base import BaseEngine
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.measures.registry import questions
from bnviz.record.store import Store
from bnviz.web import player
from bnviz.web.export.files import FILES
from bnviz.web.export.saved_page import page_of
from bnviz.web.player import messages
from bnviz.web.routes import middleware, routes
from bnviz.web.routes.viewers import viewers
from bnviz.web.site import links, live_edits, stage
from tests import ROOT

TRIES = settings(
    max_examples=int(os.environ.get("BNVIZ_TRIES", 400)),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SECRET = "what no visitor may read"
SECONDS = 5.0  # of processor time, for one answer; the dearest packs Plotly once a process
LARGEST = 8 << 20  # bytes of an answer; the largest are Plotly and a page with a whole run
EXPERIMENT = Experiment(width=8, steps=10, dataset="mnist1d", train_size=100)


class Quick(BaseEngine):
    """An engine whose runs end as soon as they begin."""

    def _dispatch(self, task):
        task.end("stopped", "It is over.")
        task.settle()

    def _preempt(self, task):
        pass

    def _stop_tasks(self, name, message):
        pass

    def _max_stacks(self):
        return 1

    def workers(self):
        return 1, 1


@pytest.fixture(scope="module")
def recorded():
    return [line for line in worker.record(EXPERIMENT) if line]


@pytest.fixture(scope="module")
def client(recorded, tmp_path_factory):
    """The whole app as Streamlit serves it, with one finished run."""
    shared, folder = Quick(Store(), limits=Limits(2, 5)), tmp_path_factory.mktemp("elsewhere")
    recording, _ = shared.store.start(EXPERIMENT.id)
    for line in recorded:
        recording.append(line)
    shared.store.finish(recording)
    (folder / "secret.js").write_text(SECRET, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "shared", lambda: shared)
        patch.setattr(viewers, "closing", False)
        patch.chdir(folder)
        with TestClient(App(ROOT / "bnviz" / "frame.py", routes=routes, middleware=middleware)) as client:
            yield client
        patch.setattr(Runtime, "_instance", None)  # Streamlit has one a process, and other tests want theirs


odd = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    [
        "",
        "0",
        "-1",
        "1e999",
        "NaN",
        "9" * 5000,
        "\0",
        "٣",
        "..",
        "../secret.js",
        "%2e%2e",
        "<script>alert(1)</script>",
        "\r\nX: y",
    ]
)
numbers = (st.integers() | st.floats()).map(str)
names = st.sampled_from(
    [*FIELDS, *links.VIEW, *FILES, "lesson", "gamma", "beta", "panels", "from", "live", "view", "embed", "v", "hide", "lock"]
)
queries = st.lists(st.tuples(names | odd, odd | numbers), max_size=6).map(urlencode)
ids = (
    st.sampled_from([EXPERIMENT.id, "f" * 16, "F" * 16])
    | st.text(string.hexdigits, max_size=20)
    | odd.map(lambda text: quote(text, ""))
)
runs = st.tuples(
    ids,
    st.sampled_from(
        [".ndjson", "/place", "/card.png", "/picture.gif", *(f"/{name}" for name in (*FILES, *questions()))]
        + [f"/{lesson}.html" for lesson in LESSONS]
    )
    | odd.map(lambda text: "/" + quote(text, "")),
).map(lambda parts: "/bnviz/runs/" + "".join(parts))
others = st.sampled_from(
    ["/", "/robots.txt", "/bnviz/healthz", "/bnviz/metrics", "/bnviz/plotly.min.js", "/bnviz/web/player/player.js", "/gamma-beta"]
    + ["/bnviz/files/x/web/player/player.js", "/bnviz/cards/live_shift.png", "/_stcore/health", "/_stcore/host-config"]
) | st.lists(st.sampled_from(["bnviz", "files", "web", "media", "static", "component", "_stcore", "upload_file", "secret.js"])
             | st.sampled_from(["..", "%2e%2e", "..%2f", "%00", "%5c..%5c", "//", "C:"]) | odd.map(lambda text: quote(text, "")),
             max_size=7).map(lambda parts: "/" + "/".join(parts))  # fmt: skip
headers = st.dictionaries(
    st.sampled_from(["accept", "accept-encoding", "range", "if-none-match", "x-forwarded-host", "x-forwarded-proto", "cookie",
                     "if-modified-since", "x-forwarded-for", "sec-fetch-site", "origin", "content-length", "upgrade"]),
    st.text(string.printable.strip() + " ", max_size=40)
    | st.sampled_from(["text/html", "gzip", "*", "bytes=0-1,5-", "bytes=" + "0-1," * 500, "cross-site", "evil", "9" * 400]),
    max_size=4,
)  # fmt: skip


@pytest.mark.slow
@TRIES
@given(
    st.sampled_from(["GET"] * 6 + ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]), runs | others, queries, headers
)
@example("GET", f"/bnviz/runs/{EXPERIMENT.id}/card.png", "step=" + "9" * 4400, {})
def test_every_request_has_an_answer_that_is_no_error_of_ours(client, method, path, query, headers):
    began = time.process_time()
    answer = client.request(method, f"http://testserver{path}?{query}", headers=headers)  # what is raised inside is raised here
    assert answer.status_code < 500 or answer.status_code == 503 and "retry-after" in answer.headers
    assert len(answer.content) <= LARGEST and time.process_time() - began < SECONDS
    assert SECRET not in answer.text and "Traceback" not in answer.text and "root:x:" not in answer.text
    assert "content-security-policy" in answer.headers


@TRIES
@given(st.sampled_from([lesson for lesson in LESSONS if lesson not in SWEEPING]), queries)
def test_a_link_says_what_it_cannot_be_read_as_and_gives_an_experiment_nevertheless(lesson, query):
    parameters = {}
    for name, value in (pair.split("=", 1) for pair in query.split("&") if pair):
        parameters.setdefault(name, []).append(value)
    link = links.parse(parameters, page_of(lesson).default, cards=3)
    assert from_texts(links.parameters(link.experiment, {}, Experiment()))[0] == link.experiment  # it can be written and read
    assert all(len(problem.value) <= 40 for problem in link.problems)


@pytest.mark.parametrize("lesson", LESSONS)
def test_nothing_of_a_link_gets_into_the_page_unescaped(client, lesson):
    hostile = '"><script>alert(1)</script>'
    query = urlencode(dict.fromkeys((*FIELDS, *links.VIEW), hostile))
    page = client.get(f"/{address(lesson)}?{query}", headers={"accept": "text/html", "x-forwarded-host": 'evil.example/"><x'})
    assert page.status_code == 200 and "alert(1)" not in page.text and "evil.example" not in page.text


def test_nothing_can_be_handed_over(client):
    """Streamlit would take files for whoever has a page open, and keep them in memory."""
    for path in ("/_stcore/upload_file/session/file", "/_stcore/agent/interact", "/"):
        for method in ("PUT", "POST", "PATCH", "DELETE"):
            assert client.request(method, path, content=b"x" * 1000).status_code == 405, (method, path)


def _nested(some):
    return st.lists(some, max_size=3) | st.dictionaries(odd, some, max_size=3)


payloads = st.recursive(st.none() | st.booleans() | numbers | st.integers() | st.floats() | odd, _nested, max_leaves=6)
ORDERS = ["start", "set", "remove", "move", "from_start", "scales", "experiment"]
PARTS = {"step": payloads, "name": names | payloads, "value": payloads, "to": payloads}
edits = st.dictionaries(st.sampled_from(["do", "run", "values", *PARTS]) | odd, payloads) | st.fixed_dictionaries(
    {"do": st.sampled_from(ORDERS), "values": st.dictionaries(names, payloads, max_size=3) | payloads, **PARTS}
)


@TRIES
@given(edits)
def test_whatever_a_player_asks_for_is_an_experiment_or_a_clear_refusal(edit):
    try:
        assert isinstance(live_edits.apply(Experiment(changes="5:batch_size=8"), edit), Experiment)
    except BadField as bad:
        assert bad.reason and len(bad.value) <= 40


@TRIES
@given(st.dictionaries(st.sampled_from(["cursor", "hand", "edit", "assets", "stop", "skip"]), payloads) | payloads)
def test_what_no_player_says_is_not_heard(state):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streamlit, "session_state", {messages.component_key("live_shift"): state})
        accepted = player.state("live_shift")
        assert stage.edit_step("live_shift") == int((accepted.get("hand") or {"step": 0})["step"])
    for name, keys in {"cursor": ("run", "from"), "hand": ("step",), "edit": ("run", "do")}.items():
        assert all(key in accepted[name] for key in keys if accepted.get(name) is not None)
