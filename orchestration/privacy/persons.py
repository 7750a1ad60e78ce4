"""Whose data it is: the records of a person in bronze, and what they say.

Belongs here: from an e-mail address or an id to records, and to the values that must be gone.
Does not belong here: removing them (forget.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from orchestration.bronze.paths import accepted_path
from orchestration.bronze.salesforce_ids import lengthened
from orchestration.extracts.ledger import Ledger, Load
from orchestration.privacy.forgotten import is_of_persons, person_columns
from orchestration.privacy.masking import is_personal_row
from orchestration.settings import Settings
from orchestration.sources.catalog import canonical_contracts, load_sources
from orchestration.sources.contract import ORIGIN_COLUMNS, Column, Contract

# HubSpot says apart from an activity whom it is about.
_ABOUT = "hubspot/engagement_association"
# Wider than what is taken for an address in a text: CRMs hold addresses of any script.
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]{2,}")
_ID = re.compile(r"(?=.*[0-9])[^@\s]+")


class NoSuchPersonError(Exception):
    """What was said names nobody; the text says why and what to give."""


@dataclass
class Person:
    """A person's records and what they say.

    `ids` are pairs of kind and id (forgotten.py), `records` of source and id; `texts` belong to
    nobody else: addresses and numbers; `values` are all that tagged columns say of the person.
    """

    ids: set[tuple[str, str]] = field(default_factory=set)
    records: set[tuple[str, str]] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)


def bronze_files(settings: Settings) -> Iterator[tuple[Load, Path, Contract]]:
    """Every file of bronze rows with its load and contract."""
    known = contracts_by_name(settings)
    for load in Ledger(settings.ledger).loads:
        path = accepted_path(settings, load)
        contract = known.get(load.name) or canonical_contracts().get(load.object)
        if load.status in ("loaded", "accepted") and contract is not None and path.exists():
            yield load, path, contract


def contracts_by_name(settings: Settings) -> Mapping[str, Contract]:
    """Every contract by `<source>/<object>`."""
    return {
        contract.name: contract
        for source in load_sources(settings.user_sources).values()
        for contract in source.contracts.values()
    }


def find_person(settings: Settings, said: str) -> Person:
    """The person with an e-mail address, or the one record with an id.

    All records that ever bore the address are taken for one person's. Of an id, addresses and
    numbers that other records bear too stay theirs.
    """
    person = Person()
    address = said.strip().lower() if "@" in said else None
    if address is not None:
        person.emails.add(address)
        person.texts.add(address)
    wanted = {said, *lengthened(pl.Series([said]))}
    files = list(bronze_files(settings))
    persons = [(load, path, each) for load, path, each in files if is_of_persons(each)]
    for load, path, contract in persons:
        rows = pl.read_parquet(path, glob=False)
        key = contract.key[0]
        is_hit = rows[key].is_in(wanted)
        if address is not None:
            is_hit = is_hit | _bears(rows, contract, address)
        kind = dict(person_columns(contract)).get(key)
        for id_ in rows.filter(is_hit)[key].drop_nulls().unique():
            person.records.add((load.source, id_))
            if kind is not None:
                person.ids.add((kind, id_))
    for _, path, contract in files:
        _follow_activities(person, path, contract)
    for _, path, contract in files:
        _collect(person, path, contract)
    others = {each for _, path, contract in persons for each in _others(person, path, contract)}
    person.emails -= others - {address}
    person.texts -= others - {address}
    return person


def require_person(said: str, person: Person) -> None:
    """Raise NoSuchPersonError when nothing could be looked for, or no record has the id.

    An address that no record bears may still stand in texts, and in extracts to come. What a
    record has is never refused for its form: sources may number persons as they like.
    """
    if person.records or _ADDRESS.fullmatch(said):
        return
    if _ID.fullmatch(said):
        raise NoSuchPersonError(
            f"no contact and no lead has the id {said}: nothing was searched, removed or "
            f"remembered. Give the id as the CRM writes it, or the person's e-mail address"
        )
    raise NoSuchPersonError(
        f"`{said}` is no e-mail address and no id of a contact or lead: give one of them, a name "
        f"may be that of many. Nothing was searched, removed or remembered"
    )


def _bears(rows: pl.DataFrame, contract: Contract, address: str) -> pl.Series:
    found = pl.Series([False]).new_from_index(0, len(rows))
    for column in contract.columns:
        if column.personal == "email" and column.name in rows.columns:
            plain = rows[column.name].str.strip_chars().str.to_lowercase()
            found = found | (plain == address).fill_null(False)
    return found


def _follow_activities(person: Person, path: Path, contract: Contract) -> None:
    contacts = {id_ for kind, id_ in person.ids if kind == "hubspot/person"}
    if contract.name == _ABOUT and contacts:
        rows = pl.read_parquet(path, glob=False)
        about = rows.filter((pl.col("to_object") == "contacts") & pl.col("to_id").is_in(contacts))
        person.ids.update(("hubspot/activity", id_) for id_ in about["id"].drop_nulls())


def _collect(person: Person, path: Path, contract: Contract) -> None:
    """What tagged columns say in rows of the person, and of rows about the person."""
    tagged = [column for column in contract.columns if column.personal]
    if not tagged:
        return
    rows = pl.read_parquet(path, glob=False)
    theirs = rows.filter(_is_theirs(person, rows, contract))
    if theirs.is_empty():
        return
    for column in tagged:
        said = _texts(theirs, column)
        person.values |= said
        if column.personal in ("email", "phone") and is_of_persons(contract):
            person.texts |= {text.lower() for text in said}
        if column.personal == "email":
            person.emails |= {text.lower() for text in said}
    if is_of_persons(contract):
        person.values |= _undeclared(theirs, contract)


def _others(person: Person, path: Path, contract: Contract) -> set[str]:
    """Addresses and numbers of the person that records of others bear too."""
    rows = pl.read_parquet(path, glob=False)
    others = rows.filter(~_is_theirs(person, rows, contract))
    said = (
        _texts(others, column)
        for column in contract.columns
        if column.personal in ("email", "phone")
    )
    return person.texts & {text.lower() for texts in said for text in texts}


def _is_theirs(person: Person, rows: pl.DataFrame, contract: Contract) -> pl.Series:
    found = pl.Series([False]).new_from_index(0, len(rows))
    for name, kind in person_columns(contract):
        ids = {id_ for each, id_ in person.ids if each == kind}
        if ids and name in rows.columns:
            found = found | rows[name].is_in(ids).fill_null(False)
    return found


def _texts(rows: pl.DataFrame, column: Column) -> set[str]:
    """The texts of a tagged column, where they are personal."""
    if rows.schema.get(column.name) != pl.String:
        return set()
    told = rows.filter(is_personal_row(column))[column.name].drop_nulls().unique()
    return {text.strip() for text in told} - {""}


def _undeclared(rows: pl.DataFrame, contract: Contract) -> set[str]:
    """What columns that nobody declared say of a person, less what declared ones may say too."""
    declared = {column.name: column for column in contract.columns}
    said: dict[bool, set[str]] = {True: set(), False: set()}
    for name, type_ in rows.schema.items():
        column = declared.get(name)
        if name in ORIGIN_COLUMNS or (column is not None and column.personal):
            continue
        texts = rows[name].cast(pl.String) if type_ != pl.String else rows[name]
        said[column is None] |= {text.strip() for text in texts.drop_nulls().unique()}
    return said[True] - said[False] - {""}
