"""Which nights Dagster's schedule asks for, and in which order.

Belongs here: the requests of a morning, and the partitions that they name. Does not belong here:
runs that come of them (integration/test_nights_in_dagster.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from orchestration.bronze.night import accept, load_night, refuse
from orchestration.extracts.landing import is_loadable
from orchestration.extracts.ledger import Ledger, copy_of
from orchestration.instance import open_instance
from orchestration.jobs import nights
from orchestration.schedules import build_nightly_schedule
from orchestration.settings import Settings
from tests.conftest import describe, land
from tests.locks import another_night, attempt

FIRST, SECOND, THIRD = (date(2025, 9, day) for day in (1, 2, 3))
MORNING = datetime(2025, 9, 4, 5, 30, tzinfo=UTC)
ACME = """\
source: acme
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    extract: delta
    columns: {opportunity_id: id, stage: {column: state}, amount: value}
"""


@dg.op
def nothing() -> None:
    """A step that is never run."""


@dg.job
def some_job() -> None:
    """The job of runs that are only written down."""
    nothing()


@pytest.fixture
def home(settings: Settings) -> Settings:
    """Three nights, landed in another order than that of their dates."""
    describe(settings, ACME)
    for night in (THIRD, FIRST, SECOND):
        come(settings, night)
    return settings


def come(settings: Settings, night: date, name: str = "deals.csv") -> None:
    land(settings, "acme", night, {name: f"id,state,value\n{night}{name},Open,1\n"})


def asked(settings: Settings, morning: datetime = MORNING) -> list[dg.RunRequest]:
    """What the schedule asks for on a morning."""
    context = dg.build_schedule_context(
        instance=open_instance(settings), scheduled_execution_time=morning
    )
    requests = build_nightly_schedule(settings)(context)
    return requests if isinstance(requests, list) else []


def nights_asked(settings: Settings) -> list[str | None]:
    return [each.partition_key for each in asked(settings)]


def run_of(settings: Settings, night: date, status: dg.DagsterRunStatus) -> None:
    tags = {"dagster/partition": str(night)}
    open_instance(settings).create_run_for_job(some_job, status=status, tags=tags)


def test_a_run_is_asked_for_for_each_night_that_is_due_oldest_first(home: Settings) -> None:
    assert nights_asked(home) == [str(FIRST), str(SECOND), str(THIRD)]


def test_a_published_night_is_asked_for_again_when_a_file_of_it_comes_late(home: Settings) -> None:
    load_night(home, FIRST, "run", "acme")
    accept(home)
    come(home, FIRST, "deals_late.csv")
    assert nights_asked(home) == [str(FIRST), str(SECOND), str(THIRD)]


def test_a_night_that_is_held_back_is_asked_for_once_it_is_corrected(home: Settings) -> None:
    load_night(home, SECOND, "run", "acme")
    refuse(home)
    assert nights_asked(home) == [str(FIRST), str(THIRD)]
    land(home, "acme", SECOND, {"deals.csv": "id,state,value\nd2,Open,200\n"})
    assert nights_asked(home) == [str(FIRST), str(SECOND), str(THIRD)]


def test_a_night_that_is_still_being_written_is_not_asked_for(home: Settings) -> None:
    (home.landing / "acme" / str(THIRD) / "_SUCCESS").unlink()
    assert nights_asked(home) == [str(FIRST), str(SECOND)]


def test_nothing_is_asked_for_where_nothing_is_due(settings: Settings) -> None:
    assert asked(describe(settings, ACME)) == []


def test_a_night_has_another_key_each_morning(home: Settings) -> None:
    """A run that failed leaves its night due, and a key that was used starts nothing."""
    mornings = (MORNING, MORNING + timedelta(days=1))
    keys = [each.run_key for morning in mornings for each in asked(home, morning)]
    assert len(set(keys)) == 6


def test_a_night_whose_run_is_about_to_start_is_not_asked_for_again(home: Settings) -> None:
    run_of(home, SECOND, dg.DagsterRunStatus.STARTING)
    assert nights_asked(home) == [str(FIRST), str(THIRD)]


def test_a_night_that_is_at_work_is_not_asked_for_again(home: Settings) -> None:
    run_of(home, FIRST, dg.DagsterRunStatus.STARTED)
    with another_night(home):
        assert nights_asked(home) == [str(SECOND), str(THIRD)]


def test_a_night_whose_run_is_dead_is_asked_for_again(home: Settings) -> None:
    run_of(home, FIRST, dg.DagsterRunStatus.STARTED)
    assert nights_asked(home) == [str(FIRST), str(SECOND), str(THIRD)]


def test_a_damaged_ledger_is_mended_before_the_schedule_looks_at_it(home: Settings) -> None:
    load_night(home, FIRST, "run", "acme")
    accept(home)
    home.ledger.write_bytes(b"damaged")
    assert nights_asked(home) == [str(SECOND), str(THIRD)]
    assert home.ledger.read_bytes() == copy_of(home.ledger).read_bytes()
    assert Ledger(home.ledger).as_of() == FIRST


def test_the_schedule_leaves_the_lock_free_for_the_nights_it_asks_for(home: Settings) -> None:
    """Dagster evaluates it in a process that lives on."""
    assert asked(home)
    assert attempt(home).returncode == 0


@pytest.fixture
def first_to_see_a_day(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """Shortly after midnight where clocks are fourteen hours ahead of UTC."""
    now = datetime(2025, 9, 30, 10, 30, tzinfo=UTC)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Kiritimati")
        patch.setattr("time.time", now.timestamp)
        time.tzset()
        yield now
    time.tzset()


def test_a_night_of_tomorrow_has_a_partition_wherever_the_machine_stands(
    first_to_see_a_day: datetime,
) -> None:
    tomorrow = date(2025, 10, 2)
    assert is_loadable(tomorrow) and not is_loadable(tomorrow + timedelta(days=1))
    assert str(tomorrow) in nights().get_partition_keys(current_time=first_to_see_a_day)
