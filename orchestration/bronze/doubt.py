"""Refused rows of full extracts without which records that are there would look deleted.

Belongs here: counting them. Does not belong here: what follows for the night (usual.py), why a row
is refused (cast.py).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from orchestration.bronze.cast import BROKEN_RULE, HAS_KEY
from orchestration.bronze.paths import accepted_path
from orchestration.bronze.split import Sides
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from orchestration.sources.contract import Contract


def rows_in_doubt(
    load: Load, sides: Sides, contract: Contract, ledger: Ledger, settings: Settings
) -> int | None:
    """How many refused rows are of records that are there, or nobody can tell of which.

    Repeated headers are of none. NULL for what deletes nothing: changes, and rows read anew.
    """
    if load.extract != "full" or load.reload_of is not None:
        return None
    there = _still_there(load, ledger, settings)
    if not there or sides.refusals is None:
        return sides.rows_malformed if there else 0
    texts = [pl.col(name).cast(pl.String) for name in contract.key]
    has_nul = pl.any_horizontal(text.str.contains("\0", literal=True) for text in texts)
    refused = (
        pl.scan_parquet(sides.refusals, glob=False)
        .filter(pl.col(BROKEN_RULE) != "header")
        .select(*texts, is_told=pl.col(HAS_KEY) & ~has_nul.fill_null(False))
    )
    known = pl.concat(pl.scan_parquet(path, glob=False).select(texts) for path in there)
    doubts = [
        refused.filter(~pl.col("is_told")),
        refused.filter("is_told").join(known, on=contract.key, how="semi", nulls_equal=True),
    ]
    return sides.rows_malformed + sum(
        int(rows.select(pl.len()).collect().item()) for rows in doubts
    )


def _still_there(load: Load, ledger: Ledger, settings: Settings) -> list[Path]:
    """Bronze files of the nights since the newest that told what is deleted, that one included:
    what none of them holds was deleted then.
    """
    before = [
        each
        for each in ledger.loads
        if each.name == load.name
        and each.batch_date < load.batch_date
        and each.status in ("loaded", "accepted")
    ]
    whole = [each.batch_date for each in before if each.is_whole and each.reload_of is None]
    paths = [
        accepted_path(settings, each)
        for each in before
        if each.rows_accepted and each.batch_date >= max(whole, default=each.batch_date)
    ]
    return [path for path in paths if path.exists()]
