"""A person taken out of everything that is kept, and the proof that nothing is left.

Belongs here: the order of steps, so that a crash at any point is made good by running the same
command again. Does not belong here: who the person is (persons.py), how a file is written anew
(rewriting.py, stores.py).

First the person is put on the list of the forgotten, so that no later extract brings it back, and
what is looked for is written down: once bronze has forgotten, nobody could tell any more. Every
step leaves its file whole and finds nothing to do where it was done before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from orchestration.bronze.paths import quarantine_path
from orchestration.bronze.reload import plan_reload
from orchestration.extracts.ledger import Ledger, LedgerDamagedError, copy_of, mend_ledger
from orchestration.faults import HelpNeededError
from orchestration.privacy.border import mask_bronze, unmask
from orchestration.privacy.forgotten import Forgotten, remember_forgotten
from orchestration.privacy.keys import write_private
from orchestration.privacy.persons import (
    Person,
    bronze_files,
    contracts_by_name,
    find_person,
    require_person,
)
from orchestration.privacy.proof import Needles, find
from orchestration.privacy.rewriting import (
    Known,
    count_in_bronze,
    count_in_quarantine,
    forget_in_bronze,
    forget_in_quarantine,
    loads_of,
    rewrite_landed,
)
from orchestration.privacy.stores import Gone, count_in_version, rewrite_file, rewrite_version
from orchestration.publication.candidate import discard_candidate
from orchestration.publication.whole import damage_in_rows_of
from orchestration.settings import Settings


class ForgettingStoppedError(HelpNeededError):
    """The home is damaged where a person would have to be taken out of it."""


@dataclass
class Outcome:
    """What was rewritten: files and rows of each place; files removed; files that still hold it.

    `damaged` are versions that nobody can read, so that nobody could take the person out of them:
    they are removed.

    `searched` is how many addresses and numbers were looked for: without any, nothing was proved.
    `is_remembered` tells whether later extracts are kept from bringing the person back.
    """

    records: int
    searched: int = 0
    is_remembered: bool = False
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    removed: list[Path] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)

    def add(self, place: str, rows: int) -> None:
        """Count one rewritten file, if any row of it was."""
        files, before = self.places.get(place, (0, 0))
        if rows:
            self.places[place] = files + 1, before + rows


def rehearse(settings: Settings, said: str) -> Outcome:
    """What `forget` would do; nothing is written. Raises what it raises."""
    said = said.strip()
    _require_ledger(settings)
    damaged = _damaged_versions(settings)
    person = _person(settings, said, _unfinished(settings))
    # A list of its own: the real one stays as it is.
    forgotten = Forgotten(b"of this run", frozenset())
    hashes = frozenset(forgotten.hash_of(kind, value) for kind, value in _listed(person))
    outcome = _begun(person, damaged)
    return _counted(settings, person, Forgotten(forgotten.key, hashes), outcome)


def forget(settings: Settings, said: str) -> Outcome:
    """Forget the person with an e-mail address, or the record with an id.

    Raises NoSuchPersonError when nobody is named, LedgerDamagedError for a home that cannot say
    whose records it holds, and ForgettingStoppedError.
    """
    said = said.strip()
    _require_ledger(settings)
    mend_ledger(settings.ledger)
    noted = _unfinished(settings)
    damaged = _damaged_versions(settings)
    if noted is not None and noted.said != said:
        # Of another person: nobody but this file knows who it was.
        forget(settings, noted.said)
    person = _person(settings, said, noted)
    _note(settings, said, person)
    forgotten = remember_forgotten(settings, _listed(person))
    outcome = _begun(person, damaged)
    gone = Gone(person.texts, person.records)
    _clear_bronze(settings, forgotten, outcome)
    _clear_quarantine(settings, forgotten, outcome)
    _clear_landing(settings, person, outcome)
    discard_candidate(settings)
    for path in damaged:
        # Gone already where another forgetting had to be completed.
        path.unlink(missing_ok=True)
    for path in _versions(settings):
        outcome.add("versions", rewrite_version(path, gone))
    mask_bronze(settings)
    needles = Needles(person.texts)
    for path in _elsewhere(settings, needles):
        outcome.add(path.relative_to(settings.root).parts[0], rewrite_file(path, gone))
    _plan_path(settings).unlink(missing_ok=True)
    outcome.left = find_everywhere(settings, needles)
    return outcome


def find_everywhere(settings: Settings, needles: Needles) -> list[Path]:
    """Files of the home, and of a landing folder elsewhere, that hold one of the texts."""
    folders = [settings.root]
    if not settings.is_landing_remote and not settings.landing.is_relative_to(settings.root):
        folders.append(settings.landing)
    return [path for folder in folders if folder.is_dir() for path in find(folder, needles)]


def _person(settings: Settings, said: str, noted: _Unfinished | None) -> Person:
    """Who is meant: by what bronze says now, and by what a run that was cut off had found."""
    person = find_person(settings, said)
    if noted is not None and noted.said == said:
        _recall(person, noted.found)
    else:
        require_person(said, person)
    return person


def _listed(person: Person) -> list[tuple[str, str]]:
    """Kind and value of all that a later extract would be known by."""
    return [*(("email", each) for each in person.emails), *person.ids]


def _require_ledger(settings: Settings) -> None:
    """Without the ledger no record can be found, and nothing could be said of the person."""
    if settings.ledger.exists() or copy_of(settings.ledger).exists():
        return
    # It has nothing to write, but raises where rows stand beside it.
    mend_ledger(settings.ledger)
    if _versions(settings):
        raise LedgerDamagedError(
            f"the home is damaged: {settings.ledger} is gone, and versions with records of persons "
            f"are there. Put it back from a backup, or let `flywheel nightly` load all that stands "
            f"in landing anew; then run this command again"
        )


def _begun(person: Person, damaged: list[Path]) -> Outcome:
    return Outcome(
        len(person.records),
        len(person.texts),
        is_remembered=bool(_listed(person)),
        damaged=damaged,
    )


def _counted(settings: Settings, person: Person, forgotten: Forgotten, outcome: Outcome) -> Outcome:
    contracts = contracts_by_name(settings)
    for _, path, contract in bronze_files(settings):
        outcome.add("bronze", count_in_bronze(path, contract, forgotten))
    for load in Ledger(settings.ledger).loads:
        path = quarantine_path(settings, load)
        if path.exists():
            rows = count_in_quarantine(path, contracts.get(load.name), forgotten)
            outcome.add("quarantine", rows)
    gone = Gone(person.texts, person.records)
    for path in _versions(settings):
        if path not in outcome.damaged:
            outcome.add("versions", count_in_version(path, gone))
    outcome.left = find_everywhere(settings, Needles(person.texts))
    return outcome


def _clear_bronze(settings: Settings, forgotten: Forgotten, outcome: Outcome) -> None:
    for load, path, contract in bronze_files(settings):
        # Whatever a crash left: the masked file is made of what bronze says now.
        rows = forget_in_bronze(path, contract, forgotten)
        if rows:
            unmask(settings, [load.load_id])
        outcome.add("bronze", rows)


def _clear_quarantine(settings: Settings, forgotten: Forgotten, outcome: Outcome) -> None:
    contracts = contracts_by_name(settings)
    for load in Ledger(settings.ledger).loads:
        path = quarantine_path(settings, load)
        if path.exists():
            rows = forget_in_quarantine(path, contracts.get(load.name), forgotten)
            outcome.add("quarantine", rows)
            if any(settings.reload.glob(f"{load.load_id}.*")):
                plan_reload(settings, [load])


def _clear_landing(settings: Settings, person: Person, outcome: Outcome) -> None:
    """Landed files of lines are written anew; others go, once all that they hold is in bronze."""
    if settings.is_landing_remote or not settings.landing.is_dir():
        return
    # Short ids are numbers that stand for many things.
    marks = person.texts | {id_ for _, id_ in person.ids if len(id_) >= 12}
    known = Known(tuple(sorted(marks)), tuple(sorted(person.values | person.texts, key=len)[::-1]))
    ledger = Ledger(settings.ledger)
    needles = Needles(marks)
    for path in find(settings.landing, needles):
        rows = rewrite_landed(path, known, settings)
        if rows is not None:
            outcome.add("landing", rows)
            continue
        loads = loads_of(path, settings, ledger)
        if loads and all(load.status in ("accepted", "duplicate") for load in loads):
            path.unlink()
            outcome.removed.append(path)


def _elsewhere(settings: Settings, needles: Needles) -> Iterator[Path]:
    """Files that hold a text and are none of those that were rewritten by their rows."""
    apart = (settings.quarantine, settings.masked, settings.landing, settings.privacy)
    for path in find(settings.root, needles):
        if not any(path.is_relative_to(folder) for folder in apart):
            yield path


def _versions(settings: Settings) -> list[Path]:
    return sorted(
        path for path in settings.warehouse.glob("flywheel.*.duckdb") if not path.is_symlink()
    )


def _damaged_versions(settings: Settings) -> list[Path]:
    """The versions that cannot be written anew. All is read, so that nothing is written before it
    is known.
    """
    damages = {path: damage_in_rows_of(path) for path in _versions(settings)}
    shown = settings.published.resolve()
    if damage := damages.get(shown):
        raise ForgettingStoppedError(
            f"{shown}, the version that readers see, cannot be read: {damage}\n"
            f"run `flywheel nightly --full-refresh`, which builds it anew from bronze, then this "
            f"command again. Nobody was forgotten yet"
        )
    return [path for path, damage in damages.items() if damage]


def _note(settings: Settings, said: str, person: Person) -> None:
    settings.privacy.mkdir(parents=True, exist_ok=True, mode=0o700)
    noted = {name: sorted(values) for name, values in asdict(person).items()}
    write_private(_plan_path(settings), json.dumps({"said": said, **noted}).encode())


@dataclass(frozen=True)
class _Unfinished:
    """Who was to be forgotten when a run was cut off, and what it had found of that person."""

    said: str
    found: Person


def _unfinished(settings: Settings) -> _Unfinished | None:
    path = _plan_path(settings)
    if not path.exists():
        return None
    found = Person()
    try:
        noted = json.loads(path.read_bytes())
        for each in fields(Person):
            # JSON knows no pairs.
            values = (tuple(said) if isinstance(said, list) else said for said in noted[each.name])
            getattr(found, each.name).update(values)
        return _Unfinished(noted["said"], found)
    except (ValueError, KeyError, TypeError) as fault:
        raise ForgettingStoppedError(
            f"{path} cannot be read ({fault}), and only it says whose forgetting was cut off: put "
            f"it back from a backup; or move it aside, name that person anew to `flywheel forget`, "
            f"then the others"
        ) from fault


def _recall(person: Person, found: Person) -> None:
    """Once bronze has forgotten, only the run that was cut off knew."""
    for each in fields(Person):
        getattr(person, each.name).update(getattr(found, each.name))


def _plan_path(settings: Settings) -> Path:
    return settings.privacy / "forgetting.json"
