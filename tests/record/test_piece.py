"""Lines that are compressed where they are made, and what becomes of them on their way."""

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.record import ndjson, piece
from bnviz.record.piece import Piece
from bnviz.record.store import Recording

HEADER, SNAPSHOT = ndjson.line({"type": "header", "id": "a"}), ndjson.line({"type": "snapshot", "index": 0})
LINES = [HEADER, SNAPSHOT, ndjson.end("finished", "", 1.0)]


def chain(lines):
    """The pieces of lines in a row."""
    pieces, checksum = [], 0
    for line in lines:
        pieces.append(Piece.of(line, checksum))
        checksum = pieces[-1].after
    return pieces


@given(st.lists(st.binary(max_size=2000), min_size=1))
def test_pieces_in_a_row_are_one_deflate_stream_whose_checksum_the_last_one_knows(lines):
    pieces = chain(lines)
    assert [made.line for made in pieces] == lines
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    assert unpack.decompress(b"".join(made.compressed for made in pieces)) == b"".join(lines)
    assert pieces[-1].after == zlib.crc32(b"".join(lines))


def test_a_piece_knows_the_kind_of_its_message():
    assert [made.kind for made in chain(LINES)] == ["header", "snapshot", "end"]
    assert [made.is_end for made in chain(LINES)] == [False, False, True]


def test_a_recording_of_pieces_is_the_recording_of_their_lines():
    one, other = Recording("a"), Recording("a")
    for line, made in zip(LINES, chain(LINES), strict=True):
        assert one.append(line) and other.add(made)
    assert one.gzip() == other.gzip() and one.etag == other.etag and other.status == "finished"
    assert gzip.decompress(other.gzip()) == b"".join(LINES)


def test_a_piece_of_another_attempt_does_not_spoil_the_file():
    made = Recording("a")
    made.append(LINES[0])
    made.add(Piece.of(LINES[1], before=12345))
    made.add(Piece.of(LINES[2], before=67890))
    assert gzip.decompress(made.gzip()) == b"".join(LINES)


def through_a_pipe(contents):
    pipe = io.BytesIO(contents)
    return [piece.read(pipe, head) for head in iter(pipe.readline, b"")]


def written():
    pipe = io.BytesIO()
    for number, made in enumerate(chain(LINES)):
        made.write(pipe, f"key.{number}")
    return pipe.getvalue()


def test_pieces_pass_through_a_pipe():
    assert through_a_pipe(written()) == [(f"key.{number}", made) for number, made in enumerate(chain(LINES))]


@pytest.mark.parametrize("cut", [1, 5])
def test_a_piece_that_was_cut_off_does_not_count(cut):
    assert through_a_pipe(written()[:-cut])[-1] is None
