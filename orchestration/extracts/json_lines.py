"""A JSON file as lines, each of them one JSON text.

Belongs here: telling JSON Lines from one text that is spread over many lines, and lines with their
places, in bounded memory whatever the file. Does not belong here: what a line holds
(json_documents.py).
"""

from __future__ import annotations

import codecs
import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from orchestration.extracts.json_walk import NoJsonError, documents, skip_blanks, value_end
from orchestration.extracts.table import NotUtf8Error, UnreadableFileError

MAX_LINE_BYTES = 64 * 1024 * 1024

_CHUNK_BYTES = 4 * 1024 * 1024
_LINE_ENDS_TO_BLANKS = bytes.maketrans(b"\r\n", b"  ")


def as_lines(path: Path, scratch: Path) -> Path:
    """The file itself if it is JSON Lines, or else its documents in a copy, one a line.

    Raises UnreadableFileError when it is one text over several lines and that is damaged, and
    NotUtf8Error when it is UTF-16.
    """
    with path.open("rb") as file:
        _refuse_utf16(file)
        file.seek(_begin(file))
        first, second = _next_text(file), _next_text(file)
    if not first.startswith((b"{", b"[")) or _is_whole(first):
        return path
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        try:
            return _written_as_lines(text, _begin(file), scratch)
        except NoJsonError as error:
            if first.startswith(b"{") and (not second or _is_whole(second)):
                # Lines they are, and the first of them is damaged.
                return path
            line = 1 + _count_lines(text, error.position)
            raise UnreadableFileError(
                f"neither JSON Lines nor one JSON document: {error} (line {line})"
            ) from None


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with the byte where it begins, without its line end.

    Raises UnreadableFileError when one is longer than MAX_LINE_BYTES.
    """
    with path.open("rb") as file:
        offset = _begin(file)
        file.seek(offset)
        rest = b""
        while chunk := file.read(_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                _refuse_long(line, offset)
                if text := line.strip():
                    yield offset, text
                offset += len(line) + 1
            _refuse_long(rest, offset)
        if text := rest.strip():
            yield offset, text


def line_at(file: BinaryIO, offset: int) -> bytes:
    """The line that begins at a byte."""
    file.seek(offset)
    return file.readline().strip()


def _begin(file: BinaryIO) -> int:
    """Where the text begins: behind a byte order mark."""
    file.seek(0)
    return len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0


def _refuse_utf16(file: BinaryIO) -> None:
    file.seek(0)
    head = file.read(2)
    has_mark = head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if has_mark or b"\0" in head:
        name = "utf-16" if has_mark else "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
        raise NotUtf8Error(
            f"the file is UTF-16 and not UTF-8: say `encoding: {name}` in the source file"
        )


def _next_text(file: BinaryIO) -> bytes:
    """The next line that is not blank, or the beginning of one that is too long."""
    while line := file.readline(MAX_LINE_BYTES):
        if text := line.strip():
            return text
    return b""


def _is_whole(text: bytes) -> bool:
    try:
        return value_end(text, 0) == len(text)
    except NoJsonError:
        return False


def _written_as_lines(text: mmap.mmap, begin: int, scratch: Path) -> Path:
    with tempfile.NamedTemporaryFile(
        prefix="documents-", suffix=".jsonl", dir=scratch, delete=False
    ) as file:
        for start, end in documents(text, skip_blanks(text, begin)):
            file.write(text[start:end].translate(_LINE_ENDS_TO_BLANKS) + b"\n")
    return Path(file.name)


def _count_lines(text: mmap.mmap, end: int) -> int:
    parts = range(0, end, _CHUNK_BYTES)
    return sum(text[start : min(start + _CHUNK_BYTES, end)].count(b"\n") for start in parts)


def _refuse_long(line: bytes, offset: int) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise UnreadableFileError(
            f"the line at byte {offset} is longer than {MAX_LINE_BYTES:,} bytes: write JSON Lines, "
            f"one record a line"
        )
