"""Where extracts land: a folder of this machine, or a bucket (objects.py), behind one interface.

Belongs here: listing sources' nights and the files in them, and handing a file over to be read.
Nothing is followed out of the landing folder: links are named and not opened.
Does not belong here: which file holds which object, which nights are complete (landing.py).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, Protocol

from orchestration.extracts.table import UnreadableFileError
from orchestration.settings import Settings

A_LINK = "a symbolic link, which is not followed"
A_FOLDER = "a folder: files stand directly in the folder of the night"


class LandingUnreachableError(Exception):
    """The landing place itself cannot be read; the text says where, why and what to do."""


@dataclass(frozen=True)
class Entry:
    """One thing in the folder of a night; `problem` says why it cannot be opened.

    `hides_others` says that files of any object may stand unseen because of it.
    """

    name: str
    bytes: int
    modified_ns: int
    problem: str | None = None
    hides_others: bool = False


@dataclass(frozen=True)
class Stray:
    """One thing beside the nights of a source, or beside the sources; a link counts as a folder."""

    name: str
    is_folder: bool


class Place(Protocol):
    """What the landing of extracts has to answer. A source or night that is not there is empty.

    Raises LandingUnreachableError where nothing can be listed, and UnreadableFileError for a file
    that is no longer what was listed.
    """

    def nights(self, source: str) -> list[date]:
        """The nights of a source, in order."""

    def strays(self, source: str | None = None) -> list[Stray]:
        """What stands beside the nights of a source, or with the sources, in order of name.

        What would cost a request of its own, or cannot be listed, is left out.
        """

    def entries(self, source: str, night: date) -> list[Entry]:
        """What stands in the folder of a night, in order of name."""

    def changed_ns(self, source: str, night: date) -> int:
        """When a file last came or went, in nanoseconds since 1970; 0 where nobody keeps that."""

    def open(self, source: str, night: date, name: str) -> AbstractContextManager[BinaryIO]:
        """The bytes of a file, seekable."""

    def fetch(self, source: str, night: date, name: str, scratch: Path) -> Path:
        """A path of this machine that holds the file: its own, or a copy in `scratch`."""


def landing_place(settings: Settings) -> Place:
    """Where this installation's extracts land."""
    if settings.is_landing_remote:
        from orchestration.extracts.objects import ObjectPlace

        return ObjectPlace(settings.landing_url)
    return FolderPlace(settings.landing)


class FolderPlace:
    """`<root>/<source>/<YYYY-MM-DD>/<file>` on this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def nights(self, source: str) -> list[date]:
        """Folders that are named like a day, and links to such: their entry says what is wrong."""
        folder = self._root / source
        if folder.is_symlink():
            raise LandingUnreachableError(f"{folder} cannot be read: {A_LINK}: land there itself")
        try:
            return sorted(
                night
                for child in (folder.iterdir() if folder.is_dir() else [])
                if (night := night_of(child.name)) and (child.is_dir() or child.is_symlink())
            )
        except OSError as error:
            raise LandingUnreachableError(f"{folder} cannot be read: {error.strerror}") from error

    def strays(self, source: str | None = None) -> list[Stray]:
        """Of the landing folder everything, of a source's what `nights` passes over."""
        folder = self._root / source if source else self._root
        found = []
        # Whoever may open folders may not be allowed to list what is around them.
        with suppress(OSError), os.scandir(folder) as children:
            for child in children:
                is_folder = child.is_symlink() or child.is_dir(follow_symlinks=False)
                if source is None or not (is_folder and night_of(child.name)):
                    found.append(Stray(_readable(child.name), is_folder))
        return sorted(found, key=lambda stray: stray.name)

    def entries(self, source: str, night: date) -> list[Entry]:
        """Files, and with a problem whatever else stands there."""
        folder = self._folder(source, night)
        if folder.is_symlink():
            return [Entry(folder.name, 0, 0, f"{A_LINK}: land there itself", hides_others=True)]
        found = []
        try:
            for path in folder.iterdir() if folder.is_dir() else []:
                # An exporter may rename its file while the folder is listed.
                with suppress(FileNotFoundError):
                    found.append(local_entry(path))
        except OSError as error:
            problem = f"it cannot be listed: {error.strerror}"
            return [Entry(folder.name, 0, 0, problem, hides_others=True)]
        return sorted(found, key=lambda entry: entry.name)

    def changed_ns(self, source: str, night: date) -> int:
        """The time of the folder itself."""
        with suppress(OSError):
            return self._folder(source, night).lstat().st_mtime_ns
        return 0

    def open(self, source: str, night: date, name: str) -> AbstractContextManager[BinaryIO]:
        """The file as it stands."""
        return _open_regular(self._file(source, night, name))

    def fetch(self, source: str, night: date, name: str, scratch: Path) -> Path:  # noqa: ARG002
        """The file as it stands: nothing is copied."""
        path = self._file(source, night, name)
        _open_regular(path).close()
        return path

    def _folder(self, source: str, night: date) -> Path:
        return self._root / source / night.isoformat()

    def _file(self, source: str, night: date, name: str) -> Path:
        if "/" in name or name in ("", ".", ".."):
            raise UnreadableFileError("it is not in the listing of its night")
        return self._folder(source, night) / name


def _open_regular(path: Path) -> BinaryIO:
    """Through no link and waiting at no pipe, whatever took the place of the file listed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
    except OSError as error:
        raise UnreadableFileError(f"it cannot be opened: {error.strerror}") from error
    raise UnreadableFileError("it cannot be opened: no regular file")


def local_entry(path: Path) -> Entry:
    """A file of this machine as an entry, links and devices with their problem."""
    found = path.lstat()
    return Entry(
        _readable(path.name),
        found.st_size,
        found.st_mtime_ns,
        "; ".join(_problems(path, found)) or None,
    )


def _readable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _problems(path: Path, found: os.stat_result) -> Iterator[str]:
    mode = found.st_mode
    if stat.S_ISLNK(mode):
        yield f"{A_LINK}: land the file itself"
    elif stat.S_ISDIR(mode):
        yield A_FOLDER
    elif not stat.S_ISREG(mode):
        yield "no regular file"
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        yield "its name is not UTF-8: rename it"


def night_of(name: str) -> date | None:
    """The day that a folder is named after: `2025-09-28`, and no other way of writing one."""
    try:
        night = date.fromisoformat(name)
    except ValueError:
        return None
    return night if night.isoformat() == name else None
