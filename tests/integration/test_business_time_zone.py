"""Days of the business time zone, against Python's own zones.

Belongs here: `business_date` and `start_of_day`, the as-of instant, and that pure dates stay where
they are. Does not belong here: what a mart makes of a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pytest

from tests.integration.compiled import Compiler

# Clocks that change at 02:00, at 01:00 UTC, by half an hour, never, and at midnight: Havana's and
# the Azores' midnight exists twice a year, Beirut's and (once) São Paulo's not at all.
ZONES = (
    "America/Phoenix", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata",
    "Pacific/Kiritimati", "America/Havana", "Atlantic/Azores", "Asia/Beirut", "America/Sao_Paulo",
    "UTC",
)  # fmt: skip
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2025, 12, 31)
DAY, QUARTER_HOUR = timedelta(days=1), timedelta(minutes=15)


@pytest.fixture
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        # Whatever zone the machine is in, the answer must be the same.
        connection.execute("set TimeZone = 'Asia/Tokyo'")
        yield connection


def local_day(instant: datetime, zone: str) -> date:
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def first_instant(day: date, zone: str) -> datetime:
    """By looking at every quarter of an hour about the day; clocks change on such."""
    instant = datetime.combine(day, time()) - timedelta(hours=16)
    while local_day(instant, zone) < day:
        instant += QUARTER_HOUR
    return instant


def days_to_try(zone: str) -> list[date]:
    """The ends of quarters, and the days about every change of the clock."""
    days = [FIRST_DAY + DAY * number for number in range((LAST_DAY - FIRST_DAY).days)]
    offsets = [
        datetime.combine(day, time(12), UTC).astimezone(ZoneInfo(zone)).utcoffset() for day in days
    ]
    changes = [at for at in range(1, len(days)) if offsets[at] != offsets[at - 1]]
    about = {days[at] + DAY * shift for at in changes for shift in (-1, 0, 1)}
    quarters = {day + DAY * shift for day in days if day.day == 1 for shift in (-1, 0)}
    return sorted(about | {day for day in quarters if day.month in (1, 3, 4, 6, 7, 9, 10, 12)})


@pytest.mark.parametrize("zone", ZONES)
def test_an_instant_lies_in_the_day_that_the_clock_on_the_wall_shows(
    zone: str, compiler: Compiler, engine: duckdb.DuckDBPyConnection
) -> None:
    """Every half hour of the days about quarter ends and changes of the clock."""
    instants = [
        datetime.combine(day, time()) + timedelta(minutes=30 * number, seconds=-1)
        for day in days_to_try(zone)
        for number in range(48)
    ]
    sql = compiler.statement(
        "select instant, {{ business_date('instant') }} from instants order by instant",
        {"business_time_zone": zone},
    )
    engine.execute("create table instants as select unnest(?::timestamp[]) as instant", [instants])

    assert engine.execute(sql).fetchall() == [(each, local_day(each, zone)) for each in instants]


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_starts_with_its_first_instant(
    zone: str, compiler: Compiler, engine: duckdb.DuckDBPyConnection
) -> None:
    days = days_to_try(zone)
    sql = compiler.statement(
        "select day, {{ start_of_day('day') }} from days order by day",
        {"business_time_zone": zone},
    )
    engine.execute("create table days as select unnest(?::date[]) as day", [days])

    assert engine.execute(sql).fetchall() == [(day, first_instant(day, zone)) for day in days]


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        # HubSpot closes a deal in the evening of 31 March in Arizona: it is no deal of April.
        ("America/Phoenix", datetime(2025, 4, 1, 6, 59, 59), date(2025, 3, 31)),
        ("America/Phoenix", datetime(2025, 4, 1, 7), date(2025, 4, 1)),
        ("America/New_York", datetime(2025, 4, 1, 3, 30), date(2025, 3, 31)),
        ("America/New_York", datetime(2025, 1, 1, 4, 30), date(2024, 12, 31)),
        ("Europe/Berlin", datetime(2025, 3, 31, 22), date(2025, 4, 1)),
        ("Europe/Berlin", datetime(2024, 12, 31, 22, 59), date(2024, 12, 31)),
        ("Australia/Lord_Howe", datetime(2025, 3, 31, 13), date(2025, 4, 1)),
        ("Australia/Lord_Howe", datetime(2025, 6, 30, 13, 29), date(2025, 6, 30)),
        ("Asia/Kolkata", datetime(2025, 3, 31, 18, 30), date(2025, 4, 1)),
        ("Pacific/Kiritimati", datetime(2025, 3, 31, 10), date(2025, 4, 1)),
    ],
)
def test_the_last_evening_of_a_quarter_stays_in_the_quarter(
    zone: str,
    instant: datetime,
    day: date,
    compiler: Compiler,
    engine: duckdb.DuckDBPyConnection,
) -> None:
    sql = compiler.statement(
        f"select {{{{ business_date(\"timestamp '{instant}'\") }}}}", {"business_time_zone": zone}
    )

    assert engine.execute(sql).fetchall() == [(day,)]


def test_in_utc_a_day_costs_no_more_than_a_cast(compiler: Compiler) -> None:
    sql = compiler.statement("select {{ business_date('x') }}, {{ start_of_day('y') }}", {})

    assert sql.split() == ["select", "cast(x", "as", "date),", "cast(y", "as", "timestamp)"]


def test_the_engine_knows_every_zone_that_a_company_may_name(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    known = {name for (name,) in engine.execute("select name from pg_timezone_names()").fetchall()}

    assert available_timezones() - known <= {"localtime"}


@pytest.mark.parametrize(
    ("zone", "ends_at"),
    [
        ("UTC", datetime(2025, 10, 1)),
        ("America/New_York", datetime(2025, 10, 1, 4)),
        ("Pacific/Kiritimati", datetime(2025, 9, 30, 10)),
    ],
)
def test_a_night_ends_with_its_day_in_the_business_zone(
    zone: str, ends_at: datetime, compiler: Compiler, engine: duckdb.DuckDBPyConnection
) -> None:
    engine.execute("attach ':memory:' as flywheel; create schema flywheel.staging")
    engine.execute(
        "create table flywheel.staging.stg_flywheel__loads as select * from (values "
        "(date '2025-09-30', 'accepted'), (date '2025-10-05', 'refused')) as l (batch_date, status)"
    )
    sql = compiler.model("int_as_of", {"business_time_zone": zone})

    assert engine.execute(sql).fetchall() == [(date(2025, 9, 30), ends_at, zone)]
