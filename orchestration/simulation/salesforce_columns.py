"""Arrays of the simulation as columns of an export.

Belongs here: how an instant, a day, money, a choice and a reference become a polars column, empty
where there is nothing, and which records a night carries. Does not belong here: which columns an
object has.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.simulation.period import NEVER, Flags, Ints


def instants(at: Ints) -> pl.Series:
    """Datetimes from seconds since 1970 UTC; `NEVER` is empty."""
    is_known = at != NEVER
    known = pl.Series(np.where(is_known, at, 0) * 1000).cast(pl.Datetime("ms"))
    return _where(is_known, known)


def days(day: Ints) -> pl.Series:
    """Dates from days since 1970."""
    return pl.Series(day.astype(np.int32)).cast(pl.Date)


def money(cents: Ints) -> pl.Series:
    """Decimals of two places from whole cents; negative is empty."""
    return _where(cents >= 0, pl.Series(cents / 100).cast(pl.Decimal(18, 2)))


def choose(condition: Flags, if_true: str, if_false: str) -> pl.Series:
    """One of two texts for each flag."""
    return pl.Series([if_false, if_true]).gather(condition.astype(np.int64))


def constant(text: str | None, size: int) -> pl.Series:
    """The same text `size` times; None is empty."""
    return pl.Series([text], dtype=pl.String).new_from_index(0, size)


def references(ids: pl.Series, index: Ints) -> pl.Series:
    """The id at each index; a negative index is empty."""
    return _where(index >= 0, ids.gather(np.maximum(index, 0)))


def changed(modified_at: Ints, begin_s: int, end_s: int) -> Ints:
    """The records whose last change lies from one instant to another."""
    return np.flatnonzero((modified_at >= begin_s) & (modified_at < end_s))


def _where(is_known: Flags, values: pl.Series) -> pl.Series:
    return values if is_known.all() else values.set(pl.Series(~is_known), None)
