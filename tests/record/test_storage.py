"""Where recordings outlive the server: folders and buckets, by address; several servers at once; what happens without room."""

import gzip
import os
import sys
import threading
import time
import uuid

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from bnviz.record import storage
from bnviz.record.rows import FILE, Rows
from bnviz.record.storage import RecordingStorage
from bnviz.record.store import Store
from bnviz.record.version import results_version
from tests.record.test_store import ID, fill, lines_of

IDS = [f"{number:016x}" for number in range(6)]
NAMES = [f"{id}-{results_version()}.ndjson.gz" for id in IDS]


@pytest.fixture(params=["path", "file://", "memory://"])
def address(request, tmp_path):
    return {"path": str(tmp_path / "a"), "file://": f"file://{tmp_path}/a", "memory://": f"memory://{uuid.uuid4()}/a"}[
        request.param
    ]


def remaining_names(files):
    return [name for name in NAMES if files.read(name)]


def test_another_server_finds_what_one_has_kept(address):
    store = Store(address)
    etag = fill(store).etag
    store.flush()
    recording = Store(address).get(ID)
    assert (recording.lines(), recording.etag) == (lines_of(), etag)
    assert Store(address).get("f" * 16) is None


@pytest.mark.parametrize("contents", [b"", b"nonsense", gzip.compress(b"".join(lines_of()))[:-20]])
def test_a_damaged_file_counts_as_absent_and_is_replaced(address, caplog, contents):
    RecordingStorage(address).write(NAMES[0], contents)
    store = Store(address)
    assert store.get(IDS[0]) is None and IDS[0] in caplog.text
    fill(store, IDS[0])
    store.flush()
    assert Store(address).get(IDS[0]).lines() == lines_of(IDS[0])


def test_where_the_room_ends_those_that_were_written_first_go(address):
    files = RecordingStorage(address, size_limit=350)
    for name in NAMES:
        files.write(name, bytes(100))
    assert remaining_names(files) == NAMES[-3:]


def test_what_was_read_lately_stays_and_what_is_not_ours_is_never_touched(tmp_path):
    files = RecordingStorage(tmp_path, size_limit=350)
    (tmp_path / "notes.txt").write_bytes(bytes(1000))
    for second, name in enumerate(NAMES[:3]):
        files.write(name, bytes(100))
        os.utime(tmp_path / name, (second, second))
    assert files.read(NAMES[0])  # used again, so the next one goes
    files.write(NAMES[3], bytes(100))
    assert remaining_names(files) == [NAMES[0], NAMES[2], NAMES[3]] and (tmp_path / "notes.txt").exists()


def test_what_a_killed_server_was_writing_goes_too(tmp_path):
    files, half = RecordingStorage(tmp_path, size_limit=250), tmp_path / f".{NAMES[0]}.x1y2z3"
    half.write_bytes(bytes(100))
    os.utime(half, (0, 0))
    for name in NAMES[1:3]:
        files.write(name, bytes(100))
    assert not half.exists() and remaining_names(files) == NAMES[1:3]


def test_what_another_server_is_writing_stays(tmp_path):
    files, half = RecordingStorage(tmp_path, size_limit=250), tmp_path / f".{NAMES[0]}.x1y2z3"
    half.write_bytes(bytes(100))
    os.utime(half, (time.time() - 10,) * 2)  # older than all others, as on a machine that is slow
    for name in NAMES[1:5]:
        files.write(name, bytes(100))
    assert half.exists() and remaining_names(files) == NAMES[4:5]


def test_what_other_servers_and_earlier_ones_have_kept_takes_room(address):
    earlier, files = RecordingStorage(address, size_limit=10_000), RecordingStorage(address, size_limit=250)
    for name in NAMES[:4]:
        earlier.write(name, bytes(100))
    files.write(NAMES[4], bytes(100))
    assert remaining_names(files) == NAMES[3:5]


