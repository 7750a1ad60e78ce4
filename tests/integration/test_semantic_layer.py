"""What MetricFlow answers is what the marts hold.

Belongs here: `mf query` on a published file beside the marts of the same file. Does not belong
here: what is registered (tests/architecture/test_metric_registry.py).
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.bronze.night import heal, load_night
from orchestration.metrics.registry import registered_metrics
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.simulation import simulate
from orchestration.warehouse.project import invoke
from tests.conftest import land
from tests.integration.marts import build_marts

pytest.importorskip(
    "dbt_metricflow",
    reason="MetricFlow is not installed: pip install -e '.[metricflow]' brings it",
)

NIGHT = date(2025, 9, 28)
MARTS = (
    "fct_opportunity", "dim_stage", "dim_rep", "win_rate", "cohort_win_triangle", "pipeline_daily",
)  # fmt: skip
# Without the group of commands around it, which asks the package index for a newer version.
QUERY = "from dbt_metricflow.cli.main import query; query()"
OF_PIPELINE = [one.id for one in registered_metrics() if one.measure and one.clock == "snapshot"]
OF_OPPORTUNITIES = [
    one.id for one in registered_metrics() if one.is_semantic and one.clock != "snapshot"
]
Group = tuple[str, ...]
Values = dict[str, float | None]
Answer = dict[Group, Values]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A company's marts where published ones stand, read-only, in a zone with days of its own."""
    home = tmp_path_factory.mktemp("semantic")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(home))
        settings = Settings(home=home)
        settings.company.write_text("business_time_zone: America/New_York\n", encoding="utf-8")
        simulate(settings.landing, opportunities=600, nights=1, seed=3, first_night=NIGHT)
        land_former_teams(settings)
        heal(settings)
        for night in (NIGHT - timedelta(days=1), NIGHT):
            load_night(settings, night, "run", "salesforce")
        build_marts(settings, MARTS)
        assert invoke(settings, ["parse"]).success
    settings.candidate.rename(settings.warehouse / "flywheel.duckdb")
    (settings.warehouse / "flywheel.duckdb").chmod(0o444)
    return settings


