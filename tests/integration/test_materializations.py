"""How models become tables, tried on a small project with our macros and a model `deals`.

Belongs here: what dbt_project/macros/nights/materializations.sql does with a table, a contract and
the rows of a later night. Does not belong here: our own models (the other tests of this folder).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.gate.written import CREATE_WRITTEN, WRITTEN, WrittenRows
from orchestration.settings import PROJECT_ROOT

CONTRACT = {
    "description": "One row a deal.",
    "config": {"contract": {"enforced": True}, "persist_docs": {"relation": True, "columns": True}},
    "columns": [
        {
            "name": "deal",
            "data_type": "integer",
            "description": "Its key, 'quoted'.",
            "constraints": [{"type": "not_null"}],
        },
        {"name": "amount", "data_type": "decimal(18,2)", "description": "Money."},
    ],
}
READER = "select * from {{ changed_rows(ref('%s'), 'changed', ['deal']) }}"
INCREMENTAL = "{{ config(materialized='incremental', unique_key='deal') }}\n"
RECOMPUTED = """{{ config(
    materialized='incremental', unique_key='deal', meta={'recomputed': 'changed'}
) }}
-- depends_on: {{ ref('changed') }}
"""


class Project:
    """A dbt project with a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "warehouse.duckdb"
        self._folder = folder
        output = {
            "type": "duckdb",
            "path": str(self.file),
            "schema": "main",
            "attach": [{"path": ":memory:", "alias": "this_night"}],
        }
        self._write("profiles.yml", {"try": {"target": "try", "outputs": {"try": output}}})
        project = {
            "name": "flywheel",
            "profile": "try",
            "macro-paths": [str(PROJECT_ROOT / "dbt_project/macros")],
            "models": {"flywheel": {"+materialized": "table"}},
            "flags": {"send_anonymous_usage_stats": False},
        }
        self._write("dbt_project.yml", project)
        (folder / "models").mkdir()
        self.add(changed="select 1 as deal union all select 3 as deal")

    def add(self, **models: str) -> None:
        """More models, by name."""
        for name, query in models.items():
            (self._folder / f"models/{name}.sql").write_text(query)

    def run(self, deals: str, about: dict[str, Any] | None = None, *, later: bool = False) -> str:
        """Build the models on what the file holds; return what dbt says against it."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        self.add(deals=deals)
        self._write("models/deals.yml", {"models": [{"name": "deals", **(about or {})}]})
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("create schema if not exists ops")
            for table in ("ops.new_loads", WRITTEN):
                connection.execute(f"drop table if exists {table}")
            if later:
                connection.execute(CREATE_WRITTEN)
                connection.execute("create table ops.new_loads (batch_date date)")
        places = ("--project-dir", str(self._folder), "--profiles-dir", str(self._folder))
        ran = dbtRunner().invoke(["run", *places, "--quiet", "--no-write-json"])
        DuckDBConnectionManager.close_all_connections()
        assert ran.result is not None, ran.exception
        return "".join(str(node.message) for node in ran.result if node.status != "success")

    def written(self) -> list[tuple[Any, ...]]:
        """The deals that the build says that it wrote."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            condition = WrittenRows(connection).condition("main.deals")
            return connection.execute(
                f"select deal from deals where {condition} order by deal"
            ).fetchall()

    def ask(self, query: str = "from deals order by deal") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def _write(self, name: str, content: dict[str, Any]) -> None:
        (self._folder / name).write_text(yaml.safe_dump(content))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_table_has_what_its_contract_says(project: Project) -> None:
    deals = "select 1 as deal, cast(10.5 as decimal(18, 2)) as amount"
    assert project.run(deals, CONTRACT) == ""
    assert project.ask("select comment from duckdb_tables() where table_name = 'deals'") == [
        ("One row a deal.",)
    ]
    assert project.ask(
        "select column_name, data_type, is_nullable, comment from duckdb_columns() "
        "where table_name = 'deals'"
    ) == [
        ("deal", "INTEGER", False, "Its key, 'quoted'."),
        ("amount", "DECIMAL(18,2)", True, "Money."),
    ]


def test_columns_may_come_in_another_order_than_that_of_the_contract(project: Project) -> None:
    deals = "select cast(10.5 as decimal(18, 2)) as amount, 1 as deal"
    assert project.run(deals, CONTRACT) == ""
    assert [str(value) for value in project.ask()[0]] == ["1", "10.50"]


def test_a_column_of_another_type_breaks_the_contract(project: Project) -> None:
    said = project.run("select 1 as deal, 10.5::double as amount", CONTRACT)
    assert "DOUBLE" in said
    assert "data type mismatch" in said


def test_a_missing_column_breaks_the_contract(project: Project) -> None:
    said = project.run("select 1 as deal", CONTRACT)
    assert "amount" in said
    assert "missing in definition" in said


