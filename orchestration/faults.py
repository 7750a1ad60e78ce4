"""Faults of the machine, in words that say what to do.

Belongs here: telling a full disk, a read-only folder, a missing right or a failing disk from an
error of any library, by what the operating system says through it; and the kind of error that a
person must answer. Does not belong here: faults in extracts (bronze/, gate/), what an earlier fault
left (recovery.py).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from orchestration.settings import Settings

# What the operating system, SQLite and DuckDB call the same thing.
_FULL = ("No space left on device", "database or disk is full", "Disk quota exceeded")
_READ_ONLY = ("Read-only file system", "attempt to write a readonly database")
_FORBIDDEN = ("Permission denied", "unable to open database file")
_FAILING = ("Input/output error", "disk I/O error")
# SQLite speaks of the same when a full disk has no room for what it maps into memory.
_LITTLE_BYTES = 16 * 1000**2


class HelpNeededError(Exception):
    """Only a person can mend this; the text says what is wrong, where, and what to do."""


def advice(said: str, settings: Settings) -> str | None:
    """What to do about an error that says `said`; None when no fault of the machine is in it."""
    root = settings.root
    is_failing = any(words in said for words in _FAILING)
    if any(words in said for words in _FULL) or (is_failing and _free_bytes(root) < _LITTLE_BYTES):
        return (
            f"the disk of {root} is full ({_free_bytes(root) / 1000**2:,.0f} MB free): free some "
            f"space, or lower FLYWHEEL_KEEP_VERSIONS, and run again"
        )
    if any(words in said for words in _READ_ONLY):
        return f"{root} is mounted read-only: mount it for writing and run again"
    if any(words in said for words in _FORBIDDEN):
        return (
            f"user {os.geteuid()} lacks a right to something below {root}: give the folder to the "
            f"user that runs the nights, and run again"
        )
    if is_failing:
        return f"the disk of {root} does not answer: check it before anything else is written"
    return None


def is_of_the_machine(said: str) -> bool:
    """Whether an error says that the machine failed, and nothing of the data."""
    return any(words in said for words in (*_FULL, *_READ_ONLY, *_FORBIDDEN, *_FAILING))


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def told(error: BaseException) -> str:
    """All that an error says, with what caused it."""
    words, seen = [], set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        words.append(str(each))
        each = each.__cause__ or each.__context__
    return "\n".join(words)
