"""Refused rows are shown without what they say of persons: in listings, samples and exports."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from orchestration.bronze.judge import judge_object
from orchestration.bronze.night import accept, heal, load_night
from orchestration.commands.quarantine import quarantine_app
from orchestration.extracts.ledger import Ledger
from orchestration.privacy.display import shown_record, shown_value
from orchestration.settings import Settings
from orchestration.sources.catalog import native_sources
from tests.conftest import land

NIGHT = date(2025, 9, 1)
CONTACT = native_sources()["salesforce"].contracts["contact"]
HUBSPOT = native_sources()["hubspot"].contracts["contact"]
HEADER = (
    "Id,AccountId,Email,FirstName,LastName,Phone,Title,OwnerId,CreatedDate,MasterRecordId,"
    "IsDeleted,SystemModstamp"
)
ROW = (
    '003000000000001AAA,,ann@shop.example,Ann,"Lee, Mrs",+1 555 010-1234,Buyer,,2025-08-01,,maybe,'
    "2025-08-01"
)
PERSONAL = ("ann@", "Ann", "Lee", "1234")


def test_of_a_record_what_no_tag_names_stays() -> None:
    assert shown_record(ROW, HEADER, CONTACT) == (
        "003000000000001AAA,,…,…,…,…,Buyer,,2025-08-01,,maybe,2025-08-01"
    )


def test_a_column_that_nobody_declared_is_hidden() -> None:
    assert shown_record("1,x", "Id,Nickname", CONTACT) == "1,…"


def test_a_record_that_cannot_be_taken_apart_is_hidden() -> None:
    assert shown_record("003,Ann,Lee", HEADER, CONTACT) == "[hidden: 11 characters]"


def test_a_record_without_tagged_columns_is_shown_as_it_is_less_addresses() -> None:
    assert shown_record('1,"x', "Id,Title", CONTACT) == '1,"x'
    assert shown_record("1,by a@b.example", "Id,Title", CONTACT) == "1,by [e-mail]"


def test_documents_keep_what_no_tag_names() -> None:
    raw = json.dumps({"id": "7", "properties": {"email": "a@b.example", "jobtitle": "Buyer"}})
    said = json.loads(shown_record(raw, None, HUBSPOT) or "")
    assert said == {"id": "7", "properties": {"email": "…", "jobtitle": "Buyer"}}


def test_a_record_of_a_source_that_is_gone_is_hidden() -> None:
    assert shown_record(ROW, None, None) == f"[hidden: {len(ROW)} characters]"
    assert shown_value("x", "Title", None) == "…"


def test_the_value_of_a_tagged_column_is_hidden() -> None:
    assert shown_value("Ann", "FirstName", CONTACT) == "…"
    assert shown_value("maybe", "IsDeleted", CONTACT) == "maybe"


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))
    land(settings, "salesforce", NIGHT, {"Contact.csv": f"{HEADER}\n{ROW}\n"})
    heal(settings)
    load_night(settings, NIGHT, "run", "salesforce")
    return settings


def test_samples_of_checks_hide_it(home: Settings) -> None:
    ledger = Ledger(home.ledger)
    held, _ = judge_object(home, CONTACT, ledger.loads, ledger)
    said = json.dumps(held.sample, default=str)
    assert '"column": "IsDeleted"' in said
    assert not any(each in said for each in PERSONAL)


def test_explaining_hides_it(home: Settings) -> None:
    accept(home)
    told = CliRunner().invoke(quarantine_app, ["explain"]).output
    assert "Buyer" in told
    assert not any(each in told for each in PERSONAL)


def test_it_is_shown_on_a_terminal_only(home: Settings) -> None:
    accept(home)
    result = CliRunner().invoke(quarantine_app, ["explain", "--show-personal"])
    assert result.exit_code == 2
    assert "terminal" in result.output
    assert not any(each in result.output for each in PERSONAL)


@pytest.mark.parametrize(("asked", "is_there"), [([], False), (["--show-personal"], True)])
def test_an_export_holds_it_when_asked_for_and_is_private(
    home: Settings, tmp_path: Path, asked: list[str], is_there: bool
) -> None:
    accept(home)
    path = tmp_path / "rows.parquet"
    result = CliRunner().invoke(quarantine_app, ["export", str(path), *asked])
    assert result.exit_code == 0, result.output
    assert ("ann@" in pl.read_parquet(path)["raw_text"][0]) is is_there
    assert path.stat().st_mode & 0o777 == 0o600
