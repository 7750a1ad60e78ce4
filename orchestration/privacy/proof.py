"""A look into every byte below a folder for texts that must not be there.

Belongs here: finding texts in files of any kind, packed ones included. Does not belong here: which
texts those are, and removing them (forget.py).

Bytes are searched in UTF-8 and UTF-16, in any case, and as they stand in web addresses. What is
compressed is read besides: archives by unpacking, Parquet and DuckDB by asking every text.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import duckdb
import polars as pl

from orchestration.extracts.zstandard import zstd

_CHUNK = 16 * 1024 * 1024
_ZIPS = (".zip", ".xlsx")
_NOT_WHAT_IT_SAYS = (
    pl.exceptions.PolarsError,
    duckdb.Error,
    zipfile.BadZipFile,
    zlib.error,
    zstd.ZstdError,
    EOFError,
    gzip.BadGzipFile,
)


class Needles:
    """Texts to look for, in the forms that bytes may have."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = sorted({text.lower() for text in texts if text})
        self._forms = sorted(
            {
                form.lower()
                for text in self.texts
                for form in (
                    text.encode(),
                    text.encode("utf-16-le"),
                    text.encode("utf-16-be"),
                    quote(text).encode(),
                    text.replace("@", "\\u0040").encode(),
                )
            }
        )

    def are_in(self, file: BinaryIO) -> bool:
        """Whether a stream of bytes holds one of them."""
        longest = max(map(len, self._forms), default=0)
        tail = b""
        while chunk := file.read(_CHUNK):
            data = (tail + chunk).lower()
            if any(form in data for form in self._forms):
                return True
            tail = data[-longest:]
        return False


def find(folder: Path, needles: Needles) -> list[Path]:
    """The files below a folder that hold one of the texts, in order of name."""
    if not needles.texts:
        return []
    return [path for path in sorted(_files(folder)) if holds(path, needles)]


def holds(path: Path, needles: Needles) -> bool:
    """Whether a file holds one of the texts, packed or not."""
    with path.open("rb") as file:
        if needles.are_in(file):
            return True
    try:
        match path.suffix.casefold():
            case ".parquet":
                return _in_table(path, needles)
            case ".duckdb":
                return any(True for _ in texts_in_database(path, needles))
            case suffix if suffix in (".gz", ".zst", *_ZIPS):
                with path.open("rb") as file:
                    return _in_packed(file, path.name, needles)
    except _NOT_WHAT_IT_SAYS:
        # Not what its name says: its bytes were searched.
        return False
    return False


def texts_in_database(path: Path, needles: Needles) -> Iterator[tuple[str, str, str]]:
    """Schema, table and column of texts in a DuckDB file that hold one of the texts."""
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where data_type like 'VARCHAR%' and not internal order by all"
        ).fetchall()
        pattern = "|".join(map(re.escape, needles.texts))
        for schema, table, column in columns:
            row = connection.execute(
                f'select 1 from "{schema}"."{table}" '
                f'where regexp_matches(lower("{column}"), ?) limit 1',
                [pattern],
            ).fetchone()
            if row is not None:
                yield schema, table, column


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def _in_table(path: Path, needles: Needles) -> bool:
    rows = pl.scan_parquet(path, glob=False)
    texts = [name for name, type_ in rows.collect_schema().items() if type_ == pl.String]
    if not texts:
        return False
    tests = [
        pl.col(name).str.to_lowercase().str.contains_any(needles.texts).any() for name in texts
    ]
    return bool(rows.select(pl.any_horizontal(tests)).collect().item())


def _in_packed(file: BinaryIO, name: str, needles: Needles) -> bool:
    suffix = Path(name).suffix.casefold()
    if suffix in _ZIPS:
        with zipfile.ZipFile(file) as archive:
            for member in archive.namelist():
                with archive.open(member) as inner:
                    # A packed member has to be looked at twice: as it is, and unpacked.
                    data = io.BytesIO(inner.read())
                if needles.are_in(data):
                    return True
                data.seek(0)
                if _in_packed(data, member, needles):
                    return True
        return False
    if suffix == ".gz":
        with gzip.open(file) as unpacked:
            return needles.are_in(unpacked)  # type: ignore[arg-type]
    if suffix == ".zst":
        with zstd.open(file) as unpacked:
            return needles.are_in(unpacked)  # type: ignore[arg-type]
    return False
