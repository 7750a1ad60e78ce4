"""What is read from Salesforce: which file holds which object, and what it must hold.

Belongs here: the contracts of the built-in source against a list of objects and columns that is
written here once more. Does not belong here: what staging makes of the rows
(tests/integration/test_salesforce_staging.py).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from orchestration.bronze.split import split_file
from orchestration.bronze.values import values_of
from orchestration.extracts.landing import Night, local_file
from orchestration.extracts.places import landing_place
from orchestration.extracts.table import UnreadableFileError
from orchestration.settings import Settings
from orchestration.sources.catalog import native_sources
from orchestration.sources.contract import Column

NIGHT = date(2025, 9, 28)
SALESFORCE = native_sources()["salesforce"]

# The objects by Salesforce's own names, with the columns that a file has to have.
OBJECTS = {
    "Opportunity": "Id AccountId OwnerId Name StageName Amount CloseDate CreatedDate IsClosed "
    "IsWon IsDeleted Type LeadSource Probability LastModifiedDate SystemModstamp",
    "OpportunityHistory": "Id OpportunityId StageName Amount CloseDate Probability "
    "ForecastCategory ExpectedRevenue CreatedDate CreatedById IsDeleted",
    "OpportunityFieldHistory": "Id OpportunityId Field OldValue NewValue CreatedDate CreatedById "
    "IsDeleted",
    "OpportunityStage": "Id ApiName MasterLabel SortOrder IsActive IsClosed IsWon "
    "DefaultProbability ForecastCategoryName",
    "OpportunityContactRole": "Id OpportunityId ContactId Role IsPrimary CreatedDate IsDeleted",
    "OpportunitySplit": "Id OpportunityId SplitOwnerId SplitPercentage",
    "OpportunitySplitType": "Id IsTotalValidated",
    "OpportunityLineItem": "Id OpportunityId",
    "Account": "Id Name ParentId OwnerId Industry NumberOfEmployees AnnualRevenue Type "
    "BillingCountry MasterRecordId IsDeleted SystemModstamp",
    "Contact": "Id AccountId Email Title OwnerId CreatedDate MasterRecordId IsDeleted",
    "Lead": "Id Email Company Status LeadSource OwnerId CreatedDate IsConverted ConvertedDate "
    "ConvertedAccountId ConvertedContactId ConvertedOpportunityId MasterRecordId IsDeleted",
    "LeadHistory": "Id LeadId Field OldValue NewValue CreatedDate CreatedById IsDeleted",
    "Campaign": "Id Name Type Status StartDate EndDate ParentId",
    "CampaignMember": "Id CampaignId LeadId ContactId Status HasResponded FirstRespondedDate "
    "CreatedDate",
    "CampaignInfluence": "Id CampaignId OpportunityId",
    "CampaignInfluenceModel": "Id",
    "Task": "Id WhoId WhatId AccountId OwnerId Subject CreatedDate IsDeleted ActivityDate Status "
    "IsClosed TaskSubtype CompletedDateTime",
    "Event": "Id WhoId WhatId AccountId OwnerId Subject CreatedDate IsDeleted StartDateTime "
    "EndDateTime IsChild IsRecurrence",
    "TaskRelation": "Id TaskId RelationId",
    "EventRelation": "Id EventId RelationId",
    "User": "Id Name Email IsActive UserRoleId ManagerId ProfileId Department TimeZoneSidKey "
    "CreatedDate",
    "UserRole": "Id Name ParentRoleId",
    "Product2": "Id",
    "Pricebook2": "Id",
    "PricebookEntry": "Id Product2Id",
    "DatedConversionRate": "IsoCode StartDate NextStartDate ConversionRate",
    "CurrencyType": "IsoCode ConversionRate IsCorporate",
    "RecordType": "Id SobjectType DeveloperName",
}
# Columns that are used where the file has them, and some that only certain orgs have at all.
USED_IF_THERE = {
    "Opportunity": "ForecastCategoryName RecordTypeId CurrencyIsoCode ExpectedRevenue "
    "ForecastCategory CampaignId ContactId Pricebook2Id NextStep Fiscal FiscalYear FiscalQuarter "
    "HasOpportunityLineItem IsSplit TotalOpportunityQuantity LastActivityDate LastStageChangeDate "
    "PushCount LastAmountChangedHistoryId LastCloseDateChangedHistoryId PartnerAccountId "
    "Territory2Id SyncedQuoteId CreatedById LastModifiedById",
    "OpportunityHistory": "PrevAmount PrevCloseDate CurrencyIsoCode SystemModstamp",
    "OpportunityFieldHistory": "DataType",
    "OpportunityStage": "ForecastCategory Description SystemModstamp",
    "OpportunityContactRole": "SystemModstamp",
    "OpportunitySplit": "SplitAmount SplitTypeId",
    "OpportunityLineItem": "Product2Id PricebookEntryId Quantity UnitPrice TotalPrice Discount "
    "ServiceDate",
    "Account": "Website AccountSource RecordTypeId Rating CreatedDate",
    "Contact": "Department ReportsToId LeadSource MailingCountry",
    "Lead": "Industry NumberOfEmployees Rating Country FirstName LastName Title",
    "Campaign": "BudgetedCost ActualCost",
    "CampaignInfluence": "ModelId Influence RevenueShare",
    "Task": "CallDurationInSeconds CallType CallDisposition Type IsArchived",
    "Event": "Type IsArchived",
    "User": "UserType Title",
    "Product2": "Name Family ProductCode IsActive",
}
# As Bulk API pages, the Data Loader, the Data Export and people's scripts name a file.
FORMS = [
    "{}.csv", "{}_1.csv", "{}-2.csv", "{}.3.csv", "{}-part-2.csv", "{}_part2.csv", "{}.part.4.csv",
    "{}_2025-09-28.csv", "{}-20250928T0101.csv", "{}Data.csv", "{}Extract.csv", "{}.csv.gz",
    "{}_1.csv.zst", "{}.parquet", "{}-00001.parquet", "{}.jsonl", "{}.2.jsonl", "{}.jsonl.gz",
]  # fmt: skip
# Neither a file of the object nor one that could be taken for it unseen.
STRANGERS = [
    "{}s.csv", "my{}.csv", "{} (1).csv", "{}_history.csv", "{}_partner.csv", "{}Feed.csv", "{}.txt",
    "{}.csv.md5", "{}Share.csv",
]  # fmt: skip


def object_of(name: str) -> str:
    """`LeadHistory` is the object `lead_history`; one name belongs to a canonical object."""
    if name == "OpportunityFieldHistory":
        return "opportunity_field_change"
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


def columns_of(name: str) -> dict[str, Column]:
    return {column.name: column for column in SALESFORCE.contracts[object_of(name)].columns}


def landed(settings: Settings, names: list[str]) -> Night:
    folder = settings.landing / "salesforce" / NIGHT.isoformat()
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return Night(SALESFORCE, NIGHT, landing_place(settings))


# Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_claimed_by_its_object_and_by_no_other(
    settings: Settings, form: str, spell: type[str]
) -> None:
    names = {spell(form.format(name)): object_of(name) for name in OBJECTS}
    found = landed(settings, list(names)).files()

    claims = sorted((file.name, file.contract.object) for file in found)
    assert claims == sorted(names.items())


@pytest.mark.parametrize("form", STRANGERS)
def test_a_file_that_only_looks_like_one_is_left_unclaimed(settings: Settings, form: str) -> None:
    names = [form.format(name) for name in OBJECTS]
    night = landed(settings, names)

    assert [file.name for file in night.files()] == []
    assert sorted(night.unclaimed()) == sorted(names)


def test_what_the_data_loader_says_of_a_load_is_no_extract(settings: Settings) -> None:
    names = ["success0413060133.csv", "error0413060133.csv"]

    assert landed(settings, names).files() == []


# Columns -----------------------------------------------------------------------------------------


def test_every_object_is_declared_and_no_other() -> None:
    assert sorted(SALESFORCE.contracts) == sorted(object_of(name) for name in OBJECTS)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_file_must_have_these_columns(name: str) -> None:
    needed = [column.name for column in columns_of(name).values() if not column.is_header_optional]

    assert needed == OBJECTS[name].split()


@pytest.mark.parametrize("name", USED_IF_THERE)
def test_a_file_may_lack_these_columns(name: str) -> None:
    columns = columns_of(name)

    for column in USED_IF_THERE[name].split():
        assert columns[column].is_header_optional, column


@pytest.mark.parametrize("name", OBJECTS)
def test_the_key_is_there_in_every_row(name: str) -> None:
    for key in SALESFORCE.contracts[object_of(name)].key:
        assert columns_of(name)[key].is_required


@pytest.mark.parametrize("name", OBJECTS)
def test_every_key_of_a_record_is_brought_to_18_characters(name: str) -> None:
    """Otherwise a report of 15 and an API of 18 characters name one record in two ways."""
    for column in columns_of(name).values():
        assert (column.type == "salesforce_id") == column.name.endswith("Id"), column.name


@pytest.mark.parametrize("name", OBJECTS)
def test_every_column_says_what_it_means(name: str) -> None:
    assert [column.name for column in columns_of(name).values() if not column.description] == []


def test_a_stage_has_to_be_one_of_the_picklist() -> None:
    references = columns_of("Opportunity")["StageName"].references

    assert references is not None
    assert (references.object, references.columns) == (
        "opportunity_stage",
        ["ApiName", "MasterLabel"],
    )


# Values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["2006-06-15", "2006-06-15 00:00:00", "2006-06-15T00:00:00.000Z"])
def test_a_day_is_read_in_the_form_of_any_export(text: str) -> None:
    column = columns_of("Opportunity")["CloseDate"]
    values = values_of(pl.Series([text]), column, SALESFORCE.contracts["opportunity"])

    assert values.to_list() == [date(2006, 6, 15)]


def test_an_instant_is_no_day() -> None:
    """Which day it falls on depends on a time zone that nobody has told."""
    column = columns_of("Opportunity")["CloseDate"]
    texts = pl.Series(["2006-06-15T20:47:07.000Z"])

    assert values_of(texts, column, SALESFORCE.contracts["opportunity"]).to_list() == [None]


@pytest.mark.parametrize(
    "text", ["2006-06-15T20:47:07.000Z", "2006-06-15T20:47:07.000+0000", "2006-06-15 20:47:07"]
)
def test_an_instant_is_read_in_the_form_of_any_export(text: str) -> None:
    column = columns_of("Opportunity")["CreatedDate"]
    values = values_of(pl.Series([text]), column, SALESFORCE.contracts["opportunity"])

    assert values.to_list() == [datetime(2006, 6, 15, 20, 47, 7)]


def test_a_large_amount_is_read_as_the_data_loader_writes_it() -> None:
    column = columns_of("Opportunity")["Amount"]
    values = values_of(pl.Series(["1.25E7"]), column, SALESFORCE.contracts["opportunity"])

    assert values.to_list() == [12_500_000]


# Reports -----------------------------------------------------------------------------------------

REPORT = """\
"Opportunity ID","Opportunity Name","Stage","Amount"
"0067E0000028LZP","Acme - 1,200 Widgets","Prospecting","140000.00"


