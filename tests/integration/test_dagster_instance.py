"""Dagster's instance of a home: our event store keeps what Dagster's own would keep.

It overrides private names of Dagster for speed; this test holds the two against each other.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs.schema import RunsTable
from dagster_shared.record import replace

from orchestration.event_log import KeptEngineEventLogStorage
from orchestration.instance import bury_abandoned_runs, bury_dead_runs, open_instance
from orchestration.settings import Settings
from tests.locks import another_night

_EVALUATED = dg.DagsterEventType.ASSET_CHECK_EVALUATION


@dg.multi_asset(
    specs=[dg.AssetSpec("rows")],
    check_specs=[dg.AssetCheckSpec("enough", asset="rows", blocking=True)],
)
def rows():
    yield dg.MaterializeResult(asset_key="rows", metadata={"dagster/row_count": 3})
    yield dg.AssetCheckResult(asset_key="rows", check_name="enough", passed=True)


@dg.asset(deps=["rows"])
def broken() -> None:
    raise ValueError("on purpose")


NIGHTS = dg.StaticPartitionsDefinition(["2025-09-28", "2025-09-29"])
CHECKS = ("plausible", "usual")


@dg.asset(partitions_def=NIGHTS)
def mart() -> None:
    """Something that is checked in another step."""


@dg.multi_asset_check(specs=[dg.AssetCheckSpec(name, asset="mart") for name in CHECKS])
def gate():
    for name in CHECKS:
        yield dg.AssetCheckResult(asset_key="mart", check_name=name, passed=name == "usual")


def _run(instance: dg.DagsterInstance) -> str:
    definitions = dg.Definitions(assets=[rows, broken], jobs=[dg.define_asset_job("both")])
    job = definitions.resolve_job_def("both")
    return job.execute_in_process(instance=instance, raise_on_error=False).run_id


def _gated(instance: dg.DagsterInstance, night: str) -> dg.ExecuteInProcessResult:
    definitions = dg.Definitions(
        assets=[mart],
        asset_checks=[gate],
        jobs=[dg.define_asset_job("nightly", partitions_def=NIGHTS)],
    )
    job = definitions.resolve_job_def("nightly")
    return job.execute_in_process(instance=instance, partition_key=night)


def _checked(instance: dg.DagsterInstance) -> list[tuple[object, ...]]:
    """What became of every check of `mart`, newest first, and how many runs ago it was built."""
    runs = [run.run_id for run in instance.get_runs()]
    return [
        (
            key.name,
            record.status.value,
            record.partition,
            runs.index(record.run_id),
            None if record.evaluation is None else record.evaluation.passed,
            None if record.evaluation is None else _target(record, runs),
        )
        for key in (dg.AssetCheckKey(dg.AssetKey("mart"), name) for name in CHECKS)
        for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    ]


def _target(record, runs: list[str]) -> tuple[int, int]:
    looked_at = record.evaluation.target_materialization_data
    return runs.index(looked_at.run_id), looked_at.storage_id


def _plain_instance(home: Path) -> dg.DagsterInstance:
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return dg.DagsterInstance.from_config(str(home))


def _kept(instance: dg.DagsterInstance, run_id: str) -> tuple[list[str], dict[str, object]]:
    events = [
        record.event_log_entry.dagster_event.event_type_value
        for record in instance.get_records_for_run(run_id).records
        if record.event_log_entry.dagster_event
    ]
    materialization = instance.get_latest_materialization_event(dg.AssetKey("rows"))
    assert materialization is not None and materialization.asset_materialization is not None
    metadata = materialization.asset_materialization.metadata
    return events, {key: value.value for key, value in metadata.items()}


def test_our_event_store_knows_its_tables(tmp_path: Path) -> None:
    storage = open_instance(Settings(home=tmp_path)).event_log_storage
    for _ in range(2):
        assert storage.has_table("asset_check_executions")
        assert not storage.has_table("no_such_table")


def test_our_event_store_keeps_the_same_events_as_dagsters_own(tmp_path: Path) -> None:
    ours = open_instance(Settings(home=tmp_path / "ours"))
    theirs = _plain_instance(tmp_path / "plain")
    assert type(ours.event_log_storage) is KeptEngineEventLogStorage
    assert type(theirs.event_log_storage) is SqliteEventLogStorage
    assert _kept(ours, _run(ours)) == _kept(theirs, _run(theirs))


def test_our_event_store_keeps_the_same_of_every_check_as_dagsters_own(tmp_path: Path) -> None:
    """Which was planned, what it found, and what it looked at: in each run what that run built."""
    ours = open_instance(Settings(home=tmp_path / "ours"))
    theirs = _plain_instance(tmp_path / "plain")
    for instance in (ours, theirs):
        for night in ("2025-09-28", "2025-09-29", "2025-09-28"):
            _gated(instance, night)
    kept = _checked(ours)
    assert kept == _checked(theirs)
    assert [(status, run, target[0]) for _, status, _, run, _, target in kept] == [
        ("FAILED", 0, 0), ("FAILED", 1, 1), ("FAILED", 2, 2),
        ("SUCCEEDED", 0, 0), ("SUCCEEDED", 1, 1), ("SUCCEEDED", 2, 2),
    ]  # fmt: skip


def test_our_event_store_keeps_a_check_that_nobody_had_planned(tmp_path: Path) -> None:
    ours = open_instance(Settings(home=tmp_path / "ours"))
    theirs = _plain_instance(tmp_path / "plain")
    for instance in (ours, theirs):
        _gated(instance, "2025-09-28")
        (run,) = instance.get_runs()
        for entry in instance.all_logs(run.run_id, of_type=_EVALUATED):
            about = entry.dagster_event.event_specific_data
            named = replace(about, check_name="usual", partition="2025-09-29")
            event = entry.dagster_event._replace(event_specific_data=named)
            instance.store_event(entry._replace(dagster_event=event))
    kept = _checked(ours)
    assert kept == _checked(theirs)
    assert [partition for _, _, partition, *_ in kept].count("2025-09-29") == 1


def test_no_secret_of_an_error_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a library says in its error, and whoever hands that on as a cause or in the log."""
    secret, url = "planted-reader\\password", "https://hooks.example.org/services/planted-token"
    monkeypatch.setenv("FLYWHEEL_POSTGRES_READER_PASSWORD", secret)
    monkeypatch.setenv("FLYWHEEL_ALERT_WEBHOOK", url)

    @dg.asset
    def leaking(context) -> None:
        context.log.warning(f"trying {url}")
        try:
            raise OSError(f"POST {url} failed")
        except OSError as cause:
            raise ValueError(f"role bi_reader, {secret}, {secret!r}") from cause

    home = Settings(home=tmp_path / "home")
    instance = open_instance(home)
    job = dg.Definitions(assets=[leaking], jobs=[dg.define_asset_job("one")]).resolve_job_def("one")
    ended = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not ended.success
    planted = [b"planted-reader", b"planted-token"]
    for path in home.dagster_home.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert [each for each in planted if each in data] == [], path
    kept = instance.all_logs(ended.run_id)
    events = [each.dagster_event for each in kept if each.dagster_event]
    (failure,) = [each for each in events if each.is_step_failure]
    told = failure.step_failure_data.error.to_string()
    assert "ValueError: role bi_reader, ****" in told and "POST **** failed" in told


