"""What is too old goes, counted in nights, and nothing goes unless a setting says so."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from orchestration.bronze.due import survey
from orchestration.bronze.night import accept, heal, load_night
from orchestration.extracts.ledger import Ledger
from orchestration.privacy.border import mask_bronze
from orchestration.privacy.retention import apply_retention, outdated
from orchestration.publication.versions import Publication, point_to, remember, version_path
from orchestration.settings import Settings
from tests.conftest import land

OLD, NEW = date(2025, 9, 1), date(2025, 9, 11)
CRM = """\
source: crm
extract: delta
objects:
  contacts:
    files: "people.csv"
    key: contact_id
    columns: {contact_id: id, email: mail, created_at: since, title: role}
"""


@pytest.fixture
def home(settings: Settings) -> Settings:
    """Two published nights ten days apart, each with a refused row and a version."""
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "crm.yml").write_text(CRM, encoding="utf-8")
    for night in (OLD, NEW):
        rows = f"id,mail,since,role\n1,a@{night}.example,2025-01-01,Boss\n2,b@c.example,once,\n"
        land(settings, "crm", night, {"people.csv": rows})
        heal(settings)
        load_night(settings, night, str(night), "crm")
        accept(settings)
    mask_bronze(settings)
    settings.warehouse.mkdir()
    entries = [publication(night) for night in (OLD, NEW)]
    for entry in entries:
        version_path(settings, entry.version).touch()
    remember(settings, entries)
    point_to(settings, entries[-1].version)
    return settings


def publication(night: date) -> Publication:
    return Publication(
        version=f"{night}-001", run_id="run", as_of_date=night, published_at=datetime(2025, 9, 12),
        table_count=1, row_count=1, check_count=1, warning_count=0, outcome="published",
        fingerprint="f", rolled_back_at=None,
    )  # fmt: skip


def with_(home: Settings, **days: int) -> Settings:
    return Settings(home=home.home, **days)


def test_nothing_goes_unless_it_is_said(home: Settings) -> None:
    assert apply_retention(home) == []


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("retain_landing_days", "landing"),
        ("retain_quarantine_days", "quarantine"),
        ("retain_version_days", "versions"),
    ],
)
def test_what_is_older_goes_and_the_rest_stays(home: Settings, setting: str, place: str) -> None:
    told = outdated(with_(home, **{setting: 10}))
    assert [each.place for each in told] == [place]
    assert str(OLD) in str(told[0].path)
    assert outdated(with_(home, **{setting: 11})) == []
    assert apply_retention(with_(home, **{setting: 10})) == told
    assert not told[0].path.exists()
    assert outdated(with_(home, **{setting: 1})) == []


def test_a_landed_night_that_was_refused_stays(home: Settings) -> None:
    ledger = Ledger(home.ledger)
    ledger.mark([load.load_id for load in ledger.loads if load.batch_date == OLD], "refused")
    assert outdated(with_(home, retain_landing_days=1)) == []


def test_a_landed_file_that_nobody_loaded_stays(home: Settings) -> None:
    (home.landing / "crm" / str(OLD) / "late.csv").write_text("id\n")
    told = outdated(with_(home, retain_landing_days=1))
    assert [each.path.name for each in told] == ["people.csv"]


def test_nights_without_their_landed_files_are_not_due(home: Settings) -> None:
    apply_retention(with_(home, retain_landing_days=1))
    landing = survey(home, Ledger(home.ledger))
    assert (landing.files, landing.absent) == ({}, survey(home, Ledger(home.ledger)).absent)


def test_the_version_that_readers_see_stays_however_old(home: Settings) -> None:
    point_to(home, f"{OLD}-001")
    assert outdated(with_(home, retain_version_days=1)) == []


def test_raw_values_leave_bronze_and_their_masks_stay(home: Settings) -> None:
    def rows(folder: Path) -> pl.DataFrame:
        files = folder / "crm" / "contacts" / "batch=*" / "*.parquet"
        return pl.read_parquet(files, hive_partitioning=False).sort("_batch_date")

    masks = rows(home.masked)
    before = rows(home.bronze)
    short = with_(home, retain_personal_days=10)
    assert [each.place for each in apply_retention(short)] == ["bronze"]
    assert rows(home.bronze)["email"].to_list() == [None, f"a@{NEW}.example"]
    assert rows(home.bronze).drop("email").equals(before.drop("email"))
    mask_bronze(home)
    assert rows(home.masked).equals(masks)
    assert apply_retention(short) == []
