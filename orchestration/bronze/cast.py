"""A contract as polars expressions: the typed rows that hold it, and what the others break first.

Belongs here: which text feeds a column, which rows are accepted, and the rule of each refused one.
Does not belong here: files (load.py), how a text becomes a value (values.py), which columns there
are (sources/).

Rules and what they mean to a person who reads the quarantine: rules.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import time
from functools import partial

import polars as pl

from orchestration.bronze.common import common_value
from orchestration.bronze.header import HeaderMatch
from orchestration.bronze.values import DEFAULT_FORMATS, POLARS_TYPES, rules_of, values_of
from orchestration.extracts.table import ROW_NUMBER, TextTable
from orchestration.sources.contract import ORIGIN_COLUMNS, Column, Contract

BROKEN_COLUMN, BROKEN_RULE, BROKEN_VALUE = "_broken_column", "_broken_rule", "_broken_value"
HAS_KEY = "_has_key"
_ROW_RULE = "row rule"
# What spreadsheets make of a long number: its last digits are gone.
_ROUNDED = r"^\s*[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+\s*$"


@dataclass(frozen=True)
class Lookup:
    """What the texts of a column are looked up in: the value of each that is found once."""

    values: dict[str, str]

    def find(self, text: pl.Expr) -> pl.Expr:
        """The value; NULL where there is none, or more than one."""
        return text.replace_strict(self.values, default=None, return_dtype=pl.String)


Lookups = Mapping[str, Lookup]


@dataclass(frozen=True)
class _Cast:
    """One column: `text` is what the file says, `found` what a lookup made of it.

    The three stand in columns of their own between steps, so that none is computed twice.
    """

    column: Column
    text: pl.Expr
    found: pl.Expr
    read: Callable[[pl.Series], pl.Series] | None
    common: pl.Expr | None

    def text_column(self) -> pl.Expr:
        """What the file says."""
        return self.text.alias(f"text {self.column.name}")

    def value_column(self, in_common_form: bool) -> pl.Expr:
        """What it is worth, from the text; NULL where it is none."""
        value = self.found
        if in_common_form and self.common is not None:
            value = self.common
        elif self.column.type != "text" and self.read is not None:
            type_ = POLARS_TYPES[self.column.type]
            value = value.map_batches(self.read, return_dtype=type_, is_elementwise=True)
        return value.alias(f"value {self.column.name}")

    @property
    def said(self) -> pl.Expr:
        """The text, once it stands in its column."""
        return pl.col(f"text {self.column.name}")

    @property
    def value(self) -> pl.Expr:
        """The value, once it stands in its column."""
        return pl.col(f"value {self.column.name}")

    def is_broken(self, in_common_form: bool) -> pl.Expr | None:
        """Whether a row must be refused for this column; None where no row can be."""
        if self.column.is_required:
            if self.column.type == "text":
                return self.value.is_null() | (self.value.str.strip_chars() == "")
            return self.value.is_null()
        is_text = self.column.type == "text" and self.column.lookup is None
        if self.read is None or (is_text and not self.column.holds_ids):
            return None
        if in_common_form:
            return self.value.is_null() & self.said.is_not_null()
        # A field of blanks is no value, and none is needed.
        unread = pl.when(self.value.is_null()).then(self.said).str.strip_chars()
        return unread.is_not_null() & (unread != "")


class CastRows:
    """A table of text through a contract: the accepted rows, and the refused ones.

    With `in_common_form` only texts in the most common forms are values: if every row is accepted
    so, the result is the same, in a third of the time.
    """

    def __init__(
        self,
        table: TextTable,
        contract: Contract,
        match: HeaderMatch,
        lookups: Lookups | None = None,
        *,
        in_common_form: bool = False,
    ) -> None:
        self._contract = contract
        self._casts = [
            _cast(column, contract, table, match, lookups or {}) for column in contract.columns
        ]
        self._kept = [_named(header).alias(name) for name, header in match.kept.items()]
        read = table.records.select(
            ROW_NUMBER,
            _row_rule(table, match, in_common_form).alias(_ROW_RULE),
            *self._kept,
            *(cast.text_column() for cast in self._casts),
        )
        self._rows = read.with_columns(cast.value_column(in_common_form) for cast in self._casts)
        tests = [(cast, cast.is_broken(in_common_form)) for cast in self._casts]
        self._tests = [(cast, test) for cast, test in tests if test is not None]
        self._is_broken = pl.any_horizontal(
            pl.col(_ROW_RULE).is_not_null(), *(test for _, test in self._tests)
        )

    def accepted(self) -> pl.LazyFrame:
        """Rows that hold the contract: its columns typed, undeclared ones kept as text, and
        `_row_number`.
        """
        return self._rows.filter(~self._is_broken).select(ROW_NUMBER, *self._columns())

    def refused(self) -> pl.LazyFrame:
        """`_row_number` of all other rows, with the first column that is broken, rule and text, and
        with the columns of the key and whether all of them can be read.
        """
        key = self._contract.key
        has_broken_key = [test for cast, test in self._tests if cast.column.name in key]
        return self._rows.filter(self._is_broken).select(
            ROW_NUMBER,
            self._told(lambda cast: pl.lit(cast.column.name)).alias(BROKEN_COLUMN),
            pl.coalesce(_ROW_RULE, self._told(self._rule)).alias(BROKEN_RULE),
            self._told(lambda cast: cast.said).alias(BROKEN_VALUE),
            ~pl.any_horizontal(has_broken_key or [pl.lit(False)]).alias(HAS_KEY),
            *(
                cast.value.alias(cast.column.name)
                for cast in self._casts
                if cast.column.name in key
            ),
        )

    def _told(self, of: Callable[[_Cast], pl.Expr]) -> pl.Expr:
        """What there is to tell of the first broken column; NULL where the row itself is."""
        first = _first([(test, of(cast)) for cast, test in self._tests])
        return pl.when(pl.col(_ROW_RULE).is_null()).then(first)

    def _columns(self) -> list[pl.Expr]:
        values = [cast.value.alias(cast.column.name) for cast in self._casts]
        return values + [pl.col(kept.meta.output_name()) for kept in self._kept]

    def _rule(self, cast: _Cast) -> pl.Expr:
        why = cast.found.map_batches(
            partial(rules_of, column=cast.column, contract=self._contract),
            return_dtype=pl.String,
            is_elementwise=True,
        )
        blank = cast.said.is_null() | (cast.said.str.strip_chars() == "")
        return (
            pl.when(blank)
            .then(pl.lit("missing"))
            .when(pl.lit(cast.column.lookup is not None))
            .then(pl.lit("lookup"))
            .when(pl.lit(cast.column.holds_ids))
            .then(pl.lit("rounded"))
            .otherwise(why)
        )


def bronze_schema(contract: Contract) -> pl.Schema:
    """Names and types of an object's declared bronze columns, origin columns last."""
    types = {column.name: column.type for column in contract.columns} | ORIGIN_COLUMNS
    return pl.Schema({name: POLARS_TYPES[type_] for name, type_ in types.items()})


