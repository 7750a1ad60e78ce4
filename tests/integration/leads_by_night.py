"""Two nights of an org of Salesforce, of a CRM that sends everything and of one that sends what
changed, in which all that changes does so in a way of its own.

Belongs here: the rows. Does not belong here: what must come of them (test_nights_of_leads.py).
"""

from __future__ import annotations

from typing import Any

from tests.integration.histories.files import csv_text
from tests.integration.salesforce_org import LATER, NOON, REP, Row, file_of, key, opportunity, task

STAGES = (("Prospecting", "false", "false"), ("Closed Won", "true", "true"))
# After the first night, and before the end of the second one.
TOMORROW = "2025-09-29T10:00:00.000Z"


def lead(number: int, **said: Any) -> Row:
    usual = {"CreatedDate": NOON, "Status": "Open", "IsConverted": "false", "SystemModstamp": NOON}
    return {"Id": key("00Q", number)} | usual | said


def converted(number: int, **said: Any) -> Row:
    return lead(number, IsConverted="true", ConvertedDate="2025-09-28", **said)


def entry(number: int, status: str, at: str, **said: Any) -> Row:
    """Of the lead of the same number, or of one or two hundred less."""
    row = {"Id": key("017", number), "LeadId": key("00Q", number % 100), "Field": "Status"}
    return row | {"NewValue": status, "CreatedDate": at} | said


def call(number: int, **said: Any) -> Row:
    return task(number, TaskSubtype="Call", IsClosed="true", CompletedDateTime=LATER) | said


# Of the day on which leads are created; it was written down later.
BY_DAY = {"CompletedDateTime": "", "ActivityDate": "2025-09-27", "CreatedDate": LATER}


def meeting(number: int, **said: Any) -> Row:
    return {
        "Id": key("00U", number), "CreatedDate": NOON, "OwnerId": REP, "StartDateTime": TOMORROW,
    } | said  # fmt: skip


def part(number: int, record: str, **said: Any) -> Row:
    """In the call of the same number, or of a hundred less."""
    row = {"Id": key("0RT", number), "TaskId": key("00T", number % 100), "RelationId": record}
    return row | {"SystemModstamp": NOON} | said


def member(number: int, of: int, **said: Any) -> Row:
    row = {"Id": key("00v", number), "CampaignId": key("701", 1), "LeadId": key("00Q", of)}
    return row | {"HasResponded": "true", "CreatedDate": NOON} | said


def line(number: int, of: int, **said: Any) -> Row:
    row = {"Id": key("00k", number), "OpportunityId": key("006", of), "Quantity": "2"}
    return row | {"UnitPrice": "10", "TotalPrice": "20", "SystemModstamp": NOON} | said


def price(product: int, stamp: str) -> Row:
    return {
        "Id": key("01u", 1), "Product2Id": key("01t", product), "Pricebook2Id": key("01s", 1),
        "UnitPrice": "10", "SystemModstamp": stamp,
    }  # fmt: skip


