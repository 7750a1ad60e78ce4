"""From documents to rows: a path into each, and flat columns of text.

Belongs here: which parts of a document are rows, what their columns are called, and values as
texts. Does not belong here: reading JSON (json_documents.py), files (json_text.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from orchestration.extracts.json_documents import Document, NoDocumentError, kind_of
from orchestration.extracts.parts import refuse_many_columns
from orchestration.extracts.table import ROW_NUMBER, UnreadableFileError

# The one column of a row that is no object.
VALUE = "value"
PARENT = "parent."

_SEGMENT = re.compile(r"\{(?P<name>[^{}]+)\}|(?P<key>[^{}]+)")
# Rows times columns of what is turned into columns at a time: a gigabyte would be 50 million.
_MOST_CELLS = 5_000_000
_SHOWN_NAMES, _LONGEST_NAME = 10, 100

Column = list[Any]
_NESTED: set[type] = {dict}


@dataclass(frozen=True)
class _Segment:
    text: str
    is_bound: bool


class RowPath:
    """Where the rows of a document stand: `stages`, or `propertiesWithHistory.{property}`.

    A list on the way stands for its elements, `{name}` for every key, which becomes a column.
    `wanted` are the columns that are looked for, among them those around the rows; without it any
    document may be one without rows. `read_around` are the columns that are read; without it, all
    that stands around the rows is.
    """

    def __init__(
        self,
        path: str,
        wanted: Collection[str] | None = None,
        read_around: Collection[str] | None = None,
    ) -> None:
        matches = [_SEGMENT.fullmatch(part) for part in path.split(".")]
        self._segments = [
            _Segment(match["name"] or match["key"], match["name"] is not None)
            for match in matches
            if match
        ]
        self.names = tuple(each.text for each in self._segments if each.is_bound)
        if None in matches or len(set(self.names)) < len(self.names):
            raise UnreadableFileError(
                f"`rows: {path}` is no path: write names with dots between, and `{{name}}`, each "
                f"with a name of its own, where any key may stand"
            )
        self._may_lack_rows = wanted is None
        self._around = _fields_around(wanted or ())
        self._read_around = None if read_around is None else _fields_around(read_around)

    def lack(self, document: Document) -> str | None:
        """Why a document is none of those that have rows, in words; None for one that is.

        It has neither the first name of the path, nor a field that is looked for around the rows.
        """
        first = self._segments[0]
        if self._may_lack_rows or first.is_bound or first.text in document:
            return None
        if any(name.casefold() in self._around for name in document):
            return None
        shown = ", ".join(f"`{name[:_LONGEST_NAME]}`" for name in list(document)[:_SHOWN_NAMES])
        return f"nothing stands under `{first.text}`; it has {shown or 'nothing'}"

    def around(self, document: Document) -> Document:
        """What of a document is read beside its rows."""
        if self._read_around is None:
            return document
        return {
            name: value for name, value in document.items() if name.casefold() in self._read_around
        }

    def rows(self, document: Document) -> list[tuple[tuple[str, ...], Document]]:
        """The rows of a document, each with the keys bound on the way; none where nothing stands.

        Raises NoDocumentError when something else than an object or list stands on the path.
        """
        found: list[tuple[tuple[str, ...], Document]] = []
        self._walk(document, 0, (), found)
        return found

    def _walk(
        self,
        value: Any,
        depth: int,
        bound: tuple[str, ...],
        found: list[tuple[tuple[str, ...], Document]],
    ) -> None:
        is_end = depth == len(self._segments)
        if type(value) is list:
            if is_end:
                found += [(bound, each if type(each) is dict else {VALUE: each}) for each in value]
            else:
                for each in value:
                    self._walk(each, depth, bound, found)
        elif type(value) is dict:
            if is_end:
                found.append((bound, value))
                return
            segment = self._segments[depth]
            if segment.is_bound:
                for key, inner in value.items():
                    self._walk(inner, depth + 1, (*bound, key), found)
            elif segment.text in value:
                self._walk(value[segment.text], depth + 1, bound, found)
        elif value is not None:
            place = self._segments[depth - 1].text
            raise NoDocumentError(f"`{place}` holds {kind_of(value)}, and no object or list")


def _fields_around(columns: Collection[str]) -> set[str]:
    names = (name.casefold() for name in columns if name.startswith(PARENT))
    return {name.removeprefix(PARENT).partition(".")[0] for name in names}


@dataclass
class _Flat:
    """Documents as columns of text; `clashes` are those with two values for one column."""

    height: int
    keeps_lists: bool
    columns: dict[str, Column] = field(default_factory=dict)
    clashes: dict[int, str] = field(default_factory=dict)


class _TooLargeError(Exception):
    """More cells than are to be held at a time."""


def flat_frames(
    documents: Sequence[Document],
    row_numbers: pl.Series,
    beside: Mapping[str, Sequence[str]] | None = None,
    *,
    prefix: str = "",
    keeps_lists: bool = True,
) -> Iterator[tuple[pl.DataFrame, dict[int, str]]]:
    """Documents as frames of String columns and `_row_number`, and of each frame the rows with two
    values for one column, which they name.

    Names of nested fields are joined by dots. `beside` are columns that there are already. There
    is more than one frame only where one would be too large.
    """
    flat = _Flat(len(documents), keeps_lists, {name: [*v] for name, v in (beside or {}).items()})
    try:
        _flatten(prefix, range(flat.height), documents, flat)
    except _TooLargeError:
        half = flat.height // 2
        for part in (slice(half), slice(half, None)):
            yield from flat_frames(
                documents[part],
                row_numbers[part],
                {name: values[part] for name, values in (beside or {}).items()},
                prefix=prefix,
                keeps_lists=keeps_lists,
            )
        return
    if ROW_NUMBER in flat.columns:
        raise UnreadableFileError(
            f"a field is called `{ROW_NUMBER}`, a name that bronze needs: rename it"
        )
    columns = {name: pl.Series(v, dtype=pl.String) for name, v in flat.columns.items()}
    yield pl.DataFrame(columns | {ROW_NUMBER: row_numbers}), flat.clashes


def _flatten(prefix: str, rows: Sequence[int], documents: Sequence[Document], flat: _Flat) -> None:
    """Add the fields of documents that stand at one place, and then those below them."""
    for name, column in _columns(rows, documents, flat).items():
        kinds = set(map(type, column))
        dropped = kinds & _NESTED if flat.keeps_lists else kinds & (_NESTED | {list})
        if dict in kinds:
            inner = [row for row, value in enumerate(column) if isinstance(value, dict)]
            _flatten(f"{prefix}{name}.", inner, [column[row] for row in inner], flat)
        if not dropped or kinds - dropped - {type(None)}:
            _add(prefix + name, _texts(column, kinds, dropped), flat)


def _columns(
    rows: Sequence[int], documents: Sequence[Document], flat: _Flat
) -> Mapping[str, Column]:
    """The values of each field, None where a document lacks it."""
    names = list(documents[0]) if documents else []
    if len(documents) == flat.height and all(list(each) == names for each in documents):
        # Most exports write the same fields in the same order.
        _refuse_large(len(names) + len(flat.columns), flat.height)
        values = zip(*(each.values() for each in documents), strict=True)
        return dict(zip(names, map(list, values), strict=True))
    columns: dict[str, Column] = {}
    for row, document in zip(rows, documents, strict=True):
        for name, value in document.items():
            try:
                columns[name][row] = value
            except KeyError:
                column: Column = [None] * flat.height
                column[row] = value
                columns[name] = column
                _refuse_large(len(columns) + len(flat.columns), flat.height)
    return columns


def _texts(column: Column, kinds: set[type], dropped: set[type]) -> Column:
    if kinds <= {str, type(None)}:
        return column
    return [None if type(value) in dropped else _text(value) for value in column]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _add(name: str, column: Column, flat: _Flat) -> None:
    """`a.b` as a name and as a field of `a`: in one document only one may have a value."""
    present = flat.columns.setdefault(name, column)
    if present is column:
        return
    for row, value in enumerate(column):
        if value is not None:
            if present[row] is not None:
                flat.clashes[row] = name
            present[row] = value


def _refuse_large(columns: int, height: int) -> None:
    refuse_many_columns(columns)
    if height > 1 and columns * height > _MOST_CELLS:
        raise _TooLargeError
