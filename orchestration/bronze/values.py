"""From text to value: what each column type accepts, a batch of texts at a time.

Belongs here: the reading of one column. One form is tried on the whole batch, the others only on
texts that it left over: most exports write one form throughout.
Does not belong here: which text a column reads, and what follows from a refusal (cast.py); the
short cut for files in the common form throughout (common.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl

from orchestration.bronze.salesforce_ids import lengthened
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
DEFAULT_FORMATS: dict[ColumnType, tuple[str, ...]] = {
    "date": ("%Y-%m-%d",),
    "timestamp": (
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d",
    ),
}
# Days that a typed file holds as instants, once they stand in another one as texts.
MIDNIGHTS = ("%Y-%m-%dT00:00:00.000000", "%Y-%m-%dT00:00:00.000Z")

# Formats that polars has no letters for: counts since 1970, in microseconds each.
EPOCHS = {"epoch_ms": 1_000, "epoch_s": 1_000_000}
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
_BOOLEANS = {
    "true": True, "1": True, "yes": True, "y": True, "t": True,
    "false": False, "0": False, "no": False, "n": False, "f": False,
}  # fmt: skip
MANY_DECIMALS = r"\.[0-9]{7}|[eE]"
# Programs write a double with at most 17 digits, and any 15 come back from it as they were.
_DIGITS_OF_A_DOUBLE, _DIGITS_IT_KEEPS = 17, 15
# A few sums and products in doubles end no further from what they should be.
_NOISE = 4
# Letters of a format with the digits that they stand for.
_DIGITS = {"Y": "{4}", "y": "{2}", **dict.fromkeys("mdHIMS", "{1,2}")}
_LETTER = re.compile(r"%([A-Za-z])|%.+?[A-Za-z]|.", re.DOTALL)
_ID = r"^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$"

Reading = Callable[[pl.Series], pl.Series]


def values_of(texts: pl.Series, column: Column, contract: Contract) -> pl.Series:
    """The values of some texts; NULL for NULL and for what is no value of the column's type.

    Blanks around a value mean nothing, but in a column of type text.
    """
    if column.type == "text":
        return texts
    readings = _readings(column, contract)
    values = readings[0](texts)
    left = texts
    for reading in readings:
        if values.null_count() == texts.null_count():
            break
        left = _where(values.is_null(), left).str.strip_chars()
        values = values.zip_with(values.is_not_null(), reading(left))
    return values


def rules_of(texts: pl.Series, column: Column, contract: Contract) -> pl.Series:
    """Why texts are no value of the column's type: `range`, `gap`, `precision` or `type`."""
    texts = texts.str.strip_chars()
    rules = pl.repeat("type", len(texts), eager=True)
    if column.type in ("date", "timestamp"):
        for form in _forms(column):
            rules = rules.set(_is_in_gap(texts, form, column, contract), "gap")
            rules = rules.set(_moment(texts, form, column, contract).is_not_null(), "range")
    if column.type == "decimal":
        numbers = _plain_numbers(texts, contract)
        rounded = numbers.cast(POLARS_TYPES["decimal"], strict=False)
        rules = rules.set(rounded.is_not_null(), "precision")
    return rules


def _readings(column: Column, contract: Contract) -> list[Reading]:
    """Readings of a text, to be tried in turn."""
    match column.type:
        case "salesforce_id":
            return [_ids]
        case "boolean":
            return [_booleans]
        case "date" | "timestamp":
            return [
                partial(_plausible_moment, form=form, column=column, contract=contract)
                for form in _forms(column)
            ]
        case _:
            return [partial(_number, column=column, contract=contract)]


def _forms(column: Column) -> tuple[str, ...]:
    return column.formats or DEFAULT_FORMATS[column.type]


def _ids(texts: pl.Series) -> pl.Series:
    return lengthened(_where(texts.str.contains(_ID), texts))


def _booleans(texts: pl.Series) -> pl.Series:
    return texts.str.to_lowercase().replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean)


def _number(texts: pl.Series, column: Column, contract: Contract) -> pl.Series:
    numbers = _plain_numbers(texts, contract)
    if column.type == "integer":
        # `12.0` is a whole number.
        return numbers.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    return _decimals(numbers) if column.type == "decimal" else _doubles(numbers)


def _doubles(texts: pl.Series) -> pl.Series:
    values = texts.cast(pl.Float64, strict=False)
    is_finite = values.is_finite()
    return values if is_finite.all() else _where(is_finite, values)


def _decimals(texts: pl.Series) -> pl.Series:
    """Only what six decimals hold."""
    values = texts.cast(POLARS_TYPES["decimal"], strict=False)
    many = _where(texts.str.contains(MANY_DECIMALS) & values.is_not_null(), texts)
    if many.null_count() == len(many):
        return values
    # No decimal of polars is wide enough to tell 1e-30 from nothing.
    is_held = many.map_elements(_is_held, return_dtype=pl.Boolean)
    return _where(is_held.fill_null(True), values)


def _is_held(text: str) -> bool:
    """Whether six decimals hold a number: exactly, or but for the noise of reckoning in doubles, as
    in `1234.5600000000002`.
    """
    exact = Decimal(text)
    held = round(exact, 6)
    if exact == held:
        return True
    is_of_a_double = len(exact.as_tuple().digits) <= _DIGITS_OF_A_DOUBLE
    is_kept_by_it = len(held.normalize().as_tuple().digits) <= _DIGITS_IT_KEEPS
    noise = _NOISE * Decimal(math.ulp(float(held)))
    return is_of_a_double and is_kept_by_it and abs(exact - held) <= noise


