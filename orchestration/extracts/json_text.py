"""A JSON file as a table of text: JSON Lines, pages of an API, or one array of documents.

Belongs here: numbering rows, batches, and finding the raw text of a row again.
Does not belong here: lines (json_lines.py), documents (json_documents.py), columns (json_rows.py),
types and rules (bronze/).

Row 1 is the first row; a record that is no document takes one number.
"""

from __future__ import annotations

import codecs
import tempfile
from array import array
from collections.abc import Collection, Iterable
from functools import partial
from itertools import groupby
from pathlib import Path

import polars as pl

from orchestration.extracts.disguises import refuse_disguised
from orchestration.extracts.encodings import opened_first
from orchestration.extracts.json_documents import (
    Document,
    NoDocumentError,
    document_texts,
    read_documents,
)
from orchestration.extracts.json_lines import as_lines, line_at, lines_of
from orchestration.extracts.json_rows import PARENT, RowPath, flat_frames
from orchestration.extracts.parts import MAX_MALFORMED, Parts
from orchestration.extracts.table import (
    ROW_NUMBER,
    Malformed,
    NotUtf8Error,
    TextTable,
    UnreadableFileError,
)
from orchestration.sources.file_options import FileOptions

# As many documents as stay in the processor's cache: 20 times as many take half as long again.
_BATCH_ROWS = 1_000
_BATCH_BYTES = 1024 * 1024


def open_json(
    path: Path,
    options: FileOptions,
    scratch: Path,
    *,
    wanted: Collection[str] | None = None,
    read_around: Collection[str] | None = None,
    is_lines: bool = False,
) -> TextTable:
    """Open one JSON file.

    A number is the text that stands in the file. `scratch` is a folder for copies that the caller
    throws away. `wanted` are the columns that are looked for, and what has nothing to do with them
    is malformed; without it, such a document has no rows. `read_around` are the columns of which
    those around the rows are read; without it, all are. `is_lines` says that it is JSON Lines in
    UTF-8 for certain, whatever the first of them look like. Raises UnreadableFileError when the
    file as a whole cannot be read.
    """
    row_path = RowPath(options.rows, wanted, read_around) if options.rows else None
    if is_lines:
        return _read_lines(path, row_path, scratch)
    refuse_disguised(path, may_be_json=True)
    only_utf8 = [codecs.lookup(name).name for name in options.encoding] == ["utf-8"]
    read = partial(_open_utf8, row_path, scratch, not only_utf8)
    return read(path) if only_utf8 else opened_first(path, options.encoding, scratch, read)


def _open_utf8(
    row_path: RowPath | None, scratch: Path, must_be_utf8: bool, path: Path
) -> TextTable:
    return _read_lines(as_lines(path, scratch), row_path, scratch, must_be_utf8)


def _read_lines(
    path: Path, row_path: RowPath | None, scratch: Path, must_be_utf8: bool = False
) -> TextTable:
    reader = _Reader(path, row_path, scratch)
    reader.read(must_be_utf8)
    return TextTable(
        header=reader.parts.header,
        record_count=reader.record_count,
        malformed=tuple(sorted(reader.malformed, key=lambda record: record.row_number)),
        records=reader.parts.records(),
        raw_texts=reader.raw_texts,
        empty=reader.empty,
    )


