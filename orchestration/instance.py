"""Dagster's instance of a home: its configuration, and a store of events that costs little.

Belongs here: `dagster.yaml`, the one storage class of ours, which keeps no secret, and runs whose
process is dead. Does not belong here: runs that live (nightly.py), what is secret (secrets.py).

Dagster's SQLite storage makes an engine and a connection for every statement. A night stores some
five hundred events (two for each check): that alone was seven of twenty CPU-seconds. The subclass
keeps one engine for each database. It overrides private names, so dagster is pinned and a test
holds it against the storage it replaces.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData, deserialize_value, serialize_value

from orchestration.secrets import redacted
from orchestration.settings import Settings

_KEPT_ENGINES = 8
_BUSY_SECONDS = 30

_CONFIG = """\
# Written by Flywheel at every night.
telemetry:
  enabled: false
nux:
  enabled: false
freshness:
  enabled: true
concurrency:
  pools:
    # One process writes the candidate.
    default_limit: 1
compute_logs:
  # Capturing standard output would start two processes for every step, and the steps print nothing.
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
event_log_storage:
  module: orchestration.instance
  class: KeptEngineEventLogStorage
  config:
    base_dir: {events}
"""


class KeptEngineEventLogStorage(SqliteEventLogStorage):
    """Dagster's own SQLite event log, with one engine kept for each of its databases."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._known_tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptEngineEventLogStorage:
        """Called by Dagster with the `config` of dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
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

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Dagster's own, without secrets in what an error says.

        A library may have put an address or a password into its error, and Dagster keeps the whole
        chain of causes.
        """
        super().store_event(_without_secrets(event))

    def dispose(self) -> None:
        """Close every database."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def _without_secrets(event: dg.EventLogEntry) -> dg.EventLogEntry:
    about = event.dagster_event
    if about is not None and getattr(about.event_specific_data, "error", None) is None:
        # What our own steps tell of themselves: most of five hundred events a night.
        return event
    written = serialize_value(event)
    # Secrets come from the environment alone, so these settings know all of them.
    clean = redacted(Settings(), written)
    return event if clean == written else deserialize_value(clean, dg.EventLogEntry)


def _commit_without_waiting(connection: Any, _record: Any) -> None:
    # In WAL mode a power cut may cost the last events of the log, never its integrity; what was
    # loaded and published is not remembered here.
    connection.execute("pragma synchronous = normal")


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Dagster's instance of this home, made when it is not there."""
    home = settings.dagster_home
    config = _CONFIG.format(events=home / "history" / "runs")
    path = home / "dagster.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != config:
        home.mkdir(parents=True, exist_ok=True)
        path.write_text(config, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    return dg.DagsterInstance.from_config(str(home))


def bury_dead_runs(instance: dg.DagsterInstance, living: str) -> list[str]:
    """Take their slot in the pool from runs that were killed, and count them as failed.

    A pool's slot outlives the process that holds it, and the next night would wait for it for ever.
    The caller, the run `living`, holds the lock of the home: no other run is at work.
    """
    store = instance.event_log_storage
    for run_id in store.get_concurrency_run_ids() - {living}:
        store.free_concurrency_slots_for_run(run_id)
    begun = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    dead = [run for run in instance.get_runs(begun) if run.run_id != living]
    for run in dead:
        instance.report_run_failed(run, "its process was killed, or the machine went down")
    return [run.run_id for run in dead]
