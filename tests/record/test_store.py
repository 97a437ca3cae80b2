"""Recordings and the store: what is kept, for how long, and what survives accidents."""

import errno
import gzip
import os
import random
import threading
import tracemalloc
import zlib

import pytest

from bnviz.config.experiment import FORMAT
from bnviz.record import ndjson, version
from bnviz.record.store import GZIP_HEADER, Recording, Store, is_id

ID = "0123456789abcdef"
FILE = f"{ID}-{version.results_version()}.ndjson.gz"


def lines_of(id=ID, snapshots=5, status="finished", versions=version.versions()):  # noqa: B008
    noise = random.Random(id)
    middle = [ndjson.line({"type": "snapshot", "index": index, "text": str(noise.random())}) for index in range(snapshots)]
    return [
        ndjson.line({"type": "header", "id": id, "format": FORMAT, "versions": versions}),
        *middle,
        ndjson.end(status, "", 1.0),
    ]


def fill(store, id=ID, **kind):
    recording, new = store.start(id)
    assert new
    for line in lines_of(id, **kind):
        recording.append(line)
    store.finish(recording)
    return recording


def test_lines_come_back_as_they_were_from_any_line_on():
    recording = Recording(ID)
    for line in lines_of():
        assert recording.append(line)
    assert recording.lines() == lines_of()
    assert recording.lines(3) == lines_of()[3:]
    assert recording.lines(2, 4) == lines_of()[2:4]
    assert recording.lines(99) == []
    assert gzip.decompress(recording.gzip()) == b"".join(lines_of())


def test_every_piece_can_be_read_as_soon_as_it_is_there():
    recording, unpack = Recording(ID), zlib.decompressobj(16 + zlib.MAX_WBITS)
    unpack.decompress(GZIP_HEADER)
    for index, line in enumerate(lines_of()):
        recording.append(line)
        assert unpack.decompress(recording.compressed(index)) == line


def test_nothing_follows_the_end():
    recording = Recording(ID)
    recording.append(ndjson.end("stopped", "", 0.0))
    assert not recording.append(b"more\n")
    assert (len(recording), recording.status) == (1, "stopped")


def test_readers_are_woken_until_they_leave():
    recording, wakeups = Recording(ID), []
    with recording.subscribe(lambda: wakeups.append(len(recording))):
        recording.append(b"a\n")
        recording.append(b"b\n")
        assert recording.readers == 1
    recording.append(b"c\n")
    assert wakeups == [1, 2]
    assert recording.readers == 0


def test_readers_in_other_threads_miss_nothing():
    recording, copies = Recording(ID), []

    def read():
        altered = threading.Event()
        with recording.subscribe(altered.set):
            result = []
            while True:
                altered.clear()
                ended = recording.ended
                result += recording.lines(len(result))
                if ended:
                    break
                assert altered.wait(10)
        copies.append(result)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for line in lines_of(snapshots=300):
        recording.append(line)
    for thread in threads:
        thread.join()
    assert copies == [lines_of(snapshots=300)] * 4


def test_the_least_recently_used_go_first():
    ids = [f"{number:016x}" for number in range(4)]
    size = fill(Store(), ids[0], snapshots=50).nbytes
    store = Store(memory_bytes=int(size * 3.5))
    for id in ids[:3]:
        fill(store, id, snapshots=50)
    assert store.get(ids[0])  # used again, so the next one goes
    assert store.nbytes > size * 2.5  # to ask for this is no use
    fill(store, ids[3], snapshots=50)
    assert [store.get(id) is not None for id in ids] == [True, False, True, True]
    assert store.nbytes <= size * 3.5


def test_live_recordings_take_the_room_of_finished_ones():
    size = fill(Store(), ID, snapshots=50).nbytes
    store, others = Store(memory_bytes=int(size * 3.5)), [str(number) * 16 for number in range(3)]
    for id in others:
        fill(store, id, snapshots=50)
    live, _ = store.start(ID)
    store.make_room()
    assert all(map(store.in_memory, others))
    for line in lines_of(snapshots=50)[:-1]:
        live.append(line)
    store.make_room()
    assert [store.in_memory(id) is not None for id in others] == [False, True, True]
    assert store.nbytes <= size * 3.5
    for line in lines_of(snapshots=200)[51:-1]:
        live.append(line)
    store.make_room()
    assert [store.in_memory(id) is not None for id in others] == [False, False, True], (
        "the newest is kept, however small the room"
    )


@pytest.mark.parametrize("memory_bytes", [0, 1, 300])
def test_the_newest_is_kept_however_large(memory_bytes):
    store, other = Store(memory_bytes=memory_bytes), "f" * 16
    fill(store)
    assert store.get(ID)
    fill(store, other)
    assert store.get(other) and not store.get(ID)


@pytest.mark.parametrize("status, is_cached", [("finished", 1), ("diverged", 1), ("stopped", 0), ("failed", 0)])
def test_only_what_ended_well_is_kept(tmp_path, status, is_cached):
    store = Store(tmp_path)
    fill(store, status=status)
    assert (store.get(ID) is not None) == is_cached
    assert len(os.listdir(tmp_path)) == is_cached
    assert store.live() == []