FIRST_OF_SALESFORCE = {
    "OpportunityStage.csv": file_of(
        "opportunity_stage",
        *(
            {
                "Id": key("01J", number),
                "ApiName": name,
                "MasterLabel": name,
                "IsActive": "true",
                "SortOrder": number,
                "IsClosed": is_closed,
                "IsWon": is_won,
            }
            for number, (name, is_closed, is_won) in enumerate(STAGES, start=1)
        ),
    ),
    "Opportunity.csv": file_of(
        "opportunity",
        *(opportunity(key("006", number), Amount="100") for number in (1, 2, 3, 4, 13, 14)),
    ),
    "Account.csv": file_of(
        "account",
        *(
            {"Id": key("001", number), "Name": "A", "IsDeleted": "false", "SystemModstamp": NOON}
            for number in (1, 2)
        ),
    ),
    "Lead.csv": file_of(
        "lead",
        *(lead(number) for number in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 16, 20, 21, 22, 24, 30)),
        *(lead(number) for number in (31, 32, 33, 34, 35)),
        converted(8, ConvertedContactId=key("003", 8)),
        converted(12, ConvertedContactId=key("003", 12)),
        converted(13, ConvertedOpportunityId=key("006", 13)),
        converted(14, ConvertedOpportunityId=key("006", 14)),
        converted(15, ConvertedAccountId=key("001", 1)),
        converted(23),
        lead(17, IsDeleted="true"),
    ),
    "LeadHistory.csv": file_of(
        "lead_history",
        entry(3, "Unqualified", "2025-09-27T15:00:00.000Z"),
        entry(20, "MQL", LATER),
        entry(23, "Unqualified", "2025-09-27T15:00:00.000Z"),
    ),
    "Campaign.csv": file_of("campaign", {"Id": key("701", 1), "Name": "Fair"}),
    "CampaignMember.csv": file_of("campaign_member", member(5, of=5)),
    "Task.csv": file_of(
        "task",
        call(9, WhoId=key("00Q", 9)),
        call(15, AccountId=key("001", 1)),
        call(18, WhatId=key("006", 1)),
        call(19, WhatId=key("006", 1)),
        call(30, WhoId=key("00Q", 30)),
        *(call(number, WhoId=key("00Q", 30)) for number in (31, 32, 33)),
    ),
    "TaskRelation.csv": file_of(
        "task_relation",
        part(32, key("00Q", 32)),
        part(33, key("00Q", 33)),
        part(133, key("006", 1), IsWhat="true"),
    ),
    "EventRelation.csv": file_of(
        "event_relation",
        *(
            {
                "Id": key("0RE", number),
                "EventId": key("00U", 12),
                "RelationId": key("00Q", number),
                "Status": status,
            }
            for number, status in ((34, "Accepted"), (35, "Declined"))
        ),
    ),
    "Event.csv": file_of(
        "event", meeting(11, WhoId=key("00Q", 11)), meeting(12, WhoId=key("003", 12))
    ),
    "PricebookEntry.csv": file_of("pricebook_entry", price(1, NOON)),
    "OpportunityLineItem.csv": file_of(
        "opportunity_line_item",
        line(2, of=1),
        line(3, of=2),
        line(4, of=4, PricebookEntryId=key("01u", 1)),
        line(5, of=1),
        line(6, of=14),
        line(7, of=1),
    ),
}
SECOND_OF_SALESFORCE = {
    "Opportunity.csv": file_of(
        "opportunity",
        opportunity(
            key("006", 13), Amount="100", StageName="Closed Won", CurrencyIsoCode="USD",
            CloseDate="2025-09-28", SystemModstamp=LATER,
        ),
        opportunity(key("006", 14), IsDeleted="true", SystemModstamp=LATER),
    ),
    "Account.csv": file_of(
        "account",
        {
            "Id": key("001", 1), "Name": "A", "IsDeleted": "true",
            "MasterRecordId": key("001", 2), "SystemModstamp": LATER,
        },
    ),
    "Lead.csv": file_of(
        "lead",
        lead(1, Status="Qualified", SystemModstamp=LATER),
        lead(16, IsDeleted="true", SystemModstamp=LATER),
        lead(17, SystemModstamp=LATER),
    ),
    "LeadHistory.csv": file_of(
        "lead_history",
        entry(2, "MQL", LATER),
        entry(103, "Open", LATER),
        entry(20, "Open", LATER),
        entry(21, "Open", LATER, OldValue="MQL"),
        entry(22, "Open", LATER, OldValue="Unqualified"),
        entry(123, "Open", "2025-09-28T10:00:00.000Z"),
        entry(223, "Qualified", "2025-09-28T11:00:00.000Z"),
    ),
    "CampaignMember.csv": file_of(
        "campaign_member", member(4, of=4), member(5, of=6, SystemModstamp=LATER)
    ),
    "Task.csv": file_of(
        "task",
        call(7, WhoId=key("00Q", 7)),
        call(8, WhoId=key("003", 8)),
        call(9, WhoId=key("00Q", 10), SystemModstamp=LATER),
        call(18, WhatId=key("006", 1), OwnerId=key("005", 9), SystemModstamp=LATER),
        call(19, WhatId=key("006", 1), IsDeleted="true", SystemModstamp=LATER),
        call(24, WhoId=key("00Q", 24), **BY_DAY),
        call(33, WhoId=key("00Q", 30), IsDeleted="true", SystemModstamp=LATER),
    ),
    "TaskRelation.csv": file_of(
        "task_relation",
        part(31, key("00Q", 31)),
        part(131, key("006", 1), IsWhat="true"),
        part(32, key("00Q", 32), IsDeleted="true", SystemModstamp=LATER),
    ),
    "PricebookEntry.csv": file_of("pricebook_entry", price(2, LATER)),
    "OpportunityLineItem.csv": file_of(
        "opportunity_line_item",
        line(1, of=3),
        line(2, of=1, Quantity="3", SystemModstamp=LATER),
        line(3, of=3, SystemModstamp=LATER),
        line(5, of=1, IsDeleted="true", SystemModstamp=LATER),
    ),
}  # fmt: skip

