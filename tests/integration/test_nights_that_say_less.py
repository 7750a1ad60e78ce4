"""Nights that say less than others: a record's row is refused, its stamp is missing, or there is
no record yet.

Belongs here: what the marts make of it, after each night and after a rebuild. Does not belong here:
which nights are whole (tests/unit/test_nights.py), histories drawn at random
(test_nights_agree_with_reference.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.bronze.night import accept, load_night
from orchestration.gate.run import run_suites
from orchestration.gate.suites import read_suites
from orchestration.settings import Settings
from tests.conftest import describe, land
from tests.integration.comparing import difference_of_tables
from tests.integration.marts import build_night

Ask = Callable[[Path, str], list[tuple]]

ACME = """\
source: acme
extract: full
currency: USD
objects:
  opportunities:
    files: "deals.csv"
    key: opportunity_id
    columns:
      opportunity_id: id
      stage: state
      amount: value
      created_at: created
      modified_at: {column: modified, optional: true}
pipelines:
  - {stages: [Open], won: Won, lost: Lost, qualified_from: Open}
"""
HEADER = "id,state,value,created,modified\n"
STAMP = "2025-08-02 10:00:00"
USUAL = {f"d{number}": ("Open", "100", STAMP) for number in range(300)}
# What each night says otherwise of a deal; None of one that it lacks.
NIGHTS: dict[date, dict[str, tuple[str, str, str] | None]] = {
    date(2025, 8, 31): dict.fromkeys(USUAL),
    date(2025, 9, 1): {},
    date(2025, 9, 2): {
        "d1": ("Open", "abc", STAMP),
        "d2": ("Won", "200", ""),
        "d3": None,
        "d4": ("Open", "200", ""),
    },
    date(2025, 9, 3): {
        "d1": ("Open", "150", STAMP),
        "d2": ("Open", "50", "2025-08-01 10:00:00"),
        "d3": None,
        "d4": ("Won", "250", "2025-09-02 10:00:00"),
    },
}


def deals_of(night: date) -> str:
    rows = USUAL | NIGHTS[night]
    return HEADER + "".join(
        f"{deal},{row[0]},{row[1]},2025-08-01 10:00:00,{row[2]}\n"
        for deal, row in rows.items()
        if row is not None
    )


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """As each night left it, and as a rebuild does."""
    shelf = tmp_path_factory.mktemp("shelf")
    settings = describe(Settings(home=tmp_path_factory.mktemp("nights") / "home"), ACME)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(settings.root))
        for place, night in zip(("empty", "first", "second", "third"), NIGHTS, strict=True):
            land(settings, "acme", night, {"deals.csv": deals_of(night)})
            load_night(settings, night, f"run of {night}", "acme")
            accept(settings)
            assert (build_night(settings) is None) == (place != "empty")
            found[place] = Path(shutil.copy(settings.candidate, shelf / f"{place}.duckdb"))
        build_night(settings, full_refresh=True)
        found["rebuilt"] = Path(shutil.copy(settings.candidate, shelf / "rebuilt.duckdb"))
        yield found


def deal(ask: Ask, warehouse: Path, deal_id: str) -> list[tuple]:
    return ask(
        warehouse,
        "select outcome, cast(amount as integer) from marts.fct_opportunity "
        f"where opportunity_id = '{deal_id}'",
    )


def test_a_company_without_opportunities_is_published_with_one_line_that_says_so(
    warehouses: dict[str, Path],
) -> None:
    failed = [each for each in run_suites(read_suites(), warehouses["empty"]) if not each.success]
    assert [(each.check, each.severity) for each in failed] == [
        ("something_was_delivered", "warning")
    ]


def test_a_warehouse_that_lost_its_opportunities_is_refused(
    warehouses: dict[str, Path], tmp_path: Path
) -> None:
    path = Path(shutil.copy(warehouses["third"], tmp_path / "flywheel.duckdb"))
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from intermediate.int_opportunity_facts")
    (suite,) = (each for each in read_suites() if each.name == "marts.fct_opportunity")
    asked = [each for each in suite.expectations if each.check == "not_empty"]
    (result,) = run_suites([replace(suite, expectations=asked)], path)
    assert (result.success, result.severity) == (False, "critical")


def test_a_deal_whose_row_is_refused_stays_as_it_was(warehouses: dict[str, Path], ask: Ask) -> None:
    assert deal(ask, warehouses["second"], "d1") == [("open", 100)]
    assert deal(ask, warehouses["third"], "d1") == [("open", 150)]


def test_a_deal_that_is_gone_is_deleted_once_no_refused_row_may_be_of_it(
    warehouses: dict[str, Path], ask: Ask
) -> None:
    assert deal(ask, warehouses["second"], "d3") == [("open", 100)]
    assert deal(ask, warehouses["third"], "d3") == []


def test_a_night_without_a_stamp_is_newer_than_a_stamp_before_it(
    warehouses: dict[str, Path], ask: Ask
) -> None:
    assert deal(ask, warehouses["second"], "d2") == [("won", 200)]


def test_a_stamp_that_is_older_than_the_last_one_stays_stale_after_a_night_without_one(
    warehouses: dict[str, Path], ask: Ask
) -> None:
    assert deal(ask, warehouses["third"], "d2") == [("won", 200)]


def test_a_stamp_of_the_day_on_which_one_was_missing_is_newer(
    warehouses: dict[str, Path], ask: Ask
) -> None:
    assert deal(ask, warehouses["third"], "d4") == [("won", 250)]


@pytest.mark.parametrize("place", ["second", "third", "rebuilt"])
def test_the_newest_version_is_the_fact(warehouses: dict[str, Path], place: str) -> None:
    (suite,) = (each for each in read_suites() if each.name == "marts.fct_opportunity_version")
    asked = [each for each in suite.expectations if each.check == "newest_version_is_the_fact"]
    (result,) = run_suites([replace(suite, expectations=asked)], warehouses[place])
    assert result.success, result.sample


def test_these_nights_give_what_a_rebuild_gives(warehouses: dict[str, Path]) -> None:
    assert difference_of_tables(warehouses["third"], warehouses["rebuilt"]) is None
