"""What a night's candidate begins as: a copy of the published version, or nothing.

Belongs here: whether a night may work on what changed or must rebuild everything from bronze, what
the models need to know of the version before, and when rows of many nights are put together. Does
not belong here: the build (build.py), what the models make of it
(dbt_project/macros/nights/later_nights.sql).

A copy gets three things that the build takes out again: `ops.new_loads`, the nights of the loads
that the copy does not hold yet; the schema `new_bronze`, their rows, a view an object; the schema
`previous`, small tables as they were. It leaves two things to the gate: the keys of what was
computed anew (gate/scope.py), and how much was written into which table (gate/written.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.extracts.ledger import Ledger, Load
from orchestration.gate.scope import SCOPES
from orchestration.gate.written import CREATE_WRITTEN
from orchestration.privacy.border import contract_file, masked_path
from orchestration.publication.candidate import discard_candidate, open_candidate
from orchestration.publication.comments import BUILD, comment
from orchestration.publication.fingerprint import project_fingerprint
from orchestration.publication.versions import NOTHING_TO_COPY
from orchestration.publication.whole import damage_of
from orchestration.settings import Settings
from orchestration.sources.catalog import canonical_contracts, native_sources
from orchestration.warehouse.copying import copy_file

# What the models compare with: a change in one of these touches records that no row names.
_PREVIOUS = (
    "intermediate.int_as_of",
    "intermediate.int_stages",
    "intermediate.int_plan_rates",
    "intermediate.int_exchange_rates",
    "intermediate.int_mergers",
    "intermediate.int_stage_migrations",
    "intermediate.int_split_types",
    "staging.stg_mapped__lead_statuses",
)
_WRITABLE = 0o644
# To put the groups of rows together costs a later night at a million opportunities a twelfth more.
_MOST_SCATTERED_NIGHTS = 7


@dataclass(frozen=True)
class Seed:
    """What a candidate begins as. `rebuilt_because` says why it begins from nothing, if it does; if
    not, the night works on what its loads changed, and has none of the `quiet` families of sources.
    """

    rebuilt_because: str | None
    quiet: tuple[str, ...] = ()


def seed_candidate(settings: Settings, version: Path | None, *, full: bool = False) -> Seed:
    """Begin a candidate from a published version where that can be."""
    loads = _in_bronze(Ledger(settings.ledger))
    reason, seen = ("it was asked for", {}) if full else _looked_into(settings, version, loads)
    discard_candidate(settings)
    if reason is not None or version is None:
        return Seed(reason)
    copy_file(version, settings.candidate)
    settings.candidate.chmod(_WRITABLE)
    new = [load for load in loads if load.load_id not in seen]
    with open_candidate(settings) as connection:
        _prepare(connection, settings, new)
    heard = {_family(load) for load in new}
    return Seed(None, tuple(name for name in (*native_sources(), "mapped") if name not in heard))


def seal_build(settings: Settings, rebuilt_because: str | None) -> None:
    """Take out what only the build needed, and write down what built the tables, and how."""
    scattered = 0 if rebuilt_because is not None else _scattered_nights(settings) + 1
    puts_together = rebuilt_because is not None or scattered == _MOST_SCATTERED_NIGHTS
    with open_candidate(settings, puts_groups_together=puts_together) as connection:
        connection.execute("create schema if not exists ops")
        _keep_recomputed(connection)
        for schema in ("previous", "night", "new_bronze"):
            connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute("drop table if exists ops.new_loads")
        connection.execute(
            "create or replace table ops.build as select ? as project_fingerprint, "
            "cast(? as varchar) as rebuilt_because, ? as scattered_nights",
            [project_fingerprint(settings), rebuilt_because, 0 if puts_together else scattered],
        )
        comment(connection, "ops.build", BUILD)


def _scattered_nights(settings: Settings) -> int:
    """Of how many nights the version that a candidate began as holds the rows in groups of their
    own.
    """
    with duckdb.connect(str(settings.candidate), read_only=True) as connection:
        found = connection.execute("select scattered_nights from ops.build").fetchone()
    assert found is not None
    return int(found[0])


def _keep_recomputed(connection: duckdb.DuckDBPyConnection) -> None:
    """Name what a later night computed anew; without these tables, it was all."""
    tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    for scope in SCOPES:
        connection.execute(f"drop table if exists {scope.table}")
        if {("ops", "new_loads"), ("night", scope.relation)} <= set(tables):
            connection.execute(
                f"create table {scope.table} as select {scope.key} from night.{scope.relation}"
            )


def _in_bronze(ledger: Ledger) -> list[Load]:
    """Loads whose rows stand in bronze."""
    return [
        load
        for load in ledger.loads
        if load.status in ("loaded", "accepted") and load.error is None
    ]


def _looked_into(
    settings: Settings, version: Path | None, loads: list[Load]
) -> tuple[str | None, dict[str, tuple[str, date]]]:
    """Why a night has to rebuild everything, if it has to; if not, what the version holds."""
    if version is None or not version.exists():
        return NOTHING_TO_COPY, {}
    if damage := damage_of(version):
        return f"{version.name} cannot be read: {damage}", {}
    try:
        with duckdb.connect(str(version), read_only=True) as connection:
            reason = _of_another_kind(connection, settings)
            seen = _loads_of(connection) if reason is None else {}
    except duckdb.Error as error:
        return f"{version.name} cannot be read: {str(error).splitlines()[0]}", {}
    return reason or _out_of_step(seen, loads), seen


def _of_another_kind(connection: duckdb.DuckDBPyConnection, settings: Settings) -> str | None:
    """What the version itself says against working on it."""
    names = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'ops'"
    ).fetchall()
    if ("build",) not in names:
        return "the published version is of an older kind"
    built_by = connection.execute("select project_fingerprint from ops.build").fetchone()
    if built_by != (project_fingerprint(settings),):
        return "models, sources or options changed"
    return None


def _loads_of(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, date]]:
    """The loads whose rows a version holds: object and night of each, by id."""
    rows = connection.execute(
        """
        select load_id, source_system || '/' || object_name, batch_date
        from ops.load_audit
        where status = 'accepted' and error is null
        """
    ).fetchall()
    return {load_id: (name, night) for load_id, name, night in rows}


def _out_of_step(seen: Mapping[str, tuple[str, date]], loads: list[Load]) -> str | None:
    """What the loads in bronze say against working on a version that holds some of them."""
    gone = seen.keys() - {load.load_id for load in loads}
    if gone:
        return f"{len(gone)} loads are no longer in bronze"
    return _out_of_order(seen.values(), [load for load in loads if load.load_id not in seen])


def _out_of_order(seen: Collection[tuple[str, date]], new: list[Load]) -> str | None:
    """A late, corrected or reloaded file changes what later nights were compared with."""
    newest: dict[str, date] = {}
    for name, night in seen:
        newest[name] = max(night, newest.get(name, night))
    nights = defaultdict(set)
    for load in new:
        nights[load.name].add(load.batch_date)
        if load.name in newest and load.batch_date <= newest[load.name]:
            what = f"{load.file} of {load.batch_date}"
            if load.reload_of is not None:
                return f"refused rows of {what} were read anew"
            is_there = (load.name, load.batch_date) in seen
            return f"{what} {'was corrected, or came late' if is_there else 'came late'}"
    spread = [name for name, found in nights.items() if len(found) > 1]
    return f"several nights of {spread[0]} came at once" if spread else None


def _prepare(connection: duckdb.DuckDBPyConnection, settings: Settings, new: list[Load]) -> None:
    connection.execute(CREATE_WRITTEN)
    connection.execute("create table ops.new_loads (source_system varchar, batch_date date)")
    if new:
        connection.executemany(
            "insert into ops.new_loads values (?, ?)",
            [(load.source, load.batch_date) for load in new],
        )
    connection.execute("create schema new_bronze")
    for name, files in _new_files(settings, new).items():
        # Nothing that is created takes parameters, and a path may hold a quotation mark or bracket.
        said = (str(file).replace("'", "''").replace("[", "[[]") for file in files)
        paths = ", ".join(f"'{each}'" for each in said)
        connection.execute(
            f"create view new_bronze.{name} as from read_parquet([{paths}], union_by_name = true)"
        )
    connection.execute("create schema previous")
    for table in _PREVIOUS:
        connection.execute(f"create table previous.{table.split('.')[1]} as from {table}")


def _new_files(settings: Settings, new: list[Load]) -> dict[str, list[Path]]:
    """The new files of each object by the name of its view, `<family>__<object>`.

    The first has no rows, so that an object that no load brought can be scanned too.
    """
    files: dict[str, list[Path]] = {}
    families = {name: source.contracts for name, source in native_sources().items()}
    for family, contracts in (families | {"mapped": canonical_contracts()}).items():
        for contract in contracts.values():
            empty = masked_path(settings, contract_file(contract))
            files[f"{family}__{contract.object}"] = [empty]
    for load in new:
        files[f"{_family(load)}__{load.object}"].append(masked_path(settings, load.load_id))
    return files


def _family(load: Load) -> str:
    """The folder of the staging models that read it."""
    return load.source if load.source in native_sources() else "mapped"
