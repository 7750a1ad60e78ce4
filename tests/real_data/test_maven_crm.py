"""The Maven CRM export, loaded through a source file, gives every figure of its facts.json.

The figures were computed from the raw CSV files by others, two ways, before this project existed:
an independent reference for everything from the reader to the marts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.nightly import NightOutcome, run_nights
from orchestration.settings import Settings
from tests.real_data.cited import MEASURED, Citation, citations

NIGHT = date(2017, 12, 31)
FORMS = ("", "variant_ddmmyy", "variant_excel_dates")
SOURCE_FILE = Path(__file__).parent / "maven.yml"

Ask = Callable[[str], list[tuple[Any, ...]]]


def _publish(home: Path, real_data: Path, form: str) -> tuple[Settings, NightOutcome]:
    settings = Settings(home=home)
    folder = settings.landing / "maven" / NIGHT.isoformat()
    folder.mkdir(parents=True)
    settings.user_sources.mkdir(parents=True)
    shutil.copy(SOURCE_FILE, settings.user_sources / "maven.yml")
    maven = real_data / "maven_crm"
    for name in ("accounts.csv", "sales_pipeline.csv", "sales_teams.csv", "products.csv"):
        saved = maven / form / name
        shutil.copy(saved if saved.exists() else maven / name, folder / name)
    (folder / "_SUCCESS").touch()
    (outcome,) = run_nights(settings, [NIGHT])
    return settings, outcome


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, real_data: Path
) -> dict[str, tuple[Settings, NightOutcome]]:
    """Each of the three saved forms, published from a home of its own."""
    return {
        form: _publish(tmp_path_factory.mktemp(f"maven_{form or 'iso'}"), real_data, form)
        for form in FORMS
    }


@pytest.fixture(scope="module")
def ask(published: dict[str, tuple[Settings, NightOutcome]]) -> Iterator[Ask]:
    """Ask the published warehouse of the ISO form."""
    with duckdb.connect(str(published[""][0].published), read_only=True) as connection:
        yield lambda query: connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def facts(real_data: Path) -> dict[str, Any]:
    return json.loads((real_data / "maven_crm" / "facts.json").read_text())["facts"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_published_without_a_refused_row(
    published: dict[str, tuple[Settings, NightOutcome]], form: str
) -> None:
    outcome = published[form][1]
    assert outcome.publication is not None, outcome.failure
    assert sum(load.rows_quarantined for load in outcome.loads) == 0


@pytest.mark.parametrize("form", FORMS[1:])
def test_all_forms_give_identical_marts(
    published: dict[str, tuple[Settings, NightOutcome]], form: str
) -> None:
    with duckdb.connect() as connection:
        for alias, name in (("iso", ""), ("other", form)):
            path = published[name][0].published.resolve()
            connection.execute(f"attach '{path}' as {alias} (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() "
            "where schema_name = 'marts' and database_name = 'iso'"
        ).fetchall()
        assert len(tables) >= 11
        for (table,) in tables:
            for one, two in (("iso", "other"), ("other", "iso")):
                differing = connection.execute(
                    f"from {one}.marts.{table} except all from {two}.marts.{table}"
                ).fetchall()
                assert differing == [], table


def test_every_row_is_kept(ask: Ask, facts: dict[str, Any]) -> None:
    read = dict(ask("select object_name, sum(rows_accepted) from ops.load_audit group by 1"))
    assert read["opportunities"] == facts["rows.sales_pipeline"]
    assert read["accounts"] == facts["rows.accounts"]
    assert read["users"] == facts["rows.sales_teams"]
    assert read["products"] == facts["rows.products"]
    assert ask("select count(distinct opportunity_id) from marts.fct_opportunity") == [
        (facts["distinct_opportunity_id"],)
    ]


def test_empty_cells_stay_empty(ask: Ask, facts: dict[str, Any]) -> None:
    nulls = facts["nulls.sales_pipeline"]
    (counts,) = ask(
        """
        select
            count(*) filter (where account_key = 'maven:unknown'),
            count(*) filter (where created_at is null),
            count(*) filter (where close_date is null),
            count(*) filter (where amount is null)
        from marts.fct_opportunity
        """
    )
    assert counts == (
        nulls["account"], nulls["engage_date"], nulls["close_date"], nulls["close_value"]
    )  # fmt: skip


def test_stages_and_outcomes_are_counted(ask: Ask, facts: dict[str, Any]) -> None:
    stages = ask(
        """
        select stage_name, count(*)
        from marts.fct_opportunity
        inner join marts.dim_stage on current_stage_key = stage_key
        group by 1
        """
    )
    assert dict(stages) == facts["stage_counts"]
    (counts,) = ask(
        "select sum(is_closed::int), sum((not is_closed)::int) from marts.fct_opportunity"
    )
    assert counts == (facts["closed"], facts["open"])


def test_the_win_rate_is_won_over_closed(ask: Ask, facts: dict[str, Any]) -> None:
    ((numerator, denominator, value),) = ask(
        """
        select numerator, denominator, value from marts.win_rate
        where metric_id = 'win_rate_period_narrow' and grain = 'all' and dimension = 'all'
        """
    )
    assert (numerator, denominator) == (facts["stage_counts"]["Won"], facts["closed"])
    assert value == pytest.approx(0.631501, abs=5e-7)
    assert value == pytest.approx(facts["win_rate_of_closed"], abs=5e-7)


def test_won_amounts_agree(ask: Ask, facts: dict[str, Any]) -> None:
    ((total, average, median),) = ask(
        "select sum(amount), avg(amount), median(amount) from marts.fct_opportunity where is_won"
    )
    assert total == Decimal(facts["won_revenue_total"])
    assert average == pytest.approx(facts["avg_won_value"], abs=1e-6)
    assert median == facts["median_won_value"]


def test_values_by_stage_agree(ask: Ask, facts: dict[str, Any]) -> None:
    found = ask(
        """
        select stage_name, min(amount), max(amount), count(*) filter (where amount is null)
        from marts.fct_opportunity
        inner join marts.dim_stage on current_stage_key = stage_key
        group by 1
        """
    )
    assert {stage: [low, high, missing] for stage, low, high, missing in found} == facts[
        "close_value_by_stage"
    ]


def test_dates_are_read_right(ask: Ask, facts: dict[str, Any]) -> None:
    (bounds,) = ask(
        """
        select min(created_at)::date, max(created_at)::date, min(close_date), max(close_date)
        from marts.fct_opportunity
        """
    )
    assert [day.isoformat() for day in bounds] == facts["date_range"]


@pytest.mark.parametrize(
    ("fact", "days"),
    [
        ("days_to_close.all_closed", "coalesce(sales_cycle_days, loss_cycle_days)"),
        ("days_to_close.won", "sales_cycle_days"),
        ("days_to_close.lost", "loss_cycle_days"),
    ],
)
def test_days_to_close_agree(ask: Ask, facts: dict[str, Any], fact: str, days: str) -> None:
    ((mean, median, shortest, longest),) = ask(
        f"select avg({days}), median({days}), min({days}), max({days}) from marts.fct_opportunity"
    )
    assert mean == pytest.approx(facts[fact]["mean"], abs=1e-6)
    assert (median, shortest, longest) == (
        facts[fact]["median"], facts[fact]["min"], facts[fact]["max"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "group", "joins"),
    [
        ("by_agent[agent,closed,won,win_rate,revenue]", "rep_name", ""),
        ("by_manager[closed,won,win_rate,revenue]", "split_part(manager_key, ':', 2)", ""),
        ("by_regional_office[closed,won,win_rate,revenue]", "team", ""),
        ("by_product[closed,won,win_rate,revenue]", "product_name", ""),
        ("by_sector[closed,won,win_rate,revenue]", "industry", ""),
    ],
)
def test_every_breakdown_agrees(
    ask: Ask, facts: dict[str, Any], fact: str, group: str, joins: str
) -> None:
    found = ask(
        f"""
        select
            {group}, count(*), sum(is_won::int), avg(is_won::int),
            sum(case when is_won then amount end)
        from marts.fct_opportunity
        inner join marts.dim_rep on owner_key = rep_key
        inner join marts.dim_account using (account_key)
        inner join marts.dim_product using (product_key)
        where is_closed
        group by 1
        """
    )
    expected = {row[0]: row[1:] for row in facts[fact]}
    assert {row[0] for row in found} == set(expected)
    for name, closed, won, rate, revenue in found:
        assert [closed, won, revenue] == [expected[name][i] for i in (0, 1, 3)], name
        assert rate == pytest.approx(expected[name][2], abs=5e-7), name


def test_win_rate_by_owner_agrees(ask: Ask, facts: dict[str, Any]) -> None:
    found = ask(
        """
        select dimension_value, denominator, numerator, value from marts.win_rate
        where metric_id = 'win_rate_period_narrow' and grain = 'all' and dimension = 'owner'
        """
    )
    expected = {
        f"maven:{agent}": (closed, won, rate)
        for agent, closed, won, rate, _ in facts["by_agent[agent,closed,won,win_rate,revenue]"]
    }
    assert {row[0] for row in found} == set(expected)
    for owner, closed, won, rate in found:
        assert (closed, won) == expected[owner][:2]
        assert rate == pytest.approx(expected[owner][2], abs=5e-7)


def test_agents_without_deals_are_known_all_the_same(ask: Ask, facts: dict[str, Any]) -> None:
    found = ask(
        """
        select rep_name from marts.dim_rep
        where
            manager_key is not null
            and rep_key not in (select owner_key from marts.fct_opportunity)
        order by 1
        """
    )
    assert [name for (name,) in found] == facts["agents_without_deals"]


def test_mended_spellings_join_every_product(ask: Ask, facts: dict[str, Any]) -> None:
    counts = dict(
        ask(
            """
            select product_name, count(*) from marts.fct_opportunity
            inner join marts.dim_product using (product_key)
            where list_price is not null
            group by 1
            """
        )
    )
    raw = dict(facts["product_label_counts_raw"])
    raw["GTX Pro"] = raw.pop("GTXPro")
    assert counts == raw


@pytest.mark.parametrize(
    ("fact", "grain", "name"),
    [
        (
            "won_revenue_by_close_quarter",
            "quarter",
            "year(period_start) || '-Q' || quarter(period_start)",
        ),
        ("won_revenue_by_close_month", "month", "strftime(period_start, '%Y-%m')"),
    ],
)
def test_won_by_period_agrees(
    ask: Ask, facts: dict[str, Any], fact: str, grain: str, name: str
) -> None:
    found = ask(
        f"""
        select {name}, counts.numerator, amounts.numerator
        from marts.win_rate as counts
        inner join marts.win_rate as amounts using (grain, period_start, dimension, dimension_value)
        where
            grain = '{grain}' and dimension = 'all'
            and counts.metric_id = 'win_rate_period_narrow'
            and amounts.metric_id = 'win_rate_value'
        order by 1
        """
    )
    assert [list(row) for row in found] == facts[fact]


def test_win_rate_by_quarter_agrees(ask: Ask, facts: dict[str, Any]) -> None:
    found = ask(
        """
        select
            year(period_start) || '-Q' || quarter(period_start), denominator, numerator
        from marts.win_rate
        where metric_id = 'win_rate_period_narrow' and grain = 'quarter' and dimension = 'all'
        order by 1
        """
    )
    assert [list(row) for row in found] == facts["win_rate_by_close_quarter[closed,won]"]


def test_monthly_cohorts_agree(ask: Ask, facts: dict[str, Any]) -> None:
    found = ask(
        """
        select
            strftime(cohort_month, '%Y-%m'), sum(reached_count), sum(won_count),
            sum(lost_here_count), sum(open_here_count)
        from marts.funnel_stage_conversion
        where stage_name = 'Engaging' and dimension = 'all'
        group by 1
        order by 1
        """
    )
    expected = [
        row[:5]
        for row in facts[
            "cohort_by_engage_month[engaged,won,lost,open,won_within_30d,won_within_60d,won_within_90d]"
        ]
    ]
    assert [list(row) for row in found] == expected


def test_wins_within_days_agree(ask: Ask, facts: dict[str, Any]) -> None:
    found = ask(
        """
        select
            strftime(created_at, '%Y-%m'),
            count(*) filter (where sales_cycle_days <= 30),
            count(*) filter (where sales_cycle_days <= 60),
            count(*) filter (where sales_cycle_days <= 90)
        from marts.fct_opportunity
        where created_at is not null
        group by 1
        order by 1
        """
    )
    cohorts = facts[
        "cohort_by_engage_month[engaged,won,lost,open,won_within_30d,won_within_60d,won_within_90d]"
    ]
    assert [list(row) for row in found] == [[row[0], *row[5:]] for row in cohorts]


def test_the_funnel_counts_undated_deals_too(ask: Ask, facts: dict[str, Any]) -> None:
    stages = dict(
        ask(
            """
            select stage_name, sum(reached_count) from marts.funnel_stage_conversion
            where dimension = 'all' group by 1
            """
        )
    )
    created, engaged, closed, won = facts["funnel_ever_reached[created,engaged,closed,won]"]
    assert stages == {"Prospecting": created, "Engaging": engaged}
    (counts,) = ask("select sum(is_closed::int), sum(is_won::int) from marts.fct_opportunity")
    assert counts == (closed, won)
    assert ask(
        """
        select reached_count, open_here_count from marts.funnel_stage_conversion
        where cohort_month is null and dimension = 'all'
        """
    ) == [(500, 500)]


def test_accounts_agree(ask: Ask, facts: dict[str, Any]) -> None:
    revenue = dict(
        ask(
            """
            select account_name, sum(amount) from marts.fct_opportunity
            inner join marts.dim_account using (account_key)
            where is_won group by 1
            """
        )
    )
    for name, amount in facts["top_accounts_by_revenue"] + facts["bottom_accounts_by_revenue"]:
        assert revenue[name] == amount
    assert max(revenue, key=lambda name: revenue[name]) == facts["top_accounts_by_revenue"][0][0]
    ((with_parent, unknown_parents),) = ask(
        """
        select count(*), count(*) filter (
            where parent_account_key not in (select account_key from marts.dim_account)
        )
        from marts.dim_account where parent_account_key is not null
        """
    )
    assert with_parent == facts["accounts_with_parent"]
    assert unknown_parents == len(facts["parents_not_in_accounts"])
    open_without = dict(
        ask(
            """
            select stage_name, count(*) from marts.fct_opportunity
            inner join marts.dim_stage on current_stage_key = stage_key
            where account_key = 'maven:unknown' group by 1
            """
        )
    )
    assert open_without == facts["null_account_by_stage"]


def test_rankings_of_agents_agree(ask: Ask, facts: dict[str, Any]) -> None:
    by_rate = ask(
        """
        select rep_name, value from marts.win_rate
        inner join marts.dim_rep on dimension_value = rep_key
        where metric_id = 'win_rate_period_narrow' and grain = 'all' and dimension = 'owner'
        order by value desc
        """
    )
    for found, fact in (
        (by_rate[:5], facts["win_rate_top5_agents"]),
        (by_rate[-5:], facts["win_rate_bottom5_agents"]),
    ):
        assert [name for name, _ in found] == [name for name, _ in fact]
        assert [rate for _, rate in found] == pytest.approx([rate for _, rate in fact], abs=5.1e-5)
    by_amount = ask(
        """
        select rep_name, numerator from marts.win_rate
        inner join marts.dim_rep on dimension_value = rep_key
        where metric_id = 'win_rate_value' and grain = 'all' and dimension = 'owner'
        order by numerator desc
        """
    )
    assert [list(row) for row in by_amount[:5]] == facts["revenue_top5_agents"]
    assert sorted(map(list, by_amount[-5:])) == sorted(facts["revenue_bottom5_agents"])


def test_won_over_all_is_another_number_than_won_over_closed(
    ask: Ask, facts: dict[str, Any]
) -> None:
    ((share,),) = ask("select avg(is_won::int) from marts.fct_opportunity")
    assert share == pytest.approx(facts["win_rate_of_all"], abs=5e-7)


def test_won_amounts_stand_near_list_prices(ask: Ask, facts: dict[str, Any]) -> None:
    ((ratio,),) = ask(
        """
        select sum(amount) / sum(list_price) from marts.fct_opportunity
        inner join marts.dim_product using (product_key) where is_won
        """
    )
    assert ratio == pytest.approx(facts["won_value_over_list_ratio"], abs=1e-6)


def test_spellings_are_mended_as_the_source_file_says(ask: Ask, facts: dict[str, Any]) -> None:
    mended = {"technolgy": "technology", "Philipines": "Philippines"}
    for column, fact in (("industry", "sector_values"), ("country", "office_location_values")):
        found = ask(
            f"select distinct {column} from marts.dim_account "
            "where account_id <> 'unknown' order by 1"
        )
        expected = sorted({mended.get(value, value) for value in facts[fact]})
        assert [value for (value,) in found] == expected


def test_only_the_mended_product_and_no_account_was_without_a_partner(
    ask: Ask, facts: dict[str, Any]
) -> None:
    """A strict join on the raw names would lose all opportunities of that product."""
    raw = sorted(facts["product_label_counts_raw"])
    named = {name for (name,) in ask("select product_name from marts.dim_product")}
    assert [label for label in raw if label not in named] == facts["product_labels_not_in_products"]
    assert ask(
        """
        select count(*) from marts.fct_opportunity
        inner join marts.dim_product using (product_key)
        where product_name = 'GTX Pro'
        """
    ) == [(facts["rows_with_unmatched_product"],)]
    only_named = ask(
        """
        select account_name from marts.dim_account
        where account_id <> 'unknown' and country is null
        """
    )
    assert only_named == facts["accounts_not_in_accounts"]


@pytest.mark.parametrize("citation", citations(), ids=lambda citation: citation.check)
def test_what_reasons_of_checks_say_of_it_is_so(ask: Ask, citation: Citation) -> None:
    (measured,) = ask(MEASURED[citation.check])
    written = [
        f"{value:.{len(figure.partition('.')[2])}f}"
        for value, figure in zip(measured, citation.figures, strict=True)
    ]
    assert tuple(written) == citation.figures
