"""A person is taken out of everything that is kept, and nothing else is.

Belongs here: bronze, quarantine, landed files, versions and stores of a home without a build. Does
not belong here: that the marts stay the same (integration/test_personal_data.py).
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from orchestration.bronze.due import survey
from orchestration.bronze.night import accept, heal, load_night
from orchestration.bronze.quarantine import waiting
from orchestration.bronze.reload import plan_reload
from orchestration.cli import app
from orchestration.extracts.ledger import Ledger, LedgerDamagedError, copy_of
from orchestration.faults import HelpNeededError
from orchestration.privacy import forget as forgetting
from orchestration.privacy.border import mask_bronze
from orchestration.privacy.forget import Outcome, find_everywhere, forget, rehearse
from orchestration.privacy.proof import Needles, find
from orchestration.settings import Settings
from tests.conftest import land
from tests.faults.damages import spoil_rows

FIRST, SECOND, THIRD = date(2025, 9, 1), date(2025, 9, 2), date(2025, 9, 3)
ANN, BOB = "ann.lee@shop.example", "bob@shop.example"
ANN_ID, LEAD_ID, BOB_ID = "003000000000001AAA", "00Q000000000001AAA", "003000000000002AAA"
CONTACTS = f'''\
Id,AccountId,Email,FirstName,LastName,Phone,Title,OwnerId,CreatedDate,MasterRecordId,IsDeleted,\
SystemModstamp,Nickname
{ANN_ID},,Ann.Lee@Shop.example,Ann,"Lee, ""Mrs""",+1 555 010-1234,Annalist,,2025-08-01,,false,\
2025-08-01,Annie
{BOB_ID},,{BOB},Bob,Ray,+1 555 010-9999,Buyer,,2025-08-01,,false,2025-08-01,Bobby
'''
LEADS = f"""\
Id,Email,Company,Status,LeadSource,OwnerId,CreatedDate,IsConverted,ConvertedDate,\
ConvertedAccountId,ConvertedContactId,ConvertedOpportunityId,MasterRecordId,IsDeleted
{LEAD_ID},{ANN},Shop,New,Web,,2025-07-01,false,,,,,,false
00Q000000000002AAA,{ANN},Shop,New,Web,,never,false,,,,,,false
00Q000000000003AAA,{BOB},Shop,New,Web,,never,false,,,,,,false
"""
TASKS = f"""\
Id,WhoId,WhatId,AccountId,OwnerId,Subject,CreatedDate,IsDeleted,ActivityDate,Status,IsClosed,\
TaskSubtype,CompletedDateTime
00T000000000001AAA,{ANN_ID},,,,Lunch with Ann,2025-08-01,false,,Open,false,Task,
00T000000000002AAA,{BOB_ID},,,,Lunch with Bob,2025-08-01,false,,Open,false,Task,
00T000000000003AAA,,,,,Ask {ANN} and {BOB},2025-08-01,false,,Open,false,Task,
"""


def bronze(settings: Settings, object_: str) -> pl.DataFrame:
    files = settings.bronze / "salesforce" / object_ / "batch=*" / "*.parquet"
    return pl.read_parquet(files, hive_partitioning=False).sort("_load_number", "Id")


def write_version(settings: Settings) -> Path:
    path = settings.warehouse / "flywheel.2025-09-01-001.duckdb"
    path.parent.mkdir(parents=True)
    with duckdb.connect(
        str(path), config={"storage_compatibility_version": "v1.4.0"}
    ) as connection:
        connection.execute(
            f"""
            create schema marts;
            create table marts.fct_lead as select * from (values
                ('salesforce:{LEAD_ID}', 'salesforce', '{LEAD_ID}', 'aa', 'shop.example', 7),
                ('other:{LEAD_ID}', 'other', '{LEAD_ID}', 'bb', 'shop.example', 8)
            ) as t (lead_key, source_system, lead_id, email_hash, email_domain, days);
            create table marts.note as select 'wrote to {ANN.title()}, {BOB}' as said
            from range(5000);
            comment on table marts.note is 'It''s a note.';
            comment on column marts.note.said is 'What was said.'
            """
        )
    path.chmod(0o444)
    settings.published.symlink_to(path.name)
    return path


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A published night with Ann in every place, and Bob beside her."""
    files: dict[str, str | bytes] = {
        "Contact.csv": CONTACTS, "Lead.csv.gz": gzip.compress(LEADS.encode()), "Task.csv": TASKS,
        "notes.bin": f"{BOB}".encode(),
    }  # fmt: skip
    land(settings, "salesforce", FIRST, files)
    heal(settings)
    load_night(settings, FIRST, "run", "salesforce")
    accept(settings)
    mask_bronze(settings)
    plan_reload(settings, waiting(Ledger(settings.ledger), settings))
    write_version(settings)
    results = settings.operations / "gate_result" / "1.parquet"
    results.parent.mkdir(parents=True)
    pl.DataFrame({"sample": [f"value={ANN}", "value=5"]}).write_parquet(results)
    settings.dagster_home.mkdir()
    with closing(sqlite3.connect(settings.dagster_home / "events.db")) as connection:
        connection.execute("create table event_logs (id integer primary key, event text)")
        rows = [(json.dumps({"row": ANN}),), (json.dumps({"row": BOB}),)]
        connection.executemany("insert into event_logs (event) values (?)", rows)
        connection.commit()
    settings.dbt_target.mkdir()
    (settings.dbt_target / "dbt.log").write_text(f"{ANN}\n{BOB}\n", encoding="utf-8")
    return settings


def test_nothing_is_left_of_the_person_and_all_of_others(home: Settings) -> None:
    marks = [ANN, "+1 555 010-1234", 'Lee, ""Mrs""', "Lunch with Ann", "Annie"]
    assert find_everywhere(home, Needles(marks[:2])) != []
    bob_before = len(find_everywhere(home, Needles([BOB])))
    outcome = forget(home, ANN)
    assert outcome.left == []
    assert find_everywhere(home, Needles(marks)) == []
    assert len(find_everywhere(home, Needles([BOB]))) == bob_before


def test_it_tells_what_was_rewritten(home: Settings) -> None:
    outcome = forget(home, ANN)
    assert outcome.records == 2
    assert outcome.places["bronze"] == (3, 4)
    assert outcome.places["quarantine"] == (1, 1)
    assert outcome.places["landing"][0] == 3
    assert {"versions", "ops", "dagster", "dbt_target"} <= outcome.places.keys()


def test_a_dry_run_tells_it_too_and_writes_nothing(home: Settings) -> None:
    before = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    outcome = rehearse(home, ANN)
    assert {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()} == before
    assert outcome.places["bronze"] == (3, 4)
    assert outcome.places["quarantine"] == (1, 1)
    assert home.landing / "salesforce" / str(FIRST) / "Contact.csv" in outcome.left


def test_rows_keep_their_keys_and_what_is_not_personal(home: Settings) -> None:
    before = bronze(home, "contact")
    forget(home, ANN)
    after = bronze(home, "contact")
    personal = ["Email", "FirstName", "LastName", "Phone", "extra__nickname"]
    assert after.drop(personal).equals(before.drop(personal))
    assert after.filter(Id=BOB_ID).equals(before.filter(Id=BOB_ID))
    assert after.filter(Id=ANN_ID).select(personal).row(0) == (None,) * len(personal)


def test_what_others_wrote_about_the_person_goes(home: Settings) -> None:
    forget(home, ANN)
    said = bronze(home, "task")["Subject"].to_list()
    assert said == [None, "Lunch with Bob", f"Ask forgotten and {BOB}"]


def test_the_account_of_every_file_still_closes(home: Settings) -> None:
    before = Ledger(home.ledger).loads
    forget(home, ANN)
    after = Ledger(home.ledger).loads
    for old, new in zip(before, after, strict=True):
        assert (new.rows_read, new.rows_accepted, new.rows_quarantined) == (
            old.rows_read, old.rows_accepted, old.rows_quarantined,
        )  # fmt: skip
        rows = pl.read_parquet(home.bronze / f"{new.load_id}.parquet")
        assert len(rows) == new.rows_accepted
    (refused,) = home.quarantine.glob("*/*/*/*.parquet")
    assert len(pl.read_parquet(refused)) == 2


def test_landed_files_written_anew_are_not_due_again(home: Settings) -> None:
    forget(home, ANN)
    due = survey(home, Ledger(home.ledger)).files.get(FIRST, [])
    assert [file.name for file in due if file.reload_of is None] == []


def test_a_landed_file_loses_nothing_but_the_person(home: Settings) -> None:
    forget(home, ANN)
    landed = home.landing / "salesforce" / str(FIRST)
    assert (landed / "Contact.csv").read_text() == CONTACTS.replace(
        'Ann.Lee@Shop.example,Ann,"Lee, ""Mrs""",+1 555 010-1234',
        'forgotten,forgotten,"forgotten",forgotten',
    ).replace("Annie", "forgotten")
    assert gzip.decompress((landed / "Lead.csv.gz").read_bytes()).decode() == LEADS.replace(
        ANN, "forgotten"
    )


def test_a_landed_file_of_another_kind_goes_once_it_is_loaded(settings: Settings) -> None:
    path = land(settings, "salesforce", FIRST, {}) / "Contact.parquet"
    rows = pl.read_csv(CONTACTS.encode(), infer_schema=False)
    rows.write_parquet(path)
    heal(settings)
    load_night(settings, FIRST, "run", "salesforce")
    assert forget(settings, ANN).left == [path]
    accept(settings)
    assert forget(settings, ANN).removed == [path]


def test_a_version_keeps_its_rows_keys_and_comments(home: Settings) -> None:
    forget(home, ANN)
    path = home.published.resolve()
    assert path.stat().st_mode & 0o777 == 0o444
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("from marts.fct_lead order by days").fetchall() == [
            (f"salesforce:{LEAD_ID}", "salesforce", LEAD_ID, None, None, 7),
            (f"other:{LEAD_ID}", "other", LEAD_ID, "bb", "shop.example", 8),
        ]
        assert connection.execute("select distinct said from marts.note").fetchall() == [
            (f"wrote to forgotten, {BOB}",)
        ]
        comments = (
            "select comment from duckdb_tables() union all select comment from duckdb_columns()"
        )
        assert {("It's a note.",), ("What was said.",)} <= set(
            connection.execute(comments).fetchall()
        )
    assert [each.name for each in home.warehouse.glob(".*")] == [".candidate"]


def test_a_reader_with_a_version_open_reads_on(home: Settings) -> None:
    with duckdb.connect(str(home.published.resolve()), read_only=True) as reader:
        reader.execute("select count(*) from marts.fct_lead")
        forget(home, ANN)
        assert reader.execute("select count(*) from marts.note").fetchone() == (5000,)


def test_a_later_extract_does_not_bring_the_person_back(home: Settings) -> None:
    forget(home, ANN)
    moved = CONTACTS.replace("Ann.Lee@Shop.example", "ann@new.example").replace("Buyer", "Boss")
    land(home, "salesforce", SECOND, {"Contact.csv": moved, "Lead.csv": LEADS, "Task.csv": TASKS})
    load_night(home, SECOND, "second", "salesforce")
    accept(home)
    newest = bronze(home, "contact").filter(_batch_date=SECOND)
    assert newest["Email"].to_list() == [None, BOB]
    assert newest["Title"].to_list() == ["Annalist", "Boss"]
    kept = [home.bronze, home.quarantine]
    needles = Needles([ANN, "ann@new.example", "+1 555 010-1234", "Lunch with Ann"])
    found = find_everywhere(home, needles)
    assert [path for path in found if any(path.is_relative_to(each) for each in kept)] == []


def test_by_an_id_only_that_record_goes(home: Settings) -> None:
    forget(home, ANN_ID)
    assert bronze(home, "contact")["Email"].to_list() == [None, BOB]
    assert bronze(home, "lead")["Email"].to_list() == [ANN]


def test_an_id_of_fifteen_characters_is_understood(home: Settings) -> None:
    assert forget(home, ANN_ID[:15]).records == 1


def test_what_an_open_database_has_not_yet_taken_in_is_cleared_and_not_broken(
    home: Settings,
) -> None:
    """Dagster's page may be open: then new events stand in a journal beside the database."""
    path = home.dagster_home / "events.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("delete from event_logs")
        connection.commit()
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.executemany("insert into event_logs (event) values (?)", [(ANN,), (BOB,)])
        connection.commit()
        held = [each.name for each in find(home.dagster_home, Needles([ANN]))]
        assert held == ["events.db-wal"]
        outcome = forget(home, ANN)
        events = connection.execute("select event from event_logs order by id").fetchall()
    assert (outcome.left, events) == ([], [("forgotten",), (BOB,)])


def test_an_address_that_nobody_bears_is_kept_out_all_the_same(home: Settings) -> None:
    assert forget(home, "eve@shop.example") == Outcome(0, searched=1, is_remembered=True)
    land(home, "salesforce", SECOND, {"Contact.csv": CONTACTS.replace(BOB, "Eve@shop.example")})
    load_night(home, SECOND, "second", "salesforce")
    assert "Eve@shop.example" not in bronze(home, "contact")["Email"].to_list()


def bytes_of(home: Settings) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}


def command(home: Settings, *arguments: str) -> tuple[int, str]:
    """Exit status and words of `flywheel forget`, lines and frames taken out."""
    result = CliRunner().invoke(
        app, ["forget", *arguments], env={"FLYWHEEL_HOME": str(home.root), "COLUMNS": "120"}
    )
    return result.exit_code, " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())


@pytest.mark.parametrize("said", ["", "  ", "Ann Lee", "Ann", "@", "ann@", "ann lee@shop.example"])
@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["", "dry"])
def test_who_is_named_by_neither_address_nor_id_is_asked_for_one(
    home: Settings, said: str, options: list[str]
) -> None:
    before = bytes_of(home)
    status, text = command(home, said, *options)
    assert status == 2
    assert "is no e-mail address and no id of a contact or lead" in text
    assert "searched every byte" not in text
    assert bytes_of(home).items() >= before.items()


@pytest.mark.parametrize("said", ["0035g00000NOSUCHAA", "4711"])
def test_an_id_that_no_record_has_is_told_as_such(home: Settings, said: str) -> None:
    before = bytes_of(home)
    status, text = command(home, said)
    assert status == 2
    assert f"no contact and no lead has the id {said}" in text
    assert "searched every byte" not in text
    assert bytes_of(home).items() >= before.items()


def test_an_address_that_no_record_bears_is_told_with_what_was_done(home: Settings) -> None:
    status, text = command(home, "eve@shop.example")
    assert status == 0
    assert "0 records of contacts and leads" in text
    assert "no record bears this address. Its text was searched for in every byte" in text
    assert "Later extracts will not bring the person back" in text


def test_a_record_without_an_address_proves_nothing_by_a_search(home: Settings) -> None:
    assert "searched every byte" in command(home, ANN_ID)[1]
    status, text = command(home, ANN_ID)
    assert status == 0
    assert "hold no address and no number that could be searched for" in text
    assert "searched every byte" not in text


@pytest.mark.parametrize("act", [forget, rehearse])
@pytest.mark.parametrize("with_bronze", [False, True])
def test_a_home_without_its_ledger_proves_nothing(
    home: Settings, act: Callable[[Settings, str], Outcome], with_bronze: bool
) -> None:
    if with_bronze:
        home.ledger.unlink()
        copy_of(home.ledger).unlink()
    else:
        shutil.rmtree(home.bronze)
    with pytest.raises(LedgerDamagedError, match="gone"):
        act(home, ANN)


def test_a_lost_ledger_is_restored_from_its_copy_before_anybody_is_forgotten(
    home: Settings,
) -> None:
    home.ledger.unlink()
    assert forget(home, ANN).records == 2


STEPS = [
    "remember_forgotten", "_clear_bronze", "_clear_quarantine", "_clear_landing",
    "rewrite_version", "mask_bronze", "rewrite_file",
]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
def test_a_run_that_was_cut_off_is_completed_by_the_next(
    home: Settings, monkeypatch: pytest.MonkeyPatch, step: str, is_done: bool
) -> None:
    real: Callable[..., Any] = getattr(forgetting, step)

    def cut_off(*arguments: Any, **more: Any) -> None:
        if is_done:
            real(*arguments, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, step, cut_off)
        with pytest.raises(KeyboardInterrupt):
            forget(home, ANN)
    assert forget(home, ANN).left == []
    marks = [ANN, "+1 555 010-1234", "Lunch with Ann", "Annie"]
    assert find_everywhere(home, Needles(marks)) == []
    assert survey(home, Ledger(home.ledger)).files.get(SECOND, []) == []


def test_forgetting_another_completes_the_one_that_was_cut_off(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "_clear_landing", cut_off)
        with pytest.raises(KeyboardInterrupt):
            forget(home, ANN)
    forget(home, BOB)
    assert find_everywhere(home, Needles([ANN, BOB])) == [
        home.landing / "salesforce" / str(FIRST) / "notes.bin"
    ]


def spoil(path: Path) -> None:
    spoil_rows(path, "marts.note")


def cut_off(path: Path) -> None:
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size - 1)


DAMAGES = pytest.mark.parametrize("damage", [spoil, cut_off])


@pytest.fixture
def notes(home: Settings) -> Path:
    """Where a run writes down whom it is about to forget."""
    home.privacy.mkdir()
    return home.privacy / "forgetting.json"


@pytest.fixture
def older(home: Settings) -> Path:
    """A version that readers do not see."""
    path = home.warehouse / "flywheel.2025-08-31-001.duckdb"
    shutil.copyfile(home.published, path)
    return path


@DAMAGES
def test_a_damaged_version_that_nobody_sees_is_removed_and_holds_nobody_back(
    home: Settings, older: Path, damage: Callable[[Path], None]
) -> None:
    damage(older)
    status, text = command(home, ANN)
    assert status == 0
    assert f"{older} was removed: it cannot be read" in text
    assert "versions 1 files" in text
    assert not older.exists()
    assert find_everywhere(home, Needles([ANN])) == []


@DAMAGES
def test_a_dry_run_tells_of_a_damaged_version_and_leaves_it(
    home: Settings, older: Path, damage: Callable[[Path], None]
) -> None:
    damage(older)
    status, text = command(home, ANN, "--dry-run")
    assert status == 0
    assert f"{older} would be removed: it cannot be read" in text
    assert older.exists()


@DAMAGES
@pytest.mark.parametrize("act", [forget, rehearse])
def test_a_damaged_version_that_readers_see_is_told_before_anything_is_written(
    home: Settings, damage: Callable[[Path], None], act: Callable[[Settings, str], Outcome]
) -> None:
    shown = home.published.resolve()
    damage(shown)
    before = bytes_of(home)
    with pytest.raises(HelpNeededError, match=r"cannot be read.*\n.*nightly --full-refresh"):
        act(home, ANN)
    assert bytes_of(home) == before


def test_damaged_versions_are_told_where_another_forgetting_is_completed_first(
    home: Settings, older: Path, notes: Path
) -> None:
    noted = {"said": ANN, "ids": [], "records": [], "emails": [ANN], "texts": [ANN], "values": []}
    notes.write_text(json.dumps(noted))
    cut_off(older)
    assert forget(home, BOB).damaged == [older]
    assert find_everywhere(home, Needles([ANN])) == []


@pytest.mark.parametrize("said", [b"", b'{"said": "ann', b"[]", b'{"said": "ann", "x": [1]}'])
def test_notes_of_a_forgetting_that_cannot_be_read_are_told_with_what_to_do(
    home: Settings, notes: Path, said: bytes
) -> None:
    notes.write_bytes(said)
    with pytest.raises(HelpNeededError, match=rf"{notes} cannot be read .*move it aside"):
        forget(home, BOB)
    notes.unlink()
    assert forget(home, BOB).records
