"""A real PostgreSQL, and published versions made by hand to be served by it.

Belongs here: what the tests of serving share. Does not belong here: fixtures (conftest.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

import duckdb
import psycopg

from orchestration.gate.results import CheckResult, record
from orchestration.gate.stamp import give_stamp
from orchestration.publication.candidate import discard_candidate
from orchestration.publication.promote import promote
from orchestration.publication.versions import Publication, publications
from orchestration.serving.postgres.serve import Served, serve
from orchestration.serving.postgres.target import target_of
from orchestration.settings import Settings

NIGHT = date(2025, 9, 28)


@dataclass(frozen=True)
class Database:
    """A database of its own on a server; `address` is that of its owner, a superuser."""

    address: str
    name: str
    folder: str

    def address_of(self, role: str, password: str = "") -> str:
        """The address for another role."""
        secret = f":{quote(password, safe='')}" if password else ""
        return f"postgresql://{role}{secret}@/{self.name}?host={quote(self.folder, safe='')}"

    def ask(self, query: str, role: str | None = None) -> list[tuple]:
        """Run statements; the rows of the last one, if it has any."""
        with self.connect(role) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connect(self, role: str | None = None) -> Iterator[psycopg.Connection]:
        """A session in which each statement stands for itself."""
        address = self.address_of(role) if role else self.address
        with psycopg.connect(address, autocommit=True) as connection:
            yield connection


def publish(settings: Settings, *statements: str, night: date = NIGHT) -> Publication:
    """Publish a version whose marts are made by statements."""
    discard_candidate(settings)
    config = {"storage_compatibility_version": "v1.4.0"}
    with duckdb.connect(str(settings.candidate), config=config) as connection:
        for schema in ("intermediate", "marts", "ops"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table intermediate.int_as_of as select ?::date as as_of_date", [night]
        )
        connection.execute("create table ops.build as select null::text as rebuilt_because")
        for statement in statements:
            connection.execute(statement)
    run_id = f"run{len(publications(settings)) + 1}"
    passed = CheckResult(
        suite="marts", check="holds", table="marts", severity="critical", success=True,
        description="", observed="", expected="", unexpected_count=None, sample=[],
    )  # fmt: skip
    record(settings, run_id, night.isoformat(), "suites", [passed])
    give_stamp(settings, run_id, expected_checks=1, ran_checks=1, warnings=0)
    return promote(settings)


def serve_into(settings: Settings, database: Database, *, again: bool = False) -> Served:
    """Serve the published version."""
    target = target_of(with_postgres(settings, database.address))
    assert target is not None
    return serve(settings, target, again=again)


def with_postgres(settings: Settings, address: str) -> Settings:
    """The same settings with a PostgreSQL."""
    return Settings(home=settings.home, keep_versions=settings.keep_versions, postgres=address)
