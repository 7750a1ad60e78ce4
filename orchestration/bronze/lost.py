"""Rows of published nights that are no longer where they were put, and read anew if they can be.

Belongs here: telling which loads lost their bronze file or their quarantine file, and writing it
again from the very file that was landed, or that Flywheel itself wrote down. Does not belong here:
a lost ledger (extracts/ledger.py), loads that no gate has judged, which are undone and due again
(night.py), refused rows that went for their age (privacy/retention.py).

Both are restored alike. What differs is what it means when they cannot be: without accepted rows
no version could be built any more, so the night stops and a person is asked. Refused rows are in no
version; it is said once that they are gone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.bronze.declared import declared_file
from orchestration.bronze.load import read_again
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.bronze.reload import planned_again
from orchestration.extracts.archives import ZipDirectories
from orchestration.extracts.landing import LandedFile, landed_nights
from orchestration.extracts.ledger import Ledger, Load
from orchestration.extracts.places import landing_place
from orchestration.extracts.table import UnreadableFileError
from orchestration.faults import HelpNeededError
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources

_MAGIC = b"PAR1"
_NAMED = 5


class LostRowsOfBronzeError(HelpNeededError):
    """Accepted rows are gone and cannot be read anew; the text names the extracts."""


@dataclass
class Restored:
    """What became of lost files: loads whose accepted rows, and whose refused rows, were read anew,
    and loads whose refused rows are gone for good.
    """

    accepted: list[Load] = field(default_factory=list)
    refused: list[Load] = field(default_factory=list)
    given_up: list[Load] = field(default_factory=list)


def restore_lost(settings: Settings) -> Restored:
    """Read lost bronze and quarantine files anew.

    Raises LostRowsOfBronzeError when some accepted rows cannot be; nothing is given up then.
    """
    restored, gone = Restored(), list[Load]()
    lost = lost_files(settings)
    landed = _landed(settings, [load for load, _ in lost]) if lost else []
    for load, paths in lost:
        accepted = accepted_path(settings, load) in paths
        if _is_restored(load, paths, landed, settings):
            (restored.accepted if accepted else restored.refused).append(load)
        else:
            (gone if accepted else restored.given_up).append(load)
    if gone:
        raise LostRowsOfBronzeError(_message(settings, gone))
    _give_up(settings, restored.given_up)
    return restored


def lost_files(settings: Settings) -> list[tuple[Load, set[Path]]]:
    """Accepted loads of which a file is missing, or cut off, with these files, in the order of
    loading.
    """
    accepted = Ledger(settings.ledger).with_status("accepted")
    lost = [
        (load, {path for path in _files_of(settings, load) if not _is_whole(path)})
        for load in sorted(accepted, key=lambda load: load.load_number)
        if load.error is None
    ]
    return [(load, paths) for load, paths in lost if paths]


def _files_of(settings: Settings, load: Load) -> Iterator[Path]:
    yield accepted_path(settings, load)
    if load.rows_quarantined and not load.is_quarantine_gone:
        yield quarantine_path(settings, load)


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return False
            file.seek(-len(_MAGIC), os.SEEK_END)
            return file.read() == _MAGIC
    except FileNotFoundError:
        return False


def _landed(settings: Settings, loads: list[Load]) -> list[LandedFile]:
    wanted = {(load.source, load.object, load.batch_date) for load in loads}
    sources = load_sources(settings.user_sources)
    directories = ZipDirectories(settings.zips)
    return [
        file
        for night in landed_nights(landing_place(settings), sources.values(), directories)
        if night.night in {when for _, _, when in wanted}
        for file in night.files()
        if file.place[:3] in wanted and not file.problem
    ]


def _is_restored(
    load: Load, paths: set[Path], landed: list[LandedFile], settings: Settings
) -> bool:
    for file in [*_own_file(load, settings), *landed]:
        if file.place[:3] == load.place[:3] and file.entry.bytes == load.bytes:
            try:
                if read_again(load, file, settings, paths):
                    return True
            except UnreadableFileError:
                continue
    return False


def _own_file(load: Load, settings: Settings) -> Iterator[LandedFile]:
    """The file of a load that nobody landed: a table of the source file, or rows read anew."""
    source = load_sources(settings.user_sources).get(load.source)
    contract = source.contracts.get(load.object) if source else None
    if contract is not None and contract.is_declared:
        yield declared_file(contract, load.batch_date, settings)
    elif contract is not None and load.reload_of is not None:
        first = [each for each in Ledger(settings.ledger).loads if each.load_id == load.reload_of]
        # Restored before this one, where it was lost too: it is older.
        if first and _is_whole(quarantine_path(settings, first[0])):
            yield planned_again(settings, first[0], contract)


def _give_up(settings: Settings, loads: list[Load]) -> None:
    if not loads:
        return
    Ledger(settings.ledger).update({load.load_id: {"is_quarantine_gone": True} for load in loads})
    for load in loads:
        # Half of one would break whoever reads it.
        quarantine_path(settings, load).unlink(missing_ok=True)


def _message(settings: Settings, gone: list[Load]) -> str:
    lines = [
        f"  {load.name} of {load.batch_date}: {load.rows_accepted:,} rows of {load.file} "
        f"({load.bytes:,} bytes, BLAKE3 {load.checksum[:12]}…), lost from "
        f"{accepted_path(settings, load)}"
        for load in gone[:_NAMED]
    ]
    more = [f"  and {len(gone) - _NAMED} more"] if len(gone) > _NAMED else []
    return "\n".join(
        [
            "accepted rows are lost, and the files they came from are no longer in "
            f"{settings.landing_name}, or no longer give the same rows:",
            *lines,
            *more,
            "Put these extracts back where they were landed, unchanged, or the bronze files from a "
            "backup, and run again; after a change of the source file, undo it until then. Readers "
            "still see the last version",
        ]
    )
