"""What is counted of a load, and that the counts follow bronze.

Belongs here: counting the rows of loads. Does not belong here: what is usual
(tests/integration/test_what_is_usual.py).
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from orchestration.bronze.night import accept, heal, load_night
from orchestration.bronze.profile import remember_profiles
from orchestration.bronze.watched import watched_columns
from orchestration.privacy.proof import Needles, find
from orchestration.settings import Settings
from orchestration.sources.catalog import canonical_contracts, native_sources
from orchestration.sources.contract import Contract
from tests.conftest import land
from tests.faults.damages import ACME, DAMAGES, Damage

NIGHT = date(2025, 9, 1)
STAGES = "Id,ApiName,MasterLabel,SortOrder,IsActive,IsClosed,IsWon\n"
STAGES += "01J5g00000DXB8SEAX,Open,Open,1,true,false,false\n"
HEADER = (
    "Id,AccountId,OwnerId,Name,StageName,Amount,CloseDate,CreatedDate,IsClosed,IsWon,IsDeleted,"
    "Type,LeadSource,Probability,LastModifiedDate,SystemModstamp\n"
)
ONE, OTHER = "0065g00000DXBbxAAH", "0065g00000DXBcEAAX"
CONTRACTS = [
    *canonical_contracts().values(),
    *(each for source in native_sources().values() for each in source.contracts.values()),
]


def deal(key: str, amount: str, hour: int, source: str = "Web") -> str:
    instant = f"2025-09-01T{hour:02}:30:00.000Z"
    return (
        f"{key},,,Deal,Open,{amount},2025-10-01,{instant},false,false,false,,{source},10,"
        f"{instant},{instant}\n"
    )


def profile_of(settings: Settings, deals: str, night: date = NIGHT, history: str = "") -> None:
    """Land, load and count a night of Salesforce."""
    files: dict[str, str | bytes] = {
        "OpportunityStage.csv": STAGES,
        "Opportunity.csv": HEADER + deals,
    }
    if history:
        files["OpportunityHistory.csv"] = history
    land(settings, "salesforce", night, files)
    heal(settings)
    load_night(settings, night, f"run of {night}", "salesforce")
    remember_profiles(settings)


def counts(settings: Settings, topic: str, column: str) -> dict[str, int]:
    rows = pl.read_parquet(settings.operations / "load_profile.parquet").filter(
        (pl.col("topic") == topic) & (pl.col("column_name") == column)
    )
    return dict(zip(rows["label"], rows["measured"], strict=True))


def test_empty_values_magnitudes_hours_and_horizons_are_counted(settings: Settings) -> None:
    profile_of(settings, deal(ONE, "950.00", 9) + deal(OTHER, "", 23, source=""))
    assert counts(settings, "nulls", "Amount") == {"empty": 1, "filled": 1}
    assert counts(settings, "kind", "LeadSource") == {"Web": 1}
    assert counts(settings, "amount", "Amount") == {"1e2": 1}
    assert counts(settings, "hour", "CreatedDate") == {"9 to 12 h": 1, "21 to 24 h": 1}
    assert counts(settings, "horizon", "CloseDate") == {"within a quarter": 2}


@pytest.mark.parametrize(
    ("amount", "label"), [("0", "0"), ("-5", "below 0"), ("1000", "1e3"), ("0.5", "1e-1")]
)
def test_an_amount_is_counted_by_its_order_of_magnitude(
    settings: Settings, amount: str, label: str
) -> None:
    profile_of(settings, deal(ONE, amount, 9))
    assert counts(settings, "amount", "Amount") == {label: 1}


def test_addresses_and_numbers_in_a_label_are_not_kept_and_counted_as_one(
    settings: Settings,
) -> None:
    said = "Referral by {} tel +1 555 765-4321"
    profile_of(
        settings,
        deal(ONE, "1", 9, source=said.format("max@friend.example"))
        + deal(OTHER, "1", 9, source=said.format("eve@friend.example")),
    )
    assert counts(settings, "kind", "LeadSource") == {"Referral by [e-mail] tel [phone]": 2}
    assert find(settings.operations, Needles(["@friend.example", "765-4321"])) == []


def test_rows_that_repeat_a_key_are_counted(settings: Settings) -> None:
    profile_of(settings, deal(ONE, "1", 9) + deal(ONE, "2", 10) + deal(OTHER, "3", 11))
    assert counts(settings, "keys", "Id") == {"first": 2, "repeated": 1}


def test_the_last_instants_of_the_newest_days_are_kept_in_seconds(settings: Settings) -> None:
    the_day_before = deal(ONE, "1", 9).replace("2025-09-01T", "2025-08-31T")
    profile_of(settings, the_day_before + deal(ONE, "1", 9) + deal(OTHER, "1", 23))
    newest = counts(settings, "newest", "SystemModstamp")
    assert newest == {"1": 1_756_769_400, "2": 1_756_632_600}


def test_rows_that_are_newer_than_all_before_are_counted(settings: Settings) -> None:
    profile_of(settings, deal(ONE, "1", 9) + deal(OTHER, "1", 10))
    assert counts(settings, "newer", "SystemModstamp") == {}
    accept(settings)
    profile_of(settings, deal(ONE, "1", 9) + deal(OTHER, "1", 11), NIGHT + timedelta(days=1))
    assert counts(settings, "newer", "SystemModstamp") == {"newer": 1, "known": 1}


def test_a_stamp_of_the_future_does_not_make_every_row_old(settings: Settings) -> None:
    profile_of(
        settings, deal(ONE, "1", 9) + deal(OTHER, "1", 9).replace("2025-09-01T", "2031-01-01T")
    )
    accept(settings)
    profile_of(settings, deal(ONE, "1", 12), NIGHT + timedelta(days=1))
    assert counts(settings, "newer", "SystemModstamp") == {"newer": 1, "known": 0}


def test_values_that_differ_from_the_night_before_are_counted_in_full_extracts(
    settings: Settings,
) -> None:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME)
    for day, rows in enumerate(["a1,Retail\na2,Energy\na3,\n", "a1,Retail\na2,Oil\na3,\na4,Oil\n"]):
        night = NIGHT + timedelta(days=day)
        land(settings, "acme", night, {"accounts.csv": f"id,industry\n{rows}"})
        load_night(settings, night, f"run of {night}", "acme")
        remember_profiles(settings)
        accept(settings)
    assert counts(settings, "changes", "industry") == {"changed": 1, "same": 2}


def history_of(*keys: str) -> str:
    header = "Id,OpportunityId,StageName,Amount,CloseDate,Probability,ForecastCategory,"
    header += "ExpectedRevenue,CreatedDate,CreatedById,IsDeleted\n"
    rows = (
        f"0085g00000DXDG{number}AAP,{key},Open,1,2025-10-01,10,Pipeline,1,"
        "2025-09-01T09:00:00.000Z,,false\n"
        for number, key in enumerate(keys)
    )
    return header + "".join(rows)


def test_history_without_its_record_is_counted_until_the_record_comes(settings: Settings) -> None:
    history = history_of(ONE, ONE, OTHER)
    profile_of(settings, deal(ONE, "1", 9), history=history)
    assert counts(settings, "records", "OpportunityId") == {"delivered": 2, "missing": 1}
    profile_of(settings, deal(ONE, "1", 9) + deal(OTHER, "1", 10), history=history)
    assert counts(settings, "records", "OpportunityId") == {"delivered": 3, "missing": 0}


@pytest.mark.parametrize("damage", DAMAGES)
def test_counts_that_are_lost_are_taken_from_bronze_again(
    settings: Settings, damage: Damage
) -> None:
    profile_of(settings, deal(ONE, "1", 9))
    accept(settings)
    path = settings.operations / "load_profile.parquet"
    before = pl.read_parquet(path)
    damage(path)
    remember_profiles(settings)
    assert pl.read_parquet(path).equals(before)


def test_nights_older_than_a_hundred_days_are_forgotten(settings: Settings) -> None:
    profile_of(settings, deal(ONE, "1", 9))
    accept(settings)
    profile_of(settings, deal(ONE, "2", 9), NIGHT + timedelta(days=101))
    assert counts(settings, "amount", "Amount") == {"1e0": 1}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_a_watched_column_is_one_of_its_contract(contract: Contract) -> None:
    names = {column.name for column in contract.columns}
    assert {watched.column for watched in watched_columns(contract)} <= names
