"""How many rows an object usually brings, and what follows when it brings far fewer.

Belongs here: the band of a full extract's row count, and whether records it lacks are deleted.
Does not belong here: what the models make of it (dbt), refusing a night (judge.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from orchestration.extracts.ledger import Ledger, Load

_NIGHTS = 7
# A fifth fewer, or ten where a fifth is less: what a clean-up in the CRM may take away at once.
_SHARE_THAT_STAYS, _FEW_ROWS = 0.8, 10
_MOST_TIMES = 2.0


def usual_row_count(name: str, load: Load, ledger: Ledger) -> float | None:
    """The median of up to seven nights before; NULL on the first."""
    counts = ledger.row_counts(name, load.batch_date)[:_NIGHTS]
    return median(counts) if counts else None


def is_far_fewer(rows: int, usual: float) -> bool:
    """Whether an extract of `rows` rows looks cut off where `usual` are usual."""
    if rows == 0:
        return usual > 0
    return rows < usual * _SHARE_THAT_STAYS and usual - rows > _FEW_ROWS


def is_far_more(rows: int, usual: float) -> bool:
    """Whether an extract looks doubled."""
    return rows > usual * _MOST_TIMES and rows - usual > _FEW_ROWS


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
