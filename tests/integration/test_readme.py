"""The README and the tour say what is true: their queries give the answers that stand below them.

Both are asked of one company, so both stand in one module.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.nightly import NightOutcome, plan, run_nights
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.simulation import simulate
from orchestration.tour.__main__ import files
from orchestration.tour.page import PAGE
from orchestration.tour.questions import questions

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"\*\*(.+?)\*\*\n\n```sql\n(.+?)```\n\n```text\n(.+?)```", README, re.S)
TOUR = [PAGE, *(question.plot.path for question in questions() if question.plot)]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[NightOutcome]]:
    """The sample company of `make nightly`, night after night."""
    settings = Settings(home=tmp_path_factory.mktemp("readme") / "home")
    simulate(settings.landing, opportunities=5_000, nights=3, seed=7, first_night=date(2025, 9, 28))
    return settings, list(run_nights(settings, plan(settings, None, None).nights))


def test_the_readme_asks_six_questions() -> None:
    assert len(QUESTIONS) == 6


@pytest.fixture(scope="module")
def tour(sample: tuple[Settings, list[NightOutcome]]) -> dict[Path, str]:
    """What the tour's files would be now."""
    return files(sample[0].published)


@pytest.mark.parametrize("path", TOUR, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_a_file_of_the_tour_is_up_to_date(tour: dict[Path, str], path: Path) -> None:
    """After a change: `make nightly` in an empty home, then `python -m orchestration.tour`."""
    assert path.read_text(encoding="utf-8") == tour[path]


@pytest.mark.parametrize(("title", "query", "answer"), QUESTIONS)
def test_a_query_of_the_readme_gives_the_answer_below_it(
    sample: tuple[Settings, list[NightOutcome]],
    monkeypatch: pytest.MonkeyPatch,
    title: str,
    query: str,
    answer: str,
) -> None:
    monkeypatch.setenv("FLYWHEEL_HOME", str(sample[0].home))
    result = CliRunner().invoke(app, ["sql", query])
    assert result.exit_code == 0, result.output
    assert result.output.strip() == answer.strip(), title


def test_the_night_of_the_readme_is_the_first_night_of_the_sample(
    sample: tuple[Settings, list[NightOutcome]],
) -> None:
    first = sample[1][0]
    assert first.publication is not None
    for load in first.loads:
        file = re.escape(f"{load.batch_date}/{load.file}")
        counts = rf" +{load.rows_read:,} +{load.rows_accepted:,} +{load.rows_quarantined:,}"
        assert re.search(rf"^{re.escape(load.name)} +{file}{counts}$", README, re.M)
    assert f"checked   {first.verdict.ran} checks: {first.verdict.ran} passed" in README
    tables = first.publication.table_count
    assert f"{tables} marts, {first.publication.row_count:,} rows" in README


def test_the_readme_names_every_mart(sample: tuple[Settings, list[NightOutcome]]) -> None:
    import duckdb

    with duckdb.connect(str(sample[0].published.resolve()), read_only=True) as connection:
        marts = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
    section = README.partition("## The marts")[2].partition("\n## ")[0]
    assert {name for (name,) in marts} <= set(re.findall(r"`(\w+)`", section))


def test_the_same_extracts_give_the_same_marts_in_another_home(
    sample: tuple[Settings, list[NightOutcome]], tmp_path: Path
) -> None:
    """No clock and no chance between extract and mart (laws 2 and 4)."""
    import duckdb

    settings = Settings(home=tmp_path / "home")
    settings.landing.parent.mkdir(parents=True)
    settings.landing.symlink_to(sample[0].landing)
    (outcome,) = run_nights(settings, [date(2025, 9, 30)])
    assert outcome.publication is not None, outcome.failure
    with duckdb.connect() as connection:
        for alias, home in (("one", sample[0]), ("other", settings)):
            connection.execute(f"attach '{home.published.resolve()}' as {alias} (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() "
            "where schema_name = 'marts' and database_name = 'one'"
        ).fetchall()
        for (table,) in tables:
            differing = connection.execute(
                f"from one.marts.{table} except all from other.marts.{table}"
            ).fetchall()
            assert differing == [], table
