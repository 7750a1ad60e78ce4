"""What each column type accepts, what it refuses, and by which rule.

Belongs here: texts and the values they become, one contract with one column at a time.
Does not belong here: files and their accounts (test_bronze_loading.py).
"""

from __future__ import annotations

import string
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.bronze.cast import (
    BROKEN_COLUMN,
    BROKEN_RULE,
    BROKEN_VALUE,
    CastRows,
    bronze_schema,
)
from orchestration.bronze.header import MissingColumnsError, match_header
from orchestration.extracts.csv_text import open_csv
from orchestration.extracts.table import ROW_NUMBER, TextTable
from orchestration.sources.catalog import canonical_contracts, native_sources
from orchestration.sources.contract import SQL_TYPES, Contract, native_contract
from orchestration.sources.model import SourceFile

# The same numbers on every run: a failure is a change of the code and not a lucky draw.
random_numbers = hypothesis_settings(derandomize=True, max_examples=100, deadline=None)

# The shortest way a column type is written: `{type: integer}` and so on.
INTEGER, DECIMAL, DOUBLE = {"type": "integer"}, {"type": "decimal"}, {"type": "double"}
BOOLEAN, DATE, TIMESTAMP = {"type": "boolean"}, {"type": "date"}, {"type": "timestamp"}
TEXT, ID = {"type": "text"}, {"type": "salesforce_id"}


def contract_of(columns: dict[str, dict[str, Any]], **source: Any) -> Contract:
    """The contract of an object with some columns; `source` are words of the source file."""
    things = {"files": "things.csv", "key": next(iter(columns)), "columns": columns}
    said = SourceFile.model_validate({"source": "acme", "objects": {"things": things}} | source)
    return native_contract(said, "things", said.objects["things"])


def cast(rows: dict[str, list[str | None]], contract: Contract) -> list[dict[str, Any]]:
    """Text columns through a contract."""
    count = len(next(iter(rows.values())))
    records = pl.LazyFrame(
        rows | {"_row_number": range(2, count + 2)},
        schema=dict.fromkeys(rows, pl.String) | {"_row_number": pl.Int64},
    )
    return cast_table(table_of(records), contract).collect().to_dicts()


def table_of(records: pl.LazyFrame) -> TextTable:
    """Text columns as a reader gives them: an empty field is NULL."""
    header = [name for name in records.collect_schema() if name != ROW_NUMBER]
    records = records.with_columns(pl.col(header).replace("", None))
    return TextTable(tuple(header), 0, (), records, raw_texts=lambda _: {})


def cast_table(table: TextTable, contract: Contract) -> pl.LazyFrame:
    """Accepted rows, and refused ones with what they break, in the order of the table."""
    rows = CastRows(table, contract, match_header(contract, table.header))
    both = pl.concat([rows.accepted(), rows.refused()], how="diagonal")
    return both.sort(ROW_NUMBER)


def value_of(column: dict[str, Any], text: str | None, **source: Any) -> Any:
    """The value a text becomes in a column that accepts it."""
    (row,) = cast({"v": [text]}, contract_of({"v": column}, **source))
    assert (row[BROKEN_COLUMN], row[BROKEN_RULE]) == (None, None)
    return row["v"]


def rule_against(column: dict[str, Any], text: str | None, **source: Any) -> str:
    """The rule by which a column refuses a text."""
    (row,) = cast({"v": [text]}, contract_of({"v": column}, **source))
    assert row[BROKEN_COLUMN] == "v"
    assert row[BROKEN_VALUE] == (text.strip() if text else None)
    return str(row[BROKEN_RULE])


# Text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x", "  x  ", "0012", "NULL", "é😀", "a\nb"])
def test_a_text_is_kept_as_it_is(text: str) -> None:
    assert value_of(TEXT, text) == text


@pytest.mark.parametrize("column", [TEXT, ID, INTEGER, DECIMAL, DOUBLE, BOOLEAN, DATE, TIMESTAMP])
@pytest.mark.parametrize("text", [None, ""])
def test_an_empty_field_is_no_value_of_any_type(column: dict[str, Any], text: str | None) -> None:
    """CSV tells nobody whether `""` was meant as an empty text; Salesforce means NULL."""
    assert value_of(column, text) is None


@pytest.mark.parametrize("column", [INTEGER, DECIMAL, DOUBLE, BOOLEAN, DATE, TIMESTAMP, ID])
def test_a_field_of_blanks_is_no_value_where_blanks_mean_nothing(column: dict[str, Any]) -> None:
    assert value_of(column, "   ") is None


