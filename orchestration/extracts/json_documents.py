"""One JSON text becomes documents, with every number as it was written.

Belongs here: what is a document and what is not, pages of an API, and the words for what is wrong.
Does not belong here: files and lines (json_text.py), the columns of documents (json_rows.py).
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

import orjson

from orchestration.extracts.json_walk import NoJsonError, Place, page_at

Document = dict[str, Any]
# A number as it was written, where it is not an int or float that is written the same.
Number = orjson.Fragment

MAX_DEPTH = 64

_AS_JSON = "flywheel_json"
# How a line begins that stands within the deepest level, where each level is set in by two blanks.
_DEEP = b"\n" + b"  " * MAX_DEPTH

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class NoDocumentError(ValueError):
    """A JSON text that is no document; says why in plain words."""


def read_documents(text: bytes) -> Sequence[Document | NoDocumentError]:
    """The documents of one line: itself, or those of the page that it is."""
    try:
        value = _read_value(text)
    except NoDocumentError as fault:
        return _whole_ones(text, fault)
    page = _page(value)
    if page is not None:
        return page
    if type(value) is dict:
        return [value]
    return [NoDocumentError(f"{kind_of(value)}, and no object")]


def document_texts(text: bytes) -> list[bytes]:
    """The texts of the documents that `read_documents` finds."""
    return [text[begin:end] for begin, end in _places(text)] or [text]


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "null"
    if type(value) is dict:
        return "an object"
    if type(value) is list:
        return "a list"
    return "a text" if type(value) is str else "a number or boolean"


def _whole_ones(text: bytes, fault: NoDocumentError) -> Sequence[Document | NoDocumentError]:
    """Of a page with a fault, the documents that have none."""
    documents: list[Document | NoDocumentError] = []
    for begin, end in _places(text):
        try:
            documents.append(_read_value(text[begin:end]))
        except NoDocumentError as its_own:
            documents.append(its_own)
    return documents or [fault]


def _places(text: bytes) -> list[Place]:
    """Where the documents of a page stand; none where it is no page."""
    try:
        page, end = page_at(text, 0)
    except NoJsonError:
        return []
    return list(page) if page is not None and end == len(text) else []


def _page(value: Any) -> list[Document] | None:
    if type(value) is dict and "id" not in value:
        value = value.get("results")
    is_page = type(value) is list and all(type(each) is dict for each in value)
    return value if is_page else None


def _read_value(text: bytes) -> Any:
    """The value of a JSON text. Raises NoDocumentError."""
    value = _read_quickly(text)
    if value is None:
        value = _read_exactly(text)
    if b"\\u0000" in text and _NUL.search(text):
        raise NoDocumentError("a NUL character")
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and _is_deep(value):
        raise _too_deep()
    return value


def _read_quickly(text: bytes) -> Any:
    """The value if nothing was lost on the way; None otherwise, and for null."""
    try:
        value = orjson.loads(text)
        written = _written(value, text)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    # Written out as it was read, it lost nothing: no repeated name, no digit of a number. Blanks
    # between them tell nothing, and those of texts are never lost.
    if written == text or written.translate(None, b" ") == text.translate(None, b" "):
        return value
    return None


def _written(value: Any, text: bytes) -> bytes:
    """The value as JSON, in ASCII alone if the text is."""
    written = orjson.dumps(value)
    if b"\\u" in text and text.isascii():
        return written.decode("utf-8").encode("ascii", _AS_JSON)
    return written


def _escaped(error: UnicodeError) -> tuple[bytes, int]:
    """Characters as JSON writes them in ASCII, those beyond 16 bits in two halves."""
    assert isinstance(error, UnicodeEncodeError)
    halves = error.object[error.start : error.end].encode("utf-16-be").hex()
    units = (halves[place : place + 4] for place in range(0, len(halves), 4))
    return "".join(f"\\u{unit}" for unit in units).encode("ascii"), error.end


def _read_exactly(text: bytes) -> Any:
    if b"\0" in text:
        raise NoDocumentError("a NUL character")
    try:
        decoded = text.decode("utf-8")
        value, end = _DECODER.raw_decode(decoded)
        if end < len(decoded):
            raise NoDocumentError(f"not JSON: it goes on at character {end + 1}, after its end")
        if _SURROGATE.search(text):
            orjson.dumps(value)
    except UnicodeDecodeError as error:
        raise NoDocumentError(f"not UTF-8 at byte {error.start + 1} of it") from None
    except json.JSONDecodeError as error:
        raise NoDocumentError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except orjson.JSONEncodeError:
        raise NoDocumentError("half a character (a lone surrogate)") from None
    except RecursionError:
        raise _too_deep() from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> Document:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise NoDocumentError(f"`{twice}` stands twice in one object")
    return fields


def _no_number(name: str) -> NoReturn:
    raise NoDocumentError(f"not JSON: {name} is no number")


def _is_deep(value: Any) -> bool:
    try:
        if _DEEP not in orjson.dumps(value, option=orjson.OPT_INDENT_2):
            return False
    except orjson.JSONEncodeError:
        # Too deep for it, or half a character: the walk tells.
        pass
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _too_deep() -> NoDocumentError:
    return NoDocumentError(f"nested more than {MAX_DEPTH} deep")


codecs.register_error(_AS_JSON, _escaped)
_DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_no_number, object_pairs_hook=_object
)
