"""Files that a crash or a power cut leaves whole: the old one or the new one.

Belongs here: putting a finished file in its place, and knowing a file by its bytes.
Does not belong here: what the files hold (ledger, bronze rows, published versions).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def replace_durably(temporary: Path, path: Path) -> None:
    """Put a finished file in its place so that a power cut leaves the old one or the new one."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
