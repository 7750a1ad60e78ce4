"""The morning report of a company: every number is its mart's, and the page stands by itself.

Belongs here: the page of a whole home, in a parser, in a browser and on paper, and when it is
written. Does not belong here: single sentences and figures (tests/unit/test_morning_figures.py).

The first of two nights could not write its page, and a row of its tasks is in quarantine.
"""

from __future__ import annotations

import re
import shutil
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest
from statsmodels.stats.proportion import proportion_confint
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.morning.evidence import gather, published
from orchestration.morning.page import notices, render
from orchestration.morning.writing import newest_page, page_of, write_morning
from orchestration.nightly import NightOutcome, run_nights
from orchestration.outcome.closing import close_night
from orchestration.publication.opening import VersionUnreadableError
from orchestration.publication.versions import NoSuchVersionError, prune, roll_back, version_path
from orchestration.settings import Settings
from orchestration.simulation import simulate
from tests.browser import CHROMIUM, MOST_BYTES, chromium, keep_picture
from tests.faults.damages import spoil_rows
from tests.integration.html_page import HtmlPage
from tests.screenshots.morning import MORNING, Picture

FIRST, SECOND, THIRD = date(2025, 9, 28), date(2025, 9, 29), date(2025, 9, 30)
in_a_browser = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")


@dataclass(frozen=True)
class Reported:
    """A home, what came of its nights, and the page of the newest one."""

    settings: Settings
    outcomes: list[NightOutcome]
    path: Path
    page: HtmlPage

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.published.resolve()), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    settings = Settings(home=tmp_path_factory.mktemp("morning") / "home")
    simulate(settings.landing, opportunities=5_000, nights=2, seed=7, first_night=FIRST)
    tasks = settings.landing / "salesforce" / FIRST.isoformat() / "Task.csv"
    head, first, *others = tasks.read_text(encoding="utf-8").split("\n")
    created = first.split(",")[head.split(",").index("CreatedDate")]
    broken = first.replace(created, "some day")
    tasks.write_text("\n".join([head, broken, *others]), encoding="utf-8")
    # Where the pages should be there is a file: the first page cannot be written.
    settings.report.touch()
    outcomes = list(run_nights(settings, [FIRST]))
    settings.report.unlink()
    outcomes += run_nights(settings, [SECOND])
    path = newest_page(settings)
    return Reported(settings, outcomes, path, HtmlPage(path))


@pytest.fixture
def altered(reported: Reported, tmp_path: Path) -> Callable[[str], Settings]:
    """A home whose only version is the newest one, altered by some statements."""

    def alter(statements: str) -> Settings:
        settings = Settings(home=tmp_path / "altered")
        version = reported.settings.published.resolve()
        for folder in ("ops", "bronze/ledger.parquet"):
            source, target = reported.settings.root / folder, settings.root / folder
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        settings.warehouse.mkdir()
        copy = settings.warehouse / version.name
        shutil.copy(version, copy)
        copy.chmod(stat.S_IRUSR | stat.S_IWUSR)
        settings.published.symlink_to(copy.name)
        with duckdb.connect(str(copy)) as connection:
            for (view,) in connection.execute(
                "select view_name from duckdb_views() where schema_name = 'marts'"
            ).fetchall():
                connection.execute(f"create table ops.{view} as from marts.{view}")
                connection.execute(f"drop view marts.{view}")
                connection.execute(f"create table marts.{view} as from ops.{view}")
            connection.execute(statements)
        return settings

    return alter


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


# When it is written


def test_a_page_that_cannot_be_written_leaves_the_version_published(reported: Reported) -> None:
    first = reported.outcomes[0]
    assert first.publication is not None
    assert first.exit_status == 3
    assert first.failure is not None
    assert first.failure.startswith("morning_report:")


def test_a_night_writes_the_page_of_its_version(reported: Reported) -> None:
    second = reported.outcomes[1].publication
    assert second is not None, reported.outcomes[1].failure
    own = page_of(reported.settings, second.version)
    assert own.read_bytes() == reported.path.read_bytes()
    assert not list(reported.settings.report.glob("*.tmp"))


def test_the_page_is_small(reported: Reported) -> None:
    assert reported.path.stat().st_size < MOST_BYTES


