"""`dim_date` under every setting of the fiscal calendar, against a walk through the calendar.

Belongs here: the model's SQL as dbt compiles it. Does not belong here: how a company sets its
calendar (tests/unit/test_company.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from tests.integration.compiled import Compiler
from tests.reference.fiscal import Calendar, Fiscal, fiscal_days

FIRST_YEAR, LAST_YEAR = 2000, 2030
# The tables that tell of days besides opportunities, by their columns that do.
TOLD = {
    "marts.fct_opportunity_version": "close_date date",
    "marts.fct_opportunity_line": "service_date date",
    "marts.fct_activity": "occurred_at timestamp",
    "marts.dim_campaign": "start_date date, end_date date",
    "intermediate.int_leads": "created_at timestamp",
    "intermediate.int_users": "hired_date date",
}
KINDS = ("4-4-5", "4-5-4", "5-4-4")
# Every month with every kind and anchor; weekdays and names take turns with them.
CALENDARS = [
    Calendar(month, ("end", "start")[(month + turn) % 2], kind, (month + turn) % 7 + 1, anchor)
    for month in range(1, 13)
    for turn, (kind, anchor) in enumerate(
        [("gregorian", "last"), *((kind, "last") for kind in KINDS)]
        + [(kind, "nearest") for kind in KINDS]
    )
]
RETAIL = Calendar(2, "start", "4-5-4", 7, "nearest")
LAST_SATURDAY_OF_SEPTEMBER = Calendar(10, "end", "4-4-5", 7, "last")


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that `dim_date` reads: thirty years from the oldest date on."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as flywheel")
        connection.execute("create schema flywheel.intermediate")
        connection.execute("create schema flywheel.marts")
        connection.execute(
            "create table flywheel.intermediate.int_opportunities as "
            f"select timestamp '{FIRST_YEAR}-06-01 12:00:00' as created_at, "
            f"date '{FIRST_YEAR}-07-01' as close_date"
        )
        connection.execute(
            "create table flywheel.intermediate.int_as_of as "
            f"select date '{LAST_YEAR - 1}-03-01' as as_of_date"
        )
        for table, columns in TOLD.items():
            connection.execute(f"create table flywheel.{table} ({columns})")
        yield connection


def days_of(
    calendar: Calendar, compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> dict[date, Fiscal]:
    """What the model says of each day."""
    sql = compiler.model("dim_date", calendar.variables)
    rows = warehouse.execute(
        "select date_day, fiscal_year, fiscal_quarter, fiscal_month, fiscal_week, "
        "fiscal_year_start_date, fiscal_quarter_start_date, fiscal_month_start_date, "
        f"fiscal_week_start_date from ({sql}) order by date_day"
    ).fetchall()
    return {day: Fiscal(*rest) for day, *rest in rows}


@pytest.mark.parametrize(
    "calendar",
    CALENDARS,
    ids=lambda each: (
        f"{each.kind}-from-{each.start_month}-{each.anchor}-{each.week_start}-{each.named_by}"
    ),
)
def test_every_day_lies_in_the_periods_that_a_walk_finds(
    calendar: Calendar, compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    found = days_of(calendar, compiler, warehouse)
    expected = fiscal_days(calendar, FIRST_YEAR - 1, LAST_YEAR + 1)

    assert (min(found), max(found)) == (date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
    assert len(found) == (max(found) - min(found)).days + 1
    assert found == {day: expected[day] for day in found}


def test_the_retail_calendar_has_its_published_years_of_53_weeks(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """The 4-5-4 calendar of the National Retail Federation; the year bears that of its February."""
    found = days_of(RETAIL, compiler, warehouse)
    long_years = {each.year for each in found.values() if each.week == 53}

    assert long_years == {2000, 2006, 2012, 2017, 2023, 2028}
    assert found[date(2024, 2, 3)].month == 12
    assert found[date(2023, 1, 29)] == Fiscal(
        2023, 1, 1, 1, *[date(2023, 1, 29)] * 4
    )  # fmt: skip


def test_apples_years_end_on_the_days_that_apple_published(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """The last Saturday of September, as its annual reports say."""
    found = days_of(LAST_SATURDAY_OF_SEPTEMBER, compiler, warehouse)
    ends = [
        max(day for day, each in found.items() if each.year == year) for year in range(2015, 2025)
    ]

    assert ends == [
        date(2015, 9, 26), date(2016, 9, 24), date(2017, 9, 30), date(2018, 9, 29),
        date(2019, 9, 28), date(2020, 9, 26), date(2021, 9, 25), date(2022, 9, 24),
        date(2023, 9, 30), date(2024, 9, 28),
    ]  # fmt: skip


def test_ids_name_the_period_with_its_year(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    sql = compiler.model("dim_date", RETAIL.variables)

    assert warehouse.execute(
        "select calendar_quarter_id, calendar_month_id, iso_week_id, fiscal_year_id, "
        "fiscal_quarter_id, fiscal_month_id, fiscal_week_id "
        f"from ({sql}) where date_day in (date '2023-01-01', date '2024-02-03') order by date_day"
    ).fetchall() == [
        ("2023-Q1", "2023-01", "2022-W52", "FY2022", "FY2022-Q4", "FY2022-M12", "FY2022-W49"),
        ("2024-Q1", "2024-02", "2024-W05", "FY2023", "FY2023-Q4", "FY2023-M12", "FY2023-W53"),
    ]


def test_a_calendar_that_there_is_not_stops_the_build(compiler: Compiler) -> None:
    with pytest.raises(ValueError, match="fiscal_calendar is gregorian or 4-4-5"):
        compiler.model("dim_date", {"fiscal_calendar": "445"})


def test_the_calendar_begins_with_the_year_of_the_oldest_day_in_the_business_zone(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    sql = compiler.model("dim_date", {"business_time_zone": "America/New_York"})
    early = sql.replace('"flywheel"."intermediate"."int_opportunities"', "early")
    warehouse.execute(
        "create or replace temp table early as "
        "select timestamp '2024-01-01 03:00:00' as created_at, date '2024-05-01' as close_date"
    )

    assert warehouse.execute(f"select min(date_day) from ({early})").fetchall() == [
        (date(2023, 1, 1),)
    ]


@pytest.mark.parametrize(
    ("table", "column"),
    [("intermediate.int_opportunities", "close_date")]
    + [(table, each.split()[0]) for table, columns in TOLD.items() for each in columns.split(", ")],
)
def test_the_calendar_goes_as_far_as_any_date_less_than_ten_years_ahead(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection, table: str, column: str
) -> None:
    sql = compiler.model("dim_date", {})
    found = {}
    for told in ("1987-05-01", "2038-12-31", "2039-03-01"):
        warehouse.execute("begin")
        warehouse.execute(f"insert into flywheel.{table} ({column}) values ('{told}')")
        found[told] = warehouse.execute(
            f"select min(date_day), max(date_day) from ({sql})"
        ).fetchall()
        warehouse.execute("rollback")

    first, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    assert found == {
        "1987-05-01": [(date(1987, 1, 1), last)],
        "2038-12-31": [(first, date(2038, 12, 31))],
        "2039-03-01": [(first, last)],
    }
