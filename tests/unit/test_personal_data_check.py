"""The gate's check refuses a table with personal data, by the name of a column or by its texts."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from orchestration.gate import written
from orchestration.gate.results import CheckResult, verdict_of
from orchestration.privacy import masking, patterns, suite
from orchestration.privacy.suite import check_personal_data
from orchestration.publication.fingerprint import _project_files

CLEAN = """
create schema staging; create schema intermediate; create schema marts;
create table marts.fct_lead as select
    'crm:1' as lead_key, 'ann@shop.example' as lead_id, repeat('0f', 16) as email_hash,
    'shop.example' as email_domain, '[e-mail] wrote' as opportunity_name, '2025-09-28' as note__c;
create table staging.stg_crm__users as select 'rep@us.example' as email;
create table marts.dim_rep as select 'rep@us.example' as rep_name;
"""


def checked(folder: Path, *statements: str) -> CheckResult:
    path = folder / "candidate.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in (CLEAN, *statements):
            connection.execute(statement)
    return check_personal_data(path)


def test_masks_keys_and_staff_pass(tmp_path: Path) -> None:
    assert checked(tmp_path).observed == "all masked"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "create table marts.deal as select cast(null as varchar) as email",
            "marts.deal.email bears the name of a tagged column",
        ),
        (
            "create table intermediate.people as select 'x' as first_name",
            "intermediate.people.first_name bears the name of a tagged column",
        ),
        (
            "create table staging.deal as select 'mail ann@shop.example' as deal_name",
            "staging.deal.deal_name holds 1 e-mail addresses",
        ),
        (
            "create table marts.deal as select '+44 20 7946 0958' as loss_reason",
            "marts.deal.loss_reason holds 1 phone numbers",
        ),
        (
            "create table staging.deal as select 'call (555) 010-1234' as remark__c",
            "staging.deal.remark__c holds 1 phone numbers",
        ),
    ],
)
def test_what_came_through_refuses_the_night(tmp_path: Path, statement: str, told: str) -> None:
    result = checked(tmp_path, statement)
    assert result.observed == told
    assert verdict_of([result]).refusing == [result]


def test_texts_that_stand_there_often_are_counted_as_often(tmp_path: Path) -> None:
    many = "create table marts.deal as select 'ann@shop.example' as reason from range(3000)"
    assert checked(tmp_path, many).observed == "marts.deal.reason holds 3,000 e-mail addresses"


def test_a_column_that_is_no_text_is_looked_at_as_text(tmp_path: Path) -> None:
    listed = "create table marts.deal as select ['x', 'ann@shop.example'] as names"
    assert checked(tmp_path, listed).observed == "marts.deal.names holds 1 e-mail addresses"


@pytest.mark.parametrize("module", [suite, patterns, masking, written])
def test_another_check_looks_at_old_rows_too(module: ModuleType) -> None:
    """A later night looks at its own rows: what finds less or more must rebuild everything."""
    assert Path(str(module.__file__)) in set(_project_files())


def test_the_check_tells_no_value(tmp_path: Path) -> None:
    result = checked(tmp_path, "create table marts.d as select 'ann@shop.example' as deal_name")
    assert "ann" not in f"{result.observed}{result.sample}"
