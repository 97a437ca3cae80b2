"""The board in Streamlit's own test harness: progress, stop and resume, visitors that share a sweep, and what goes wrong."""

import json
import sys
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from bnviz import engine
from bnviz.config.experiment import Experiment, Field
from bnviz.config.sweep import Sweep, changes, sweep_over
from bnviz.record import evidence, ndjson
from bnviz.record.evidence import Evidence
from bnviz.record.store import Recording
from bnviz.web import player
from bnviz.web.site import board, links, watch, widgets

BASE = Experiment(dataset="mnist1d", train_size=100, batch_size=16, steps=20)
SWEEP = sweep_over(BASE, "ghost_batch_size", [4, 8], seeds=2)  # 6 runs in 8 places
OTHER = sweep_over(BASE.replace(seed=5), "ghost_batch_size", [4, 8], seeds=2)
DEAR = sweep_over(
    BASE.replace(dataset="fashion", train_size=5000, batch_size=512, steps=5000), "ghost_batch_size", [4, 8], seeds=20
)


class Engine:
    """A stand-in that computes a row when it is told to, and knows rows as the real one does."""

    def __init__(self):
        self.live, self.run_cache, self.requested_ids, self.stopped = {}, {}, [], []

    def sweep(self, sweep):
        sweep.check_cost()
        self.requested_ids.append(sweep.id)
        if sweep.id not in self.live:
            self.live[sweep.id] = Recording(sweep.id)
            self.say(sweep, type="header")
            for cell in sweep.cells():
                if cell.run.id in self.run_cache:
                    self.write(sweep, cell)
        return sweep.id

    def recording(self, id):
        return self.live[id]

    def say(self, sweep, **message):
        self.live[sweep.id].append(ndjson.line(message))

    def write(self, sweep, cell):
        place = {"curve": cell.curve, "point": cell.point, "value": sweep.values[cell.point], "seed": cell.run.experiment.seed}
        self.say(sweep, type="row", run=cell.run.id, **place)

    def compute(self, sweep, runs):
        """Finish so many more runs."""
        missing = [run for run in sweep.runs() if run.id not in self.run_cache][:runs]
        for run in missing:
            self.run_cache[run.id] = True
            for cell in sweep.cells():
                if cell.run == run:
                    self.write(sweep, cell)

    def end(self, id, status, message=""):
        self.live.pop(id).append(ndjson.end(status, message, 1.0))

    def stop(self, id):
        self.stopped.append(id)
        self.end(id, "stopped", "The sweep was stopped.")


@pytest.fixture
def lab(monkeypatch, shipped_folder):
    """The engine, what was mounted (`payloads`), at which pace the fragment ran (`ticks`), and a function that opens a page."""
    stage = SimpleNamespace(engine=Engine(), payloads=[], ticks=[], plan=SWEEP, default=None, key="board")
    monkeypatch.setattr(engine, "shared", lambda: stage.engine)
    monkeypatch.setattr(player, "board", lambda **payload: stage.payloads.append(payload))

    def fragment(draw, run_every=None):
        stage.ticks.append(run_every)
        return draw

    monkeypatch.setattr(board.st, "fragment", fragment)
    monkeypatch.setattr(watch, "audience", watch.Audience())  # or the visitors of other tests would count
    monkeypatch.setitem(sys.modules, "stage", stage)

    def script():
        import stage

        from bnviz.web.site import board

        board.show(
            stage.plan,
            lambda sweep, rows: [{"id": f"{len(rows)} rows"}],
            lambda sweep, rows: f"{len(rows)} rows, axis {sweep.axis}",
            stage.default,
            stage.key,
        )

    def open():
        page = AppTest.from_function(script, default_timeout=60).run()
        assert not page.exception
        return page

    stage.open = open
    yield stage


def last(stage):
    payload = stage.payloads[-1]
    assert payload["panels"] == [{"id": f"{payload['rows']} rows"}]
    return payload["run"], payload["state"], payload["rows"]


def page_texts(page):
    """Text of the progress bar, and the buttons."""
    (bar,) = page.get("progress")
    return bar.proto.text, bar.proto.value, [button.label for button in page.button]


def press(page, label):
    (button,) = [button for button in page.button if button.label == label]
    button.click().run()
    assert not page.exception


