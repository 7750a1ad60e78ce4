"""The worked examples of docs/examples give what their files say.

Belongs here: every example landed in one home, loaded and built, and compared with a reading of the
same files by plain Python (examples/). Does not belong here: which words of a source file they use
(unit/test_sources_guide.py), the marts of larger companies (test_marts_agree_with_reference.py).
"""

from __future__ import annotations

import hmac
import json
import os
import runpy
import shutil
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pytest

from orchestration.bronze.judge import judge_object
from orchestration.bronze.night import accept, heal, load_night
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.catalog import load_sources
from orchestration.sources.check import check_source_file
from tests.integration.examples.pipedrive import deals_by_id
from tests.integration.examples.reading import AS_OF, Said, json_lines
from tests.integration.examples.spreadsheet import REFUSED_DEAL
from tests.integration.marts import build_marts
from tests.reference.marts import reference_of
from tests.reference.quantities import Row

FOLDER = PROJECT_ROOT / "docs" / "examples"
DEAL_PAGES = sorted((FOLDER / "pipedrive" / "landing").glob("*/deals_*.json"))
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/*.yml"))
MARTS = ("dim_stage", "fct_opportunity", "fct_stage_visit", "fct_stage_reached")
STAGING = ("leads", "contacts", "activities", "accounts", "users", "products", "quotas")
NIGHTS = (date(2026, 1, 29), AS_OF)
MOST_BYTES = 100_000

each_example = pytest.mark.parametrize("name", NAMES)


# --- all examples in one home ----------------------------------------------------------------


@dataclass(frozen=True)
class Home:
    """One home that every example was landed in, loaded and built."""

    settings: Settings
    loads: list[Load]
    refused: dict[str, list[str]]
    said: dict[str, Said]

    def ask(self, query: str, *values: Any) -> list[tuple]:
        """Ask the candidate."""
        with duckdb.connect(str(self.settings.candidate), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()

    def rows(self, mart: str, source: str) -> list[Row]:
        """The rows of a mart that are about opportunities of one source."""
        with duckdb.connect(str(self.settings.candidate), read_only=True) as connection:
            cursor = connection.execute(
                f"from marts.{mart} where starts_with(opportunity_key, ? || ':')", [source]
            )
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def bronze(self, source: str, object_: str) -> pl.DataFrame:
        """All accepted rows of an object."""
        return pl.read_parquet(
            self.settings.bronze / source / object_ / "batch=*" / "*.parquet",
            missing_columns="insert",
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = Settings(home=tmp_path_factory.mktemp("examples") / "home")
    settings.user_sources.mkdir(parents=True)
    for name in NAMES:
        shutil.copytree(FOLDER / name / "landing", settings.landing / name)
        shutil.copy(FOLDER / name / f"{name}.yml", settings.user_sources)
    loads: list[Load] = []
    refused: dict[str, list[str]] = {name: [] for name in NAMES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(settings.home))
        for night in NIGHTS:
            heal(settings)
            for name in NAMES:
                loaded = load_night(settings, night, f"run-{night}", name)
                loads += loaded
                refused[name] += refusals(settings, name, loaded)
            accept(settings)
        build_marts(settings, [*MARTS, *(f"stg_mapped__{object_}" for object_ in STAGING)])
        said = {
            name: import_module(f"tests.integration.examples.{name}").read(
                FOLDER / name / "landing"
            )
            for name in NAMES
        }
        yield Home(settings, loads, refused, said)


def refusals(settings: Settings, name: str, loads: list[Load]) -> list[str]:
    """What the gate of bronze holds against some loads of a night."""
    ledger = Ledger(settings.ledger)
    contracts = load_sources(settings.user_sources)[name].contracts.items()
    judged = [
        judge_object(settings, contract, [load for load in loads if load.object == object_], ledger)
        for object_, contract in contracts
    ]
    return [f"{held.suite}: {held.observed}" for held, _ in judged if not held.success]


# --- from file to mart -----------------------------------------------------------------------


@each_example
def test_every_row_of_every_file_is_accepted_but_the_one_that_the_readme_tells_of(
    home: Home, name: str
) -> None:
    loads = [load for load in home.loads if load.source == name]
    assert [(load.file, load.error) for load in loads if load.error] == []
    assert {load.rows_read - load.rows_accepted for load in loads} <= {0, 1}
    refused = [load.name for load in loads if load.rows_quarantined]
    assert refused == (["spreadsheet/opportunities"] if name == "spreadsheet" else [])


@each_example
def test_every_object_of_a_source_file_gets_rows(home: Home, name: str) -> None:
    """A pattern that matches no landed file would pass unseen."""
    contracts = load_sources(home.settings.user_sources)[name].contracts
    with_rows = {load.object for load in home.loads if load.source == name and load.rows_accepted}
    assert with_rows == set(contracts)


@each_example
def test_no_landed_file_is_left_unread(home: Home, name: str) -> None:
    landed = {
        path.name
        for path in (FOLDER / name / "landing").glob("*/*")
        if path.name != "_SUCCESS"
    }  # fmt: skip
    read = {load.file.partition("/")[0] for load in home.loads if load.source == name}
    assert landed <= read


