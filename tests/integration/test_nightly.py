"""A night as its operator runs it: the console script, exit statuses, what is printed and kept.

The first night runs in a process of its own, later ones in that of the tests, which has imported by
then what a night needs.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.simulation import simulate
from tests.here import flywheel

FIRST = date(2025, 9, 28)
FLYWHEEL = Path(sys.executable).with_name("flywheel")

Ask = Callable[[Path, str], list[tuple]]


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The console script in a process of its own, from another folder."""
    return subprocess.run(
        [FLYWHEEL, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment_of(settings),
        cwd="/",
        check=False,
    )


def environment_of(settings: Settings) -> dict[str, str]:
    return {"FLYWHEEL_HOME": str(settings.home), "COLUMNS": "200"}


def later_night(settings: Settings) -> subprocess.CompletedProcess[str]:
    """`flywheel nightly` in this process."""
    return flywheel(environment_of(settings), "nightly")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four nights of a small company, landed aside; tests move nights in as they come."""
    aside = tmp_path_factory.mktemp("company")
    simulate(aside, opportunities=600, nights=4, seed=3, first_night=FIRST)
    return aside / "salesforce"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, company: Path) -> dict[str, object]:
    """One home through good nights, a broken one, and the nights after: each step's output."""
    settings = Settings(home=tmp_path_factory.mktemp("story") / "home")

    def night_comes(number: int) -> Path:
        night = (FIRST + timedelta(days=number)).isoformat()
        target = settings.landing / "salesforce" / night
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(company / night, target)
        return target

    told: dict[str, object] = {"settings": settings, "empty": run(settings, "nightly")}
    night_comes(0)
    told["first"] = run(settings, "nightly")
    told["again"] = run(settings, "nightly")
    timely = tmp_path_factory.mktemp("timely") / "home"
    told["timely"] = Settings(home=shutil.copytree(settings.home, timely, symlinks=True))
    broken = night_comes(1) / "Opportunity.csv"
    whole = broken.read_text()
    rows = list(csv.reader(whole.splitlines()))
    rows[1][rows[0].index("CloseDate")] = "soon"
    with broken.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    told["before"] = settings.published.resolve().read_bytes()
    told["broken"] = later_night(settings)
    told["after"] = settings.published.resolve().read_bytes()
    night_comes(2)
    told["next"] = later_night(settings)
    broken.write_text(whole)
    told["mended"] = later_night(settings)
    unknown = night_comes(3) / "Opportunity.csv"
    unknown.write_text(unknown.read_text().replace("Prospecting", "Dreaming"))
    told["unknown_stage"] = later_night(settings)
    mended = unknown.read_text().replace("Dreaming", "Prospecting")
    unknown.write_text(mended.replace(",USD,", ",EUR,", 1))
    told["no_rate"] = later_night(settings)
    return told


def test_an_empty_landing_is_a_usage_error_that_says_what_to_do(story: dict) -> None:
    assert story["empty"].returncode == 2
    assert "flywheel simulate" in story["empty"].stdout


def test_a_good_night_says_what_was_read_checked_and_published(story: dict) -> None:
    first = story["first"]
    assert first.returncode == 0, first.stdout + first.stderr
    assert "salesforce/opportunity_history" in first.stdout
    assert "published version 2025-09-28-001 as of 2025-09-28" in first.stdout
    assert str(story["settings"].published) in first.stdout


def test_a_good_night_prints_nothing_on_standard_error(story: dict) -> None:
    assert story["first"].stderr == ""


def test_a_second_run_finds_nothing_new_and_publishes_nothing(story: dict) -> None:
    assert story["again"].returncode == 0
    assert "nothing new: version 2025-09-28-001" in story["again"].stdout


def test_a_broken_extract_refuses_the_night_and_shows_the_rows(story: dict) -> None:
    broken = story["broken"]
    assert broken.returncode == 1
    assert "refused" in broken.stdout
    assert "file=Opportunity.csv, row_number=2, column=CloseDate, rule=type, value=soon" in (
        broken.stdout
    )


def test_a_refused_night_leaves_the_published_version_untouched(story: dict) -> None:
    assert story["before"] == story["after"]


def test_the_next_good_night_publishes_and_tells_of_the_night_held_back(story: dict) -> None:
    assert story["next"].returncode == 0, story["next"].stdout
    assert "published version 2025-09-30-001" in story["next"].stdout
    assert "2025-09-29 is held back" in story["next"].stdout


def test_a_mended_night_is_loaded_late_without_moving_today_back(story: dict) -> None:
    assert story["mended"].returncode == 0, story["mended"].stdout
    assert "published version 2025-09-30-002 as of 2025-09-30" in story["mended"].stdout
    assert "held back" not in story["mended"].stdout


def test_an_unknown_stage_refuses_the_night(story: dict) -> None:
    unknown = story["unknown_stage"]
    assert unknown.returncode == 1
    assert "Dreaming" in unknown.stdout


def test_money_without_a_rate_refuses_the_night_and_shows_the_deal(story: dict) -> None:
    """The rows can be read and the models built: a suite is what says no."""
    no_rate = story["no_rate"]
    assert no_rate.returncode == 1
    assert "marts.fct_opportunity, amounts_have_a_rate" in no_rate.stdout
    assert re.search(
        "opportunity_key=salesforce:006.*, currency_code=EUR, close_date=20", no_rate.stdout
    )


def test_late_and_timely_nights_give_the_same_marts(story: dict, company: Path, ask: Ask) -> None:
    """Both homes share the first night; then the second one comes late, or in time."""
    timely = story["timely"]
    for number in (1, 2):
        night = (FIRST + timedelta(days=number)).isoformat()
        shutil.copytree(company / night, timely.landing / "salesforce" / night)
    assert later_night(timely).returncode == 0
    late = story["settings"].warehouse / "flywheel.2025-09-30-002.duckdb"
    tables = ask(
        late, "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
    )
    for (table,) in tables:
        query = f"select * from marts.{table} order by all"
        assert ask(late, query) == ask(timely.published, query), table


def test_results_of_refused_nights_can_be_asked_in_sql(story: dict, ask: Ask) -> None:
    refused = ask(
        story["settings"].warehouse / "flywheel.2025-09-30-002.duckdb",
        'select night, suite, "check" from ops.gate_result '
        "where not success and severity = 'critical'",
    )
    assert refused == [(date(2025, 9, 29), "bronze.salesforce/opportunity", "contract_held")]


def test_status_shows_what_is_published_and_what_is_held_back(story: dict) -> None:
    status = run(story["settings"], "status")
    assert status.returncode == 0
    assert "published  2025-09-30-002" in status.stdout
    assert "2025-10-01 is held back" in status.stdout


def test_sql_answers_from_the_published_version(story: dict) -> None:
    answer = run(story["settings"], "sql", "select count(*) as deals from marts.fct_opportunity")
    assert answer.returncode == 0
    assert "deals" in answer.stdout


def test_tables_and_columns_say_what_they_are(story: dict, ask: Ask) -> None:
    """Whatever made them: a table, a view, a table that later nights change in parts."""
    silent = ask(
        story["settings"].published,
        """
        select schema_name || '.' || table_name from duckdb_tables()
        where schema_name in ('marts', 'ops') and comment is null
        union all
        select schema_name || '.' || view_name from duckdb_views()
        where schema_name in ('marts', 'ops') and comment is null
        union all
        select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()
        where schema_name in ('marts', 'ops') and comment is null
        """,
    )
    assert silent == []


@pytest.mark.parametrize(
    "query",
    ["create table marts.mine (a int)", "copy (select 1) to 'out.csv'", "selec 1"],
)
def test_sql_cannot_write_and_says_what_is_wrong(story: dict, query: str) -> None:
    answer = run(story["settings"], "sql", query)
    assert answer.returncode == 2
    assert "Error" in answer.stderr
    assert answer.stdout == ""


def test_rollback_shows_an_older_version_and_versions_lists_it(story: dict, tmp_path: Path) -> None:
    copy = Settings(home=tmp_path / "home")
    shutil.copytree(story["settings"].home, copy.home, symlinks=True)
    assert run(copy, "rollback").returncode == 0
    listed = run(copy, "versions").stdout
    assert "→  2025-09-30-001" in listed
    assert "rolled back" in listed
    assert run(copy, "rollback", "2020-01-01-001").returncode == 2


def test_the_project_stays_clean(story: dict) -> None:
    """A night writes below FLYWHEEL_HOME only."""
    assert story["first"].returncode == 0
    assert (
        not (PROJECT_ROOT / "target").exists()
        or not (PROJECT_ROOT / "target" / "flywheel.duckdb").exists()
    )
