"""Dagster's log of events in SQLite, at a cost that hundreds of checks can bear.

Belongs here: the one storage class of ours, which keeps no secret, and how a check is written down.
Does not belong here: the instance that it is part of (instance.py), what is secret (secrets.py).

Dagster's SQLite storage makes an engine and a connection for every statement, and of a check it
makes three statements anew and writes its event out three times. A night stores some eight hundred
events of checks (two for each): that alone was seven of twenty CPU-seconds. The subclass keeps one
engine for each database, statements for checks, and what was looked up for them, and writes the
events of checks many at a time. It overrides private names, so dagster is pinned and a test holds
it against the storage it replaces.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from typing import Any, cast

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.event_api import EventRecordsResult
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._serdes import ConfigurableClassData, deserialize_value, serialize_value

from orchestration.secrets import redacted
from orchestration.settings import Settings

_KEPT_ENGINES = 8
_BUSY_SECONDS = 30
_WRITTEN_AT_ONCE = 500
# What a run tells of its checks. All else that it tells, and whoever looks, has them written first.
_OF_CHECKS = ASSET_CHECK_EVENTS | {dg.DagsterEventType.STEP_OUTPUT}

_NEW_EVENT = SqlEventLogStorageTable.insert()
_NEW_NUMBERED_EVENT = _NEW_EVENT.returning(
    SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
)
_NEW_CHECK = AssetCheckExecutionsTable.insert()
# A check is planned when its run begins; what it found replaces that.
_PLANNED_KEY = ("asset_key", "check_name", "run_id", "partition")
_CHECKED = AssetCheckExecutionsTable.update().where(
    *(
        AssetCheckExecutionsTable.c[name].is_not_distinct_from(sa.bindparam(f"planned_{name}"))
        for name in _PLANNED_KEY
    )
)
_NUMBER = "evaluation_event_storage_id"
_KNOWN_FROM = sa.select(AssetCheckExecutionsTable.c[_NUMBER]).where(
    AssetCheckExecutionsTable.c[_NUMBER] >= sa.bindparam("first")
)


class KeptEngineEventLogStorage(SqliteEventLogStorage):
    """Dagster's own SQLite event log, with one engine kept for each of its databases."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._known_tables: set[str] = set()
        self._known_columns: set[str] = set()
        self._step: tuple[str, str] | None = None
        self._looked_at: dict[str, EventRecordsResult] = {}
        self._waiting: list[dg.EventLogEntry] = []
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptEngineEventLogStorage:
        """Called by Dagster with the `config` of dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            self._write_waiting()
            with self._engine(shard).begin() as connection:
                yield connection

    def _engine(self, shard: str) -> sa.Engine:
        if shard in self._engines:
            self._engines.move_to_end(shard)
            return self._engines[shard]
        engine = sa.create_engine(
            self.conn_string_for_shard(shard),
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        )
        sa.event.listen(engine, "connect", _commit_without_waiting)
        self._initdb(engine)
        self._initialized_dbs.add(shard)
        self._engines[shard] = engine
        if len(self._engines) > _KEPT_ENGINES:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def has_table(self, table_name: str) -> bool:
        """Dagster's own, which opens the database anew, and is asked twice for each check."""
        if table_name not in self._known_tables and super().has_table(table_name):
            # No table goes away again.
            self._known_tables.add(table_name)
        return table_name in self._known_tables

    def _has_asset_key_col_on_connection(self, conn: sa.Connection, column_name: str) -> bool:
        """Dagster's own, which is asked for each asset."""
        if column_name not in self._known_columns and super()._has_asset_key_col_on_connection(
            conn, column_name
        ):
            self._known_columns.add(column_name)
        return column_name in self._known_columns

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Dagster's own, without secrets in what an error says; what is of checks may wait.

        A library may have put an address or a password into its error, and Dagster keeps the whole
        chain of causes.
        """
        event = _without_secrets(event)
        self._forget_what_may_be_outdated(event)
        if not event.run_id or event.dagster_event_type not in _OF_CHECKS:
            super().store_event(event)
            return
        with self._db_lock:
            self._waiting.append(event)
            if len(self._waiting) == _WRITTEN_AT_ONCE:
                self._write_waiting()

    def _write_waiting(self) -> None:
        """Write the events of checks in the order in which they came; the lock is held."""
        events, self._waiting = self._waiting, []
        for run_id, of_run in groupby(events, key=lambda event: event.run_id):
            self._write(run_id, [(event, self._event_to_row(event)) for event in of_run])

    def _write(self, run_id: str, events: list[tuple[dg.EventLogEntry, dict[str, Any]]]) -> None:
        """Into the log of the run, and what is of checks into that of all runs too, with what
        became of each beside it.
        """
        with self._engine(run_id).begin() as connection:
            connection.execute(_NEW_EVENT, [row for _, row in events])
        told = [
            (event.get_dagster_event().event_specific_data, row)
            for event, row in events
            if event.dagster_event_type in ASSET_CHECK_EVENTS
        ]
        if not told:
            return
        with self._engine(INDEX_SHARD_NAME).begin() as connection:
            numbers = connection.scalars(_NEW_NUMBERED_EVENT, [row for _, row in told]).all()
            planned, found = [], []
            for (about, row), number in zip(told, numbers, strict=True):
                numbered = row | {"number": number}
                if isinstance(about, dg.AssetCheckEvaluation):
                    found.append(_found(about, numbered))
                else:
                    planned += _planned(cast(AssetCheckEvaluationPlanned, about), numbered)
            if planned:
                connection.execute(_NEW_CHECK, planned)
            if found:
                _keep_found(connection, found)

    def fetch_materializations(
        self,
        records_filter: dg.AssetKey | dg.AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Dagster's own, which each check asks what it looks at: many look at the same."""
        asked = repr((records_filter, limit, cursor, ascending))
        if asked in self._looked_at:
            return self._looked_at[asked]
        found = super().fetch_materializations(records_filter, limit, cursor, ascending)
        if self._step is not None:
            self._looked_at[asked] = found
        return found

    def _forget_what_may_be_outdated(self, event: dg.EventLogEntry) -> None:
        """What was looked up is remembered while a step tells of nothing but checks."""
        step = (event.run_id, event.step_key) if event.step_key else None
        if step != self._step or event.dagster_event_type in ASSET_EVENTS:
            self._looked_at.clear()
        self._step = step

    def dispose(self) -> None:
        """Close every database."""
        with self._db_lock:
            self._write_waiting()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def _keep_found(connection: sa.Connection, found: list[dict[str, Any]]) -> None:
    """What was found, last, replaces what was planned, or stands by itself where nothing was."""
    last = {tuple(each[name] for name in _PLANNED_KEY): each for each in found}
    planned = [{f"planned_{name}": each[name] for name in _PLANNED_KEY} for each in last.values()]
    connection.execute(
        _CHECKED, [each | key for each, key in zip(last.values(), planned, strict=True)]
    )
    first = min(each[_NUMBER] for each in found)
    known: set[int] = set(connection.scalars(_KNOWN_FROM, {"first": first}))
    unplanned = [each for each in last.values() if each[_NUMBER] not in known]
    if unplanned:
        connection.execute(_NEW_CHECK, unplanned)