def test_an_id_has_eighteen_letters_and_digits() -> None:
    assert value_of(ID, "006000000000001AAA") == "006000000000001AAA"


@pytest.mark.parametrize(
    "text", ["00600000000001", "006000000000001AA", "006000000000001AAAA", "00600000000000-AAA"]
)
def test_any_other_id_is_refused(text: str) -> None:
    assert rule_against(ID, text) == "type"


def test_an_id_of_15_characters_becomes_the_one_of_18() -> None:
    """A published pair (design: sources, S70)."""
    assert value_of(ID, "0067E0000028LZP") == "0067E0000028LZPQA2"


def test_ids_that_differ_by_case_alone_become_different_ids() -> None:
    assert value_of(ID, "0067E0000028lZP") != value_of(ID, "0067E0000028LZP").swapcase()


@given(st.text(alphabet=string.ascii_letters + string.digits, min_size=15, max_size=15))
def test_every_short_id_is_lengthened_by_the_rule(text: str) -> None:
    suffix = ""
    for start in (0, 5, 10):
        block = text[start : start + 5]
        bits = sum(1 << place for place, letter in enumerate(block) if letter.isupper())
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
    assert value_of(ID, text) == text + suffix


@pytest.mark.parametrize(
    ("text", "format_"), [("1759053600000", "epoch_ms"), ("1759053600", "epoch_s")]
)
def test_a_count_since_1970_is_an_instant(text: str, format_: str) -> None:
    assert value_of(TIMESTAMP | {"format": format_}, text) == datetime(2025, 9, 28, 10)
    assert value_of(DATE | {"format": format_}, text) == date(2025, 9, 28)


# Numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-5", -5),
        ("+5", 5),
        (" 7 ", 7),
        ("12.0", 12),
        ("12.000", 12),
        ("9223372036854775807", 2**63 - 1),
        ("1234567890123456789", 1234567890123456789),
    ],
)
def test_an_integer_is_read(text: str, value: int) -> None:
    assert value_of(INTEGER, text) == value


@pytest.mark.parametrize(
    "text", ["1.5", "one", "1 000", "1,000", "1_000", "0x10", "--5", "9223372036854775808", "1."]
)
def test_what_is_no_integer_is_refused(text: str) -> None:
    assert rule_against(INTEGER, text) == "type"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("-1.5", "-1.5"),
        ("+1.5", "1.5"),
        (".5", "0.5"),
        (" 12 ", "12"),
        ("0.1", "0.1"),
        ("1.123456", "1.123456"),
        ("1.12345600", "1.123456"),
        ("999999999999999999.999999", "999999999999999999.999999"),
        # Salesforce writes ten million and more in this way.
        ("1.0E7", "10000000"),
        ("1.23456789E7", "12345678.9"),
    ],
)
def test_a_decimal_is_read_to_the_last_digit(text: str, value: str) -> None:
    assert value_of(DECIMAL, text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["much", "1,5", "1.2.3", "$5", "NaN", "inf", "--1", "-", ".", "1_0", "9" * 19]
)
def test_what_is_no_decimal_is_refused(text: str) -> None:
    assert rule_against(DECIMAL, text) == "type"


@pytest.mark.parametrize(
    "text",
    ["1.1234567", "0.0000001", "1.12345670001", "1E-7", "0.12345678", "0.1234560000000001"],
)
def test_a_decimal_that_would_lose_digits_is_refused(text: str) -> None:
    assert rule_against(DECIMAL, text) == "precision"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.5600000000002", "1234.56"),
        ("-59.99999999999999", "-60"),
        ("0.30000000000000004", "0.3"),
        ("1.2345600000000002E3", "1234.56"),
        ("1234567890.5000002", "1234567890.5"),
    ],
)
def test_a_double_with_the_noise_of_reckoning_is_the_decimal_that_was_meant(
    text: str, value: str
) -> None:
    assert value_of(DECIMAL, text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["1.0000000000000000000000001", "12345678901.1234567", "5.551115123125783e-17"]
)
def test_what_a_double_would_not_write_or_cannot_tell_is_no_noise(text: str) -> None:
    assert rule_against(DECIMAL, text) == "precision"


