"""What a night wrote is known by the last rows of a table, and believed only when they prove it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.gate.written import CREATE_WRITTEN, WRITTEN, WrittenRows

# More than a row group, so that the file is written anew in other places.
OLD_ROWS = 300_000


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    """Deals of which some were taken out, and deals 7 and 8 put in; the build tells so."""
    path = tmp_path / "candidate.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema ops")
        connection.execute(CREATE_WRITTEN)
        connection.execute(
            f"create table marts.deals as select i as opportunity_key, 'old' as said "
            f"from range({OLD_ROWS}) as deals (i)"
        )
        connection.execute("create view marts.words as select * from marts.deals")
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from marts.deals where opportunity_key % 10 <> 1")
        connection.execute("insert into marts.deals values (7, 'new'), (8, 'new')")
        tell(connection, "int_changed_stage_events", 2)
    return path


def tell(connection: duckdb.DuckDBPyConnection, outdated: str, rows: int) -> None:
    connection.execute(
        f"insert into {WRITTEN} select 'marts.deals', 'opportunity_key', ?, ?, "
        "sum(hash(opportunity_key)) from marts.deals where said = 'new'",
        [outdated, rows],
    )


def seen(path: Path, *statements: str, table: str = "marts.deals") -> list[tuple]:
    """What is seen of a table, after the file was closed and opened again."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    with duckdb.connect(str(path), read_only=True) as connection:
        condition = WrittenRows(connection).condition(table)
        return connection.execute(
            f"select opportunity_key, said from {table} where {condition} order by all limit 5"
        ).fetchall()


NEW = [(7, "new"), (8, "new")]


def test_the_last_rows_are_those_that_were_written(candidate: Path) -> None:
    assert seen(candidate) == NEW


def test_nothing_is_seen_of_a_table_into_which_nothing_was_written(candidate: Path) -> None:
    nothing = f"update {WRITTEN} set row_count = 0, key_hashes = 0"
    assert seen(candidate, nothing) == []


@pytest.mark.parametrize(
    "statement",
    [
        f"delete from {WRITTEN}",
        f"drop table {WRITTEN}",
        # One row too many, one too few, and other ones.
        "insert into marts.deals values (9, 'later')",
        "delete from marts.deals where opportunity_key = 8",
        "update marts.deals set opportunity_key = 9 where opportunity_key = 8",
    ],
)
def test_what_is_not_proved_is_seen_whole(candidate: Path, statement: str) -> None:
    assert seen(candidate, statement)[0] == (1, "old")


def test_a_row_that_was_changed_after_it_was_written_is_seen(candidate: Path) -> None:
    changed = "update marts.deals set said = 'changed' where opportunity_key = 7"
    assert seen(candidate, changed) == [(7, "changed"), (8, "new")]


def test_a_view_is_seen_whole(candidate: Path) -> None:
    assert seen(candidate, table="marts.words")[0] == (1, "old")


@pytest.mark.parametrize(
    ("outdated", "rows"), [("int_changed_stage_events", 2), ("", OLD_ROWS // 10 + 2)]
)
def test_a_view_over_recomputed_opportunities_is_over_what_was_written_of_them(
    candidate: Path, outdated: str, rows: int
) -> None:
    """A table whose rows were replaced for another reason may hold recomputed ones anywhere."""
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(f"update {WRITTEN} set outdated = ?", [outdated])
    with duckdb.connect(str(candidate), read_only=True) as connection:
        with WrittenRows(connection).of_recomputed(
            "int_changed_stage_events", ["marts.words"]
        ) as night:
            query = f"select count(*) from {night}.marts.words"
            assert connection.execute(query).fetchone() == (rows,)
        # Afterwards names mean the candidate's again.
        query = "select count(*) from marts.words"
        assert connection.execute(query).fetchone() == (OLD_ROWS // 10 + 2,)
