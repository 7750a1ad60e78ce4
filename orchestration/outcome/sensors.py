"""Nights that Dagster runs end like those of the console; and somebody looks at the clock.

Belongs here: Dagster's sensors. Does not belong here: what they do (closing.py, alerts.py).

Sensors and no hooks: a hook sees a single step, a sensor the run as a whole, and also a run whose
process died. They see the nights of `flywheel nightly` too, and find them closed.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.outcome.alerts import tell_if_stale, tell_of_night, tell_unsent
from orchestration.outcome.closing import close_night
from orchestration.outcome.links import page_path
from orchestration.settings import Settings

if TYPE_CHECKING:
    # Dagster gives the type of its own public function no public name.
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

# A stale version is told of once, so this only says how late.
_STALENESS_SECONDS = 15 * 60
_NIGHT_TAG = "dagster/partition"


def build_sensors(
    settings: Settings, nightly_job: UnresolvedAssetJobDefinition
) -> list[dg.SensorDefinition]:
    """All of them, on from the start: without addresses they write pages and tell nobody."""

    @dg.run_status_sensor(
        name="night_published",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[nightly_job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes the page of a night that Dagster ran.",
    )
    def night_published(context: dg.RunStatusSensorContext) -> dg.SkipReason:
        return _closed(settings, context, None)

    @dg.run_failure_sensor(
        name="night_not_published",
        monitored_jobs=[nightly_job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes the page of a refused or failed night, and alerts.",
    )
    def night_not_published(context: dg.RunFailureSensorContext) -> dg.SkipReason:
        from orchestration.nightly import failure_of

        return _closed(settings, context, failure_of(context.get_step_failure_events(), settings))

    @dg.sensor(
        name="staleness",
        minimum_interval_seconds=_STALENESS_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Alerts once when the version that readers see is too old, and of nights whose alert "
            "could not be sent."
        ),
    )
    def staleness() -> dg.SkipReason:
        told = [*tell_unsent(settings), *tell_if_stale(settings)]
        return dg.SkipReason("; ".join(told) or "nothing to tell")

    return [night_published, night_not_published, staleness]


def _closed(
    settings: Settings, context: dg.RunStatusSensorContext, failure: str | None
) -> dg.SkipReason:
    from orchestration.nightly import outcome_of

    run_id = context.dagster_run.run_id
    night = context.dagster_run.tags.get(_NIGHT_TAG)
    if night is None:
        return dg.SkipReason("a run of no night")
    outcome = outcome_of(settings, date.fromisoformat(night), run_id, failure)
    if page_path(settings, night, run_id).exists():
        # An alert that could not be sent at the time may be now.
        told = tell_of_night(settings, outcome)
    else:
        told = close_night(settings, outcome)
    return dg.SkipReason("; ".join(told) or "closed")