def _plain_numbers(texts: pl.Series, contract: Contract) -> pl.Series:
    """Numbers as programs write them; NULL where a separator stands out of place."""
    decimal, thousands = contract.options.decimal, contract.options.thousands
    if thousands:
        # Groups of three, or of two and three as in India: `12,50` is no 1250. The first is no
        # longer and none stands behind the decimal separator, or `1.234,567` would be 1.234567.
        mark = re.escape(thousands)
        end = rf"(?:[^0-9{mark}][^{mark}]*)?$"
        grouped = rf"^\s*[+-]?[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}{end}"
        divided = texts.str.contains(thousands, literal=True)
        texts = _where(~divided | texts.str.contains(grouped), texts)
        texts = texts.str.replace_all(thousands, "", literal=True)
    if decimal != ".":
        texts = _where(~texts.str.contains(".", literal=True), texts)
        texts = texts.str.replace(decimal, ".", literal=True)
    return texts


def _moment(texts: pl.Series, form: str, column: Column, contract: Contract) -> pl.Series:
    """Days or instants written in one form."""
    if form in EPOCHS:
        counts = texts.str.to_integer(strict=False)
        # Beyond, the product would be some other instant.
        most = 2**63 // EPOCHS[form] - 1
        counts = _where(counts.is_between(-most, most), counts)
        instants = (counts * EPOCHS[form]).cast(pl.Datetime("us"))
        return instants.dt.date() if column.type == "date" else instants
    if pattern := strict_pattern(form):
        texts = _where(texts.str.contains(pattern), texts)
    if column.type == "date":
        return texts.str.to_date(form, strict=False, cache=False)
    return _instant(texts, form, contract.time_zone)


def strict_pattern(form: str) -> str | None:
    """How texts in some formats must look, as a regular expression; None for all others.

    polars takes `2x` for a year of two digits, and of digits that nothing divides it cannot tell
    which are missing: `2025112` is no day.
    """
    letters = [(found[1], found[0]) for found in _LETTER.finditer(form)]
    is_number = [letter in _DIGITS for letter, _ in letters]
    is_dense = [a and b for a, b in pairwise([False, *is_number, False])]
    if not any(is_dense) and "%y" not in form:
        return None
    parts = []
    for place, (letter, text) in enumerate(letters):
        if letter in _DIGITS:
            digits = _DIGITS[letter]
            is_tight = is_dense[place] or is_dense[place + 1]
            parts.append(f"[0-9]{digits.replace('1,', '') if is_tight else digits}")
        else:
            parts.append(".*" if text.startswith("%") else re.escape(text))
    return rf"^\s*{''.join(parts)}\s*$"


def _instant(texts: pl.Series, form: str, time_zone: str) -> pl.Series:
    """UTC without a zone; a text without an offset is local time of the source."""
    if "%z" in form or "%#z" in form:
        zoned = texts.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        return zoned.dt.replace_time_zone(None)
    if any(part in form for part in ("%H", "%I", "%T", "%s")):
        parsed = texts.str.to_datetime(form, strict=False, time_unit="us")
        is_day = False
    else:
        parsed = texts.str.to_date(form, strict=False).cast(pl.Datetime("us"))
        is_day = True
    if time_zone == "UTC" or "%s" in form:
        return parsed
    local = parsed.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    instants = local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if is_day and instants.null_count() > parsed.null_count():
        days = _where(instants.is_null(), parsed)
        begins = days.map_elements(partial(_begin, zone=ZoneInfo(time_zone)), pl.Datetime("us"))
        return instants.zip_with(instants.is_not_null(), begins)
    return instants


def _begin(midnight: datetime, zone: ZoneInfo) -> datetime | None:
    """The first instant of a day without a midnight; None for a day that the clock left out whole,
    as Samoa did when it crossed the date line.
    """
    # Python reads an hour that never was by the clock before the change: that is the change itself.
    begin = midnight.replace(tzinfo=zone).astimezone(UTC)
    is_that_day = begin.astimezone(zone).date() == midnight.date()
    return begin.replace(tzinfo=None) if is_that_day else None


def _is_in_gap(texts: pl.Series, form: str, column: Column, contract: Contract) -> pl.Series:
    """Whether texts tell a time that would be one in another time zone."""
    if column.type == "date" or form in EPOCHS:
        return pl.repeat(False, len(texts), eager=True)
    anywhere = _plausible_moment(texts, form, column, replace(contract, time_zone="UTC"))
    return anywhere.is_not_null() & _moment(texts, form, column, contract).is_null()


def _plausible_moment(texts: pl.Series, form: str, column: Column, contract: Contract) -> pl.Series:
    """Without years that nobody means: `16` must not be read as the year 16."""
    values = _moment(texts, form, column, contract)
    is_plausible = values.dt.date().is_between(_EARLIEST, _LATEST)
    return values if is_plausible.all() else _where(is_plausible, values)


def _where(test: pl.Series, values: pl.Series) -> pl.Series:
    """The values where the test holds, NULL elsewhere."""
    return pl.select(pl.when(test).then(values)).to_series()
