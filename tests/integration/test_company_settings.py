"""A company that sells in Arizona, reports in euros and counts in weeks, from files to models.

Belongs here: that company.yml reaches the models, and what days and rates become of landed files.
Does not belong here: every setting and every zone (test_fiscal_calendar.py,
test_business_time_zone.py, test_money.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.bronze.night import accept, heal, load_night
from orchestration.settings import Settings
from orchestration.simulation import simulate
from orchestration.warehouse.project import invoke
from tests.conftest import land
from tests.integration.hubspot_portal import Change, Deal, Pipeline, Portal, Stage, api_pages
from tests.integration.marts import build_marts
from tests.integration.salesforce_org import DEAL, FIRST_NIGHT, file_of, opportunity

NIGHT = date(2025, 9, 28)
COMPANY = """\
reporting_currency: EUR
business_time_zone: America/Phoenix
fiscal_calendar: 4-5-4
fiscal_year_start_month: 2
fiscal_year_named_by: start
fiscal_week_start: 7
fiscal_year_anchor: nearest
plan_rate_date: 2024-12-31
"""
# 31 March, 23:30 in Phoenix.
EVENING = datetime(2025, 4, 1, 6, 30)
RATES = """\
source: bank
extract: full
objects:
  exchange_rates:
    files: "rates*.csv"
    key: [currency_code, valid_from]
    columns: {currency_code: code, valid_from: day, rate: rate}
"""

Ask = Callable[[str], list[tuple[Any, ...]]]


def portal() -> Portal:
    """One deal that was won on the last evening of the quarter."""
    pipeline = Pipeline(
        "default",
        "Sales",
        (Stage("1", "Demo"), Stage("2", "Won", "1.0"), Stage("3", "Lost", "0.0")),
    )
    changes = (
        Change("pipeline", "default", datetime(2025, 3, 1, 12)),
        Change("dealstage", "1", datetime(2025, 3, 1, 12)),
        Change("closedate", "2025-05-01T05:00:00", datetime(2025, 3, 1, 12)),
        Change("dealstage", "2", EVENING),
        Change("closedate", EVENING.isoformat(), EVENING),
    )
    return Portal(pipelines=(pipeline,), deals=(Deal("77", changes),))


@pytest.fixture(scope="module")
def settings_of_company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("company") / "home")
    settings.user_sources.mkdir(parents=True)
    settings.company.write_text(COMPANY)
    (settings.user_sources / "bank.yml").write_text(RATES)
    deals = file_of("opportunity", opportunity(DEAL, CloseDate="2025-03-31"))
    land(settings, "salesforce", NIGHT, FIRST_NIGHT | {"Opportunity.csv": deals})
    land(settings, "hubspot", NIGHT, dict(api_pages(portal())))
    land(
        settings,
        "bank",
        NIGHT,
        {"rates.csv": "code,day,rate\nNOK,2020-01-01,8\nUSD,2020-01-01,2\n"},
    )
    heal(settings)
    for source in ("salesforce", "hubspot", "bank"):
        loads = load_night(settings, NIGHT, "run", source)
        assert [load.error for load in loads if load.error or load.rows_quarantined] == []
    accept(settings)
    build_marts(
        settings,
        ["path:dbt_project/models/staging", "int_plan_rates", "int_exchange_rates", "dim_date"],
    )
    return settings


@pytest.fixture(scope="module")
def ask(settings_of_company: Settings) -> Ask:
    def ask_models(query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(settings_of_company.candidate), read_only=True) as connection:
            return connection.execute(query).fetchall()

    return ask_models


def test_a_close_in_the_last_evening_of_a_quarter_stays_in_it(ask: Ask) -> None:
    """HubSpot's close date is an instant: in UTC it is the first of April already."""
    assert ask("select close_date, closed_at from staging.stg_hubspot__opportunities") == [
        (date(2025, 3, 31), EVENING)
    ]