def test_rows_fill_in_and_the_fragment_ticks_until_the_end(lab):
    page = lab.open()
    assert last(lab) == (SWEEP.id, "playing", 0) and page_texts(page) == ("0 of 6 runs", 0, ["Stop"])
    assert page.markdown[0].value == "0 rows, axis ghost_batch_size"
    lab.engine.compute(SWEEP, 3)
    page.run()
    assert last(lab) == (SWEEP.id, "playing", 5)  # the nets without batch norm know no ghost batches: each fills two places
    assert page_texts(page) == ("3 of 6 runs", 50, ["Stop"])
    lab.engine.compute(SWEEP, 3)
    lab.engine.end(SWEEP.id, "finished")
    assert set(lab.ticks) == {board.TICK_SECONDS}
    page.run()  # sees the end, and asks for a run of the page that ticks no more
    assert lab.ticks[-1] is None
    assert last(lab) == (SWEEP.id, "ended", 8) and page_texts(page) == ("All 6 runs have finished.", 100, [])
    assert lab.engine.requested_ids == [SWEEP.id] and not lab.engine.stopped


def ship(sweep):
    rows = tuple({"type": "row", "run": run.id, "seed": run.experiment.seed} for run in sweep.runs())
    evidence.write(sweep, Evidence(rows, {"bnviz": "0.9", "torch": "2.0"}, "a computer", "2026-01-02"))


def anew(sweep):
    return f"Run it here (about {board.duration(sweep.seconds())})"


def labels(page):
    return [button.label for button in page.button]


def test_shipped_rows_are_all_there_at_once_and_nothing_is_computed(lab):
    ship(SWEEP)
    page = lab.open()
    assert last(lab) == (SWEEP.id, "ended", 8) and lab.engine.requested_ids == [] and lab.ticks == [None]
    assert labels(page) == [anew(SWEEP)] and page.caption[0].value.startswith("All 6 runs have finished. Computed on 2 Jan")


def test_shipped_rows_can_be_computed_anew_beside_what_they_say_and_come_back(lab):
    ship(SWEEP)
    page = lab.open()
    press(page, anew(SWEEP))
    assert last(lab) == (SWEEP.id, "playing", 0)
    assert page_texts(page) == ("0 of 6 runs", 0, ["Stop", "Show the runs that come with bnviz"])
    lab.engine.compute(SWEEP, 3)
    page.run()
    assert [one.value.split(",")[0] for one in page.markdown] == ["8 rows", "5 rows"]
    assert [one.value for one in page.caption] == [
        "Runs that come with bnviz", "Computed on 2 January 2026 with bnviz 0.9 and PyTorch 2.0 on a computer.", "Computed here"
    ]  # fmt: skip
    press(page, "Show the runs that come with bnviz")
    assert last(lab) == (SWEEP.id, "ended", 8) and lab.engine.stopped == [SWEEP.id] and labels(page) == [anew(SWEEP)]


def test_shipped_rows_stay_if_computing_them_is_refused(lab, monkeypatch):
    ship(DEAR)
    lab.plan = DEAR
    page = lab.open()
    before = last(lab)
    press(page, anew(DEAR))
    assert len(page.error) == 1 and last(lab) == before and before[1] == "ended" and labels(page) == [anew(DEAR)]
    page.run()
    assert not page.error


def test_the_time_left_is_estimated_from_the_time_taken(lab, monkeypatch):
    page = lab.open()
    lab.engine.compute(SWEEP, 2)
    lab.engine.say(SWEEP, type="progress", share=0.25, seconds=4.0)
    page.run()
    assert page_texts(page)[0] == "2 of 6 runs, about 12 s left"
    now = watch.time.monotonic()
    monkeypatch.setattr(watch.time, "monotonic", lambda: now + 5)
    page.run()
    assert page_texts(page)[0] == "2 of 6 runs, about 7 s left"


def test_a_duration_has_the_unit_that_it_deserves():
    assert [board.duration(one) for one in (0.0, 1.4, 99.0, 100.0, 620.0)] == ["1 s", "1 s", "99 s", "2 min", "10 min"]


def test_stop_keeps_rows_and_resume_goes_on(lab):
    page = lab.open()
    lab.engine.compute(SWEEP, 2)
    press(page, "Stop")
    before = last(lab)
    assert before == (SWEEP.id, "paused", 4) and lab.engine.stopped == [SWEEP.id]
    assert page_texts(page) == ("2 of 6 runs, stopped", 33, ["Resume"]) and lab.ticks[-1] is None
    page.run()
    assert last(lab) == before, "nobody asks for it again by just looking"
    assert lab.engine.requested_ids == [SWEEP.id]
    lab.engine.run_cache.clear()  # even should the engine have forgotten, the page has not
    press(page, "Resume")
    assert last(lab) == (SWEEP.id, "playing", 4) and lab.ticks[-1] == board.TICK_SECONDS
    lab.engine.compute(SWEEP, 6)
    lab.engine.end(SWEEP.id, "finished")
    page.run()
    assert last(lab) == (SWEEP.id, "ended", 8)


