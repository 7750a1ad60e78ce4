"""A disk of a home's own, small enough to be filled: a file system in memory, where that may be
mounted.

Belongs here: mounting, filling, write protection. Does not belong here: what a night makes of it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOMY_BYTES = 2 * 1000**3


@contextmanager
def own_disk(folder: Path) -> Iterator[bool]:
    """Mount a disk on a folder; False, and nothing is mounted, for a user who may not."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={_ROOMY_BYTES}"
    mounted = _mount("-t", "tmpfs", "-o", options, "flywheel-test", str(folder))
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def full(folder: Path, free_bytes: int) -> Iterator[None]:
    """All but so many bytes of the disk are taken."""
    found = os.statvfs(folder)
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    assert _mount("-o", f"remount,size={used + free_bytes}", str(folder))
    try:
        yield
    finally:
        assert _mount("-o", f"remount,size={_ROOMY_BYTES}", str(folder))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The disk is mounted for reading."""
    assert _mount("-o", "remount,ro", str(folder))
    try:
        yield
    finally:
        assert _mount("-o", "remount,rw", str(folder))


def _mount(*arguments: str) -> bool:
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0
