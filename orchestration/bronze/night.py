"""Which files a night still has to load, and what becomes of loads once a gate has judged them.

Belongs here: the life of a load: pending → loaded → accepted, or refused, or undone after a crash.
Does not belong here: how one file is read (load.py), what the gate asks (gate/).
"""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.bronze.declared import declared_files, declared_night
from orchestration.bronze.load import accepted_path, load_file, write_contract_file
from orchestration.bronze.profile import write_profiles_file
from orchestration.bronze.quarantine import quarantine_path
from orchestration.bronze.reload import reload_files
from orchestration.bronze.usual import is_whole
from orchestration.durable import make_folder, replace_durably
from orchestration.extracts.archives import ZipDirectories
from orchestration.extracts.landing import (
    FIRST_NIGHT,
    LandedFile,
    Night,
    is_loadable,
    landed_nights,
)
from orchestration.extracts.ledger import Ledger, Load
from orchestration.extracts.places import landing_place
from orchestration.extracts.strays import named_strays
from orchestration.gate.accepted import ensure_accepted
from orchestration.settings import Settings
from orchestration.sources.catalog import Source, canonical_contracts, load_sources
from orchestration.sources.stage_map import ensure_stage_map


@dataclass(frozen=True)
class Landing:
    """What is landed and not yet loaded, and what must wait.

    `absent` are nights, by source, that never came although an earlier and a later one did.
    """

    files: dict[date, list[LandedFile]]
    incomplete: list[Night]
    unclaimed: list[str]
    absent: dict[str, list[date]]


def survey(
    settings: Settings, ledger: Ledger, always: Iterable[date] = (), run_of: date | None = None
) -> Landing:
    """Look over the landing place.

    A night is due with the files the ledger has not seen; a corrected file of a refused night
    brings the night's other refused files along, those of other sources too. Nights in `always` are
    taken even when they look unfinished: whoever names a night says that it is complete.

    With `run_of`, of what is due only what the run of that night loads: the night itself, which is
    named thereby, and late or corrected files of older nights that are published. A night that is
    not waits for a run of its own: a bad one holds back no other.
    """
    sources = load_sources(settings.user_sources)
    chosen = {*always, *([run_of] if run_of else [])}
    published = {load.batch_date for load in ledger.with_status("accepted")}

    def is_asked_for(night: date) -> bool:
        return run_of is None or night == run_of or (night < run_of and night in published)

    held = {load.place for load in ledger.held()}
    files: dict[date, list[LandedFile]] = {}
    incomplete, unclaimed = [], []
    directories = ZipDirectories(settings.zips)
    place = landing_place(settings)
    landed = landed_nights(place, sources.values(), directories)
    unclaimed += named_strays(place, sources)
    nights = [night for night in landed if is_loadable(night.night)]
    unclaimed += [
        f"{night.source.name}/{night.night} (nights begin at {FIRST_NIGHT} and end tomorrow)"
        for night in landed
        if night not in nights
    ]
    landed_files = [
        (night, [(file, _seen(file, ledger)) for file in night.files()]) for night in nights
    ]
    # While a night is loaded, what was corrected of one source is seen before another is asked.
    corrected = {load.batch_date for load in ledger.with_status("loaded")} | {
        night.night for night, there in landed_files if not all(is_seen for _, is_seen in there)
    }
    for night, there in landed_files:
        fresh = [
            file
            for file, is_seen in there
            if not is_seen or (night.night in corrected and file.place in held)
        ]
        if fresh and night.night not in chosen and not night.is_complete(settings.quiet_minutes):
            incomplete.append(night)
            continue
        unclaimed += [f"{night.source.name}/{night.night}/{name}" for name in night.unclaimed()]
        if fresh and is_asked_for(night.night):
            files.setdefault(night.night, []).extend(fresh)
    directories.save()
    for source in sources.values():
        newest = max((night.night for night in nights if night.source == source), default=None)
        if newest is not None:
            due_nights = [
                night
                for night, found in files.items()
                if any(file.contract.source == source.name for file in found)
            ]
            when = declared_night(source, newest, due_nights, ledger)
            if is_asked_for(when):
                declared = declared_files(
                    source, when, settings, ledger, has_files=bool(due_nights)
                )
                files[when] = [*declared, *files.get(when, [])]
    for file in reload_files(settings, ledger, sources):
        if is_asked_for(file.night):
            # Ahead of a corrected file of the night, whose rows are the newer ones.
            files.setdefault(file.night, []).insert(0, file)
    waiting = {night.night for night in incomplete}
    due = {night: found for night, found in sorted(files.items()) if found and night not in waiting}
    return Landing(due, incomplete, unclaimed, _absent(nights))


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


def _absent(nights: list[Night]) -> dict[str, list[date]]:
    absent: dict[str, list[date]] = {}
    for name in {night.source.name for night in nights}:
        came = [night.night for night in nights if night.source.name == name]
        days = range(min(came).toordinal(), max(came).toordinal())
        gone = sorted(set(days) - {day.toordinal() for day in came})
        if gone:
            absent[name] = [date.fromordinal(day) for day in gone]
    return absent


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
    path = _at_work(settings)
    make_folder(path.parent)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(run_id, encoding="utf-8")
    replace_durably(temporary, path)


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


def _seen(file: LandedFile, ledger: Ledger) -> bool:
    return ledger.seen(file.place, file.entry.bytes, file.entry.modified_ns)