def _row_rule(table: TextTable, match: HeaderMatch, in_common_form: bool) -> pl.Expr:
    """The rule by which a row is none, whatever its columns may hold; NULL for a row."""
    names = sorted(set(match.found.values()))
    # Parts of an extract that were put together as they were, perhaps with their byte order marks.
    repeats_header = [_named(name).is_in([name, f"\ufeff{name}"]) for name in names]
    # One name in its own column is enough to look with care.
    asked = repeats_header[:1] if in_common_form else repeats_header
    is_header = pl.all_horizontal(asked or [pl.lit(False)])
    has_nul = pl.lit(False)
    if table.may_hold_nul:
        texts = [_named(name) for name in [*names, *match.kept.values()]]
        has_nul = pl.any_horizontal([text.str.contains("\0", literal=True) for text in texts])
    return pl.when(is_header).then(pl.lit("header")).when(has_nul).then(pl.lit("nul"))


def _first(choices: list[tuple[pl.Expr, pl.Expr]]) -> pl.Expr:
    """The value beside the first test that holds; NULL when none does."""
    if not choices:
        return pl.lit(None, dtype=pl.String)
    return pl.coalesce(pl.when(test).then(value) for test, value in choices)


def _cast(
    column: Column, contract: Contract, table: TextTable, match: HeaderMatch, lookups: Lookups
) -> _Cast:
    header = match.header_of(column)
    names = [match.found[part] for part in column.parts if part in match.found]
    if names:
        parts = [_not_in(_named(name), contract.options.null_values) for name in names]
        text = pl.concat_str(parts, separator=column.separator, ignore_nulls=True)
    elif header is not None:
        text = _named(header)
    elif column.constant is None and column.default is None:
        return _absent(column)
    else:
        text = pl.lit(column.constant, dtype=pl.String)
    if column.strip:
        text = text.str.strip_chars(column.strip)
    nulls = contract.options.null_values
    if column.type != "text" and (column.replacements or nulls):
        text = text.str.strip_chars()
    if column.strip or column.parts or nulls or column.replacements:
        # What is left of a text may be nothing.
        text = _not_in(text, [*nulls, ""])
    if column.replacements:
        text = _not_in(text.replace(dict(column.replacements)), [""])
    if column.default is not None:
        text = text.fill_null(column.default)
    # What the file holds as a date or an instant is written in ISO form, whatever the contract
    # says of the texts that may stand beside it.
    formats = column.formats
    if formats and header in table.typed:
        formats = DEFAULT_FORMATS.get(column.type, ()) + formats
    column = replace(column, formats=formats)
    said = pl.col(f"text {column.name}")
    found = said if column.lookup is None else lookups[column.name].find(said)
    if column.holds_ids and column.lookup is None:
        found = pl.when(~found.str.contains(_ROUNDED)).then(found)
    if column.type == "date" and header in table.typed:
        found = _with_midnight_as_day(found, table.zones.get(header))
    holds_numbers = table.raw_header is None and column.type in ("integer", "decimal", "double")
    if holds_numbers and contract.options.decimal == ",":
        found = _with_decimal_comma(found)
    return _Cast(
        column=column,
        text=text,
        found=found,
        read=partial(values_of, column=column, contract=contract),
        common=common_value(found, column, contract),
    )


