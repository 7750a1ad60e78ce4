"""Records that are there and that a full extract lacks, has in an older state, or refused.

Belongs here: counting them. Does not belong here: what follows for the night (usual.py), why a row
is refused (cast.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from orchestration.bronze.cast import BROKEN_RULE, HAS_KEY
from orchestration.bronze.split import Sides
from orchestration.bronze.watched import watched_columns
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
        settings.bronze / f"{each.load_id}.parquet"
        for each in before
        if each.rows_accepted and each.batch_date >= max(whole, default=each.batch_date)
    ]
    return [path for path in paths if path.exists()]


class Compared(NamedTuple):
    """Records of the published night before, how many of them a night lacks, and how many it has in
    an older state.
    """

    before: int
    gone: int
    back: int


def compared_records(
    load: Load, contract: Contract, ledger: Ledger, settings: Settings
) -> Compared:
    """Compare the records of a load's night with those of the published night before."""
    tonight, before = (
        _records(paths, contract) for paths in night_and_before(load, ledger, settings)
    )
    both = before.join(tonight, on=contract.key, how="left", nulls_equal=True, coalesce=True)
    is_there = pl.col("_is_there_right").fill_null(False)
    told = both.select(
        before=pl.len(),
        gone=(~is_there).sum(),
        back=(pl.col("_changed_at_right") < pl.col("_changed_at")).sum(),
    )
    return Compared(*told.row(0))


def night_and_before(
    load: Load, ledger: Ledger, settings: Settings
) -> tuple[list[Path], list[Path]]:
    """Bronze files of the object of a load that stand for its night, and for the newest published
    night before it.
    """
    standing = [
        each
        for each in ledger.loads
        if each.name == load.name and each.status in ("loaded", "accepted")
    ]
    replaced = ledger.replaced(by=standing)
    nights = [
        each.batch_date
        for each in standing
        if each.status == "accepted" and each.batch_date < load.batch_date
    ]

    def files_of(night: date | None) -> list[Path]:
        paths = [
            settings.bronze / f"{each.load_id}.parquet"
            for each in standing
            if each.batch_date == night and each.rows_accepted and each.load_id not in replaced
        ]
        return [path for path in paths if path.exists()]

    return files_of(load.batch_date), files_of(max(nights, default=None))


def _records(paths: list[Path], contract: Contract) -> pl.DataFrame:
    """The records of some files: their key, and when each was changed last, where that is told."""
    texts = [pl.col(name).cast(pl.String) for name in contract.key]
    stamps = [each.column for each in watched_columns(contract) if each.topic == "newest"]
    frames = []
    for path in paths:
        rows = pl.scan_parquet(path, glob=False)
        there = rows.collect_schema().names()
        stamp = next((pl.col(name) for name in stamps if name in there), pl.lit(None))
        frames.append(rows.select(*texts, _changed_at=stamp.cast(pl.Datetime("us"))))
    if not frames:
        schema = dict.fromkeys(contract.key, pl.String) | {"_changed_at": pl.Datetime("us")}
        frames = [pl.LazyFrame(schema=schema)]
    newest = pl.concat(frames).group_by(contract.key).agg(pl.col("_changed_at").max())
    return newest.with_columns(_is_there=True).collect()