def test_a_live_recording_is_found_and_is_one(tmp_path):
    store = Store(tmp_path)
    recording, new = store.start(ID)
    assert new and store.start(ID) == (recording, False)
    assert store.get(ID) is recording and store.live() == [recording]


def test_the_folder_outlives_the_process(tmp_path):
    etag = fill(Store(tmp_path / "new" / "folder")).etag
    result = Store(tmp_path / "new" / "folder").get(ID)
    assert result.lines() == lines_of()
    assert (result.status, result.etag) == ("finished", etag)
    assert os.listdir(tmp_path / "new" / "folder") == [FILE]
    assert gzip.decompress((tmp_path / "new" / "folder" / FILE).read_bytes()) == b"".join(lines_of())


@pytest.mark.parametrize("module, name, value", [("bnviz", "__version__", "99"), ("bnviz.record.version", "FORMAT", 99)])
def test_another_release_does_not_find_it_and_computes_it_anew(tmp_path, monkeypatch, module, name, value):
    fill(Store(tmp_path))
    monkeypatch.setattr(f"{module}.{name}", value)
    store = Store(tmp_path)
    assert store.get(ID) is None
    header = {"type": "header", "id": ID, "format": version.FORMAT, "versions": version.versions()}
    recording, new = store.start(ID)
    for line in [ndjson.line(header), ndjson.end("finished", "", 1.0)]:
        recording.append(line)
    store.finish(recording)
    assert new and Store(tmp_path).get(ID).lines() == recording.lines() and len(os.listdir(tmp_path)) == 2


def test_another_pytorch_is_another_release(monkeypatch):
    before = version.results_version()
    monkeypatch.setattr(version, "_torch", lambda: "99.0")
    assert version.results_version() != before


@pytest.mark.parametrize("versions", [{}, None, {**version.versions(), "bnviz": "0.1.0"}, {**version.versions(), "torch": "1"}])
def test_a_file_in_its_place_that_another_release_wrote_is_not_served(tmp_path, caplog, versions):
    (tmp_path / FILE).write_bytes(gzip.compress(b"".join(lines_of(versions=versions))))
    assert Store(tmp_path).get(ID) is None and "another release" in caplog.text


def _complete():
    return gzip.compress(b"".join(lines_of()))


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"nonsense",
        _complete()[:-20],
        _complete()[:40] + b"\0\0\0\0" + _complete()[44:],
        gzip.compress(b"".join(lines_of()[:-1])),
        gzip.compress(b"".join(lines_of(status="failed"))),
        gzip.compress(b"".join(lines_of("f" * 16))),
        gzip.compress(b"".join(lines_of() + lines_of())),
        gzip.compress(b"not json\n" + lines_of()[-1]),
    ],
    ids=lambda contents: f"{len(contents)} bytes",  # the contents hold the time
)
def test_a_damaged_file_counts_as_absent(tmp_path, caplog, contents):
    (tmp_path / FILE).write_bytes(contents)
    store = Store(tmp_path)
    assert store.get(ID) is None
    assert ID in caplog.text
    fill(store)  # and is replaced
    assert Store(tmp_path).get(ID).lines() == lines_of()


def test_a_file_that_unpacks_to_far_more_than_a_recording_is_not_unpacked(tmp_path, caplog):
    """200 MB of zeros in 200 kB."""
    (tmp_path / FILE).write_bytes(gzip.compress(bytes(200 << 20)))
    tracemalloc.start()
    assert Store(tmp_path).get(ID) is None and ID in caplog.text
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("function", ["os.replace", "os.fsync", "pathlib.Path.open"])
def test_a_full_disk_breaks_nothing_and_leaves_nothing(tmp_path, monkeypatch, caplog, function):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(function, full)
    store = Store(tmp_path)
    for number in range(3):
        fill(store, f"{number:016x}")
    assert store.get("0" * 16).lines() == lines_of("0" * 16)
    assert store.write_errors == 3
    assert len(caplog.records) == 1
    assert os.listdir(tmp_path) == []


def test_a_slow_disk_keeps_nobody_waiting(tmp_path, monkeypatch):
    store, written, free = Store(tmp_path), [], threading.Event()
    monkeypatch.setattr(store._storage, "write", lambda name, contents: free.wait(30) and written.append(name))
    ended = fill(store)
    assert store.get(ended.id) is ended and not written, "it is at hand before it is written"
    free.set()
    store.flush()
    assert len(written) == 1


def test_a_folder_that_cannot_be_made_breaks_nothing(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = Store(tmp_path / "file" / "folder")
    fill(store)
    assert store.get(ID) and store.write_errors == 1


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "0123456789ABCDEF", ID + "0", ID + "\n", "0123456789abcde/"])
def test_only_ids_touch_a_path(tmp_path, text):
    assert not is_id(text)
    assert Store(tmp_path).get(text) is None


def test_the_environment_sets_the_store_up(tmp_path, monkeypatch):
    monkeypatch.setenv("BNVIZ_STORE", str(tmp_path))
    monkeypatch.setenv("BNVIZ_MEMORY_MB", "0.5")
    fill(Store.from_environment())
    assert len(os.listdir(tmp_path)) == 1
    assert Store.from_environment()._cache.maxsize == 2**19