def test_dagsters_own_store_can_read_what_ours_wrote(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    ours = open_instance(settings)
    run_id = _run(ours)
    written = _kept(ours, run_id)
    (settings.dagster_home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert _kept(dg.DagsterInstance.from_config(str(settings.dagster_home)), run_id) == written


def test_the_instance_of_a_home_calls_nobody(tmp_path: Path) -> None:
    assert open_instance(Settings(home=tmp_path)).telemetry_enabled is False


def test_a_dead_run_gives_back_its_slot_and_counts_as_failed(tmp_path: Path) -> None:
    """Dagster keeps both for ever, and the next night would wait for the slot."""
    instance = open_instance(Settings(home=tmp_path / "home"))
    store = instance.event_log_storage
    store.set_concurrency_slots("candidate", 1)
    job = dg.Definitions(assets=[rows], jobs=[dg.define_asset_job("one")]).resolve_job_def("one")
    started = dg.DagsterRunStatus.STARTED
    dead, living = (instance.create_run_for_job(job, status=started) for _ in range(2))
    store.claim_concurrency_slot("candidate", dead.run_id, "warehouse")

    assert bury_dead_runs(instance, living.run_id) == [dead.run_id]
    assert store.claim_concurrency_slot("candidate", living.run_id, "warehouse").is_claimed
    statuses = [instance.get_run_by_id(run.run_id).status for run in (dead, living)]
    assert statuses == [dg.DagsterRunStatus.FAILURE, started]


def _begun(instance: dg.DagsterInstance, ago: timedelta) -> dg.DagsterRun:
    """A run that started some time ago and has said nothing since."""
    job = dg.Definitions(assets=[rows], jobs=[dg.define_asset_job("one")]).resolve_job_def("one")
    begun = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    then = datetime.now(UTC) - ago
    with instance.run_storage.connect() as connection:
        connection.execute(
            RunsTable.update()
            .where(RunsTable.c.run_id == begun.run_id)
            .values(update_timestamp=then.replace(tzinfo=None))
        )
    return begun


def test_an_abandoned_run_lets_the_queue_go_on(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    instance = open_instance(settings)
    dead = _begun(instance, timedelta(hours=1))
    assert bury_abandoned_runs(instance, settings) == [dead.run_id]
    assert instance.get_run_by_id(dead.run_id).status == dg.DagsterRunStatus.FAILURE


def test_a_long_night_that_is_at_work_is_not_abandoned(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    instance = open_instance(settings)
    _begun(instance, timedelta(hours=1))
    with another_night(settings):
        assert bury_abandoned_runs(instance, settings) == []


def test_a_run_that_has_not_taken_the_lock_yet_is_not_abandoned(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    instance = open_instance(settings)
    _begun(instance, timedelta(minutes=1))
    assert bury_abandoned_runs(instance, settings) == []
