"""What staging makes of Salesforce's rows, from landed files to the staged tables.

Belongs here: the rules of each staging model. Does not belong here: the rows that meet them
(salesforce_org.py), which file holds which object (tests/unit/test_salesforce_contracts.py), marts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from orchestration.bronze.night import accept, heal, load_night
from orchestration.privacy.masking import masked_columns
from orchestration.settings import Settings
from orchestration.sources.catalog import canonical_contracts, canonical_objects, native_sources
from tests.conftest import land
from tests.integration.marts import build_marts
from tests.integration.salesforce_org import (
    ACCOUNT,
    CAMPAIGN,
    CAPITALS,
    CONTACT,
    DEAL,
    DEAR_PRODUCT,
    DELETED,
    EUROPEAN,
    FIRST_NIGHT,
    INVITEE,
    LEAD,
    MANAGER,
    OTHER_ACCOUNT,
    OTHER_LEAD,
    PRODUCT,
    REP,
    SECOND_NIGHT,
    key,
)

FIRST, SECOND = date(2025, 9, 28), date(2025, 9, 29)
SALESFORCE = native_sources()["salesforce"].contracts

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask the staged tables of two nights."""
    settings = Settings(home=tmp_path_factory.mktemp("salesforce") / "home")
    settings.root.mkdir()
    settings.company.write_text("business_time_zone: America/New_York\n")
    for night, files in ((FIRST, FIRST_NIGHT), (SECOND, SECOND_NIGHT)):
        land(settings, "salesforce", night, dict(files))
        heal(settings)
        loads = load_night(settings, night, f"run of {night}", "salesforce")
        refused = [(load.name, load.error) for load in loads if load.error or load.rows_quarantined]
        assert refused == []
        accept(settings)
    build_marts(
        settings,
        ["path:dbt_project/models/staging", "int_opportunities", "int_split_types", "int_users"],
    )
    with duckdb.connect(str(settings.candidate), read_only=True) as connection:
        yield lambda query: connection.execute(query).fetchall()


# Records -----------------------------------------------------------------------------------------


def test_every_record_is_staged_once_in_its_newest_version(ask: Ask) -> None:
    assert ask(
        "select opportunity_id, amount, modified_at from staging.stg_salesforce__opportunities "
        f"where opportunity_id = '{DEAL}'"
    ) == [(DEAL, 120, datetime(2025, 9, 28, 12))]


@pytest.mark.parametrize(
    ("model", "kept", "deleted"),
    [
        ("opportunities", 2, 1), ("accounts", 1, 1), ("contacts", 2, 1), ("leads", 1, 1),
        ("opportunity_contacts", 1, 1), ("opportunity_lines", 1, 1), ("activities", 7, 1),
    ],
)  # fmt: skip
def test_deleted_records_stay_and_are_flagged(
    ask: Ask, model: str, kept: int, deleted: int
) -> None:
    counted = ask(
        f"select is_deleted, count(*) from staging.stg_salesforce__{model} group by all order by 1"
    )

    assert counted == [(False, kept), (True, deleted)]


@pytest.mark.parametrize(
    ("model", "id_", "loser", "winner"),
    [
        ("accounts", "account_id", OTHER_ACCOUNT, ACCOUNT),
        ("contacts", "contact_id", key("003", 3), CONTACT),
        ("leads", "lead_id", OTHER_LEAD, LEAD),
    ],
)
def test_a_merged_record_names_the_one_it_went_into(
    ask: Ask, model: str, id_: str, loser: str, winner: str
) -> None:
    merged = ask(
        f"select {id_}, merged_into_id from staging.stg_salesforce__{model} "
        "where merged_into_id is not null"
    )

    assert merged == [(loser, winner)]


# Opportunities -----------------------------------------------------------------------------------


def test_an_old_export_gives_the_forecast_category_as_the_api_spells_it(ask: Ask) -> None:
    categories = ask(
        "select forecast_category from staging.stg_salesforce__opportunities "
        f"where opportunity_id = '{DELETED}'"
    )

    assert categories == [("Omitted",)]


def test_history_outlives_its_opportunity(ask: Ask) -> None:
    """It lies in the recycle bin with it, and tells what it was until then."""
    assert ask(
        "select opportunity_id, stage, probability "
        "from staging.stg_salesforce__opportunity_history order by history_id"
    ) == [(DEAL, "Prospecting", 0.1), (DELETED, "Prospecting", 0.1)]


def test_of_a_lookup_that_changed_the_ids_are_kept(ask: Ask) -> None:
    """Salesforce writes the change twice: counted twice, a deal would change hands twice."""
    assert ask(
        "select old_value, new_value from staging.stg_salesforce__opportunity_field_history "
        f"where field = 'owner_id' and opportunity_id = '{DEAL}'"
    ) == [(MANAGER, REP)]


