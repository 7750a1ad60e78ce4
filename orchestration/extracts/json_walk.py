"""Where the parts of a JSON text stand, found without reading what they hold.

Belongs here: the ends of values, the elements of arrays, the fields of objects, as places in bytes;
a file of any size can be walked over through a memory map.
Does not belong here: what a value is (json_documents.py), rows (json_rows.py).
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator

import orjson

Bytes = bytes | mmap.mmap
# A value from `start` up to `end`.
Place = tuple[int, int]

_TEXT = rb'"(?:[^"\\\x00-\x1f]++|\\.)*+"'
_STRING = re.compile(_TEXT)
# All up to the next bracket that is not within a text; a quote that opens no text ends it too.
_BRACKET = re.compile(rb"(?:[^\"{}\[\]]++|" + _TEXT + rb")*+([\"{}\[\]])")
_SCALAR = re.compile(rb"[^\s,:\[\]{}\"]+")
_BLANKS = re.compile(rb"[ \t\r\n]*+")
_OPENING, _CLOSING = b"{[", b"}]"


class NoJsonError(ValueError):
    """Not JSON from `position` on."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(what)
        self.position = position


def skip_blanks(data: Bytes, position: int) -> int:
    """The next place that is not blank, or the end."""
    blanks = _BLANKS.match(data, position)
    return blanks.end() if blanks else position


def value_end(data: Bytes, start: int) -> int:
    """Where the value ends that begins at `start`. Only quotes and brackets are looked at."""
    first = data[start : start + 1]
    if first not in (b"{", b"["):
        found = (_STRING if first == b'"' else _SCALAR).match(data, start)
        if not found:
            raise NoJsonError("no value begins", start)
        return found.end()
    depth, position = 0, start
    while found := _BRACKET.match(data, position):
        bracket, position = found[1], found.end()
        if bracket == b'"':
            raise NoJsonError("a text is never closed", position - 1)
        depth += 1 if bracket in _OPENING else -1
        if not depth:
            return position
    raise NoJsonError("a bracket is never closed", start)


def elements(data: Bytes, start: int) -> Iterator[Place]:
    """The elements of the array that begins at `start`."""
    position = skip_blanks(data, start + 1)
    if data[position : position + 1] == b"]":
        return
    while True:
        end = value_end(data, position)
        yield position, end
        position = skip_blanks(data, end)
        mark = data[position : position + 1]
        if mark == b"]":
            return
        if mark != b",":
            raise NoJsonError("a comma or `]` is missing", position)
        position = skip_blanks(data, position + 1)


def fields(data: Bytes, start: int) -> Iterator[tuple[str, Place]]:
    """The names and values of the object that begins at `start`."""
    position = skip_blanks(data, start + 1)
    if data[position : position + 1] == b"}":
        return
    while True:
        name = _STRING.match(data, position)
        if not name:
            raise NoJsonError("a name is missing", position)
        position = skip_blanks(data, name.end())
        if data[position : position + 1] != b":":
            raise NoJsonError("a colon is missing", position)
        begin = skip_blanks(data, position + 1)
        end = value_end(data, begin)
        yield _name(name[0], name.start()), (begin, end)
        position = skip_blanks(data, end)
        mark = data[position : position + 1]
        if mark == b"}":
            return
        if mark != b",":
            raise NoJsonError("a comma or `}` is missing", position)
        position = skip_blanks(data, position + 1)


def _name(quoted: bytes, position: int) -> str:
    try:
        return str(orjson.loads(quoted))
    except orjson.JSONDecodeError as error:
        raise NoJsonError(f"no name: {error.msg}", position) from None


def documents(data: Bytes, start: int = 0) -> Iterator[Place]:
    """The documents of a text that may hold several values, one after the other.

    An array of objects stands for its elements, and so does a page of an API: an object without
    `id` whose `results` are such an array.
    """
    position = skip_blanks(data, start)
    while position < len(data):
        end = value_end(data, position)
        page = page_start(data, position)
        if page is None:
            yield position, end
        else:
            yield from elements(data, page)
        position = skip_blanks(data, end)


def page_start(data: Bytes, start: int) -> int | None:
    """Where the array of documents begins in a page; None where no page begins at `start`."""
    array = start
    if data[start : start + 1] == b"{":
        places = list(fields(data, start))
        found = dict(places)
        if len(found) < len(places) or "id" in found or "results" not in found:
            return None
        array = found["results"][0]
    if data[array : array + 1] != b"[" or any(
        data[begin : begin + 1] != b"{" for begin, _ in elements(data, array)
    ):
        return None
    return array
