"""Whatever changes of leads, activities, campaigns and lines in a night is computed anew in it.

Belongs here: one kind of change each, seen in a night that worked on what changed and in a rebuild.
Does not belong here: the rows that change (leads_by_night.py), companies drawn at random
(test_nights_agree_with_reference.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.bronze.night import accept, heal, load_night
from orchestration.settings import Settings
from tests.conftest import land
from tests.integration.comparing import difference_of_tables
from tests.integration.hubspot_offers import Line, Offers, Report
from tests.integration.hubspot_portal import Activity, api_pages
from tests.integration.leads_by_night import (
    FIRST_OF_SALESFORCE,
    SECOND_OF_SALESFORCE,
    SILENT_FILES,
    SOURCES,
    mapped_files,
)
from tests.integration.marts import build_night
from tests.integration.salesforce_org import key
from tests.integration.test_hubspot import PORTAL, Warehouse, at

NIGHTS = (date(2025, 9, 28), date(2025, 9, 29))


def of_salesforce(prefix: str, number: int) -> str:
    return f"salesforce:{key(prefix, number)}"


def sf_lead(number: int, *columns: str) -> tuple[str, str, tuple[str, ...]]:
    return "fct_lead", of_salesforce("00Q", number), columns


def sf_call(number: int, *columns: str) -> tuple[str, str, tuple[str, ...]]:
    return "fct_activity", of_salesforce("00T", number), columns


def sf_line(number: int, *columns: str) -> tuple[str, str, tuple[str, ...]]:
    return "fct_opportunity_line", of_salesforce("00k", number), columns


def of_whole(mart: str, record: str, *columns: str) -> tuple[str, str, tuple[str, ...]]:
    return mart, f"whole:{record}", columns


def of_changes(mart: str, record: str, *columns: str) -> tuple[str, str, tuple[str, ...]]:
    return mart, f"changes:{record}", columns


KEYS = {"fct_lead": "lead_key", "fct_activity": "activity_key", "fct_opportunity_line": "line_key"}
# What changes -> the row in which it shows, and its columns that differ; none where the row comes
# or goes.
CHANGES = {
    "a lead says something else": sf_lead(1, "status", "is_sql"),
    "a status is entered": sf_lead(2, "mql_at", "is_mql"),
    "a status was never entered": sf_lead(20, "mql_at", "is_mql"),
    "a lead is taken up again": sf_lead(3, "episode_count"),
    "a lead turns out to have been created in a later status": sf_lead(21, "mql_at", "is_mql"),
    "a lead turns out to have been created disqualified": sf_lead(22, "episode_count"),
    "a lead is taken up again on the day of its conversion": sf_lead(
        23, "episode_count", "sql_at", "converted_at"
    ),
    "a campaign touches a lead": sf_lead(4, "campaign_key"),
    "a part in a campaign is another's": sf_lead(5, "campaign_key"),
    "a part in a campaign was another's": sf_lead(6, "campaign_key"),
    "somebody calls a lead": sf_lead(7, "first_touch_at", "hours_to_first_touch"),
    "somebody calls what a lead became": sf_lead(8, "first_touch_at", "hours_to_first_touch"),
    "somebody calls a lead on the day of its creation": sf_lead(
        24, "first_touch_at", "hours_to_first_touch"
    ),
    "a call was another's": sf_lead(10, "first_touch_at", "hours_to_first_touch"),
    "a call is another's": sf_lead(9, "first_touch_at", "hours_to_first_touch"),
    "the day of a meeting comes": sf_lead(11, "first_touch_at", "hours_to_first_touch"),
    "the day of a meeting with what it became comes": sf_lead(
        12, "first_touch_at", "hours_to_first_touch"
    ),
    "a call turns out to have been with others, too": sf_lead(
        31, "first_touch_at", "hours_to_first_touch"
    ),
    "a call was without somebody": sf_lead(32, "first_touch_at", "hours_to_first_touch"),
    "a call with several is deleted": sf_lead(33, "first_touch_at", "hours_to_first_touch"),
    "the day of a meeting with several comes": sf_lead(
        34, "first_touch_at", "hours_to_first_touch"
    ),
    "its opportunity is won": sf_lead(13, "opportunity_outcome", "is_won", "won_at", "days_to_win"),
    "its opportunity is deleted": sf_lead(14, "opportunity_key", "opportunity_outcome"),
    "its account is merged": sf_lead(15, "account_key"),
    "a lead is deleted": sf_lead(16),
    "a lead is undeleted": sf_lead(17),
    "a call comes": sf_call(7),
    "a call is about another": sf_call(9, "lead_key"),
    "the account of a call is merged": sf_call(15, "account_key"),
    "a call is handed over": sf_call(18, "owner_key"),
    "a call is deleted": sf_call(19),
    "a line comes": sf_line(1),
    "a line says something else": sf_line(2, "quantity"),
    "a line moves to another opportunity": sf_line(3, "opportunity_key"),
    "the price of a line is of another product": sf_line(4, "product_key"),
    "a line is deleted": sf_line(5),
    "the opportunity of a line is deleted": sf_line(6),
    "a lead is sent no more": of_whole("fct_lead", "gone"),
    "a call to a lead is sent no more": of_whole(
        "fct_lead", "called once", "first_touch_at", "hours_to_first_touch"
    ),
    "a part in a campaign is sent no more": of_whole("fct_lead", "invited once", "campaign_key"),
    "a status means something": of_whole("fct_lead", "warm", "is_mql"),
    "the opportunity of a lead is merged": of_changes(
        "fct_lead", "of a merged one", "opportunity_key"
    ),
    "the opportunity of a call is merged": of_changes(
        "fct_activity", "about a merged one", "opportunity_key"
    ),
    "a call is sent no more": of_whole("fct_activity", "gone"),
    "a line is sent no more": of_whole("fct_opportunity_line", "gone"),
}
# What nothing of the night is about.
QUIET = (
    ("fct_lead", of_salesforce("00Q", 30)),
    ("fct_lead", of_salesforce("00Q", 35)),
    ("fct_activity", of_salesforce("00T", 30)),
)


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """As the first night left it, as the second did, and as a rebuild does."""
    shelf = tmp_path_factory.mktemp("shelf")
    settings = Settings(home=tmp_path_factory.mktemp("nights") / "home")
    settings.user_sources.mkdir(parents=True)
    for source in SOURCES:
        path = settings.user_sources / f"{source['source']}.yml"
        path.write_text(yaml.safe_dump(source, sort_keys=False), encoding="utf-8")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(settings.root))
        for name, night in zip(("first", "nightly"), NIGHTS, strict=True):
            is_second = name == "nightly"
            landed = {
                "salesforce": SECOND_OF_SALESFORCE if is_second else FIRST_OF_SALESFORCE,
                "whole": mapped_files("whole", is_second=is_second),
                "changes": mapped_files("changes", is_second=is_second),
                **({} if is_second else {"silent": SILENT_FILES}),
            }
            for source, files in landed.items():
                land(settings, source, night, dict(files))
            heal(settings)
            for source in landed:
                loads = load_night(settings, night, f"run of {night}", source)
                refused = [
                    (load.name, load.error)
                    for load in loads
                    if load.status != "duplicate" and (load.error or load.rows_quarantined)
                ]
                assert refused == []
            accept(settings)
            assert (build_night(settings) is None) == is_second
            found[name] = Path(shutil.copy(settings.candidate, shelf / f"{name}.duckdb"))
        build_night(settings, full_refresh=True)
        found["rebuilt"] = Path(shutil.copy(settings.candidate, shelf / "rebuilt.duckdb"))
        yield found


def row_of(file: Path, mart: str, record: str) -> dict[str, Any] | None:
    with duckdb.connect(str(file), read_only=True) as connection:
        cursor = connection.execute(f"from marts.{mart} where {KEYS[mart]} = ?", [record])
        names = [column[0] for column in cursor.description]
        row = cursor.fetchone()
    return None if row is None else dict(zip(names, row, strict=True))


@pytest.mark.parametrize("change", CHANGES)
def test_a_night_follows_what_changes(warehouses: dict[str, Path], change: str) -> None:
    mart, record, columns = CHANGES[change]
    first, nightly, rebuilt = (
        row_of(warehouses[name], mart, record) for name in ("first", "nightly", "rebuilt")
    )
    assert nightly == rebuilt
    if columns:
        assert first is not None and nightly is not None
        assert {name for name in first if first[name] != nightly[name]} >= set(columns)
    else:
        assert (first is None) != (nightly is None)


def test_a_source_without_accounts_that_brings_nothing_keeps_its_unknown_one(
    warehouses: dict[str, Path],
) -> None:
    for name, file in warehouses.items():
        with duckdb.connect(str(file), read_only=True) as connection:
            found = connection.execute(
                "select account_key from marts.dim_account where source_system = 'silent'"
            ).fetchall()
        assert found == [("silent:unknown",)], name


@pytest.mark.parametrize(("mart", "record"), QUIET)
def test_what_does_not_change_stays(warehouses: dict[str, Path], mart: str, record: str) -> None:
    rows = [row_of(file, mart, record) for file in warehouses.values()]
    assert rows[0] is not None
    assert rows.count(rows[0]) == 3


def test_who_declined_a_meeting_was_not_touched_by_it(warehouses: dict[str, Path]) -> None:
    row = row_of(warehouses["nightly"], "fct_lead", of_salesforce("00Q", 35))
    assert row is not None and row["first_touch_at"] is None


def test_an_activity_with_several_counts_once_and_stands_with_each(
    warehouses: dict[str, Path],
) -> None:
    call, first, second = (of_salesforce(*of) for of in (("00T", 31), ("00Q", 30), ("00Q", 31)))
    with duckdb.connect(str(warehouses["nightly"]), read_only=True) as connection:
        counted = connection.execute(
            "select count(*) from marts.fct_activity where activity_key = ?", [call]
        ).fetchall()
        parts = connection.execute(
            "select record_kind, record_key, is_main from marts.bridge_activity "
            "where activity_key = ? order by all",
            [call],
        ).fetchall()
    assert counted == [(1,)]
    assert parts == [
        ("lead", first, True),
        ("lead", second, False),
        ("opportunity", of_salesforce("006", 1), False),
    ]


def test_the_calendar_has_every_day_that_the_marts_name(warehouses: dict[str, Path]) -> None:
    """But for the beginning of time, from which on first versions hold."""
    for name, file in warehouses.items():
        with duckdb.connect(str(file), read_only=True) as connection:
            columns = connection.execute(
                "select table_name, column_name from information_schema.columns "
                "where table_schema = 'marts' and table_name <> 'dim_date' "
                "and data_type in ('DATE', 'TIMESTAMP')"
            ).fetchall()
            assert len(columns) > 40
            for mart, column in columns:
                lacking = connection.execute(
                    f"select cast({column} as date) from marts.{mart} "
                    f"where {column} > date '1900-01-01' except select date_day from marts.dim_date"
                ).fetchall()
                assert lacking == [], (name, mart, column)


def test_nights_of_leads_give_what_a_rebuild_gives(warehouses: dict[str, Path]) -> None:
    assert difference_of_tables(warehouses["nightly"], warehouses["rebuilt"]) is None


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A portal that says other things of contacts, calls, lines and campaigns in a second night,
    which worked on what changed, and rebuilt.
    """
    first, *others = PORTAL.contacts
    (call,) = PORTAL.calls
    later = replace(
        PORTAL,
        contacts=(
            replace(first, lifecycle=(*first.lifecycle, ("salesqualifiedlead", at(6)))),
            *others,
        ),
        calls=(
            replace(call, deals=("moved",), contacts=("p3", "p4")),
            Activity("e2", at(7), "8", "Again"),
        ),
        offers=Offers(
            lines=(Line("l1", "moved", amount="7"),), reports=(Report("g", "p1", at=at(2)),)
        ),
    )
    before = replace(PORTAL, offers=Offers(lines=(Line("l1", "again", amount="7"),)))
    home = tmp_path_factory.mktemp("portal")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(home))
        warehouse = Warehouse(Settings(home=home), tmp_path_factory.mktemp("portals"))
        yield warehouse.build_each(api_pages(before), api_pages(later))


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select is_sql, campaign_key from marts.fct_lead where lead_id = 'p1'",
         [(True, "hubspot:g")]),
        ("select opportunity_key, contact_key from marts.fct_activity where activity_id = 'e1'",
         [("hubspot:moved", "hubspot:p3")]),
        ("select record_kind, record_key from marts.bridge_activity "
         "where activity_key = 'hubspot:e1' order by all",
         [("contact", "hubspot:p3"), ("contact", "hubspot:p4"), ("lead", "hubspot:p3"),
          ("lead", "hubspot:p4"), ("opportunity", "hubspot:moved")]),
        ("select owner_key from marts.fct_activity where activity_id = 'e2'", [("hubspot:8",)]),
        ("select opportunity_key from marts.fct_opportunity_line", [("hubspot:moved",)]),
    ],
)  # fmt: skip
def test_a_night_follows_what_a_portal_changes(
    portal: tuple[Path, Path], sql: str, rows: list[tuple]
) -> None:
    for file in portal:
        with duckdb.connect(str(file), read_only=True) as connection:
            assert connection.execute(sql).fetchall() == rows


def test_nights_of_a_portal_give_what_a_rebuild_gives(portal: tuple[Path, Path]) -> None:
    nightly, rebuilt = portal
    assert difference_of_tables(nightly, rebuilt) is None
