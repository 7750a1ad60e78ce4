"""A private copy of a large file, as cheap as the file system makes it.

Belongs here: copying the bytes of one file. Does not belong here: which file, and whether a copy
that was cut off is thrown away (seed.py).
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import BinaryIO

# Linux's FICLONE: both files share their blocks until one of them is written to.
_SHARE_BLOCKS = 0x40049409
# Fits into the cache of a core: what was read is still there when it is written.
_CHUNK_BYTES = 256 * 1024
_CANNOT = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.ENOSYS, errno.EPERM}


def copy_file(source: Path, target: Path) -> None:
    """Make `target` a file of its own with the bytes of `source`.

    Raises OSError, as on a full disk; then what stands in `target` is of no use.
    """
    with source.open("rb", buffering=0) as file, target.open("wb", buffering=0) as copy:
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
    """Into blocks that were set aside at once: to find them one by one, as `shutil.copyfile` does,
    takes longer than the copying. A disk without room for the file says so before any is copied.
    """
    size = os.fstat(file.fileno()).st_size
    if size:
        os.posix_fallocate(copy.fileno(), 0, size)
    chunk = memoryview(bytearray(_CHUNK_BYTES))
    while count := file.readinto(chunk):  # type: ignore[attr-defined]
        written = 0
        while written < count:
            written += copy.write(chunk[written:count])
