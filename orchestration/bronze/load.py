"""One file becomes bronze rows and quarantined rows, and a line in the ledger.

Belongs here: streaming a file through its contract, writing both sides under their final names
only when they are whole, and the account that no row was lost.
Does not belong here: which files are due (night.py), what a value is (cast.py).
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from orchestration.bronze.cast import (
    BROKEN_COLUMN,
    BROKEN_RULE,
    BROKEN_VALUE,
    MissingColumnsError,
    bronze_schema,
    cast_by_contract,
)
from orchestration.durable import checksum, replace_durably
from orchestration.extracts.csv_structure import UnreadableFileError, raw_records
from orchestration.extracts.csv_text import TextFile, open_csv
from orchestration.extracts.landing import LandedFile
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from orchestration.sources.contract import Contract

QUARANTINE_SCHEMA = pl.Schema(
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
    }
)


class LostRowsError(Exception):
    """Rows read are not rows accepted plus rows quarantined: the reader itself is at fault."""


def accepted_path(settings: Settings, load: Load) -> Path:
    """Where the accepted rows of a load stand."""
    return settings.bronze / f"{load.load_id}.parquet"


def quarantine_path(settings: Settings, load: Load) -> Path:
    """Where the refused rows of a load stand, if there were any."""
    return settings.quarantine / f"{load.load_id}.parquet"


def load_file(landed: LandedFile, ledger: Ledger, settings: Settings, run_id: str) -> Load:
    """Load one file and write it down in the ledger.

    A file that cannot be read as what it should be gives a load with an `error` and no rows; the
    check on its object then refuses the night. Bytes that this object has seen before give a load
    with the status `duplicate` and no rows. Raises LostRowsError when the account does not close.
    """
    contract, started = landed.contract, datetime.now(UTC).replace(tzinfo=None)
    stat = landed.path.stat()
    digest = checksum(landed.path)
    accepted = quarantined = read = 0
    status, error = "loaded", None
    batch = f"batch={landed.night.isoformat()}"
    load_id = f"{contract.source}/{contract.object}/{batch}/{landed.path.stem}-{digest[:12]}"
    number = ledger.next_number()
    only_night = landed.night if contract.extract == "full" else None
    known = ledger.known(contract.source, contract.object, digest, only_night)
    # Pipelines are due only when they changed, be it back to what they were.
    if known is not None and not contract.pipelines:
        status = "duplicate"
        error = f"the same bytes as {known.file} of {known.batch_date}, loaded before"
        load_id = f"{load_id}-{started:%Y%m%d%H%M%S%f}"
    else:
        try:
            read, accepted, quarantined = _split(landed, load_id, number, settings)
        except (UnreadableFileError, MissingColumnsError) as problem:
            error = str(problem)
        except pl.exceptions.ComputeError as problem:
            error = f"not readable as CSV: {str(problem).splitlines()[0]}"
    load = Load(
        load_id=load_id,
        load_number=number,
        run_id=run_id,
        source=contract.source,
        object=contract.object,
        batch_date=landed.night,
        file=landed.path.name,
        bytes=stat.st_size,
        modified_ns=stat.st_mtime_ns,
        checksum=digest,
        extract=contract.extract,
        contract_version=contract.version,
        rows_read=read,
        rows_accepted=accepted,
        rows_quarantined=quarantined,
        status=status,
        error=error,
        started_at=started,
        finished_at=datetime.now(UTC).replace(tzinfo=None),
    )
    ledger.add(load)
    return load


def write_contract_file(contract: Contract, folder: Path) -> None:
    """A bronze file without rows, so that an object that was never delivered can be scanned."""
    path = folder / contract.source / contract.object / "contract" / f"{contract.version}.parquet"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for outdated in path.parent.glob("*.parquet"):
        outdated.unlink()
    bronze_schema(contract).to_frame().write_parquet(path)


def _split(
    landed: LandedFile, load_id: str, number: int, settings: Settings
) -> tuple[int, int, int]:
    """Write both sides; return rows read, accepted and quarantined."""
    settings.bronze.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".loading-", dir=settings.bronze) as scratch_name:
        scratch = Path(scratch_name)
        text = open_csv(landed.path, landed.contract.options, scratch)
        good, bad = scratch / "accepted.parquet", scratch / "refused.parquet"
        accepted, refused = _write_sides(landed, text, number, good, bad)
        read, malformed = text.structure.record_count, len(text.structure.malformed)
        if read != accepted + refused + malformed:
            raise LostRowsError(
                f"{landed.path}: {read} records, but {accepted} accepted, {refused} refused and "
                f"{malformed} malformed ones"
            )
        if refused + malformed:
            listing = scratch / "quarantine.parquet"
            _quarantine(landed, text, bad).write_parquet(listing)
            _move(listing, settings.quarantine / f"{load_id}.parquet")
        _move(good, settings.bronze / f"{load_id}.parquet")
        return read, accepted, refused + malformed


def _write_sides(
    landed: LandedFile, text: TextFile, number: int, good: Path, bad: Path
) -> tuple[int, int]:
    checked = cast_by_contract(text.records, landed.contract, set(text.structure.header))
    schema = bronze_schema(landed.contract)
    is_good = pl.col(BROKEN_COLUMN).is_null()
    accepted = (
        checked.filter(is_good)
        .with_columns(
            _source=pl.lit(landed.contract.source),
            _batch_date=pl.lit(landed.night),
            _load_number=pl.lit(number, dtype=pl.Int64),
            _file=pl.lit(landed.path.name),
        )
        .select(schema.names())
    )
    refused = checked.filter(~is_good).select(
        "_row_number", BROKEN_COLUMN, BROKEN_RULE, BROKEN_VALUE
    )
    pl.collect_all(
        [
            accepted.sink_parquet(good, compression="zstd", lazy=True),
            refused.sink_parquet(bad, lazy=True),
        ],
        engine="streaming",
    )
    return _rows(good), _rows(bad)


def _rows(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _quarantine(landed: LandedFile, text: TextFile, bad: Path) -> pl.DataFrame:
    """The refused rows with the raw text of each, in order of row number."""
    expected = len(text.structure.header)
    malformed = pl.DataFrame(
        {
            "_row_number": [record.row_number for record in text.structure.malformed],
            BROKEN_COLUMN: None,
            BROKEN_RULE: [
                "a quote out of place"
                if record.is_misquoted
                else f"{record.field_count} fields where the header has {expected}"
                for record in text.structure.malformed
            ],
            BROKEN_VALUE: None,
        },
        schema={
            "_row_number": pl.Int64,
            BROKEN_COLUMN: pl.String,
            BROKEN_RULE: pl.String,
            BROKEN_VALUE: pl.String,
        },
    )
    refused = pl.concat([pl.read_parquet(bad), malformed]).sort("_row_number")
    options = landed.contract.options
    raw = raw_records(
        text.path, refused["_row_number"], delimiter=options.delimiter, quote=options.quote
    )
    return refused.select(
        source=pl.lit(landed.contract.source),
        object=pl.lit(landed.contract.object),
        batch_date=pl.lit(landed.night),
        file=pl.lit(landed.path.name),
        row_number="_row_number",
        column=BROKEN_COLUMN,
        rule=BROKEN_RULE,
        value=BROKEN_VALUE,
        raw_text=pl.Series([raw[number] for number in refused["_row_number"]], dtype=pl.String),
    ).match_to_schema(QUARANTINE_SCHEMA)


def _move(finished: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_durably(finished, target)
