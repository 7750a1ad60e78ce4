"""Superset for real: what `make superset` starts shows every mart, its charts the marts' numbers.

Belongs here: a running Superset, asked by its API and looked at in a browser. Does not belong here:
the bundle as files (test_superset_bundle.py).
"""

from __future__ import annotations

import math
import os
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest

from orchestration.nightly import plan, run_nights
from orchestration.serving.superset.environment import is_installed
from orchestration.settings import Settings
from orchestration.simulation import simulate
from tests.bi.postgres import served_by_postgres
from tests.bi.running import Superset, Visit, running
from tests.browser import CHROMIUM, MOST_BYTES, chromium

pytestmark = [
    pytest.mark.skipif(
        not is_installed() and os.environ.get("FLYWHEEL_SUPERSET") != "1",
        reason="Superset is not installed (700 MB): run `make superset` once, or set "
        "FLYWHEEL_SUPERSET=1 and let the tests install it",
    ),
]
needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="charts are drawn in a browser, and there is no chromium on the path"
)
Cells = dict[tuple[Any, ...], tuple[Any, ...]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published sample company."""
    made = Settings(home=tmp_path_factory.mktemp("superset") / "home")
    simulate(made.landing, opportunities=2_000, nights=1, seed=7, first_night=date(2025, 9, 28))
    outcomes = list(run_nights(made, plan(made, None, None).nights))
    assert [outcome.exit_status for outcome in outcomes] == [0]
    return made


@pytest.fixture(scope="module", params=["file", "postgres"])
def superset(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Superset]:
    """Superset on the published file, then on the same marts in PostgreSQL."""
    with ExitStack() as stack:
        served = settings
        if request.param == "postgres":
            served = stack.enter_context(served_by_postgres(settings))
        yield stack.enter_context(running(served))


@pytest.fixture(scope="module")
def visit(superset: Superset) -> Visit:
    with chromium() as browser:
        return superset.visit(browser)


@pytest.fixture(scope="module")
def mart(settings: Settings) -> Callable[[str], list[tuple[Any, ...]]]:
    """Ask the published file, as duckdb itself answers."""

    def ask(query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(settings.published), read_only=True) as connection:
            return connection.execute(query).fetchall()

    return ask


def test_every_mart_is_a_dataset_with_its_columns(
    superset: Superset, mart: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    tables = {name for (name,) in mart("select table_name from information_schema.tables "
                                       "where table_schema = 'marts'")}  # fmt: skip
    datasets = {one["table_name"]: one for one in superset.all("dataset") if one["schema"]}
    assert tables - {"metricflow_time_spine"} <= set(datasets)
    said = superset.get(f"/api/v1/dataset/{datasets['win_rate']['id']}")["result"]
    described = {column["column_name"] for column in said["columns"] if column["description"]}
    assert {name for (name,) in mart("select column_name from information_schema.columns "
                                     "where table_schema = 'marts' and table_name = 'win_rate'")
            } <= described  # fmt: skip


def test_every_metric_of_every_dataset_is_sql_that_its_mart_answers(superset: Superset) -> None:
    refused = {}
    for dataset in superset.all("dataset"):
        said = superset.get(f"/api/v1/dataset/{dataset['id']}")["result"]
        query = {"columns": [], "metrics": [one["metric_name"] for one in said["metrics"]]}
        body = {"datasource": {"id": dataset["id"], "type": "table"}, "queries": [query]}
        (answer,) = superset.post("/api/v1/chart/data", body)["result"]
        if answer["error"] or answer["rowcount"] != 1:
            refused[dataset["table_name"]] = answer["error"]
    assert refused == {}


def test_sql_lab_answers_from_the_marts(superset: Superset) -> None:
    (row,) = superset.sql("select count(distinct metric_id) as rates from marts.win_rate")
    assert row == {"rates": 7}


@pytest.mark.parametrize(
    "query",
    [
        "create table marts.mine as select 1 as one",
        "delete from marts.win_rate",
        # What DuckDB, and what PostgreSQL would read files with.
        "select * from read_text('/etc/hostname')",
        "select pg_read_file('/etc/hostname')",
    ],
)
def test_sql_lab_neither_writes_nor_reads_files(superset: Superset, query: str) -> None:
    with pytest.raises(urllib.error.HTTPError):
        superset.sql(query)


# How charts label a stage.
STAGE = "lpad(stage_rank::varchar, 2, '0') || ' ' || stage_name"
# For each chart: the columns of its answer that tell a row from others, those that hold numbers (of
# a chart with a column a stage: none, and the rows are turned), and the same asked of the mart.
CHARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "Open pipeline": (
        ("date_day",), ("open_amount_sum",),
        "select date_day, sum(open_amount) from marts.pipeline_daily group by 1",
    ),
    "Win rate": (
        (), ("win_rate_period_narrow",),
        "select value from marts.win_rate where metric_id = 'win_rate_period_narrow' "
        "and grain = 'all' and dimension = 'all'",
    ),
    "Amount won": (
        (), ("won_amount",), "select sum(amount) from marts.fct_opportunity where is_won",
    ),
    "Sales cycle": (
        (), ("sales_cycle_days",),
        "select avg(sales_cycle_days) from marts.fct_opportunity where is_won",
    ),
    "Opportunities by the furthest stage": (
        ("stage_name",), ("Reached",),
        "select stage_name, count(*) from marts.fct_stage_reached "
        "join marts.dim_stage using (stage_key) group by 1",
    ),
    "What became of those who reached a stage": (
        ("stage_label",), ("went on", "lost here", "still open", "handed off"),
        f"select {STAGE}, sum(reached_next_count), sum(lost_here_count), "
        "sum(open_here_count), sum(handed_off_count) from marts.funnel_stage_conversion "
        "where dimension = 'all' group by 1",
    ),
    "Conversion to the next stage, by month of entry": (
        ("cohort_month",), (),
        f"select cohort_month, {STAGE}, next_rate "
        "from marts.funnel_stage_conversion "
        "where dimension = 'all' and is_mature and cohort_month is not null",
    ),
    "Win rates side by side, with 95 % intervals": (
        ("metric_label",), ("rate_value", "rate_value_low", "rate_value_high"),
        "select replace(metric_name, 'Win rate ', ''), value, value_low, value_high "
        "from marts.win_rate join marts.metric_registry using (metric_id) "
        "where grain = 'all' and dimension = 'all'",
    ),
    "What each win rate counts": (
        ("metric_name",), ("Won", "Of", "rate_value", "rate_value_low", "rate_value_high"),
        "select metric_name, numerator, denominator, value, value_low, value_high "
        "from marts.win_rate join marts.metric_registry using (metric_id) "
        "where grain = 'all' and dimension = 'all'",
    ),
    "Won by age, of the opportunities created in a month": (
        ("cohort_label", "age_months"), ("Won",),
        "select strftime(cohort_month, '%Y-%m'), age_months, win_rate "
        "from marts.cohort_win_triangle where dimension = 'all' and is_observed",
    ),
    "Open pipeline by day and stage": (
        ("date_day",), (),
        f"select date_day, {STAGE}, sum(open_amount) "
        "from marts.pipeline_daily join marts.dim_stage using (stage_key) group by 1, 2",
    ),
    "What a stage would bring at its own best": (
        ("stage_label",), ("Gain",),
        f"select {STAGE}, gain_amount from marts.funnel_bottleneck",
    ),
    "How sure the bottleneck is": (
        ("stage_label",),
        ("next_rate", "target_rate", "gain_amount", "first_gain_probability", "deal_days_share"),
        f"select {STAGE}, next_rate, target_rate, gain_amount, "
        "first_gain_probability, deal_days_share from marts.funnel_bottleneck",
    ),
    "From lead to win": (
        ("step_label",), ("step_count_sum",),
        "with leads as (from marts.funnel_lead_to_win where dimension = 'all' and is_mature) "
        "select '1 Leads', sum(lead_count) from leads "
        "union all select '2 Qualified by marketing', sum(mql_count) from leads "
        "union all select '3 Accepted by sales', sum(sql_count) from leads "
        "union all select '4 Opportunities', sum(opportunity_count) from leads "
        "union all select '5 Won', sum(won_count) from leads",
    ),
    "Leads won within 90 days, by month of creation": (
        ("cohort_month",),
        tuple(f"lead_won_within_90_days_rate{end}" for end in ("", "_low", "_high")),
        "select cohort_month, won_within_90_days_rate, won_within_90_days_rate_low, "
        "won_within_90_days_rate_high from marts.funnel_lead_to_win "
        "where dimension = 'all' and is_mature and cohort_month is not null",
    ),
}  # fmt: skip
# Its rates are those of several months together, so no row of the mart has them.
OVER_MONTHS = "Conversion to the next stage, 95 % intervals"


@needs_chromium
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_shows_the_numbers_of_the_mart(
    visit: Visit, mart: Callable[[str], list[tuple[Any, ...]]], name: str
) -> None:
    keys, numbers, query = CHARTS[name]
    shown = cells(visit.answers[name], keys, numbers)
    width = len(keys) if numbers else len(keys) + 1
    held = {row[:width]: rounded(row[width:]) for row in mart(query)}
    assert shown
    assert shown == held


@needs_chromium
def test_conversions_over_months_have_the_interval_that_statsmodels_computes(
    visit: Visit, mart: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    from statsmodels.stats.proportion import proportion_confint

    columns = ("stage_next_rate", "stage_next_rate_low", "stage_next_rate_high")
    shown = cells(visit.answers[OVER_MONTHS], ("stage_label",), columns)
    sums = mart(
        f"select {STAGE}, sum(reached_next_count)::int, "
        "sum(reached_count)::int from marts.funnel_stage_conversion "
        "where dimension = 'all' and is_mature group by 1"
    )
    assert shown == {
        (stage,): rounded((on / all_, *proportion_confint(on, all_, method="wilson")))
        for stage, on, all_ in sums
    }


@needs_chromium
def test_no_chart_is_left_untested(visit: Visit) -> None:
    assert set(visit.answers) == {*CHARTS, OVER_MONTHS}


@needs_chromium
@pytest.mark.parametrize("dimension", ["segment", "owner"])
def test_slices_of_a_dimension_together_are_the_whole(
    superset: Superset, visit: Visit, dimension: str
) -> None:
    """What the filter `Slice by` does when no value is chosen."""
    name = "What became of those who reached a stage"
    asked = visit.asked[name]
    (query,) = asked["queries"]
    sliced = [
        one | {"val": [dimension]} if one["col"] == "dimension" else one for one in query["filters"]
    ]
    assert sliced != query["filters"]
    body = asked | {"queries": [query | {"filters": sliced}]}
    (answer,) = superset.post("/api/v1/chart/data", body)["result"]
    keys, numbers, _ = CHARTS[name]
    assert cells(answer["data"], keys, numbers) == cells(visit.answers[name], keys, numbers)


@needs_chromium
def test_the_filter_by_pipeline_reaches_every_chart_that_has_one(visit: Visit) -> None:
    without = {
        name
        for name, asked in visit.asked.items()
        if not any(
            one["col"] == "pipeline_key" for query in asked["queries"] for one in query["filters"]
        )
    }
    assert without == {name for name in visit.asked if "lead" in name.lower()}


@needs_chromium
def test_the_dashboard_is_answered_by_this_machine_alone(superset: Superset, visit: Visit) -> None:
    assert visit.hosts == {superset.url.removeprefix("http://")}


@needs_chromium
def test_the_picture_of_the_dashboard_can_be_kept(visit: Visit, tmp_path: Any) -> None:
    from tests.browser import keep_picture

    keep_picture(visit.picture, tmp_path / "dashboard.png")
    assert 50_000 < (tmp_path / "dashboard.png").stat().st_size <= MOST_BYTES


def cells(rows: list[dict[str, Any]], keys: tuple[str, ...], numbers: tuple[str, ...]) -> Cells:
    """The rows of an answer by their keys; without columns of numbers, a cell a further column."""
    if numbers:
        return {
            tuple(day(key, row[key]) for key in keys): rounded(row[each] for each in numbers)
            for row in rows
        }
    return {
        (*(day(key, row[key]) for key in keys), column): rounded([value])
        for row in rows
        for column, value in row.items()
        if column not in keys and value is not None
    }


def day(column: str, value: Any) -> Any:
    """Superset tells days as milliseconds."""
    if column in ("date_day", "cohort_month"):
        return datetime.fromtimestamp(value / 1000, UTC).date()
    return value


def rounded(values: Any) -> tuple[float | None, ...]:
    """Numbers to seven digits: both sides add up doubles in an order of their own."""
    return tuple(None if value is None else digits(float(value)) for value in values)


def digits(value: float) -> float:
    """A number to seven digits, nothing below a millionth."""
    if abs(value) < 1e-6 or math.isnan(value):
        return 0.0
    return float(f"{value:.7g}")