@each_example
def test_no_night_is_refused(home: Home, name: str) -> None:
    assert home.refused[name] == []


@each_example
def test_the_deals_and_their_amounts_are_those_of_the_files(home: Home, name: str) -> None:
    expected = {
        one.opportunity_id: (one.stage, one.amount, one.created_at, one.close_date, one.owner_id)
        for one in home.said[name].opportunities
        if not one.is_deleted
    }
    found = home.ask(
        """
        select opportunity_id, stage_id, amount_local, created_at, close_date,
            split_part(owner_key, ':', 2)
        from marts.fct_opportunity
        inner join marts.dim_stage on current_stage_key = stage_key
        where fct_opportunity.source_system = ?
        """,
        name,
    )
    assert {id_: tuple(rest) for id_, *rest in found} == expected


@each_example
def test_amounts_by_stage_and_outcomes_add_up(home: Home, name: str) -> None:
    crm = home.said[name].crm
    kinds = {(stage.pipeline, stage.name): stage.kind for stage in crm.stages}
    sums: dict[str, Decimal] = {}
    outcomes: Counter[str] = Counter()
    for one in home.said[name].opportunities:
        if not one.is_deleted:
            sums[one.stage] = sums.get(one.stage, Decimal(0)) + (one.amount or 0)
            outcomes[kinds[one.pipeline, one.stage]] += 1
    assert outcomes["won"] >= 2
    assert outcomes["lost"] >= 2
    found = home.ask(
        """
        select stage_id, coalesce(sum(amount), 0)
        from marts.fct_opportunity
        inner join marts.dim_stage on current_stage_key = stage_key
        where fct_opportunity.source_system = ? group by 1
        """,
        name,
    )
    assert dict(found) == sums
    won_and_lost = home.ask(
        "select outcome, count(*) from marts.fct_opportunity where source_system = ? group by 1",
        name,
    )
    assert dict(won_and_lost) == dict(outcomes)


def plain(row: Row) -> Row:
    """Quotients up to a rounding error."""
    return {
        name: round(float(value), 6) if isinstance(value, Fraction | float) else value
        for name, value in row.items()
    }


@each_example
@pytest.mark.parametrize(
    ("mart", "grain"),
    [
        ("fct_opportunity", ("opportunity_key",)),
        ("fct_stage_visit", ("opportunity_key", "visit_number")),
        ("fct_stage_reached", ("opportunity_key", "stage_key")),
    ],
)
def test_the_way_of_every_deal_through_its_stages_is_that_of_the_files(
    home: Home, name: str, mart: str, grain: tuple[str, ...]
) -> None:
    rows = reference_of([home.said[name].crm])[mart]
    expected = {tuple(row[column] for column in grain): plain(row) for row in rows}
    found = {
        tuple(row[column] for column in grain): plain({key: row[key] for key in rows[0]})
        for row in home.rows(mart, name)
    }
    assert found == expected