def test_ids_of_15_characters_in_a_field_history_are_those_of_18(ask: Ask) -> None:
    assert ask(
        "select old_value, new_value from staging.stg_salesforce__opportunity_field_history "
        f"where history_id = '{key('017', 9)}'"
    ) == [(CAPITALS, REP)]


def test_an_owner_who_is_told_by_name_alone_is_the_user_of_that_name(ask: Ask) -> None:
    """`Christopherlees` has 15 letters, as a key has 15 characters."""
    assert ask(
        "select field, old_value, new_value from staging.stg_salesforce__opportunity_field_history "
        f"where history_id = '{key('017', 10)}'"
    ) == [("owner_id", CAPITALS, MANAGER)]


def test_a_name_that_two_users_bear_is_nobody_who_could_be_credited(ask: Ask) -> None:
    assert ask(
        "select field, old_value, new_value from staging.stg_salesforce__opportunity_field_history "
        f"where history_id = '{key('017', 11)}'"
    ) == [("owner_name", "Bo", "Twin")]


def test_a_name_that_looks_like_a_key_is_told_from_one_where_the_export_says_so(ask: Ask) -> None:
    """`Constellational` has 15 letters, as a key has 15 characters."""
    assert ask(
        "select old_value, new_value from staging.stg_salesforce__opportunity_field_history "
        "where field = 'campaign_id'"
    ) == [(None, CAMPAIGN)]


def test_of_a_lookup_that_was_written_by_name_alone_the_names_are_kept(ask: Ask) -> None:
    assert ask(
        "select old_value, new_value from staging.stg_salesforce__opportunity_field_history "
        "where field = 'account_name'"
    ) == [("Acme", "Emca")]


def test_two_changes_of_one_second_are_both_kept(ask: Ask) -> None:
    assert ask(
        "select new_value from staging.stg_salesforce__opportunity_field_history "
        "where field = 'Region__c' order by history_id"
    ) == [("south",), ("west",)]


def test_changes_outlive_their_opportunity(ask: Ask) -> None:
    assert ask(
        "select old_value, new_value from staging.stg_salesforce__opportunity_field_history "
        "where field = 'amount'"
    ) == [("100.0", "120.0")]


def test_a_split_is_a_share_between_0_and_1(ask: Ask) -> None:
    assert ask(
        "select user_id, share, split_type from staging.stg_salesforce__opportunity_splits "
        "order by split_type"
    ) == [(REP, 0.625, key("1Tk", 1)), (REP, 1.0, key("1Tk", 2))]


def test_a_type_that_has_to_share_out_the_whole_divides_closes(ask: Ask) -> None:
    """The other one shares out the whole of the only opportunity, and with its owner."""
    assert ask("select split_type, place from intermediate.int_split_types order by place") == [
        (key("1Tk", 1), 1),
        (key("1Tk", 2), 2),
    ]


def test_a_line_that_names_only_a_price_has_the_product_of_that_price(ask: Ask) -> None:
    assert ask(
        "select product_id, quantity, unit_price, amount "
        "from staging.stg_salesforce__opportunity_lines where not is_deleted"
    ) == [(PRODUCT, 2.0, 10, 18)]


def test_a_list_price_is_that_of_the_standard_price_book(ask: Ask) -> None:
    assert ask(
        f"select list_price from staging.stg_salesforce__products where product_id = '{PRODUCT}'"
    ) == [(10,)]


def test_a_product_with_a_price_in_each_currency_has_no_list_price(ask: Ask) -> None:
    """A list price has no currency beside it."""
    assert ask(
        "select list_price from staging.stg_salesforce__products "
        f"where product_id = '{DEAR_PRODUCT}'"
    ) == [(None,)]


# People ------------------------------------------------------------------------------------------


def test_a_contact_bears_no_name(ask: Ask) -> None:
    columns = {name for name, *_ in ask("describe staging.stg_salesforce__contacts")}
    assert {"contact_id", "email_hash", "phone_last_digits"} <= columns
    assert [name for name in columns if "name" in name] == []


def test_a_user_bears_the_name_of_the_role_or_else_the_title(ask: Ask) -> None:
    assert ask("select user_name, role from staging.stg_salesforce__users order by 1") == [
        ("Ann", "Rep North"),
        ("Bo", "VP Sales"),
        ("Christopherlees", None),
        ("Twin", None),
        ("Twin", None),
    ]


