"""Files that nothing can read any more, put out of the way of the next night.

Belongs here: knowing a Parquet or SQLite file that was cut off, emptied or overwritten by its ends,
and the name under which it waits for whoever wants to look. Does not belong here: which files a
home can do without (recovery.py), versions (publication/whole.py).
"""

from __future__ import annotations

import os
from pathlib import Path

_PARQUET = b"PAR1"
_SQLITE = b"SQLite format 3\0"
# Where SQLite says how long a page is and how many there are, and after which change it said so.
_PAGE_BYTES, _PAGES = slice(16, 18), slice(28, 32)
_CHANGE, _CHANGE_OF_PAGES = slice(24, 28), slice(92, 96)
_SQLITE_HEAD_BYTES = 100


def is_parquet(path: Path) -> bool:
    """Whether a file ends as Parquet does."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(_PARQUET)))
        return file.read() == _PARQUET


def is_sqlite(path: Path) -> bool:
    """Whether a file begins as SQLite's do and has all pages that it says; a new one is empty."""
    with path.open("rb") as file:
        head = file.read(_SQLITE_HEAD_BYTES)
    if not head:
        return True
    if not head.startswith(_SQLITE) or len(head) < _SQLITE_HEAD_BYTES:
        return False
    if head[_CHANGE] != head[_CHANGE_OF_PAGES]:
        # Written by a version that does not count pages.
        return True
    page_bytes = int.from_bytes(head[_PAGE_BYTES], "big")
    all_of_it = (65536 if page_bytes == 1 else page_bytes) * int.from_bytes(head[_PAGES], "big")
    return path.stat().st_size >= all_of_it


def put_aside(path: Path) -> Path:
    """Give a file another name, and return it; an older one of that name gives way."""
    for journal in ("-wal", "-shm"):
        path.with_name(f"{path.name}{journal}").unlink(missing_ok=True)
    return path.replace(path.with_name(f"{path.name}.damaged"))
