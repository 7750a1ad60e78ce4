"""A Parquet file as a table of text, each value written so that it can be read back.

Belongs here: how values of each Parquet type are written, and files that are no whole Parquet.
Does not belong here: what the texts are worth (bronze/).

Row 1 is the first row. Nothing is malformed: a Parquet file is read whole or not at all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from orchestration.extracts.parts import json_texts, refuse_many_columns
from orchestration.extracts.table import ROW_NUMBER, TextTable, UnreadableFileError
from orchestration.sources.file_options import FileOptions

# Of so many rows not even the ids fit into a file that has fewer bytes than a quarter of them.
_MANY_ROWS, _MOST_ROWS_PER_BYTE = 10_000_000, 4

_READ_ALL = """
import sys
import polars as pl
try:
    rows = pl.scan_parquet(sys.argv[1], glob=False, hive_partitioning=False)
    said = rows.select(pl.len()).collect().item()
    if said > int(sys.argv[2]):
        sys.exit(f"a bomb of {said:,} rows")
    heights = []
    rows.sink_batches(lambda batch: heights.append(batch.height), engine="streaming")
    if sum(heights) != said:
        sys.exit(f"it says that it holds {said:,} rows, and holds {sum(heights):,}")
except BaseException as error:
    print(str(error).partition("\\n")[0])
    sys.exit(1)
"""

_EPOCH = date(1970, 1, 1)
_UNITS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_FIRST_DAY, _LAST_DAY = ((day - _EPOCH).days for day in (date.min, date.max))
_SECONDS_A_DAY = 86_400
_LIMIT = 2**63 - 1


def open_parquet(path: Path, options: FileOptions, scratch: Path) -> TextTable:  # noqa: ARG001
    """Open one Parquet file. Raises UnreadableFileError when any part of it is damaged."""
    _refuse_damaged(path)
    rows = pl.scan_parquet(
        path, glob=False, hive_partitioning=False, row_index_name=_INDEX, row_index_offset=1
    )
    schema = rows.collect_schema()
    count = int(rows.select(pl.len()).collect().item())
    header = tuple(schema.names()[1:])
    if ROW_NUMBER in header:
        raise UnreadableFileError(
            f"a column is called `{ROW_NUMBER}`, a name that bronze needs: rename it"
        )
    refuse_many_columns(len(header))
    # By place and not by name: a column may be called `*`.
    records = rows.select(
        *(
            _text(pl.nth(place), schema[name]).alias(name)
            for place, name in enumerate(header, start=1)
        ),
        pl.nth(0).cast(pl.Int64).alias(ROW_NUMBER),
    )
    return TextTable(
        header=header,
        record_count=count,
        malformed=(),
        records=records,
        raw_texts=partial(json_texts, records),
        typed=frozenset(name for name in header if schema[name].is_temporal()),
        zones={
            name: type_.time_zone
            for name, type_ in schema.items()
            if isinstance(type_, pl.Datetime) and type_.time_zone is not None
        },
        may_hold_nul=True,
    )


# No name of a column: polars would refuse a file that has the name of its own index.
_INDEX = "\0row"


def _refuse_damaged(path: Path) -> None:
    """Read the whole file once in a process of its own.

    A flipped bit in a length makes polars ask for exabytes, and that ends the process. To begin
    takes a third of a second, millions of rows little more.
    """
    most_rows = max(_MANY_ROWS, path.stat().st_size * _MOST_ROWS_PER_BYTE)
    done = subprocess.run(
        [sys.executable, "-I", "-c", _READ_ALL, str(path), str(most_rows)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        is_encrypted = file.read() == b"PARE"
    if is_encrypted:
        raise UnreadableFileError("an encrypted Parquet file: land it without encryption")
    reason = done.stdout.strip() or "reading it ends the process"
    raise UnreadableFileError(f"no whole Parquet file ({reason}): land it again")


def _text(column: pl.Expr, type_: pl.DataType) -> pl.Expr:
    """The text of each value; NULL for none and for an empty one."""
    match type_:
        case pl.Date():
            return _writable(column, _FIRST_DAY, _LAST_DAY, partial(_in_form, form="%Y-%m-%d"))
        case pl.Datetime():
            return _instant(column, type_)
        case pl.Time():
            return _writable(column, 0, _SECONDS_A_DAY * _UNITS["ns"] - 1, _iso)
        case pl.Duration():
            return _iso(column)
        case pl.Binary():
            return _by_value(column, _text_of_bytes)
        case _ if type_.is_nested() or type_.is_object():
            return _by_value(column, _json_text)
        case _ if type_.is_float():
            # Programs make floats of ids where a row has none: other files say 12 and not 12.0.
            return column.cast(pl.String).str.strip_suffix(".0")
        case _:
            text = column.cast(pl.String)
            return pl.when(text != "").then(text)


def _instant(column: pl.Expr, type_: pl.Datetime) -> pl.Expr:
    """Local time of the source without an offset; else UTC, as APIs write it."""
    unit = _UNITS[type_.time_unit]
    first = _FIRST_DAY * _SECONDS_A_DAY * unit
    after_last = (_LAST_DAY + 1) * _SECONDS_A_DAY * unit
    # Nanoseconds since 1970 reach from 1677 to 2262 only.
    first, last = max(first, -_LIMIT), min(after_last - 1, _LIMIT)

    def written(form: str) -> pl.Expr:
        return _writable(column, first, last, partial(_in_form, form=form))

    if type_.time_zone is None:
        return written("%Y-%m-%dT%H:%M:%S%.6f")
    column = column.dt.convert_time_zone("UTC")
    is_whole = column.to_physical() % unit == 0
    return (
        pl.when(is_whole)
        .then(written("%Y-%m-%dT%H:%M:%S.000Z"))
        .otherwise(written("%Y-%m-%dT%H:%M:%S%.6fZ"))
    )


def _in_form(column: pl.Expr, form: str) -> pl.Expr:
    return column.dt.strftime(form)


def _iso(column: pl.Expr) -> pl.Expr:
    return column.dt.to_string("iso")


def _writable(
    column: pl.Expr, first: int, last: int, write: Callable[[pl.Expr], pl.Expr]
) -> pl.Expr:
    """Values that can be written, as `write` does it; the bare number of any other one.

    polars panics where a year has more digits than it can write.
    """
    number = column.to_physical()
    is_writable = number.is_between(first, last)
    return (
        pl.when(is_writable)
        .then(write(pl.when(is_writable).then(column)))
        .otherwise(number.cast(pl.String))
    )


def _by_value(column: pl.Expr, write: Callable[[Any], str]) -> pl.Expr:
    def write_all(values: pl.Series) -> pl.Series:
        try:
            texts = [None if value is None else write(value) or None for value in values.to_list()]
        except pl.exceptions.PanicException as error:
            raise UnreadableFileError(f"a value that cannot be written down: {error}") from error
        return pl.Series(texts, dtype=pl.String)

    return column.map_batches(write_all, return_dtype=pl.String, is_elementwise=True)


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()


def _json_text(value: Any) -> str:
    return orjson.dumps(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """A value of JSON with the same meaning."""
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case Decimal():
            return orjson.Fragment(format(value, "f"))
        case int() if abs(value) > _LIMIT:
            return orjson.Fragment(str(value))
        case float() if not isfinite(value):
            return str(value)
        case bytes():
            return _text_of_bytes(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return value
