"""When the night runs by itself.

Belongs here: the cron schedule. Does not belong here: what the job does (jobs.py).
"""

import dagster as dg

from orchestration.jobs import NIGHTLY

# Extracts that are dropped in the small hours are there by then, and the day has not begun.
NIGHTLY_CRON = "30 5 * * *"


def build_nightly_schedule() -> dg.ScheduleDefinition:
    """Every morning, for the night that bears the day's date."""

    @dg.schedule(cron_schedule=NIGHTLY_CRON, job_name=NIGHTLY, name="nightly_schedule")
    def nightly_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        night = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(run_key=night, partition_key=night)

    return nightly_schedule
