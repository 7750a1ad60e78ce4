"""A home brought back into order, before anything is loaded, built, or rolled back.

Belongs here: the order in which what a fault left is mended, and what the operator is told of it.
Does not belong here: each mending itself (extracts/ledger.py, publication/interrupted.py,
bronze/lost.py, aside.py), loads that no gate has judged, which a night undoes when it begins
(bronze/night.py), faults of the machine (faults.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from orchestration.aside import is_parquet, is_sqlite, put_aside
from orchestration.bronze.lost import restore_lost
from orchestration.bronze.night import forget_repeated
from orchestration.extracts.ledger import Ledger, mend_ledger
from orchestration.faults import HelpNeededError
from orchestration.gate.results import result_files
from orchestration.privacy.forgotten import read_forgotten
from orchestration.publication.interrupted import settle
from orchestration.settings import Settings


class ClockError(HelpNeededError):
    """The clock says a day before nights that are loaded already."""


def recover(settings: Settings) -> list[str]:
    """Mend what can be mended; return a sentence for each thing that was.

    The caller holds the lock: what is half done was left by a process that is dead.
    Raises LedgerDamagedError, ForgottenDamagedError, LostRowsOfBronzeError or ClockError where only
    a person can help.
    """
    return list(_mended(settings))


def _mended(settings: Settings) -> Iterator[str]:
    damage = mend_ledger(settings.ledger)
    if damage is not None:
        yield f"the ledger was restored from its copy: {damage}"
    # Before anything is loaded: without the list, whoever was forgotten would come back.
    read_forgotten(settings)
    _require_clock(settings)
    for path in _unreadable(settings):
        yield f"a file that cannot be read was put aside: {put_aside(path)}"
    for publication in settle(settings):
        yield (
            f"version {publication.version} was completed: its publication had been interrupted "
            f"after {publication.published_at:%Y-%m-%d %H:%M} UTC"
        )
    forget_repeated(settings)
    lost = restore_lost(settings)
    for loads, what in (
        (lost.accepted, "lost bronze rows were read anew"),
        (lost.refused, "lost refused rows were read anew"),
        (
            lost.given_up,
            "refused rows are lost and cannot be read anew, because their extract is gone or gives "
            "other rows now; no version misses them",
        ),
    ):
        for load in loads:
            yield f"{what}: {load.name} of {load.batch_date}, {load.file}"


def _unreadable(settings: Settings) -> Iterator[Path]:
    """What a night reads and can do without: results of earlier checks, Dagster's history."""
    for path in result_files(settings):
        if not is_parquet(path):
            yield path
    home = settings.dagster_home
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        if (home / name).exists() and not is_sqlite(home / name):
            yield home / name


def _require_clock(settings: Settings) -> None:
    """Nights end tomorrow (extracts/landing.py): a clock behind that would hide loaded ones."""
    newest = Ledger(settings.ledger).as_of()
    today = date.fromtimestamp(time.time())
    if newest is not None and newest > today + timedelta(days=1):
        raise ClockError(
            f"the clock of this machine says {today}, but the night {newest} is loaded already: "
            f"set the clock and run again. Nothing was changed; readers still see the last version"
        )
