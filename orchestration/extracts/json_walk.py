"""Where the parts of a JSON text stand, found without reading what they hold.

Belongs here: the ends of values and the documents of arrays and pages, as places in bytes; a file
of any size can be walked over through a memory map.
Does not belong here: what a value is (json_documents.py), rows (json_rows.py).
"""

from __future__ import annotations

import mmap
import re
from array import array
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


def documents(data: Bytes, start: int = 0) -> Iterator[Place]:
    """The documents of a text that may hold several values, one after the other.

    An array of objects stands for its elements, and so does a page of an API: an object without
    `id` whose `results` are such an array.
    """
    position = skip_blanks(data, start)
    while position < len(data):
        page, end = page_at(data, position)
        if page is None:
            yield position, end
        else:
            yield from page
        position = skip_blanks(data, end)


def page_at(data: Bytes, start: int) -> tuple[Iterator[Place] | None, int]:
    """The documents of the array or page that begins at `start`, if one does, and its end."""
    first = data[start : start + 1]
    if first == b"[":
        places, end = _elements(data, start)
    elif first == b"{":
        fields, end = _fields(data, start)
        found = dict(fields)
        begin = found.get("results", (start, end))[0]
        # A name that stands twice hides something, whatever it is.
        if len(found) < len(fields) or "id" in found or data[begin : begin + 1] != b"[":
            return None, end
        places, _ = _elements(data, begin)
    else:
        return None, value_end(data, start)
    if any(data[begin : begin + 1] != b"{" for begin in places[::2]):
        return None, end
    numbers = iter(places)
    return zip(numbers, numbers, strict=True), end


def _elements(data: Bytes, start: int) -> tuple[array[int], int]:
    """Begin and end of each element of an array in turn, and the end of the array."""
    places = array("q")
    position = skip_blanks(data, start + 1)
    if data[position : position + 1] == b"]":
        return places, position + 1
    while True:
        end = value_end(data, position)
        places.append(position)
        places.append(end)
        position, is_last = _next(data, end, b"]")
        if is_last:
            return places, position


def _fields(data: Bytes, start: int) -> tuple[list[tuple[str, Place]], int]:
    """The names and values of an object, and its end."""
    fields: list[tuple[str, Place]] = []
    position = skip_blanks(data, start + 1)
    if data[position : position + 1] == b"}":
        return fields, position + 1
    while True:
        name = _STRING.match(data, position)
        if not name:
            raise NoJsonError("a name is missing", position)
        position = skip_blanks(data, name.end())
        if data[position : position + 1] != b":":
            raise NoJsonError("a colon is missing", position)
        begin = skip_blanks(data, position + 1)
        end = value_end(data, begin)
        fields.append((_name(name[0], name.start()), (begin, end)))
        position, is_last = _next(data, end, b"}")
        if is_last:
            return fields, position


def _next(data: Bytes, end: int, closing: bytes) -> tuple[int, bool]:
    """Where it goes on behind a value, and whether that was the last one."""
    position = skip_blanks(data, end)
    mark = data[position : position + 1]
    if mark == closing:
        return position + 1, True
    if mark != b",":
        raise NoJsonError(f"a comma or `{closing.decode()}` is missing", position)
    return skip_blanks(data, position + 1), False


def _name(quoted: bytes, position: int) -> str:
    try:
        return str(orjson.loads(quoted))
    except orjson.JSONDecodeError as error:
        raise NoJsonError(f"no name: {error.msg}", position) from None
