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
# A reader waits for nobody; it tells what it saw and looks again. Should the end never be called,
# it ends by itself.
READER = """
import json, sys, time
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
end = time.monotonic() + 40
while not stop.exists() and time.monotonic() < end:
    print(json.dumps({"opened": open_and_look(), "held": look(held)}), flush=True)
"""

Look = dict[str, list[int]]


def publish(settings: Settings, number: int) -> None:
    discard_candidate(settings)
    config = {"storage_compatibility_version": "v1.4.0"}
    with duckdb.connect(str(settings.candidate), config=config) as connection:
        for schema in ("intermediate", "marts", "ops"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table intermediate.int_as_of as select ?::date as as_of_date", [NIGHT]
        )
        connection.execute("create table ops.build as select null::text as rebuilt_because")
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


def looks_until(reader: subprocess.Popen[str], version: int | None) -> list[Look]:
    """What a reader tells until it has seen a version; all of it when that never comes."""
    assert reader.stdout is not None
    looks = []
    for line in reader.stdout:
        looks.append(json.loads(line))
        if looks[-1]["opened"] == [version]:
            break
    return looks


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[list[Look]]:
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
        told = [looks_until(reader, 1) for reader in readers]
        for version in range(2, VERSIONS + 1):
            publish(settings, version)
            for reader, looks in zip(readers, told, strict=True):
                looks += looks_until(reader, version)
        stop.touch()
        for reader, looks in zip(readers, told, strict=True):
            looks += looks_until(reader, None)
            assert reader.stderr is not None
            assert (reader.wait(), reader.stderr.read()) == (0, "")
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    return told


def test_no_reader_ever_sees_a_mixture(told: list[list[Look]]) -> None:
    """A reader that meets an error ends with it, and the fixture says so."""
    for looks in told:
        assert [look["opened"] for look in looks if len(look["opened"]) != 1] == []


def test_a_connection_that_is_held_keeps_its_version(told: list[list[Look]]) -> None:
    """Even when its file has been removed under it."""
    for looks in told:
        assert [look["held"] for look in looks if look["held"] != [1]] == []


def test_every_reader_sees_every_version_in_its_turn(told: list[list[Look]]) -> None:
    for looks in told:
        seen = [look["opened"] for look in looks]
        assert seen == sorted(seen)
        assert {version for versions in seen for version in versions} == {*range(1, VERSIONS + 1)}