def test_so_do_the_close_dates_of_its_history(ask: Ask) -> None:
    assert ask(
        "select new_value from staging.stg_hubspot__opportunity_field_history "
        "where field = 'close_date' order by changed_at"
    ) == [("2025-04-30",), ("2025-03-31",)]
    assert ask(
        "select close_date from staging.stg_hubspot__opportunity_stage_history order by changed_at"
    ) == [(date(2025, 4, 30),), (date(2025, 3, 31),)]


def test_a_date_that_is_one_is_never_shifted(ask: Ask) -> None:
    assert ask("select close_date from staging.stg_salesforce__opportunities") == [
        (date(2025, 3, 31),)
    ]


def test_today_ends_at_midnight_in_arizona(ask: Ask) -> None:
    assert ask("select as_of_date, as_of_at from intermediate.int_as_of") == [
        (NIGHT, datetime(2025, 9, 29, 7))
    ]


def test_the_calendar_is_that_of_the_company(ask: Ask) -> None:
    assert ask(
        "select fiscal_week_id, fiscal_month_id, fiscal_year_start_date from marts.dim_date "
        "where date_day = date '2025-09-28'"
    ) == [("FY2025-W35", "FY2025-M08", date(2025, 2, 2))]


def test_rates_cross_the_corporate_currency_and_are_borrowed_where_there_are_none(ask: Ask) -> None:
    """0.95 and then 0.9 euros a dollar, 0.8 francs a dollar; only the bank knows the crown."""
    rows = ask(
        "select currency_code, valid_from, valid_to, round(rate_to_reporting, 6), "
        "rate_source_system from intermediate.int_exchange_rates "
        "where source_system = 'salesforce' order by 1, 2"
    )

    always, change = date(1900, 1, 1), date(2025, 1, 1)
    assert rows == [
        ("CHF", always, change, 1.1875, "salesforce"),
        ("CHF", change, None, 1.125, "salesforce"),
        ("EUR", always, None, 1.0, "salesforce"),
        ("NOK", date(2020, 1, 1), None, 0.125, "bank"),
        ("USD", always, change, 0.95, "salesforce"),
        ("USD", change, None, 0.9, "salesforce"),
    ]


def test_plan_rates_are_those_of_the_day_that_the_company_set(ask: Ask) -> None:
    assert ask(
        "select source_system, plan_rate, plan_rate_date from intermediate.int_plan_rates "
        "where currency_code = 'USD' order by 1"
    ) == [
        ("bank", 0.5, date(2024, 12, 31)),
        ("hubspot", 0.5, date(2024, 12, 31)),
        ("salesforce", 0.95, date(2024, 12, 31)),
    ]


def test_gaps_and_rates_of_nothing_are_found(settings_of_company: Settings) -> None:
    """The dbt tests pass on good rates, and each finds what it is for."""
    tests = ["int_exchange_rates_have_no_gap", "int_exchange_rates_are_positive"]
    assert _failed(settings_of_company, tests) == []

    with duckdb.connect(str(settings_of_company.candidate)) as connection:
        connection.execute(
            "update intermediate.int_exchange_rates set valid_to = valid_to + 1, "
            "rate_to_reporting = 0 where currency_code = 'CHF'"
        )
    assert _failed(settings_of_company, tests) == sorted(tests)


def _failed(settings: Settings, tests: list[str]) -> list[str]:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    result = invoke(settings, ["test", "--no-write-json", "--select", *tests]).result
    DuckDBConnectionManager.close_all_connections()
    return sorted(each.node.name for each in result.results if each.status.value == "fail")


def test_a_mistake_in_the_file_stops_the_night_before_anything_is_loaded(
    settings: Settings,
) -> None:
    simulate(settings.landing, opportunities=20, nights=1, seed=1, first_night=NIGHT)
    settings.company.write_text("business_time_zone: Europe/Berln\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("flywheel"), "nightly"],
        capture_output=True,
        text=True,
        env=os.environ | {"FLYWHEEL_HOME": str(settings.home), "COLUMNS": "200"},
        check=False,
    )

    assert done.returncode == 2
    assert f"{settings.company}:1:1: business_time_zone: there is no time zone" in done.stderr
    assert not settings.bronze.exists()
