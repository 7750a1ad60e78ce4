"""Who was forgotten: a list of keyed hashes, applied to every row that is loaded later.

Belongs here: the list, which columns of an object name a person, and rows without what they say of
a forgotten one. Does not belong here: finding a person and rewriting what is kept (forget.py).

The list has a key of its own, made with it and never changed: what is hashed here is known to
nobody any more, so it could not be hashed anew with another key.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from orchestration.faults import HelpNeededError
from orchestration.privacy.keys import write_private
from orchestration.privacy.masking import is_personal_row
from orchestration.privacy.patterns import EMAIL
from orchestration.settings import Settings
from orchestration.sources.contract import ORIGIN_COLUMNS, Contract

MARK = "forgotten"
# HubSpot's objects that a title of an activity stands in, and the one that says whose it is.
ACTIVITIES = ("call", "email", "meeting", "task")
_SAME_PERSON = ("Id", "MasterRecordId", "ConvertedContactId")
_EMAIL = re.compile(EMAIL)


class ForgottenDamagedError(HelpNeededError):
    """The list cannot be read: only a person knows who is on it."""


@dataclass(frozen=True)
class Forgotten:
    """The list. Empty while nobody was forgotten."""

    key: bytes = b""
    hashes: frozenset[str] = field(default_factory=frozenset)

    def hash_of(self, kind: str, value: str) -> str:
        """What stands in the list for an address (`email`) or the id of a record."""
        return hmac.digest(self.key, f"{kind}:{value}".encode(), "sha256").hex()

    def knows(self, kind: str, value: str | None) -> bool:
        """Whether the person with this address or id was forgotten."""
        return value is not None and self.hash_of(kind, value) in self.hashes

    def without_addresses(self, text: str) -> str:
        """A text in which addresses of forgotten persons are blanked."""
        return _EMAIL.sub(
            lambda found: MARK if self.knows("email", found[0].lower()) else found[0], text
        )

    def renamed(self, id_: str) -> str:
        """An id that is the address of a forgotten person, as another that is no other's."""
        plain = id_.strip().lower()
        return f"{MARK}-{self.hash_of('id', plain)[:12]}" if self.knows("email", plain) else id_


def read_forgotten(settings: Settings) -> Forgotten:
    """The list of a home. Raises ForgottenDamagedError."""
    path = _path(settings)
    if not path.exists():
        return Forgotten()
    try:
        said = json.loads(path.read_bytes())
        return Forgotten(bytes.fromhex(said["key"]), frozenset(said["hashes"]))
    except (ValueError, KeyError, TypeError) as fault:
        raise ForgottenDamagedError(
            f"{path} cannot be read ({fault}), and without it whoever was forgotten would come "
            f"back: put it back from a backup; or move it aside, and name each of them anew to "
            f"`flywheel forget`. Nothing was changed; readers still see the last version"
        ) from fault


def remember_forgotten(settings: Settings, persons: Iterable[tuple[str, str]]) -> Forgotten:
    """The list with some more: pairs of kind and address or id."""
    before = read_forgotten(settings)
    key = before.key or secrets.token_bytes(32)
    listed = Forgotten(key)
    hashes = before.hashes | {listed.hash_of(kind, value) for kind, value in persons}
    settings.privacy.mkdir(parents=True, exist_ok=True, mode=0o700)
    said = {"key": key.hex(), "hashes": sorted(hashes)}
    write_private(_path(settings), json.dumps(said).encode())
    return Forgotten(key, hashes)


def is_of_persons(contract: Contract) -> bool:
    """Whether each row of the object is a person."""
    return any(column.personal == "email" for column in contract.columns)


def person_columns(contract: Contract) -> Iterator[tuple[str, str]]:
    """Columns that name a person, or something that is one's own, with the kind of the id.

    Ids of Salesforce tell persons from all else. Elsewhere a contact and a deal may bear one
    number, so the column has to say what it names.
    """
    for column in contract.columns:
        name = column.name
        if column.type == "salesforce_id":
            # A contact that reports to the person is another one.
            if name in _SAME_PERSON or not is_of_persons(contract):
                yield name, f"{contract.source}/person"
        elif contract.canonical and name in ("contact_id", "lead_id"):
            yield name, f"{contract.source}/{name}"
        elif contract.source == "hubspot" and name == "id":
            if contract.object in ("contact", "contact_property_history"):
                yield name, "hubspot/person"
            elif contract.object in ACTIVITIES:
                yield name, "hubspot/activity"


def forget_in_file(path: Path, contract: Contract, forgotten: Forgotten) -> int:
    """Take forgotten persons out of a file of bronze rows; return how many rows were changed.

    Keys and all that is not personal stay. The file is written anew in its place only where a row
    changes; whoever needs that to outlast a crash gives a copy.
    """
    if not forgotten.hashes:
        return 0
    rows = pl.read_parquet(path, glob=False)
    clean, changed = without_forgotten(rows, contract, forgotten)
    if changed:
        clean.write_parquet(path, compression="zstd", compression_level=1, statistics=False)
    return changed


def without_forgotten(
    rows: pl.DataFrame, contract: Contract, forgotten: Forgotten
) -> tuple[pl.DataFrame, int]:
    """Rows without forgotten persons, and how many of them are others than before."""
    declared = {column.name for column in contract.columns} | set(ORIGIN_COLUMNS)
    is_theirs = _is_theirs(rows, contract, forgotten)
    clean = rows.with_columns(
        pl.when(~(is_theirs & is_personal_row(column))).then(pl.col(column.name)).name.keep()
        for column in contract.columns
        if column.personal and not column.holds_ids
    )
    texts = [name for name, type_ in rows.schema.items() if type_ == pl.String]
    if is_of_persons(contract):
        # Nobody knows what stands in columns that nobody declared.
        clean = clean.with_columns(
            pl.when(~is_theirs).then(pl.col(name)).alias(name)
            for name in texts
            if name not in declared
        )
    for name in texts:
        if name not in ORIGIN_COLUMNS and clean[name].str.contains("@", literal=True).any():
            is_id = any(each.name == name and each.holds_ids for each in contract.columns)
            blank = forgotten.renamed if is_id else forgotten.without_addresses
            clean = clean.with_columns(pl.col(name).map_elements(blank, return_dtype=pl.String))
    is_changed = pl.any_horizontal(
        [rows[name].ne_missing(clean[name]) for name in rows.columns] or [pl.lit(False)]
    )
    return clean, int(pl.select(is_changed.sum()).item())


def _is_theirs(rows: pl.DataFrame, contract: Contract, forgotten: Forgotten) -> pl.Series:
    """Which rows are of a forgotten person, or about one."""
    found = pl.Series([False]).new_from_index(0, len(rows))
    if not any(column.personal for column in contract.columns):
        return found
    told = [(name, kind) for name, kind in person_columns(contract) if name in rows.columns]
    told += [
        (column.name, "email")
        for column in contract.columns
        if column.personal == "email" and column.name in rows.columns
    ]
    for name, kind in told:
        values = rows[name]
        plain = values.str.strip_chars().str.to_lowercase() if kind == "email" else values
        known = [each for each in plain.drop_nulls().unique() if forgotten.knows(kind, each)]
        if known:
            found = found | plain.is_in(known).fill_null(False)
    return found


def _path(settings: Settings) -> Path:
    return settings.privacy / "forgotten.json"
