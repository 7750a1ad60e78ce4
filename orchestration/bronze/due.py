"""Which files a night still has to load, and what must wait.

Belongs here: comparing what landed with the ledger. Does not belong here: what lands (extracts/),
loading (load.py), what becomes of loads (night.py).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from orchestration.bronze.declared import declared_files, declared_night
from orchestration.bronze.reload import reload_files
from orchestration.extracts.archives import ZipDirectories
from orchestration.extracts.landing import (
    FIRST_NIGHT,
    LandedFile,
    Night,
    is_loadable,
    landed_nights,
)
from orchestration.extracts.ledger import Ledger
from orchestration.extracts.places import landing_place
from orchestration.extracts.strays import named_strays
from orchestration.settings import Settings
from orchestration.sources.catalog import Source, load_sources


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
    place, directories = landing_place(settings), ZipDirectories(settings.zips)
    landed = landed_nights(place, sources.values(), directories)
    strays = named_strays(place, sources)
    nights = [night for night in landed if is_loadable(night.night)]
    fresh = _fresh_files(nights, ledger)
    directories.save()

    named = {*always, *([run_of] if run_of else [])}
    incomplete = [
        night
        for night, files in fresh.items()
        if files and night.night not in named and not night.is_complete(settings.quiet_minutes)
    ]
    published = {load.batch_date for load in ledger.with_status("accepted")}

    def is_asked_for(night: date) -> bool:
        return run_of is None or night == run_of or (night < run_of and night in published)

    due: dict[date, list[LandedFile]] = {}
    for night, files in fresh.items():
        if files and night not in incomplete and is_asked_for(night.night):
            due.setdefault(night.night, []).extend(files)
    for when, files in _declared(sources.values(), nights, due, settings, ledger):
        if is_asked_for(when):
            due[when] = [*files, *due.get(when, [])]
    for file in reload_files(settings, ledger, sources):
        if is_asked_for(file.night):
            # Ahead of a corrected file of the night, whose rows are the newer ones.
            due.setdefault(file.night, []).insert(0, file)
    waiting = {night.night for night in incomplete}
    return Landing(
        files={
            night: files for night, files in sorted(due.items()) if files and night not in waiting
        },
        incomplete=incomplete,
        unclaimed=[*strays, *_unclaimed(landed, nights, incomplete)],
        absent=_absent(nights),
    )


def _fresh_files(nights: list[Night], ledger: Ledger) -> dict[Night, list[LandedFile]]:
    """The files of each night that the ledger has not seen, and those that come along again."""
    landed = {night: [(file, _is_seen(file, ledger)) for file in night.files()] for night in nights}
    held = {load.place for load in ledger.held()}
    # While a night is loaded, what was corrected of one source is seen before another is asked.
    corrected = {load.batch_date for load in ledger.with_status("loaded")} | {
        night.night for night, files in landed.items() if not all(seen for _, seen in files)
    }
    return {
        night: [
            file
            for file, is_seen in files
            if not is_seen or (night.night in corrected and file.place in held)
        ]
        for night, files in landed.items()
    }


def _is_seen(file: LandedFile, ledger: Ledger) -> bool:
    return ledger.seen(file.place, file.entry.bytes, file.entry.modified_ns)


def _declared(
    sources: Iterable[Source],
    nights: list[Night],
    due: Mapping[date, list[LandedFile]],
    settings: Settings,
    ledger: Ledger,
) -> Iterator[tuple[date, list[LandedFile]]]:
    """The night of each source's declared tables, and which of them are due."""
    for source in sources:
        newest = max((night.night for night in nights if night.source == source), default=None)
        if newest is None:
            continue
        due_nights = [
            night
            for night, files in due.items()
            if any(file.contract.source == source.name for file in files)
        ]
        when = declared_night(source, newest, due_nights, ledger)
        yield when, declared_files(source, when, settings, ledger, has_files=bool(due_nights))


def _unclaimed(
    landed: list[Night], loadable: Container[Night], incomplete: Container[Night]
) -> Iterator[str]:
    """Nights that cannot be, and what no object claims in those that are complete."""
    for night in landed:
        if night not in loadable:
            name = f"{night.source.name}/{night.night}"
            yield f"{name} (nights begin at {FIRST_NIGHT} and end tomorrow)"
    for night in landed:
        if night in loadable and night not in incomplete:
            for name in night.unclaimed():
                yield f"{night.source.name}/{night.night}/{name}"


def _absent(nights: list[Night]) -> dict[str, list[date]]:
    absent: dict[str, list[date]] = {}
    for name in {night.source.name for night in nights}:
        came = [night.night for night in nights if night.source.name == name]
        days = range(min(came).toordinal(), max(came).toordinal())
        gone = sorted(set(days) - {day.toordinal() for day in came})
        if gone:
            absent[name] = [date.fromordinal(day) for day in gone]
    return absent
