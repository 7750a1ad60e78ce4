"""Record ids as Salesforce writes them: 15 case-sensitive characters and a 3-character checksum.

Belongs here: the alphabet and the checksum rule. Does not belong here: which record has which id.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

_DIGITS = np.frombuffer(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8
)
_CHECKSUM_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)
_POD = "5g0"
_FIRST_NUMBER = 200_000_000  # ids of an org that has lived for a while


def salesforce_ids(key_prefix: str, count: int) -> pl.Series:
    """`count` different 18-character ids of the object with the 3-character `key_prefix`.

    Ids ascend in byte order, as they do in an org: a later record sorts after an earlier one.
    """
    ids = np.empty((count, 18), dtype=np.uint8)
    ids[:, :6] = np.frombuffer((key_prefix + _POD).encode(), dtype=np.uint8)
    number = np.arange(_FIRST_NUMBER, _FIRST_NUMBER + count)
    for place in range(14, 5, -1):
        number, digit = np.divmod(number, 62)
        ids[:, place] = _DIGITS[digit]
    ids[:, 15:] = _checksum(ids[:, :15])
    return pl.Series(ids.view("S18").ravel(), dtype=pl.Binary).cast(pl.String)


def _checksum(ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # One character per block of five: bit j says that the block's character j is a capital.
    is_capital = (ids >= ord("A")) & (ids <= ord("Z"))
    bits = is_capital.reshape(-1, 3, 5) @ (1 << np.arange(5))
    return np.asarray(_CHECKSUM_ALPHABET[bits])
