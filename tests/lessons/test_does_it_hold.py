"""The page /does-it-hold in Streamlit's own test harness: which claim, what is said of it, links, and the table of all claims."""

import dataclasses
import re
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from bnviz import engine
from bnviz.config.experiment import FIELDS
from bnviz.data import DATA_SETS
from bnviz.judge.verdict import AGREES, DISAGREES
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.page import BADGES, FIRST, MORE, _judge_shipped, run_on_show
from bnviz.lessons.does_it_hold.sentences import WORDS
from bnviz.record import evidence, ndjson
from bnviz.record.evidence import Evidence
from bnviz.record.store import Recording
from bnviz.web import player
from bnviz.web.words import fill
from tests import ROOT
from tests.lessons.test_does_it_hold_claims import CASES, made_up
from tests.web.settings import settings

DOOR = ROOT / "pages" / "does_it_hold.py"


class Engine:
    """Knows all rows at once, and keeps what it is told to keep."""

    def __init__(self):
        self.plans, self.recordings, self.store = [], {}, self

    def sweep(self, sweep):
        sweep.check_cost()
        self.plans.append(sweep)
        return sweep.id

    def request(self, experiment, visitor=""):
        return experiment.id

    def in_memory(self, id):
        return None

    def recording(self, id):
        request = self.plans[-1]
        key = next(
            key for key, claim in CLAIMS.items() if claim.sweep.points == request.points and claim.sweep.curves == request.curves
        )
        return self.finished(request, CASES[key][DISAGREES])

    @staticmethod
    def finished(sweep, outcome):
        recording = Recording(sweep.id)
        for row in made_up(sweep, outcome):
            recording.append(ndjson.line({"type": "row", "value": sweep.values[row["point"]], **row}))
        recording.append(ndjson.end("finished", "", 1.0))
        return recording

    def get(self, id):
        return self.recordings.get(id)


@pytest.fixture
def lab(monkeypatch, shipped_folder):
    lab = SimpleNamespace(engine=Engine(), payloads=[])
    monkeypatch.setattr(engine, "shared", lambda: lab.engine)
    monkeypatch.setattr(player, "board", lambda **payload: lab.payloads.append(payload))
    return lab


def visit(**parameters):
    page = AppTest.from_file(str(DOOR), default_timeout=60)
    page.query_params.update(parameters)
    page.run()
    assert not page.exception
    return page


def text(page):
    return "\n".join(one.value for one in page.markdown)


def selection(page):
    return page.button_group(key="claim").value


def test_first_visit_shows_the_first_claim_and_what_the_rows_say(lab):
    page, claim = visit(), CLAIMS[FIRST]
    assert selection(page) == FIRST and page.query_params == {} and not page.warning and not page.error
    assert (
        lab.engine.plans == [claim.sweep] and lab.payloads[-1]["run"] == claim.sweep.id and lab.payloads[-1]["state"] == "ended"
    )
    verdict = claim.judge(claim.sweep, made_up(claim.sweep, CASES[FIRST][DISAGREES]))
    limits = fill(claim.limits, **DATA_SETS[claim.sweep.base.dataset].words)
    page_text = text(page)
    assert all(
        part in page_text for part in (claim.says, claim.published, claim.source, verdict.summary, BADGES[DISAGREES], limits)
    )


@pytest.mark.slow
@pytest.mark.parametrize("key", CLAIMS)
def test_every_claim_can_be_linked_to(lab, key):
    page = visit(claim=key)
    assert selection(page) == key and lab.engine.plans == [CLAIMS[key].sweep]
    assert CLAIMS[key].published in text(page) and WORDS["page"]["other_settings"] not in text(page)
    assert page.query_params == ({} if key == FIRST else {"claim": key})
    assert page.select_slider(key="seeds").value == CLAIMS[key].sweep.seeds


def test_a_pill_brings_the_claim_with_its_own_experiment_and_keeps_the_seed(lab):
    page = visit(claim="sigmoid", seed="7", seeds="3", width="32")
    page.button_group(key="claim").set_value("noise").run()
    assert not page.exception
    noise = CLAIMS["noise"].sweep
    assert lab.engine.plans[-1] == dataclasses.replace(noise, base=noise.base.replace(seed=7))
    assert page.query_params == {"claim": "noise", "seed": "7"}
    page.button_group(key="claim").set_value(FIRST).run()
    assert page.query_params == {"seed": "7"} and lab.engine.plans[-1].seeds == CLAIMS[FIRST].sweep.seeds


def test_a_link_to_changes_on_the_way_is_a_sweep_without_them(lab):
    page = visit(changes="200:learning_rate=1", batch_norm_from="100")
    assert not page.warning and lab.engine.plans[-1] == CLAIMS[FIRST].sweep


