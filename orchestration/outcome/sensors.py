"""Nights that Dagster runs end like those of the console; and somebody looks at the clock.

Belongs here: Dagster's sensors. Does not belong here: what they do (closing.py, alerts.py).

Sensors and no hooks: a hook sees a single step, a sensor the run as a whole, and also a run whose
process died. They see the nights of `flywheel nightly` too, and find them closed.
"""

from __future__ import annotations

import dagster as dg

from orchestration.instance import bury_abandoned_runs
from orchestration.jobs import night_of
from orchestration.outcome.alerts import tell_if_stale, tell_of_night, tell_unsent
from orchestration.outcome.closing import close_night
from orchestration.outcome.links import page_path
from orchestration.settings import Settings

# A stale version is told of once, so this only says how late.
_STALENESS_SECONDS = 15 * 60


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """All of them, on from the start: without addresses they write pages and tell nobody.

    They see runs of every job: a night that is started in the graph of assets is one of Dagster's
    own job.
    """

    @dg.run_status_sensor(
        name="night_published",
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes the page of a night that Dagster ran.",
    )
    def night_published(context: dg.RunStatusSensorContext) -> dg.SkipReason:
        return _closed(settings, context, None)

    @dg.run_failure_sensor(
        name="night_not_published",
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

    @dg.sensor(
        name="abandoned_runs",
        minimum_interval_seconds=_STALENESS_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Counts runs as failed whose process died: the next night waits for them.",
    )
    def abandoned_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        dead = bury_abandoned_runs(context.instance, settings)
        return dg.SkipReason(f"failed: {', '.join(dead)}" if dead else "no run is abandoned")

    return [night_published, night_not_published, staleness, abandoned_runs]


def _closed(
    settings: Settings, context: dg.RunStatusSensorContext, failure: str | None
) -> dg.SkipReason:
    from orchestration.nightly import outcome_of

    run_id = context.dagster_run.run_id
    night = night_of(context.dagster_run)
    if night is None:
        return dg.SkipReason("a run of no night")
    outcome = outcome_of(settings, night, run_id, failure)
    if failure is None and outcome.publication is None:
        return dg.SkipReason("a run of some assets, which published nothing")
    if page_path(settings, night.isoformat(), run_id).exists():
        # An alert that could not be sent at the time may be now.
        told = tell_of_night(settings, outcome)
    else:
        told = close_night(settings, outcome)
    return dg.SkipReason("; ".join(told) or "closed")