@random_numbers
@given(st.lists(st.tuples(st.integers(1, 10**7), st.integers(1, 10**5))))
def test_a_price_times_a_quantity_is_money_whatever_doubles_make_of_it(
    lines: list[tuple[int, int]],
) -> None:
    doubles = [repr(cents / 100 * count) for cents, count in lines]
    exact = [Decimal(cents * count) / 100 for cents, count in lines]

    assert [row["v"] for row in cast({"v": doubles}, contract_of({"v": DECIMAL}))] == exact


@random_numbers
@given(st.lists(st.decimals(-(10**8), 10**8, allow_nan=False).map(lambda n: f"{n:.15g}")))
def test_of_fifteen_digits_none_is_taken_for_noise(texts: list[str]) -> None:
    rows = cast({"v": texts}, contract_of({"v": DECIMAL}))

    assert [row["v"] for row in rows] == [
        number if (number := Decimal(text)) == round(number, 6) else None for text in texts
    ]


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1.0), ("-0.25", -0.25), ("1e5", 1e5), (".5", 0.5), (" 2 ", 2.0)]
)
def test_a_double_is_read(text: str, value: float) -> None:
    assert value_of(DOUBLE, text) == value


@pytest.mark.parametrize("text", ["half", "nan", "inf", "-Infinity", "1e400", "1,5"])
def test_what_is_no_finite_double_is_refused(text: str) -> None:
    """A NaN in a mart makes every sum over it NaN."""
    assert rule_against(DOUBLE, text) == "type"


@pytest.mark.parametrize("column", [DECIMAL, DOUBLE])
def test_a_decimal_comma_is_read_where_the_source_says_so(column: dict[str, Any]) -> None:
    assert float(value_of(column, "1234,5", decimal=",")) == 1234.5


def test_a_point_in_a_file_with_decimal_commas_is_refused() -> None:
    """`1.234` means 1234 to whoever wrote the file; read as 1.234, money is gone by a thousand."""
    assert rule_against(DECIMAL, "1.234", decimal=",") == "type"


@pytest.mark.parametrize(
    ("text", "value"), [("1.234,50", "1234.5"), ("1.234.567", "1234567"), ("12,5", "12.5")]
)
def test_points_between_thousands_are_read_where_the_source_says_so(text: str, value: str) -> None:
    assert value_of(DECIMAL, text, decimal=",", thousands=".") == Decimal(value)


def test_blanks_between_thousands_are_read_where_the_source_says_so() -> None:
    assert value_of(INTEGER, "1 234 567", thousands=" ") == 1234567


@pytest.mark.parametrize("text", ["12,50", "1,5", "1,0,0", "1234,"])
def test_a_separator_that_divides_no_thousands_is_refused(text: str) -> None:
    """`12,50` among `1,234.50` is a decimal comma of another hand, and no 1250."""
    assert rule_against(DECIMAL, text, thousands=",") == "type"


def test_two_decimal_commas_are_refused() -> None:
    assert rule_against(DECIMAL, "1,5,3", decimal=",") == "type"


# Booleans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["true", "TRUE", "True", "1", "yes", "Yes", "y", "t", " true "])
def test_a_yes_is_read(text: str) -> None:
    assert value_of(BOOLEAN, text) is True


@pytest.mark.parametrize("text", ["false", "FALSE", "0", "no", "NO", "n", "f"])
def test_a_no_is_read(text: str) -> None:
    assert value_of(BOOLEAN, text) is False


@pytest.mark.parametrize("text", ["2", "-1", "on", "ja", "maybe"])
def test_what_is_neither_yes_nor_no_is_refused(text: str) -> None:
    assert rule_against(BOOLEAN, text) == "type"


# Dates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["2024-02-29", " 2024-02-29 "])
def test_a_date_is_read(text: str) -> None:
    assert value_of(DATE, text) == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["2023-02-29", "29.02.2024", "20240229", "2024-02-29T00:00:00Z"])
def test_what_is_no_date_is_refused(text: str) -> None:
    assert rule_against(DATE, text) == "type"


@pytest.mark.parametrize("text", ["1900-01-01", "2199-12-31"])
def test_the_first_and_the_last_plausible_day_are_read(text: str) -> None:
    assert value_of(DATE, text) == date.fromisoformat(text)


@pytest.mark.parametrize("text", ["1899-12-31", "2200-01-01", "0024-02-28", "24-02-28"])
def test_a_date_in_an_implausible_year_is_refused(text: str) -> None:
    assert rule_against(DATE, text) == "range"


