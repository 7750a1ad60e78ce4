"""The bytes of a CSV file in stretches, and where in them the bytes stand that records hang on.

Belongs here: reading, and looking for single bytes.
Does not belong here: what the bytes mean (csv_walk.py), bit arithmetic (csv_bitmaps.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from orchestration.extracts.csv_bitmaps import Bitmap, bitmap

# The bitmaps of a chunk of this size stay in the processor's cache.
_CHUNK_BYTES = 1024 * 1024
_NEWLINE = ord("\n")


@dataclass(frozen=True)
class Chunk:
    """A stretch of a file, until the next one is read; `quotes` is None where it has none."""

    data: bytearray
    chars: npt.NDArray[np.uint8]
    newlines: Bitmap
    delimiters: Bitmap
    quotes: Bitmap | None


def read_chunks(file: BinaryIO, start: int, delimiter: int, quote: int) -> Iterator[Chunk]:
    """A file from a byte on.

    All chunks are read into the same memory: asking for it anew would cost more than the reading.
    """
    memory = bytearray(_CHUNK_BYTES)
    marks = np.empty(_CHUNK_BYTES, dtype=np.bool_)

    def places_of(char: int) -> Bitmap:
        return bitmap(np.equal(chars, char, out=marks[: len(chars)]))

    while size := os.preadv(file.fileno(), [memory], start):
        start += size
        data = memory if size == _CHUNK_BYTES else memory[:size]
        chars = np.frombuffer(data, dtype=np.uint8)
        yield Chunk(
            data=data,
            chars=chars,
            newlines=places_of(_NEWLINE),
            delimiters=places_of(delimiter),
            quotes=places_of(quote) if quote in data else None,
        )


def read_at(file: BinaryIO, start: int, size: int) -> bytes:
    """The bytes of a file from `start` on, at most `size`, wherever others read it meanwhile."""
    return os.pread(file.fileno(), size, start)
