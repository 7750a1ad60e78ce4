"""A file's header against a contract: what was found, what is missing, what is new.

Belongs here: which column of the file feeds which column of bronze, and under which name a column
that nobody declared is kept. Does not belong here: values (cast.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from orchestration.sources.contract import ORIGIN_COLUMNS, Column, Contract

# Apart from declared columns, and from what a staging model may call its own.
_UNDECLARED = "extra__"
_LONGEST_NAME = 100
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


def match_header(contract: Contract, header: Iterable[str]) -> HeaderMatch:
    """Match a file's header, exactly or else in any case.

    Raises MissingColumnsError when it lacks a column that the contract does not call optional.
    """
    names = tuple(header)
    found: dict[str, str] = {}
    lacking: list[str] = []
    missing: list[str] = []
    for column in contract.columns:
        wanted = [column.headers] if column.headers else [(part,) for part in column.parts]
        for aliases in wanted:
            match = next(filter(None, (_find(alias, names) for alias in aliases)), None)
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


def _kept(contract: Contract, names: tuple[str, ...], used: set[str]) -> dict[str, str]:
    if not contract.keeps_undeclared:
        return {}
    taken = {column.name.casefold() for column in contract.columns} | set(ORIGIN_COLUMNS)
    kept: dict[str, str] = {}
    for name in sorted(set(names) - used):
        passes = any(fnmatchcase(name.casefold(), each.casefold()) for each in contract.passthrough)
        plain = re.sub(r"[^a-z0-9_]+", "_", name.casefold())[:_LONGEST_NAME]
        plain = plain if passes else _UNDECLARED + plain.strip("_")
        bronze_name, number = plain, 2
        while bronze_name in taken or bronze_name in kept:
            bronze_name, number = f"{plain}_{number}", number + 1
        kept[bronze_name] = name
    return kept


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{name[:_LONGEST_NAME]}`" for name in sorted(names)[:_SHOWN_NAMES])
    rest = len(names) - _SHOWN_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown
