"""A full extract beside the published night before it: records that are gone, or older than then.

Belongs here: which bronze files are compared, and counting records by their keys and stamps. Does
not belong here: how many are too many (usual.py), values column by column (differences.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from orchestration.bronze.watched import watched_columns
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from orchestration.sources.contract import Contract


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