def test_a_null_in_a_key_breaks_the_contract(project: Project) -> None:
    deals = "select null::integer as deal, cast(10.5 as decimal(18, 2)) as amount"
    assert "NOT NULL constraint failed" in project.run(deals, CONTRACT)


def test_a_view_gives_way_to_a_table(project: Project) -> None:
    project.run("{{ config(materialized='view') }} select 1 as deal")
    assert project.run("select 2 as deal") == ""
    assert project.ask() == [(2,)]


def test_a_later_night_replaces_the_rows_whose_key_came_anew(project: Project) -> None:
    project.run(INCREMENTAL + "select unnest([1, 2]) as deal, 'before' as seen")
    project.run(INCREMENTAL + "select unnest([2, 3]) as deal, 'now' as seen", later=True)
    assert project.ask() == [(1, "before"), (2, "now"), (3, "now")]


def test_a_night_that_is_no_later_one_replaces_every_row(project: Project) -> None:
    project.run(INCREMENTAL + "select unnest([1, 2]) as deal")
    project.run(INCREMENTAL + "select 3 as deal")
    assert project.ask() == [(3,)]


def test_rows_that_were_to_be_computed_anew_and_did_not_come_go_out(project: Project) -> None:
    project.run(RECOMPUTED + "select unnest([1, 2]) as deal, 'before' as seen")
    project.run(RECOMPUTED + "select 3 as deal, 'now' as seen", later=True)
    assert project.ask() == [(2, "before"), (3, "now")]


@pytest.mark.parametrize("config", [INCREMENTAL, RECOMPUTED])
def test_a_later_night_tells_what_it_wrote(project: Project, config: str) -> None:
    project.run(config + "select unnest([1, 2]) as deal, 'before' as seen")
    assert project.written() == [(1,), (2,)]
    project.run(config + "select unnest([1, 3]) as deal, 'now' as seen", later=True)
    assert project.written() == [(1,), (3,)]


def test_rows_that_come_to_nothing_are_not_told(project: Project) -> None:
    sums = INCREMENTAL.replace("'deal'", "'deal', meta={'sums': ['open_count']}")
    project.run(sums + "select 1 as deal, 5 as open_count")
    project.run(sums + "select unnest([1, 2]) as deal, deal - 1 as open_count", later=True)
    assert project.ask("select deal, open_count from deals") == [(2, 1)]
    assert project.written() == [(2,)]


def test_a_new_row_that_was_not_to_be_computed_anew_breaks_the_build(project: Project) -> None:
    project.run(RECOMPUTED + "select unnest([1, 2]) as deal")
    said = project.run(RECOMPUTED + "select unnest([1, 2]) as deal", later=True)
    assert "1 new rows of" in said
    assert "are of none that was to be computed anew" in said
    assert project.ask() == [(1,), (2,)]


def test_a_column_that_comes_later_is_appended(project: Project) -> None:
    about = {"config": {"on_schema_change": "append_new_columns"}}
    project.run(INCREMENTAL + "select 1 as deal", about)
    assert project.run(INCREMENTAL + "select 2 as deal, 'x' as custom", about, later=True) == ""
    assert project.ask() == [(1, None), (2, "x")]


def test_a_column_that_comes_later_breaks_a_table_that_may_not_change(project: Project) -> None:
    about = {"config": {"on_schema_change": "fail"}}
    project.run(INCREMENTAL + "select 1 as deal", about)
    said = project.run(INCREMENTAL + "select 2 as deal, 'x' as custom", about, later=True)
    assert "out of sync" in said


def test_who_asks_for_what_was_computed_anew_reads_nothing_else(project: Project) -> None:
    project.add(reader=READER % "deals")
    project.run(RECOMPUTED + "select unnest([1, 2]) as deal, 'before' as seen")
    assert project.ask("from reader order by deal") == [(1, "before"), (2, "before")]
    project.run(RECOMPUTED + "select unnest([1, 3]) as deal, 'now' as seen", later=True)
    assert project.ask("from reader order by deal") == [(1, "now"), (3, "now")]


def test_who_asks_for_it_of_another_table_finds_it_there(project: Project) -> None:
    project.add(
        others="select unnest([1, 2, 3]) as deal, 'as it was' as seen",
        reader=READER % "others",
        second=READER % "others",
    )
    project.run("select 1 as deal")
    project.run("select 1 as deal", later=True)
    assert project.ask("from reader order by deal") == [(1, "as it was"), (3, "as it was")]
    assert project.ask("from second order by deal") == [(1, "as it was"), (3, "as it was")]


def test_rows_computed_anew_have_the_columns_that_only_older_rows_fill(project: Project) -> None:
    about = {"config": {"on_schema_change": "append_new_columns"}}
    project.add(reader=READER % "deals")
    project.run(RECOMPUTED + "select unnest([1, 2]) as deal, 'x' as custom", about)
    assert project.run(RECOMPUTED + "select 1 as deal", about, later=True) == ""
    assert project.ask("select deal, custom from reader") == [(1, None)]
