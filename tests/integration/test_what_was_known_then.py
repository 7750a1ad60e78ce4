"""An opportunity's past is what was known then, by whoever tells of it.

Belongs here: opportunities of which stage history, field history or nights alone tell the stage or
the amount, one of each, in a night that worked on what changed. Does not belong here: companies
drawn at random (test_nights_agree_with_reference.py).
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.bronze.night import accept, heal, load_night
from orchestration.settings import Settings
from tests.conftest import land
from tests.integration.comparing import difference_of_tables
from tests.integration.marts import build_night
from tests.integration.salesforce_org import REP, change, file_of, key, opportunity

Ask = Callable[[Path, str], list[tuple]]

OBJECTS = {
    "opportunities": (
        ["opportunity_id"],
        [
            "opportunity_id", "pipeline", "stage", "amount", "created_at", "close_date",
            "modified_at",
        ],
    ),
    "opportunity_stage_history": (
        ["opportunity_id", "stage", "changed_at"],
        ["opportunity_id", "stage", "changed_at", "amount"],
    ),
    "opportunity_field_history": (
        ["opportunity_id", "field", "changed_at"],
        ["opportunity_id", "field", "old_value", "new_value", "changed_at"],
    ),
}  # fmt: skip
SOURCE = {
    "source": "crm",
    "extract": "full",
    "currency": "USD",
    "pipelines": [
        {"name": "Sales", "stages": ["Meet", "Offer"], "won": ["Won"], "lost": ["Lost"]},
        {"name": "Renewal", "stages": ["Notice"], "won": ["Renewed"], "lost": ["Churned"]},
    ],
    "objects": {
        name: {"files": f"{name}.csv", "key": its_key, "columns": {one: one for one in columns}}
        for name, (its_key, columns) in OBJECTS.items()
    },
}

# Blank when it was created, 500 on the 10th, 900 on the 20th of January; 1,000 as it is won.
BLANK_AT_FIRST = ("by nights", "by field history", "by stage history")
NIGHTS = {
    date(2024, 1, 5): ("Meet", None),
    date(2024, 1, 10): ("Meet", 500),
    date(2024, 1, 20): ("Offer", 900),
    date(2024, 2, 10): ("Won", 1000),
}
LAST_BUT_ONE, LAST = list(NIGHTS)[-2:]
FIELD_HISTORY = (
    ("by field history", "amount", "", "500", "2024-01-10 10:00:00"),
    ("by field history", "amount", "500", "900", "2024-01-20 10:00:00"),
    ("stages by field history", "stage", "Meet", "Offer", "2023-08-01 10:00:00"),
    ("stages by field history", "stage", "Offer", "Won", "2023-09-01 10:00:00"),
    ("of two histories", "stage", "Offer", "Won", "2023-08-01 10:00:00"),
    # In the save in which it was won.
    ("of two histories", "owner_id", "seller", "keeper", "2023-09-11 10:00:00"),
    ("once a renewal", "pipeline", "Renewal", "Sales", "2023-08-01 10:00:00"),
    ("once a renewal", "stage", "Notice", "Meet", "2023-08-01 10:00:00"),
)
STAGE_HISTORY = (
    ("by stage history", "Meet", "2024-01-05 10:00:00", None),
    ("by stage history", "Meet", "2024-01-10 10:00:00", 500),
    ("by stage history", "Offer", "2024-01-20 10:00:00", 900),
    ("of two histories", "Meet", "2023-06-01 10:00:00", 700),
    ("of two histories", "Won", "2023-09-11 10:00:00", 800),
    # What it came in with, and what it was won at.
    ("grown", "Notice", "2023-04-03 10:00:00", 100),
    ("grown", "Renewed", "2023-05-03 10:00:00", 1000),
)


def mapped_files(night: date) -> dict[str, str | bytes]:
    stage, amount = NIGHTS[night]
    rows: list[dict[str, Any]] = [
        {
            "opportunity_id": name, "pipeline": "Sales", "stage": stage, "amount": amount,
            "created_at": "2024-01-05 10:00:00", "close_date": "2024-02-10",
            "modified_at": f"{night} 10:00:00",
        }
        for name in BLANK_AT_FIRST
        # Of the others nights show nothing until they have an amount.
        if name == "by nights" or night >= LAST_BUT_ONE
    ]  # fmt: skip
    for name, pipeline, stage, created, closed, amount in (
        ("stages by field history", "Sales", "Won", "2023-06-01", "2023-09-01", 700),
        ("of two histories", "Sales", "Won", "2023-06-01", "2023-09-11", 800),
        ("once a renewal", "Sales", "Meet", "2023-06-01", "2024-12-31", 700),
        ("grown", "Renewal", "Renewed", "2023-04-03", "2023-05-03", 1000),
    ):
        rows.append(
            {
                "opportunity_id": name, "pipeline": pipeline, "stage": stage, "amount": amount,
                "created_at": f"{created} 10:00:00", "close_date": closed,
                "modified_at": "2023-09-11 10:00:00",
            }
        )  # fmt: skip
    tables = {
        "opportunities": [[row[name] for name in OBJECTS["opportunities"][1]] for row in rows],
        "opportunity_stage_history": STAGE_HISTORY,
        "opportunity_field_history": FIELD_HISTORY,
    }
    files: dict[str, str | bytes] = {}
    for name, lines in tables.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([OBJECTS[name][1], *lines])
        files[f"{name}.csv"] = text.getvalue()
    return files


SALESFORCE_FILES: dict[str, str | bytes] = {
    "OpportunityStage.csv": file_of(
        "opportunity_stage",
        *(
            {
                "Id": key("01J", place), "ApiName": name, "MasterLabel": name, "SortOrder": place,
                "IsClosed": str(is_won).lower(), "IsWon": str(is_won).lower(), "IsActive": "true",
            }
            for place, (name, is_won) in enumerate(
                (("Prospecting", False), ("Proposal", False), ("Closed Won", True)), start=1
            )
        ),
    ),
    "Opportunity.csv": file_of(
        "opportunity",
        opportunity(
            key("006", 3), StageName="Proposal", CreatedDate="2023-06-01T12:00:00.000Z",
            CloseDate="2024-12-31", SystemModstamp="2023-08-21T12:00:00.000Z",
        ),
    ),
    "OpportunityFieldHistory.csv": file_of(
        "opportunity_field_change",
        change(
            50, "StageName", "Prospecting", "Proposal", OpportunityId=key("006", 3),
            CreatedDate="2023-08-01T10:00:00.000Z", CreatedById=REP,
        ),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """As the night before the last left it, as the last did, and as a rebuild does."""
    shelf = tmp_path_factory.mktemp("shelf")
    settings = Settings(home=tmp_path_factory.mktemp("nights") / "home")
    settings.user_sources.mkdir(parents=True)
    text = yaml.safe_dump(SOURCE, sort_keys=False)
    (settings.user_sources / "crm.yml").write_text(text, encoding="utf-8")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(settings.root))
        for night in NIGHTS:
            landed = {"crm": mapped_files(night)}
            if night == LAST_BUT_ONE:
                landed["salesforce"] = SALESFORCE_FILES
            for source, files in landed.items():
                land(settings, source, night, files)
            heal(settings)
            for source in landed:
                for load in load_night(settings, night, f"run of {night}", source):
                    assert not load.error and not load.rows_quarantined, (load.name, load.error)
            accept(settings)
            if night >= LAST_BUT_ONE:
                assert (build_night(settings) is None) == (night == LAST)
                name = "the last" if night == LAST else "the last but one"
                found[name] = Path(shutil.copy(settings.candidate, shelf / f"{night}.duckdb"))
        build_night(settings, full_refresh=True)
        found["rebuilt"] = Path(shutil.copy(settings.candidate, shelf / "rebuilt.duckdb"))
        yield found


@pytest.fixture
def last(warehouses: dict[str, Path]) -> Path:
    return warehouses["the last"]


def stays_of(file: Path, ask: Ask, key: str) -> list[tuple]:
    query = (
        "select stage_key, entered_at, exited_at, exit_kind from marts.fct_stage_visit "
        f"where opportunity_key = '{key}' order by visit_number"
    )
    return [(stage.rsplit(":", 1)[1], *others) for stage, *others in ask(file, query)]


@pytest.mark.parametrize("name", BLANK_AT_FIRST)
def test_an_amount_that_was_blank_stays_blank(
    warehouses: dict[str, Path], ask: Ask, name: str
) -> None:
    """Whatever it is named later, and whatever it is won at."""
    for file in warehouses.values():
        assert ask(
            file,
            "select initial_amount, reached_amount from marts.fct_opportunity "
            "inner join marts.fct_stage_reached using (opportunity_key) "
            f"where opportunity_key = 'crm:{name}' and stage_rank = 1",
        ) == [(None, None)]


def test_the_triangle_counts_blank_amounts_as_the_value_of_the_quarter_does(
    warehouses: dict[str, Path], ask: Ask
) -> None:
    for file in warehouses.values():
        assert set(
            ask(
                file,
                "select cohort_amount, missing_amount_count from marts.cohort_win_triangle "
                "where dimension = 'all' and cohort_month = date '2024-01-01'",
            )
        ) == {(Decimal(0), 3)}
        assert ask(
            file,
            "select created_amount, missing_amount_count from marts.cohort_value "
            "where cohort_quarter = date '2024-01-01'",
        ) == [(Decimal(0), 3)]


def test_a_change_of_stage_that_only_field_history_tells_is_an_entry(last: Path, ask: Ask) -> None:
    """What its first change found had been so since the creation."""
    created, offered, won = (datetime(2023, month, 1, 10) for month in (6, 8, 9))
    assert stays_of(last, ask, "crm:stages by field history") == [
        ("Meet", created, offered, "advanced"),
        ("Offer", offered, won, "won"),
    ]


def test_salesforce_names_the_stage_in_its_field_history_too(last: Path, ask: Ask) -> None:
    created, proposed = datetime(2023, 6, 1, 12), datetime(2023, 8, 1, 10)
    assert stays_of(last, ask, f"salesforce:{key('006', 3)}") == [
        ("Prospecting", created, proposed, "advanced"),
        ("Proposal", proposed, None, "open"),
    ]


def test_history_that_field_history_tells_reaches_back_to_the_creation(
    last: Path, ask: Ask
) -> None:
    assert ask(
        last,
        "select is_left_truncated, is_history_synthesised, is_late_created "
        "from marts.fct_opportunity where opportunity_id = 'stages by field history'",
    ) == [(False, False, False)]


def test_a_stage_history_goes_before_what_field_history_tells(last: Path, ask: Ask) -> None:
    assert stays_of(last, ask, "crm:of two histories") == [
        ("Meet", datetime(2023, 6, 1, 10), datetime(2023, 9, 11, 10), "won")
    ]


def test_whoever_hands_over_as_they_win_has_won(last: Path, ask: Ask) -> None:
    """CRMs assign what is won to those who look after it, in the same save."""
    assert ask(
        last,
        "select owner_at_close_key from marts.fct_opportunity "
        "where opportunity_id = 'of two histories'",
    ) == [("crm:seller",)]
    assert ask(
        last,
        "select distinct owner_key from marts.fct_stage_reached "
        "where opportunity_key = 'crm:of two histories'",
    ) == [("crm:seller",)]


def test_nights_tell_of_an_opportunity_that_was_in_several_pipelines(last: Path, ask: Ask) -> None:
    """A change of the stage does not say in which of them it was made."""
    assert stays_of(last, ask, "crm:once a renewal") == [
        ("Meet", datetime(2023, 6, 1, 10), None, "open")
    ]


def test_a_bottleneck_is_priced_at_what_was_won(last: Path, ask: Ask) -> None:
    """Not at what the wins came in with: an amount that grew is no conversion, but it was paid."""
    assert ask(
        last,
        "select entry_count, mean_won_amount, expected_amount from marts.funnel_bottleneck "
        "where pipeline_key = 'crm:Renewal'",
    ) == [(1, Decimal(1000), Decimal(1000))]


def test_nights_give_what_a_rebuild_gives(warehouses: dict[str, Path]) -> None:
    assert difference_of_tables(warehouses["the last"], warehouses["rebuilt"]) is None
