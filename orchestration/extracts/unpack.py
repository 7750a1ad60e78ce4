"""From a landed file to a plain one: gzip, Zstandard, and members of zips.

Belongs here: what a name says about packing and format, which members of a zip are files, and
unpacking that no archive can turn into a full disk or a write elsewhere.
Does not belong here: which file holds which object (landing.py), what is in it (readers.py).
"""

from __future__ import annotations

import gzip
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from orchestration.extracts.table import UnreadableFileError
from orchestration.extracts.zstandard import zstd
from orchestration.sources.file_options import Compression, FileOptions, Format

MAX_MEMBERS = 10_000
# What a full disk would cost, the night's other files and the databases on it cannot pay.
LEAST_FREE_BYTES = 1024**3

_CHUNK_BYTES = 1024 * 1024
_CHUNKS_PER_LOOK = 64
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
_FORMATS: dict[str, Format] = {
    "csv": "csv", "txt": "csv", "tsv": "csv",
    "jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl",
    "parquet": "parquet", "xlsx": "xlsx",
}  # fmt: skip
_ARCHIVE = re.compile(r"\.(?:zip|7z|rar|jar|t[abgx]z|t[bx]z2|tar(?:\.\w+)?|bz2|xz)$", re.IGNORECASE)
_FOLDERS = re.compile(r"[/\\]")
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")
_ENCRYPTED = 0x1
# What the libraries raise on bytes that are no archive, or no whole one.
_DAMAGE = (
    EOFError, OSError, RuntimeError, ValueError, OverflowError, NotImplementedError,
    zipfile.BadZipFile, zlib.error, zstd.ZstdError,
)  # fmt: skip


def plain_name(name: str) -> str:
    """The name without the ending of a compression: `deals.csv.gz` is `deals.csv`."""
    for ending in _COMPRESSIONS:
        if name.casefold().endswith(ending):
            return name[: -len(ending)]
    return name


def base_name(member: str) -> str:
    """A member's name without its folders, which some programs of Windows part by backslashes."""
    return _FOLDERS.split(member)[-1]


def format_of(name: str, options: FileOptions) -> Format:
    """What a file is: as the options say, or else by its name; CSV where neither tells."""
    if options.format is not None:
        return options.format
    return _FORMATS.get(plain_name(name).rpartition(".")[2].casefold(), "csv")


@dataclass(frozen=True)
class Member:
    """A file in a zip; `problem` says why it is never read."""

    name: str
    problem: str | None = None


