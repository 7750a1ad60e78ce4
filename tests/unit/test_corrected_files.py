"""Files that people land once more in the same place: what was put last is what counts.

Belongs here: corrections that are taken back, and those of one source in a night of several. Does
not belong here: what a night loads at all (test_bronze_loading.py).
"""

from __future__ import annotations

import os
from datetime import date

import polars as pl
import pytest

from orchestration.bronze.due import survey
from orchestration.bronze.night import accept, load_night, refuse
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from tests.conftest import describe, land

NIGHT = date(2025, 9, 1)
CRM = """\
source: crm
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    extract: delta
    columns: {opportunity_id: id, stage: {column: state}, amount: value}
"""
BANK = CRM.replace("source: crm", "source: bank")
RIGHT = "id,state,value\nd1,Open,100\nd2,Won,200\n"
WRONG = "id,state,value\nd1,Open,10000\nd3,Won,300\n"


@pytest.fixture
def home(settings: Settings) -> Settings:
    describe(settings, CRM, "crm")
    return describe(settings, BANK, "bank")


def run(settings: Settings, run_id: str) -> list[Load]:
    """What a night loads of one source after the other."""
    return [
        load for source in ("bank", "crm") for load in load_night(settings, NIGHT, run_id, source)
    ]


def amounts(settings: Settings) -> list[tuple[str, int]]:
    """Id and amount of every row of the CRM in bronze, in the order of loading."""
    files = settings.bronze / "crm" / "opportunities" / "batch=*" / "*.parquet"
    rows = pl.read_parquet(files).sort("_load_number", "_row_number")
    return [(id_, int(amount)) for id_, amount in rows.select("opportunity_id", "amount").rows()]


def correct_wrongly(settings: Settings) -> None:
    """A file, and in the same place another one that is published after it."""
    for number, deals in enumerate((RIGHT, WRONG)):
        land(settings, "crm", NIGHT, {"deals.csv": deals})
        run(settings, f"run {number}")
        accept(settings)


def test_bytes_that_are_put_back_after_a_wrong_correction_count_again(home: Settings) -> None:
    correct_wrongly(home)
    land(home, "crm", NIGHT, {"deals.csv": RIGHT})
    (load,) = run(home, "put back")
    accept(home)

    assert load.status == "loaded"
    assert amounts(home)[-2:] == [("d1", 100), ("d2", 200)]


def test_a_file_that_is_put_back_with_its_old_time_is_looked_at(home: Settings) -> None:
    correct_wrongly(home)
    first = Ledger(home.ledger).loads[0]
    path = land(home, "crm", NIGHT, {"deals.csv": RIGHT}) / "deals.csv"
    os.utime(path, ns=(first.modified_ns, first.modified_ns))

    assert [file.name for file in survey(home, Ledger(home.ledger)).files[NIGHT]] == ["deals.csv"]


def test_a_refusal_of_what_was_put_back_takes_nothing_else_out_of_bronze(home: Settings) -> None:
    correct_wrongly(home)
    before = amounts(home)
    land(home, "crm", NIGHT, {"deals.csv": RIGHT})
    run(home, "put back")
    refuse(home)

    assert amounts(home) == before


def test_the_same_file_once_more_is_a_duplicate(home: Settings) -> None:
    correct_wrongly(home)
    land(home, "crm", NIGHT, {"deals.csv": WRONG})

    assert [load.status for load in run(home, "again")] == ["duplicate"]


@pytest.mark.parametrize("corrected", ["bank", "crm"])
def test_a_corrected_file_of_one_source_brings_those_of_the_others_along(
    home: Settings, corrected: str
) -> None:
    for source in ("bank", "crm"):
        land(home, source, NIGHT, {"deals.csv": WRONG})
    run(home, "refused")
    refuse(home)
    land(home, corrected, NIGHT, {"deals.csv": RIGHT})
    loaded = [load.source for load in run(home, "corrected")]

    assert loaded == ["bank", "crm"]
    assert Ledger(home.ledger).held() == []