def test_a_lead_is_converted_on_the_day_that_salesforce_keeps(ask: Ask) -> None:
    assert ask(
        "select lead_id, converted_at, opportunity_id from staging.stg_salesforce__leads order by 1"
    ) == [(LEAD, datetime(2025, 9, 27, 4), DEAL), (OTHER_LEAD, None, None)]


def test_only_changes_of_the_status_are_entries_into_one(ask: Ask) -> None:
    assert ask(
        "select lead_id, previous_status, status, changed_at "
        "from staging.stg_salesforce__lead_status_history"
    ) == [(LEAD, "Open", "Qualified", datetime(2025, 9, 27, 12))]


# Campaigns ---------------------------------------------------------------------------------------


def test_a_member_that_responded_has_the_day_of_the_response(ask: Ask) -> None:
    assert ask(
        "select campaign_id, lead_id, has_responded, responded_at "
        "from staging.stg_salesforce__campaign_members"
    ) == [(CAMPAIGN, LEAD, True, datetime(2025, 9, 26, 4))]


def test_influence_is_a_share_of_each_model(ask: Ask) -> None:
    assert ask(
        "select model_name, is_default_model, share "
        "from staging.stg_salesforce__campaign_influence order by 1"
    ) == [("Even", False, 0.25), ("First touch", True, 1.0)]


# Activities --------------------------------------------------------------------------------------


def test_a_meeting_counts_once_whatever_its_copies_and_series(ask: Ask) -> None:
    assert ask(
        "select activity_id, opportunity_id, contact_id, duration_minutes, is_completed "
        "from staging.stg_salesforce__activities where channel = 'meeting' order by 1"
    ) == [
        (key("00U", 1), DEAL, CONTACT, 45.0, None),
        (key("00U", 5), DEAL, None, 0.0, None),
    ]


def test_a_task_is_called_what_it_is(ask: Ask) -> None:
    assert ask(
        "select activity_id, channel from staging.stg_salesforce__activities "
        "where channel <> 'meeting' order by 1"
    ) == [
        (key("00T", 1), "call"),
        (key("00T", 2), "email"),
        (key("00T", 3), "call"),
        (key("00T", 4), "task"),
        (key("00T", 5), "other"),
        (key("00T", 7), "call"),
    ]


def test_a_logged_call_keeps_its_direction_length_and_outcome(ask: Ask) -> None:
    assert ask(
        "select direction, duration_minutes, is_completed, outcome, occurred_at "
        f"from staging.stg_salesforce__activities where activity_id = '{key('00T', 1)}'"
    ) == [("inbound", 1.5, True, "Meeting booked", datetime(2025, 9, 28, 12))]


def test_a_task_that_is_still_to_be_done_occurs_when_it_is_due(ask: Ask) -> None:
    assert ask(
        "select occurred_at, account_id, opportunity_id, is_completed "
        f"from staging.stg_salesforce__activities where activity_id = '{key('00T', 3)}'"
    ) == [(datetime(2025, 10, 1, 4), ACCOUNT, None, False)]


def test_a_call_that_has_only_a_day_occurred_when_it_was_written_down_on_it(ask: Ask) -> None:
    assert ask(
        "select occurred_at, is_completed "
        f"from staging.stg_salesforce__activities where activity_id = '{key('00T', 7)}'"
    ) == [(datetime(2025, 9, 27, 12), True)]


def test_a_meeting_of_a_whole_day_occurs_on_that_day_of_the_business_time_zone(ask: Ask) -> None:
    assert ask(
        "select occurred_at "
        f"from staging.stg_salesforce__activities where activity_id = '{key('00U', 5)}'"
    ) == [(datetime(2025, 9, 27, 4),)]


def test_whom_an_activity_is_about_is_a_contact_or_a_lead(ask: Ask) -> None:
    assert ask(
        "select contact_id, lead_id from staging.stg_salesforce__activities "
        f"where activity_id in ('{key('00T', 1)}', '{key('00T', 2)}') order by 1"
    ) == [(CONTACT, None), (None, LEAD)]


def test_each_participant_is_told_by_what_it_is(ask: Ask) -> None:
    assert ask(
        "select activity_id, contact_id, opportunity_id, user_id, response "
        "from staging.stg_salesforce__activity_participants order by 1, 2"
    ) == [
        (key("00T", 1), CONTACT, None, None, None),
        (key("00T", 1), None, DEAL, None, None),
        (key("00U", 1), None, None, INVITEE, "Accepted"),
    ]


# Money -------------------------------------------------------------------------------------------


