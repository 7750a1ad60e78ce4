"""What is read from HubSpot: which file holds which object, and under which names columns come.

Belongs here: the contracts of the built-in source against what HubSpot sends, which is written
here once more. Does not belong here: what staging makes of the rows
(tests/integration/test_hubspot.py).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from orchestration.bronze.header import HeaderMatch, MissingColumnsError, match_header
from orchestration.bronze.values import values_of
from orchestration.extracts.landing import Night
from orchestration.extracts.places import landing_place
from orchestration.extracts.readers import open_table
from orchestration.settings import Settings
from orchestration.sources.catalog import canonical_objects, native_sources

NIGHT = date(2025, 9, 28)
HUBSPOT = native_sources()["hubspot"]

# What must be read of each object where it is sent, by HubSpot's names.
COLUMNS = {
    "deal": "id archived archivedAt dealname pipeline dealstage amount deal_currency_code "
    "amount_in_home_currency closedate createdate hs_lastmodifieddate hubspot_owner_id dealtype "
    "hs_is_closed_won hs_is_closed_lost closed_lost_reason hs_merged_object_ids "
    "hs_manual_forecast_category hs_forecast_amount hs_forecast_probability "
    "hs_deal_stage_probability hs_projected_amount hs_exchange_rate hs_acv hs_arr hs_mrr hs_tcv "
    "hs_next_step hubspot_team_id hs_analytics_source hs_analytics_source_data_1 "
    "hs_analytics_source_data_2 num_associated_contacts hs_deal_score hubspot_owner_assigneddate",
    "deal_property_history": "id property value timestamp sourceType sourceId sourceLabel "
    "updatedByUserId",
    "contact_property_history": "id property value timestamp sourceType sourceId sourceLabel "
    "updatedByUserId",
    "pipeline_stage": "pipelineId pipelineLabel pipelineDisplayOrder pipelineArchived stageId "
    "label displayOrder isClosed probability archived createdAt updatedAt",
    "contact": "id email lifecyclestage createdate hs_lead_status hubspot_owner_id "
    "hs_analytics_source archived hs_merged_object_ids hs_lastmodifieddate jobtitle "
    "hs_latest_source first_conversion_date hs_analytics_first_timestamp "
    "hs_analytics_first_touch_converting_campaign hs_analytics_last_touch_converting_campaign",
    "company": "id name domain industry numberofemployees annualrevenue country archived "
    "hs_parent_company_id lifecyclestage",
    "owner": "id userId email archived",
    "team": "id name",
    "product": "id archived name price hs_sku hs_product_type createdate hs_lastmodifieddate",
    "line_item": "id archived name hs_product_id quantity price amount createdate "
    "hs_lastmodifieddate hs_recurring_billing_start_date",
    "campaign": "id hs_object_id hs_name hs_campaign_status hs_start_date hs_end_date "
    "hs_budget_items_sum_amount hs_spend_items_sum_amount updatedAt",
    "association": "fromId toId category typeId label",
    "call": "id archived hs_timestamp hs_createdate hubspot_owner_id hs_call_direction "
    "hs_call_disposition hs_call_duration",
    "email": "id archived hs_timestamp hs_createdate hubspot_owner_id hs_email_direction",
    "meeting": "id archived hs_timestamp hs_createdate hubspot_owner_id hs_meeting_outcome",
    "note": "id archived hs_timestamp hs_createdate hubspot_owner_id",
    "task": "id archived hs_timestamp hs_createdate hubspot_owner_id hs_task_status",
}
# A page of deals as the API answers without being asked for any property in particular, but for the
# owner.
DEFAULT_PAGE = (
    "id", "properties.amount", "properties.closedate", "properties.createdate",
    "properties.dealname", "properties.dealstage", "properties.hs_lastmodifieddate",
    "properties.hs_object_id", "properties.hubspot_owner_id", "properties.pipeline", "createdAt",
    "updatedAt", "archived",
)  # fmt: skip
# The columns of the deal board's export, as the button gives them.
EXPORT = (
    "Record ID", "Deal Name", "Deal Stage", "Pipeline", "Close Date", "Deal owner", "Amount",
    "Create Date", "Last Modified Date", "Associated Company IDs", "Associated Contact IDs",
)  # fmt: skip
CLAIMED = {
    "deals.jsonl": {"deal", "deal_property_history", "deal_association"},
    "deals_archived.jsonl.gz": {"deal", "deal_property_history", "deal_association"},
    "Deals-page-7.json": {"deal", "deal_property_history", "deal_association"},
    "deals.csv": {"deal"},
    "hubspot-crm-exports-all-deals-2025-09-28.csv": {"deal"},
    "hubspot-crm-exports-all-companies-2025-09-28.xlsx": {"company"},
    "deal_property_history.csv": {"deal_property_history"},
    "pipelines.jsonl": {"pipeline_stage"},
    "pipeline_stages.csv": {"pipeline_stage"},
    "contacts.jsonl": {"contact", "contact_property_history"},
    "companies.jsonl": {"company"},
    "owners.jsonl": {"owner", "owner_team"},
    "teams.jsonl": {"team"},
    "products.jsonl": {"product"},
    "line_items.jsonl": {"line_item", "line_item_association"},
    "line_items_archived.csv": {"line_item"},
    "campaigns.jsonl": {"campaign"},
    "campaign_contacts.csv": {"campaign_contact"},
    "associations_deals_companies.jsonl": {"association"},
    "calls.jsonl": {"call", "engagement_association"},
    "tasks.csv": {"task"},
}
STRANGERS = [
    "tickets.jsonl", "ticket_pipelines.jsonl", "hubspot-crm-exports-contacts-without-deals.csv",
    "deals.csv.md5", "quotes.jsonl", "deals.txt",
]  # fmt: skip


def landed(settings: Settings, *names: str) -> Night:
    folder = settings.landing / "hubspot" / NIGHT.isoformat()
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return Night(HUBSPOT, NIGHT, landing_place(settings))


def matched(object_: str, header: tuple[str, ...]) -> HeaderMatch:
    return match_header(HUBSPOT.contracts[object_], header)


@pytest.mark.parametrize("object_", COLUMNS)
def test_every_column_that_hubspot_documents_is_declared(object_: str) -> None:
    declared = {column.name for column in HUBSPOT.contracts[object_].columns}
    assert set(COLUMNS[object_].split()) <= declared


@pytest.mark.parametrize("object_", HUBSPOT.contracts)
def test_every_column_says_what_it_means(object_: str) -> None:
    contract = HUBSPOT.contracts[object_]
    assert contract.description
    assert [column.name for column in contract.columns if not column.description] == []


def test_no_object_bears_the_name_of_a_canonical_one() -> None:
    """Mapped sources are read by the name of the object, from the folders of all sources."""
    assert not set(HUBSPOT.contracts) & set(canonical_objects())


@pytest.mark.parametrize("name", CLAIMED)
def test_a_file_holds_the_objects_that_its_name_says(settings: Settings, name: str) -> None:
    files = landed(settings, name).files()
    assert {file.contract.object for file in files} == CLAIMED[name]


def test_files_of_other_objects_are_claimed_by_none(settings: Settings) -> None:
    night = landed(settings, *STRANGERS)
    assert night.files() == []
    assert sorted(night.unclaimed()) == sorted(STRANGERS)


def test_a_page_with_default_properties_is_enough() -> None:
    match = matched("deal", DEFAULT_PAGE)
    assert match.found["properties.dealstage"] == "properties.dealstage"
    assert "hs_merged_object_ids" not in match.found


def test_an_export_is_read_by_its_labels() -> None:
    assert {"Deal Stage", "Deal owner", "Associated Company IDs"} <= set(
        matched("deal", EXPORT).found.values()
    )


@pytest.mark.parametrize("lacking", ["Record ID", "Deal Stage", "Pipeline", "Amount", "Deal owner"])
def test_an_export_without_what_every_mart_needs_is_refused(lacking: str) -> None:
    header = tuple(name for name in EXPORT if name != lacking)
    with pytest.raises(MissingColumnsError, match=f"`{lacking}`"):
        matched("deal", header)


def test_columns_of_stages_go_on_under_names_of_their_own() -> None:
    stamps = ("properties.hs_v2_date_entered_1001", 'Date entered "Closed Won (Sales)"')
    kept = matched("deal", (*DEFAULT_PAGE, *stamps, "properties.custom")).kept
    assert kept["properties_hs_v2_date_entered_1001"] == stamps[0]
    assert kept["date_entered_closed_won_sales_"] == stamps[1]
    assert kept["extra__properties_custom"] == "properties.custom"


@pytest.mark.parametrize("object_", ["call", "email", "meeting", "note", "task"])
def test_what_people_wrote_to_each_other_is_not_kept(object_: str) -> None:
    texts = ("properties.hs_call_body", "properties.hs_email_text", "properties.hs_note_body")
    assert matched(object_, ("id", "properties.hs_timestamp", *texts)).kept == {}


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-03-31T22:30:00.125Z", datetime(2024, 3, 31, 22, 30, 0, 125_000)),
        ("2024-03-31T22:30:00Z", datetime(2024, 3, 31, 22, 30)),
        ("1711924200125", datetime(2024, 3, 31, 22, 30, 0, 125_000)),
        ("2024-03-31 22:30", datetime(2024, 3, 31, 22, 30)),
        ("2024-03-31", datetime(2024, 3, 31)),
    ],
)
@pytest.mark.parametrize("name", ["closedate", "createdate", "hs_lastmodifieddate"])
def test_an_instant_is_read_in_every_form_that_hubspot_writes(
    name: str, text: str, instant: datetime
) -> None:
    contract = HUBSPOT.contracts["deal"]
    column = next(column for column in contract.columns if column.name == name)
    assert values_of(pl.Series([text]), column, contract).to_list() == [instant]


@pytest.mark.parametrize(
    "name", ["amount_in_home_currency", "hs_forecast_amount", "hs_projected_amount"]
)
def test_a_product_may_have_any_number_of_digits(name: str) -> None:
    """A million at 20 %, as the API writes it."""
    text = "200000.0000000000111022302462515654042363166809082031250000000"
    contract = HUBSPOT.contracts["deal"]
    column = next(column for column in contract.columns if column.name == name)
    assert values_of(pl.Series([text]), column, contract).to_list() == [200_000.0]


def test_stages_of_a_pipeline_are_rows_that_know_their_pipeline(tmp_path: Path) -> None:
    path = tmp_path / "pipelines.jsonl"
    path.write_text(
        '{"results": [{"id": "77", "label": "Renewals", "archived": false, "stages": ['
        '{"id": "2001", "label": "Notice", "displayOrder": 0, '
        '"metadata": {"isClosed": "false", "probability": "0.2"}}]}]}\n'
    )
    contract = HUBSPOT.contracts["pipeline_stage"]
    table = open_table(path, path.name, contract, tmp_path)
    match = match_header(contract, table.header)
    (row,) = table.records.collect().to_dicts()
    said = {
        column.name: row[header]
        for column in contract.columns
        if (header := match.header_of(column)) is not None
    }
    assert (said["pipelineId"], said["stageId"]) == ("77", "2001")
    assert (said["label"], said["pipelineLabel"]) == ("Notice", "Renewals")
    assert (said["isClosed"], said["probability"]) == ("false", "0.2")
