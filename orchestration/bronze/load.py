"""One file becomes bronze rows and quarantined rows, and a line in the ledger.

Belongs here: what a file is called in bronze, telling bytes that were loaded before, and moving
both sides to their final names only when they are whole.
Does not belong here: which files are due (due.py), reading and splitting (split.py).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from orchestration.bronze.cast import bronze_schema
from orchestration.bronze.doubt import rows_in_doubt
from orchestration.bronze.header import MissingColumnsError
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.bronze.split import LostRowsError, Sides, split_file
from orchestration.durable import checksum, make_folder, replace_durably, replacing
from orchestration.extracts.landing import LandedFile
from orchestration.extracts.ledger import Ledger, Load
from orchestration.extracts.table import UnreadableFileError
from orchestration.extracts.unpack import plain_name, unpack
from orchestration.privacy.forgotten import read_forgotten
from orchestration.privacy.patterns import redacted
from orchestration.privacy.rewriting import suppress
from orchestration.progress import reading
from orchestration.settings import Settings
from orchestration.sources.contract import Contract

# A panic of polars, as over damaged pages of Parquet, is no Exception.
_OF_POLARS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
# Part of the name of a bronze file, whatever a file was landed as.
_LONGEST_STEM = 80


def load_file(landed: LandedFile, ledger: Ledger, settings: Settings, run_id: str) -> Load:
    """Load one file and write it down in the ledger.

    A file that cannot be read as what it should be gives a load with an `error` and no rows; the
    check on its object then refuses the night. Bytes that this object has seen before give a load
    with the status `duplicate` and no rows. Raises LostRowsError when the account does not close.
    """
    make_folder(settings.bronze)
    load = _begun(landed, ledger.next_number(), run_id)
    if not landed.problem:
        with (
            tempfile.TemporaryDirectory(prefix=".loading-", dir=settings.bronze) as scratch,
            reading(f"{load.name} {load.batch_date}/{load.file}", load.bytes),
        ):
            try:
                load = _loaded(load, landed, ledger, settings, Path(scratch))
            except (UnreadableFileError, MissingColumnsError) as problem:
                load = replace(load, error=redacted(str(problem)))
            except _OF_POLARS as problem:
                why = redacted(str(problem).splitlines()[0])
                load = replace(load, error=f"not readable: {why}")
    load = replace(load, finished_at=_now())
    ledger.add(load)
    return load


def read_again(load: Load, landed: LandedFile, settings: Settings, lost: Container[Path]) -> bool:
    """Write those files of a load that are lost anew, from the file that its rows came from.

    False, and nothing is written, when it is not that file or no longer gives the same counts.
    """
    with tempfile.TemporaryDirectory(prefix=".loading-", dir=settings.bronze) as scratch:
        plain = _plain_file(landed, settings, Path(scratch))
        if checksum(plain) != load.checksum and not _is_rewritten(load, landed, settings):
            return False
        sides = split_file(landed, plain, load.load_number, settings, Path(scratch))
        counts = sides.rows_accepted, sides.rows_quarantined
        if counts != (load.rows_accepted, load.rows_quarantined):
            return False
        # The file may be older than somebody's wish to be forgotten.
        suppress(sides.good, sides.bad, landed.contract, settings)
        for side, path in (
            (sides.bad, quarantine_path(settings, load)),
            (sides.good, accepted_path(settings, load)),
        ):
            if side and path in lost:
                _move(side, path)
    return True


def _is_rewritten(load: Load, landed: LandedFile, settings: Settings) -> bool:
    """Whether it may be the file without a forgotten person: the ledger was told its new size, and
    its instant stayed.
    """
    entry = landed.entry
    place = landed.place, entry.bytes, entry.modified_ns
    is_in_place = place == (load.place, load.bytes, load.modified_ns)
    return is_in_place and bool(read_forgotten(settings).hashes)


def _begun(landed: LandedFile, number: int, run_id: str) -> Load:
    return Load(
        load_id=_load_id(landed, f"unread-{number}"),
        load_number=number,
        run_id=run_id,
        source=landed.contract.source,
        object=landed.contract.object,
        batch_date=landed.night,
        file=landed.name,
        bytes=landed.entry.bytes,
        modified_ns=landed.entry.modified_ns,
        checksum="",
        extract=landed.contract.extract,
        contract_version=landed.contract.version,
        rows_read=0,
        rows_accepted=0,
        rows_quarantined=0,
        status="loaded",
        error=landed.problem,
        started_at=_now(),
        finished_at=_now(),
        reload_of=landed.reload_of,
    )


def _loaded(
    load: Load, landed: LandedFile, ledger: Ledger, settings: Settings, scratch: Path
) -> Load:
    """The load, with its rows in their place."""
    path = _plain_file(landed, settings, scratch)
    with _unchanged(path), ThreadPoolExecutor(max_workers=1) as beside:
        summing = beside.submit(checksum, path)
        # Of a size that was loaded before, the bytes may have been too: then nothing is read.
        if ledger.has_size(load) and (before := _known(load, landed, summing.result(), ledger)):
            return _repeated(load, before)
        sides = split_file(landed, path, load.load_number, settings, scratch)
        digest = summing.result()
    # The same rows in another packing are found out only here.
    if before := _known(load, landed, digest, ledger):
        return _repeated(load, before)
    load = replace(
        load,
        load_id=_load_id(landed, _ending(load, digest, ledger)),
        checksum=digest,
        rows_read=sides.rows_read,
        rows_accepted=sides.rows_accepted,
        rows_quarantined=sides.rows_quarantined,
        columns=json.dumps(sides.columns),
        new_columns=json.dumps(_new_columns(sides, ledger.last_accepted(load.name))),
        missing_columns=json.dumps(sides.missing_columns),
        rows_in_doubt=rows_in_doubt(load, sides, landed.contract, ledger, settings),
    )
    suppress(sides.good, sides.bad, landed.contract, settings)
    if sides.bad:
        _move(sides.bad, quarantine_path(settings, load))
    _move(sides.good, accepted_path(settings, load))
    return load


def _plain_file(landed: LandedFile, settings: Settings, scratch: Path) -> Path:
    """The file unpacked. Of a zip that stands elsewhere only the member is brought here."""
    with ExitStack() as opened:
        source = opened.enter_context(landed.open()) if landed.member else landed.fetch(scratch)
        return unpack(
            source,
            landed.base_name,
            landed.contract.options,
            landed.member,
            scratch,
            settings.max_file_bytes,
        )


@contextmanager
def _unchanged(path: Path) -> Iterator[None]:
    """Half of one file and half of another would be none that anybody exported."""

    def stamp() -> tuple[int, int, int]:
        found = path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    before = stamp()
    fault: BaseException | None = None
    try:
        yield
    except (UnreadableFileError, LostRowsError, *_OF_POLARS) as problem:
        fault = problem
    if stamp() != before:
        raise UnreadableFileError(
            "it changed while it was read: write files under a name that begins with `.` or `_`, "
            "and rename them when they are whole"
        ) from fault
    if fault is not None:
        raise fault


def _known(load: Load, landed: LandedFile, digest: str, ledger: Ledger) -> Load | None:
    """The load that brought in these bytes before, where that makes these ones needless."""
    if landed.contract.is_declared or landed.reload_of is not None:
        # What a source file says itself is due only when it changed, be it back to what it was. And
        # of a file that was refused to its last row, the rows to be read anew are the same bytes.
        return None
    return ledger.known(load, digest)


def _repeated(load: Load, before: Load) -> Load:
    return replace(
        load,
        load_id=f"{before.load_id}-again-{load.load_number}",
        checksum=before.checksum,
        status="duplicate",
        error=f"the same bytes as {before.file} of {before.batch_date}, loaded before",
    )


def _load_id(landed: LandedFile, ending: str) -> str:
    """`<source>/<object>/batch=<night>/<file>-<ending>`, safe as a path."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", plain_name(landed.name)).lstrip(".")
    batch = f"batch={landed.night.isoformat()}"
    contract = landed.contract
    return f"{contract.source}/{contract.object}/{batch}/{stem[:_LONGEST_STEM]}-{ending}"


