"""A file's header against a contract: what was found, what is missing, what is new.

Belongs here: which column of the file feeds which column of bronze, and under which name a column
that nobody declared is kept. Does not belong here: values (cast.py).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain

from orchestration.extracts.table import column_around
from orchestration.sources.contract import ORIGIN_COLUMNS, Column, Contract

# Apart from declared columns, and from what a staging model may call its own.
_UNDECLARED = "extra__"
_LONGEST_NAME = 100
# Of such a header the plain name keeps all but upper case and which separators there are.
_WHOLE = re.compile(r"_*[A-Za-z0-9]+(?:(?:_+|[ ./:-])[A-Za-z0-9]+)*")
# Hex digits; privacy/patterns.py knows how many.
_MARK_LENGTH = 8
_SHOWN_NAMES = 40


class MissingColumnsError(Exception):
    """The file's header lacks columns that the contract names."""


@dataclass(frozen=True)
class HeaderMatch:
    """Which column of the file is which.

    `found` gives the column of the file by the name that the contract has for it; `kept` by the
    bronze name of an undeclared one; `lacking` are optional columns that the file lacks.
    """

    found: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()

    def header_of(self, column: Column) -> str | None:
        """The column of the file that feeds a column of one part."""
        return next((self.found[name] for name in column.headers if name in self.found), None)


def match_header(
    contract: Contract, header: Iterable[str], empty: Collection[str] = ()
) -> HeaderMatch:
    """Match a file's header, exactly or else in any case.

    Of the columns of documents that are `empty`, each stands for all fields that it could hold.
    Raises MissingColumnsError when it lacks a column that the contract does not call optional.
    """
    names = tuple(header)
    found: dict[str, str] = {}
    lacking: list[str] = []
    missing: list[str] = []
    for column in contract.columns:
        wanted = [column.headers] if column.headers else [(part,) for part in column.parts]
        for aliases in wanted:
            told = (_find(alias, names) for alias in aliases)
            untold = (_find_around(alias, empty) for alias in aliases)
            match = next(filter(None, chain(told, untold)), None)
            if match is not None:
                found[match[0]] = match[1]
            elif column.is_header_optional:
                lacking.append(aliases[0])
            else:
                missing.append(" or ".join(f"`{alias}`" for alias in aliases))
    if missing:
        raise MissingColumnsError(
            f"the file lacks {', '.join(missing)}, which {contract.name} needs; "
            f"it has {_listed(names)}"
        )
    return HeaderMatch(found, _kept(contract, names, set(found.values())), tuple(lacking))


def _find(alias: str, names: tuple[str, ...]) -> tuple[str, str] | None:
    if alias in names:
        return alias, alias
    alike = [name for name in names if name.casefold() == alias.casefold()]
    return (alias, alike[0]) if len(alike) == 1 else None


def _find_around(alias: str, empty: Collection[str]) -> tuple[str, str] | None:
    around = column_around(alias, empty)
    return None if around is None else (alias, around)


def _kept(contract: Contract, names: tuple[str, ...], used: set[str]) -> dict[str, str]:
    if not contract.keeps_undeclared:
        return {}
    taken = {column.name.casefold() for column in contract.columns} | set(ORIGIN_COLUMNS)
    wanted = {name: _bronze_name(contract, name) for name in sorted(set(names) - used)}
    counts = Counter([*wanted.values(), *taken])
    # Of several, none has the plain name: whose it is must not depend on which others are there.
    kept: dict[str, str] = {}
    for name, plain in wanted.items():
        bronze_name = plain if counts[plain] == 1 else _with_mark(plain, name)
        while bronze_name in kept or bronze_name in taken:
            bronze_name = _with_mark(bronze_name, name)
        kept[bronze_name] = name
    return kept


def _bronze_name(contract: Contract, name: str) -> str:
    """The name of an undeclared column, which says the same of each header on every night."""
    plain = re.sub(r"[^a-z0-9_]+", "_", name.casefold())[:_LONGEST_NAME]
    if any(fnmatchcase(name.casefold(), each.casefold()) for each in contract.passthrough):
        # Staging finds it by this name.
        return plain
    plain = _UNDECLARED + plain.strip("_")
    is_whole = len(name) <= _LONGEST_NAME and _WHOLE.fullmatch(name) is not None
    return plain if is_whole else _with_mark(plain, name)


def _with_mark(plain: str, name: str) -> str:
    """A plain name that could be that of other headers too, made this one's own."""
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_LENGTH]
    return f"{plain.removesuffix('_')}_{mark}"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{name[:_LONGEST_NAME]}`" for name in sorted(names)[:_SHOWN_NAMES])
    rest = len(names) - _SHOWN_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown
