"""A small Salesforce org, as its Bulk API would export it on two nights.

Belongs here: rows that meet each rule of staging. Does not belong here: what must come of them
(test_salesforce_staging.py).
"""

from __future__ import annotations

import csv
import io
from typing import Any

from orchestration.sources.catalog import native_sources

SALESFORCE = native_sources()["salesforce"].contracts

Row = dict[str, Any]


def key(prefix: str, number: int) -> str:
    """A key of 18 characters; those of opportunities begin with 006, those of leads with 00Q."""
    return f"{prefix}{number:012d}" + ("EAA" if prefix == "00Q" else "AAA")


ACCOUNT, OTHER_ACCOUNT = key("001", 1), key("001", 2)
CONTACT, LEAD, OTHER_LEAD = key("003", 1), key("00Q", 1), key("00Q", 2)
DEAL, DELETED, EUROPEAN = key("006", 1), key("006", 2), key("006", 3)
REP, MANAGER, INVITEE = key("005", 1), key("005", 2), key("005", 3)
# Its end by hand: of `005A0` the fourth is a capital (8, I), of `00000` none (0, A), of `1bCDE` the
# last three (4 + 8 + 16, 2).
CAPITALS = "005A0000001bCDEIA2"
CAMPAIGN, PRODUCT, DEAR_PRODUCT = key("701", 1), key("01t", 1), key("01t", 2)
NOON, LATER = "2025-09-27T12:00:00.000Z", "2025-09-28T12:00:00.000Z"
MIDNIGHT = "2025-09-27T00:00:00.000Z"


