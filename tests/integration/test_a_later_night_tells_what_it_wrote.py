"""A real later night: what it wrote is told and proved, and no check looks past it.

Belongs here: the candidate of a later night against the version that it began as.
Does not belong here: what counts as a proof (unit/test_written_rows.py), what the checks find
(test_checks_follow_the_change.py).
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.bronze.night import heal, load_night
from orchestration.gate.results import record
from orchestration.gate.scope import (
    SCOPES,
    Scope,
    keep_recomputed,
    recomputed_rows,
    scratch_name,
)
from orchestration.gate.stamp import give_stamp
from orchestration.gate.suites import narrowed_tables, read_suites
from orchestration.gate.written import WRITTEN, WrittenRows
from orchestration.privacy.suite import check_personal_data
from orchestration.publication.promote import promote
from orchestration.settings import Settings
from orchestration.simulation import simulate
from orchestration.warehouse.assets import _as_check
from orchestration.warehouse.build import build_candidate
from orchestration.warehouse.project import manifest

NIGHTS = (date(2025, 9, 28), date(2025, 9, 29))


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published night, and the candidate of the next one."""
    home = Settings(home=tmp_path_factory.mktemp("wrote") / "home")
    simulate(home.landing, opportunities=300, nights=2, seed=5, first_night=NIGHTS[0])
    heal(home)
    load_night(home, NIGHTS[0], "run", "salesforce")
    result = build_candidate(home)
    record(home, "run", NIGHTS[0].isoformat(), "warehouse", [_as_check(result.tests[0])])
    give_stamp(home, "run", expected_checks=1, ran_checks=1, warnings=0)
    promote(home)
    load_night(home, NIGHTS[1], "run", "salesforce")
    assert build_candidate(home, version=home.published.resolve()).rebuilt_because is None
    return home


def told_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute(f"select table_name from {WRITTEN}").fetchall()}


def test_every_table_that_was_changed_in_parts_is_told(later: Settings) -> None:
    incremental = {
        f"{node['schema']}.{node['name']}"
        for node in manifest(later)["nodes"].values()
        if node["resource_type"] == "model"
        and node["config"]["materialized"] == "incremental"
        # Staging of sources that sent nothing is not built.
        and not {"hubspot", "mapped"} & set(node["fqn"])
    }
    with duckdb.connect(str(later.candidate), read_only=True) as connection:
        assert told_tables(connection) == incremental


def test_all_rows_but_those_that_were_written_are_as_published(later: Settings) -> None:
    with duckdb.connect(str(later.candidate), read_only=True) as connection:
        connection.execute(f"attach '{later.published.resolve()}' as published (read_only)")
        written = WrittenRows(connection)
        fewer = set()
        for table in told_tables(connection):
            condition = written.condition(table)
            assert condition != "true", table
            columns = ", ".join(
                f'"{name}"' for name, *_ in connection.execute(f"describe {table}").fetchall()
            )
            others = connection.execute(
                f"select {columns} from {table} where not ({condition}) "
                f"except all select {columns} from published.{table}"
            ).fetchall()
            assert others == [], table
            if connection.execute(
                f"select 1 from {table} where not ({condition}) limit 1"
            ).fetchall():
                fewer.add(table)
    # It would prove nothing if every night wrote everything.
    assert {"marts.fct_opportunity_event", "staging.stg_salesforce__opportunities"} <= fewer


@pytest.mark.parametrize("scope", SCOPES)
def test_what_the_suites_keep_is_all_that_was_computed_anew(later: Settings, scope: Scope) -> None:
    tables = narrowed_tables(read_suites(), scope)
    assert tables
    with duckdb.connect(str(later.candidate), read_only=True) as connection:
        keep_recomputed(connection, scope, tables)
        for table in tables:
            pair = scratch_name(table), f"({recomputed_rows(scope, table)})"
            for one, other in (pair, pair[::-1]):
                assert connection.execute(f"from {one} except all from {other}").fetchall() == []
            assert connection.execute(f"select 1 from {pair[0]} limit 1").fetchall(), table


@pytest.mark.parametrize("is_later", [True, False], ids=["later", "full"])
@pytest.mark.parametrize(
    ("table", "column", "seen_in"),
    [
        # Changed in parts, by opportunity and by what was delivered.
        ("intermediate.int_opportunities", "opportunity_name", None),
        ("marts.fct_opportunity_event", "new_value", None),
        ("staging.stg_salesforce__opportunities", "opportunity_name", None),
        # Seen in a view.
        ("intermediate.int_opportunity_facts", "loss_reason", "marts.fct_opportunity"),
        # Replaced whole.
        ("marts.dim_stage", "stage_name", None),
        ("marts.cohort_win_triangle", "dimension_value", None),
    ],
)
def test_an_address_in_a_row_of_this_night_refuses_it(
    later: Settings, tmp_path: Path, table: str, column: str, seen_in: str | None, is_later: bool
) -> None:
    path = tmp_path / "candidate.duckdb"
    shutil.copy(later.candidate, path)
    assert check_personal_data(path).success
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"update {table} set {column} = 'write to ann@shop.example' "
            f"where rowid = (select max(rowid) from {table})"
        )
        if not is_later:
            connection.execute(f"drop table {WRITTEN}")
    found = check_personal_data(path)
    assert not found.success
    for place in (table, seen_in or table):
        assert f"{place}.{column} holds 1 e-mail addresses" in found.observed
