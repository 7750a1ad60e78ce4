"""Exports of the Salesforce Data Loader: upper-case headers, Latin-1, `""` for nothing.

The figures are those that the data's own README gives; names are compared with what Python's csv
module reads. The stages are made here: the Data Loader's samples hold none.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.nightly import NightOutcome, run_nights
from orchestration.settings import Settings

NIGHT = date(2010, 1, 1)
STAGES = {
    "Prospecting": 9,
    "Closed Won": 8,
    "Value Proposition": 8,
    "Id. Decision Makers": 4,
    "Negotiation/Review": 4,
    "Proposal/Price Quote": 4,
    "Needs Analysis": 1,
}

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def exports(real_data: Path) -> Path:
    return real_data / "salesforce_dataloader"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("dataloader"))


@pytest.fixture(scope="module")
def outcome(settings: Settings, exports: Path) -> NightOutcome:
    """One night with the four files as they are."""
    folder = settings.landing / "salesforce" / NIGHT.isoformat()
    shutil.copytree(exports, folder)
    header = (
        "ID,APINAME,MASTERLABEL,SORTORDER,ISACTIVE,ISCLOSED,ISWON,DEFAULTPROBABILITY,"
        "FORECASTCATEGORYNAME"
    )
    rows = [
        f"01J{number:012d}AAA,{stage},{stage},{number},true,{stage == 'Closed Won'},"
        f"{stage == 'Closed Won'},,"
        for number, stage in enumerate(STAGES)
    ]
    (folder / "opportunityStageExtract.csv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "_SUCCESS").touch()
    (outcome,) = run_nights(settings, [NIGHT])
    return outcome


@pytest.fixture(scope="module")
def ask(settings: Settings, outcome: NightOutcome) -> Iterator[Ask]:
    assert outcome.publication is not None, outcome.failure
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        yield lambda query: connection.execute(query).fetchall()


def texts(path: Path, column: str) -> list[str]:
    with path.open(encoding="latin-1", newline="") as file:
        return [row[column] for row in csv.DictReader(file)]


def test_the_night_is_published_without_a_refused_row(outcome: NightOutcome) -> None:
    assert outcome.publication is not None, outcome.failure
    assert {load.object: load.rows_accepted for load in outcome.loads} == {
        "opportunity": 38,
        "account": 423,
        "opportunity_stage": 7,
    }
    assert sum(load.rows_quarantined for load in outcome.loads) == 0


def test_every_opportunity_and_every_cent_arrives(ask: Ask) -> None:
    assert ask("select count(*), sum(amount) from marts.fct_opportunity") == [
        (38, Decimal("6270000.00"))
    ]


def test_stages_are_counted(ask: Ask) -> None:
    found = ask(
        """
        select stage_name, count(*) from marts.fct_opportunity
        inner join marts.dim_stage on current_stage_key = stage_key
        group by 1
        """
    )

    assert dict(found) == STAGES


def test_every_account_has_its_name_in_any_script(ask: Ask, exports: Path) -> None:
    names = texts(exports / "accountData.csv", "NAME")
    found = ask("select account_name from staging.stg_salesforce__accounts")

    assert sorted(name for (name,) in found) == sorted(names)
    assert not all(name.isascii() for name in names)


def test_an_empty_text_is_no_value(ask: Ask, exports: Path) -> None:
    countries = texts(exports / "accountData.csv", "BILLINGCOUNTRY")

    assert ask("select count(*) from staging.stg_salesforce__accounts where country is null") == [
        (countries.count(""),)
    ]


def test_the_custom_column_of_both_exports_is_staged(ask: Ask, exports: Path) -> None:
    for name, model in (("opportunity", "opportunities"), ("account", "accounts")):
        said = texts(exports / f"{name}Data.csv", "ORACLE_ID__C")
        staged = ask(f"select coalesce(oracle_id__c, '') from staging.stg_salesforce__{model}")
        assert sorted(text for (text,) in staged) == sorted(said)
