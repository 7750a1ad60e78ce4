"""A warehouse small enough to be published a hundred times: candidates made by hand.

Belongs here: what promote and its recovery need of a candidate and of a ledger. Does not belong
here: what a night builds. Every table of a version carries its number, so that a mixture shows.
"""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import polars as pl

from orchestration.bronze.paths import accepted_path
from orchestration.extracts.ledger import Ledger, Load
from orchestration.gate.results import CheckResult, record
from orchestration.gate.stamp import give_stamp
from orchestration.publication.candidate import discard_candidate
from orchestration.settings import Settings

NIGHT = date(2025, 9, 28)
TABLES = ["fct_one", "fct_two", "dim_three"]
ROWS = 2000


def make_candidate(settings: Settings, number: int) -> None:
    """A candidate that has passed its gate, of the loads that stand in the ledger."""
    discard_candidate(settings)
    loads = [load.load_id for load in Ledger(settings.ledger).loads]
    config = {"storage_compatibility_version": "v1.4.0"}
    with duckdb.connect(str(settings.candidate), config=config) as connection:
        for schema in ("intermediate", "marts", "ops"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table intermediate.int_as_of as select ?::date as as_of_date", [NIGHT]
        )
        connection.execute("create table ops.build as select null::text as rebuilt_because")
        connection.execute(
            "create table ops.load_audit as "
            "select unnest(?::text[]) as load_id, 'accepted' as status",
            [loads],
        )
        for table in TABLES:
            connection.execute(
                f"create table marts.{table} as select ? as version from range({ROWS})", [number]
            )
    run_id = f"run{number}"
    passed = CheckResult(
        suite="marts.fct_one",
        check="not_empty",
        table="marts.fct_one",
        severity="critical",
        success=True,
        description="",
        observed=str(ROWS),
        expected="min_value=1",
        unexpected_count=None,
        sample=[],
    )
    record(settings, run_id, NIGHT.isoformat(), "suites", [passed])
    give_stamp(settings, run_id, expected_checks=1, ran_checks=1, warnings=0)


def make_load(settings: Settings, number: int) -> Load:
    """A load with a bronze file, not judged yet."""
    instant = datetime(2025, 9, 28, 3)
    load = Load(
        load_id=f"acme/accounts/batch={NIGHT}/accounts-{number}",
        load_number=number,
        run_id=f"run{number}",
        source="acme",
        object="accounts",
        batch_date=NIGHT,
        file="accounts.csv",
        bytes=10,
        modified_ns=number,
        checksum=str(number),
        extract="changes",
        contract_version="1",
        rows_read=1,
        rows_accepted=1,
        rows_quarantined=0,
        status="loaded",
        error=None,
        started_at=instant,
        finished_at=instant,
    )
    path = accepted_path(settings, load)
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"account_id": ["a"]}).write_parquet(path)
    Ledger(settings.ledger).add(load)
    return load


def numbers_of(path: str) -> list[int]:
    """The numbers that the tables of a version bear: one, unless it is a mixture."""
    query = " union ".join(f"select version from marts.{table}" for table in TABLES)
    with duckdb.connect(path, read_only=True) as connection:
        return sorted(row[0] for row in connection.execute(query).fetchall())
