"""When nights run by themselves.

Belongs here: the cron schedule, and which nights it asks for. Does not belong here: what the job
does (jobs.py), which nights are due (nightly.py).
"""

from __future__ import annotations

import dagster as dg

from orchestration.jobs import NIGHTLY, night_of
from orchestration.lock import NightRunningError, lock_for_a_moment
from orchestration.nightly import plan
from orchestration.outcome.closing import telling_of_crashes
from orchestration.recovery import recover
from orchestration.settings import Settings

# Extracts that are dropped in the small hours are there by then, and the day has not begun.
NIGHTLY_CRON = "30 5 * * *"
_WAITING = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
]


def build_nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Every morning, a run for each night that is due, oldest first, as `flywheel nightly`."""

    @dg.schedule(cron_schedule=NIGHTLY_CRON, job_name=NIGHTLY, name="nightly_schedule")
    def nightly_schedule(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        with telling_of_crashes(settings):
            at_work = _others_at_work(settings, context)
            work = plan(settings, None, None)
        for night in work.landing.incomplete:
            context.log.info(f"{night.source.name}/{night.night} is not complete yet")
        # A morning that was missed is made up for together with the next one.
        unfinished = dg.RunsFilter(statuses=[*_WAITING, *at_work])
        asked = {night_of(run) for run in context.instance.get_runs(unfinished)}
        morning = context.scheduled_execution_time.isoformat()
        requests = [
            dg.RunRequest(run_key=f"{night} of {morning}", partition_key=night.isoformat())
            for night in work.nights
            if night not in asked
        ]
        return requests or dg.SkipReason("no night is due that is not asked for already")

    return nightly_schedule


def _others_at_work(
    settings: Settings, context: dg.ScheduleEvaluationContext
) -> list[dg.DagsterRunStatus]:
    """The status of a run that is at work; none where the lock is free, and who has it is dead.

    Then what is half done is mended first: it looks like a night that is due, or hides one.
    """
    try:
        with lock_for_a_moment(settings):
            for sentence in recover(settings):
                context.log.warning(sentence)
    except NightRunningError:
        return [dg.DagsterRunStatus.STARTED]
    return []