def file_of(object_: str, *rows: Row) -> str:
    """A CSV file with all columns that the object needs and those that the rows have."""
    needed = [each.name for each in SALESFORCE[object_].columns if not each.is_header_optional]
    header = list(dict.fromkeys([*needed, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def opportunity(id_: str, **said: Any) -> Row:
    usual = {"StageName": "Prospecting", "CreatedDate": NOON, "IsDeleted": "false"}
    return {"Id": id_, "OwnerId": REP, "SystemModstamp": NOON} | usual | said


def change(number: int, field: str, old: str, new: str, **said: Any) -> Row:
    usual = {"OpportunityId": DEAL, "CreatedDate": NOON, "CreatedById": REP}
    row = {"Id": key("017", number), "Field": field, "OldValue": old, "NewValue": new}
    return row | usual | said


def event(number: int, **said: Any) -> Row:
    usual = {"StartDateTime": NOON, "EndDateTime": "2025-09-27T12:45:00.000Z", "OwnerId": REP}
    return {"Id": key("00U", number), "CreatedDate": NOON, "WhatId": DEAL} | usual | said


def task(number: int, **said: Any) -> Row:
    return {"Id": key("00T", number), "CreatedDate": NOON, "OwnerId": REP} | said


FIRST_NIGHT = {
    "Opportunity.csv": file_of(
        "opportunity",
        opportunity(DEAL, Amount="100", ForecastCategory="Pipeline", **{"Champion__c": "Ann"}),
        opportunity(DELETED, IsDeleted="true", ForecastCategoryName="Omitted"),
        opportunity(EUROPEAN, **{"HQ__Latitude__s": "48.1", 'x"; drop__c': "harmless"}),
    ),
    "OpportunityStage.csv": file_of(
        "opportunity_stage",
        {
            "Id": key("01J", 1), "ApiName": "Prospecting", "MasterLabel": "Prospecting",
            "SortOrder": 1, "IsClosed": "false", "IsWon": "false", "IsActive": "true",
        },
    ),
    "Account.csv": file_of(
        "account",
        {"Id": ACCOUNT, "Name": "Acme", "IsDeleted": "false", "Region__c": "north"},
        {"Id": OTHER_ACCOUNT, "IsDeleted": "true", "MasterRecordId": ACCOUNT},
    ),
    "Contact.csv": file_of(
        "contact",
        {"Id": CONTACT, "FirstName": "Ann", "LastName": "Lee", "Persona__c": "buyer"},
        {"Id": key("003", 2), "Name": "Dr Bo Ray", "FirstName": "Bo", "LastName": "Ray"},
        {"Id": key("003", 3), "IsDeleted": "true", "MasterRecordId": CONTACT},
    ),
    "Lead.csv": file_of(
        "lead",
        {
            "Id": LEAD, "CreatedDate": NOON, "Status": "Qualified", "IsConverted": "true",
            "ConvertedDate": "2025-09-27", "ConvertedOpportunityId": DEAL, "Score__c": "12",
        },
        {
            "Id": OTHER_LEAD, "CreatedDate": NOON, "Status": "Open", "IsConverted": "false",
            "MasterRecordId": LEAD, "IsDeleted": "true",
        },
    ),
    "LeadHistory.csv": file_of(
        "lead_history",
        {
            "Id": key("017", 1), "LeadId": LEAD, "Field": "Status", "OldValue": "Open",
            "NewValue": "Qualified", "CreatedDate": NOON,
        },
        {
            "Id": key("017", 2), "LeadId": LEAD, "Field": "Rating", "OldValue": "Cold",
            "NewValue": "Hot", "CreatedDate": NOON,
        },
    ),
    "OpportunityHistory.csv": file_of(
        "opportunity_history",
        *(
            {
                "Id": key("008", number), "OpportunityId": deal, "StageName": "Prospecting",
                "Probability": "10", "CreatedDate": NOON, "IsDeleted": is_deleted,
            }
            for number, deal, is_deleted in ((1, DEAL, "false"), (2, DELETED, "true"))
        ),
    ),
    "OpportunityFieldHistory.csv": file_of(
        "opportunity_field_change",
        change(1, "Owner", "Max Muster", "Ann Lee"),
        change(2, "Owner", MANAGER, REP),
        change(3, "Account", "Acme", "Emca", CreatedDate=LATER),
        change(4, "Region__c", "north", "south"),
        change(5, "Region__c", "south", "west"),
        change(6, "Amount", "100.0", "120.0", IsDeleted="true"),
        change(7, "Campaign", "", "Constellational", DataType="Text"),
        change(8, "Campaign", "", CAMPAIGN, DataType="EntityId"),
        change(9, "Owner", CAPITALS[:15], REP[:15], OpportunityId=EUROPEAN),
        change(10, "Owner", "Christopherlees", "Bo", OpportunityId=EUROPEAN, CreatedDate=LATER),
        change(11, "Owner", "Bo", "Twin", OpportunityId=DELETED),
    ),
    "OpportunityContactRole.csv": file_of(
        "opportunity_contact_role",
        {
            "Id": key("00K", 1), "OpportunityId": DEAL, "ContactId": CONTACT, "Role": "Evaluator",
            "IsPrimary": "true",
        },
        {
            "Id": key("00K", 2), "OpportunityId": DEAL, "ContactId": CONTACT, "IsDeleted": "true",
        },
    ),
    "OpportunitySplit.csv": file_of(
        "opportunity_split",
        {
            "Id": key("1Tl", 1), "OpportunityId": DEAL, "SplitOwnerId": REP,
            "SplitPercentage": "62.5", "SplitTypeId": key("1Tk", 1),
        },
        {
            "Id": key("1Tl", 2), "OpportunityId": DEAL, "SplitOwnerId": REP,
            "SplitPercentage": "100", "SplitTypeId": key("1Tk", 2),
        },
    ),
    "OpportunitySplitType.csv": file_of(
        "opportunity_split_type",
        {"Id": key("1Tk", 1), "MasterLabel": "Revenue", "IsTotalValidated": "true"},
        {"Id": key("1Tk", 2), "MasterLabel": "Overlay", "IsTotalValidated": "false"},
    ),
    "Product2.csv": file_of(
        "product2", {"Id": PRODUCT, "Name": "Widget"}, {"Id": DEAR_PRODUCT, "Name": "Gadget"}
    ),
    "Pricebook2.csv": file_of(
        "pricebook2",
        {"Id": key("01s", 1), "IsStandard": "true"},
        {"Id": key("01s", 2), "IsStandard": "false"},
    ),
    "PricebookEntry.csv": file_of(
        "pricebook_entry",
        *(
            {
                "Id": key("01u", number), "Product2Id": product, "Pricebook2Id": key("01s", book),
                "UnitPrice": price, "CurrencyIsoCode": currency,
            }
            for number, (product, book, price, currency) in enumerate(
                [
                    (PRODUCT, 1, "10", "USD"),
                    (PRODUCT, 2, "8", "USD"),
                    (DEAR_PRODUCT, 1, "10", "USD"),
                    (DEAR_PRODUCT, 1, "10", "EUR"),
                ]
            )
        ),
    ),
    "OpportunityLineItem.csv": file_of(
        "opportunity_line_item",
        {
            "Id": key("00k", 1), "OpportunityId": DEAL, "PricebookEntryId": key("01u", 0),
            "Quantity": "2", "UnitPrice": "10", "TotalPrice": "18",
        },
        {"Id": key("00k", 2), "OpportunityId": DEAL, "IsDeleted": "true"},
    ),
    "Campaign.csv": file_of(
        "campaign", {"Id": CAMPAIGN, "Name": "Webinar", "ActualCost": "5", "Topic__c": "widgets"}
    ),
    "CampaignMember.csv": file_of(
        "campaign_member",
        {
            "Id": key("00v", 1), "CampaignId": CAMPAIGN, "LeadId": LEAD, "HasResponded": "true",
            "FirstRespondedDate": "2025-09-26",
        },
    ),
    "CampaignInfluence.csv": file_of(
        "campaign_influence",
        *(
            {
                "Id": key("4qu", number), "CampaignId": CAMPAIGN, "OpportunityId": DEAL,
                "ModelId": key("03V", number), "Influence": share,
            }
            for number, share in ((1, "100"), (2, "25"))
        ),
    ),
    "CampaignInfluenceModel.csv": file_of(
        "campaign_influence_model",
        {"Id": key("03V", 1), "MasterLabel": "First touch", "IsDefaultModel": "true"},
        {"Id": key("03V", 2), "MasterLabel": "Even", "IsDefaultModel": "false"},
    ),
    "Task.csv": file_of(
        "task",
        task(
            1, TaskSubtype="Call", WhoId=CONTACT, WhatId=DEAL, IsClosed="true", CallType="Inbound",
            CallDurationInSeconds="90", CallDisposition="Meeting booked", CompletedDateTime=LATER,
        ),
        task(2, TaskSubtype="Email", WhoId=LEAD),
        task(3, TaskSubtype="Task", Type="Call", ActivityDate="2025-10-01", WhatId=ACCOUNT),
        task(4, TaskSubtype="Task", IsDeleted="true"),
        task(5, TaskSubtype="LinkedIn"),
        task(6, TaskSubtype="Task", IsRecurrence="true"),
        task(7, TaskSubtype="Call", IsClosed="true", ActivityDate="2025-09-27"),
    ),
    "Event.csv": file_of(
        "event",
        event(1, WhoId=CONTACT, GroupEventType="1"),
        event(2, IsChild="true", OwnerId=INVITEE),
        event(3, IsRecurrence="true"),
        event(4, GroupEventType="3"),
        event(5, IsAllDayEvent="true", StartDateTime=MIDNIGHT, EndDateTime=MIDNIGHT),
    ),
    "TaskRelation.csv": file_of(
        "task_relation",
        {"Id": key("0RT", 1), "TaskId": key("00T", 1), "RelationId": CONTACT},
        {"Id": key("0RT", 2), "TaskId": key("00T", 1), "RelationId": DEAL},
    ),
    "EventRelation.csv": file_of(
        "event_relation",
        {
            "Id": key("0RE", 1), "EventId": key("00U", 1), "RelationId": INVITEE,
            "Status": "Accepted",
        },
    ),
    "User.csv": file_of(
        "user",
        {"Id": REP, "Name": "Ann", "Title": "AE", "UserRoleId": key("00E", 1), "Start__c": "May"},
        {"Id": MANAGER, "Name": "Bo", "Title": "VP Sales"},
        {"Id": CAPITALS, "Name": "Christopherlees"},
        *({"Id": key("005", number), "Name": "Twin"} for number in (7, 8)),
    ),
    "UserRole.csv": file_of(
        "user_role", {"Id": key("00E", 1), "Name": "Rep North", "ParentRoleId": key("00E", 2)}
    ),
    "CurrencyType.csv": file_of(
        "currency_type",
        {"IsoCode": "USD", "ConversionRate": "1", "IsCorporate": "true"},
        {"IsoCode": "EUR", "ConversionRate": "0.9", "IsCorporate": "false"},
        {"IsoCode": "CHF", "ConversionRate": "0.8", "IsCorporate": "false"},
    ),
    "DatedConversionRate.csv": file_of(
        "dated_conversion_rate",
        {
            "IsoCode": "EUR", "StartDate": "0000-12-30", "NextStartDate": "2025-01-01",
            "ConversionRate": "0.95",
        },
        {
            "IsoCode": "EUR", "StartDate": "2025-01-01", "NextStartDate": "9999-12-31",
            "ConversionRate": "0.9",
        },
    ),
    "RecordType.csv": file_of(
        "record_type",
        {"Id": key("012", 1), "SobjectType": "Opportunity", "DeveloperName": "Renewal"},
    ),
}  # fmt: skip
SECOND_NIGHT = {
    "Opportunity.csv": file_of(
        "opportunity",
        opportunity(DEAL, Amount="120", SystemModstamp=LATER, **{"Budget__c": "approved"}),
    ),
}