def land_former_teams(settings: Settings) -> None:
    """The night before, every rep was in another team."""
    landing = settings.landing / "salesforce"
    with (landing / NIGHT.isoformat() / "User.csv").open(encoding="utf-8", newline="") as file:
        users = list(csv.DictReader(file))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(users[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(user | {"Department": "Former"} for user in users)
    land(settings, "salesforce", NIGHT - timedelta(days=1), {"User.csv": text.getvalue()})


@pytest.fixture(scope="module")
def project(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files beside a `target` of its own: there MetricFlow looks for the manifest."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("dbt_project.yml", "profiles.yml", "dbt_project"):
        (folder / name).symlink_to(PROJECT_ROOT / name)
    (folder / "target").symlink_to(published.dbt_target)
    return folder


def ask(published: Settings, project: Path, metrics: list[str], groups: list[str]) -> Answer:
    """What `mf query` says, by group; days without the time that it gives them."""
    path = project / "answer.csv"
    asked = ["--metrics", ",".join(metrics), "--group-by", ",".join(groups)]
    done = subprocess.run(
        [sys.executable, "-c", QUERY, *asked, "--quiet", "--csv", str(path)],
        cwd=project,
        env={
            **os.environ,
            "FLYWHEEL_HOME": str(published.root),
            "FLYWHEEL_TARGET": "published",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert path.exists(), done.stdout + done.stderr
    with path.open(encoding="utf-8", newline="") as file:
        return {
            tuple(row[name].removesuffix(" 00:00:00") for name in groups): {
                name: float(row[name]) if row[name] else None for name in metrics
            }
            for row in csv.DictReader(file)
        }


@pytest.fixture(scope="module")
def of_opportunities(published: Settings, project: Path) -> Answer:
    """Every metric of opportunities, by month of its own clock, pipeline and lead source."""
    groups = ["metric_time__month", "pipeline", "opportunity__lead_source"]
    return ask(published, project, OF_OPPORTUNITIES, groups)


def rows_of(published: Settings, groups: int, query: str) -> Answer:
    """The same from the marts: so many columns of groups, then metrics under their names."""
    path = published.warehouse / "flywheel.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description][groups:]
        return {
            tuple(map(str, row[:groups])): {
                name: None if value is None else float(value)
                for name, value in zip(names, row[groups:], strict=True)
            }
            for row in cursor.fetchall()
        }


def assert_same(answer: Answer, mart: Answer) -> None:
    """Every group of the mart, every value; groups that only the answer has count nothing."""
    assert mart
    for group in answer.keys() | mart.keys():
        ours, theirs = mart.get(group, {}), answer.get(group, {})
        for name in next(iter(mart.values())):
            assert (theirs.get(name) or 0) == pytest.approx(ours.get(name) or 0, rel=1e-9), group


def test_rates_of_a_period_are_those_of_the_mart(
    published: Settings, of_opportunities: Answer
) -> None:
    mart = rows_of(
        published,
        3,
        "select period_start, pipeline_key, dimension_value, numerator as won_count, "
        "denominator as closed_count, denominator - numerator as lost_count, "
        "value as win_rate_period_broad from marts.win_rate "
        "where metric_id = 'win_rate_period_broad' and grain = 'month' "
        "and dimension = 'lead_source'",
    )
    assert_same(of_opportunities, mart)


def test_cohorts_are_those_of_the_triangle(published: Settings, of_opportunities: Answer) -> None:
    mart = rows_of(
        published,
        3,
        "select cohort_month, pipeline_key, dimension_value, cohort_count as opportunity_count "
        "from marts.cohort_win_triangle where dimension = 'lead_source' and age_months = 0",
    )
    assert_same(of_opportunities, mart)


def test_amounts_and_cycles_are_those_of_the_facts(
    published: Settings, of_opportunities: Answer
) -> None:
    mart = rows_of(
        published,
        3,
        "select cast(date_trunc('month', timezone('America/New_York', timezone('UTC', closed_at)))"
        " as date), pipeline_key, lead_source, sum(case when is_won then amount end) as won_amount,"
        " avg(case when is_won then amount end) as average_won_amount,"
        " avg(sales_cycle_days) as sales_cycle_days, avg(loss_cycle_days) as loss_cycle_days"
        " from marts.fct_opportunity where is_closed group by all",
    )
    assert_same(of_opportunities, mart)


def test_the_pipeline_of_a_month_is_that_of_its_last_day(
    published: Settings, project: Path
) -> None:
    answer = ask(published, project, OF_PIPELINE, ["metric_time__month", "stage__stage_name"])
    mart = rows_of(
        published,
        2,
        "select cast(date_trunc('month', date_day) as date), stage_name, "
        "sum(open_count) as pipeline_open_count, sum(open_amount) as pipeline_open_amount, "
        "sum(past_due_amount) as pipeline_past_due_amount "
        "from marts.pipeline_daily inner join marts.dim_stage using (stage_key) "
        "where date_day in (select max(date_day) from marts.pipeline_daily "
        "group by date_trunc('month', date_day)) group by all",
    )
    assert_same(answer, mart)


def test_teams_win_and_create_what_their_reps_do(published: Settings, project: Path) -> None:
    """Whoever changed teams counts for that of today, and once, whichever way it owned a deal."""
    path = published.warehouse / "flywheel.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        ((former,),) = connection.sql(
            "select count(*) from marts.dim_rep where team = 'Former'"
        ).fetchall()
    assert former > 0
    closed = ask(
        published,
        project,
        ["closed_count", "won_count", "win_rate_period_broad"],
        ["owner_at_close__team", "owner_at_close__rep_name"],
    )
    mart = rows_of(
        published,
        2,
        "select coalesce(team, ''), rep_name, sum(denominator) as closed_count, "
        "sum(numerator) as won_count, sum(numerator) / sum(denominator) as win_rate_period_broad "
        "from marts.win_rate inner join marts.dim_rep on dimension_value = rep_key and is_current "
        "where metric_id = 'win_rate_period_broad' and grain = 'all' and dimension = 'owner' "
        "group by all",
    )
    assert_same(closed, mart)
    created = ask(published, project, ["opportunity_count"], ["owner_at_creation__team"])
    mart = rows_of(
        published,
        1,
        "select coalesce(team, ''), sum(cohort_count) as opportunity_count "
        "from marts.cohort_win_triangle "
        "inner join marts.dim_rep on dimension_value = rep_key and is_current "
        "where dimension = 'owner' and age_months = 0 group by all",
    )
    assert_same(created, mart)


def test_the_pipeline_of_today_is_that_of_the_reps_who_own_it(
    published: Settings, project: Path
) -> None:
    answer = ask(published, project, ["pipeline_open_count"], ["owner__team", "metric_time__day"])
    last = max(day for _, day in answer)
    mart = rows_of(
        published,
        1,
        "select coalesce(team, ''), sum(open_count) as pipeline_open_count "
        "from marts.pipeline_daily inner join marts.dim_rep on owner_key = rep_key and is_current "
        "where date_day = (select max(date_day) from marts.pipeline_daily) group by all",
    )
    assert_same({(team,): its for (team, day), its in answer.items() if day == last}, mart)