def test_what_is_larger_than_all_the_room_is_not_kept_and_costs_nothing_else(address):
    files = RecordingStorage(address, size_limit=250)
    files.write(NAMES[0], bytes(100))
    files.write(NAMES[1], bytes(251))
    assert remaining_names(files) == [NAMES[0]]


def test_two_servers_may_write_read_and_make_room_at_once(address):
    size = len(fill(Store(), snapshots=50).gzip())
    stores, errors = [Store(address, memory_bytes=1, size_limit=4 * size) for _ in range(2)], []

    def serve(store):
        try:
            for _ in range(5):
                for id in IDS:
                    if store.get(id) is None and store.start(id)[1]:
                        store.finish(_filled(store.start(id)[0], id))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=serve, args=[store]) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.flush()
    assert not errors and [store.write_errors + store.read_errors for store in stores] == [0, 0]
    recordings = [one for id in IDS if (one := Store(address).get(id))]
    assert recordings and all(one.lines() == lines_of(one.id, snapshots=50) for one in recordings)


def _filled(recording, id):
    for line in lines_of(id, snapshots=50):
        recording.append(line)
    return recording


@pytest.mark.parametrize("method, counter", [("pipe_file", "write_errors"), ("cat_file", "read_errors")])
def test_a_bucket_that_fails_costs_no_run_and_is_said_once(monkeypatch, caplog, method, counter):
    def refuse(*_, **__):
        raise RuntimeError("AccessDenied")  # clients of buckets have errors of their own

    monkeypatch.setattr(MemoryFileSystem, method, refuse)
    store = Store(f"memory://{uuid.uuid4()}")
    for id in IDS[:3]:
        assert store.get(id) is None
        fill(store, id)
    store.flush()
    assert [store.get(id).lines() for id in IDS[:3]] == [lines_of(id) for id in IDS[:3]]
    assert getattr(store, counter) == 3
    assert [record.getMessage().endswith("AccessDenied") for record in caplog.records] == [True]


@pytest.mark.parametrize(
    "address, message",
    [
        ("nothing://bucket", "Protocol not known: nothing"),
        ("s3://bucket", "Install s3fs to access S3"),
    ],
)
def test_an_address_of_no_use_is_said_and_costs_only_the_keeping(monkeypatch, caplog, address, message):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setenv("BNVIZ_STORE", address)
    store = Store.from_environment()
    fill(store)
    assert store.get(ID) and message in caplog.text and "kept in memory only" in caplog.text


def test_unless_it_is_set_the_users_cache_keeps_recordings_and_rows(monkeypatch, tmp_path):
    monkeypatch.delenv("BNVIZ_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    fill(Store.from_environment())
    Rows.from_environment().close()
    assert len(list((tmp_path / "bnviz" / "recordings").glob(f"{ID}*"))) == 1
    assert (tmp_path / "bnviz" / "recordings" / FILE).exists()


def test_set_to_nothing_nothing_is_kept(monkeypatch):
    monkeypatch.setenv("BNVIZ_STORE", " ")
    assert storage.configured_address() is None and storage.rows_folder() is None and Store.from_environment()._storage is None


@pytest.mark.parametrize(
    "address, folder", [("file:///a/b", "/a/b"), ("/a/b", "/a/b"), ("memory://a", "/cache/bnviz/recordings")]
)
def test_rows_are_in_a_folder_of_this_machine(monkeypatch, address, folder):
    monkeypatch.setenv("BNVIZ_STORE", address)
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert storage.rows_folder() == folder


def test_the_environment_sets_the_room(monkeypatch, tmp_path):
    monkeypatch.setenv("BNVIZ_STORE", str(tmp_path))
    monkeypatch.setenv("BNVIZ_STORE_MB", "0.002")
    store = Store.from_environment()
    for id in IDS:
        fill(store, id)
    assert 0 < len(list(tmp_path.iterdir())) < len(IDS)
