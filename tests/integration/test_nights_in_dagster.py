"""Nights that Dagster runs by itself: its schedule, its queue and its processes, one home.

Belongs here: that they end as those of `flywheel nightly`. Does not belong here: what the schedule
asks for on other mornings (unit/test_schedule.py), how ended nights are told (test_outcomes.py).
"""

from __future__ import annotations

import csv
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context, load_remote_repo
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._scheduler.scheduler import launch_scheduled_runs

from orchestration.extracts.ledger import Ledger
from orchestration.instance import open_instance
from orchestration.jobs import night_of
from orchestration.publication.versions import publications
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.simulation import simulate
from orchestration.warehouse.project import manifest

FIRST, BAD, LAST = NIGHTS = [date(2025, 9, 28) + timedelta(days=number) for number in range(3)]
LOCATION = ModuleTarget("orchestration.definitions", "defs", str(PROJECT_ROOT), None)
# Three nights, on a machine that does much else.
PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class Morning:
    """A home after a morning of Dagster's, and its runs in the order in which they were started."""

    settings: Settings
    queued: list[date | None]
    asked_again: int
    runs: list[dg.RunRecord]

    def status_of(self, night: date) -> set[str]:
        """What became of the loads of a night."""
        loads = Ledger(self.settings.ledger).loads
        return {load.status for load in loads if load.batch_date == night}


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    """Three nights are due, and the one in the middle is bad."""
    settings = Settings(home=tmp_path_factory.mktemp("dagster") / "home")
    simulate(settings.landing, opportunities=300, nights=3, seed=3, first_night=FIRST)
    spoil(settings.landing / "salesforce" / str(BAD) / "Opportunity.csv")
    # Dagster's processes find the project parsed.
    manifest(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(settings.home))
        with (
            open_instance(settings) as instance,
            create_test_daemon_workspace_context(LOCATION, instance) as workspace,
        ):
            repository = load_remote_repo(workspace, "__repository__")
            instance.start_schedule(repository.get_schedule("nightly_schedule"))
            look_at_the_clock(workspace, days=1)
            queued = [night_of(run) for run in instance.get_runs(ascending=True)]
            look_at_the_clock(workspace, days=2)
            asked_again = instance.get_runs_count() - len(queued)
            run_what_is_queued(workspace)
            runs = sorted(instance.get_run_records(), key=lambda record: record.start_time or 0)
            yield Morning(settings, queued, asked_again, list(runs))


def spoil(extract: Path) -> None:
    """Its close dates come as a spreadsheet writes them."""
    with extract.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with extract.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"CloseDate": "31.12.2025"} for row in rows)


def look_at_the_clock(workspace: WorkspaceProcessContext, days: int) -> None:
    """As Dagster's scheduler does, some days from now."""
    now = datetime.now(UTC) + timedelta(days=days)
    errors = list(launch_scheduled_runs(workspace, logging.getLogger(__name__), now, {}))
    assert [error for error in errors if error] == []


def run_what_is_queued(workspace: WorkspaceProcessContext) -> None:
    """As Dagster's daemon does, until every run has ended."""
    end = datetime.now(UTC) + PATIENCE
    with QueuedRunCoordinatorDaemon(interval_seconds=1) as daemon:
        while not all(run.is_finished for run in workspace.instance.get_runs()):
            assert datetime.now(UTC) < end, workspace.instance.get_runs()
            list(daemon.run_iteration(workspace))
            time.sleep(1)


def test_every_night_that_is_due_has_a_run_of_its_own(morning: Morning) -> None:
    assert morning.queued == NIGHTS


def test_a_night_that_waits_in_the_queue_is_not_asked_for_again(morning: Morning) -> None:
    assert morning.asked_again == 0


def test_nights_run_one_after_another_in_the_order_of_their_dates(morning: Morning) -> None:
    assert [night_of(record.dagster_run) for record in morning.runs] == NIGHTS
    for before, after in zip(morning.runs, morning.runs[1:], strict=False):
        assert before.end_time is not None and after.start_time is not None
        assert before.end_time <= after.start_time


def test_a_bad_night_is_refused_and_holds_back_no_other(morning: Morning) -> None:
    assert [record.dagster_run.is_success for record in morning.runs] == [True, False, True]
    assert morning.status_of(FIRST) == morning.status_of(LAST) == {"accepted"}
    assert morning.status_of(BAD) == {"refused"}


def test_each_good_night_is_published(morning: Morning) -> None:
    assert [each.as_of_date for each in publications(morning.settings)] == [FIRST, LAST]
