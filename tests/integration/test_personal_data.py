"""Nothing that a company knows of persons leaves bronze, and forgetting one changes no number.

Belongs here: one night of a simulated company, with its persons planted. Does not belong here:
masks of single columns (unit/test_masking.py), what forgetting rewrites (unit/test_forget.py).
"""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.nightly import plan, run_nights
from orchestration.privacy.forget import forget
from orchestration.privacy.proof import Needles, find
from orchestration.privacy.suite import NAME, check_personal_data
from orchestration.settings import Settings
from orchestration.simulation import simulate
from orchestration.warehouse.build import build_candidate

NIGHT = date(2025, 9, 28)
# All that anybody but the owner of the home reads, and what is written besides.
PUBLISHED = ("warehouse", "masked", "ops", "dagster", "dbt_target", "sources")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, list[str]]]:
    """A published night, one row of it refused, and what was planted."""
    settings = Settings(home=tmp_path_factory.mktemp("persons") / "home", max_quarantine_share=0.5)
    made = simulate(settings.landing, opportunities=150, nights=1, seed=7, first_night=NIGHT)
    contacts = made.folders[0] / "Contact.csv"
    first = contacts.read_text(encoding="utf-8").splitlines()[1]
    with contacts.open("a", encoding="utf-8") as file:
        file.write(first.replace(",false,", ",maybe,") + "\n")
    (outcome,) = run_nights(settings, plan(settings, None, None).nights)
    assert outcome.publication is not None, outcome.failure
    assert sum(load.rows_quarantined for load in outcome.loads) == 1
    assert NAME in [check.check for check in outcome.checks]
    return settings, json.loads(made.truth.read_text(encoding="utf-8"))["persons"]


@pytest.fixture
def copy(company: tuple[Settings, dict[str, list[str]]], tmp_path: Path) -> Settings:
    """The same home, to be changed."""
    shutil.copytree(company[0].home, tmp_path / "home", symlinks=True)
    return Settings(home=tmp_path / "home", max_quarantine_share=0.5)


@pytest.mark.parametrize(
    ("kind", "mark"), [("emails", "@persons.example"), ("phones", "+1 555 "), ("names", None)]
)
def test_no_published_byte_holds_a_planted_person(
    company: tuple[Settings, dict[str, list[str]]], kind: str, mark: str | None
) -> None:
    settings, planted = company
    assert len(set(planted[kind])) > 20
    # A mark that all of them bear is looked for faster than each of them.
    needles = Needles(planted[kind] if mark is None else [mark])
    assert all(mark is None or mark in each for each in planted[kind])
    assert [path for name in PUBLISHED for path in find(settings.root / name, needles)] == []
    # What is found in nothing may be looked for wrongly.
    assert find(settings.bronze, needles) != []


def test_a_model_that_let_an_address_through_would_refuse_the_night(
    company: tuple[Settings, dict[str, list[str]]], copy: Settings
) -> None:
    path = copy.published.resolve()
    path.chmod(0o644)
    assert check_personal_data(path).success
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table marts.fct_lead add column account_name varchar")
        connection.execute("update marts.fct_lead set account_name = ?", [company[1]["emails"][0]])
    result = check_personal_data(path)
    assert not result.success
    assert result.observed.startswith("marts.fct_lead.account_name holds ")


def test_a_version_without_a_person_is_what_bronze_without_the_person_gives(
    company: tuple[Settings, dict[str, list[str]]], copy: Settings
) -> None:
    """No number changes but the masks of the one, and the models give the same tables anew."""
    (file,) = copy.bronze.glob("salesforce/contact/batch=*/*.parquet")
    with duckdb.connect() as connection:
        (address,) = connection.execute(f"select min(Email) from '{file}'").fetchone() or ("",)
    outcome = forget(copy, address)
    assert outcome.left == []
    # The contact, the lead that it was, and the call to it.
    assert (outcome.records, outcome.places["bronze"]) == (2, (3, 3))
    build_candidate(copy, full=True, with_tests=False)
    with duckdb.connect() as connection:
        for name, path in (
            ("original", company[0].published), ("rewritten", copy.published),
            ("rebuilt", copy.candidate),
        ):  # fmt: skip
            connection.execute(f"attach '{path.resolve()}' as {name} (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'original' "
            "and schema_name in ('staging', 'intermediate', 'marts') "
            # The ledger knows how long rewritten files are.
            "and table_name <> 'stg_flywheel__loads'"
        ).fetchall()
        assert len(tables) > 100
        changed = set()
        for schema, table in tables:
            one, other = f"rewritten.{schema}.{table}", f"rebuilt.{schema}.{table}"
            columns = connection.execute(f"describe {one}").fetchall()
            named = ", ".join(f'"{column[0]}"' for column in columns)
            for left, right in ((one, other), (other, one)):
                query = f"select {named} from {left} except all select {named} from {right}"
                assert connection.execute(query).fetchall() == [], table
            difference = f"from original.{schema}.{table} except all from {one}"
            if connection.execute(difference).fetchall():
                changed.add(table)
        assert changed == {
            "stg_salesforce__contacts", "stg_salesforce__leads", "int_leads", "fct_lead",
        }  # fmt: skip
        masks = connection.execute(
            "select email_hash, email_domain from rewritten.marts.fct_lead where email_hash is null"
        ).fetchall()
        assert masks == [(None, None)]