def zip_directory(archive: Path | IO[bytes]) -> list[Member]:
    """The files in a zip, in its order.

    Folders, hidden files and `__MACOSX/` are left out: they are no files of an export.
    Raises UnreadableFileError when it is no zip, has too many members, or two of one name.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except (*_DAMAGE, UnicodeDecodeError) as error:
        raise UnreadableFileError(
            f"no zip that can be opened ({error}): land it again, whole"
        ) from error
    if len(infos) > MAX_MEMBERS:
        raise UnreadableFileError(
            f"a zip of {len(infos):,} members, and no more than {MAX_MEMBERS:,} are opened: land "
            f"the files themselves"
        )
    members = list(_members(infos))
    names = Counter(each.name for each in members if each.problem is None)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise UnreadableFileError(f"the zip holds {', '.join(twice[:5])} more than once: land one")
    return members


def zip_members(archive: Path | IO[bytes]) -> list[str]:
    """The full names of the files in a zip that can be read; raises as `zip_directory` does."""
    return [each.name for each in zip_directory(archive) if each.problem is None]


def _members(infos: Iterable[zipfile.ZipInfo]) -> Iterator[Member]:
    for info in infos:
        *folders, base = _FOLDERS.split(info.filename)
        is_hidden = base.startswith(".") or "__MACOSX" in folders
        if not (info.filename.endswith("/") or is_hidden):
            yield Member(info.filename, _problem(info, folders, base))


def _problem(info: zipfile.ZipInfo, folders: list[str], base: str) -> str | None:
    if not base:
        return "it has no name"
    if _ABSOLUTE.match(info.filename) or ".." in folders:
        return "its name leads out of the zip"
    if _ARCHIVE.search(base):
        return "an archive in a zip: land it itself"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return "a link or a device: land the file itself"
    return None


def unpack(
    landed: Path | IO[bytes],
    name: str,
    options: FileOptions,
    member: str | None,
    scratch: Path,
    limit_bytes: int,
) -> Path:
    """A plain file with the content of `landed`, or of its `member` if it is a zip.

    `name` is what the file, or the member, is called. What must be unpacked stands in `scratch`,
    under a name that no archive chose.
    Raises UnreadableFileError for damaged, cut off and encrypted archives, and as soon as more
    than `limit_bytes` come out or the disk is nearly full.
    """
    compression = _compression_of(name, options)
    if member is None and compression == "none" and isinstance(landed, Path):
        return landed
    with ExitStack() as open_files:
        try:
            packed = landed
            if isinstance(packed, Path):
                packed = open_files.enter_context(packed.open("rb"))
            if member is not None:
                archive = open_files.enter_context(zipfile.ZipFile(packed))
                packed = open_files.enter_context(_open_member(archive, member))
            plain = open_files.enter_context(_opened(packed, compression))
            return _copied(plain, scratch, limit_bytes)
        except KeyError:
            raise UnreadableFileError(f"the zip no longer holds {member}") from None
        except _DAMAGE as error:
            raise UnreadableFileError(_what_is_wrong(compression, member, error)) from error


def _compression_of(name: str, options: FileOptions) -> Compression:
    if options.compression is not None:
        return options.compression
    endings = (each for end, each in _COMPRESSIONS.items() if name.casefold().endswith(end))
    return next(endings, "none")


def _open_member(archive: zipfile.ZipFile, member: str) -> IO[bytes]:
    info = archive.getinfo(member)
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableFileError("it is encrypted in the zip: land it without a password")
    return archive.open(info)


def _opened(packed: IO[bytes], compression: Compression) -> IO[bytes]:
    """What is inside; several gzip members or Zstandard frames in a row are one content."""
    if compression != "none" and not packed.read(1):
        raise EOFError
    packed.seek(0)
    if compression == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=packed))
    if compression == "zstd":
        return cast(IO[bytes], zstd.ZstdFile(cast(BinaryIO, packed)))
    return packed


def _copied(plain: IO[bytes], scratch: Path, limit_bytes: int) -> Path:
    size = chunks = 0
    with tempfile.NamedTemporaryFile(prefix="unpacked-", dir=scratch, delete=False) as file:
        while data := plain.read(_CHUNK_BYTES):
            if chunks % _CHUNKS_PER_LOOK == 0:
                _refuse_full_disk(scratch)
            chunks += 1
            size += len(data)
            if size > limit_bytes:
                raise UnreadableFileError(
                    f"it unpacks to more than {limit_bytes:,} bytes: if it is no bomb, raise "
                    f"FLYWHEEL_MAX_FILE_BYTES"
                )
            _write(file, data)
    return Path(file.name)


def _write(file: IO[bytes], data: bytes) -> None:
    """A disk that fails is no fault of the archive."""
    try:
        file.write(data)
    except OSError as error:
        raise UnreadableFileError(f"it cannot be unpacked here: {error.strerror}") from error


def _refuse_full_disk(scratch: Path) -> None:
    free = shutil.disk_usage(scratch).free
    if free < LEAST_FREE_BYTES:
        raise UnreadableFileError(
            f"it cannot be unpacked: {free:,} bytes are free on the disk of FLYWHEEL_HOME, and "
            f"{LEAST_FREE_BYTES:,} must stay so"
        )


def _what_is_wrong(compression: Compression, member: str | None, error: Exception) -> str:
    if isinstance(error, NotImplementedError):
        return f"packed in a way that is not read ({error}): pack it again with a common program"
    kinds = {"gzip": "gzip", "zstd": "Zstandard", "none": "zip"}
    kind = kinds[compression] + (" in a zip" if member and compression != "none" else "")
    if isinstance(error, EOFError):
        return f"the {kind} file is cut off: land it again, whole"
    return (
        f"it cannot be unpacked as {kind} ({error}): land it again, or say `compression` in the "
        f"source file if its name misleads"
    )
