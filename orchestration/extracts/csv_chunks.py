"""The bytes of a CSV file in stretches, and where in them the bytes stand that records hang on.

Belongs here: reading, and looking for single bytes, on a second core beside the walk.
Does not belong here: what the bytes mean (csv_walk.py), bit arithmetic (csv_bitmaps.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
    """A stretch of a file; `quotes` is NULL where it has none."""

    data: bytes
    chars: npt.NDArray[np.uint8]
    newlines: Bitmap
    delimiters: Bitmap
    quotes: Bitmap | None


def read_chunks(file: BinaryIO, start: int, delimiter: int, quote: int) -> Iterator[Chunk]:
    """A file from a byte on, the next chunk being read while one is looked at."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        coming = beside.submit(_read_chunk, file, start, delimiter, quote)
        while chunk := coming.result():
            start += len(chunk.data)
            coming = beside.submit(_read_chunk, file, start, delimiter, quote)
            yield chunk


def read_at(file: BinaryIO, start: int, size: int) -> bytes:
    """The bytes of a file from `start` on, at most `size`, wherever others read it meanwhile."""
    return os.pread(file.fileno(), size, start)


def _read_chunk(file: BinaryIO, start: int, delimiter: int, quote: int) -> Chunk | None:
    data = read_at(file, start, _CHUNK_BYTES)
    if not data:
        return None
    chars = np.frombuffer(data, dtype=np.uint8)
    return Chunk(
        data=data,
        chars=chars,
        newlines=bitmap(chars == _NEWLINE),
        delimiters=bitmap(chars == delimiter),
        quotes=bitmap(chars == quote) if quote in data else None,
    )