def test_the_command_writes_the_page_of_an_older_version_elsewhere(
    reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_HOME", str(reported.settings.home))
    output = tmp_path / "pages" / "older.html"
    done = CliRunner().invoke(
        app, ["morning", "--version", f"{FIRST}-001", "--output", str(output)]
    )
    assert done.exit_code == 0, done.output
    assert done.output.split() == [str(output)]
    page = HtmlPage(output)
    assert "Sunday, 28 September 2025" in page.text("h1")
    assert f"Readers see another version than {FIRST}-001" in page.text("li")
    assert "There is no earlier version to compare with." in page.text("p")
    assert not page_of(reported.settings, f"{FIRST}-001").exists()


def test_a_version_that_is_not_kept_is_named_with_those_that_are(reported: Reported) -> None:
    with pytest.raises(NoSuchVersionError, match=f"no version 2020-01-01-001; kept: {FIRST}-001"):
        write_morning(reported.settings, "2020-01-01-001")


def test_a_page_goes_with_its_version(altered: Callable[[str], Settings]) -> None:
    settings = altered("select 1")
    gone = page_of(settings, f"{FIRST}-001")
    gone.parent.mkdir()
    gone.touch()
    write_morning(settings)
    assert prune(settings) == []
    assert sorted(path.name for path in settings.report.iterdir()) == [
        f"morning-{SECOND}-001.html",
        "morning.html",
    ]


def test_the_newest_page_says_that_a_later_night_was_refused(
    reported: Reported, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(reported.settings.root, settings.root, symlinks=True)
    night = settings.landing / "salesforce" / THIRD.isoformat()
    night.mkdir()
    before = settings.landing / "salesforce" / SECOND.isoformat() / "Opportunity.csv"
    stages = before.read_text(encoding="utf-8").replace("Prospecting", "Some Stage")
    (night / "Opportunity.csv").write_text(stages, encoding="utf-8")
    (night / "_SUCCESS").touch()
    (outcome,) = run_nights(settings, [THIRD])
    assert outcome.exit_status == 1
    assert not [line for line in close_night(settings, outcome) if line.startswith("no ")]
    page = HtmlPage(newest_page(settings))
    (first, *_) = page.every("li")
    assert "The night of 30 September 2025 was refused: salesforce/opportunity" in page.text("li")
    assert first.get("class") == "bad"
    assert "Monday, 29 September 2025" in page.text("h1")


# What it says


def test_gate_and_age_come_first(reported: Reported) -> None:
    text = reported.page.text("header")
    publication = reported.outcomes[1].publication
    assert publication is not None
    assert "As of the end of Monday, 29 September 2025" in text
    assert f"version {publication.version} on {publication.published_at.day}" in text
    assert f"{publication.published_at:%H:%M} UTC" in text
    assert f"{publication.check_count} checks" in text
    assert f"{publication.row_count:,} rows" in text
    ((read, refused),) = reported.ask(
        "select sum(rows_read), sum(rows_quarantined) from ops.load_audit "
        f"where batch_date = '{SECOND}'"
    )
    assert f"Read in this run {read:,} rows" in text
    assert f"Refused in this run {refused:,} rows 1 wait in all" in text
    assert "Salesforce up to 29 Sep 2025" in text


def test_the_few_numbers_above_the_figures_are_those_of_the_marts(reported: Reported) -> None:
    ((deals, amount), (won, won_amount), (rate, low, high)) = (
        reported.ask(query)[0]
        for query in (
            "select count(*), sum(amount) from marts.fct_opportunity where outcome = 'open'",
            "select count(*), sum(amount) from marts.fct_opportunity where is_won "
            "and closed_at >= '2025-03-01' and closed_at < '2025-09-01'",
            "select value, value_low, value_high from marts.win_rate "
            "where metric_id = 'win_rate_cohort_adjusted' and grain = 'all' and dimension = 'all'",
        )
    )
    text = reported.page.text("dl")
    assert f"Open pipeline USD {amount / 1_000_000:.2f} M {deals} deals" in text
    assert f"USD {won_amount / 1_000_000:.2f} M {won} deals, to the end of Aug ’25" in text
    assert f"{percent(rate)} {100 * low:.1f}–{100 * high:.1f} %" in text


def test_the_funnel_is_that_of_its_mart(reported: Reported) -> None:
    """The newest twelve months that are finished at every stage, added up by hand."""
    rows = reported.ask(
        "select stage_name, cohort_month, is_mature, reached_count, reached_next_count, "
        "lost_here_count, open_here_count from marts.funnel_stage_conversion "
        "where dimension = 'all' and cohort_month is not null order by stage_rank"
    )
    finished = sorted(
        {row[1] for row in rows} - {row[1] for row in rows if not row[2]}, reverse=True
    )[:12]
    table, drawn = reported.page.table("Funnel by stage"), reported.page.figure("Funnel")
    assert list(table) == list(dict.fromkeys(row[0] for row in rows))
    for stage, cells in table.items():
        reached, went_on, lost, still_open = (
            sum(row[place] for row in rows if row[0] == stage and row[1] in finished)
            for place in (3, 4, 5, 6)
        )
        low, high = proportion_confint(went_on, reached, method="wilson")
        assert [cells[name] for name in ("Reached", "Went on", "Lost here", "Open")] == [
            f"{number:,}" for number in (reached, went_on, lost, still_open)
        ]
        assert cells["Rate"] == percent(went_on / reached)
        assert cells["95 % interval"] == f"{100 * low:.1f}–{100 * high:.1f} %"
        assert f"{went_on:,} of {reached:,} went on" in drawn
        whole = f"{100 * went_on / reached:.0f} % go on ({100 * low:.0f}–{100 * high:.0f} %)"
        assert whole in drawn


def test_the_trend_is_that_of_its_mart_and_ends_before_the_month_that_runs(
    reported: Reported,
) -> None:
    rows = reported.ask(
        "select stage_name, strftime(cohort_month, '%b ’%y'), next_rate, reached_count, is_mature "
        "from marts.funnel_stage_conversion where dimension = 'all' "
        "and cohort_month between '2024-03-01' and '2025-08-01'"
    )
    table = reported.page.table("Share that went on")
    assert next(iter(table)) == "Aug ’25"
    assert sum(len(cells) for cells in table.values()) == len(rows)
    for stage, month, rate, reached, is_mature in rows:
        assert table[month][stage] == f"{percent(rate)}{'' if is_mature else '*'} | of {reached:,}"


def test_every_cell_of_the_heat_map_is_that_of_its_mart(reported: Reported) -> None:
    rows = reported.ask(
        "select strftime(cohort_month, '%b ’%y'), age_months, win_rate, projected_win_rate "
        "from marts.cohort_win_triangle where dimension = 'all' and age_months <= 12 "
        "and cohort_month between '2024-07-01' and '2025-08-01' order by cohort_month, age_months"
    )
    table = reported.page.table("Share of a cohort that was won")
    drawn = [text for text in reported.page.figure("Cohorts: won by age") if text.isdigit()]
    told = []
    for month, age, observed, projected in rows:
        cell = f"{100 * observed:.1f}" if projected is None else f"({100 * projected:.1f})"
        assert table[month][str(age)] == cell
        told.append(f"{100 * (observed if projected is None else projected):.0f}")
    assert len(told) == 14 * 13
    # Beside the cells stand ages and sizes of cohorts.
    assert Counter(told) <= Counter(drawn)


def test_win_rates_stand_with_their_populations(reported: Reported) -> None:
    rows = reported.ask(
        "select metric_name, formula, population, value, value_low, value_high, member_count "
        "from marts.win_rate join marts.metric_registry using (metric_id) "
        "where grain = 'all' and dimension = 'all'"
    )
    table = reported.page.table("Win rates and whom they count")
    drawn = reported.page.figure("Win rates side by side")
    assert len(table) == len(rows) == 7
    for name, formula, population, value, low, high, members in rows:
        cells = table[f"{name} | {formula}, of {population}"]
        interval = "" if low is None else f"{100 * low:.1f}–{100 * high:.1f} % | "
        assert cells["All time"] == f"{percent(value)} | {interval}of {members:,} deals"
        assert {name, percent(value)} <= set(drawn)


def test_velocity_is_the_product_of_its_factors(reported: Reported) -> None:
    (newest, *_) = reported.page.table("Sales velocity").items()
    ((standing,), (mean, cycle, a_day), (rate,)) = (
        reported.ask(query)[0]
        for query in (
            "select count(*) from marts.fct_opportunity where created_at < '2025-03-01' "
            "and (closed_at is null or closed_at >= '2025-03-01')",
            "select avg(amount), avg(sales_cycle_days), sum(amount) / 184 "
            "from marts.fct_opportunity where is_won "
            "and closed_at >= '2025-03-01' and closed_at < '2025-09-01'",
            "select sum(numerator) / sum(denominator) from marts.win_rate "
            "where metric_id = 'win_rate_cohort_adjusted' and grain = 'month' "
            "and dimension = 'all' and period_start between '2025-03-01' and '2025-08-01'",
        )
    )
    assert newest == (
        "Aug ’25",
        {
            "Open at start": f"{standing:,}",
            "Mean won": f"{mean:,.0f}",
            "Win rate": percent(rate),
            "Cycle": f"{cycle:.1f} days",
            "Velocity a day": f"{standing * mean * float(rate) / cycle:,.0f}",
            "Won a day": f"{a_day:,.0f}",
        },
    )


def test_the_pipeline_is_that_of_today_and_of_four_weeks_before(reported: Reported) -> None:
    rows = reported.ask(
        "select stage_name, "
        "count(*) filter (where outcome = 'open'), sum(amount) filter (where outcome = 'open'), "
        "sum(amount) filter (where is_past_due) "
        "from marts.fct_opportunity join marts.dim_stage on current_stage_key = stage_key "
        "where stage_kind = 'open' group by stage_name"
    )
    then = dict(
        reported.ask(
            "select stage_name, sum(open_count) from marts.pipeline_daily "
            "join marts.dim_stage using (stage_key) where date_day = '2025-09-01' group by all"
        )
    )
    ((unpriced,),) = reported.ask(
        "select count(*) from marts.fct_opportunity where outcome = 'open' and amount is null"
    )
    assert unpriced > 1
    assert f"Left out of the amounts: {unpriced} open deals" in reported.page.text("main")
    table = reported.page.table("Open pipeline by stage")
    assert set(table) == {row[0] for row in rows}
    for stage, deals, amount, past_due in rows:
        cells = table[stage]
        assert cells["Deals"] == f"{deals:,}"
        assert cells["Amount"] == f"{round(amount):,}"
        assert cells["Amount past due"] == f"{round(past_due or 0):,}"
        assert cells["Deals then"] == f"{then[stage]:,}"


def test_what_changed_is_told_by_quantity_and_by_mart(reported: Reported) -> None:
    counts = []
    for outcome in reported.outcomes:
        assert outcome.publication is not None
        path = version_path(reported.settings, outcome.publication.version)
        with duckdb.connect(str(path), read_only=True) as connection:
            counts.append(
                connection.execute("select count(*) from marts.fct_opportunity").fetchone()
            )
    (before,), (now,) = counts
    told = {"Before": f"{before:,}", "Now": f"{now:,}", "Change": f"{now - before:+,}"}
    assert now > before
    assert reported.page.table("The company in both versions")["Opportunities"] == told
    assert reported.page.table("Rows of the marts")["fct_opportunity"] == told


def test_metrics_beyond_their_limits_are_told_with_the_limits(
    reported: Reported, altered: Callable[[str], Settings]
) -> None:
    assert "moved by more than usual can be told in 8 versions from now" in reported.page.text(
        "main"
    )
    settings = altered(
        """
        insert into ops.metric_value
        select 'v' || n, '2025-01-01', '2025-01-01', 'closed_count', 5
        from range(8) as versions (n);
        insert into ops.version_change
        select version, compared_with, 'metric', 'win_rate', 'win_rate_period_narrow', '0.15',
            '0.1812345', 0.149, 0.151
        from ops.version_change
        limit 1
        """
    )
    page = HtmlPage(write_morning(settings))
    assert page.table("Metrics that moved") == {
        "Win rate of a period | win_rate_period_narrow": {
            "Before": "15.00 %", "Now": "18.12 %", "Usual": "14.90 % to 15.10 %",
        }
    }  # fmt: skip
    assert "1 metric moved by more than usual." in page.text("main")


def test_changes_are_told_though_the_file_of_the_version_before_is_gone(
    reported: Reported, altered: Callable[[str], Settings]
) -> None:
    page = HtmlPage(write_morning(altered("select 1")))
    assert page.table("Rows of the marts") == reported.page.table("Rows of the marts")
    assert "The company in both versions" not in page.text("caption")


def test_of_a_damaged_version_before_no_figures_are_told(
    altered: Callable[[str], Settings],
) -> None:
    settings = altered("select 1")
    before = version_path(settings, f"{FIRST}-001")
    shutil.copy(settings.published, before)
    figures = "The company in both versions"
    assert figures in HtmlPage(write_morning(settings)).text("caption")
    spoil_rows(before, "marts.fct_opportunity")
    assert figures not in HtmlPage(write_morning(settings)).text("caption")


def test_a_version_that_cannot_be_read_to_its_end_has_no_page_and_says_what_to_do(
    altered: Callable[[str], Settings],
) -> None:
    settings = altered("select 1")
    spoil_rows(settings.published.resolve(), "marts.win_rate")
    with pytest.raises(VersionUnreadableError, match=r"cannot be read: .*\n.*--full-refresh"):
        write_morning(settings)
    assert not settings.report.exists()


def test_what_is_stale_follows_the_companys_own_hours(reported: Reported) -> None:
    evidence = gather(reported.settings, published(reported.settings, None))
    for age_hours, stale_hours, words in (
        (31.0, 30.0, "had begun 31\u00a0hours before"),
        (100.0, 99.0, "had begun 4\u00a0days before"),
        (100.0, 100.0, None),
    ):
        told = [
            notice.text
            for notice in notices(replace(evidence, age_hours=age_hours, stale_hours=stale_hours))
        ]
        assert [words in text for text in told if "nothing newer" in text] == [True] * bool(words)


def test_refused_rows_that_wait_are_told_with_their_rule(reported: Reported) -> None:
    (cells,) = reported.page.table("Refused rows that wait").values()
    assert cells["Column"] == "CreatedDate"
    assert (cells["Rows"], cells["Newest night"]) == ("1", FIRST.isoformat())


def test_warnings_are_told_with_what_they_found(reported: Reported, tmp_path: Path) -> None:
    publication = published(reported.settings, None)
    evidence = gather(reported.settings, publication)
    warned = replace(publication, warning_count=1, outcome="published with warnings")
    found = {
        "table_name": "marts.fct_lead",
        "check_name": "mean_in_band",
        "description": "As many leads as usual.",
        "observed": "3 < 5",
        "severity": "warning",
    }
    path = tmp_path / "warned.html"
    html = render(replace(evidence, publication=warned, checks=[found]), None, None)
    path.write_text(html, encoding="utf-8")
    page = HtmlPage(path)
    assert "Published with warnings" in page.text("header")
    table = page.table("Checks that failed")
    assert table["marts.fct_lead: mean_in_band | As many leads as usual."]["Found"] == "3 < 5"


def test_the_page_of_the_night_that_made_the_version_is_linked(reported: Reported) -> None:
    run_id = reported.outcomes[1].run_id
    (link,) = reported.page.every("a")
    assert link.get("href") == f"night-{SECOND}-{run_id}.html"


def test_a_version_that_was_rolled_back_says_that_readers_see_another(
    reported: Reported, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(reported.settings.root, settings.root, symlinks=True)
    roll_back(settings)
    newest = newest_page(settings).read_bytes()
    told = HtmlPage(write_morning(settings, f"{SECOND}-001")).text("li")
    assert f"Readers see another version than {SECOND}-001" in told
    assert newest_page(settings).read_bytes() == newest


# Companies of other shapes


def test_an_empty_company_has_a_page(
    altered: Callable[[str], Settings], reported: Reported
) -> None:
    names = reported.ask(
        "select table_name from information_schema.tables "
        "where table_schema = 'marts' and table_name <> 'metric_registry'"
    )
    settings = altered("; ".join(f"delete from marts.{name}" for (name,) in names))
    page = HtmlPage(write_morning(settings))
    assert "This version holds no opportunity" in page.text("main")
    assert page.every("svg") == []


def test_pipelines_are_never_added_together(
    altered: Callable[[str], Settings], reported: Reported
) -> None:
    """Four copies of the pipeline, the later ones smaller: three chapters and a row."""
    copied = ("funnel_stage_conversion", "funnel_stage_exit", "cohort_win_triangle", "win_rate")
    statements = []
    for number in (1, 2, 3):
        change = f"'hubspot:{number}' as pipeline_key"
        of_one = "where pipeline_key = 'salesforce:default'"
        statements += [
            *(
                f"insert into marts.{table} select * replace ({change}) from marts.{table} {of_one}"
                for table in (*copied, "pipeline_daily")
            ),
            f"insert into marts.dim_stage select * replace ({change}, "
            f"stage_key || '{number}' as stage_key) from marts.dim_stage {of_one}",
            f"insert into marts.fct_opportunity select * replace ({change}) "
            f"from marts.fct_opportunity {of_one} and hash(opportunity_key) % {number + 1} = 0",
        ]
    settings = altered("; ".join(statements))
    page = HtmlPage(write_morning(settings))
    assert len(page.every("svg")) == 3 * 6
    ids = [element.get("id") for element in page.root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    ((kept,),) = reported.ask(
        "select count(*) from marts.fct_opportunity where hash(opportunity_key) % 4 = 0"
    )
    (row,) = page.table("Smaller pipelines").values()
    assert row["Deals"] == f"{kept:,}"
    assert page.table("Funnel by stage") == reported.page.table("Funnel by stage")


def test_a_young_company_is_told_what_is_too_early_to_say(
    altered: Callable[[str], Settings],
) -> None:
    """Everything began this month: no month has ended, nothing is closed."""
    settings = altered(
        "delete from marts.funnel_stage_conversion where cohort_month < date '2025-09-01';"
        "delete from marts.cohort_win_triangle where cohort_month < date '2025-09-01';"
        "delete from marts.win_rate;"
        "delete from marts.pipeline_daily where date_day < date '2025-09-20';"
        "delete from marts.fct_opportunity where created_at < timestamp '2025-09-01'"
    )
    text = HtmlPage(write_morning(settings)).text("main")
    assert "No month is finished yet" in text
    assert "No month with entries into a stage has ended yet." in text
    assert "No month in which deals were created has ended yet." in text
    assert "Too few deals are closed for a win rate." in text
    assert "A velocity needs half a year of deals" in text


# In a browser


@in_a_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1120])
def test_the_page_is_accessible_and_asks_nobody(
    reported: Reported, scheme: Literal["light", "dark"], width: int
) -> None:
    """Axe finds nothing, nothing is wider than the screen, and no request leaves the page."""
    from axe_playwright_python.sync_playwright import Axe

    with chromium() as browser:
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(reported.path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert asked == [reported.path.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") == width
        # No value stands out of its place, and no name is broken but at its parts.
        assert (
            page.evaluate(
                "[...document.querySelectorAll('dd, .pair th')]"
                ".filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"
            )
            == []
        )
        assert page.locator(".pair th", has_text="Opportunities").bounding_box()["height"] < 40


@in_a_browser
def test_no_figure_is_cut_off_on_paper(reported: Reported) -> None:
    """On A4 nothing is wider than the paper, and no figure is higher than a page."""
    with chromium() as browser:
        # What the margins of @page leave of 210 × 297 mm, at 96 pixels an inch.
        width, height = int((210 - 28) / 25.4 * 96), int((297 - 30) / 25.4 * 96)
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark")
        page.goto(reported.path.as_uri())
        page.emulate_media(media="print")
        boxes = page.evaluate(
            "[...document.querySelectorAll('.figure, svg, svg text, table')].map(each => "
            "(box => [box.left, box.right, box.height])(each.getBoundingClientRect()))"
        )
        assert len(boxes) > 100
        assert min(left for left, _, _ in boxes) >= -2
        # The labels of an axis may stand out by a hair.
        assert max(right for _, right, _ in boxes) <= width + 2
        assert max(high for _, _, high in boxes) < height
        # White paper, whatever the screen is.
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        pages = page.pdf(prefer_css_page_size=True, print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pages)) <= 5


@in_a_browser
@pytest.mark.parametrize("picture", MORNING, ids=lambda picture: picture.name)
def test_pictures_for_the_docs_are_small(
    reported: Reported, tmp_path: Path, picture: Picture
) -> None:
    keep_picture(picture.of(reported.path), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size <= MOST_BYTES
