"""Rows outlive a stop and a restart; a folder that fails costs nothing but memory."""

from concurrent.futures import ThreadPoolExecutor

import bnviz
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import canonical_run
from bnviz.record.rows import FILE, Rows

RUNS = [canonical_run(Experiment(seed=seed), "batch") for seed in range(3)]


def row(run, **more):
    return {"type": "row", "run": run.id, "test_accuracy": 0.5, "losses": [1.0, None], **more}


def test_what_is_kept_is_found():
    rows = Rows()
    rows.put(row(RUNS[0]))
    rows.put(row(RUNS[1], test_accuracy=0.1))
    rows.put(row(RUNS[1]))  # again: the newest counts
    assert rows.find(RUNS) == {RUNS[0].id: row(RUNS[0]), RUNS[1].id: row(RUNS[1])}


def test_measures_make_other_rows():
    rows = Rows()
    rows.put(row(RUNS[0]), ("landscape",))
    assert rows.find(RUNS) == {} and rows.find(RUNS, ("landscape",)) == {RUNS[0].id: row(RUNS[0])}


def test_rows_outlive_the_server_and_are_shared_between_servers(tmp_path):
    first, second = Rows(tmp_path / "new" / "folder"), Rows(tmp_path / "new" / "folder")
    first.put(row(RUNS[0]))
    assert second.find(RUNS) == {RUNS[0].id: row(RUNS[0])}
    first.close()
    second.close()
    assert Rows(tmp_path / "new" / "folder").find(RUNS) == {RUNS[0].id: row(RUNS[0])}


def test_another_release_has_other_rows(tmp_path, monkeypatch):
    Rows(tmp_path).put(row(RUNS[0]))
    monkeypatch.setattr(bnviz, "__version__", "99")
    assert Rows(tmp_path).find(RUNS) == {}


def test_a_corrupt_file_is_not_used_and_nothing_breaks(tmp_path, caplog):
    (tmp_path / FILE).write_bytes(b"not a table" * 1000)
    rows = Rows(tmp_path)
    rows.put(row(RUNS[0]))
    assert rows.find(RUNS) == {RUNS[0].id: row(RUNS[0])} and "in memory only" in caplog.text
    assert (tmp_path / FILE).read_bytes().startswith(b"not a table")


def test_a_folder_that_cannot_be_made_is_not_used(tmp_path, caplog):
    (tmp_path / "file").write_text("", encoding="utf-8")
    rows = Rows(tmp_path / "file" / "below")
    rows.put(row(RUNS[0]))
    assert len(rows.find(RUNS)) == 1 and "in memory only" in caplog.text


def test_a_disk_that_fills_up_costs_the_folder_and_no_row_that_comes_after(tmp_path, caplog):
    rows = Rows(tmp_path)
    rows._table.execute("pragma max_page_count = 3")
    rows.put(row(RUNS[0], text="x" * 50_000))
    rows.put(row(RUNS[1]))
    assert rows.find(RUNS) == {RUNS[1].id: row(RUNS[1])} and "full" in caplog.text


def test_the_oldest_rows_go_first(monkeypatch):
    monkeypatch.setattr("bnviz.record.rows.MAX_ROWS", 2)
    rows = Rows()
    for run in RUNS:
        rows.put(row(run))
    assert list(rows.find(RUNS)) == [RUNS[1].id, RUNS[2].id]


def test_the_environment_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BNVIZ_STORE", str(tmp_path))
    Rows.from_environment().put(row(RUNS[0]))
    assert (tmp_path / FILE).is_file()


def test_threads_may_share_it(tmp_path):
    rows, runs = Rows(tmp_path), [canonical_run(Experiment(seed=seed), "none") for seed in range(40)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda run: rows.put(row(run)), runs))
    assert len(rows.find(runs)) == 40