def _ending(load: Load, digest: str, ledger: Ledger) -> str:
    """Of the same bytes as before a number tells, where both count: rows that are read anew and
    refused anew, and a file that is put back after a correction.
    """
    counting = ("loaded", "accepted")
    stands = any(
        (each.place, each.checksum) == (load.place, digest) and each.status in counting
        for each in ledger.loads
    )
    is_again = stands or load.reload_of is not None
    return f"{digest[:12]}-{load.load_number}" if is_again else digest[:12]


def _new_columns(sides: Sides, before: Load | None) -> list[str]:
    """Columns that the object's last published file did not have."""
    known = json.loads(before.columns) if before and before.columns else None
    return [] if known is None else [name for name in sides.columns if name not in known]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _move(finished: Path, target: Path) -> None:
    make_folder(target.parent)
    replace_durably(finished, target)


def write_contract_file(contract: Contract, folder: Path) -> None:
    """A bronze file without rows, so that an object that was never delivered can be scanned."""
    path = folder / contract.source / contract.object / "contract" / f"{contract.version}.parquet"
    if not path.exists():
        with replacing(path) as temporary:
            bronze_schema(contract).to_frame().write_parquet(temporary)
    for outdated in path.parent.glob("*.parquet"):
        if outdated != path:
            outdated.unlink()
