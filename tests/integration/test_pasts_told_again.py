"""A source that tells whole pasts every night costs what differs in them.

Belongs here: which opportunities a later night computes anew when it is told again what it knew.
Does not belong here: the same of HubSpot (test_hubspot.py), and that nights give what a rebuild
gives whatever happens (test_nights_agree_with_reference.py).
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from orchestration.bronze.night import accept, heal, load_night
from orchestration.gate.scope import OPPORTUNITIES
from orchestration.settings import Settings
from orchestration.simulation import simulate
from tests.integration.comparing import difference_of_tables
from tests.integration.marts import build_night

NIGHTS = (date(2025, 9, 28), date(2025, 9, 29))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("told again") / "home")


@pytest.fixture(scope="module")
def differing(home: Settings) -> set[str]:
    """A night that sends everything again, but for a record of history that differs, one
    more, and one less. Built; the opportunities of whose pasts more is known now.
    """
    simulate(home.landing, opportunities=200, nights=1, seed=5, first_night=NIGHTS[0])
    first, second = (home.landing / "salesforce" / f"{night}" for night in NIGHTS)
    shutil.copytree(first, second)
    history = pl.read_csv(second / "OpportunityHistory.csv", infer_schema=False)
    ids = history["OpportunityId"].unique(maintain_order=True)
    corrected, continued, shortened = (history.filter(OpportunityId=ids[i]) for i in (10, 20, 30))
    others = history.filter(
        ~pl.col("Id").is_in([corrected["Id"][0], shortened["Id"][-1]], nulls_equal=True)
    )
    again = corrected.head(1).with_columns(Amount=pl.lit("123456.00"))
    more = continued.tail(1).with_columns(
        Id=pl.lit("008zz0000000001AAA"), CreatedDate=pl.lit("2025-09-28T20:00:00.000Z")
    )
    pl.concat([others, again, more]).write_csv(second / "OpportunityHistory.csv")
    heal(home)
    for night in NIGHTS:
        load_night(home, night, f"run of {night}", "salesforce")
        accept(home)
        reason = build_night(home)
    assert reason is None
    return {f"salesforce:{ids[10]}", f"salesforce:{ids[20]}"}


def test_only_opportunities_whose_past_differs_are_computed_anew(
    home: Settings, differing: set[str]
) -> None:
    with duckdb.connect(str(home.candidate), read_only=True) as connection:
        anew = connection.execute(f"select opportunity_key from {OPPORTUNITIES.table}").fetchall()
    assert {key for (key,) in anew} == differing


def test_the_night_gives_what_a_rebuild_gives(home: Settings, differing: set[str]) -> None:
    assert differing
    nightly = Path(shutil.copy(home.candidate, home.warehouse / "nightly.duckdb"))
    build_night(home, full_refresh=True)
    assert difference_of_tables(nightly, home.candidate) is None