def test_who_stops_what_others_watch_has_merely_left(lab, monkeypatch):
    one, two = lab.open(), lab.open()
    press(one, "Stop")
    assert last(lab)[1] == "paused" and not lab.engine.stopped
    lab.engine.compute(SWEEP, 2)
    two.run()
    assert last(lab) == (SWEEP.id, "playing", 4)
    monkeypatch.setattr(watch, "GONE_SECONDS", -1.0)  # and now nobody else has looked lately
    press(two, "Stop")
    assert lab.engine.stopped == [SWEEP.id]
    press(one, "Resume")
    assert last(lab) == (SWEEP.id, "playing", 4)
    two.run()
    assert page_texts(two)[0].endswith("stopped")


def test_a_sweep_that_somebody_else_has_stopped_can_be_resumed(lab):
    page = lab.open()
    lab.engine.compute(SWEEP, 2)
    lab.engine.stop(SWEEP.id)
    page.run()
    assert last(lab) == (SWEEP.id, "paused", 4)
    assert page_texts(page) == ("2 of 6 runs, stopped by another visitor", 33, ["Resume"])
    press(page, "Resume")
    assert last(lab) == (SWEEP.id, "playing", 4)


def test_a_failure_is_named_and_rows_stay(lab):
    page = lab.open()
    lab.engine.compute(SWEEP, 2)
    lab.engine.end(SWEEP.id, "failed", "The worker ended unexpectedly 3 times.")
    page.run()
    assert last(lab) == (SWEEP.id, "failed", 4) and lab.ticks[-1] is None
    assert [error.value for error in page.error] == [
        "Not all runs could be computed: The worker ended unexpectedly 3 times. The others are kept."
    ]
    press(page, "Resume")
    assert last(lab) == (SWEEP.id, "playing", 4) and not page.error


def test_another_engine_is_asked_again(lab):
    page = lab.open()
    lab.engine.compute(SWEEP, 2)
    page.run()
    lab.engine.end(SWEEP.id, "stopped", "The server was stopped.")
    lab.engine = Engine()
    page.run()
    assert last(lab) == (SWEEP.id, "playing", 4) and lab.engine.requested_ids == [SWEEP.id]


def test_another_engine_is_not_asked_for_what_is_there(lab):
    page = lab.open()
    lab.engine.compute(SWEEP, 6)
    lab.engine.end(SWEEP.id, "finished")
    lab.engine = Engine()
    page.run()
    assert last(lab) == (SWEEP.id, "ended", 8) and not lab.engine.requested_ids


def test_another_sweep_ends_the_one_before_unless_others_watch_it(lab):
    page = lab.open()
    lab.plan = OTHER
    page.run()
    assert last(lab) == (OTHER.id, "playing", 0) and lab.engine.stopped == [SWEEP.id]
    second = lab.open()
    lab.plan = SWEEP
    page.run()
    assert last(lab)[0] == SWEEP.id and lab.engine.stopped == [SWEEP.id]
    second.run()
    assert lab.engine.stopped == [SWEEP.id, OTHER.id]


def test_a_sweep_whose_visitors_have_gone_is_stopped_and_goes_on_if_they_return(lab, monkeypatch):
    page, now = lab.open(), watch.time.monotonic()
    lab.engine.compute(SWEEP, 2)
    page.run()
    lab.plan = OTHER
    monkeypatch.setattr(watch.time, "monotonic", lambda: now + watch.NEGLECT_SECONDS - 1)
    lab.open()
    watch.stop_neglected(lab.engine)
    assert not lab.engine.stopped
    monkeypatch.setattr(watch.time, "monotonic", lambda: now + watch.NEGLECT_SECONDS + 1)
    watch.stop_neglected(lab.engine)
    assert lab.engine.stopped == [SWEEP.id], "and not the other one, which was looked at"
    lab.plan = SWEEP
    page.run()
    assert last(lab) == (SWEEP.id, "playing", 4) and lab.engine.requested_ids.count(SWEEP.id) == 2
    press(page, "Stop")
    page.run()
    assert last(lab) == (SWEEP.id, "paused", 4), "what somebody has stopped stays so"


def test_what_is_too_expensive_is_refused_and_the_sweep_before_stays(lab):
    page = lab.open()
    lab.engine.compute(SWEEP, 2)
    lab.plan, lab.default = DEAR, OTHER
    page.run()
    (error,) = page.error
    assert "fewer seeds" in error.value and "previous sweep" in error.value
    assert last(lab) == (SWEEP.id, "playing", 4) and not lab.engine.stopped
    lab.plan = SWEEP
    page.run()
    assert not page.error


