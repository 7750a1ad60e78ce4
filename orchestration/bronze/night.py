"""The life of a load: it is loaded, and accepted or refused once a gate has judged it, or undone.

Belongs here: loading what a night is due, and what becomes of its loads afterwards, after a crash
too. Does not belong here: which files are due (due.py), how one file is read (load.py), what the
gate asks (gate/).
"""

from __future__ import annotations

import shutil
from collections.abc import Container
from datetime import date
from pathlib import Path

from orchestration.bronze.due import survey
from orchestration.bronze.load import load_file, write_contract_file
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.bronze.profile import write_profiles_file
from orchestration.bronze.usual import is_whole
from orchestration.durable import replacing
from orchestration.extracts.ledger import Ledger, Load
from orchestration.gate.accepted import ensure_accepted
from orchestration.settings import Settings
from orchestration.sources.catalog import Source, canonical_contracts, load_sources
from orchestration.sources.stage_map import ensure_stage_map


def load_night(settings: Settings, night: date, run_id: str, source: str) -> list[Load]:
    """Load the files of a source that the run of a night is for: see `survey`.

    Returns the loads of this run, those of an attempt before included.
    """
    ledger = Ledger(settings.ledger)
    landing = survey(settings, ledger, run_of=night)
    depths = _lookup_depths(load_sources(settings.user_sources)[source])
    for files in landing.files.values():
        due = [file for file in files if file.contract.source == source]
        for file in sorted(due, key=lambda file: depths[file.contract.object]):
            load_file(file, ledger, settings, run_id)
    loads = [load for load in ledger.of_run(run_id) if load.source == source]
    whole = {
        load.load_id: {"is_whole": is_whole(load, loads, ledger)}
        for load in loads
        if load.extract == "full"
    }
    if whole:
        ledger.update(whole)
    return [load for load in ledger.of_run(run_id) if load.source == source]


def _lookup_depths(source: Source) -> dict[str, int]:
    """How many objects must be in bronze before an object can be loaded, one after another."""

    def depth(name: str) -> int:
        targets = {
            column.lookup.object for column in source.contracts[name].columns if column.lookup
        }
        return 1 + max(map(depth, targets), default=-1)

    return {name: depth(name) for name in source.contracts}


def write_contract_files(settings: Settings, sources: dict[str, Source]) -> None:
    """Make every declared object scannable, delivered or not."""
    contracts = [contract for source in sources.values() for contract in source.contracts.values()]
    for contract in [*contracts, *canonical_contracts().values()]:
        write_contract_file(contract, settings.bronze)
    if not settings.ledger.exists():
        Ledger(settings.ledger).forget([])
    ensure_stage_map(settings.user_sources)
    ensure_accepted(settings)
    write_profiles_file(settings)


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


def begin(settings: Settings, run_id: str) -> None:
    """Write down which run is at work, until its night is published or refused."""
    with replacing(_at_work(settings)) as temporary:
        temporary.write_text(run_id, encoding="utf-8")


def forget_repeated(settings: Settings) -> None:
    """Forget what a run that was interrupted found to be duplicates: its whole night is due again.

    To be called once it is known that the run published nothing.
    """
    path = _at_work(settings)
    if not path.exists():
        return
    run_id, ledger = path.read_text(encoding="utf-8"), Ledger(settings.ledger)
    repeated = [each.load_id for each in ledger.of_run(run_id) if each.status == "duplicate"]
    if repeated:
        ledger.forget(repeated)
    path.unlink()


def accept(settings: Settings, load_ids: Container[str] | None = None) -> None:
    """The rows of the unjudged loads are published: of all, or of those that are named."""
    ledger = Ledger(settings.ledger)
    unjudged = [load.load_id for load in ledger.with_status("loaded")]
    published = [each for each in unjudged if load_ids is None or each in load_ids]
    if published:
        ledger.mark(published, "accepted")
    _at_work(settings).unlink(missing_ok=True)


def refuse(settings: Settings) -> None:
    """Take the rows of all unjudged loads out of bronze again; what was quarantined stays."""
    ledger = Ledger(settings.ledger)
    unjudged = ledger.with_status("loaded")
    ledger.mark([load.load_id for load in [*unjudged, *ledger.copies(unjudged)]], "refused")
    for load in unjudged:
        accepted_path(settings, load).unlink(missing_ok=True)
    _at_work(settings).unlink(missing_ok=True)


def refuse_objects(settings: Settings, objects: list[str], loads: list[Load]) -> None:
    """Take the rows of some objects' loads out of bronze; the rest of their night goes on."""
    ledger = Ledger(settings.ledger)
    gone = [load for load in loads if load.object in objects and load.status == "loaded"]
    ledger.mark([load.load_id for load in [*gone, *ledger.copies(gone)]], "refused")
    for load in gone:
        accepted_path(settings, load).unlink(missing_ok=True)


def retry(settings: Settings, night: date) -> None:
    """Make the refused files of a night due again."""
    ledger = Ledger(settings.ledger)
    ledger.forget(
        load.load_id for load in ledger.with_status("refused") if load.batch_date == night
    )


def _at_work(settings: Settings) -> Path:
    return settings.operations / "at_work"
