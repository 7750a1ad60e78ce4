"""Checks that follow the change still refuse: what is planted in a later night is found.

Belongs here: tests and suites on a real later night, each broken for the purpose.
Does not belong here: how a scope is read and carried out (test_gate_suites.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import pytest

import orchestration.warehouse.build as building
from orchestration.bronze.night import heal, load_night
from orchestration.gate.results import record, verdict_of
from orchestration.gate.run import run_suites
from orchestration.gate.scope import (
    ACCOUNTS,
    ACTIVITIES,
    LEADS,
    OPPORTUNITIES,
    SCOPES,
    follows_the_change,
)
from orchestration.gate.stamp import give_stamp
from orchestration.gate.suites import read_suites
from orchestration.publication.promote import promote
from orchestration.settings import Settings
from orchestration.simulation import simulate
from orchestration.warehouse.assets import _as_check
from orchestration.warehouse.build import BuildResult, build_candidate
from orchestration.warehouse.project import invoke

NIGHTS = (date(2025, 9, 28), date(2025, 9, 29))

# What stands twice in the later night -> the test that finds it.
DOUBLED = {
    "intermediate.int_opportunities": "int_opportunities_key_is_unique",
    "intermediate.int_opportunity_facts": "fct_opportunity_key_is_unique",
    "intermediate.int_stage_events": "fct_stage_visit_key_is_unique",
    "intermediate.int_stages_reached": "fct_stage_reached_key_is_unique",
    "intermediate.int_opportunity_stretches": "fct_opportunity_version_key_is_unique",
    "marts.fct_opportunity_event": "fct_opportunity_event_key_is_unique",
    "marts.fct_opportunity_credit": "fct_opportunity_credit_key_is_unique",
}
# The same of others: the relation that names what was computed anew, its key, the tests.
DOUBLED_BY_KEY = {
    "marts.dim_account": ("int_changed_accounts", "account_key", ["dim_account_key_is_unique"]),
    "marts.dim_account_version": (
        "int_changed_accounts", "account_key",
        ["dim_account_version_key_is_unique", "dim_account_version_has_no_gap"],
    ),
    "marts.fct_activity": (
        "int_changed_activities", "activity_key", ["fct_activity_key_is_unique"],
    ),
    "marts.fct_lead": ("int_changed_lead_facts", "lead_key", ["fct_lead_key_is_unique"]),
}  # fmt: skip
# What points at nothing in the later night -> the test that finds it.
AN_OPPORTUNITY = (
    "opportunity_key = (select min(opportunity_key) from night.int_changed_stage_events "
    "inner join marts.fct_opportunity using (opportunity_key))"
)
# It goes away under an opportunity that stays as it was.
ACCOUNT_OF_AN_OLD_OPPORTUNITY = (
    "select min(account_key) from marts.fct_opportunity where opportunity_key not in "
    "(select opportunity_key from night.int_changed_stage_events)"
)
LOST = {
    "fct_opportunity_credit_rep_is_known":
        f"update marts.fct_opportunity_credit set rep_key = 'nobody' where {AN_OPPORTUNITY}",
    "fct_opportunity_version_owner_is_known":
        f"update intermediate.int_opportunity_stretches set owner_key = 'nobody' "
        f"where {AN_OPPORTUNITY}",
    "fct_stage_reached_opportunity_is_known":
        f"delete from intermediate.int_opportunity_facts where {AN_OPPORTUNITY}",
    "fct_activity_account_is_known":
        "update marts.fct_activity set account_key = 'nobody' where activity_key = "
        "(select min(activity_key) from night.int_changed_activities "
        "inner join marts.fct_activity using (activity_key))",
    "fct_opportunity_account_is_known":
        f"delete from marts.dim_account where account_key in ({ACCOUNT_OF_AN_OLD_OPPORTUNITY})",
}  # fmt: skip
DOUBLED_KEYS = {*DOUBLED.values(), *chain(*(tests for _, _, tests in DOUBLED_BY_KEY.values()))}


def is_later(candidate: Path) -> bool:
    with duckdb.connect(str(candidate), read_only=True) as connection:
        return follows_the_change(connection)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, BuildResult]:
    """One published night, and the extracts of the next one in bronze."""
    home = Settings(home=tmp_path_factory.mktemp("change") / "home")
    simulate(home.landing, opportunities=300, nights=2, seed=5, first_night=NIGHTS[0])
    heal(home)
    load_night(home, NIGHTS[0], "run", "salesforce")
    result = build_candidate(home)
    assert [model.message for model in result.models if not model.is_built] == []
    assert not is_later(home.candidate)
    record(home, "run", NIGHTS[0].isoformat(), "warehouse", [_as_check(result.tests[0])])
    give_stamp(home, "run", expected_checks=1, ran_checks=1, warnings=0)
    promote(home)
    load_night(home, NIGHTS[1], "run", "salesforce")
    return home, result


def build(settings: Settings, plant: Callable[[], None]) -> BuildResult:
    """A later night in which something goes wrong between the models and the tests of dbt."""

    def in_two_steps(settings: Settings, arguments: list[str]) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        assert arguments[0] == "build"
        models = invoke(settings, ["run", "--no-write-json"])
        assert models.success, models.exception
        DuckDBConnectionManager.close_all_connections()
        plant()
        tests = invoke(
            settings, ["test", "--no-write-json", "--exclude-resource-type", "unit_test"]
        )
        tests.result.results.extend(models.result.results)
        return tests

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "invoke", in_two_steps)
        return build_candidate(settings, version=settings.published.resolve())


@pytest.fixture(scope="module")
def shares_computed_anew() -> dict[str, float]:
    """Of accounts, activities and leads, by mart; known once a later night is built."""
    return {}


@pytest.fixture(scope="module")
def doubled(
    first: tuple[Settings, BuildResult], shares_computed_anew: dict[str, float]
) -> BuildResult:
    """A later night in which one opportunity that was computed anew stands twice everywhere, and so
    do one account, one activity and one lead.
    """
    settings, _ = first

    def plant() -> None:
        with duckdb.connect(str(settings.candidate)) as connection:
            (key,) = connection.execute(
                "select min(opportunity_key) from night.int_changed_opportunities "
                "inner join marts.fct_stage_visit using (opportunity_key)"
            ).fetchone()
            for table in DOUBLED:
                connection.execute(
                    f"insert into {table} select * from {table} where opportunity_key = ?", [key]
                )
            for table, (changed, its_key, _) in DOUBLED_BY_KEY.items():
                anew = f"from {table} where {its_key} in (select {its_key} from night.{changed})"
                (share,) = connection.execute(
                    f"select (select count(*) {anew}) / count(*) from {table}"
                ).fetchone()
                shares_computed_anew[table] = share
                connection.execute(f"insert into {table} select * {anew} order by 1 limit 1")

    return build(settings, plant)


@pytest.fixture(scope="module")
def lost(first: tuple[Settings, BuildResult]) -> BuildResult:
    """A later night in which references point at nothing."""
    settings, _ = first

    def plant() -> None:
        with duckdb.connect(str(settings.candidate)) as connection:
            connection.execute(
                "insert into night.int_changed_accounts by name select account_key "
                f"from marts.dim_account where account_key in ({ACCOUNT_OF_AN_OLD_OPPORTUNITY})"
            )
            for test, sql in LOST.items():
                (changed,) = connection.execute(sql).fetchone()
                assert changed, test

    return build(settings, plant)


@pytest.fixture(scope="module")
def built_later(
    first: tuple[Settings, BuildResult], doubled: BuildResult, lost: BuildResult
) -> BuildResult:
    """A good later night, built and not published."""
    settings, _ = first
    result = build_candidate(settings, version=settings.published.resolve())
    assert result.rebuilt_because is None
    assert [test.name for test in result.tests if not test.passed] == []
    return result


@pytest.fixture(scope="module")
def later(first: tuple[Settings, BuildResult], built_later: BuildResult) -> Settings:
    return first[0]


def test_a_later_night_builds_no_staging_of_sources_that_sent_nothing(
    first: tuple[Settings, BuildResult], built_later: BuildResult
) -> None:
    def families(result: BuildResult) -> set[str]:
        names = [model.unique_id.split(".")[-1] for model in result.models]
        return {name.split("_")[1] for name in names if name.startswith("stg_")}

    assert families(first[1]) == {"salesforce", "hubspot", "mapped", "flywheel"}
    assert families(built_later) == {"salesforce", "flywheel"}


def test_a_later_night_runs_every_data_test(
    first: tuple[Settings, BuildResult], built_later: BuildResult
) -> None:
    assert {test.name for test in built_later.tests} == {test.name for test in first[1].tests}


def test_a_published_version_does_not_say_what_was_computed_anew(
    first: tuple[Settings, BuildResult],
) -> None:
    settings, result = first
    assert result.rebuilt_because is not None
    assert not is_later(settings.published)


def test_a_doubled_key_refuses_the_later_night(doubled: BuildResult) -> None:
    assert doubled.rebuilt_because is None
    refusing = {check.check for check in verdict_of(map(_as_check, doubled.tests)).refusing}
    assert refusing >= DOUBLED_KEYS


def test_what_refuses_shows_its_rows(doubled: BuildResult) -> None:
    """Tests look at a schema that the build takes out again: the rows are fetched before."""
    samples = {test.name: test.sample for test in doubled.tests if not test.passed}
    for name in DOUBLED_KEYS:
        assert samples[name], name


def test_a_reference_to_nothing_refuses_the_later_night_and_is_shown(lost: BuildResult) -> None:
    assert lost.rebuilt_because is None
    shown = {test.name: test.sample for test in lost.tests if not test.passed}
    assert shown.keys() >= LOST.keys()
    for name in LOST:
        assert shown[name], name


def test_a_later_night_computes_few_accounts_activities_and_leads_anew(
    doubled: BuildResult, shares_computed_anew: dict[str, float]
) -> None:
    for table, share in shares_computed_anew.items():
        assert 0 < share < 0.25, table


def test_a_later_night_says_what_it_computed_anew(later: Settings) -> None:
    assert is_later(later.candidate)
    with duckdb.connect(str(later.candidate), read_only=True) as connection:
        counts = connection.execute(
            f"select count(*), count(distinct opportunity_key), "
            f"(select count(*) from marts.fct_opportunity) from {OPPORTUNITIES.table}"
        ).fetchone()
    rows, keys, opportunities = counts
    assert 0 < rows == keys < opportunities


def test_a_good_later_night_passes_in_scope_and_in_full(later: Settings, tmp_path: Path) -> None:
    whole = tmp_path / "whole.duckdb"
    shutil.copy(later.candidate, whole)
    with duckdb.connect(str(whole)) as connection:
        for scope in SCOPES:
            connection.execute(f"drop table {scope.table}")
    for candidate in (later.candidate, whole):
        assert verdict_of(run_suites(read_suites(), candidate)).refusing == []


ANEW = (
    f"opportunity_key = (select min(opportunity_key) from {OPPORTUNITIES.table} "
    "inner join marts.fct_opportunity using (opportunity_key))"
)
ACCOUNT = (
    f"account_key = (select min(account_key) from {ACCOUNTS.table} "
    "inner join marts.dim_account using (account_key))"
)
LEAD = (
    f"lead_key = (select min(lead_key) from {LEADS.table} "
    "inner join marts.fct_lead using (lead_key))"
)
PARTICIPANTS = "intermediate.int_activity_participants"
ACTIVITY = (
    f"activity_key = (select min(activity_key) from {ACTIVITIES.table} "
    "inner join marts.fct_activity using (activity_key))"
)
EVENTS, CREDITS = "marts.fct_opportunity_event", "marts.fct_opportunity_credit"
FACTS, STRETCHES = "intermediate.int_opportunity_facts", "intermediate.int_opportunity_stretches"


@pytest.mark.parametrize(
    ("table", "check", "sql"),
    [
        ("fct_opportunity", "nothing_is_missing",
         f"update {FACTS} set segment = null where {ANEW}"),
        ("fct_opportunity", "outcome_is_known", f"update {FACTS} set outcome = 'x' where {ANEW}"),
        ("fct_opportunity", "outcome_is_that_of_the_stage",
         f"update {FACTS} set is_won = not is_won where {ANEW}"),
        ("fct_stage_visit", "visits_are_all_there",
         f"update {FACTS} set visit_count = visit_count + 1 where {ANEW}"),
        ("fct_stage_visit", "one_open_visit",
         f"update {FACTS} set outcome = case when outcome = 'open' then 'won' else 'open' end "
         f"where {ANEW}"),
        ("fct_stage_visit", "nothing_is_missing",
         f"update intermediate.int_stage_events set owner_key = null where {ANEW}"),
        ("fct_stage_reached", "ranks_up_to_the_furthest",
         f"delete from intermediate.int_stages_reached where {ANEW}"),
        ("fct_stage_reached", "imputed_if_never_visited",
         f"update intermediate.int_stages_reached set is_imputed = not is_imputed where {ANEW}"),
        ("fct_stage_reached", "conversions_multiply_to_win_rate",
         f"update {FACTS} set furthest_stage_rank = 0, is_won = not is_won where {ANEW}"),
        ("fct_stage_reached", "nothing_is_missing",
         f"update intermediate.int_stages_reached set owner_key = null where {ANEW}"),
        ("fct_opportunity_event", "field_is_known",
         f"update {EVENTS} set field = 'x' where {ANEW}"),
        ("fct_opportunity_event", "origin_is_known",
         f"update {EVENTS} set origin = 'x' where {ANEW}"),
        ("fct_opportunity_event", "numbered_without_gap",
         f"delete from {EVENTS} where event_number = 1 and {ANEW}"),
        ("fct_opportunity_event", "in_order_of_time",
         f"update {EVENTS} set event_number = 100 - event_number where {ANEW}"),
        ("fct_opportunity_event", "nothing_after_as_of",
         f"update {EVENTS} set occurred_at = timestamp '2030-01-01' where {ANEW}"),
        ("fct_opportunity_event", "created_once",
         f"delete from {EVENTS} where field = 'created' and {ANEW}"),
        ("fct_opportunity_event", "newest_stage_is_the_current_one",
         f"delete from {EVENTS} where field = 'stage' and {ANEW}"),
        ("fct_opportunity_version", "nothing_is_missing",
         f"update {STRETCHES} set is_open = null where {ANEW}"),
        ("fct_opportunity_version", "versions_follow_one_another",
         f"update {STRETCHES} set version_number = version_number + 1 where {ANEW}"),
        ("fct_opportunity_version", "versions_follow_one_another",
         f"update {STRETCHES} set valid_to = valid_from where {ANEW}"),
        ("fct_opportunity_version", "newest_version_is_the_fact",
         f"update {STRETCHES} set amount = coalesce(amount, 0) + 0.01 where {ANEW}"),
        ("fct_opportunity_version", "newest_version_is_the_fact",
         f"delete from {STRETCHES} where {ANEW}"),
        ("fct_opportunity_version", "open_as_its_stage",
         f"update {STRETCHES} set is_open = not is_open where {ANEW}"),
        ("fct_opportunity_version", "nothing_after_as_of",
         f"update {STRETCHES} set valid_to = timestamp '2030-01-01' where {ANEW}"),
        ("fct_opportunity_credit", "credit_is_known",
         f"update {CREDITS} set credit_kind = 'x' where {ANEW}"),
        ("fct_opportunity_credit", "shares_are_shares",
         f"update {CREDITS} set share = 2 where {ANEW}"),
        ("fct_opportunity_credit", "credited_if_due", f"delete from {CREDITS} where {ANEW}"),
        ("fct_opportunity_credit", "shares_sum_to_one",
         f"update {CREDITS} set share = 0.5 where {ANEW}"),
        ("fct_opportunity_credit", "cents_sum_to_the_amount",
         f"update {CREDITS} set amount = coalesce(amount, 0) + 0.01 where {ANEW}"),
        ("dim_account_version", "holds_the_accounts",
         f"delete from marts.dim_account_version where {ACCOUNT}"),
        ("dim_account_version", "holds_the_accounts",
         f"update marts.dim_account_version set is_current = false where {ACCOUNT}"),
        ("dim_account_version", "held_for_ever",
         f"update marts.dim_account_version set valid_from = valid_from + interval 1 day "
         f"where {ACCOUNT} and version_number = 1"),
        ("dim_account_version", "nothing_after_as_of",
         f"update marts.dim_account_version set valid_from = timestamp '2030-01-01' "
         f"where {ACCOUNT}"),
        ("dim_account_version", "newest_version_is_the_account",
         f"update marts.dim_account set account_name = 'x' where {ACCOUNT}"),
        ("dim_account", "parents_and_survivors_are_known",
         f"update marts.dim_account set parent_account_key = account_key where {ACCOUNT}"),
        ("dim_account", "parents_and_survivors_are_known",
         f"update marts.dim_account set merged_into_key = 'nobody' where {ACCOUNT}"),
        ("fct_lead", "outcome_is_known", f"update marts.fct_lead set outcome = 'x' where {LEAD}"),
        ("fct_lead", "steps_are_monotone",
         f"update marts.fct_lead set is_mql = false, is_sql = true where {LEAD}"),
        ("fct_lead", "instants_are_in_order",
         f"update marts.fct_lead set first_touch_at = created_at - interval 1 day where {LEAD}"),
        ("fct_lead", "no_lead_from_the_future",
         f"update marts.fct_lead set created_at = timestamp '2030-01-01' where {LEAD}"),
        ("fct_lead", "won_as_in_the_facts",
         f"update marts.fct_lead set opportunity_key = 'nobody' where {LEAD}"),
        ("fct_lead", "references_are_known",
         f"update marts.fct_lead set campaign_key = 'nobody' where {LEAD}"),
        ("fct_activity", "channel_is_known",
         f"update marts.fct_activity set channel = 'x' where {ACTIVITY}"),
        ("fct_activity", "done_in_the_past",
         f"update marts.fct_activity set is_completed = true, "
         f"occurred_at = timestamp '2030-01-01' where {ACTIVITY}"),
        ("fct_activity", "durations_are_not_negative",
         f"update marts.fct_activity set duration_minutes = -1 where {ACTIVITY}"),
        ("fct_activity", "reps_are_known",
         f"update marts.fct_activity set owner_key = 'nobody' where {ACTIVITY}"),
        ("dim_campaign", "costs_have_a_rate",
         "update marts.dim_campaign set budgeted_cost_local = 1, budgeted_cost = null"),
        ("bridge_activity", "nothing_is_missing",
         f"insert into {PARTICIPANTS} select activity_key, source_system, activity_id, 'lead', "
         f"null from marts.fct_activity where {ACTIVITY}"),
        ("bridge_activity", "one_is_main",
         f"insert into marts.fct_activity select * replace ('lead:2' as lead_key) "
         f"from marts.fct_activity where {ACTIVITY}"),
        ("bridge_activity", "parts_are_single",
         f"insert into {PARTICIPANTS} select activity_key, source_system, 'a', record_kind, "
         f"record_key from marts.bridge_activity where is_main and {ACTIVITY}"),
        ("bridge_activity", "activities_are_known",
         f"insert into {PARTICIPANTS} values ('s:nobody', 's', 'nobody', 'lead', 's:l')"),
        ("bridge_merge", "object_is_known",
         "insert into marts.bridge_merge values ('x', 's', 'a', 'b', 'b', null)"),
        ("bridge_merge", "merged_into_another",
         "insert into marts.bridge_merge values ('account', 's', 'a', 'a', 'a', null)"),
        ("bridge_merge", "chains_end",
         "insert into marts.bridge_merge values ('account', 's', 'a', 'b', 'b', null), "
         "('account', 's', 'b', 'c', 'c', null)"),
        ("bridge_merge", "one_chain_one_end",
         "insert into marts.bridge_merge values ('account', 's', 'a', 'b', 'd', null), "
         "('account', 's', 'b', 'c', 'c', null)"),
        ("bridge_merge", "merged_opportunities_are_in_no_fact",
         "insert into marts.bridge_merge "
         "select 'opportunity', 's', opportunity_key, 'b', 'b', null "
         "from marts.fct_opportunity limit 1"),
        ("bridge_merge", "survivors_are_known",
         "insert into marts.bridge_merge values ('account', 's', 'a', 'b', 'b', null)"),
        ("pipeline_daily", "there_while_something_is_open", "delete from marts.pipeline_daily"),
        ("pipeline_daily", "counts_are_positive",
         "update marts.pipeline_daily set open_count = 0 where past_due_count = 0"),
        ("pipeline_daily", "nothing_after_as_of",
         "update marts.pipeline_daily set date_day = date_day + 1"),
        ("pipeline_daily", "today_as_in_the_facts",
         "update marts.pipeline_daily set open_amount = open_amount + 0.01"),
        ("pipeline_daily", "today_as_in_the_versions", f"delete from {STRETCHES} where is_open"),
        ("pipeline_daily", "a_past_day_as_in_the_versions",
         "update marts.pipeline_daily set past_due_count = past_due_count + 1"),
    ],
)  # fmt: skip
def test_what_is_broken_in_a_later_night_is_found(
    later: Settings, tmp_path: Path, table: str, check: str, sql: str
) -> None:
    broken = tmp_path / "broken.duckdb"
    shutil.copy(later.candidate, broken)
    with duckdb.connect(str(broken)) as connection:
        connection.execute(sql)
    (suite,) = (each for each in read_suites() if each.table == f"marts.{table}")
    (asked,) = (each for each in suite.expectations if each.check == check)
    (result,) = run_suites([replace(suite, expectations=[asked])], broken)
    assert not result.success
    assert "Error" not in result.observed
    assert result.sample