def _planned(about: AssetCheckEvaluationPlanned, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    status = {"execution_status": AssetCheckExecutionRecordStatus.PLANNED.value}
    if about.partitions_subset is None:
        return [_execution(about, row) | status]
    return [
        _execution(about, row) | status | {"partition": partition}
        for partition in about.partitions_subset.get_partition_keys()
    ]


def _found(about: dg.AssetCheckEvaluation, row: Mapping[str, Any]) -> dict[str, Any]:
    status = AssetCheckExecutionRecordStatus
    looked_at = about.target_materialization_data
    return _execution(about, row) | {
        "execution_status": (status.SUCCEEDED if about.passed else status.FAILED).value,
        "materialization_event_storage_id": looked_at.storage_id if looked_at else None,
        "partition": about.partition,
    }


def _execution(
    about: AssetCheckEvaluationPlanned | dg.AssetCheckEvaluation, row: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "asset_key": about.asset_key.to_string(),
        "check_name": about.check_name,
        "run_id": row["run_id"],
        "evaluation_event": row["event"],
        "evaluation_event_timestamp": row["timestamp"],
        _NUMBER: row["number"],
    }


def _without_secrets(event: dg.EventLogEntry) -> dg.EventLogEntry:
    about = event.dagster_event
    if about is not None and getattr(about.event_specific_data, "error", None) is None:
        # What our own steps tell of themselves: most events of a night.
        return event
    written = serialize_value(event)
    # Secrets come from the environment alone, so these settings know all of them.
    clean = redacted(Settings(), written)
    return event if clean == written else deserialize_value(clean, dg.EventLogEntry)


def _commit_without_waiting(connection: Any, _record: Any) -> None:
    # In WAL mode a power cut may cost the last events of the log, never its integrity; what was
    # loaded and published is not remembered here.
    connection.execute("pragma synchronous = normal")
