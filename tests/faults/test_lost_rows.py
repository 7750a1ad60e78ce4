"""Rows of published nights whose file is lost: read anew, asked for, or told of.

Belongs here: bronze and quarantine files, damaged or gone, one at a time, and what they are read
anew from. Does not belong here: the ledger, versions and the machine (test_recovery.py), what the
command prints of it (test_what_the_operator_sees.py).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from orchestration.bronze.lost import LostRowsOfBronzeError
from orchestration.bronze.night import accept, heal, load_night
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.bronze.quarantine import waiting
from orchestration.bronze.reload import plan_reload
from orchestration.extracts.ledger import Ledger
from orchestration.nightly import plan
from orchestration.privacy.forget import forget
from orchestration.privacy.proof import Needles, find
from orchestration.privacy.retention import apply_retention
from orchestration.recovery import recover
from orchestration.settings import Settings
from tests.conftest import land
from tests.faults.damages import ACME, DAMAGES, NIGHT, Damage, load_acme

PEOPLE = """\
source: acme
extract: delta
objects:
  contacts:
    files: people.csv
    key: contact_id
    columns: {contact_id: id, email: mail, created_at: since}
"""
DEALS = """\
source: acme
objects:
  opportunities:
    files: deals.csv
    key: opportunity_id
    columns:
      opportunity_id: id
      stage: state
      close_date: {column: close, format: "%Y-%m-%d"}
max_refused_share: 1
pipelines:
  - {name: default, stages: [Open], won: Won, lost: Lost}
