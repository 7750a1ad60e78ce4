"""The suite files in `expectations/`, read without Great Expectations.

Belongs here: finding and checking the files, so that Dagster can name every check without paying
for the import of Great Expectations (about four CPU-seconds).
Does not belong here: what an expectation does (run.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from orchestration.gate.scope import SCOPES, Scope, other_tables
from orchestration.settings import PROJECT_ROOT

SUITES = PROJECT_ROOT / "expectations"
RANGES = ("everything", "recomputed")
SEVERITIES = ("critical", "warning", "info")


class SuiteError(Exception):
    """A suite file is not what it must be; the gate would otherwise run without the check."""


@dataclass(frozen=True)
class Expectation:
    """One expectation as the file says it."""

    check: str
    type: str
    severity: str
    description: str
    kwargs: dict[str, Any]
    meta: dict[str, Any]

    @property
    def scope(self) -> str:
        """Which rows a later night asks about: one of `RANGES`."""
        return str(self.meta.get("scope", "everything"))

    @property
    def query(self) -> str | None:
        """The query for offending rows, if that is what it is."""
        return self.kwargs.get("unexpected_rows_query")


@dataclass(frozen=True)
class Suite:
    """One file: the expectations on one table."""

    name: str
    table: str
    key: list[str]
    expectations: list[Expectation]

    @property
    def scope(self) -> Scope | None:
        """What its rows are computed anew with, where its key says that."""
        return next((scope for scope in SCOPES if scope.key in self.key), None)


def read_suites(folder: Path = SUITES) -> list[Suite]:
    """All suites, in order of table.

    Raises SuiteError for a file without expectations, an unknown severity or scope, a scope that
    the table or the query does not allow, or a check named twice.
    """
    suites = [_read(path) for path in sorted(folder.glob("*.json"))]
    if not suites:
        raise SuiteError(f"there is no suite in {folder}: a gate without checks lets all pass")
    return suites


def narrowed_tables(suites: list[Suite], scope: Scope) -> list[str]:
    """Tables of which some check asks for the rows that were computed anew, each once."""
    return sorted(
        {
            table
            for suite in suites
            if suite.scope == scope
            for expectation in suite.expectations
            if expectation.scope == "recomputed"
            for table in [suite.table, *other_tables(expectation.query or "")]
        }
    )


def _read(path: Path) -> Suite:
    try:
        return _checked(path, orjson.loads(path.read_bytes()))
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise SuiteError(f"{path} is no suite: {type(error).__name__}: {error}") from error


def _checked(path: Path, said: Any) -> Suite:
    if said["name"] != path.stem or said["meta"]["table"] != path.stem:
        raise SuiteError(f"{path}: `name` and `meta.table` must both be {path.stem}")
    expectations = [
        Expectation(
            check=expectation["meta"]["check"],
            type=expectation["type"],
            severity=expectation["severity"],
            description=expectation["description"],
            kwargs=expectation["kwargs"],
            meta=expectation["meta"],
        )
        for expectation in said["expectations"]
    ]
    names = [expectation.check for expectation in expectations]
    twice = sorted({name for name in names if names.count(name) > 1})
    wrong = sorted({e.severity for e in expectations if e.severity not in SEVERITIES})
    if not expectations or twice or wrong:
        raise SuiteError(
            f"{path}: {len(expectations)} expectations, named twice: {twice or 'none'}, "
            f"severity not one of {SEVERITIES}: {wrong or 'none'}"
        )
    suite = Suite(
        name=said["name"],
        table=said["meta"]["table"],
        key=said["meta"].get("key", []),
        expectations=expectations,
    )
    for expectation in expectations:
        _check_scope(path, expectation, suite)
    return suite


def _check_scope(path: Path, expectation: Expectation, suite: Suite) -> None:
    if expectation.scope not in RANGES:
        raise SuiteError(
            f"{path}: {expectation.check}: scope {expectation.scope!r} is not one of {RANGES}"
        )
    if expectation.scope == "everything" and other_tables(expectation.query or ""):
        raise SuiteError(f"{path}: {expectation.check}: `rows_of` needs the scope `recomputed`")
    if expectation.scope == "recomputed" and suite.scope is None:
        keys = " or ".join(f"`{scope.key}`" for scope in SCOPES)
        raise SuiteError(f"{path}: {expectation.check}: scope `recomputed` needs {keys} in the key")
