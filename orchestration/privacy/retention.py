"""What is removed for its age: landed files, refused rows, versions, raw values of persons.

Belongs here: which files are too old, and removing them. Does not belong here: how many versions
are kept whatever their age (publication/versions.py).

Age is counted in nights back from the newest loaded one, so that no clock that jumps removes
anything. Bronze itself never goes: everything is rebuilt from it. What may go are the raw personal
values in it, which the models never read; then a new key of the masks finds nothing to hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from orchestration.bronze.paths import quarantine_path
from orchestration.durable import replacing
from orchestration.extracts.ledger import Ledger
from orchestration.privacy.border import mask_bronze
from orchestration.privacy.masking import is_personal_row
from orchestration.privacy.persons import bronze_files
from orchestration.privacy.rewriting import loads_of
from orchestration.publication.versions import current_version, publications, version_path
from orchestration.settings import Settings
from orchestration.sources.contract import Contract

_DONE = ("accepted", "duplicate")


@dataclass(frozen=True)
class Outdated:
    """A file that is too old, by the place it stands in."""

    place: str
    path: Path


def outdated(settings: Settings) -> list[Outdated]:
    """Everything that the settings say is too old; nothing where they say nothing."""
    ledger = Ledger(settings.ledger)
    as_of = ledger.as_of()
    if as_of is None:
        return []
    return [
        *(Outdated("landing", path) for path in _landed(settings, ledger, as_of)),
        *(Outdated("quarantine", path) for path in _refused(settings, ledger, as_of)),
        *(Outdated("versions", path) for path in _versions(settings)),
        *(Outdated("bronze", path) for path, _ in _personal(settings, as_of)),
    ]


def apply_retention(settings: Settings) -> list[Outdated]:
    """Remove what is too old, and tell it. Of bronze only raw personal values go."""
    removed = outdated(settings)
    contracts = {path: contract for _, path, contract in bronze_files(settings)}
    _note_refused(settings, {each.path for each in removed if each.place == "quarantine"})
    if any(each.place == "bronze" for each in removed):
        # What stands for the values must be there before they go.
        mask_bronze(settings)
    for each in removed:
        if each.place == "bronze":
            _drop_values(each.path, contracts[each.path])
        else:
            each.path.unlink()
    return removed


def _note_refused(settings: Settings, paths: set[Path]) -> None:
    """Written down before they go, so that nobody takes them for lost."""
    ledger = Ledger(settings.ledger)
    gone = [load.load_id for load in ledger.loads if quarantine_path(settings, load) in paths]
    if gone:
        ledger.update({load_id: {"is_quarantine_gone": True} for load_id in gone})


def _landed(settings: Settings, ledger: Ledger, as_of: date) -> Iterator[Path]:
    """Landed files of old nights whose rows are all published."""
    if settings.retain_landing_days is None or settings.is_landing_remote:
        return
    held = {load.load_id for load in ledger.held()}
    for path in sorted(settings.landing.glob("*/*/*")):
        night = _as_night(path.parent.name)
        if night is None or as_of - night < timedelta(days=settings.retain_landing_days):
            continue
        loads = loads_of(path, settings, ledger)
        is_done = all(load.status in _DONE and load.load_id not in held for load in loads)
        if loads and is_done and path.is_file():
            yield path


def _refused(settings: Settings, ledger: Ledger, as_of: date) -> Iterator[Path]:
    if settings.retain_quarantine_days is None:
        return
    for load in ledger.loads:
        path = quarantine_path(settings, load)
        age = as_of - load.batch_date
        if age >= timedelta(days=settings.retain_quarantine_days) and path.exists():
            yield path


def _versions(settings: Settings) -> Iterator[Path]:
    """By the night that they show; what readers see stays, however old it is."""
    if settings.retain_version_days is None:
        return
    entries = publications(settings)
    newest = max((entry.as_of_date for entry in entries), default=date.min)
    for entry in entries:
        path = version_path(settings, entry.version)
        is_old = newest - entry.as_of_date >= timedelta(days=settings.retain_version_days)
        if is_old and entry.version != current_version(settings) and path.exists():
            yield path


def _personal(settings: Settings, as_of: date) -> Iterator[tuple[Path, Contract]]:
    if settings.retain_personal_days is None:
        return
    for load, path, contract in bronze_files(settings):
        if as_of - load.batch_date < timedelta(days=settings.retain_personal_days):
            continue
        tagged = [each for each in contract.columns if each.personal and not each.holds_ids]
        names = pl.scan_parquet(path, glob=False).collect_schema().names()
        tests = [
            (pl.col(each.name).is_not_null() & is_personal_row(each)).any()
            for each in tagged
            if each.name in names
        ]
        if tests and _is_any(path, tests):
            yield path, contract


def _is_any(path: Path, tests: list[pl.Expr]) -> bool:
    return bool(pl.scan_parquet(path, glob=False).select(pl.any_horizontal(tests)).collect().item())


def _drop_values(path: Path, contract: Contract) -> None:
    rows = pl.scan_parquet(path, glob=False)
    names = rows.collect_schema().names()
    without = rows.with_columns(
        pl.when(~is_personal_row(each)).then(pl.col(each.name)).name.keep()
        for each in contract.columns
        if each.personal and each.name in names and not each.holds_ids
    )
    with replacing(path) as temporary:
        without.sink_parquet(temporary, compression="zstd", compression_level=1, statistics=False)


def _as_night(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