def test_settings_are_in_the_address_and_the_words_say_that_they_are_not_the_claims_own(lab):
    page = visit(claim="sigmoid", hidden_layers="10", seeds="2")
    sweep = CLAIMS["sigmoid"].sweep
    assert lab.engine.plans[-1] == dataclasses.replace(sweep, base=sweep.base.replace(hidden_layers=10), seeds=2)
    assert WORDS["page"]["other_settings"] in text(page)
    settings(page)["seed"].set_value(5).run()
    assert page.query_params == {"claim": "sigmoid", "hidden_layers": "10", "seeds": "2", "seed": "5"}
    cold = visit(**page.query_params)
    assert lab.engine.plans[-1].base.seed == 5 and selection(cold) == "sigmoid"


def test_the_words_say_whether_seeds_share_their_training_images(lab):
    shared, own = text(visit()), text(visit(bootstrap="yes"))
    assert "the same 1,000 training images" in shared and FIELDS["bootstrap"].label in shared
    assert "its own 1,000 training images" in own and "the same 1,000" not in own
    assert lab.engine.plans[-1].base.bootstrap == "yes"


def test_more_settings_are_offered(lab):
    page = visit(claim="noise")
    offered = settings(page)
    assert offered.keys() == {*MORE, "seeds", "seed"} and offered["hidden_layers"].value == 15


@pytest.mark.parametrize(
    "bad", [{"claim": "nonsense"}, {"claim": ["noise", "sigmoid"]}, {"seeds": "1"}, {"seeds": "many"}, {"bogus": "1"}]
)
def test_what_cannot_be_read_is_named_and_the_default_stands_in(lab, bad):
    page = visit(**bad)
    (name,) = bad
    assert len(page.warning) == 1 and f"`{name} = " in page.warning[0].value
    assert page.query_params == {} and lab.engine.plans[-1] == CLAIMS[FIRST].sweep


def test_too_expensive_is_refused_and_the_claims_own_sweep_is_shown(lab):
    page = visit(claim="small-batches", width="256", seeds="20")
    assert len(page.error) == 1 and "s of computing" in page.error[0].value
    assert lab.engine.plans[-1] == CLAIMS["small-batches"].sweep


def test_the_table_has_the_verdicts_of_sweeps_that_are_there(lab):
    claim = CLAIMS["noise"]
    lab.engine.recordings[claim.sweep.id] = lab.engine.finished(claim.sweep, CASES["noise"][AGREES])
    table = next(one.value for one in visit().markdown if one.value.startswith("| claim"))
    rows = table.splitlines()[2:]
    assert len(rows) == len(CLAIMS) and sum(WORDS["page"]["not_run"] in row for row in rows) == len(CLAIMS) - 1
    (done,) = (row for row in rows if WORDS["page"]["not_run"] not in row)
    assert BADGES[AGREES] in done and "(./does-it-hold?claim=noise)" in done and WORDS["page"]["this_server"] in done
    assert re.search(r"relative to neither: \d\.\d+ times \(\d\.\d+ to \d\.\d+\)", done), "the effect with its interval"


def test_the_table_is_open_at_once(lab):
    page = visit()
    assert not page.expander and any(one.value == "#### All claims" for one in page.markdown)


def test_shipped_rows_are_there_at_once_with_their_origin_and_can_be_computed_anew(lab, monkeypatch):
    claim = CLAIMS["noise"]
    rows = made_up(claim.sweep, CASES["noise"][AGREES])
    runs = {(cell.curve, cell.point, cell.seed): cell.run.id for cell in claim.sweep.cells()}
    evidence.write(claim.sweep, Evidence(
        tuple({**row, "run": runs[row["curve"], row["point"], row["seed"]]} for row in rows),
        {"bnviz": "0.9", "torch": "2.0"}, "a computer", "2026-01-02",
    ))  # fmt: skip
    monkeypatch.setattr("bnviz.lessons.does_it_hold.page._judge_shipped", _judge_shipped.__wrapped__)  # which remembers
    page = visit(claim="noise")
    origin = "Computed on 2 January 2026 with bnviz 0.9 and PyTorch 2.0 on a computer."
    assert lab.engine.plans == [] and BADGES[AGREES] in text(page) and BADGES[DISAGREES] not in text(page)
    assert any(origin in one.value for one in page.caption)
    table = next(one.value for one in page.markdown if one.value.startswith("| claim"))
    assert table.count(WORDS["page"]["not_run"]) == len(CLAIMS) - 1 and "| 2 January 2026, a computer |" in table
    (anew,) = (one for one in page.button if one.label.startswith("Run it here (about "))
    anew.click().run()
    assert lab.engine.plans == [claim.sweep]
    assert BADGES[AGREES] in text(page) and BADGES[DISAGREES] in text(page), "both, one beside the other"


@pytest.mark.parametrize("key", CLAIMS)
def test_the_run_that_plays_is_one_of_the_sweep_s(key):
    sweep = CLAIMS[key].sweep
    [(name, run)] = run_on_show(CLAIMS[key], sweep.base).items()
    assert run in [sweep.base.replace(**dict(point)) for point in sweep.points]
    assert bool(name) == (run != sweep.base)
    assert key != "tiny-rates" or name == "learning rate 0.003"
