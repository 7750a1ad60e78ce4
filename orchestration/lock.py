"""One night at a time: a lock on the home that dies with its process.

Belongs here: the lock file. Does not belong here: what is locked away from whom (jobs.py).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from orchestration.settings import Settings

_held: dict[str, IO[str]] = {}


class NightRunningError(Exception):
    """Another process is at work on this home; the text names it."""


def hold_lock(settings: Settings) -> None:
    """Take the lock until this process ends; taking it again in the same process is nothing.

    The operating system lets go of it when the process dies, however it dies.
    Raises NightRunningError when another process holds it.
    """
    path = _path(settings)
    if str(path) not in _held:
        _held[str(path)] = _locked(settings)


@contextmanager
def lock_for_a_moment(settings: Settings) -> Iterator[None]:
    """The lock within a process that lives on, as Dagster's daemon; nothing where it has it anyway.

    Raises NightRunningError when another process holds it.
    """
    if str(_path(settings)) in _held:
        yield
        return
    with _locked(settings):
        yield


def _locked(settings: Settings) -> IO[str]:
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise NightRunningError(
            f"another night is running on {settings.root} (process {holder}); wait for it to end"
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _path(settings: Settings) -> Path:
    return settings.root / ".lock"
