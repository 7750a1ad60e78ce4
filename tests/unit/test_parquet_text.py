"""Parquet files as tables of text, which the contract's types read back without loss.

Belongs here: how each type of Parquet is written, and files that are refused or damaged.
Does not belong here: texts of other formats (test_bronze_casting.py), unpacking (test_unpack.py).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.bronze.cast import CastRows
from orchestration.bronze.header import match_header
from orchestration.extracts import parts
from orchestration.extracts.parquet_text import open_parquet
from orchestration.extracts.table import ROW_NUMBER, TextTable, UnreadableFileError
from orchestration.sources.contract import native_contract
from orchestration.sources.file_options import FileOptions
from orchestration.sources.model import SourceFile

# Few and long ones: each file is read by a process of its own first.
random_files = settings(derandomize=True, max_examples=6, deadline=None)
LENGTH = {"min_size": 30, "max_size": 60}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parquet")


def opened(folder: Path, frame: pl.DataFrame, **written: Any) -> TextTable:
    path = folder / "file [1]*.parquet"
    frame.write_parquet(path, **written)
    return open_parquet(path, FileOptions(), folder)


def texts(folder: Path, values: list[Any], type_: Any) -> list[str | None]:
    """The texts of one column."""
    table = opened(folder, pl.DataFrame({"x": pl.Series(values, dtype=type_)}))
    assert table.record_count == len(values)
    return table.records.collect(engine="streaming")["x"].to_list()


def read_back(table: TextTable, type_: str, **source: Any) -> list[Any]:
    """The values of the column `x` as bronze has them."""
    rows = cast(table, type_, **source)
    assert rows.refused().collect().height == 0
    return rows.accepted().collect()["x"].to_list()


def cast(table: TextTable, type_: str, **source: Any) -> CastRows:
    """A table through a contract with the one column `x`."""
    column = {"type": type_, "format": "%d/%m/%Y"} if type_ == "date" else {"type": type_}
    things = {"files": "things*", "key": "x", "columns": {"x": column}}
    said = SourceFile.model_validate({"source": "acme", "objects": {"things": things}} | source)
    contract = native_contract(said, "things", said.objects["things"])
    return CastRows(table, contract, match_header(contract, table.header))


# Values that come back ---------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31))
WHOLE = MOMENTS.map(lambda moment: moment.replace(microsecond=0))


@random_files
@given(values=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), **LENGTH))
def test_integers_come_back(folder: Path, values: list[int | None]) -> None:
    table = opened(folder, pl.DataFrame({"x": pl.Series(values, dtype=pl.Int64)}))
    assert read_back(table, "integer") == values


@random_files
@given(values=st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), **LENGTH))
def test_floats_come_back(folder: Path, values: list[float | None]) -> None:
    table = opened(folder, pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}))
    assert read_back(table, "double") == values


@random_files
@given(
    values=st.lists(
        st.none() | st.decimals(min_value=-(10**12), max_value=10**12, places=6), **LENGTH
    )
)
def test_decimals_come_back(folder: Path, values: list[Decimal | None]) -> None:
    table = opened(folder, pl.DataFrame({"x": pl.Series(values, dtype=pl.Decimal(24, 6))}))
    assert read_back(table, "decimal") == values


@random_files
@given(values=st.lists(st.none() | MOMENTS.map(datetime.date), **LENGTH))
def test_dates_come_back_whatever_format_the_texts_of_the_column_have(
    folder: Path, values: list[date | None]
) -> None:
    table = opened(folder, pl.DataFrame({"x": pl.Series(values, dtype=pl.Date)}))
    assert read_back(table, "date") == values


@random_files
@given(values=st.lists(st.none() | MOMENTS | WHOLE, **LENGTH), unit=st.sampled_from(["us", "ns"]))
def test_instants_of_a_zone_come_back_as_utc(
    folder: Path, values: list[datetime | None], unit: Any
) -> None:
    utc = [None if value is None else value.replace(tzinfo=UTC) for value in values]
    column = pl.Series(utc, dtype=pl.Datetime(unit, "UTC")).dt.convert_time_zone("Europe/Berlin")
    table = opened(folder, pl.DataFrame({"x": column}))
    assert read_back(table, "timestamp", time_zone="America/New_York") == values


@random_files
@given(values=st.lists(st.none() | MOMENTS | WHOLE, **LENGTH))
def test_instants_without_a_zone_are_local_time_of_the_source(
    folder: Path, values: list[datetime | None]
) -> None:
    table = opened(folder, pl.DataFrame({"x": pl.Series(values, dtype=pl.Datetime("us"))}))
    assert read_back(table, "timestamp", time_zone="UTC") == values
    # A fixed offset, so that no local time is missing or doubled.
    local = ZoneInfo("Etc/GMT-3")
    assert read_back(table, "timestamp", time_zone="Etc/GMT-3") == [
        value and value.replace(tzinfo=local).astimezone(UTC).replace(tzinfo=None)
        for value in values
    ]


@random_files
@given(
    values=st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), **LENGTH),
    type_=st.sampled_from([pl.String(), pl.Categorical()]),
)
def test_texts_come_back_and_an_empty_one_is_no_value(
    folder: Path, values: list[str | None], type_: Any
) -> None:
    assert texts(folder, values, type_) == [value or None for value in values]


MIDNIGHTS = [datetime(2025, 1, 2), None, datetime(1969, 12, 31)]


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "America/New_York"])
def test_midnight_is_a_day(folder: Path, zone: str | None) -> None:
    column = pl.Series(MIDNIGHTS, dtype=pl.Datetime("us")).dt.replace_time_zone(zone)
    table = opened(folder, pl.DataFrame({"x": column}))
    assert read_back(table, "date", time_zone="America/New_York") == [
        value and value.date() for value in MIDNIGHTS
    ]


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        (datetime(2025, 1, 2, 10), None),
        (datetime(2025, 1, 2, 0, 0, 0, 1), None),
        (datetime(2025, 1, 2, 1), "Europe/Berlin"),
        (datetime(2025, 1, 1, 19), "America/New_York"),
    ],
)
def test_no_day_is_made_of_an_instant_with_a_time_of_day(
    folder: Path, moment: datetime, zone: str | None
) -> None:
    column = pl.Series([moment]).dt.replace_time_zone(zone)
    table = opened(folder, pl.DataFrame({"x": column}))
    refused = cast(table, "date").refused().collect()
    assert refused["_broken_rule"].to_list() == ["type"]


# Texts -------------------------------------------------------------------------------------------

FORMS: dict[str, tuple[list[Any], Any, list[str | None]]] = {
    "boolean": ([True, False, None], pl.Boolean, ["true", "false", None]),
    "unsigned": ([2**64 - 1], pl.UInt64, ["18446744073709551615"]),
    "wide": ([2**100], pl.Int128, [str(2**100)]),
    "single": ([0.1, 16777216.0], pl.Float32, ["0.1", "16777216"]),
    "no number": ([float("nan"), float("inf")], pl.Float64, ["NaN", "inf"]),
    "decimal": ([Decimal("1.50")], pl.Decimal(10, 4), ["1.5000"]),
    "enum": (["a", "b"], pl.Enum(["a", "b"]), ["a", "b"]),
    "time": ([time(10, 0), time(1, 2, 3, 5)], pl.Time, ["10:00:00", "01:02:03.000005"]),
    "duration": ([timedelta(days=1, seconds=5)], pl.Duration("us"), ["P1DT5S"]),
    "bytes": ([b"abc", b"\xff\x00", b""], pl.Binary, ["abc", "ff00", None]),
    "nothing": ([None, None], pl.Null, [None, None]),
    "list": ([[1, None], [], None], pl.List(pl.Int64), ["[1,null]", "[]", None]),
    "array": ([[1, 2]], pl.Array(pl.Int64, 2), ["[1,2]"]),
    "struct": (
        [{"a": "ü", "b": [Decimal("1.50")], "c": date(2025, 1, 2), "d": float("nan"),
          "e": b"\xff"}],
        pl.Struct(
            {"a": pl.String, "b": pl.List(pl.Decimal(9, 2)), "c": pl.Date, "d": pl.Float64,
             "e": pl.Binary}
        ),
        ['{"a":"ü","b":[1.50],"c":"2025-01-02","d":"nan","e":"ff"}'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_each_type_has_its_text(folder: Path, form: str) -> None:
    values, type_, expected = FORMS[form]
    assert texts(folder, values, type_) == expected


def test_whole_seconds_are_written_as_apis_do(folder: Path) -> None:
    moments = [datetime(2025, 7, 1, 12, 0), datetime(2025, 7, 1, 12, 0, 0, 5)]
    column = pl.Series(moments, dtype=pl.Datetime("us")).dt.replace_time_zone("Europe/Berlin")
    table = opened(folder, pl.DataFrame({"x": column}))
    assert table.records.collect()["x"].to_list() == [
        "2025-07-01T10:00:00.000Z",
        "2025-07-01T10:00:00.000005Z",
    ]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_instants_that_no_calendar_holds_stay_visible(
    folder: Path, unit: Any, zone: str | None
) -> None:
    extremes = pl.Series([-(2**63), 2**63 - 1] if unit != "ns" else [-(2**63)])
    table = opened(folder, pl.DataFrame({"x": extremes.cast(pl.Datetime(unit, zone))}))
    assert table.records.collect()["x"].to_list() == [str(number) for number in extremes]


def test_days_that_no_calendar_holds_stay_visible(folder: Path) -> None:
    days = pl.Series([-(2**31), -719162, 2932896, 2**31 - 1], dtype=pl.Int32).cast(pl.Date)
    table = opened(folder, pl.DataFrame({"x": days}))
    expected = ["-2147483648", "0001-01-01", "9999-12-31", "2147483647"]
    assert table.records.collect()["x"].to_list() == expected


def test_a_nested_day_that_no_calendar_holds_refuses_the_file(folder: Path) -> None:
    days = pl.Series([[2**31 - 1]], dtype=pl.List(pl.Int32)).cast(pl.List(pl.Date))
    table = opened(folder, pl.DataFrame({"x": days}))
    with pytest.raises(UnreadableFileError, match="cannot be written down"):
        table.records.collect()


def test_another_program_s_file_reads_the_same(folder: Path) -> None:
    path = folder / "duckdb.parquet"
    duckdb.sql(
        "copy (select 1::decimal(9, 2) as a, timestamptz '2025-01-01 00:00:00+00' as b, "
        "[{'k': 1}] as c, 'x'::blob as d, true as e, date '2025-01-02' as f, 2.5::float as g) "
        f"to '{path}'"
    )
    table = open_parquet(path, FileOptions(), folder)
    assert table.records.collect().row(0) == (
        "1.00", "2025-01-01T00:00:00.000Z", '[{"k":1}]', "x", "true", "2025-01-02", "2.5", 1
    )  # fmt: skip


# The table ---------------------------------------------------------------------------------------


def test_rows_are_numbered_from_one_over_all_row_groups(folder: Path) -> None:
    frame = pl.DataFrame({"x": range(1000)})
    table = opened(folder, frame, row_group_size=100)
    rows = table.records.collect(engine="streaming")
    assert rows[ROW_NUMBER].to_list() == list(range(1, 1001))
    assert rows["x"].to_list() == [str(number) for number in range(1000)]
    assert table.record_count == 1000


def test_columns_of_days_and_instants_are_typed(folder: Path) -> None:
    frame = pl.DataFrame(
        {"a": [date(2025, 1, 1)], "b": [datetime(2025, 1, 1)], "c": ["2025-01-01"], "d": [1]}
    )
    assert opened(folder, frame).typed == {"a", "b"}


def test_raw_texts_are_flat_json_without_nulls(folder: Path) -> None:
    frame = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "é\n"], "c": [[1], [2], [3]]})
    raw = opened(folder, frame).raw_texts([3, 2])
    assert {number: json.loads(text) for number, text in raw.items()} == {
        2: {"a": "2", "c": "[2]"},
        3: {"a": "3", "b": "é\n", "c": "[3]"},
    }


def test_a_file_without_rows_keeps_its_columns(folder: Path) -> None:
    table = opened(folder, pl.DataFrame(schema={"a": pl.Int64, "b": pl.Datetime("us")}))
    assert (table.header, table.record_count) == (("a", "b"), 0)
    assert table.records.collect().height == 0


@pytest.mark.parametrize("name", ["*", "^.*$", "a b", "ä", '"', "a\nb", "row_nr", "index"])
def test_a_column_may_have_any_name(folder: Path, name: str) -> None:
    table = opened(folder, pl.DataFrame({"id": ["1"], name: ["2"], "z": ["3"]}))
    assert table.records.collect().to_dicts() == [{"id": "1", name: "2", "z": "3", ROW_NUMBER: 1}]


# Files that are refused --------------------------------------------------------------------------


def test_a_column_named_like_the_row_number_is_refused(folder: Path) -> None:
    with pytest.raises(UnreadableFileError, match="_row_number"):
        opened(folder, pl.DataFrame({ROW_NUMBER: [1]}))


def test_too_many_columns_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_COLUMNS", 2)
    with pytest.raises(UnreadableFileError, match="more than 2 columns"):
        opened(folder, pl.DataFrame({"a": [1], "b": [1], "c": [1]}))


def test_more_rows_than_the_bytes_can_hold_are_refused(folder: Path) -> None:
    frame = pl.select(pl.lit(1).repeat_by(20_000_000).explode().alias("x"))
    with pytest.raises(UnreadableFileError, match="a bomb of 20,000,000 rows"):
        opened(folder, frame)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"id,name\n1,2\n" * 9, b"PAR1" + b"\0" * 99])
def test_a_file_that_is_no_parquet_is_refused(folder: Path, data: bytes) -> None:
    path = folder / "no.parquet"
    path.write_bytes(data)
    with pytest.raises(UnreadableFileError, match="no whole Parquet file"):
        open_parquet(path, FileOptions(), folder)


def test_a_file_that_is_cut_off_is_refused(folder: Path) -> None:
    path = folder / "cut.parquet"
    pl.DataFrame({"x": range(1000)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFileError, match="no whole Parquet file"):
        open_parquet(path, FileOptions(), folder)


def test_a_damaged_page_refuses_the_file_and_ends_no_process(folder: Path) -> None:
    path = folder / "damaged.parquet"
    pl.DataFrame({"id": ["d1"], "state": ["Open"], "value": [1]}).write_parquet(path)
    whole = path.read_bytes()
    refused = 0
    # Lengths in the headers of the first pages; some of them end a process that reads them.
    for at in range(4, 30, 2):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert open_parquet(path, FileOptions(), folder).records.collect().height == 1
        except UnreadableFileError:
            refused += 1
    assert refused


def test_an_encrypted_file_is_refused(folder: Path) -> None:
    path = folder / "encrypted.parquet"
    writer = duckdb.connect(config={"force_mbedtls_unsafe": "true"})
    writer.sql("pragma add_parquet_key('key', '0123456789112345')")
    writer.sql(f"copy (select 1 as x) to '{path}' (encryption_config {{footer_key: 'key'}})")
    with pytest.raises(UnreadableFileError, match="an encrypted Parquet file"):
        open_parquet(path, FileOptions(), folder)
