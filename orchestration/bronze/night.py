"""Which files a night still has to load, and what becomes of loads once a gate has judged them.

Belongs here: the life of a load: pending → loaded → accepted, or refused, or undone after a crash.
Does not belong here: how one file is read (load.py), what the gate asks (gate/).
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from orchestration.bronze.load import accepted_path, load_file, quarantine_path, write_contract_file
from orchestration.durable import checksum
from orchestration.extracts.landing import LandedFile, Night, landed_nights
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from orchestration.sources.catalog import Source, canonical_contracts, load_sources
from orchestration.sources.contract import Contract


@dataclass(frozen=True)
class Landing:
    """What is landed and not yet loaded, and what must wait."""

    files: dict[date, list[LandedFile]]
    incomplete: list[Night]
    unclaimed: list[str]


def survey(settings: Settings, ledger: Ledger, always: Iterable[date] = ()) -> Landing:
    """Look over the landing folder.

    A night is due with the files the ledger has not seen; a corrected file of a refused night
    brings the night's other refused files along. Nights in `always` are taken even when they look
    unfinished: whoever names a night says that it is complete.
    """
    sources = load_sources(settings.user_sources)
    chosen = set(always)
    files: dict[date, list[LandedFile]] = {}
    incomplete, unclaimed = [], []
    nights = landed_nights(settings.landing, sources.values())
    for night in nights:
        there = night.files()
        fresh = [file for file in there if not _seen(file, ledger)]
        if fresh:
            held = {load.place for load in ledger.held()}
            fresh = [file for file in there if file in fresh or _place(file) in held]
        if fresh and night.night not in chosen and not night.is_complete(settings.quiet_minutes):
            incomplete.append(night)
            continue
        unclaimed += [f"{night.source.name}/{night.night}/{name}" for name in night.unclaimed()]
        if fresh:
            files.setdefault(night.night, []).extend(fresh)
    for source in sources.values():
        newest = max((night.night for night in nights if night.source == source), default=None)
        stages = source.contracts.get("stages")
        if newest is None or stages is None or not stages.pipelines:
            continue
        file = _pipelines_file(stages, newest, settings)
        tried = [load for load in ledger.loads if load.name == stages.name]
        if not tried or tried[-1].checksum != checksum(file.path):
            files.setdefault(newest, []).insert(0, file)
    waiting = {night.night for night in incomplete}
    due = {night: found for night, found in sorted(files.items()) if night not in waiting}
    return Landing(files=due, incomplete=incomplete, unclaimed=unclaimed)


def load_night(settings: Settings, night: date, run_id: str, source: str) -> list[Load]:
    """Load all files of a source that are due up to `night`, late files of older nights included.

    Returns the loads of this run, those of an attempt before included.
    """
    ledger = Ledger(settings.ledger)
    landing = survey(settings, ledger, always=[night])
    for batch, files in landing.files.items():
        for file in files:
            if batch <= night and file.contract.source == source:
                load_file(file, ledger, settings, run_id)
    return [load for load in ledger.of_run(run_id) if load.source == source]


def write_contract_files(settings: Settings, sources: dict[str, Source]) -> None:
    """Make every declared object scannable, delivered or not."""
    contracts = [contract for source in sources.values() for contract in source.contracts.values()]
    for contract in [*contracts, *canonical_contracts().values()]:
        write_contract_file(contract, settings.bronze)
    if not settings.ledger.exists():
        Ledger(settings.ledger).forget([])


def heal(settings: Settings) -> list[Load]:
    """Undo what an interrupted night left behind; return the loads that were undone.

    Rows that no gate has judged leave bronze and their files are due again, and bronze files that
    the ledger does not know are removed: they were written just before a crash.
    """
    write_contract_files(settings, load_sources(settings.user_sources))
    ledger = Ledger(settings.ledger)
    unjudged = ledger.with_status("loaded")
    for load in unjudged:
        accepted_path(settings, load).unlink(missing_ok=True)
        quarantine_path(settings, load).unlink(missing_ok=True)
    if unjudged:
        ledger.forget(load.load_id for load in [*unjudged, *ledger.copies(unjudged)])
    known = {accepted_path(settings, load) for load in ledger.with_status("accepted")}
    for path in settings.bronze.glob("*/*/batch=*/*.parquet"):
        if path not in known:
            path.unlink()
    refused = {quarantine_path(settings, load) for load in ledger.loads}
    for path in settings.quarantine.glob("*/*/batch=*/*.parquet"):
        if path not in refused:
            path.unlink()
    for folder in settings.bronze.glob(".loading-*"):
        shutil.rmtree(folder)
    return unjudged


def accept(settings: Settings) -> None:
    """The rows of all unjudged loads are published."""
    ledger = Ledger(settings.ledger)
    ledger.mark([load.load_id for load in ledger.with_status("loaded")], "accepted")


def refuse(settings: Settings) -> None:
    """Take the rows of all unjudged loads out of bronze again; what was quarantined stays."""
    ledger = Ledger(settings.ledger)
    unjudged = ledger.with_status("loaded")
    ledger.mark([load.load_id for load in [*unjudged, *ledger.copies(unjudged)]], "refused")
    for load in unjudged:
        accepted_path(settings, load).unlink(missing_ok=True)


def retry(settings: Settings, night: date) -> None:
    """Make the refused files of a night due again."""
    ledger = Ledger(settings.ledger)
    ledger.forget(
        load.load_id for load in ledger.with_status("refused") if load.batch_date == night
    )


def _seen(file: LandedFile, ledger: Ledger) -> bool:
    stat = file.path.stat()
    return ledger.seen(_place(file), stat.st_size, stat.st_mtime_ns)


def _place(file: LandedFile) -> tuple[str, str, date, str]:
    return file.contract.source, file.contract.object, file.night, file.path.name


def _pipelines_file(contract: Contract, night: date, settings: Settings) -> LandedFile:
    """The `pipelines:` of a source file, written out as the CSV file a CRM would have sent."""
    columns = [column.name for column in contract.columns]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for pipeline in contract.pipelines:
        said = {"pipeline": pipeline.name}
        for rank, stage in enumerate(pipeline.stages, start=1):
            qualifying = str(stage == pipeline.qualified_from).lower()
            row = {"stage": stage, "rank": rank, "kind": "open", "is_qualifying": qualifying}
            writer.writerow(said | row)
        for kind, stages in (("won", pipeline.won), ("lost", pipeline.lost)):
            for stage in stages:
                writer.writerow(said | {"stage": stage, "kind": kind})
    path = settings.bronze / contract.source / "pipelines.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text.getvalue():
        path.write_text(text.getvalue(), encoding="utf-8")
    return LandedFile(contract=contract, night=night, path=path)
