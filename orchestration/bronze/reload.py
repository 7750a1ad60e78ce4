"""Refused rows read anew, after the source file or the reader was mended.

Belongs here: writing quarantined raw texts out as a file, and such files as due ones.
Does not belong here: which rows are refused (cast.py), showing them (quarantine.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from orchestration.bronze.paths import quarantine_path
from orchestration.bronze.values import DEFAULT_FORMATS, MIDNIGHTS
from orchestration.durable import replacing
from orchestration.extracts.landing import LandedFile, local_file
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from orchestration.sources.catalog import Source
from orchestration.sources.contract import Column, Contract


def plan_reload(settings: Settings, loads: Iterable[Load]) -> list[Path]:
    """Write the refused rows of some loads out as files that the next run reads.

    A file stands at `reload/<load id>.csv` (or `.jsonl`) until its rows are published.
    """
    planned = []
    for load in loads:
        rows = pl.read_parquet(quarantine_path(settings, load), glob=False).sort("row_number")
        headers = rows["raw_header"].drop_nulls()
        ending = "csv" if len(headers) else "jsonl"
        lines = [*headers[:1], *rows["raw_text"]]
        path = settings.reload / f"{load.load_id}.{ending}"
        text = "".join(f"{line}\n" for line in lines)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="")
        planned.append(path)
    return planned


def planned_again(settings: Settings, load: Load, contract: Contract) -> LandedFile:
    """The refused rows of one load as a file, of which the rows were read before.

    It goes away with the next look at what is due.
    """
    (path,) = plan_reload(settings, [load])
    landed = local_file(_raw(contract, path), load.batch_date, path)
    return replace(landed, reload_of=load.load_id)


def reload_files(
    settings: Settings, ledger: Ledger, sources: dict[str, Source]
) -> list[LandedFile]:
    """Files that were planned and not yet loaded. Those whose rows are published go away.

    So do those that a corrected file replaced. What was refused as a whole is due again once its
    contract changed.
    """
    due = []
    gone = ledger.replaced(by=ledger.with_status("accepted"))
    # What a kill left half written begins with a dot.
    for path in sorted(settings.reload.glob("*/*/batch=*/[!.]*.*")):
        source, object_, batch = path.relative_to(settings.reload).parts[:3]
        load_id = str(path.relative_to(settings.reload).with_suffix(""))
        again = [load for load in ledger.loads if load.reload_of == load_id]
        contract = sources[source].contracts.get(object_) if source in sources else None
        if load_id in gone or any(load.status == "accepted" for load in again):
            path.unlink()
        elif contract is not None and not any(
            load.status == "loaded" or load.contract_version == _raw(contract, path).version
            for load in again
        ):
            night = date.fromisoformat(batch.removeprefix("batch="))
            landed = local_file(_raw(contract, path), night, path)
            due.append(replace(landed, reload_of=load_id))
    return due


def _raw(contract: Contract, path: Path) -> Contract:
    """The contract, for raw texts that Flywheel itself wrote down."""
    options = contract.options.model_copy(
        update={
            "format": path.suffix.removeprefix("."),
            "compression": "none",
            "encoding": ["utf-8"],
            "header_row": 1,
            "skip_footer": 0,
            "rows": None,
        }
    )
    columns = contract.columns
    if path.suffix == ".jsonl":
        columns = tuple(map(_of_few_documents, columns))
    return replace(contract, options=options, columns=columns)


def _of_few_documents(column: Column) -> Column:
    """A column, for documents of which none may have it: that is for each of them to answer."""
    if formats := _formats(column):
        # Typed values of the first file are ISO texts now.
        column = replace(column, formats=formats)
    return replace(column, is_header_optional=True)


def _formats(column: Column) -> tuple[str, ...]:
    """Its own, and those of values that were typed; none where the defaults do."""
    if column.type == "date":
        return column.formats + DEFAULT_FORMATS["date"] + MIDNIGHTS
    return column.formats and column.formats + DEFAULT_FORMATS.get(column.type, ())