def test_the_formats_of_a_date_are_tried_in_order() -> None:
    either = DATE | {"format": ["%d/%m/%Y", "%m/%d/%Y"]}

    assert value_of(either, "03/04/2024") == date(2024, 4, 3)
    assert value_of(either, "03/31/2024") == date(2024, 3, 31)


def test_the_order_of_the_formats_decides_what_two_of_them_could_read() -> None:
    either = DATE | {"format": ["%m/%d/%Y", "%d/%m/%Y"]}

    assert value_of(either, "03/04/2024") == date(2024, 3, 4)


def test_a_format_that_reads_an_implausible_year_gives_way_to_the_next() -> None:
    """`%Y` reads the year 16 from `16`."""
    either = DATE | {"format": ["%d/%m/%Y", "%d/%m/%y"]}

    assert value_of(either, "03/04/16") == date(2016, 4, 3)


def test_the_usual_format_is_no_longer_tried_where_others_are_named() -> None:
    assert rule_against(DATE | {"format": "%d.%m.%Y"}, "2024-02-29") == "type"


# Instants ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-07-01T10:00:00.000Z", datetime(2024, 7, 1, 10)),
        ("2024-07-01T10:00:00.000+0000", datetime(2024, 7, 1, 10)),
        ("2024-07-01T10:00:00Z", datetime(2024, 7, 1, 10)),
        ("2024-07-01T10:00:00+02:00", datetime(2024, 7, 1, 8)),
        ("2024-07-01T10:00:00-0530", datetime(2024, 7, 1, 15, 30)),
        ("2024-07-01T10:00:00.123456Z", datetime(2024, 7, 1, 10, 0, 0, 123456)),
        ("2024-07-01 10:00:00", datetime(2024, 7, 1, 10)),
        ("2024-07-01 10:00:00.5", datetime(2024, 7, 1, 10, 0, 0, 500000)),
        ("2024-07-01T10:00:00", datetime(2024, 7, 1, 10)),
        ("2024-07-01", datetime(2024, 7, 1)),
    ],
)
def test_an_instant_is_read_in_every_spelling_of_the_extracts(text: str, value: datetime) -> None:
    assert value_of(TIMESTAMP, text) == value


@pytest.mark.parametrize(
    "text", ["2024-07-01T25:00:00Z", "2024-02-30 10:00:00", "01.07.2024 10:00", "1719828000000"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    assert rule_against(TIMESTAMP, text) == "type"


@pytest.mark.parametrize("text", ["1899-12-31T23:59:59Z", "2200-01-01 00:00:00", "0024-07-01"])
def test_an_instant_in_an_implausible_year_is_refused(text: str) -> None:
    assert rule_against(TIMESTAMP, text) == "range"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-01-15 12:00:00", datetime(2024, 1, 15, 11)),
        ("2024-07-15 12:00:00", datetime(2024, 7, 15, 10)),
        ("2024-03-31 01:59:59", datetime(2024, 3, 31, 0, 59, 59)),
        ("2024-03-31 03:00:00", datetime(2024, 3, 31, 1)),
        ("2024-10-27 03:00:00", datetime(2024, 10, 27, 2)),
        ("2024-07-15", datetime(2024, 7, 14, 22)),
    ],
)
def test_an_instant_without_an_offset_is_local_time_of_the_source(
    text: str, value: datetime
) -> None:
    assert value_of(TIMESTAMP, text, time_zone="Europe/Berlin") == value


def test_an_instant_with_an_offset_does_not_ask_for_the_time_zone_of_the_source() -> None:
    value = value_of(TIMESTAMP, "2024-07-15T12:00:00Z", time_zone="Europe/Berlin")

    assert value == datetime(2024, 7, 15, 12)


def test_an_hour_that_comes_twice_is_taken_the_first_time() -> None:
    value = value_of(TIMESTAMP, "2024-10-27 02:30:00", time_zone="Europe/Berlin")

    assert value == datetime(2024, 10, 27, 0, 30)


def test_an_hour_that_never_was_is_refused() -> None:
    assert rule_against(TIMESTAMP, "2024-03-31 02:30:00", time_zone="Europe/Berlin") == "gap"
    assert rule_against(TIMESTAMP, "2024-09-08 00:00:00", time_zone="America/Santiago") == "gap"


