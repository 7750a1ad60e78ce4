"""What must hold of a home after any fault, and what must be the same as if there had been none.

Belongs here: looking at a home from outside, as a reader and as an operator do. Does not belong
here: causing faults.
"""

from __future__ import annotations

import fcntl
import stat
from pathlib import Path

import duckdb

from orchestration.publication.versions import current_version, publications, version_path
from orchestration.settings import Settings

# Runs have their own ids, and a night that is done again is done at another instant.
_OF_A_RUN = {
    "run_id",
    "started_at",
    "finished_at",
    "published_at",
    # A full rebuild that was killed may be done as a later night, and gives the same tables.
    "rebuilt_because",
    "scattered_nights",
}
# A killed run leaves what its checks found before it was killed, under its own id: of the runs,
# only those that published are compared.
_PUBLISHED_RUNS = {"ops.gate_result": "where run_id in (select run_id from {side}.ops.publication)"}


def broken(settings: Settings, allowed: set[str | None], is_locked: bool = False) -> list[str]:
    """What does not hold of a home, with readers on one of the allowed versions."""
    faults = []
    if _lock_is_free(settings) == is_locked:
        faults.append("the lock outlived its process")
    shown = current_version(settings)
    if shown not in allowed:
        faults.append(f"readers see {shown}, not one of {sorted(map(str, allowed))}")
    if shown is None:
        if settings.published.exists() or settings.published.is_symlink():
            faults.append("the published path is no symlink to a version")
        return faults
    try:
        return faults + _broken_version(settings, shown)
    except duckdb.Error as error:
        return [*faults, f"the published file does not open: {error}"]


def _broken_version(settings: Settings, shown: str) -> list[str]:
    faults = []
    path = version_path(settings, shown)
    if stat.S_IMODE(path.stat().st_mode) != 0o444:
        faults.append("the published file can be written to")
    if list(settings.warehouse.glob("*.wal")):
        faults.append("a write-ahead log lies beside the published file")
    with duckdb.connect(str(settings.published.resolve()), read_only=True) as connection:

        def ask(query: str) -> list[tuple]:
            return connection.execute(query).fetchall()

        last = ask(
            "select version, run_id, table_count, row_count, check_count from ops.publication "
            "order by published_at desc limit 1"
        )
        ((version, run_id, table_count, row_count, check_count),) = last
        if version != shown:
            faults.append(f"the file of {shown} says that it is {version}")
        if ask("from ops.reconciliation where difference != 0"):
            faults.append("counts or cents do not reconcile")
        tables = ask(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        )
        rows = sum(ask(f'select count(*) from marts."{name}"')[0][0] for (name,) in tables)
        if (len(tables), rows) != (table_count, row_count):
            faults.append(f"{len(tables)} tables and {rows} rows, not {table_count}, {row_count}")
        checks = ask(
            "select count(*), count(*) filter (where not success and severity = 'critical') "
            f"from ops.gate_result where run_id = '{run_id}'"
        )
        if checks != [(check_count, 0)]:
            faults.append(f"checks and refusals {checks}, not {check_count} and 0")
        faults += [
            f"{name} of {count} publications"
            for name, count in ask(
                "select as_of_date, count(*) from ops.publication group by all having count(*) > 1"
            )
        ]
    return faults


def _lock_is_free(settings: Settings) -> bool:
    path = settings.root / ".lock"
    if not path.exists():
        return True
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def differences(found: Settings, expected: Settings) -> list[str]:
    """Every table of the published files, row for row, and the publications that are remembered."""
    versions = [
        [(each.version, each.rolled_back_at is None) for each in publications(side)]
        for side in (found, expected)
    ]
    faults = []
    if versions[0] != versions[1]:
        faults.append(f"publications {versions[0]}, not {versions[1]}")
    shown = current_version(found), current_version(expected)
    if shown[0] != shown[1]:
        return [*faults, f"readers see {shown[0]}, not {shown[1]}"]
    return faults + _of_tables(found.published.resolve(), expected.published.resolve())


def _of_tables(found: Path, expected: Path) -> list[str]:
    faults = []
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{found}' as found (read_only)")
        connection.execute(f"attach '{expected}' as expected (read_only)")
        columns: dict[str, dict[str, list[str]]] = {"found": {}, "expected": {}}
        for side, schema, table, column in connection.execute(
            "select database_name, schema_name, table_name, column_name from duckdb_columns() "
            "where database_name in ('found', 'expected') order by column_index"
        ).fetchall():
            columns[side].setdefault(f'{schema}."{table}"', []).append(column)
        if columns["found"] != columns["expected"]:
            odd = [
                name
                for name in columns["found"].keys() | columns["expected"].keys()
                if columns["found"].get(name) != columns["expected"].get(name)
            ]
            return [f"other tables or columns: {sorted(odd)}"]
        for name, listed in columns["found"].items():
            kept = ", ".join(f'"{each}"' for each in listed if each not in _OF_A_RUN)
            where = _PUBLISHED_RUNS.get(name.replace('"', ""), "")
            sides = [
                f"(select {kept} from {side}.{name} {where.format(side=side)})"
                for side in ("found", "expected")
            ]
            odd = connection.execute(
                f"select count(*) from ((from {sides[0]} except all from {sides[1]}) union all "
                f"(from {sides[1]} except all from {sides[0]}))"
            ).fetchone()
            if odd != (0,):
                faults.append(f"{name}: {odd} rows differ")
    return faults
