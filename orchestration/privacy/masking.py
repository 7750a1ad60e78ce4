"""One bronze file as the models may see it.

Belongs here: what becomes of each column: tagged ones give way to a keyed hash, a domain, the last
digits of a phone number, or nothing; e-mail addresses and phone numbers in all other texts are
blanked. Does not belong here: which files there are (border.py).

The hashes are HMAC-SHA-256 over the plain form of a value (small letters without blanks, the digits
of a phone number), cut to 128 bits: equal addresses of two sources give equal hashes, and whoever
lacks the key cannot find an address by hashing guesses. polars has no HMAC; Python's takes a
microsecond a value.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from orchestration.privacy.patterns import EMAIL, EMAIL_SHOWN, PHONE, PHONE_SHOWN, looks_personal
from orchestration.sources.contract import ORIGIN_COLUMNS, Column, Contract
from orchestration.sources.model import ColumnType, PersonalKind

_DIGITS_OF_HASH = 32
_FEWEST_DIGITS = 5
_DOMAIN = r"^[^@]+@([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})$"
# What stands for a tagged column: endings of the columns that the models see.
_STAND_INS: dict[PersonalKind, tuple[str, ...]] = {
    "email": ("hash", "domain"),
    "phone": ("hash", "last_digits"),
    "name": (),
    "address": (),
    "text": (),
}
_MEANINGS = {
    "hash": "{} Keyed hash of it.",
    "domain": "{} The domain alone.",
    "last_digits": "{} The last two digits alone.",
}
# The company's own staff, whom the marts name.
_STAFF = ("user", "users", "owner")
# Ids of persons, which a spreadsheet may tell by their addresses.
_PERSONS = {"contact_id", "lead_id"}


def masked_columns(contract: Contract) -> Iterator[tuple[str, ColumnType, Column]]:
    """The columns that the models see of an object: name, type, and the column it comes from."""
    for column in contract.columns:
        if not _is_replaced(column):
            yield column.name, column.type, column
            continue
        for ending in _STAND_INS[column.personal or "text"]:
            yield f"{column.name}_{ending}", "text", column


def masked_description(name: str, column: Column) -> str:
    """What a column that the models see means, for the docs."""
    ending = name.removeprefix(f"{column.name}_")
    if column.personal_unless is not None:
        return f"{column.description} NULL where it may tell of a person."
    return _MEANINGS.get(ending, "{}").format(column.description)


def hash_of(plain: str, key: bytes) -> str:
    """The keyed hash of a value in its plain form."""
    return hmac.digest(key, plain.encode(), "sha256").hex()[:_DIGITS_OF_HASH]


def plain_email(text: pl.Expr) -> pl.Expr:
    """An address in the form that is hashed; NULL for none."""
    plain = text.str.strip_chars().str.to_lowercase()
    return pl.when(plain != "").then(plain)


def plain_phone(text: pl.Expr) -> pl.Expr:
    """The digits of a number; NULL where there are too few for one."""
    digits = text.str.replace_all(r"[^0-9]", "").str.replace(r"^00", "")
    return pl.when(digits.str.len_chars() >= _FEWEST_DIGITS).then(digits)


def is_staff(contract: Contract) -> bool:
    """Whether the object lists users of the CRM."""
    return contract.object in _STAFF


def holds_personal(path: Path, contract: Contract) -> bool:
    """Whether a bronze file holds anything that the models must not see."""
    rows = pl.scan_parquet(path, glob=False)
    tests = list(_tests(rows.collect_schema(), contract))
    if not tests:
        return False
    return bool(rows.select(pl.any_horizontal(tests)).collect(engine="streaming").item())


def masked_rows(path: Path, contract: Contract, key: bytes) -> pl.LazyFrame:
    """The rows of a bronze file as the models may see them, in the same order."""
    rows = pl.scan_parquet(path, glob=False)
    schema = rows.collect_schema()
    tagged = {column.name: column for column in contract.columns if column.personal}
    declared = {column.name: column for column in contract.columns}
    shown: list[pl.Expr] = []
    for name, type_ in schema.items():
        column = declared.get(name)
        if name in tagged:
            shown += _instead(tagged[name], schema, key)
        elif column is None and name not in ORIGIN_COLUMNS and looks_personal(name):
            continue
        elif type_ != pl.String or name in ORIGIN_COLUMNS or is_staff(contract):
            shown.append(pl.col(name))
        elif _is_person_id(name, contract):
            shown.append(_hashed_address(pl.col(name), key).alias(name))
        elif column is not None and _holds_ids(column):
            shown.append(pl.col(name))
        else:
            shown.append(blanked(pl.col(name)).alias(name))
    return rows.select(shown)


def blanked(text: pl.Expr) -> pl.Expr:
    """A text with marks in place of e-mail addresses and phone numbers."""
    return text.str.replace_all(EMAIL, EMAIL_SHOWN).str.replace_all(PHONE, PHONE_SHOWN)


def is_personal_row(column: Column) -> pl.Expr:
    """In which rows a tagged column holds something of a person."""
    unless = column.personal_unless
    if unless is None:
        return pl.lit(True)
    told = "|".join(re.escape(value).replace(r"\*", ".*") for value in unless.values)
    said = pl.col(unless.column).cast(pl.String).fill_null("")
    return ~said.str.contains(f"^(?:{told})$")


def _tests(schema: pl.Schema, contract: Contract) -> Iterator[pl.Expr]:
    declared = {column.name: column for column in contract.columns}
    for name, type_ in schema.items():
        column, text = declared.get(name), pl.col(name)
        if name in ORIGIN_COLUMNS:
            continue
        if column is not None and column.personal:
            yield (text.is_not_null() & is_personal_row(column)).any()
        elif column is None and looks_personal(name):
            yield text.is_not_null().any()
        elif type_ == pl.String and not is_staff(contract):
            if _is_person_id(name, contract):
                yield text.str.contains("@", literal=True).any()
            elif column is None or not _holds_ids(column):
                # Without the sign there is no address: most columns are done with after it.
                yield text.str.contains("@", literal=True).any()
                yield text.str.contains(PHONE).any()


def _instead(column: Column, schema: pl.Schema, key: bytes) -> Iterator[pl.Expr]:
    text = pl.col(column.name)
    if not _is_replaced(column):
        if column.holds_ids:
            yield _hashed(plain_email(text), key).alias(column.name)
        elif column.personal_unless and column.personal_unless.column in schema:
            shown = blanked(text) if schema[column.name] == pl.String else text
            yield pl.when(~is_personal_row(column)).then(shown).alias(column.name)
        else:
            yield pl.lit(None, dtype=schema[column.name]).alias(column.name)
        return
    for ending in _STAND_INS[column.personal or "text"]:
        yield _stand_in(column, ending, text, key).alias(f"{column.name}_{ending}")


def _stand_in(column: Column, ending: str, text: pl.Expr, key: bytes) -> pl.Expr:
    if ending == "domain":
        return plain_email(text).str.extract(_DOMAIN, 1)
    if ending == "last_digits":
        return plain_phone(text).str.tail(2)
    return _hashed(plain_phone(text) if column.personal == "phone" else plain_email(text), key)


def _hashed(plain: pl.Expr, key: bytes) -> pl.Expr:
    return plain.map_batches(
        lambda values: pl.Series(
            [None if value is None else hash_of(value, key) for value in values], dtype=pl.String
        ),
        return_dtype=pl.String,
        is_elementwise=True,
    )


def _hashed_address(text: pl.Expr, key: bytes) -> pl.Expr:
    is_address = text.str.contains("@", literal=True)
    address = pl.when(is_address).then(plain_email(text))
    return pl.when(is_address).then(_hashed(address, key)).otherwise(text)


def _is_replaced(column: Column) -> bool:
    """Whether other columns stand for it; a part of the rows, or an id, keeps its name."""
    return bool(column.personal) and column.personal_unless is None and not column.holds_ids


def _is_person_id(name: str, contract: Contract) -> bool:
    if name == "merged_into_id":
        return contract.object in ("contacts", "leads")
    return contract.canonical and name in _PERSONS


def _holds_ids(column: Column) -> bool:
    return column.type == "salesforce_id" or column.holds_ids