@pytest.mark.parametrize(
    ("day", "time_zone", "begin"),
    [
        ("2024-09-08", "America/Santiago", datetime(2024, 9, 8, 4)),
        ("2024-09-07", "America/Santiago", datetime(2024, 9, 7, 4)),
        ("2024-09-09", "America/Santiago", datetime(2024, 9, 9, 3)),
        ("2024-03-31", "Asia/Beirut", datetime(2024, 3, 30, 22)),
        ("2024-11-03", "America/Havana", datetime(2024, 11, 3, 4)),
    ],
)
def test_a_day_is_its_first_instant_even_where_it_has_no_midnight(
    day: str, time_zone: str, begin: datetime
) -> None:
    assert value_of(TIMESTAMP, day, time_zone=time_zone) == begin
    written = TIMESTAMP | {"format": "%d.%m.%Y"}
    text = date.fromisoformat(day).strftime("%d.%m.%Y")
    assert value_of(written, text, time_zone=time_zone) == begin


def test_a_day_that_the_clock_left_out_whole_is_refused() -> None:
    assert rule_against(TIMESTAMP, "2011-12-30", time_zone="Pacific/Apia") == "gap"


def test_a_day_has_no_time_zone() -> None:
    assert value_of(DATE, "2024-07-15", time_zone="Asia/Tokyo") == date(2024, 7, 15)


def test_the_formats_of_an_instant_are_tried_in_order() -> None:
    either = TIMESTAMP | {"format": ["%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p"]}

    assert value_of(either, "03.04.2024 17:05") == datetime(2024, 4, 3, 17, 5)
    assert value_of(either, "03/04/2024 5:05 PM") == datetime(2024, 3, 4, 17, 5)


def test_a_format_with_an_offset_is_converted() -> None:
    offset = TIMESTAMP | {"format": "%d.%m.%Y %H:%M %z"}

    assert value_of(offset, "03.04.2024 17:05 +0200", time_zone="Asia/Tokyo") == datetime(
        2024, 4, 3, 15, 5
    )


def test_seconds_since_1970_are_no_local_time() -> None:
    seconds = TIMESTAMP | {"format": "%s"}

    assert value_of(seconds, "1719828000", time_zone="Europe/Berlin") == datetime(2024, 7, 1, 10)


# Words that hold for every type ------------------------------------------------------------------


def test_a_text_is_replaced_whole() -> None:
    column = TEXT | {"replace": {"GTXPro": "GTX Pro"}}

    assert value_of(column, "GTXPro") == "GTX Pro"
    assert value_of(column, "GTXProX") == "GTXProX"


def test_a_value_may_be_replaced_before_it_is_cast() -> None:
    assert value_of(INTEGER | {"replace": {"none": "0"}}, "none") == 0


def test_a_text_that_is_replaced_by_nothing_is_no_value() -> None:
    assert value_of(DECIMAL | {"replace": {"n/a": ""}}, "n/a") is None


def test_signs_of_money_are_stripped_from_both_ends() -> None:
    column = DECIMAL | {"strip": "$€ "}

    assert value_of(column, "$1234.50") == Decimal("1234.5")
    assert value_of(column, "1234.50 €") == Decimal("1234.5")


def test_a_text_is_stripped_only_where_the_column_says_so() -> None:
    assert value_of(TEXT | {"strip": " "}, "  x ") == "x"


def test_null_values_of_a_source_are_no_values() -> None:
    assert value_of(TEXT, "n/a", null_values=["n/a", "-"]) is None
    assert value_of(INTEGER, "-", null_values=["n/a", "-"]) is None


def test_a_null_value_is_a_whole_field() -> None:
    assert value_of(TEXT, "n/a.", null_values="n/a") == "n/a."


def test_a_null_value_is_looked_for_before_replacements() -> None:
    column = TEXT | {"replace": {"x": "n/a"}}

    assert value_of(column, "x", null_values="n/a") == "n/a"


def test_a_constant_stands_in_every_row() -> None:
    contract = contract_of({"k": TEXT, "v": INTEGER | {"value": "7"}})

    assert [row["v"] for row in cast({"k": ["a", "b"]}, contract)] == [7, 7]


def test_the_currency_of_the_source_stands_where_a_row_has_none() -> None:
    contract = contract_of({"CurrencyIsoCode": TEXT}, currency="EUR")
    rows = cast({"CurrencyIsoCode": ["USD", "", None]}, contract)

    assert [row["CurrencyIsoCode"] for row in rows] == ["USD", "EUR", "EUR"]


