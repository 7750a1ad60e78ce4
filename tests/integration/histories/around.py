"""Leads, activities, campaigns and lines around opportunities, drawn at random.

Belongs here: what is drawn of them, how it comes night by night, and how a mapped source and
Salesforce write it down. Does not belong here: opportunities (story.py), landing files (files.py).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.integration.histories.in_salesforce import salesforce_id
from tests.reference.landed import (
    Activity,
    Campaign,
    Lead,
    LeadEntry,
    Line,
    Member,
    Opportunity,
    Participant,
    Role,
)
from tests.reference.quantities import Calendar

Row = dict[str, Any]

# In words of a source file, and in those that every company has.
SAID_STATUSES = {
    "mql": ["Contacted"], "sql": ["Working", "O'Held"], "converted": ["Closed"],
    "disqualified": ["Junk"],
}  # fmt: skip
STATUSES = (
    None, "New", "Contacted", "Working", "O'Held", "Closed", "Junk", "mql", "Qualified",
    "Unqualified",
)  # fmt: skip
CAMPAIGNS = (
    Campaign(
        "k1", "Fair", None, date(2024, 1, 20), date(2024, 2, 1), "EUR", Decimal("1000.005"),
        Decimal("98.7"),
    ),
    Campaign(
        "k2", parent_id="k1", end_date=date(2024, 2, 3), currency_code="GBP",
        actual_cost=Decimal(12),
    ),
    Campaign("k3", "Mailing", "k9", currency_code="CHF", budgeted_cost=Decimal(5)),
    Campaign("k6", "Calls", actual_cost=Decimal("7.5")),
)  # fmt: skip
# Of the last year and a half, so that some are too young for each horizon.
AGES = (0, 1, 3, 20, 29, 30, 31, 59, 61, 89, 90, 200, 400, 500)
GAPS = (
    timedelta(), timedelta(minutes=4), timedelta(minutes=5), timedelta(minutes=50),
    timedelta(hours=20), timedelta(days=2), timedelta(days=25), timedelta(days=-3),
    timedelta(days=70), timedelta(seconds=1),
)  # fmt: skip


def lead_meanings(says_statuses: bool) -> tuple[tuple[str, str], ...] | None:
    if not says_statuses:
        return None
    return tuple((one, meaning) for meaning, said in SAID_STATUSES.items() for one in said)


def rows_around(random: Random, as_of: date, opportunities: Iterable[Opportunity]) -> Iterator[Any]:
    """Rows of every kind that a CRM holds besides opportunities, as of one day."""
    by_id = {one.opportunity_id: one for one in opportunities}
    ids = [*by_id, "gone"]
    end = datetime.combine(as_of, time(23, 59, 59))
    contacts = [f"p{number}" for number in range(25)]
    leads = [_lead(random, number, end, by_id, contacts) for number in range(70)]
    yield from leads
    yield from CAMPAIGNS
    for lead in leads:
        assert lead.created_at is not None
        for _ in range(random.choice([0, 0, 1, 2, 5])):
            status = random.choice(STATUSES[1:])
            yield LeadEntry(lead.lead_id, status, lead.created_at + random.choice(GAPS))
    roles = [
        Role(opportunity_id, contact_id)
        for opportunity_id in random.sample(ids, len(ids) // 2)
        for contact_id in random.sample(contacts, random.randint(0, 4))
    ]
    yield from roles
    yield from _members(random, end, by_id, leads, roles)
    for number in range(160):
        yield _activity(random, number, end, leads, contacts, ids)
    for number in range(40):
        yield Line(
            line_id=f"n{number}",
            opportunity_id=random.choice(ids),
            product_id=random.choice(["x", "y", None]),
            quantity=random.choice([None, 1.0, 2.5]),
            unit_price=random.choice([None, Decimal("10.005")]),
            amount=random.choice([None, Decimal("20.01"), Decimal("-3.145"), Decimal(7)]),
        )


def _members(
    random: Random,
    end: datetime,
    opportunities: dict[str, Opportunity],
    leads: list[Lead],
    roles: list[Role],
) -> Iterator[Member]:
    """About the time of an opportunity they belong to; several campaigns at one instant."""
    known: set[tuple] = set()
    for _ in range(130):
        lead, role = random.choice(leads), random.choice(roles)
        by_lead = random.random() < 0.4
        whom = (lead.lead_id, random.choice([lead.contact_id, None])) if by_lead else (
            None, role.contact_id,
        )  # fmt: skip
        near = opportunities.get((lead if by_lead else role).opportunity_id or "")
        created_at = (near and near.created_at) or end
        created_at += random.choice(GAPS) * random.choice([0, 1])
        created_at -= timedelta(days=random.choice([0, 0, 300, 365, 365, 380]))
        identity = (random.choice(["k1", "k2", "k3", "k4"]), *whom)
        if identity not in known:
            known.add(identity)
            yield Member(
                *identity,
                has_responded=random.choice([True, True, False]),
                responded_at=random.choice([None, created_at + timedelta(days=2)]),
                created_at=random.choice([created_at, created_at, created_at, None]),
            )


def _lead(
    random: Random,
    number: int,
    end: datetime,
    opportunities: dict[str, Opportunity],
    contacts: list[str],
) -> Lead:
    created_at = end - timedelta(days=random.choice(AGES), hours=random.choice([0, 5, 20]))
    is_converted = random.random() < 0.6
    # Wins are rare, and young ones rarer.
    won = [one for one in opportunities.values() if one.stage in ("Won", "Signed")]
    young = sorted(won, key=lambda one: one.created_at or datetime.min)[-5:]
    choices = [random.choice(some) for some in (list(opportunities.values()), won, young) if some]
    became = random.choice(choices)
    if is_converted and became.created_at is not None and random.random() < 0.8:
        created_at = became.created_at - random.choice(GAPS)
    created_at = min(created_at, end)

    def step(chance: float) -> datetime | None:
        return created_at + random.choice(GAPS) if random.random() < chance else None

    return Lead(
        lead_id=f"l{number}",
        status=random.choice(STATUSES),
        lead_source=random.choice(["Web", "Fair", None]),
        campaign_id=random.choice([None, None, "k1", "k5"]),
        owner_id=random.choice(["Ana", "Bo", "Queue", None]),
        created_at=created_at,
        first_touch_at=step(0.2),
        mql_at=step(0.3),
        sql_at=step(0.3),
        converted_at=step(0.9 if is_converted else 0.05),
        opportunity_id=(
            random.choice([became.opportunity_id, became.opportunity_id, "gone", None])
            if is_converted
            else None
        ),
        account_id=random.choice(["a1", "a9", None]) if is_converted else None,
        contact_id=random.choice([*contacts, None]) if is_converted else None,
        is_deleted=random.random() < 0.05,
        merged_into_id=random.choice([None] * 20 + ["l1"]),
        modified_at=end - timedelta(days=1),
    )


def _activity(
    random: Random,
    number: int,
    end: datetime,
    leads: list[Lead],
    contacts: list[str],
    opportunity_ids: list[str],
) -> Activity:
    lead = random.choice(leads)
    assert lead.created_at is not None
    is_about_lead = random.random() < 0.7
    return Activity(
        activity_id=f"t{number}",
        opportunity_id=None if is_about_lead else random.choice([*opportunity_ids, None]),
        account_id=random.choice(["a2", "a9", None]),
        contact_id=random.choice([lead.contact_id, *contacts[:2], None]),
        lead_id=lead.lead_id if is_about_lead else None,
        owner_id=random.choice(["Ana", "Zoe", None]),
        channel=random.choice(["call", "email", "meeting", "task", "note", None]),
        direction=random.choice(["outbound", None, None, "inbound"]),
        occurred_at=lead.created_at + random.choice(GAPS),
        is_completed=random.choice([True, True, None, False]),
    )


def participants_of(rows: Iterable[Any]) -> Iterator[Participant]:
    """Who else has a part in some activities, as CRMs say it that know of more than one of a kind.

    Some are named by the activity itself, too, and some activities are not there.
    """
    rows = list(rows)
    random = Random(len(rows))
    leads = [row.lead_id for row in rows if isinstance(row, Lead)]
    opportunities = [row.opportunity_id for row in rows if isinstance(row, Role)]
    for one in rows:
        if isinstance(one, Activity) and random.random() < 0.5:
            yield Participant(one.activity_id, contact_id=one.contact_id or "p7")
            yield Participant(one.activity_id, contact_id="p8")
            yield Participant(one.activity_id, lead_id=random.choice(leads))
            yield Participant(one.activity_id, opportunity_id=random.choice(opportunities))
            yield Participant(one.activity_id, account_id=random.choice(["a1", "a2"]))
    yield Participant("nowhere", contact_id="p1")


def as_of_the_night_before(random: Random, rows: Iterable[Any]) -> Iterator[Any]:
    """What an earlier full extract held: older versions, and records that are gone since."""
    for row in rows:
        if not isinstance(row, LeadEntry | Campaign | Role | Participant) and random.random() < 0.3:
            yield older(row)
    yield Lead("l-gone", created_at=datetime(2024, 1, 1), opportunity_id="o1")
    yield Activity("t-gone", channel="call", occurred_at=datetime(2024, 1, 1), lead_id="l1")
    yield Member("k1", None, "p-gone")
    yield Role("o1", "p-gone")
    yield Line("n-gone", "o1")


def older(row: Any) -> Any:
    """The row as it was before its last change."""
    match row:
        case Lead():
            assert row.modified_at is not None
            before = row.modified_at - timedelta(days=3)
            return replace(row, status="Junk", owner_id="Eve", modified_at=before)
        case Activity():
            return replace(row, channel="email")
        case Member():
            return replace(row, created_at=None)
        case Line():
            return replace(row, amount=Decimal(1))
    return row


def rows_at_night(rows: Iterable[Any], number: int, nights: int) -> Iterator[Any]:
    """Rows come one after another, are changed later, and some are gone at the end."""
    for place, row in enumerate(rows):
        comes, changes = place % nights, place * 7 % nights
        is_gone = place % 11 == 0 and number == nights - 1
        if comes <= number and not is_gone:
            yield row if changes <= number else older(row)


# --- a mapped source -------------------------------------------------------------------------

# Of each kind: canonical object, stem of its files, key, and fields by other names than ours.
MAPPED: dict[type, tuple[str, str, list[str], dict[str, str]]] = {
    Lead: ("leads", "leads", ["lead_id"], {}),
    LeadEntry: (
        "lead_status_history", "lead_steps", ["lead_id", "status", "changed_at"],
        {"previous_status": ""},
    ),
    Activity: ("activities", "activities", ["activity_id"], {}),
    Campaign: ("campaigns", "campaigns", ["campaign_id"], {}),
    Member: ("campaign_members", "members", ["campaign_id", "lead_id", "contact_id"], {}),
    Role: ("opportunity_contacts", "roles", ["opportunity_id", "contact_id"], {}),
    Line: ("opportunity_lines", "lines", ["line_id"], {}),
}  # fmt: skip

# --- Salesforce ------------------------------------------------------------------------------

PREFIXES = {
    "lead_id": "00Q", "merged_into_id": "00Q", "contact_id": "003", "account_id": "001",
    "owner_id": "005", "opportunity_id": "006", "campaign_id": "701", "parent_id": "701",
    "line_id": "00k", "product_id": "01t", "activity_id": "00T",
}  # fmt: skip


def around_in_salesforce(row: Any, calendar: Calendar) -> Any:
    """The row as Salesforce has it; None if it has no such thing.

    Of conversions, responses and some activities it keeps the day, which begins in the business
    time zone: here one that is not ahead of UTC, so that the instant still tells the day.
    """
    ids = {
        name: salesforce_id(PREFIXES[name], getattr(row, name))
        for name in row.__dataclass_fields__
        if name in PREFIXES
    }
    row = replace(row, **ids)
    match row:
        case Lead():
            return replace(
                row, converted_at=_midnight(row.converted_at, calendar), mql_at=None, sql_at=None,
                first_touch_at=None, campaign_id=None, created_at=_second(row.created_at),
                modified_at=_second(row.modified_at),
            )  # fmt: skip
        case LeadEntry():
            return replace(
                row, changed_at=_second(row.changed_at), previous_status=_previous_status(row)
            )
        case Activity(channel="note" | "meeting" | None):
            return None
        case Activity():
            is_day = has_no_time(row.activity_id)
            return replace(
                row, is_completed=bool(row.is_completed),
                occurred_at=_midnight(row.occurred_at, calendar) if is_day
                else _second(row.occurred_at),
                lead_id=None if row.contact_id else row.lead_id,
            )  # fmt: skip
        case Member():
            return replace(
                row,
                responded_at=_midnight(row.responded_at, calendar),
                created_at=_second(row.created_at),
            )
    return row


def _second(instant: datetime | None) -> datetime | None:
    return instant and instant.replace(microsecond=0)


def _midnight(instant: datetime | None, calendar: Calendar) -> datetime | None:
    return instant and calendar.start(instant.date())


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant.isoformat(timespec='milliseconds')}Z"


def _id(prefix: str, *identity: Any) -> str | None:
    """Of what has none of its own here."""
    return salesforce_id(prefix, f"{zlib.crc32(repr(identity).encode()):08x}")


def _lead_row(row: Lead) -> Row:
    return {
        "Id": row.lead_id, "Email": None, "Company": None, "Status": row.status,
        "LeadSource": row.lead_source, "OwnerId": row.owner_id,
        "CreatedDate": _stamp(row.created_at), "IsConverted": row.converted_at is not None,
        "ConvertedDate": row.converted_at and row.converted_at.date(),
        "ConvertedAccountId": row.account_id, "ConvertedContactId": row.contact_id,
        "ConvertedOpportunityId": row.opportunity_id, "MasterRecordId": row.merged_into_id,
        "IsDeleted": row.is_deleted, "SystemModstamp": _stamp(row.modified_at),
    }  # fmt: skip


def lies_in_bin(id_: str) -> bool:
    """Of some records of history: queryAll flags those of records that were ever deleted, which
    makes what they tell no less true.
    """
    return zlib.crc32(id_.encode()) % 3 == 0


def has_no_time(id_: str) -> bool:
    """Of some activities: whoever wrote them down later said the day alone."""
    return zlib.crc32(id_.encode()) % 4 == 0


def _previous_status(row: LeadEntry) -> str | None:
    return STATUSES[zlib.crc32(repr(row).encode()) % len(STATUSES)]


def _entry_row(row: LeadEntry) -> Row:
    id_ = _id("017", row.lead_id, row.status, row.changed_at)
    return {
        "Id": id_, "LeadId": row.lead_id,
        "Field": "Status", "OldValue": row.previous_status, "NewValue": row.status,
        "CreatedDate": _stamp(row.changed_at), "CreatedById": None, "IsDeleted": lies_in_bin(id_),
    }  # fmt: skip


def _task_row(row: Activity) -> Row:
    is_day, at = has_no_time(row.activity_id), row.occurred_at
    assert at is not None
    return {
        "Id": row.activity_id, "WhoId": row.contact_id or row.lead_id,
        "WhatId": row.opportunity_id, "AccountId": row.account_id, "OwnerId": row.owner_id,
        "Subject": "Somebody", "IsDeleted": False,
        "CreatedDate": _stamp(at + timedelta(days=2) if is_day else at),
        "ActivityDate": at.date() if is_day else None, "Status": None, "IsClosed": row.is_completed,
        "TaskSubtype": {"call": "Call", "email": "Email"}.get(row.channel or "", "Task"),
        "CompletedDateTime": None if is_day else _stamp(at),
        "CallType": {"inbound": "Inbound", "outbound": "Outbound"}.get(row.direction or ""),
    }  # fmt: skip


def _campaign_row(row: Campaign) -> Row:
    return {
        "Id": row.campaign_id, "Name": row.campaign_name, "Type": None, "Status": None,
        "StartDate": row.start_date, "EndDate": row.end_date, "ParentId": row.parent_id,
        "CurrencyIsoCode": row.currency_code, "BudgetedCost": row.budgeted_cost,
        "ActualCost": row.actual_cost,
    }  # fmt: skip


def _member_row(row: Member) -> Row:
    return {
        "Id": _id("00v", row.campaign_id, row.lead_id, row.contact_id),
        "CampaignId": row.campaign_id, "LeadId": row.lead_id, "ContactId": row.contact_id,
        "Status": None, "HasResponded": row.has_responded,
        "FirstRespondedDate": row.responded_at and row.responded_at.date(),
        "CreatedDate": _stamp(row.created_at),
    }  # fmt: skip


def _role_row(row: Role) -> Row:
    return {
        "Id": _id("00K", row.opportunity_id, row.contact_id), "OpportunityId": row.opportunity_id,
        "ContactId": row.contact_id, "Role": None, "IsPrimary": False, "CreatedDate": None,
        "IsDeleted": False,
    }  # fmt: skip


def _relation_row(row: Participant) -> Row:
    who, what = row.contact_id or row.lead_id, row.opportunity_id or row.account_id
    return {
        "Id": _id("0RT", row), "TaskId": row.activity_id, "RelationId": who or what,
        "IsWhat": who is None, "IsDeleted": False,
    }  # fmt: skip


def _line_row(row: Line) -> Row:
    return {
        "Id": row.line_id, "OpportunityId": row.opportunity_id, "Product2Id": row.product_id,
        "Quantity": row.quantity, "UnitPrice": row.unit_price, "TotalPrice": row.amount,
    }  # fmt: skip


# Of each kind: object, name of its files, and its columns.
SALESFORCE: dict[type, tuple[str, str, Callable[[Any], Row]]] = {
    Lead: ("lead", "Lead", _lead_row),
    LeadEntry: ("lead_history", "LeadHistory", _entry_row),
    Activity: ("task", "Task", _task_row),
    Campaign: ("campaign", "Campaign", _campaign_row),
    Member: ("campaign_member", "CampaignMember", _member_row),
    Role: ("opportunity_contact_role", "OpportunityContactRole", _role_row),
    Line: ("opportunity_line_item", "OpportunityLineItem", _line_row),
    Participant: ("task_relation", "TaskRelation", _relation_row),
}
