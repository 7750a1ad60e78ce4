"""Sets of places in a stretch of bytes: one bit a byte, packed into 64-bit words.

Belongs here: arithmetic on whole words (running parity, neighbours, counts between places), so that
a question about 64 bytes costs one operation.
Does not belong here: what the bytes mean (csv_walk.py).

The first byte is the lowest bit of the first word. Bits behind the last byte mean nothing, and only
`places` has to know where they begin.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bitmap = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

# Little-endian on every machine: the first byte has to become the lowest bits.
_WORD = np.dtype("<u8")
_ONE, _TOP = np.uint64(1), np.uint64(63)


def bitmap(marks: npt.NDArray[np.bool_]) -> Bitmap:
    """The places that are marked, of one byte or more."""
    packed = np.packbits(marks, bitorder="little")
    if missing := -len(packed) % _WORD.itemsize:
        packed = np.concatenate((packed, np.zeros(missing, dtype=np.uint8)))
    return packed.view(_WORD)


def running_parity(words: Bitmap, *, starts_odd: bool) -> Bitmap:
    """The places up to which, they themselves included, an odd number of places is set.

    `starts_odd` counts one more, before the first.
    """
    parity = words.copy()
    for distance in (1, 2, 4, 8, 16, 32):
        parity ^= parity << np.uint64(distance)
    odd = parity >> _TOP
    odd_before = np.bitwise_xor.accumulate(odd) ^ odd
    if starts_odd:
        odd_before ^= _ONE
    # The negative of one is a word of ones.
    parity ^= np.negative(odd_before)
    return parity


def places_after(words: Bitmap, *, starts_set: bool) -> Bitmap:
    """The place after each place; `starts_set` stands for the one before the first."""
    after = words << _ONE
    after[1:] |= words[:-1] >> _TOP
    if starts_set:
        after[0] |= _ONE
    return after


def places_before(words: Bitmap) -> Bitmap:
    """The place before each place; the first place has none."""
    before = words >> _ONE
    before[:-1] |= words[1:] << _TOP
    return before


def places(words: Bitmap, size: int) -> Places:
    """The set places below `size`, in ascending order."""
    eights = words.view(np.uint8)
    # What is looked for is rare: most bytes hold none of it and need not be unpacked.
    filled = np.flatnonzero(eights != 0)
    bits = np.unpackbits(eights[filled], bitorder="little").view(np.bool_)
    found = np.flatnonzero(bits)
    at: Places = (filled[found >> 3] << 3) | (found & 7)
    return at[: np.searchsorted(at, size)]


def counts_between(words: Bitmap, borders: Places) -> Places:
    """How many places are set before the first border, between each two, and from the last on.

    A place on a border counts behind it.
    """
    up_to_word = np.cumsum(np.bitwise_count(words), dtype=np.int64)
    word, bit = borders >> 6, (borders & 63).astype(np.uint64)
    counts = np.empty(len(borders) + 1, dtype=np.int64)
    counts[:-1] = up_to_word[word] - np.bitwise_count(words[word] >> bit)
    counts[-1] = up_to_word[-1]
    counts[1:] -= counts[:-1].copy()
    return counts
