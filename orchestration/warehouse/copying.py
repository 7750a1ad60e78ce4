"""A private copy of a large file, as cheap as the file system makes it.

Belongs here: copying the bytes of one file. Does not belong here: which file, and whether a copy
that was cut off is thrown away (seed.py).
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path
from typing import BinaryIO

# Linux's FICLONE: both files share their blocks until one of them is written to.
_SHARE_BLOCKS = 0x40049409
_CANNOT = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.ENOSYS, errno.EPERM}


def copy_file(source: Path, target: Path) -> None:
    """Make `target` a file of its own with the bytes of `source`.

    Raises OSError, as on a full disk; then what stands in `target` is of no use.
    """
    if not hasattr(os, "posix_fallocate"):
        # macOS, which knows none of what follows.
        shutil.copyfile(source, target)
        return
    with source.open("rb") as file, target.open("wb") as copy:
        if not _shares_blocks(file, copy):
            _copy_bytes(file, copy)


def _shares_blocks(file: BinaryIO, copy: BinaryIO) -> bool:
    try:
        fcntl.ioctl(copy, _SHARE_BLOCKS, file.fileno())
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False
    return True


def _copy_bytes(file: BinaryIO, copy: BinaryIO) -> None:
    """As `shutil.copyfile` does, but into blocks that were set aside at once: to find them one by
    one costs as much as the copying. A disk without room for the file says so before any is copied.
    """
    size = os.fstat(file.fileno()).st_size
    if size:
        os.posix_fallocate(copy.fileno(), 0, size)
    place = 0
    while sent := os.sendfile(copy.fileno(), file.fileno(), place, size - place):
        place += sent