"""


@pytest.fixture
def loaded(settings: Settings) -> Settings:
    """A home with one accepted load of two rows, and one quarantined row."""
    return load_acme(settings)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_bronze_file_is_read_anew_from_landing(loaded: Settings, damage: Damage) -> None:
    (load,) = Ledger(loaded.ledger).loads
    path = accepted_path(loaded, load)
    before = path.read_bytes()
    damage(path)

    (told,) = recover(loaded)
    assert "acme/accounts of 2025-09-28, accounts.csv" in told
    assert path.read_bytes() == before
    assert Ledger(loaded.ledger).loads == [load]


def test_a_lost_bronze_file_whose_extract_is_gone_names_the_extract(loaded: Settings) -> None:
    (load,) = Ledger(loaded.ledger).loads
    accepted_path(loaded, load).unlink()
    shutil.rmtree(loaded.landing)

    with pytest.raises(LostRowsOfBronzeError) as refused:
        recover(loaded)
    said = str(refused.value)
    for word in ("acme/accounts of 2025-09-28", "2 rows of accounts.csv", load.checksum[:12]):
        assert word in said
    assert "Put these extracts back" in said


def test_another_file_in_the_place_of_the_lost_extract_is_not_taken_for_it(
    loaded: Settings,
) -> None:
    """Of as many bytes, as a changed digit leaves them."""
    (load,) = Ledger(loaded.ledger).loads
    accepted_path(loaded, load).unlink()
    landed = loaded.landing / "acme" / "2025-09-28" / "accounts.csv"
    landed.write_text(landed.read_text().replace("a2", "a3"))

    with pytest.raises(LostRowsOfBronzeError):
        recover(loaded)
    assert not accepted_path(loaded, load).exists()


def test_the_extract_is_known_by_its_bytes_under_another_name(loaded: Settings) -> None:
    (load,) = Ledger(loaded.ledger).loads
    accepted_path(loaded, load).unlink()
    (loaded.user_sources / "acme.yml").write_text(ACME.replace("accounts.csv", "acc*.csv"))
    landed = loaded.landing / "acme" / "2025-09-28" / "accounts.csv"
    landed.rename(landed.with_name("accounts again.csv"))

    recover(loaded)
    assert accepted_path(loaded, load).exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_quarantine_file_is_read_anew_from_landing(loaded: Settings, damage: Damage) -> None:
    (load,) = Ledger(loaded.ledger).loads
    path = quarantine_path(loaded, load)
    before, accepted = path.read_bytes(), accepted_path(loaded, load).stat().st_ino
    damage(path)

    assert recover(loaded) == [
        "lost refused rows were read anew: acme/accounts of 2025-09-28, accounts.csv"
    ]
    assert path.read_bytes() == before
    assert accepted_path(loaded, load).stat().st_ino == accepted


@pytest.mark.parametrize("damage", DAMAGES)
def test_lost_refused_rows_whose_extract_is_gone_are_told_of_once_and_stop_nothing(
    loaded: Settings, damage: Damage
) -> None:
    (load,) = Ledger(loaded.ledger).loads
    damage(quarantine_path(loaded, load))
    shutil.rmtree(loaded.landing)

    (told,) = recover(loaded)
    assert "refused rows are lost and cannot be read anew" in told
    assert recover(loaded) == []
    assert waiting(Ledger(loaded.ledger), loaded) == []


def test_refused_rows_that_went_for_their_age_are_not_taken_for_lost(loaded: Settings) -> None:
    rules = Settings(home=loaded.home, retain_quarantine_days=1)
    ledger = Ledger(loaded.ledger)
    newer = {"load_id": "x", "load_number": 9, "batch_date": NIGHT + timedelta(days=1)}
    ledger.add(replace(ledger.loads[0], **newer, status="duplicate", rows_quarantined=0))
    assert len(apply_retention(rules)) == 1

    assert recover(loaded) == []


def test_a_file_that_was_landed_with_a_forgotten_person_restores_the_rest(
    settings: Settings,
) -> None:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(PEOPLE)
    rows = "id,mail,since\nc1,ann@shop.example,2025-01-01\nc2,bob@shop.example,once\n"
    land(settings, "acme", NIGHT, {"people.csv": rows})
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    (load,) = Ledger(settings.ledger).loads
    forget(settings, "ann@shop.example")
    paths = [accepted_path(settings, load), quarantine_path(settings, load)]
    kept = {
        path: pl.read_parquet(path, columns=["_row_number"] if path == paths[0] else ["raw_text"])
        for path in paths
    }
    for path in paths:
        path.unlink()

    assert len(recover(settings)) == 1
    for path, rows_before in kept.items():
        assert pl.read_parquet(path, columns=rows_before.columns).equals(rows_before)
    assert find(settings.root, Needles(["ann@shop.example"])) == []


def test_what_is_read_anew_knows_nothing_of_a_forgotten_person(settings: Settings) -> None:
    """As when extracts lie in a bucket, which nobody writes anew."""
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(PEOPLE)
    rows = "id,mail,since\nc1,ann@shop.example,2025-01-01\nc2,ann@shop.example,once\n"
    landed = land(settings, "acme", NIGHT, {"people.csv": rows}) / "people.csv"
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    (load,) = Ledger(settings.ledger).loads
    instant = landed.stat().st_mtime_ns
    forget(settings, "ann@shop.example")
    landed.write_text(rows)
    os.utime(landed, ns=(instant, instant))
    Ledger(settings.ledger).update({load.load_id: {"bytes": len(rows)}})
    accepted_path(settings, load).unlink()
    quarantine_path(settings, load).unlink()

    recover(settings)
    assert pl.read_parquet(accepted_path(settings, load))["email"].to_list() == [None]
    assert find(settings.bronze, Needles(["ann@shop.example"])) == []
    assert find(settings.quarantine, Needles(["ann@shop.example"])) == []


def test_a_lost_table_of_a_source_file_is_written_anew(settings: Settings) -> None:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(DEALS)
    land(settings, "acme", NIGHT, {"deals.csv": "id,state,close\nd1,Open,\n"})
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    loads = {load.object: load for load in Ledger(settings.ledger).loads}
    path = accepted_path(settings, loads["stages"])
    before = path.read_bytes()
    path.unlink()

    (told,) = recover(settings)
    assert "acme/stages of 2025-09-28" in told
    assert path.read_bytes() == before


def test_lost_rows_that_had_been_refused_at_first_are_read_anew_from_quarantine(
    settings: Settings,
) -> None:
    settings.user_sources.mkdir(parents=True)
    source = settings.user_sources / "acme.yml"
    source.write_text(DEALS)
    land(settings, "acme", NIGHT, {"deals.csv": "id,state,close\nd1,Open,31.01.2025\n"})
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    source.write_text(DEALS.replace("%Y-%m-%d", "%d.%m.%Y"))
    plan_reload(settings, waiting(Ledger(settings.ledger), settings))
    (again,) = load_night(settings, NIGHT, "again", "acme")
    accept(settings)
    # Its file goes away once its rows are published.
    plan(settings, None, None)
    assert (again.rows_accepted, [*settings.reload.rglob("*.csv")]) == (1, [])
    path = accepted_path(settings, again)
    before = path.read_bytes()
    path.unlink()

    assert recover(settings)[0].startswith("lost bronze rows were read anew: acme/opportunities")
    assert path.read_bytes() == before


def test_rows_that_no_gate_has_judged_are_undone_and_not_asked_for(loaded: Settings) -> None:
    ledger = Ledger(loaded.ledger)
    ledger.mark([load.load_id for load in ledger.loads], "loaded")
    accepted_path(loaded, ledger.loads[0]).unlink()

    assert recover(loaded) == []
    assert len(heal(loaded)) == 1
