"""The opponent: the warehouse of a simulated company by hand-written SQL alone.

    python -m tests.benchmarks.by_hand <bronze folder> <new DuckDB file>

`by_hand/` computes the marts from the same Parquet as the models, with the settings of
profiles.yml. It leaves out what a simulated company never shows: other CRMs, several currencies,
splits, stage maps, migrations, closes that were reversed at once, changes of owner, and versions
that only nights tell apart. It also leaves out the estimates (projected cells of the triangle, win
rates adjusted for age) and the marts that stand on them. `compare` says whether its tables are
those that were published.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

SCRIPTS = sorted((Path(__file__).parent / "by_hand").glob("*.sql"))


@dataclass(frozen=True)
class Comparison:
    """One table: how many rows, and how many stand on one side alone."""

    table: str
    rows: int
    only_published: int
    only_by_hand: int

    @property
    def is_equal(self) -> bool:
        """Whether both hold the same rows."""
        return self.only_published == self.only_by_hand == 0


def build(bronze: Path, warehouse: Path) -> None:
    """Run the scripts on a bronze folder into a new file."""
    settings: dict[str, str | bool] = {
        "memory_limit": os.environ.get("FLYWHEEL_MEMORY", "3000MB"),
        "preserve_insertion_order": False,
        "storage_compatibility_version": "v1.4.0",
    }
    with duckdb.connect(str(warehouse), config=settings) as connection:
        connection.execute("set variable bronze = $1", [str(bronze)])
        for script in SCRIPTS:
            connection.execute(script.read_text(encoding="utf-8"))


def compare(published: Path, warehouse: Path) -> list[Comparison]:
    """Every table of the script against the mart of that name, in all columns of the script; of the
    win rates, those that both have.

    Doubles count to twelve places: the last ones depend on the order in which an engine adds up.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{published}' as published (read_only)")
        connection.execute(f"attach '{warehouse}' as by_hand (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'by_hand' order by all"
        ).fetchall()
        return [_compared(connection, table) for (table,) in tables]


def _compared(connection: duckdb.DuckDBPyConnection, table: str) -> Comparison:
    columns = ", ".join(
        f"round({name}, 12)" if kind == "DOUBLE" else name
        for name, kind, *_ in connection.execute(f"describe by_hand.marts.{table}").fetchall()
    )
    which = ""
    if table == "win_rate":
        which = "where metric_id in (select metric_id from by_hand.marts.win_rate)"
    one, other = (
        f"select {columns} from {side}.marts.{table} {which}" for side in ("published", "by_hand")
    )

    def count(query: str) -> int:
        row = connection.execute(f"select count(*) from ({query})").fetchone()
        assert row is not None
        return int(row[0])

    return Comparison(
        table=table,
        rows=count(one),
        only_published=count(f"{one} except all {other}"),
        only_by_hand=count(f"{other} except all {one}"),
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
