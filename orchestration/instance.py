"""Dagster's instance of a home: its configuration.

Belongs here: `dagster.yaml`, and runs whose process is dead. Does not belong here: how events are
stored (event_log.py), runs that live (nightly.py).
"""

from __future__ import annotations

import json
import os

import dagster as dg

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
    dead = [run for run in instance.get_runs(begun) if run.run_id != living]
    for run in dead:
        instance.report_run_failed(run, "its process was killed, or the machine went down")
    return [run.run_id for run in dead]
