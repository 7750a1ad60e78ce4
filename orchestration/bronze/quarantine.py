"""Refused rows: written beside bronze with file, row number, column, rule and raw text.

Belongs here: the shape of a quarantine file, writing one, and finding the rows that still wait.
Does not belong here: why a row is refused (cast.py), reading refused rows anew (reload.py).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from orchestration.bronze.cast import BROKEN_COLUMN, BROKEN_RULE, BROKEN_VALUE
from orchestration.bronze.paths import quarantine_path
from orchestration.extracts.landing import LandedFile
from orchestration.extracts.ledger import Ledger, Load
from orchestration.extracts.table import TextTable
from orchestration.settings import Settings

# `raw_header` is what must stand above raw texts to make them a file again (CSV).
SCHEMA = pl.Schema(
    {
        "source": pl.String(),
        "object": pl.String(),
        "batch_date": pl.Date(),
        "file": pl.String(),
        "row_number": pl.Int64(),
        "column": pl.String(),
        "rule": pl.String(),
        "value": pl.String(),
        "raw_text": pl.String(),
        "raw_header": pl.String(),
    }
)
# Raw texts are as long as records: so many are held at a time.
_BATCH_ROWS = 200_000
_REFUSED = pl.Schema(
    {
        "_row_number": pl.Int64(),
        BROKEN_COLUMN: pl.String(),
        BROKEN_RULE: pl.String(),
        BROKEN_VALUE: pl.String(),
    }
)


def write_quarantine(
    landed: LandedFile, table: TextTable, refused: Path | None, target: Path
) -> None:
    """Write refused and malformed rows with the raw text of each, in order of row number.

    `refused` is a Parquet file of the rows that broke a rule, if there are any.
    """
    malformed = pl.DataFrame(
        {
            "_row_number": [record.row_number for record in table.malformed],
            BROKEN_COLUMN: None,
            BROKEN_RULE: [record.reason for record in table.malformed],
            BROKEN_VALUE: None,
        },
        schema=_REFUSED,
    )
    rows = malformed.lazy()
    if refused is not None:
        both = target.with_suffix(".rows")
        broken = pl.scan_parquet(refused, glob=False).select(_REFUSED.names())
        rows.merge_sorted(broken, key="_row_number").sink_parquet(both)
        rows = pl.scan_parquet(both, glob=False)
    paths: list[Path] = []
    for start in range(0, int(rows.select(pl.len()).collect().item()), _BATCH_ROWS):
        paths.append(target.with_suffix(f".{len(paths)}"))
        _write_batch(landed, table, rows.slice(start, _BATCH_ROWS).collect(), paths[-1])
    pl.scan_parquet(paths, glob=False).sink_parquet(target)


def _write_batch(landed: LandedFile, table: TextTable, rows: pl.DataFrame, target: Path) -> None:
    raw = table.raw_texts(rows["_row_number"])
    rows.select(
        source=pl.lit(landed.contract.source),
        object=pl.lit(landed.contract.object),
        batch_date=pl.lit(landed.night),
        file=pl.lit(landed.name),
        row_number="_row_number",
        column=BROKEN_COLUMN,
        rule=BROKEN_RULE,
        value=BROKEN_VALUE,
        raw_text=pl.Series([raw[number] for number in rows["_row_number"]], dtype=pl.String),
        raw_header=pl.lit(table.raw_header, dtype=pl.String),
    ).match_to_schema(SCHEMA).write_parquet(target)


def waiting(ledger: Ledger, settings: Settings) -> list[Load]:
    """Loads with refused rows that no later load has brought in, oldest first.

    A later one is a corrected file in the same place, or the rows read anew. Where these were
    refused as a whole, they wait where they were read from.
    """
    judged = [load for load in ledger.loads if load.status in ("loaded", "accepted")]
    brought_in = {load.reload_of for load in judged} | ledger.replaced(judged)
    return [
        load
        for load in ledger.loads
        if load.rows_quarantined
        and load.load_id not in brought_in
        and not (load.reload_of is not None and load.status == "refused")
        and quarantine_path(settings, load).exists()
    ]


def refused_rows(settings: Settings, loads: list[Load], limit: int | None = None) -> pl.DataFrame:
    """The refused rows of some loads, the first `limit` of them."""
    frames = [SCHEMA.to_frame()]
    for load in loads:
        path = quarantine_path(settings, load)
        left = None if limit is None else limit - sum(map(len, frames))
        if left != 0 and load.rows_quarantined and path.exists():
            found = pl.scan_parquet(path, glob=False)
            found = found if left is None else found.head(left)
            frames.append(found.collect().match_to_schema(SCHEMA, missing_columns="insert"))
    return pl.concat(frames)