def test_a_currency_without_dated_rates_has_its_rate_of_today_for_all_time(ask: Ask) -> None:
    assert ask(
        "select currency_code, valid_from, rate, is_constant, corporate_currency_code "
        "from staging.stg_salesforce__exchange_rates order by 1, 2"
    ) == [
        ("CHF", date(1900, 1, 1), 0.8, True, "USD"),
        ("EUR", date(1900, 1, 1), 0.95, False, "USD"),
        ("EUR", date(2025, 1, 1), 0.9, False, "USD"),
        ("USD", date(1900, 1, 1), 1.0, True, "USD"),
    ]


# Custom columns ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "id_", "column", "value"),
    [
        ("opportunities", DEAL, "champion__c", None),
        ("opportunities", DEAL, "budget__c", "approved"),
        ("opportunities", EUROPEAN, "hq__latitude__s", "48.1"),
        ("accounts", ACCOUNT, "region__c", "north"),
        ("contacts", CONTACT, "persona__c", "buyer"),
        ("leads", LEAD, "score__c", "12"),
        ("users", REP, "start__c", "May"),
        ("campaigns", CAMPAIGN, "topic__c", "widgets"),
    ],
)
def test_a_custom_column_reaches_staging_without_code(
    ask: Ask, model: str, id_: str, column: str, value: str | None
) -> None:
    names = [name for name, *_ in ask(f"describe staging.stg_salesforce__{model}")]
    (found,) = ask(
        f"select {column} from staging.stg_salesforce__{model} where {names[1]} = '{id_}'"
    )

    assert found == (value,)


def test_a_hostile_name_of_a_custom_column_is_a_name_and_no_sql(ask: Ask) -> None:
    assert ask(
        "select x_drop__c from staging.stg_salesforce__opportunities where x_drop__c is not null"
    ) == [("harmless",)]


def test_custom_columns_stand_behind_all_others_of_the_record(ask: Ask) -> None:
    names = [name for name, *_ in ask("describe staging.stg_salesforce__opportunities")]

    assert names[names.index("row_number") + 1 :] == [
        "budget__c", "champion__c", "hq__latitude__s", "x_drop__c", "last_seen_date",
        "last_stamp",
    ]  # fmt: skip


def test_custom_columns_do_not_reach_the_models_that_join_sources(ask: Ask) -> None:
    names = [name for name, *_ in ask("describe intermediate.int_opportunities")]

    assert [name for name in names if "__" in name] == []


# Canonical columns -------------------------------------------------------------------------------

STAGED = {
    "opportunities": "opportunities",
    "opportunity_history": "opportunity_stage_history",
    "opportunity_field_history": "opportunity_field_history",
    "opportunity_contacts": "opportunity_contacts",
    "opportunity_splits": "opportunity_splits",
    "opportunity_lines": "opportunity_lines",
    "accounts": "accounts",
    "contacts": "contacts",
    "users": "users",
    "leads": "leads",
    "lead_status_history": "lead_status_history",
    "activities": "activities",
    "campaigns": "campaigns",
    "campaign_members": "campaign_members",
    "products": "products",
    "exchange_rates": "exchange_rates",
}


@pytest.mark.parametrize(("model", "object_"), STAGED.items())
def test_salesforce_is_staged_in_canonical_columns(ask: Ask, model: str, object_: str) -> None:
    """Name and type agree, so that the sources can stand under one another."""

    def types_of(table: str) -> dict[str, str]:
        return {name: type_ for name, type_, *_ in ask(f"describe staging.{table}")}

    native, mapped = types_of(f"stg_salesforce__{model}"), types_of(f"stg_mapped__{object_}")
    seen = [name for name, *_ in masked_columns(canonical_contracts()[object_])]
    canonical = ["source_system", *seen]
    assert {name: native.get(name) for name in canonical} == {
        name: mapped[name] for name in canonical
    }


@pytest.mark.parametrize("object_", canonical_objects())
def test_every_canonical_object_is_staged(ask: Ask, object_: str) -> None:
    assert ask(f"select count(*) from staging.stg_mapped__{object_}") == [(0,)]


# Bronze ------------------------------------------------------------------------------------------


def test_the_rows_of_every_delivered_object_are_counted(ask: Ask) -> None:
    counted = ask("select object_name, row_count from staging.stg_flywheel__bronze_rows")
    landed = [
        (
            object_,
            sum(
                len(list(csv.DictReader(io.StringIO(files.get(contract.files[0], "")))))
                for files in (FIRST_NIGHT, SECOND_NIGHT)
            ),
        )
        for object_, contract in SALESFORCE.items()
    ]

    assert sorted(counted) == sorted(landed)
    assert ask(
        "select record_count from staging.stg_flywheel__bronze_rows "
        "where object_name = 'opportunity'"
    ) == [(3,)]