def _named(header: str) -> pl.Expr:
    """A column of the file: `pl.col` would take `*` and `^…$` for patterns."""
    return pl.selectors.by_name(header).as_expr()


def _with_midnight_as_day(text: pl.Expr, time_zone: str | None) -> pl.Expr:
    """Days of a file that has instants only. With a time of day it is none, and no day is made of
    it. `time_zone` is where it is midnight, for instants that are written in UTC.
    """
    form = "%Y-%m-%dT%H:%M:%S%.f"
    if time_zone is None:
        local = text.str.to_datetime(form, strict=False, time_unit="us")
    else:
        utc = text.str.to_datetime(f"{form}Z", strict=False, time_unit="us")
        local = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone)
    day = pl.when(local.dt.time() == time.min).then(local.dt.date())
    return pl.coalesce(day.cast(pl.String), text)


def _with_decimal_comma(text: pl.Expr) -> pl.Expr:
    """Numbers of a file that knows numbers (JSON, Parquet, XLSX), which writes them with a point,
    beside texts with a comma. `1.234` may be either: it is refused rather than read a thousandfold.
    """
    is_either = text.str.contains(r"^[+-]?[0-9]{1,3}\.[0-9]{3}$")
    is_number = text.str.contains(r"^[+-]?[0-9]*\.[0-9]+$")
    number = text.str.replace(".", ",", literal=True)
    return pl.when(is_either).then(pl.lit("?")).when(is_number).then(number).otherwise(text)


def _not_in(text: pl.Expr, nulls: list[str]) -> pl.Expr:
    return pl.when(~text.is_in(nulls)).then(text)


def _absent(column: Column) -> _Cast:
    """A column that the file does not have."""
    nothing = pl.lit(None, dtype=POLARS_TYPES[column.type])
    text = pl.lit(None, dtype=pl.String)
    return _Cast(column, text, found=nothing, read=None, common=nothing)
