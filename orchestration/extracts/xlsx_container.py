"""What an XLSX file is made of: sheets, shared texts, and which cell styles are dates.

Belongs here: the zip and its XML parts around the cells, what is no XLSX at all, and limits against
bombs. Does not belong here: cells (xlsx_cells.py), rows (xlsx_text.py).

openpyxl is not used: it drops rows that are out of order, finds no row in a file of the strict
variant of the standard, and cannot tell a formula that gives no text from one without a value.
"""

from __future__ import annotations

import mmap
import posixpath
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from orchestration.extracts.table import UnreadableFileError

MAX_BYTES = 512 * 1024 * 1024
# Sheets shrink to a tenth or a fiftieth; what shrinks more, and is large, was made to.
_LARGE_BYTES, _MOST_TIMES = 32 * 1024 * 1024, 250

_CHUNK_BYTES = 256 * 1024
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_DAMAGE = (
    EOFError, OSError, RuntimeError, ValueError, NotImplementedError, expat.ExpatError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip

_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_BUILT_IN_DURATION = 46
# Not part of a format: quoted text, and brackets but those of a duration.
_ASIDE = re.compile(r'"[^"]*"|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTER = re.compile(r"(?<![_\\])[dmhys]", re.IGNORECASE)
_DURATION = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
# How XML, which cannot hold them, spells control characters.
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

Attributes = dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook; `part` is the name of its XML."""

    name: str
    part: str
    is_visible: bool


@dataclass(frozen=True)
class Styles:
    """The indexes of cell styles that show a number as a date or as a duration."""

    dates: frozenset[int]
    durations: frozenset[int]


class Workbook:
    """An open XLSX file. Raises UnreadableFileError for whatever in it cannot be read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        # Some programs write backslashes, or other letters than they say elsewhere.
        self._parts = {_key(info.filename): info for info in archive.infolist()}
        main = self._related("", "/officeDocument")
        if main is None or main.endswith(".bin"):
            raise UnreadableFileError(_what_else(self._parts))
        self._main = main
        self._properties = list(self._tags(main))

    @property
    def is_1904(self) -> bool:
        """Whether days are counted from 1904 on."""
        flags = [tag.get("date1904") for _, name, tag in self._properties if name == "workbookPr"]
        return any(flag in ("1", "true") for flag in flags)

    def sheets(self) -> list[Sheet]:
        """The sheets of cells, in order."""
        related = self._relations(self._main)
        return [
            Sheet(tag.get("name", ""), related[tag["id"]][1], tag.get("state") in (None, "visible"))
            for parent, name, tag in self._properties
            if (parent, name) == ("sheets", "sheet")
            and related.get(tag.get("id", ""), ("", ""))[0].endswith("/worksheet")
        ]

    def styles(self) -> Styles:
        """Which cell styles are dates."""
        part = self._related(self._main, "/styles")
        tags = list(self._tags(part)) if part else []
        codes = {
            tag.get("numFmtId"): tag.get("formatCode", "")
            for _, name, tag in tags
            if name == "numFmt"
        }
        used = [tag.get("numFmtId", "0") for where, _, tag in tags if where == "cellXfs"]
        with damage_told("styles"):
            kinds = [_kind(codes.get(number), int(number)) for number in used]
        return Styles(
            frozenset(style for style, kind in enumerate(kinds) if kind == "date"),
            frozenset(style for style, kind in enumerate(kinds) if kind == "duration"),
        )

    def shared_texts(self) -> list[str]:
        """The texts that cells name by number."""
        part = self._related(self._main, "/sharedStrings")
        texts: list[str] = []
        if part is not None:
            reader = RichText()

            def end(name: str) -> None:
                reader.end(name)
                if name == "si":
                    texts.append(reader.take())

            for _ in self.parsed(part, lambda name, _: reader.start(name), end, reader.add):
                pass
        return texts

    def parsed(
        self,
        part: str,
        start: Callable[[str, Attributes], Any],
        end: Callable[[str], Any],
        text: Callable[[str], Any],
    ) -> Iterator[None]:
        """Parse a part of XML; comes back after every chunk. Names are given without prefixes."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_declarations
        parser.StartElementHandler = lambda name, tag: start(_local(name), tag)
        parser.EndElementHandler = lambda name: end(_local(name))
        parser.CharacterDataHandler = text
        with self._open(part) as stream, damage_told(part):
            while data := stream.read(_CHUNK_BYTES):
                parser.Parse(data)
                yield
            parser.Parse(b"", True)
        yield

    def _open(self, part: str) -> IO[bytes]:
        info = self._parts.get(_key(part))
        if info is None:
            raise UnreadableFileError(f"a damaged XLSX file: it lacks {part}: save it anew")
        with damage_told(part):
            return self._archive.open(info)

    def _tags(self, part: str) -> Iterator[tuple[str, str, Attributes]]:
        """The elements of a part: name of the one around it, name, attributes without prefixes."""
        around, found = [""], []

        def start(name: str, tag: Attributes) -> None:
            found.append((around[-1], name, {_local(key): value for key, value in tag.items()}))
            around.append(name)

        for _ in self.parsed(part, start, lambda _: around.pop(), lambda _: None):
            yield from found
            found.clear()

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: kind and part by id."""
        folder, name = posixpath.split(part)
        listing = posixpath.join(folder, "_rels", f"{name}.rels")
        if _key(listing) not in self._parts:
            return {}
        return {
            tag.get("Id", ""): (
                tag.get("Type", ""),
                posixpath.normpath(posixpath.join("/", folder, tag.get("Target", "")))[1:],
            )
            for _, name, tag in self._tags(listing)
            if name == "Relationship"
        }

    def _related(self, part: str, kind: str) -> str | None:
        parts = (target for type_, target in self._relations(part).values() if type_.endswith(kind))
        return next(parts, None)


class RichText:
    """The text of an element that may be in pieces, without the reading aids of East Asia."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._is_text = False
        self._is_aid = False

    def start(self, name: str) -> None:
        """An element begins."""
        if name == "rPh":
            self._is_aid = True
        self._is_text = name == "t" and not self._is_aid

    def end(self, name: str) -> None:
        """An element ends."""
        self._is_text = False
        if name == "rPh":
            self._is_aid = False

    def add(self, text: str) -> None:
        """Characters."""
        if self._is_text:
            self._pieces.append(text)

    def take(self) -> str:
        """The text so far; the next one begins."""
        text = unescaped("".join(self._pieces))
        self._pieces.clear()
        return text


@contextmanager
def opened_workbook(path: Path) -> Iterator[Workbook]:
    """An XLSX file. Raises UnreadableFileError when it is none, or is a bomb."""
    with path.open("rb") as file:
        head = file.read(512)
        if not head.startswith(b"PK"):
            raise UnreadableFileError(_what_instead(head, path))
        with damage_told("the zip"):
            archive = zipfile.ZipFile(file)
        with archive:
            _refuse_bomb(archive.infolist(), path.stat().st_size)
            yield Workbook(archive)


@contextmanager
def damage_told(part: str) -> Iterator[None]:
    """What libraries raise on damaged bytes, as an UnreadableFileError."""
    try:
        yield
    except _DAMAGE as error:
        raise UnreadableFileError(
            f"a damaged XLSX file ({part}: {error}): land it again"
        ) from error


def unescaped(text: str) -> str:
    """`_x000D_` as the character that it stands for."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda match: _character(match[1]) or match[0], text)


def _character(digits: str) -> str | None:
    """A character by its number; none for NUL and for halves of characters."""
    number = int(digits, 16)
    return None if number == 0 or 0xD800 <= number <= 0xDFFF else chr(number)


def _kind(code: str | None, number: int) -> str:
    if code is None:
        if number == _BUILT_IN_DURATION:
            return "duration"
        return "date" if number in _BUILT_IN_DATES else "number"
    plain = _ASIDE.sub("", code.split(";")[0])
    if _DURATION.search(plain):
        return "duration"
    return "date" if _DATE_LETTER.search(plain) else "number"


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _key(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").casefold()


def _refuse_declarations(*_: Any) -> None:
    raise UnreadableFileError(
        "its XML declares entities, as no spreadsheet program does: save it anew"
    )


def _refuse_bomb(infos: list[zipfile.ZipInfo], packed: int) -> None:
    size = sum(info.file_size for info in infos)
    if size > MAX_BYTES:
        raise UnreadableFileError(
            f"it unpacks to {size:,} bytes, and no more than {MAX_BYTES:,} are read: export CSV"
        )
    if size > _LARGE_BYTES and size > packed * _MOST_TIMES:
        raise UnreadableFileError(
            f"a bomb: {packed:,} bytes that unpack to {size:,}; if it is none, land it as CSV"
        )
    names = Counter(_key(info.filename) for info in infos)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise UnreadableFileError(f"a damaged XLSX file: it holds {twice[0]} twice: save it anew")


def _what_instead(head: bytes, path: Path) -> str:
    """What a file is that is no zip."""
    if head.startswith(_OLE):
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            is_encrypted = content.find(_ENCRYPTED_PACKAGE) >= 0
        if is_encrypted:
            return "it is protected by a password: save it without one"
        return "an old .xls file, and no XLSX: save it as XLSX or CSV"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "a web page or XML that is only called XLSX: export it anew as XLSX or CSV"
    if not head:
        return "the file is empty"
    return "no XLSX file: name it after what it is, or say `format` in the source file"


def _what_else(parts: dict[str, Any]) -> str:
    """What a zip is that is no XLSX."""
    if "xl/workbook.bin" in parts:
        return "an XLSB file, and no XLSX: save it as XLSX or CSV"
    if "mimetype" in parts:
        return "an OpenDocument file, and no XLSX: save it as XLSX or CSV"
    return "a zip, but no XLSX file: it holds no workbook"
