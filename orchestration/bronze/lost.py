"""Accepted rows that are no longer where they were put: found out, and read anew if they can be.

Belongs here: telling which loads lost their bronze file, and writing it again from the very file
that was landed. Does not belong here: a lost ledger (extracts/ledger.py), loads that no gate has
judged, which are undone and due again (night.py).
"""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.bronze.load import accepted_path, read_again
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


def restore_lost(settings: Settings) -> list[Load]:
    """Read lost bronze files anew from landing; return their loads.

    Raises LostRowsOfBronzeError when for some the extract is no longer there.
    """
    lost = lost_loads(settings)
    if not lost:
        return []
    landed = _landed(settings, lost)
    gone = [load for load in lost if not _is_restored(load, landed, settings)]
    if gone:
        raise LostRowsOfBronzeError(_message(settings, gone))
    return lost


def lost_loads(settings: Settings) -> list[Load]:
    """Accepted loads whose file is missing, or cut off, in the order of loading."""
    accepted = Ledger(settings.ledger).with_status("accepted")
    return sorted(
        (
            load
            for load in accepted
            if load.error is None and not _is_whole(accepted_path(settings, load))
        ),
        key=lambda load: load.load_number,
    )


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


def _is_restored(load: Load, landed: list[LandedFile], settings: Settings) -> bool:
    for file in landed:
        if file.place[:3] == load.place[:3] and file.entry.bytes == load.bytes:
            try:
                if read_again(load, file, settings):
                    return True
            except UnreadableFileError:
                continue
    return False


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
            f"{settings.landing_name}:",
            *lines,
            *more,
            "Put these extracts back where they were landed, unchanged, or the bronze files from a "
            "backup, and run again. Readers still see the last version",
        ]
    )
