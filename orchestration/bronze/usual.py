"""How many rows an object usually brings, and what follows when it brings far fewer.

Belongs here: the bands of a full extract's row count and of the records it lacks, and whether these
are deleted. Does not belong here: what the models make of it (dbt), refusing a night (judge.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import median

from orchestration.extracts.ledger import Ledger, Load

_NIGHTS = 7
# A fifth fewer, or ten where a fifth is less: what a clean-up in the CRM may take away at once.
_SHARE_THAT_STAYS, _FEW_ROWS = 0.8, 10
_MOST_TIMES = 2.0
# 2026-11-28: of the records of the night before, what a filter, a part that is lost or new ids take
# away. A hundredth is much for the records that people delete in a day.
_SHARE_THAT_VANISHES = 0.05
# 2026-11-28: stamps of a CRM only go forwards.
_RECORDS_BACK = 3
# 2026-11-28: a tenth more, and three times the most that any of these nights brought anew: what an
# import or a merger brings, or records that stand in an extract again under new ids.
_SHARE_THAT_IS_ADDED, _TIMES_THE_MOST_ADDED = 0.1, 3


def usual_row_count(name: str, load: Load, ledger: Ledger) -> float | None:
    """The median of up to seven nights before; NULL on the first."""
    counts = ledger.row_counts(name, load.batch_date)[:_NIGHTS]
    return median(counts) if counts else None


def is_far_fewer(rows: int, usual: float) -> bool:
    """Whether an extract of `rows` rows looks cut off where `usual` are usual."""
    if rows == 0:
        return usual > 0
    return rows < usual * _SHARE_THAT_STAYS and usual - rows > _FEW_ROWS


def is_far_more(rows: int, name: str, load: Load, ledger: Ledger) -> bool:
    """Whether an extract grew as it did in none of the nights before; while fewer than three are
    known, whether it looks doubled.
    """
    counts = ledger.row_counts(name, load.batch_date)[:_NIGHTS]
    most = max(counts, default=rows)
    if len(counts) < 3:
        return rows - most > max(_FEW_ROWS, most * (_MOST_TIMES - 1))
    most_added = max(newer - older for newer, older in pairwise(counts))
    return rows - most > max(
        _FEW_ROWS, most * _SHARE_THAT_IS_ADDED, most_added * _TIMES_THE_MOST_ADDED
    )


def are_many_gone(gone: int, before: int) -> bool:
    """Whether more of the records of the night before are gone than people delete."""
    return gone > max(_FEW_ROWS, before * _SHARE_THAT_VANISHES)


def have_some_gone_back(records: int) -> bool:
    """Whether an extract is older than the one before, and not just a record that was put back."""
    return records >= _RECORDS_BACK


def is_whole(load: Load, loads: Iterable[Load], ledger: Ledger) -> bool:
    """Whether records that a full extract lacks are deleted: it brought about as many as usual, and
    none of those that are there may be among its refused rows.

    All files of the object that came for its night count together.
    """
    if _is_in_doubt(load, ledger):
        return False
    usual = usual_row_count(load.name, load, ledger)
    same_night = [
        each for each in loads if (each.name, each.batch_date) == (load.name, load.batch_date)
    ]
    if any(each.error for each in same_night if each.status != "duplicate"):
        return False
    rows = sum(each.rows_accepted for each in same_night)
    return usual is None or not is_far_fewer(rows, usual)


def _is_in_doubt(load: Load, ledger: Ledger) -> bool:
    """Whether a file that stands for its night refused rows of records that are there."""
    standing = [
        each
        for each in ledger.loads
        if (each.name, each.batch_date) == (load.name, load.batch_date)
        and each.status in ("loaded", "accepted")
    ]
    doubtful = {each.load_id for each in standing if each.rows_in_doubt}
    return bool(doubtful and doubtful - ledger.replaced(by=standing))
