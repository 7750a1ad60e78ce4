"""Readers in processes of their own, while one version after another is published.

Belongs here: what a reader sees who opens the symlink at any moment.
Does not belong here: what publication demands and leaves (tests/unit/test_publication.py).

Every table of a version carries its number, so a reader can tell whether all it sees is of one
piece. The candidates are made by hand: what is tried is the switch, not the models.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.gate.results import CheckResult, record
from orchestration.gate.stamp import give_stamp
from orchestration.publication.candidate import discard_candidate
from orchestration.publication.promote import promote
from orchestration.settings import Settings

NIGHT = date(2025, 9, 28)
VERSIONS = 10
READERS = 2
TABLES = ["fct_one", "fct_two", "dim_three"]
# A reader that waits for nothing: what it does between two publications is as much as it can.
READER = """
import json, sys
from pathlib import Path
import duckdb

published, stop, tables = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
every = " union ".join(f"select version from marts.{table}" for table in tables)

def look(connection):
    # Table by table and all at once: each a statement, and so a transaction, of its own.
    seen = {row[0] for table in tables
            for row in connection.execute(f"select version from marts.{table}").fetchall()}
    return sorted(seen | {row[0] for row in connection.execute(every).fetchall()})

def open_and_look():
    with duckdb.connect(published, read_only=True) as connection:
        # Held over several looks: a publication may come between them.
        return sorted({version for _ in range(3) for version in look(connection)})

held = duckdb.connect(published, read_only=True)
told = {"opened": [open_and_look()], "held": [look(held)]}
print("ready", flush=True)
while not stop.exists():
    told["opened"].append(open_and_look())
    told["held"].append(look(held))
told["opened"].append(open_and_look())
print(json.dumps(told), flush=True)
"""


def publish(settings: Settings, number: int) -> None:
    discard_candidate(settings)
    config = {"storage_compatibility_version": "v1.4.0"}
    with duckdb.connect(str(settings.candidate), config=config) as connection:
        for schema in ("intermediate", "marts", "ops"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table intermediate.int_as_of as select ?::date as as_of_date", [NIGHT]
        )
        for table in TABLES:
            connection.execute(
                f"create table marts.{table} as select ? as version from range(2000)", [number]
            )
    run_id = f"run{number}"
    record(settings, run_id, NIGHT.isoformat(), "suites", [_passed()])
    give_stamp(settings, run_id, expected_checks=1, ran_checks=1, warnings=0)
    promote(settings)


def _passed() -> CheckResult:
    return CheckResult(
        suite="marts.fct_one",
        check="not_empty",
        table="marts.fct_one",
        severity="critical",
        success=True,
        description="",
        observed="2000",
        expected="min_value=1",
        unexpected_count=None,
        sample=[],
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[list[int]]]]:
    """What each reader saw, look by look: the versions it found in one connection."""
    folder = tmp_path_factory.mktemp("readers")
    # Fewer are kept than are published: a version is removed while a reader still holds it.
    settings = Settings(home=folder / "home", keep_versions=3)
    stop = folder / "stop"
    publish(settings, 1)
    arguments = [str(settings.published), str(stop), json.dumps(TABLES)]
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(READERS)
    ]
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "ready\n", reader.communicate(timeout=10)[1]
        for number in range(2, VERSIONS + 1):
            publish(settings, number)
        stop.touch()
        answers = [reader.communicate(timeout=30) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    assert [error for _, error in answers] == [""] * READERS
    return [json.loads(text) for text, _ in answers]


def test_no_reader_ever_sees_a_mixture(told: list[dict[str, list[list[int]]]]) -> None:
    """A reader that met an error instead has ended with it, and the fixture has shown it."""
    for reader in told:
        assert [seen for seen in reader["opened"] if len(seen) != 1] == []


def test_a_connection_that_is_held_keeps_its_version(
    told: list[dict[str, list[list[int]]]],
) -> None:
    """Even when its file has been removed under it."""
    for reader in told:
        assert [seen for seen in reader["held"] if seen != [1]] == []


def test_every_reader_sees_the_versions_in_their_order(
    told: list[dict[str, list[list[int]]]],
) -> None:
    for reader in told:
        assert reader["opened"] == sorted(reader["opened"])


def test_every_reader_sees_more_than_one_version_and_at_last_the_last(
    told: list[dict[str, list[list[int]]]],
) -> None:
    for reader in told:
        assert reader["opened"][0] == [1]
        assert reader["opened"][-1] == [VERSIONS]


def test_what_stays_on_the_disk_are_the_versions_that_are_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, keep_versions=3)
    for number in range(1, 6):
        publish(settings, number)

    assert sorted(path.name for path in settings.warehouse.glob("flywheel.*.duckdb")) == [
        "flywheel.2025-09-28-003.duckdb",
        "flywheel.2025-09-28-004.duckdb",
        "flywheel.2025-09-28-005.duckdb",
    ]
