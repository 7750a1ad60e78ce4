"""Text files in encodings other than UTF-8.

Belongs here: finding out which of the encodings that a source file allows a file is in, and
writing it out as UTF-8. Does not belong here: what the text says (csv_text.py, json_text.py).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from orchestration.extracts.table import NotUtf8Error, UnreadableFileError

Opened = TypeVar("Opened")

_EXPECTED_UTF8 = {"utf-8", "utf-8-sig", "ascii"}
_CHUNK_BYTES = 1024 * 1024
# A character of more than one byte in well-formed UTF-8.
_LONG_CHARACTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def opened_first(
    path: Path, encodings: Iterable[str], scratch: Path, open_utf8: Callable[[Path], Opened]
) -> Opened:
    """What `open_utf8` makes of the file in the first encoding that the whole file is in.

    Raises UnreadableFileError when it is in none of them, or half in UTF-8 and half in another.
    """
    refusals: list[UnreadableFileError] = []
    for encoding in encodings:
        try:
            if codecs.lookup(encoding).name in _EXPECTED_UTF8:
                return open_utf8(path)
            if refusals:
                _refuse_mixture(path, refusals[0])
            return open_utf8(_as_utf8(path, encoding, scratch))
        except NotUtf8Error as error:
            refusals.append(error)
    raise UnreadableFileError("; ".join(str(refusal) for refusal in refusals))


def _as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    copy = scratch / "utf8.csv"
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as source, copy.open("wb") as target:
        read = 0
        while True:
            data = source.read(_CHUNK_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise NotUtf8Error(
                    f"not {encoding} at byte {read - pending + error.start}: name another "
                    f"encoding in the source file"
                ) from error
            except UnicodeError as error:
                raise NotUtf8Error(
                    f"not {encoding} ({error}): name another encoding in the source file"
                ) from error
            target.write(text.encode("utf-8", "surrogatepass"))
            read += len(data)
            if not data:
                return copy


def _refuse_mixture(path: Path, refusal: UnreadableFileError) -> None:
    """A file that is no UTF-8 but holds characters of UTF-8 was put together from two files."""
    place, tail = 0, b""
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            found = _LONG_CHARACTER.search(tail + data)
            if found:
                raise UnreadableFileError(
                    f"a mixture of encodings: UTF-8 at byte {place - len(tail) + found.start()}, "
                    f"but {refusal}"
                )
            place, tail = place + len(data), data[-3:]
