"""Dagster's instance of a home: our event store keeps what Dagster's own would keep.

It overrides private names of Dagster for speed; this test holds the two against each other.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.instance import KeptEngineEventLogStorage, bury_dead_runs, open_instance
from orchestration.settings import Settings


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


def _run(instance: dg.DagsterInstance) -> str:
    definitions = dg.Definitions(assets=[rows, broken], jobs=[dg.define_asset_job("both")])
    job = definitions.resolve_job_def("both")
    return job.execute_in_process(instance=instance, raise_on_error=False).run_id


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
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    theirs = dg.DagsterInstance.from_config(str(plain))
    assert type(ours.event_log_storage) is KeptEngineEventLogStorage
    assert type(theirs.event_log_storage) is SqliteEventLogStorage
    assert _kept(ours, _run(ours)) == _kept(theirs, _run(theirs))


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