def masks(email: str | None) -> tuple[str | None, str | None]:
    """What the models may see of an address."""
    if email is None:
        return None, None
    key = os.environ["FLYWHEEL_MASKING_KEY"].encode()
    told = hmac.new(key, email.strip().lower().encode(), "sha256").hexdigest()
    return told[:32], email.strip().lower().partition("@")[2]


SAID: dict[str, tuple[str, Callable[[Said], dict]]] = {
    "leads": ("lead_id, status, created_at, opportunity_id", lambda said: said.leads),
    "contacts": (
        "contact_id, account_id, email_hash, email_domain",
        lambda said: {
            id_: (account_id, *masks(email))
            for id_, (_, account_id, email) in said.contacts.items()
        },
    ),
    "activities": (
        "activity_id, opportunity_id, owner_id, channel, direction, occurred_at",
        lambda said: said.activities,
    ),
    "accounts": ("account_id, account_name", lambda said: said.accounts),
    "users": ("user_id, user_name", lambda said: said.users),
    "products": ("product_id, list_price", lambda said: said.products),
    "quotas": ("user_id || ' ' || period_start, amount", lambda said: said.quotas),
}


@each_example
@pytest.mark.parametrize("object_", SAID)
def test_other_records_are_those_of_the_files(home: Home, name: str, object_: str) -> None:
    columns, said = SAID[object_]
    expected = {
        key: value if isinstance(value, tuple) else (value,)
        for key, value in said(home.said[name]).items()
    }
    found = home.ask(
        f"select {columns} from staging.stg_mapped__{object_} where source_system = ?", name
    )
    assert {key: tuple(rest) for key, *rest in found} == expected


@pytest.mark.parametrize("name", ["pipedrive", "zoho"])
def test_people_are_in_bronze_as_the_files_name_them(home: Home, name: str) -> None:
    said = {
        id_: (full_name, account_id, email)
        for id_, full_name, account_id, email in home.bronze(name, "contacts")
        .select("contact_id", "full_name", "account_id", "email")
        .iter_rows()
    }
    assert said == home.said[name].contacts != {}


def test_each_kind_of_record_is_in_some_example(home: Home) -> None:
    for object_, (_, said) in SAID.items():
        assert any(said(one) for one in home.said.values()), object_


# --- what each example is there to show ------------------------------------------------------


def test_pipedrive_shows_reopened_deals_where_first_won_time_says_so(home: Home) -> None:
    deals = deals_by_id(DEAL_PAGES).values()
    won_before = {
        str(deal["id"])
        for deal in deals
        if deal["first_won_time"] and deal["first_won_time"] != deal["won_time"]
    }
    assert won_before
    reopened = home.ask(
        "select opportunity_id from marts.fct_opportunity "
        "where source_system = 'pipedrive' and reopen_count > 0"
    )
    assert won_before <= {id_ for (id_,) in reopened}


