"""Values that must be listed in another object of their source: the stages above all.

Belongs here: comparing what a night's rows name with what bronze lists. A stage that nobody lists
has no rank, so a funnel with it would be wrong.
Does not belong here: what follows from it (judge.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.bronze.paths import accepted_path
from orchestration.extracts.ledger import Load
from orchestration.privacy.patterns import redacted
from orchestration.settings import Settings
from orchestration.sources.contract import Column, Contract
from orchestration.sources.model import ReferenceSpec
from orchestration.sources.stage_map import mapped_stages

_SHOWN = 5
# Objects that list stages, in the words of their sources.
_STAGES = ("opportunity_stage", "pipeline_stage", "stages")


@dataclass(frozen=True)
class Unlisted:
    """Values of one column that are not listed."""

    text: str
    row_count: int
    sample: list[dict[str, Any]]


def unlisted_values(contract: Contract, settings: Settings, loads: list[Load]) -> list[Unlisted]:
    """What the rows of some loads name and nothing lists, one entry a column."""
    files = [
        path
        for load in loads
        if load.status == "loaded" and load.rows_accepted
        if (path := accepted_path(settings, load)).exists()
    ]
    if not files:
        return []
    found = (
        _unlisted(contract, column, column.references, files, settings)
        for column in contract.columns
        if column.references is not None
    )
    return [each for each in found if each is not None]


def _unlisted(
    contract: Contract,
    column: Column,
    reference: ReferenceSpec,
    files: list[Path],
    settings: Settings,
) -> Unlisted | None:
    listed = _listed_values(contract.source, reference, settings)
    if reference.object in _STAGES:
        # A stage that was renamed is listed no more, and known all the same.
        listed += mapped_stages(settings.user_sources, contract.source)
    name = pl.col(column.name)
    rows = (
        pl.scan_parquet(files, glob=False, extra_columns="ignore")
        .filter(name.is_not_null() & ~name.is_in(listed))
        .select(column.name, "_file", "_row_number", "_batch_date")
        .collect()
    )
    if rows.is_empty():
        return None
    values = rows[column.name].unique(maintain_order=True).to_list()
    told = ", ".join(f"`{redacted(value)}`" for value in values[:_SHOWN])
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    known = ", ".join(f"`{value}`" for value in listed[:20]) or "nothing"
    in_source_file = "name them in `pipelines` of the source file, or "
    remedy = in_source_file if contract.canonical and reference.object == "stages" else ""
    remedy += f"deliver {reference.object} anew with them"
    return Unlisted(
        text=(
            f"{len(rows):,} rows with a {column.name} that {reference.object} does not list: "
            f"{told}{more}; it lists {known}. {remedy[0].upper()}{remedy[1:]}"
        ),
        row_count=len(rows),
        sample=[
            {
                "batch_date": row["_batch_date"],
                "file": row["_file"],
                "row_number": row["_row_number"],
                "column": column.name,
                "rule": "unlisted",
                "value": redacted(row[column.name]),
            }
            for row in rows.head(_SHOWN).to_dicts()
        ],
    )


def _listed_values(source: str, reference: ReferenceSpec, settings: Settings) -> list[str]:
    folder = settings.bronze / source / reference.object
    paths = sorted(folder.glob("batch=*/*.parquet"))
    if not paths:
        return []
    frame = pl.scan_parquet(paths, glob=False, missing_columns="insert", extra_columns="ignore")
    columns = frame.select(reference.columns).collect()
    values = pl.concat([columns[name].cast(pl.String) for name in reference.columns])
    return values.drop_nulls().unique(maintain_order=True).to_list()
