"""One file through its contract: accepted rows on one side, refused rows on the other.

Belongs here: streaming both sides to files that the caller moves to their place, and the account
that no row was lost. Does not belong here: what a value is (values.py, cast.py), the ledger
(load.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from orchestration.bronze.cast import CastRows, bronze_schema
from orchestration.bronze.header import HeaderMatch, MissingColumnsError, match_header
from orchestration.bronze.lookups import read_lookups
from orchestration.bronze.quarantine import write_quarantine
from orchestration.extracts.landing import LandedFile
from orchestration.extracts.readers import open_table, refuse_report
from orchestration.extracts.table import TextTable
from orchestration.progress import counted
from orchestration.settings import Settings
from orchestration.sources.contract import Contract


class LostRowsError(Exception):
    """Rows read are not rows accepted plus rows quarantined: the reader itself is at fault."""


@dataclass(frozen=True)
class Sides:
    """What became of the rows of a file, and which columns it had.

    `good` and `bad` are files in the caller's scratch folder; without a refused row there is no
    `bad`. `refusals` are the keys of refused rows that are rows at all (cast.py).
    """

    good: Path
    bad: Path | None
    refusals: Path | None
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_malformed: int
    columns: tuple[str, ...]
    missing_columns: tuple[str, ...]


def split_file(
    landed: LandedFile, path: Path, load_number: int, settings: Settings, scratch: Path
) -> Sides:
    """Read an unpacked file and write both sides into `scratch`.

    Raises UnreadableFileError or MissingColumnsError when the file as a whole is not what it
    should be, LostRowsError when the account does not close.
    """
    is_own = landed.reload_of is not None
    table = open_table(path, landed.base_name, landed.contract, scratch, is_own=is_own)
    table = replace(table, records=counted(table.records, table.record_count))
    match = _matched(table, landed.contract, path)
    cast = partial(CastRows, table, landed.contract, match, read_lookups(landed.contract, settings))
    write = partial(_write, landed=landed, match=match, load_number=load_number, folder=scratch)
    malformed = len(table.malformed)
    bad, refusals, refused = None, None, 0
    good, accepted = write(cast(in_common_form=True).accepted())
    if accepted + malformed != table.record_count:
        rows = cast()
        good, accepted = write(rows.accepted())
        refusals = scratch / "refused.parquet"
        rows.refused().sink_parquet(refusals, engine="streaming")
        refused = _count(refusals)
    if refused + malformed:
        bad = scratch / "quarantine.parquet"
        write_quarantine(landed, table, refusals, bad)
    if table.record_count != accepted + refused + malformed:
        raise LostRowsError(
            f"{landed.name} of {landed.night}: {table.record_count} records, but {accepted} "
            f"accepted, {refused} refused and {malformed} malformed ones"
        )
    return Sides(
        good=good,
        bad=bad,
        refusals=refusals,
        rows_read=table.record_count,
        rows_accepted=accepted,
        rows_quarantined=refused + malformed,
        rows_malformed=malformed,
        columns=table.header,
        missing_columns=match.lacking,
    )


def _matched(table: TextTable, contract: Contract, path: Path) -> HeaderMatch:
    if not table.header and not table.record_count:
        # JSON without a document has no header to hold against the contract.
        return HeaderMatch()
    try:
        return match_header(contract, table.header, table.empty)
    except MissingColumnsError:
        if contract.report_footer:
            refuse_report(path, contract.report_footer)
        raise


def _write(
    rows: pl.LazyFrame, *, landed: LandedFile, match: HeaderMatch, load_number: int, folder: Path
) -> tuple[Path, int]:
    """Bronze rows, and how many they are."""
    path = folder / "accepted.parquet"
    names = [*bronze_schema(landed.contract).names(), *match.kept]
    rows.with_columns(
        _source=pl.lit(landed.contract.source),
        _batch_date=pl.lit(landed.night),
        _load_number=pl.lit(load_number, dtype=pl.Int64),
        _file=pl.lit(landed.name),
    ).select(names).sink_parquet(
        path,
        compression="zstd",
        # A tenth of the time each: the default level saves 4 % of the bytes, and bronze is read
        # whole or by night, that is by folder, which needs no statistics.
        compression_level=1,
        statistics=False,
        engine="streaming",
    )
    return path, _count(path)


def _count(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