@pytest.mark.parametrize(("default", "expected_runs"), [(OTHER, [OTHER.id]), (None, [])])
def test_what_is_too_expensive_at_first_shows_the_default(lab, default, expected_runs):
    lab.plan, lab.default = DEAR, default
    page = lab.open()
    (error,) = page.error
    assert "s of computing" in error.value and ("default sweep" in error.value) == bool(expected_runs)
    assert [payload["run"] for payload in lab.payloads] == expected_runs


def test_what_another_page_has_shown_is_no_stand_in(lab):
    page = lab.open()
    lab.plan, lab.key = DEAR, "another page"
    count = len(lab.payloads)
    page.run()
    assert len(page.error) == 1 and len(lab.payloads) == count and lab.engine.stopped == [SWEEP.id]


def test_every_state_of_a_recording_has_a_state_on_the_page():
    assert set(watch.STATES) == set(ndjson.STATUSES)
    assert set(watch.STATES.values()) == {"ended", "paused", "failed"}


# Links with settings of a page's own

OWN = {
    "seeds": Field("seeds", int, 5, "Seeds", "", low=3, high=10, marks=(3, 5, 10)),
    "claim": Field("claim", str, "one", "Claim", "", choices={"one": "One", "two": "Two"}),
}


@pytest.fixture
def own():
    """A page with settings of its own, which says what it understood."""

    def script():
        import json

        import streamlit as st

        from bnviz.config.experiment import Experiment
        from bnviz.web.site import links, widgets
        from tests.web.test_board import OWN

        if link := links.opened("own", Experiment(), OWN):
            widgets.load(link.experiment, {name: field.default for name, field in OWN.items()} | link.view)
        experiment, values = widgets.experiment(), widgets.own(OWN)
        links.follow(experiment, links.non_default(values, OWN))
        links.write(experiment, Experiment())
        widgets.row(["batch_size", "seeds", "claim"], ["steps"], OWN)
        if problems := links.problems():
            st.warning(problems)
        st.text(json.dumps([experiment.batch_size, values]))

    def visit(**parameters):
        page = AppTest.from_function(script, default_timeout=60)
        page.query_params.update(parameters)
        page.run()
        assert not page.exception
        return page

    return visit


def understood(page):
    size, values = json.loads(page.text[0].value)
    return size, values["seeds"], values["claim"]


def test_own_settings_are_widgets_and_query_parameters(own):
    page = own()
    assert understood(page) == (64, 5, "one") and page.query_params == {}
    page.select_slider(key="seeds").set_value(10).run()
    page.selectbox(key="claim").set_value("two").run()
    page.select_slider(key="batch_size").set_value(8).run()
    assert understood(page) == (8, 10, "two")
    assert page.query_params == {"batch_size": "8", "seeds": "10", "claim": "two"}
    assert understood(own(**page.query_params)) == (8, 10, "two")
    page.select_slider(key="seeds").set_value(5).run()
    assert page.query_params == {"batch_size": "8", "claim": "two"}


BAD = [("seeds", "2"), ("seeds", "11"), ("seeds", "many"), ("seeds", "3.5"), ("seeds", ""), ("claim", "three"), ("claim", "One"),
       ("step", "3"), ("layer", "2"), ("bogus", "1"), ("seeds", ["3", "4"])]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_own_setting_is_named_and_replaced_and_its_neighbours_are_kept(own, name, text):
    good = {key: value for key, value in {"batch_size": "8", "claim": "two"}.items() if key != name}
    page = own(**{name: text}, **good)
    (warning,) = page.warning
    assert warning.value.count(f"`{name} = ") == 1
    assert understood(page) == (8, 5, "one" if name == "claim" else "two") and page.query_params == good
    page.run()
    assert len(page.warning) == 1, "it stays until something is changed"
    page.select_slider(key="seeds").set_value(3).run()
    assert not page.warning


def test_a_value_between_the_marks_is_kept(own):
    page = own(seeds="7")
    assert understood(page)[1] == 7 and not page.warning and page.query_params == {"seeds": "7"}


def test_a_default_in_a_link_is_no_change(own):
    page = own(seeds="5", bogus="1")
    assert page.query_params == {} and len(page.warning) == 1


def test_a_sweep_is_no_parameter_of_pages_that_have_none():
    (problem,) = links.parse({"seeds": ["5"]}, Experiment()).problems
    assert problem.field == "seeds" and problem.reason == "there is no such setting"


def test_the_boards_sweeps_are_what_they_are_taken_for():
    assert isinstance(SWEEP, Sweep) and len(SWEEP.runs()) == 6 and len(SWEEP.cells()) == 8
    assert SWEEP.points == (changes(ghost_batch_size=4), changes(ghost_batch_size=8))
    assert widgets.FIELDS.keys().isdisjoint(OWN)
