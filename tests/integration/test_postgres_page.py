"""docs/postgres.md, followed by somebody who has a server and nothing else.

Belongs here: running what the page says. Does not belong here: the rights themselves
(test_postgres_rights.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from orchestration.settings import Settings
from tests.integration.postgres_server import Database, publish
from tests.pages import commands


def example(language: str, word: str) -> str:
    """The one block of a language that holds a word."""
    blocks = commands("docs/postgres.md", language)
    (found,) = [block.code for block in blocks if word in block.code]
    return found


def follow(database: Database, statements: str) -> None:
    with database.connect() as connection:
        for statement in statements.split(";"):
            if statement.strip():
                connection.execute(statement)


@pytest.fixture
def warehouse(database: Database) -> Iterator[Database]:
    """The database that the page makes, as an administrator sees it."""
    follow(database, example("sql", "create database"))
    made = replace(database, name="warehouse")
    yield replace(made, address=made.address_of("postgres"))
    database.ask("drop database warehouse with (force)")


def test_the_page_can_be_followed(settings: Settings, warehouse: Database) -> None:
    publication = publish(settings, "create table marts.fct_one as select 1 as mark")
    command = example("sh", "serve-postgres").replace(
        "postgresql://flywheel:secret@db.example.com:5432/warehouse",
        f"'{warehouse.address_of('flywheel')}'",
    )
    served = subprocess.run(
        ["sh", "-e", "-c", command],
        env=os.environ
        | {
            "FLYWHEEL_HOME": str(settings.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert served.returncode == 0, served.stdout + served.stderr
    assert "large objects in the database, and the loader may not change that" in served.stdout
    follow(warehouse, example("sql", "revoke temporary"))
    follow(warehouse, example("sql", "in role bi_reader"))

    assert warehouse.ask(example("sql", "marts.publication"), role="superset") == [
        (publication.version, publication.as_of_date, publication.published_at)
    ]
    for refused in ("select lo_create(0)", "create temporary table mine (a int)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            warehouse.ask(refused, role="superset")
