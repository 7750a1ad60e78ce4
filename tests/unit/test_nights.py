"""What becomes of nights that are not as the night before: columns, rows, stages, deletions.

Belongs here: surprises of a night and their defined result, one a test.
Does not belong here: the life of a load (test_bronze_loading.py), values (test_bronze_casting.py).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from orchestration.bronze.due import survey
from orchestration.bronze.judge import judge_object
from orchestration.bronze.night import accept, load_night, refuse_objects
from orchestration.bronze.quarantine import refused_rows, waiting
from orchestration.bronze.reload import plan_reload
from orchestration.extracts.ledger import Ledger, Load
from orchestration.gate.results import CheckResult
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from tests.conftest import describe, land

FIRST = date(2025, 9, 1)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
ACME = """\
source: acme
extract: full
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns:
      opportunity_id: id
      stage: state
      amount: value
      close_date: {column: close, format: "%Y-%m-%d", optional: true}
      owner_id:
        column: rep
        optional: true
        lookup: {object: users, match: user_name, return: user_id}
  users:
    files: "reps.csv"
    key: user_id
    columns: {user_id: id, user_name: name}
pipelines:
  - {name: default, stages: [Open, Offer], won: Won, lost: Lost}
"""


@pytest.fixture
def home(settings: Settings) -> Settings:
    return describe(settings, ACME)


def deals(*rows: str, header: str = "id,state,value") -> str:
    return "\n".join([header, *rows]) + "\n"


def many(count: int, first: int = 0) -> str:
    return deals(*(f"d{number},Open,1" for number in range(first, first + count)))


def load(settings: Settings, night: date, name: str = "opportunities") -> list[Load]:
    loads = load_night(settings, night, f"run-{night}", "acme")
    return [each for each in loads if each.object == name]


def judge(
    settings: Settings, loads: list[Load], name: str = "opportunities"
) -> tuple[CheckResult, CheckResult]:
    contract = load_sources(settings.user_sources)["acme"].contracts[name]
    held, usual = judge_object(settings, contract, loads, Ledger(settings.ledger))
    return held, usual


def night_of(
    settings: Settings, night: date, files: Mapping[str, str | bytes]
) -> tuple[CheckResult, ...]:
    """Land, load and judge a night, and publish it if it may be."""
    land(settings, "acme", night, dict(files))
    checks = judge(settings, load(settings, night))
    if checks[0].success:
        accept(settings)
    return checks


def rows(settings: Settings) -> pl.DataFrame:
    paths = sorted((settings.bronze / "acme" / "opportunities").glob("batch=*/*.parquet"))
    return pl.concat([pl.read_parquet(path) for path in paths], how="diagonal")


# Columns -----------------------------------------------------------------------------------------


def test_a_column_that_nobody_named_is_kept_as_text(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": deals("d1,Open,1,7%", header="id,state,value,Weight kg")})
    assert rows(home)["extra__weight_kg"].to_list() == ["7%"]


def test_after_a_page_without_rows_no_column_is_new(home: Settings) -> None:
    changes = ACME.replace("extract: full", "extract: delta")
    describe(
        home,
        changes.replace("deals*.csv", "deals*.json").replace("key:", "rows: data\n    key:", 1),
    )
    page = b'{"data": [{"id": "d1", "state": "Open", "value": 1}]}'
    night_of(home, FIRST, {"deals.json": page})
    night_of(home, SECOND, {"deals.json": b'{"data": []}'})
    _, usual = night_of(home, THIRD, {"deals.json": page.replace(b"d1", b"d2")})
    assert usual.observed == "as usual"


def test_a_source_may_leave_out_what_nobody_named(home: Settings) -> None:
    describe(home, ACME + "undeclared: drop\n")
    night_of(home, FIRST, {"deals.csv": deals("d1,Open,1,7", header="id,state,value,weight")})
    assert not [name for name in rows(home).columns if name.startswith("extra__")]


def test_a_custom_column_passes_under_its_own_name(home: Settings) -> None:
    describe(home, ACME + 'passthrough: "*__c"\n')
    night_of(home, FIRST, {"deals.csv": deals("d1,Open,1,x", header="id,state,value,Rival__c")})
    assert rows(home)["rival__c"].to_list() == ["x"]


def test_columns_of_one_plain_name_are_told_apart(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": deals("d1,Open,1,a,b", header="id,state,value,A b,a-b")})
    (row,) = rows(home).select("extra__a_b_a760b0e1", "extra__a_b_d44362d6").rows()
    assert row == ("a", "b")


@pytest.mark.parametrize("names", [("Discount %", "Discount $"), ("折扣", "价值")])
def test_a_column_keeps_its_name_whatever_columns_come_beside_it(
    home: Settings, names: tuple[str, str]
) -> None:
    header = "id,state,value,"
    night_of(home, FIRST, {"deals.csv": deals("d1,Open,1,a", header=header + names[0])})
    night_of(
        home, SECOND, {"deals.csv": deals("d1,Open,1,b,a", header=header + ",".join(names[::-1]))}
    )
    kept = rows(home).select("^extra__.*$")
    assert {tuple(column.to_list()) for column in kept} == {("a", "a"), (None, "b")}


def test_a_column_in_upper_case_is_found(home: Settings) -> None:
    held, _ = night_of(home, FIRST, {"deals.csv": deals("d1,Open,1", header="ID,STATE,VALUE")})
    assert held.success


def test_the_columns_of_the_first_night_are_no_surprise(home: Settings) -> None:
    _, usual = night_of(home, FIRST, {"deals.csv": deals("d1,Open,1,7", header="id,state,value,x")})
    assert usual.success


def test_a_new_column_is_reported(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": deals("d1,Open,1")})
    held, usual = night_of(
        home, SECOND, {"deals.csv": deals("d1,Open,1,7", header="id,state,value,weight")}
    )
    assert held.success
    assert not usual.success
    assert "new columns" in usual.observed and "`weight`" in usual.observed


def test_a_new_column_that_is_left_out_is_reported_as_left_out(home: Settings) -> None:
    describe(home, ACME + "undeclared: drop\n")
    night_of(home, FIRST, {"deals.csv": deals("d1,Open,1")})
    _, usual = night_of(
        home, SECOND, {"deals.csv": deals("d1,Open,1,7", header="id,state,value,weight")}
    )
    assert "new columns, left out of bronze: `weight`" in usual.observed


def test_a_missing_optional_column_is_null_and_reported(home: Settings) -> None:
    night_of(
        home, FIRST, {"deals.csv": deals("d1,Open,1,2025-01-01", header="id,state,value,close")}
    )
    _, usual = night_of(home, SECOND, {"deals.csv": deals("d1,Open,2")})
    assert "columns are missing and NULL: `close`" in usual.observed
    assert rows(home).filter(pl.col("_batch_date") == SECOND)["close_date"].to_list() == [None]


def test_a_missing_required_column_refuses_the_object(home: Settings) -> None:
    held, _ = night_of(home, FIRST, {"deals.csv": deals("d1,1", header="id,value")})
    assert not held.success
    assert "lacks `state`" in held.observed


def test_a_column_that_changed_its_type_refuses_the_object(home: Settings) -> None:
    held, _ = night_of(home, FIRST, {"deals.csv": deals("d1,Open,ten", "d2,Open,eleven")})
    assert not held.success
    assert held.observed == "2 of 2 rows refused"


def test_the_share_of_refused_rows_can_be_set_for_an_object(home: Settings) -> None:
    describe(home, ACME + "max_refused_share: 0.5\n")
    held, _ = night_of(home, FIRST, {"deals.csv": deals("d1,Open,ten", "d2,Open,11")})
    assert held.success


# Stages ------------------------------------------------------------------------------------------


def test_an_unknown_stage_refuses_the_object(home: Settings) -> None:
    held, _ = night_of(home, FIRST, {"deals.csv": deals("d1,Open,1", "d2,Demo,2")})
    assert not held.success
    assert "1 rows with a stage that stages does not list: `Demo`" in held.observed
    assert "it lists `Open`, `Offer`, `Won`, `Lost`" in held.observed
    (sample,) = held.sample
    assert (sample["file"], sample["row_number"], sample["value"]) == ("deals.csv", 3, "Demo")


def test_a_stage_that_is_added_to_the_list_is_known(home: Settings) -> None:
    describe(home, ACME.replace("[Open, Offer]", "[Open, Demo, Offer]"))
    held, _ = night_of(home, FIRST, {"deals.csv": deals("d2,Demo,2")})
    assert held.success


def test_an_object_may_stay_behind_while_its_night_goes_on(home: Settings) -> None:
    describe(home, ACME + "on_refusal: object\n")
    land(home, "acme", FIRST, {"deals.csv": deals("d2,Demo,2"), "reps.csv": "id,name\nu1,Ann\n"})
    loads = load_night(home, FIRST, "run", "acme")
    held, _ = judge(home, [each for each in loads if each.object == "opportunities"])
    refuse_objects(home, ["opportunities"], loads)
    statuses = {each.object: each.status for each in Ledger(home.ledger).of_run("run")}
    assert (held.success, held.severity) == (False, "warning")
    assert statuses == {"stages": "loaded", "users": "loaded", "opportunities": "refused"}


# Rows of full extracts ---------------------------------------------------------------------------


def test_an_extract_of_about_as_many_rows_tells_what_was_deleted(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(100)})
    night_of(home, SECOND, {"deals.csv": many(90)})
    assert Ledger(home.ledger).last_accepted("acme/opportunities").is_whole is True


def test_an_extract_that_was_cut_off_deletes_nothing(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(100)})
    held, usual = night_of(home, SECOND, {"deals.csv": many(60)})
    assert held.success
    assert "60 rows on 2025-09-02 where 100 are usual" in usual.observed
    assert Ledger(home.ledger).last_accepted("acme/opportunities").is_whole is False


def test_records_that_a_filter_left_out_are_told_although_the_extract_is_not_cut_off(
    home: Settings,
) -> None:
    night_of(home, FIRST, {"deals.csv": many(100)})
    _, usual = night_of(home, SECOND, {"deals.csv": many(85)})
    assert "15 of the 100 records of the night before are not in the extract" in usual.observed
    assert "They count as deleted" in usual.observed


def test_records_under_new_keys_are_told_although_there_are_as_many(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(100)})
    _, usual = night_of(home, SECOND, {"deals.csv": many(100, 1000)})
    assert "100 of the 100 records of the night before are not in the extract" in usual.observed


def test_an_old_extract_under_a_new_name_is_told(settings: Settings) -> None:
    home = describe(settings, ACME.replace("amount: value", "modified_at: changed"))
    for day, oldest in ((0, 1), (1, 5), (2, 2)):
        rows = (
            f"d{number},Open,2025-08-{oldest + number % 3:02}T09:00:00Z" for number in range(60)
        )
        files = {"deals.csv": deals(*rows, header="id,state,changed")}
        _, usual = night_of(home, FIRST + timedelta(days=day), files)
        assert usual.success == (day < 2)
    assert "60 of the 60 records of the night before are in an older state" in usual.observed


def test_a_few_deletions_are_usual(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(100)})
    _, usual = night_of(home, SECOND, {"deals.csv": many(90)})
    assert usual.success


def test_a_part_that_is_corrected_alone_does_not_make_the_other_parts_look_gone(
    home: Settings,
) -> None:
    night_of(home, FIRST, {"deals.csv": many(100)})
    night_of(home, SECOND, {"deals_1.csv": many(95), "deals_2.csv": many(30, 95)})
    _, usual = night_of(home, SECOND, {"deals_1.csv": many(94)})
    assert "of the night before" not in usual.observed


def test_an_extract_that_jumps_is_told_and_one_that_grows_is_not(home: Settings) -> None:
    for day in range(5):
        _, usual = night_of(home, FIRST + timedelta(days=day), {"deals.csv": many(40 + 20 * day)})
        assert usual.success
    _, usual = night_of(home, FIRST + timedelta(days=5), {"deals.csv": many(200)})
    assert "200 rows on 2025-09-06 where 80 are usual" in usual.observed


def test_a_company_that_begins_with_nothing_may_grow(home: Settings) -> None:
    for day, count in enumerate([0, 3, 6, 9, 12, 15, 18, 21, 24]):
        _, usual = night_of(home, FIRST + timedelta(days=day), {"deals.csv": many(count)})
        assert usual.success, usual.observed


def test_an_extract_without_a_row_deletes_nothing(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(3)})
    night_of(home, SECOND, {"deals.csv": many(0)})
    assert Ledger(home.ledger).last_accepted("acme/opportunities").is_whole is False


def test_fewer_rows_become_usual_after_some_nights(home: Settings) -> None:
    """A clean-up of the CRM is believed once most of the nights before agree."""
    for day in range(3):
        night_of(home, FIRST + timedelta(days=day), {"deals.csv": many(100)})
    for day in range(3, 8):
        night_of(home, FIRST + timedelta(days=day), {"deals.csv": many(60)})
    whole = [each.is_whole for each in Ledger(home.ledger).loads if each.object == "opportunities"]
    assert whole == [True] * 3 + [False] * 4 + [True]


def test_the_parts_of_an_object_count_together(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(100)})
    halves = {"deals_1.csv": many(50), "deals_2.csv": many(49, 50)}
    _, usual = night_of(home, SECOND, halves)
    assert usual.success
    loads = Ledger(home.ledger).with_status("accepted")
    assert [each.is_whole for each in loads if each.batch_date == SECOND] == [True, True]


def worthless(count: int, *bad: int, first: int = 0) -> str:
    """Deals, of which some have an amount that is none."""
    return deals(
        *(
            f"d{number},Open,{'abc' if number in bad else 1}"
            for number in range(first, first + count)
        )
    )


def is_second_whole(home: Settings, second: str) -> bool | None:
    """What becomes of a night of 300 deals after one of 300 good ones."""
    night_of(home, FIRST, {"deals.csv": many(300)})
    night_of(home, SECOND, {"deals.csv": second})
    load = Ledger(home.ledger).last_accepted("acme/opportunities")
    assert load is not None and load.batch_date == SECOND
    return load.is_whole


def test_a_record_whose_row_is_refused_is_not_taken_for_deleted(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(300)})
    held, usual = night_of(home, SECOND, {"deals.csv": worthless(300, 1, 4)})
    assert held.success
    assert usual.observed.startswith("2 refused rows on 2025-09-02 are of records that were there")
    assert Ledger(home.ledger).last_accepted("acme/opportunities").is_whole is False


@pytest.mark.parametrize(
    "row",
    ["d0,Open", ",Open,1", "1.23457E+17,Open,1"],
    ids=["malformed", "without its key", "with a rounded key"],
)
def test_a_refused_row_of_nobody_knows_whom_deletes_nothing(home: Settings, row: str) -> None:
    assert is_second_whole(home, many(299) + f"{row}\n") is False


@pytest.mark.parametrize(
    "row", ["new,Open,abc", "id,state,value"], ids=["never was there", "the header once more"]
)
def test_a_refused_row_of_no_record_that_was_there_hinders_no_deletion(
    home: Settings, row: str
) -> None:
    assert is_second_whole(home, many(299) + f"{row}\n") is True


def test_a_record_that_was_deleted_before_its_row_is_refused_hinders_no_deletion(
    home: Settings,
) -> None:
    assert is_second_whole(home, worthless(299, first=1)) is True
    night_of(home, THIRD, {"deals.csv": worthless(300, 0)})
    assert Ledger(home.ledger).last_accepted("acme/opportunities").is_whole is True


def test_a_row_that_is_refused_night_after_night_is_no_deletion_in_any(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(300)})
    for night in (SECOND, THIRD):
        night_of(home, night, {"deals.csv": worthless(300, 1)})
    whole = [each.is_whole for each in Ledger(home.ledger).loads if each.object == "opportunities"]
    assert whole == [True, False, False]


def test_a_corrected_file_tells_again_what_was_deleted(home: Settings) -> None:
    assert is_second_whole(home, worthless(300, 1)) is False
    night_of(home, SECOND, {"deals.csv": many(299)})
    assert Ledger(home.ledger).last_accepted("acme/opportunities").is_whole is True


def test_a_late_part_does_not_make_whole_what_an_earlier_one_left_in_doubt(home: Settings) -> None:
    assert is_second_whole(home, worthless(300, 1)) is False
    night_of(home, SECOND, {"deals_2.csv": worthless(299, first=300)})
    assert Ledger(home.ledger).last_accepted("acme/opportunities").is_whole is False


def test_a_corrected_extract_counts_once(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(200)})
    night_of(home, FIRST, {"deals.csv": many(200).replace(",1\n", ",2\n")})
    _, usual = night_of(home, SECOND, {"deals.csv": many(199)})
    assert usual.observed == "as usual"
    assert Ledger(home.ledger).last_accepted("acme/opportunities").is_whole is True


def test_rows_read_anew_count_with_the_file_that_they_came_in(home: Settings) -> None:
    describe(home, ACME + "max_refused_share: 1\n")
    night_of(home, FIRST, {"deals.csv": many(200).replace(",1\n", ",1 EUR\n")})
    describe(home, ACME.replace("amount: value", 'amount: {column: value, strip: " EUR"}'))
    plan_reload(home, waiting(Ledger(home.ledger), home))
    load(home, FIRST)
    accept(home)
    assert Ledger(home.ledger).row_counts("acme/opportunities", SECOND) == [200]


def test_an_object_that_is_not_delivered_is_reported(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(3), "reps.csv": "id,name\nu1,Ann\n"})
    land(home, "acme", SECOND, {"deals.csv": many(4)})
    load(home, SECOND)
    _, usual = judge(home, [], "users")
    assert "nothing was delivered" in usual.observed


def test_a_late_file_does_not_make_its_night_lack_the_rest(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(3), "reps.csv": "id,name\nu1,Ann\n"})
    night_of(home, SECOND, {"deals.csv": many(3), "reps.csv": "id,name\nu1,Ann\nu2,Bob\n"})
    land(home, "acme", FIRST, {"deals_2.csv": deals("d9,Open,1")})
    load(home, FIRST)
    _, usual = judge(home, [], "users")
    assert usual.observed == "as usual"


def test_of_a_file_that_cannot_be_read_no_rows_are_missed(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(100)})
    held, usual = night_of(home, SECOND, {"deals.csv": ""})
    assert not held.success
    assert usual.observed == "as usual"


def test_a_night_that_never_came_is_reported(home: Settings) -> None:
    for night in (FIRST, THIRD):
        land(home, "acme", night, {"deals.csv": many(1)})
    assert survey(home, Ledger(home.ledger)).absent == {"acme": [SECOND]}


# Lookups -----------------------------------------------------------------------------------------

REPS = "id,name\nu1,Ann\nu2,Bob\nu3,Bob\n"


def owners_of(home: Settings, name: str) -> tuple[list[str | None], list[str]]:
    text = deals(f"d1,Open,1,{name}", header="id,state,value,rep")
    land(home, "acme", FIRST, {"deals.csv": text, "reps.csv": REPS})
    loads = load(home, FIRST)
    refused = refused_rows(home, loads)
    return rows(home)["owner_id"].to_list(), refused["rule"].to_list()


def test_a_name_is_looked_up_in_the_files_of_the_same_night(home: Settings) -> None:
    assert owners_of(home, "Ann") == (["u1"], [])


@pytest.mark.parametrize("name", ["Zoe", "Bob"], ids=["nobody", "two people"])
def test_a_name_that_is_not_one_record_is_refused(home: Settings, name: str) -> None:
    assert owners_of(home, name) == ([], ["lookup"])


def test_a_name_in_two_parts_of_one_extract_is_not_one_record(home: Settings) -> None:
    describe(home, ACME.replace("reps.csv", "reps*.csv"))
    parts = {"reps_1.csv": "id,name\nu1,Bob\n", "reps_2.csv": "id,name\nu2,Bob\n"}
    text = deals("d1,Open,1,Bob", header="id,state,value,rep")
    land(home, "acme", FIRST, {"deals.csv": text, **parts})
    assert refused_rows(home, load(home, FIRST))["rule"].to_list() == ["lookup"]


@pytest.mark.parametrize("night", [FIRST, SECOND], ids=["corrected", "a later night"])
def test_a_name_belongs_to_the_one_who_bore_it_last(home: Settings, night: date) -> None:
    night_of(home, FIRST, {"reps.csv": "id,name\nu1,Bob\n"})
    text = deals("d1,Open,1,Bob", header="id,state,value,rep")
    land(home, "acme", night, {"deals.csv": text, "reps.csv": "id,name\nu2,Bob\n"})
    load(home, night)
    assert rows(home)["owner_id"].to_list() == ["u2"]


def test_no_name_is_no_value(home: Settings) -> None:
    assert owners_of(home, "") == ([None], [])


# Quarantine and reading anew ---------------------------------------------------------------------


@pytest.fixture
def refused(home: Settings) -> Settings:
    """One of two published rows is refused for its date."""
    describe(home, ACME + "max_refused_share: 1\n")
    text = deals("d1,Open,1,2025-01-31", "d2,Open,2,31.01.2025", header="id,state,value,close")
    night_of(home, FIRST, {"deals.csv": text})
    return home


def reload(settings: Settings) -> list[Load]:
    plan_reload(settings, waiting(Ledger(settings.ledger), settings))
    return load_night(settings, FIRST, "again", "acme")


def test_refused_rows_wait(refused: Settings) -> None:
    (load_,) = waiting(Ledger(refused.ledger), refused)
    assert refused_rows(refused, [load_])["raw_text"].to_list() == ["d2,Open,2,31.01.2025"]


def test_refused_rows_are_read_anew_by_the_mended_source_file(refused: Settings) -> None:
    describe(refused, ACME.replace('"%Y-%m-%d"', '["%Y-%m-%d", "%d.%m.%Y"]'))
    (again,) = reload(refused)
    accept(refused)
    assert (again.rows_read, again.rows_accepted) == (1, 1)
    assert rows(refused).sort("opportunity_id")["close_date"].to_list() == [date(2025, 1, 31)] * 2
    assert waiting(Ledger(refused.ledger), refused) == []


def test_rows_read_anew_are_due_once(refused: Settings) -> None:
    describe(refused, ACME.replace('"%Y-%m-%d"', '["%Y-%m-%d", "%d.%m.%Y"]'))
    reload(refused)
    accept(refused)
    assert survey(refused, Ledger(refused.ledger)).files == {}


def test_a_file_that_was_refused_to_its_last_row_is_read_anew(home: Settings) -> None:
    """Header and rows are the very bytes of the file then."""
    describe(home, ACME + "max_refused_share: 1\n")
    text = deals("d1,Open,1,31.01.2025", header="id,state,value,close")
    night_of(home, FIRST, {"deals.csv": text})
    describe(home, ACME.replace('"%Y-%m-%d"', '["%Y-%m-%d", "%d.%m.%Y"]'))
    (again,) = reload(home)
    assert (again.status, again.rows_accepted) == ("loaded", 1)


def test_a_typed_midnight_is_a_day_when_its_row_is_read_anew_too(home: Settings) -> None:
    said = ACME.replace("deals*.csv", "deals*") + "max_refused_share: 1\n"
    describe(home, said)
    days = [datetime(2025, 1, 31)] * 2
    frame = pl.DataFrame({"id": ["d1", "d2"], "state": "Open", "value": ["1", "$2"], "close": days})
    file = io.BytesIO()
    frame.write_parquet(file)
    night_of(home, FIRST, {"deals.parquet": file.getvalue()})
    describe(home, said.replace("amount: value", 'amount: {column: value, strip: "$"}'))
    (again,) = reload(home)
    accept(home)
    assert (again.rows_read, again.rows_accepted) == (1, 1)
    assert rows(home)["close_date"].to_list() == [date(2025, 1, 31)] * 2


def test_rows_that_still_break_a_rule_wait_on(refused: Settings) -> None:
    reload(refused)
    accept(refused)
    (load_,) = waiting(Ledger(refused.ledger), refused)
    assert load_.reload_of is not None
    assert refused_rows(refused, [load_])["value"].to_list() == ["31.01.2025"]


def test_a_corrected_file_in_the_same_place_ends_the_wait(refused: Settings) -> None:
    night_of(refused, FIRST, {"deals.csv": deals("d1,Open,1", "d2,Open,2")})
    assert waiting(Ledger(refused.ledger), refused) == []


def test_rows_of_a_landed_night_say_their_columns(home: Settings) -> None:
    night_of(home, FIRST, {"deals.csv": many(1)})
    assert json.loads(Ledger(home.ledger).last_accepted("acme/opportunities").columns) == [
        "id", "state", "value",
    ]  # fmt: skip


# What a source file says itself ------------------------------------------------------------------


def test_lead_statuses_of_the_source_file_become_rows(home: Settings) -> None:
    describe(home, ACME + "lead_statuses: {mql: [Warm, Hot], converted: Won}\n")
    night_of(home, FIRST, {"deals.csv": many(1)})
    (path,) = (home.bronze / "acme" / "lead_statuses").glob("batch=*/*.parquet")
    assert pl.read_parquet(path).select("status", "meaning").rows() == [
        ("Warm", "mql"), ("Hot", "mql"), ("Won", "converted"),
    ]  # fmt: skip