# --- CRMs that a source file maps ------------------------------------------------------------

TABLES: dict[str, list[str]] = {
    "opportunities": ["opportunity_id", "stage", "created_at", "merged_into_id", "close_date"],
    "users": ["user_id", "user_name", "hired_date"],
    "leads": ["lead_id", "status", "created_at", "opportunity_id", "contact_id"],
    "lead_statuses": ["status", "meaning"],
    "activities": ["activity_id", "lead_id", "opportunity_id", "channel", "occurred_at"],
    "campaigns": ["campaign_id", "start_date", "end_date"],
    "campaign_members": ["campaign_id", "lead_id", "contact_id", "created_at"],
    "opportunity_lines": ["line_id", "opportunity_id", "quantity", "service_date"],
}
KEYS = {"lead_statuses": ["status"], "campaign_members": ["campaign_id", "lead_id", "contact_id"]}
SOURCES = [
    {
        "source": source,
        "extract": extract,
        "currency": "USD",
        "pipelines": [{"name": "default", "stages": ["Open"], "won": ["Won"], "lost": ["Lost"]}],
        "objects": {
            name: {
                "files": f"{name}.csv",
                "key": KEYS.get(name, columns[:1]),
                "columns": {column: column for column in columns},
            }
            for name, columns in TABLES.items()
        },
    }
    for source, extract in (("whole", "full"), ("changes", "delta"))
] + [
    {
        "source": "silent",
        "extract": "delta",
        "currency": "USD",
        "pipelines": [{"name": "default", "stages": ["Open"], "won": ["Won"], "lost": ["Lost"]}],
        "objects": {
            "opportunities": {
                "files": "deals.csv",
                "key": "opportunity_id",
                "columns": {"opportunity_id": "id", "stage": "stage", "created_at": "created"},
            }
        },
    }
]
# Of a source that knows no accounts, and brings nothing in the second night.
SILENT_FILES = {"deals.csv": "id,stage,created\nd1,Open,2025-09-27\n"}
DAY = "2025-09-27T12:00:00"


def mapped_files(source: str, *, is_second: bool) -> dict[str, str]:
    """In the second night the last record of most tables is gone, a status means something, and
    years that nothing lay in come with a new record of each table; of the source that sends what
    changed, only an opportunity is merged and one is to close years ahead.
    """
    rows: dict[str, list[tuple[Any, ...]]] = {
        "opportunities": [
            ("o1", "Open", DAY, "o2" if is_second else None, None),
            ("o2", "Open", DAY, None, "2029-03-01" if is_second else None),
        ],
        "users": [
            ("ann", "Ann", "2024-02-01"),
            *([("bo", "Bo", "2014-02-01")] if is_second else []),
        ],
        "leads": [
            ("of a merged one", None, DAY, "o1", None),
            ("warm", "Warm", DAY, None, None),
            ("called once", None, DAY, None, None),
            ("invited once", None, DAY, None, None),
            *([("of long ago", None, "2019-05-01", None, None)] if is_second else []),
            ("gone", None, DAY, None, None),
        ],
        "lead_statuses": [("Cold", "disqualified"), *([("Warm", "mql")] if is_second else [])],
        "activities": [
            ("about a merged one", None, "o1", "call", DAY),
            ("stays", None, "o2", "call", DAY),
            *([("planned", None, "o2", "meeting", "2028-05-01")] if is_second else []),
            ("gone", "called once", None, "call", DAY),
        ],
        "campaigns": [
            ("fair", "2025-09-01", None),
            *([("old fair", "2012-09-01", "2031-12-31")] if is_second else []),
        ],
        "campaign_members": [
            ("fair", "warm", None, DAY),
            ("fair", "of a merged one", None, DAY),
            ("fair", "invited once", None, DAY),
        ],
        "opportunity_lines": [
            ("one", "o2", 1, "2030-06-01" if is_second else None),
            ("two", "o2", 2, None),
            ("gone", "o2", 3, None),
        ],
    }
    lacking = {"leads", "activities", "campaign_members", "opportunity_lines"}
    if source == "changes" and is_second:
        rows = {"opportunities": rows["opportunities"]}
    return {
        f"{name}.csv": csv_text(
            (
                dict(zip(TABLES[name], row, strict=True))
                for row in (its[:-1] if is_second and name in lacking else its)
            ),
            TABLES[name],
        )
        for name, its in rows.items()
    }
