"""Salesforce ids: 15 characters where case matters, 18 where it does not.

Belongs here: lengthening. The three characters at the end say which letters of each block of five
are upper case (`design: sources`, §4.1); a 15-character id that a spreadsheet folded to one case
is another record's, which nobody can tell, so ids are taken as they stand.
"""

from __future__ import annotations

import polars as pl

_SHORT, _BLOCK = 15, 5
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def lengthened(ids: pl.Series) -> pl.Series:
    """18-character ids for 15-character ones; all other texts as they are."""
    short = ids.str.len_bytes() == _SHORT
    if not short.any():
        return ids
    id_ = pl.col("id")
    suffix = [_block_character(id_, start) for start in range(0, _SHORT, _BLOCK)]
    frame = pl.DataFrame({"id": ids, "short": short})
    longer = pl.when("short").then(pl.concat_str([id_, *suffix])).otherwise(id_)
    return frame.select(longer).to_series().alias(ids.name)


def _block_character(id_: pl.Expr, start: int) -> pl.Expr:
    """One character for five: bit i is set where the i-th of them is an upper-case letter."""
    bits = [
        id_.str.slice(start + place, 1).str.contains(r"^[A-Z]$").cast(pl.Int64) * 2**place
        for place in range(_BLOCK)
    ]
    letters = dict(enumerate(_ALPHABET))
    return pl.sum_horizontal(bits).replace_strict(letters, default=None, return_dtype=pl.String)
