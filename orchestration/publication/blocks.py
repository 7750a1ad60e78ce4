"""How far into its file DuckDB has written blocks that it still needs.

Belongs here: the list of free blocks, read from the bytes of a file. Does not belong here: what
follows for a version (whole.py).

A checkpoint that frees blocks at the end of a file cuts them off, and the header goes on counting
them: only the list of free blocks tells such a file from one that was cut off by a fault. No
function of DuckDB tells the list, so it is read here: the newer of two headers points to it, in a
chain of parts of blocks. It is believed only where it is as long as DuckDB itself says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEADER_BYTES = 4096
# The first says what kind of file it is; the other two are written in turn.
_HEADERS = 3
# Checksum, how often a header was written, the catalog, the free list; what follows is left alone.
_HEADER = struct.Struct("<8xQ8xQ")
_NUMBER = struct.Struct("<Q")
_PARTS = 64
_CHECKSUM_BYTES = 8
# A place is the number of a block, and in its highest byte that of a part of it.
_PART_BITS = 56
_NOWHERE = 2**64 - 1


@dataclass(frozen=True)
class Blocks:
    """What DuckDB says of the blocks of a file: how many bytes each has, how many there are, those
    that were cut off included, and how many of these are free.
    """

    size: int
    count: int
    free_count: int


def bytes_in_use(path: Path, blocks: Blocks) -> int:
    """The bytes of a file up to the end of its last block in use, be they there or not.

    Where the list cannot be made out, the fewest that it can be.
    """
    free = _free_blocks(path, blocks)
    if free is None:
        return _place_of(blocks.count - blocks.free_count, blocks)
    end = blocks.count
    while end - 1 in free:
        end -= 1
    return _place_of(end, blocks)


def _free_blocks(path: Path, blocks: Blocks) -> set[int] | None:
    if not blocks.free_count:
        return set()
    wanted = _NUMBER.size * (1 + blocks.free_count)
    said = b""
    with path.open("rb") as file:
        for part in _parts(file, blocks):
            said += part
            if len(said) >= wanted:
                break
    if len(said) < wanted:
        return None
    count, *free = struct.unpack_from(f"<{1 + blocks.free_count}Q", said)
    return set(free) if count == blocks.free_count else None


def _parts(file: BinaryIO, blocks: Blocks) -> Iterator[bytes]:
    headers = []
    for number in range(1, _HEADERS):
        file.seek(number * _HEADER_BYTES)
        headers.append(_HEADER.unpack(file.read(_HEADER.size)))
    _, place = max(headers)
    part_bytes = (blocks.size - _CHECKSUM_BYTES) // _PARTS // _NUMBER.size * _NUMBER.size
    while place != _NOWHERE:
        block, part = place & (2**_PART_BITS - 1), place >> _PART_BITS
        if block >= blocks.count:
            return
        file.seek(_place_of(block, blocks) + _CHECKSUM_BYTES + part * part_bytes)
        said = file.read(part_bytes)
        if len(said) < part_bytes:
            return
        (place,) = _NUMBER.unpack_from(said)
        yield said[_NUMBER.size :]


def _place_of(block: int, blocks: Blocks) -> int:
    return _HEADERS * _HEADER_BYTES + block * blocks.size
