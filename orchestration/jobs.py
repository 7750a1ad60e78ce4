"""The nightly job: everything from landing to publication, for one night.

Belongs here: what the job selects and how it runs. Does not belong here: when (schedules.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from orchestration.extracts.landing import FIRST_NIGHT

if TYPE_CHECKING:
    # Dagster gives the type of its own public function no public name.
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

NIGHTLY = "nightly"
# A run that bears this tag rebuilds everything from bronze.
FULL_REFRESH = "flywheel/full_refresh"

# Every night is a run of its own: a night is judged and published by itself.
ONE_NIGHT_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


def nights() -> dg.DailyPartitionsDefinition:
    """One partition a night, tomorrow's included: it may have begun where the CRM is."""
    return dg.DailyPartitionsDefinition(start_date=FIRST_NIGHT.isoformat(), end_offset=2)


def build_nightly_job(
    partitions: dg.PartitionsDefinition[str],
) -> UnresolvedAssetJobDefinition:
    """The one job. A process for each step would cost about two CPU-seconds a step."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        partitions_def=partitions,
        executor_def=dg.in_process_executor,
        description="Load what landed, build the candidate, run the gate, publish.",
    )