def test_the_currency_of_the_source_stands_where_the_file_has_no_such_column() -> None:
    contract = contract_of(
        {"k": TEXT, "CurrencyIsoCode": TEXT | {"optional": True}}, currency="EUR"
    )

    assert cast({"k": ["a"]}, contract)[0]["CurrencyIsoCode"] == "EUR"


# Rows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, "", "n/a"])
def test_a_required_value_that_is_missing_is_refused(text: str | None) -> None:
    contract = contract_of({"v": INTEGER | {"required": True}}, null_values="n/a")
    (row,) = cast({"v": [text]}, contract)

    assert (row[BROKEN_COLUMN], row[BROKEN_RULE]) == ("v", "missing")


def test_a_required_column_refuses_what_its_type_refuses() -> None:
    assert rule_against(INTEGER | {"required": True}, "x") == "type"


def test_a_row_is_refused_by_the_first_column_that_breaks_a_rule() -> None:
    contract = contract_of({"a": INTEGER, "b": DATE, "c": BOOLEAN})
    (row,) = cast({"a": ["1"], "b": ["x"], "c": ["y z"]}, contract)

    assert (row[BROKEN_COLUMN], row[BROKEN_VALUE]) == ("b", "x")


def test_a_refused_row_leaves_its_neighbours_alone() -> None:
    rows = cast({"v": ["1", "x", "3"]}, contract_of({"v": INTEGER}))

    assert [row[BROKEN_RULE] for row in rows] == [None, "type", None]
    assert [row["v"] for row in rows] == [1, None, 3]


def test_a_column_that_the_file_lacks_is_named_with_those_it_has() -> None:
    contract = contract_of({"a": TEXT, "b": TEXT | {"column": "B side"}})

    with pytest.raises(MissingColumnsError, match=r"lacks `B side`.*acme/things.*has `a`"):
        cast({"a": ["1"]}, contract)


def test_an_optional_column_may_be_absent_from_the_file() -> None:
    contract = contract_of({"a": TEXT, "b": INTEGER | {"optional": True}})

    assert cast({"a": ["1"]}, contract)[0]["b"] is None


def test_an_optional_column_put_together_of_several_may_lack_them_all() -> None:
    name = TEXT | {"concat": ["first", "last"], "optional": True}

    assert cast({"a": ["1"]}, contract_of({"a": TEXT, "name": name}))[0]["name"] is None


def test_a_column_that_nobody_asked_for_is_left_out() -> None:
    assert "z" not in cast({"a": ["1"], "z": ["2"]}, contract_of({"a": TEXT}))[0]


def test_a_latin_1_file_is_read_as_its_source_says(tmp_path: Path) -> None:
    (tmp_path / "things.csv").write_bytes("name;größe\nMüller;1,5\n".encode("latin-1"))
    contract = contract_of(
        {"name": TEXT, "größe": DOUBLE}, encoding="latin-1", delimiter=";", decimal=","
    )
    file = open_csv(tmp_path / "things.csv", contract.options, tmp_path)
    (row,) = cast_table(file, contract).collect().to_dicts()

    assert (row["name"], row["größe"]) == ("Müller", 1.5)


@pytest.mark.parametrize(
    "contract",
    [
        *canonical_contracts().values(),
        *(each for source in native_sources().values() for each in source.contracts.values()),
    ],
    ids=lambda contract: contract.name,
)
def test_a_contract_casts_to_the_types_that_bronze_promises(contract: Contract) -> None:
    headers = [column.headers[0] for column in contract.columns if column.headers]
    records = pl.LazyFrame(schema=dict.fromkeys(headers, pl.String) | {"_row_number": pl.Int64})
    schema = cast_table(table_of(records), contract).collect_schema()

    promised = bronze_schema(contract)
    assert {column.name: schema[column.name] for column in contract.columns} == {
        column.name: promised[column.name] for column in contract.columns
    }
    assert {column.type for column in contract.columns} <= set(SQL_TYPES)


@pytest.mark.parametrize(
    ("text", "value"), [("12.5", Decimal("12.5")), ("1.234,50", Decimal("1234.5")), ("7", 7)]
)
def test_a_file_of_numbers_may_hold_texts_with_a_decimal_comma(text: str, value: Decimal) -> None:
    """JSON and XLSX write numbers with a point, whatever the texts beside them do."""
    assert value_of(DECIMAL, text, decimal=",", thousands=".") == value


def test_a_number_that_may_be_a_thousandfold_is_refused() -> None:
    assert rule_against(DECIMAL, "1.234", decimal=",", thousands=".") == "type"
