"""A contract as polars expressions: the typed value of each column, and the first broken rule.

Belongs here: how text becomes a value of each column type, and which texts are refused.
Does not belong here: files (load.py), which columns there are (sources/).

Rules and what they mean to a person who reads the quarantine:

    missing    the contract requires a value and the field is empty
    type       the text is no value of the column's type
    range      a date or instant outside the years 1900 to 2199 (a mistyped or misread year)
    precision  more than six decimals, which could not be kept
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import polars as pl

from orchestration.sources.contract import Column, Contract
from orchestration.sources.model import ColumnType

POLARS_TYPES: dict[ColumnType, pl.DataType] = {
    "text": pl.String(),
    "salesforce_id": pl.String(),
    "integer": pl.Int64(),
    "decimal": pl.Decimal(24, 6),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
}

# Wide enough to see which decimals the decimal of bronze would cut off.
_WIDE = pl.Decimal(38, 18)

_DATE_FORMATS = ("%Y-%m-%d",)
_TIMESTAMP_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d",
)
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
_BOOLEANS = {
    "true": True, "1": True, "yes": True, "y": True, "t": True,
    "false": False, "0": False, "no": False, "n": False, "f": False,
}  # fmt: skip

BROKEN_COLUMN, BROKEN_RULE, BROKEN_VALUE = "_broken_column", "_broken_rule", "_broken_value"


class MissingColumnsError(Exception):
    """The file's header lacks columns that the contract names."""


@dataclass(frozen=True)
class _Cast:
    text: pl.Expr
    value: pl.Expr
    rules: tuple[tuple[str, pl.Expr], ...]


def bronze_schema(contract: Contract) -> pl.Schema:
    """Names and types of an object's bronze columns, origin columns last."""
    columns = {column.name: POLARS_TYPES[column.type] for column in contract.columns}
    return pl.Schema(
        columns
        | {
            "_source": pl.String(),
            "_batch_date": pl.Date(),
            "_load_number": pl.Int64(),
            "_file": pl.String(),
            "_row_number": pl.Int64(),
        }
    )


