"""Readers of PostgreSQL while one version follows another.

Belongs here: that no reader meets an error or a mixture. Does not belong here: the same of the file
(test_readers_during_publication.py).

Three processes read all the time, one of them through a view of its own. Each query of theirs joins
two marts of which every version holds one number, so that a mixture would show.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.settings import Settings
from tests.integration.postgres_server import Database, publish, serve_into

FLIPS = 11
JOINED = """
select array_agg(distinct one.version), array_agg(distinct two.version), count(*)
from {one} as one join {two} as two using (i)
"""
READERS = {
    "marts": JOINED.format(one="marts.fct_one", two="marts.fct_two"),
    "transaction": JOINED.format(one="marts.fct_one", two="marts.fct_two"),
    "view": JOINED.format(one="analysts.one", two="analysts.one"),
}
READER = """
import json, sys
from pathlib import Path
import psycopg
address, query, stop, in_transaction = sys.argv[1:]
stop = Path(stop)
with psycopg.connect(address, autocommit=True) as connection:
    while not stop.exists():
        if in_transaction == "True":
            with connection.transaction():
                seen = [connection.execute(query).fetchone() for _ in range(3)]
        else:
            seen = [connection.execute(query).fetchone()]
        print(json.dumps(seen), flush=True)
"""


def publish_number(settings: Settings, number: int) -> None:
    publish(
        settings,
        *(
            f"create table marts.{table} as select range as i, {number} as version from range(2000)"
            for table in ("fct_one", "fct_two")
        ),
    )


@pytest.fixture
def told(settings: Settings, database: Database, tmp_path: Path) -> dict[str, list[list]]:
    """What each reader saw, look by look."""
    publish_number(settings, 1)
    serve_into(settings, database)
    database.ask("create schema analysts; create view analysts.one as table marts.fct_one")
    stop = tmp_path / "stop"
    readers = {
        name: subprocess.Popen(
            [sys.executable, "-c", READER, database.address, query, stop, str(name != "marts")],
            stdout=(tmp_path / name).open("w"),
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, query in READERS.items()
    }
    try:
        for number in range(2, FLIPS + 2):
            wait_for_look(tmp_path, readers, number - 1)
            publish_number(settings, number)
            assert serve_into(settings, database).remarks == []
        wait_for_look(tmp_path, readers, FLIPS + 1)
        stop.touch()
        for name, reader in readers.items():
            _, errors = reader.communicate()
            assert (reader.returncode, errors) == (0, ""), name
    finally:
        for reader in readers.values():
            reader.kill()
            reader.wait()
    return {
        name: [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in READERS
    }


def wait_for_look(folder: Path, readers: dict[str, subprocess.Popen[str]], number: int) -> None:
    """Until each reader has seen a version, or has ended with an error."""
    for name, reader in readers.items():
        while f"[[{number}], [{number}]" not in (folder / name).read_text():
            assert reader.poll() is None, f"{name} ended: {reader.communicate()[1]}"
            time.sleep(0.02)


def test_no_reader_meets_an_error_or_a_mixture(told: dict[str, list[list]]) -> None:
    for name, looks in told.items():
        queries = [query for look in looks for query in look]
        assert {tuple(map(len, query[:2])) for query in queries} == {(1, 1)}, name
        assert {query[2] for query in queries} == {2000}, name
        assert [query for query in queries if query[0] != query[1]] == [], name
        seen = [query[0][0] for query in queries]
        assert seen == sorted(seen), name
        assert set(seen) == set(range(1, FLIPS + 2)), name
