"""The common form of each column type, as expressions that the engine runs without Python.

Belongs here: a first reading of a whole file, on the guess that every text is written as APIs
write it. What it reads, it reads as values.py does; what it does not, it leaves NULL, and then the
file is read anew with care. Most files are, and this takes a third of the time.
Does not belong here: any other form (values.py), which rows are accepted (cast.py).
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from orchestration.bronze.values import EPOCHS, MANY_DECIMALS, POLARS_TYPES, strict_pattern
from orchestration.sources.contract import Column, Contract

_LONG_ID = r"^[A-Za-z0-9]{18}$"
_WHOLE_SECONDS = "%Y-%m-%dT%H:%M:%S.000Z"


def common_value(text: pl.Expr, column: Column, contract: Contract) -> pl.Expr | None:
    """The value where `text` is in the common form, NULL elsewhere; NULL for no such form.

    None for columns whose source file says how they are written.
    """
    options = contract.options
    is_plain = options.decimal == "." and not options.thousands
    if column.type in ("integer", "double", "decimal") and not is_plain:
        return None
    form = column.formats[0] if column.formats else None
    if form is not None and (column.type == "timestamp" or form in EPOCHS or strict_pattern(form)):
        return None
    type_ = POLARS_TYPES[column.type]
    match column.type:
        case "text":
            return text
        case "salesforce_id":
            return pl.when(text.str.contains(_LONG_ID)).then(text)
        case "integer":
            return text.cast(type_, strict=False)
        case "double":
            value = text.cast(type_, strict=False)
            return pl.when(value.is_finite()).then(value)
        case "decimal":
            value = text.cast(type_, strict=False)
            return pl.when(~text.str.contains(MANY_DECIMALS)).then(value)
        case "boolean":
            return pl.when(text == "true").then(True).when(text == "false").then(False)
        case "date":
            day = text.str.to_date(form or "%Y-%m-%d", strict=False, cache=False)
            return pl.when(day.is_between(date(1900, 1, 1), date(2199, 12, 31))).then(day)
        case "timestamp":
            second = text.str.to_datetime(_WHOLE_SECONDS, strict=False, time_unit="us", cache=False)
            is_plausible = second.is_between(
                datetime(1900, 1, 1), datetime(2200, 1, 1), closed="left"
            )
            return pl.when(is_plausible).then(second)