class _Reader:
    """One pass over the lines of a file, and what it found."""

    def __init__(self, path: Path, row_path: RowPath | None, scratch: Path) -> None:
        self.parts = Parts(scratch)
        self.record_count = 0
        self.malformed: list[Malformed] = []
        self._path = path
        self._row_path = row_path
        self._filled: set[str] = set()
        self._path_begins = False
        self._first_lack: str | None = None
        with tempfile.NamedTemporaryFile(prefix="places-", dir=scratch, delete=False) as file:
            self._places = _Places(Path(file.name))
        self._begin_batch()

    def read(self, must_be_utf8: bool) -> None:
        """Read the whole file. Raises NotUtf8Error at the first line that is not, if none may be.

        Any other line that is no JSON is a malformed record. Raises UnreadableFileError when the
        path to the rows begins in no document.
        """
        for offset, line in lines_of(self._path):
            for index, document in enumerate(read_documents(line)):
                if isinstance(document, NoDocumentError):
                    if must_be_utf8:
                        _refuse_other_encoding(line, offset)
                    self._add_malformed(str(document), offset, index)
                elif self._row_path is None:
                    self._add_row(document, offset, index)
                else:
                    self._add_rows_within(self._row_path, document, offset, index)
            self._bytes += len(line)
            if len(self._rows) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
                self._end_batch()
        self._end_batch()
        if self._first_lack is not None and not self._path_begins:
            raise UnreadableFileError(
                f"`rows` leads nowhere (in the first document {self._first_lack}): export the file "
                f"again, or mend the path"
            )

    @property
    def empty(self) -> frozenset[str]:
        """Columns without any value, and without a column of a field within them."""
        header = self.parts.header
        around = {name[:place] for name in header for place, sign in enumerate(name) if sign == "."}
        return frozenset(header) - self._filled - around

    def raw_texts(self, row_numbers: Iterable[int]) -> dict[int, str]:
        """Rows on a path as flat JSON objects; otherwise documents as they stand in the file."""
        wanted = sorted(set(row_numbers))
        texts = {} if self._row_path is None else self.parts.texts(wanted)
        places = self._places.of(number for number in wanted if number not in texts)
        with self._path.open("rb") as file:
            for offset, on_line in groupby(places, key=lambda place: place[1]):
                documents = document_texts(line_at(file, offset))
                for number, _, index in on_line:
                    texts[number] = documents[index].decode("utf-8", errors="backslashreplace")
        return texts

    def _begin_batch(self) -> None:
        self._bytes = 0
        self._rows: list[Document] = []
        self._numbers: list[int] = []
        self._bound: list[tuple[str, ...]] = []
        self._documents: list[Document] = []
        self._document_of: list[int] = []

    def _add_row(self, document: Document, offset: int, index: int) -> None:
        self.record_count += 1
        self._places.add(offset, index)
        self._rows.append(document)
        self._numbers.append(self.record_count)

    def _add_malformed(self, reason: str, offset: int, index: int) -> None:
        self.record_count += 1
        self._places.add(offset, index)
        self._set_aside(self.record_count, reason)

    def _set_aside(self, number: int, reason: str) -> None:
        self.malformed.append(Malformed(number, reason))
        if len(self.malformed) > MAX_MALFORMED:
            first = self.malformed[0]
            raise UnreadableFileError(
                f"more than {MAX_MALFORMED:,} records are malformed, the first of them row "
                f"{first.row_number} ({first.reason}): is it JSON Lines?"
            )

    def _add_rows_within(
        self, row_path: RowPath, document: Document, offset: int, index: int
    ) -> None:
        if lack := row_path.lack(document):
            self._first_lack = self._first_lack or lack
            self._add_malformed(lack, offset, index)
            return
        self._path_begins = True
        try:
            found = row_path.rows(document)
        except NoDocumentError as fault:
            self._add_malformed(str(fault), offset, index)
            return
        if found:
            for bound, row in found:
                self._bound.append(bound)
                self._document_of.append(len(self._documents))
                self._add_row(row, offset, index)
            self._documents.append(row_path.around(document))

    def _end_batch(self) -> None:
        if self._rows:
            names = self._row_path.names if self._row_path else ()
            beside = dict(zip(names, zip(*self._bound, strict=True), strict=True)) if names else {}
            parents = _parents(self._documents) if self._documents else None
            begin = 0
            for frame, clashes in flat_frames(self._rows, pl.Series(self._numbers), beside):
                end = begin + frame.height
                if parents is not None:
                    document_of = self._document_of[begin:end]
                    frame, clashes = _with_parents(frame, clashes, parents[document_of])
                self._add_part(frame, clashes)
                begin = end
        self._places.flush()
        self._begin_batch()

    def _add_part(self, frame: pl.DataFrame, clashes: dict[int, str]) -> None:
        for row, name in clashes.items():
            self._set_aside(frame[ROW_NUMBER][row], f"two values for the column `{name}`")
        if clashes:
            is_clear = ~pl.int_range(pl.len()).is_in(list(clashes))
            frame = frame.filter(is_clear)
        self._filled.update(each.name for each in frame if each.null_count() < len(each))
        self.parts.add(frame)


class _Places:
    """Where each row comes from: its line's offset, and the index of its document there.

    Row 1 stands first, in a file of two numbers a row.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending = array("q")

    def add(self, offset: int, index: int) -> None:
        """Add the place of the next row."""
        self._pending.append(offset)
        self._pending.append(index)

    def flush(self) -> None:
        """Write down what was added."""
        with self._path.open("ab") as file:
            self._pending.tofile(file)
        self._pending = array("q")

    def of(self, row_numbers: Iterable[int]) -> Iterable[tuple[int, int, int]]:
        """Row number, offset and index of some rows."""
        with self._path.open("rb") as file:
            for number in row_numbers:
                place = array("q")
                file.seek((number - 1) * 2 * place.itemsize)
                place.fromfile(file, 2)
                yield number, place[0], place[1]


def _parents(documents: list[Document]) -> pl.DataFrame:
    """Scalar fields of documents, under names of their own, and the index of each document."""
    index = pl.int_range(len(documents), eager=True)
    frames = [frame for frame, _ in flat_frames(documents, index, prefix=PARENT, keeps_lists=False)]
    return pl.concat(frames, how="diagonal")


def _with_parents(
    frame: pl.DataFrame, clashes: dict[int, str], parents: pl.DataFrame
) -> tuple[pl.DataFrame, dict[int, str]]:
    """Rows with the fields of the documents that they come from."""
    shared = set(frame.columns) & set(parents.columns)
    for name in shared - {ROW_NUMBER}:
        both = frame[name].is_not_null() & parents[name].is_not_null()
        clashes = clashes | dict.fromkeys(both.arg_true().to_list(), name)
        frame = frame.with_columns(frame[name].zip_with(frame[name].is_not_null(), parents[name]))
    return frame.hstack([each for each in parents if each.name not in shared]), clashes


def _refuse_other_encoding(line: bytes, offset: int) -> None:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotUtf8Error(f"not UTF-8 at byte {offset + error.start}") from error
