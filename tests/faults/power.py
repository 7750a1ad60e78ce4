"""A disk that forgets, at a power cut, whatever was not synced.

Belongs here: what the operating system may lose: renames, links, removals and new folders since
their folder was synced, and the bytes of files that were put in their place without being synced
themselves. Does not belong here: when the cut comes (forked.py).

It undoes what Python did in this process, in reverse; what was synced stays. What DuckDB and SQLite
write themselves, they sync themselves.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any


class ForgetfulDisk:
    """Takes down each change just before it happens.

    `attic` is a folder on the same disk, which keeps what a change would destroy.
    """

    def __init__(self, attic: Path) -> None:
        self._attic = attic
        self._kept = 0
        self._pending: list[tuple[str, Callable[[], None]]] = []
        self._placed: dict[str, int] = {}
        self._synced: set[int] = set()
        self._fsync = os.fsync
        shutil.rmtree(attic, ignore_errors=True)
        attic.mkdir()

    def about_to(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Remember how to undo a change."""
        paths = [Path(os.fsdecode(each)) for each in arguments[:2] if isinstance(each, str | bytes)]
        if event == "os.rename":
            source, target = paths
            self._placed[str(target)] = source.lstat().st_ino
            self._pend(target, self._undo_rename(source, target, self._keep(target)))
        elif event == "os.remove":
            (gone,) = paths
            kept = self._keep(gone)
            self._pend(gone, lambda: kept and kept.replace(gone))
        elif event == "os.symlink":
            self._pend(paths[1], lambda: paths[1].unlink(missing_ok=True))
        elif event == "os.mkdir":
            folder = Path(os.fsdecode(arguments[0]))
            if not folder.exists():
                self._pend(folder, lambda: shutil.rmtree(folder, ignore_errors=True))

    def fsync(self, descriptor: int) -> None:
        """In the place of os.fsync."""
        self._fsync(descriptor)
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            folder = str(Path(f"/proc/self/fd/{descriptor}").readlink())
            self._pending = [each for each in self._pending if each[0] != folder]
        else:
            self._synced.add(found.st_ino)

    def cut(self) -> None:
        """The power goes."""
        for _, undo in reversed(self._pending):
            undo()
        for name, inode in self._placed.items():
            path = Path(name)
            if path.is_file() and path.stat().st_ino == inode and inode not in self._synced:
                path.chmod(0o644)
                os.truncate(path, 0)

    def _pend(self, path: Path, undo: Callable[[], Any]) -> None:
        self._pending.append((str(path.parent.resolve()), undo))

    def _keep(self, path: Path) -> Path | None:
        if not path.is_symlink() and not path.exists():
            return None
        self._kept += 1
        kept = self._attic / str(self._kept)
        if path.is_symlink():
            kept.symlink_to(path.readlink())
        else:
            os.link(path, kept)
        return kept

    @staticmethod
    def _undo_rename(source: Path, target: Path, kept: Path | None) -> Callable[[], None]:
        def undo() -> None:
            # The folder of either may have been undone before.
            if target.is_symlink() or target.exists():
                if source.parent.is_dir():
                    target.replace(source)
                else:
                    target.unlink()
            if kept is not None:
                kept.replace(target)

        return undo