def cast_by_contract(records: pl.LazyFrame, contract: Contract, header: set[str]) -> pl.LazyFrame:
    """Typed columns of the contract, `_row_number`, and what the row breaks first (NULL: nothing).

    `records` holds text columns named by the file's header. Raises MissingColumnsError when the
    header lacks a column that the contract does not call optional.
    """
    lacking = [
        column.header
        for column in contract.columns
        if column.header and column.header not in header and not column.is_header_optional
    ]
    if lacking:
        raise MissingColumnsError(
            f"the file lacks {_listed(lacking)}, which {contract.name} needs; "
            f"it has {_listed(sorted(header))}"
        )
    casts = {column.name: _cast(column, contract, header) for column in contract.columns}
    broken = [(name, rule, test) for name, cast in casts.items() for rule, test in cast.rules]
    return records.select(
        pl.col("_row_number"),
        *(cast.value.alias(name) for name, cast in casts.items()),
        _first([(test, pl.lit(name)) for name, _, test in broken]).alias(BROKEN_COLUMN),
        _first([(test, pl.lit(rule)) for _, rule, test in broken]).alias(BROKEN_RULE),
        _first([(test, casts[name].text) for name, _, test in broken]).alias(BROKEN_VALUE),
    )


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _first(choices: list[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """The value beside the first test that holds; NULL when none does."""
    if not choices:
        return pl.lit(None, dtype=pl.String)
    return pl.coalesce(pl.when(test).then(value) for test, value in choices)


def _cast(column: Column, contract: Contract, header: set[str]) -> _Cast:
    type_ = POLARS_TYPES[column.type]
    if column.header in header:
        text = pl.col(str(column.header))
    elif column.constant is not None:
        text = pl.lit(column.constant)
    else:
        text = pl.lit(None, dtype=pl.String)
        if column.default is None and not column.is_required:
            return _Cast(text, pl.lit(None, dtype=type_), ())
    if column.strip:
        text = text.str.strip_chars(column.strip)
    if column.type != "text":
        text = text.str.strip_chars()
    nulls = [*contract.options.null_values, ""]
    text = pl.when(~text.is_in(nulls)).then(text)
    if column.replacements:
        text = text.replace(dict(column.replacements))
        text = pl.when(text != "").then(text)
    if column.default is not None:
        text = text.fill_null(column.default)
    value, rules = _value(text, column, contract)
    if column.is_required:
        rules = [("missing", text.is_null()), *rules]
    return _Cast(text, value, tuple(rules))


def _value(
    text: pl.Expr, column: Column, contract: Contract
) -> tuple[pl.Expr, list[tuple[str, pl.Expr]]]:
    match column.type:
        case "text":
            return text, []
        case "salesforce_id":
            return text, [("type", ~text.str.contains(r"^[A-Za-z0-9]{18}$"))]
        case "integer":
            whole = _plain_number(text, contract).str.replace(r"\.0+$", "")
            value = whole.cast(pl.Int64, strict=False)
            return value, [("type", text.is_not_null() & value.is_null())]
        case "double":
            value = _plain_number(text, contract).cast(pl.Float64, strict=False)
            return value, [("type", text.is_not_null() & ~value.is_finite().fill_null(False))]
        case "decimal":
            number = _plain_number(text, contract)
            value = number.cast(POLARS_TYPES["decimal"], strict=False)
            return value, [
                ("type", text.is_not_null() & value.is_null()),
                ("precision", number.cast(_WIDE, strict=False) != value),
            ]
        case "boolean":
            value = text.str.to_lowercase().replace_strict(
                _BOOLEANS, default=None, return_dtype=pl.Boolean
            )
            return value, [("type", text.is_not_null() & value.is_null())]
        case "date":
            days = [
                text.str.to_date(format_, strict=False)
                for format_ in column.formats or _DATE_FORMATS
            ]
            return _plausible(text, days)
        case "timestamp":
            instants = [
                _instant(text, format_, contract.time_zone)
                for format_ in column.formats or _TIMESTAMP_FORMATS
            ]
            return _plausible(text, instants)


def _plain_number(text: pl.Expr, contract: Contract) -> pl.Expr:
    """The number as programs write it; NULL where a separator stands out of place."""
    decimal, thousands = contract.options.decimal, contract.options.thousands
    if thousands:
        # Groups of three, or of two and three as in India: `12,50` is no 1250.
        mark = re.escape(thousands)
        grouped = rf"^[^{mark}]*[0-9](?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}(?:[^0-9{mark}].*)?$"
        divided = text.str.contains(thousands, literal=True)
        text = pl.when(~divided | text.str.contains(grouped)).then(text)
        text = text.str.replace_all(thousands, "", literal=True)
    if decimal != ".":
        text = pl.when(~text.str.contains(".", literal=True)).then(text)
        text = text.str.replace(decimal, ".", literal=True)
    return text


def _instant(text: pl.Expr, format_: str, time_zone: str) -> pl.Expr:
    """UTC without a zone; a text without an offset is local time of the source."""
    if "%z" in format_ or "%#z" in format_:
        parsed = text.str.to_datetime(format_, strict=False, time_unit="us", time_zone="UTC")
        return parsed.dt.replace_time_zone(None)
    if any(part in format_ for part in ("%H", "%I", "%T", "%s")):
        parsed = text.str.to_datetime(format_, strict=False, time_unit="us")
    else:
        parsed = text.str.to_date(format_, strict=False).cast(pl.Datetime("us"))
    if time_zone == "UTC" or "%s" in format_:
        return parsed
    local = parsed.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _plausible(text: pl.Expr, readings: list[pl.Expr]) -> tuple[pl.Expr, list[tuple[str, pl.Expr]]]:
    """The first reading within the plausible years: `16` must not be read as the year 16."""
    in_range = [
        pl.when(reading.dt.date().is_between(_EARLIEST, _LATEST)).then(reading)
        for reading in readings
    ]
    value = pl.coalesce(in_range)
    return value, [
        ("range", value.is_null() & pl.coalesce(readings).is_not_null()),
        ("type", text.is_not_null() & value.is_null()),
    ]