"Opportunity Report"
"{line}"
"Acme Inc."
"""


@pytest.mark.parametrize(
    "line",
    [
        "Copyright (c) 2000-2025 salesforce.com, inc. All rights reserved.",
        "Copyright © 2000-2019 salesforce.com, inc. All rights reserved.",
        "Confidential Information - Do Not Distribute",
    ],
)
def test_a_saved_report_is_refused_with_what_to_export_instead(
    settings: Settings, tmp_path: Path, line: str
) -> None:
    path = tmp_path / "Opportunity.csv"
    path.write_text(REPORT.format(line=line), encoding="utf-8")
    landed = local_file(SALESFORCE.contracts["opportunity"], date(2025, 9, 28), path)

    with pytest.raises(UnreadableFileError, match="queryAll job of the Bulk API"):
        split_file(landed, path, 1, settings, tmp_path)


def test_an_extract_may_quote_what_reports_end_with(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "UserRole.csv"
    note = "Confidential Information - Do Not Distribute"
    path.write_text(f'Id,Name,ParentRoleId\n00E000000000001,"{note}",\n', encoding="utf-8")
    landed = local_file(SALESFORCE.contracts["user_role"], date(2025, 9, 28), path)

    assert split_file(landed, path, 1, settings, tmp_path).rows_accepted == 1
