"""A compressed line of a recording: it is passed on without parsing or compressing it again."""

from __future__ import annotations

import zlib
from typing import IO, NamedTuple

from bnviz.record import ndjson

LEVEL = 4  # on recordings half the time of level 6 for 2 % more bytes


class Piece(NamedTuple):
    """A full-flushed deflate block of one line (RFC 1951): pieces in a row are one deflate stream."""

    kind: str  # the message's type
    size: int  # of the line, in bytes
    before: int  # CRC-32 of all lines before it
    after: int  # and of this one, too
    compressed: bytes

    @classmethod
    def of(cls, line: bytes, before: int = 0) -> Piece:
        """The piece of a line that follows lines with the checksum `before`."""
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        compressed = compressor.compress(line) + compressor.flush(zlib.Z_FULL_FLUSH)
        return cls(ndjson.kind(line), len(line), before, zlib.crc32(line, before), compressed)

    @property
    def line(self) -> bytes:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.compressed)

    @property
    def is_end(self) -> bool:
        return self.kind == "end"

    def write(self, output: IO[bytes], key: str) -> None:
        """Write the piece to a pipe, under a key without a space: one line of text, then the block."""
        head = f"{key} {self.kind} {self.size} {self.before} {self.after} {len(self.compressed)}\n"
        output.write(head.encode() + self.compressed)
        output.flush()


def read(pipe: IO[bytes], head: bytes) -> tuple[str, Piece] | None:
    """What `Piece.write` wrote, whose first line is `head`; None if it was cut off."""
    key, kind, *numbers = head.decode().split()
    size, before, after, length = map(int, numbers)
    compressed = pipe.read(length)
    return (key, Piece(kind, size, before, after, compressed)) if len(compressed) == length else None
