"""A model that breaks by itself fails the night, and says nothing of the data.

Belongs here: what becomes of tests, loads and outcome when dbt could not build a model. Does not
belong here: models that are built and judged (tests/integration/).
"""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from rich.console import Console

from orchestration.bronze.night import heal
from orchestration.commands.printing import print_outcome
from orchestration.extracts.ledger import Ledger
from orchestration.gate.results import CheckResult, GateRefusedError
from orchestration.nightly import NightOutcome, outcome_of
from orchestration.outcome.page import write_page
from orchestration.settings import Settings
from orchestration.warehouse.assets import judge, require_good
from orchestration.warehouse.build import BuildResult, _outcome, excuse
from orchestration.warehouse.project import DbtFailedError
from tests.faults.small import make_load
from tests.nights import NIGHT, RUN

SAID = "Runtime Error in model stg_deals\n  Invalid Input Error: No magic bytes found"


def node(kind: str, name: str, status: str, message: str = "") -> Any:
    """A node of a build as dbt tells of it."""
    return SimpleNamespace(
        node=SimpleNamespace(
            unique_id=f"{kind}.{name}",
            name=name,
            schema="staging",
            description="",
            resource_type=SimpleNamespace(value=kind),
            attached_node="",
            compiled_code=None,
            config=SimpleNamespace(severity="error"),
        ),
        status=SimpleNamespace(value=status),
        execution_time=0.1,
        message=message,
        failures=1 if status == "fail" else None,
    )


def built(*nodes: Any) -> BuildResult:
    with duckdb.connect() as connection:
        return excuse(_outcome(connection, list(nodes), None), CHILDREN)


# fct_deal reads stg_deals through a model that is part of its query and no node of the build.
CHILDREN = {
    "model.stg_deals": ["model.int_deals", "test.deals_unique"],
    "model.int_deals": ["model.fct_deal"],
    "model.fct_deal": ["test.facts_unique", "test.facts_have_reps"],
    "model.dim_rep": ["test.facts_have_reps", "test.reps_unique"],
}
# stg_deals cannot read its file; dim_rep has nothing to do with it.
BROKEN = (
    node("model", "stg_deals", "error", message=SAID),
    node("model", "fct_deal", "skipped"),
    node("model", "dim_rep", "success"),
    node("test", "deals_unique", "skipped"),
    node("test", "facts_unique", "skipped"),
    node("test", "facts_have_reps", "skipped"),
    node("test", "reps_unique", "pass"),
)


def judged(settings: Settings, *nodes: Any) -> NightOutcome:
    """The night of a build, one load of which waits for a verdict."""
    make_load(settings, 1)
    result = built(*nodes)
    checks = judge(settings, {}, RUN, NIGHT.isoformat(), result)
    with pytest.raises((DbtFailedError, GateRefusedError)) as raised:
        require_good(result, checks)
    return outcome_of(settings, NIGHT, RUN, f"warehouse: {raised.value}")


def statuses(settings: Settings) -> list[str]:
    return [load.status for load in Ledger(settings.ledger).loads]


def names(checks: list[CheckResult]) -> list[str]:
    return [check.check for check in checks]


def test_a_broken_model_fails_the_night_and_refuses_nothing(settings: Settings) -> None:
    outcome = judged(settings, *BROKEN)
    assert (outcome.state, outcome.exit_status) == ("failed", 3)
    assert statuses(settings) == ["loaded"]


def test_the_load_of_a_night_that_a_model_failed_is_due_again(settings: Settings) -> None:
    judged(settings, *BROKEN)
    assert [load.rows_read for load in heal(settings)] == [1]
    assert statuses(settings) == []


def test_terminal_and_page_name_the_broken_model_and_what_the_database_said(
    settings: Settings,
) -> None:
    outcome = judged(settings, *BROKEN)
    text = io.StringIO()
    print_outcome(Console(file=text, width=200), outcome, settings)
    page = write_page(settings, outcome).read_text(encoding="utf-8")
    for told in (text.getvalue(), page):
        assert "model.stg_deals: Runtime Error in model stg_deals" in told
        assert "No magic bytes found" in told
        assert "did not run" not in told
    assert "Correct the files" not in text.getvalue()


def test_a_test_that_waits_for_a_broken_model_counts_neither_as_passed_nor_as_run(
    settings: Settings,
) -> None:
    outcome = judged(settings, *BROKEN)
    assert names(outcome.checks) == ["reps_unique"]
    assert outcome.verdict.ran == 1


def test_wrong_data_beside_a_broken_model_refuses_and_both_are_told(settings: Settings) -> None:
    wrong = node("test", "reps_not_null", "fail")
    outcome = judged(settings, *BROKEN, wrong)
    assert (outcome.state, outcome.exit_status) == ("refused", 1)
    assert names(outcome.verdict.refusing) == ["reps_not_null", "model"]
    assert outcome.verdict.refusing[1].table == "stg_deals"
    assert outcome.verdict.refusing[1].observed == SAID
    assert statuses(settings) == ["refused"]


def test_a_test_that_did_not_run_for_another_reason_is_a_failure(settings: Settings) -> None:
    """dbt leaves out what stands on a failed test, and nothing is broken."""
    outcome = judged(
        settings,
        node("model", "dim_rep", "success"),
        node("test", "reps_not_null", "fail"),
        node("model", "fct_deal", "skipped"),
        node("test", "facts_unique", "skipped"),
    )
    assert names(outcome.verdict.refusing) == ["reps_not_null", "facts_unique"]
    assert outcome.verdict.refusing[1].observed == "did not run"


def test_a_test_of_a_model_that_was_built_must_run_whatever_else_broke(settings: Settings) -> None:
    outcome = judged(settings, *BROKEN, node("test", "reps_known", "skipped"))
    assert names(outcome.verdict.refusing) == ["reps_known", "model"]


def test_a_contract_that_refused_its_rows_is_no_broken_model(settings: Settings) -> None:
    said = "Constraint Error: NOT NULL constraint failed"
    outcome = judged(settings, node("model", "dim_rep", "error", message=said))
    assert (outcome.state, names(outcome.checks)) == ("refused", ["contract"])