def test_pipedrive_may_have_a_night_on_which_hardly_anything_happened(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(FOLDER / "pipedrive" / "landing", settings.landing / "pipedrive")
    settings.user_sources.mkdir(parents=True)
    shutil.copy(FOLDER / "pipedrive" / "pipedrive.yml", settings.user_sources)
    night = settings.landing / "pipedrive" / NIGHTS[0].isoformat()
    organization, *_ = json_lines((night / "organizations.jsonl").read_text())
    deal, *_ = json.loads((night / "deals_1.json").read_text())["data"]
    for name, text in {
        "organizations.jsonl": json.dumps(organization | {"address": None}),
        "deals_1.json": json.dumps({"success": True, "data": [deal | {"custom_fields": {}}]}),
        "deals_2.json": '{"success": true, "data": []}',
        "stage_changes.jsonl": "",
    }.items():
        (night / name).write_text(text)

    loads = load_night(settings, NIGHTS[0], "run", "pipedrive")
    assert [load.error for load in loads if load.error] == []
    assert refusals(settings, "pipedrive", loads) == []


def test_pipedrive_leaves_out_what_was_deleted_on_the_second_night(home: Home) -> None:
    deals = deals_by_id(DEAL_PAGES).values()
    deleted = {str(deal["id"]) for deal in deals if deal["is_deleted"]}
    there = home.ask(
        "select opportunity_id from marts.fct_opportunity where source_system = 'pipedrive'"
    )
    assert len(deleted) == 1
    assert deleted.isdisjoint(id_ for (id_,) in there)


def test_dynamics_takes_an_open_call_for_a_planned_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.user_sources.mkdir(parents=True)
    shutil.copy(FOLDER / "dynamics365" / "dynamics365.yml", settings.user_sources)
    shutil.copytree(FOLDER / "dynamics365" / "landing", settings.landing / "dynamics365")
    answer = settings.landing / "dynamics365" / str(AS_OF) / "phonecalls.json"
    calls = json.loads(answer.read_text(encoding="utf-8"))
    calls["value"][0] |= {"statecode": 0, "actualend": None, "actualdurationminutes": None}
    answer.write_text(json.dumps(calls), encoding="utf-8")
    loads = load_night(settings, AS_OF, "run", "dynamics365")
    accept(settings)
    assert sum(load.rows_quarantined for load in loads) == 0
    rows = Home(settings, loads, {}, {}).bronze("dynamics365", "activities").sort("activity_id")
    assert len(rows) == len(calls["value"])
    assert rows.select("occurred_at", "is_completed").row(0) == (None, False)
    assert rows["occurred_at"].null_count() == 1


def test_fivetran_leaves_out_what_either_flag_says_is_deleted(home: Home) -> None:
    deleted = home.bronze("fivetran_salesforce", "opportunities").filter("is_deleted")
    assert len(deleted) == 2
    assert [one.opportunity_id for one in home.said["fivetran_salesforce"].opportunities
            if one.is_deleted] == deleted["opportunity_id"].to_list()  # fmt: skip


def test_fivetran_passes_custom_fields_on_under_their_own_names(home: Home) -> None:
    rows = home.bronze("fivetran_salesforce", "opportunities")
    assert "18000" in rows["arr_c"].to_list()


@pytest.mark.parametrize("name", ["pipedrive", "zoho"])
def test_what_nobody_asked_for_about_people_stays_out(home: Home, name: str) -> None:
    columns = home.bronze(name, "contacts").columns
    assert [column for column in columns if column.startswith("extra__")] == []


def test_what_a_sheet_has_besides_is_kept_as_text(home: Home) -> None:
    assert "extra__number" in home.bronze("spreadsheet", "activities").columns


def test_the_refused_row_of_the_spreadsheet_says_why(home: Home) -> None:
    (file,) = home.settings.quarantine.glob("*/*/*/*.parquet")
    (row,) = pl.read_parquet(file).to_dicts()
    assert (row["column"], row["rule"], row["value"]) == ("amount", "type", "to be agreed")
    # The title and a blank line stand above the header in row 4.
    assert row["row_number"] == 4 + int(REFUSED_DEAL)
    readme = (FOLDER / "spreadsheet" / "README.md").read_text(encoding="utf-8")
    assert "spreadsheet/opportunities.amount: type, 1 rows" in readme


# --- the examples as documents ---------------------------------------------------------------


@each_example
def test_a_source_file_has_no_mistake_and_no_warning(name: str) -> None:
    assert check_source_file(FOLDER / name / f"{name}.yml") == []


def test_the_landed_files_together_stay_small() -> None:
    landed = [path for path in FOLDER.glob("*/landing/*/*") if path.is_file()]
    assert sum(path.stat().st_size for path in landed) < MOST_BYTES


def contents(path: Path) -> object:
    """What a binary file holds; a workbook and a zip also hold the time of their making."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    return path.read_bytes()


def test_binary_files_are_what_the_script_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["make_binary.py", str(tmp_path)])
    runpy.run_path(str(FOLDER / "make_binary.py"), run_name="__main__")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 8
    for path in written:
        committed = FOLDER / path.relative_to(tmp_path)
        assert contents(committed) == contents(path), committed
