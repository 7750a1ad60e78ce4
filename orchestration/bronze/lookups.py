"""Values that a column finds in another object of its source: an owner's id by the owner's name.

Belongs here: reading what bronze knows of the other object. Does not belong here: applying it
(cast.py), which objects are loaded first (night.py).
"""

from __future__ import annotations

import polars as pl

from orchestration.bronze.cast import Lookup
from orchestration.settings import Settings
from orchestration.sources.contract import Contract
from orchestration.sources.model import LookupSpec


def read_lookups(contract: Contract, settings: Settings) -> dict[str, Lookup]:
    """What the columns of an object are looked up in, by column."""
    return {
        column.name: _read(contract.source, column.lookup, settings)
        for column in contract.columns
        if column.lookup is not None
    }


def _read(source: str, spec: LookupSpec, settings: Settings) -> Lookup:
    """The newest night's pairs, less those that would give two values."""
    files = sorted((settings.bronze / source / spec.object).glob("batch=*/*.parquet"))
    if not files:
        return Lookup({})
    pairs = (
        pl.scan_parquet(files, glob=False, missing_columns="insert", extra_columns="ignore")
        .select(
            found=pl.col(spec.match).cast(pl.String),
            value=pl.col(spec.return_).cast(pl.String),
            night=pl.col("_batch_date"),
            file=pl.col("_file"),
            load=pl.col("_load_number"),
        )
        .drop_nulls()
        # A name that went from one record to another belongs to the one that bore it last; two
        # parts of one night's extract say two things at once.
        .filter(pl.col("night") == pl.col("night").max().over("found"))
        .filter(pl.col("load") == pl.col("load").max().over("found", "file"))
        .unique(["found", "value"])
        .filter(pl.len().over("found") == 1)
        .collect()
    )
    return Lookup(dict(zip(pairs["found"], pairs["value"], strict=True)))
