"""Dagster's instance of a home: its configuration.

Belongs here: `dagster.yaml`, and runs whose process is dead. Does not belong here: how events are
stored (event_log.py), runs that live (nightly.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.lock import NightRunningError, lock_for_a_moment
from orchestration.settings import Settings

_CONFIG = """\
# Written by Flywheel at every night.
telemetry:
  enabled: false
nux:
  enabled: false
freshness:
  enabled: true
concurrency:
  runs:
    # A night that finds another at work ends at once: the others wait in the queue.
    max_concurrent_runs: 1
  pools:
    # One process writes the candidate.
    default_limit: 1
compute_logs:
  # Capturing standard output would start two processes for every step, and the steps print nothing.
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
event_log_storage:
  module: orchestration.event_log
  class: KeptEngineEventLogStorage
  config:
    base_dir: {events}
"""

# A run holds no lock before its first step, nor when it is of checks alone.
_PATIENCE = timedelta(minutes=30)
_AT_WORK = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Dagster's instance of this home, made when it is not there."""
    home = settings.dagster_home
    # A text of JSON is one of YAML, whatever stands in the path.
    config = _CONFIG.format(events=json.dumps(str(home / "history" / "runs")))
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
    return _bury(instance, [run for run in instance.get_runs(begun) if run.run_id != living])


def bury_abandoned_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Count runs as failed that nobody is at work on, or the queue waits for them for ever.

    They have said nothing for long, and the lock of the home is free.
    """
    long_ago = datetime.now(UTC) - _PATIENCE
    silent = dg.RunsFilter(statuses=_AT_WORK, updated_before=long_ago)
    if not instance.get_runs(silent):
        return []
    try:
        with lock_for_a_moment(settings):
            # A second look: the last of them may have ended before the lock was free.
            return _bury(instance, instance.get_runs(silent))
    except NightRunningError:
        return []


def _bury(instance: dg.DagsterInstance, dead: Sequence[dg.DagsterRun]) -> list[str]:
    for run in dead:
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        instance.report_run_failed(run, "its process was killed, or the machine went down")
    return [run.run_id for run in dead]
