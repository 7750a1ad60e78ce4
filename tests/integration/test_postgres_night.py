"""A night whose last step is PostgreSQL, and the marts of a whole company in it.

Belongs here: the step of the job, the command, and that every real mart can be served. Does not
belong here: the steps of serving (test_postgres_serving.py).
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from rich.console import Console

from orchestration.commands.printing import print_outcome
from orchestration.gate.results import verdict_of
from orchestration.nightly import NightOutcome
from orchestration.publication.versions import Publication, publications
from orchestration.settings import Settings
from orchestration.simulation import simulate
from tests.integration.postgres_server import Database

Ask = Callable[[Path, str], list[tuple]]
FLYWHEEL = Path(sys.executable).with_name("flywheel")


def run(home: Path, postgres: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"FLYWHEEL_HOME": str(home), "FLYWHEEL_POSTGRES": postgres}
    return subprocess.run(
        [FLYWHEEL, *arguments], capture_output=True, text=True, env=environment, check=False
    )


def test_a_night_ends_in_postgresql(settings: Settings, database: Database, ask: Ask) -> None:
    simulate(settings.landing, opportunities=200, nights=1, seed=5, first_night=date(2025, 9, 28))
    night = run(settings.home, database.address, "nightly")
    assert night.returncode == 0, night.stdout + night.stderr

    (publication,) = publications(settings)
    assert f"version {publication.version}, 38 tables" in night.stdout
    served = {
        name: database.ask(f'select count(*) from marts."{name}"')[0][0]
        for (name,) in database.ask(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        )
    }
    in_file = {
        name: ask(settings.published, f'select count(*) from {schema}."{name}"')[0][0]
        for schema, name in ask(
            settings.published,
            "select table_schema, table_name from information_schema.tables "
            "where table_schema = 'marts' or (table_schema = 'ops' and table_name not in "
            "('build', 'metric_value', 'night_deviation', 'night_profile'))",
        )
    }
    assert served == in_file
    assert (
        database.ask(
            "select attrelid::regclass, attname from pg_attribute "
            "join pg_class on attrelid = pg_class.oid "
            "where relnamespace = 'marts'::regnamespace and relkind = 'r' and attnum > 0 "
            "and col_description(attrelid, attnum) is null"
        )
        == []
    )
    without_key = database.ask(
        "select relname from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'r' "
        "and not exists (select 1 from pg_index where indrelid = pg_class.oid and indisunique)"
    )
    assert sorted(without_key) == [("gate_result",), ("version_change",)]

    again = run(settings.home, database.address, "serve-postgres")
    assert again.returncode == 0
    assert "nothing had to be sent" in again.stdout


@pytest.mark.parametrize(
    ("postgres", "status", "text"),
    [
        ("", 2, "no PostgreSQL is named"),
        ("nonsense", 2, "is no address of a PostgreSQL"),
        (
            "postgresql://me:s3cret@127.0.0.1:1/db",
            3,
            "cannot connect to PostgreSQL db at 127.0.0.1:1",
        ),
    ],
)
def test_the_command_says_what_is_wrong(
    tmp_path: Path, postgres: str, status: int, text: str
) -> None:
    told = run(tmp_path, postgres, "serve-postgres")

    assert told.returncode == status
    assert text in told.stdout
    assert "s3cret" not in told.stdout + told.stderr


def test_nothing_is_served_before_anything_is_published(
    settings: Settings, database: Database
) -> None:
    told = run(settings.home, database.address, "serve-postgres")

    assert (told.returncode, "nothing is published yet" in told.stdout) == (3, True)


def test_a_night_that_was_published_but_not_served_says_both(settings: Settings) -> None:
    published = Publication(
        version="2025-09-28-001", run_id="run", as_of_date=date(2025, 9, 28),
        published_at=datetime(2025, 9, 29), table_count=31, row_count=7, check_count=1,
        warning_count=0, outcome="published", fingerprint="", rolled_back_at=None,
    )  # fmt: skip
    outcome = NightOutcome(
        night=date(2025, 9, 28), run_id="run", loads=[], verdict=verdict_of([]), checks=[],
        publication=published, failure="serve_postgres: the server is down",
    )  # fmt: skip
    text = io.StringIO()
    print_outcome(Console(file=text, width=200), outcome, settings)

    assert outcome.exit_status == 3
    assert "published version 2025-09-28-001" in text.getvalue()
    assert "serve_postgres: the server is down" in text.getvalue()
