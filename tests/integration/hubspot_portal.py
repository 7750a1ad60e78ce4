"""A small HubSpot portal: one set of facts, sent as pages of the API v3 and as exports.

Belongs here: facts, the two ways in which HubSpot hands them out, and what they mean in plain
Python. Does not belong here: what is tried on them (test_hubspot.py).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.integration.hubspot_offers import (
    Offers,
    members_of,
    pages_of,
    reported_of,
    rows_of,
    tables_of,
)
from tests.reference import landed

PAGE_SIZE = 3
# Of every contact.
CREATED_AT = datetime(2024, 1, 1)

Files = dict[str, bytes]
Write = Callable[[datetime], Any]


@dataclass(frozen=True)
class Stage:
    """A stage of a pipeline; `probability` 0 and 1 close."""

    id: str
    label: str
    probability: str = "0.2"
    is_archived: bool = False

    @property
    def kind(self) -> str:
        return {"0.0": "lost", "1.0": "won"}.get(self.probability, "open")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline with its stages in order."""

    id: str
    label: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Change:
    """A version of a property."""

    property: str
    value: str
    at: datetime
    source_type: str = "CRM_UI"


@dataclass(frozen=True)
class Deal:
    """A deal as its changes made it; the first of `companies` is the primary one."""

    id: str
    changes: tuple[Change, ...]
    companies: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    merged_ids: tuple[str, ...] = ()
    is_archived: bool = False
    archived_at: datetime | None = None
    currency: str | None = None
    source: str | None = None
    type: str | None = None
    stamps: tuple[tuple[str, datetime], ...] = ()
    is_history_sent: bool = True
    campaign: str | None = None

    @property
    def created_at(self) -> datetime:
        return min(change.at for change in self.changes)

    @property
    def modified_at(self) -> datetime:
        return max(change.at for change in self.changes)

    def value(self, property_: str, at: datetime | None = None) -> str | None:
        """What a property was at an instant, or is now; a cleared one is NULL."""
        known = [
            change
            for change in self.changes
            if change.property == property_ and (at is None or change.at <= at)
        ]
        return max(known, key=lambda change: change.at).value or None if known else None

    def closes_at(self, at: datetime | None = None) -> datetime | None:
        text = self.value("closedate", at)
        return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True)
class Company:
    """A company."""

    id: str
    name: str
    industry: str | None = None
    employees: int | None = None
    merged_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contact:
    """A contact, how its lifecycle stage changed, and which campaigns it came by."""

    id: str
    email: str
    company: str | None = None
    lifecycle: tuple[tuple[str, datetime], ...] = ()
    first_seen_at: datetime | None = None
    first_campaign: str | None = None
    last_campaign: str | None = None


@dataclass(frozen=True)
class Owner:
    """An owner; `user_id` is what changes name."""

    id: str
    user_id: int
    first_name: str
    last_name: str
    team: str | None = None
    is_archived: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True)
class Activity:
    """A call; what it is associated with."""

    id: str
    at: datetime
    owner: str
    title: str
    deals: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Portal:
    """All there is in one HubSpot account."""

    pipelines: tuple[Pipeline, ...]
    deals: tuple[Deal, ...]
    companies: tuple[Company, ...] = ()
    contacts: tuple[Contact, ...] = ()
    owners: tuple[Owner, ...] = ()
    calls: tuple[Activity, ...] = field(default=())
    offers: Offers = field(default_factory=Offers)


# --- pages of the API ------------------------------------------------------------------------


def iso(at: datetime) -> str:
    """`2024-03-01T10:00:00.250Z`; whole seconds without a fraction, as HubSpot writes some."""
    text = at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    return f"{text}Z"


def epoch(at: datetime) -> str:
    """Milliseconds since 1970, as legacy paths give them."""
    return str(round(at.replace(tzinfo=UTC).timestamp() * 1000))


def api_pages(portal: Portal, write: Write = iso, *, has_history: bool = True) -> Files:
    """Every object as JSON Lines, a page a line; deleted deals come in a file of their own."""

    def deals(*, archived: bool) -> Iterator[dict[str, Any]]:
        for deal in portal.deals:
            if deal.is_archived == archived:
                lines = portal.offers.lines_of(deal.id)
                yield _deal(deal, lines, write, has_history=has_history)

    files = {
        "pipelines.jsonl": [_pipeline(each, place) for place, each in enumerate(portal.pipelines)],
        "deals.jsonl": list(deals(archived=False)),
        "deals_archived.jsonl": list(deals(archived=True)),
        "companies.jsonl": [_company(each, write) for each in portal.companies],
        "contacts.jsonl": [_contact(each, write) for each in portal.contacts],
        "owners.jsonl": [_owner(each) for each in portal.owners],
        "calls.jsonl": [_call(each, write) for each in portal.calls],
        "campaign_contacts.jsonl": reported_of(portal.offers, write),
    } | pages_of(portal.offers)
    return {name: json_pages(rows) for name, rows in files.items() if rows}


def json_pages(rows: list[dict[str, Any]]) -> bytes:
    """Rows as pages of a list, each with the way to the next one."""
    lines = []
    for start in range(0, len(rows), PAGE_SIZE):
        page: dict[str, Any] = {"results": rows[start : start + PAGE_SIZE]}
        if start + PAGE_SIZE < len(rows):
            page["paging"] = {"next": {"after": str(start + PAGE_SIZE), "link": "https://…"}}
        lines.append(json.dumps(page, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def _pipeline(pipeline: Pipeline, place: int) -> dict[str, Any]:
    return {
        "id": pipeline.id,
        "label": pipeline.label,
        "displayOrder": place,
        "archived": False,
        "stages": [
            {
                "id": stage.id,
                "label": stage.label,
                "displayOrder": number,
                "metadata": {
                    "isClosed": str(stage.kind != "open").lower(),
                    "probability": stage.probability,
                },
                "createdAt": "2023-01-01T00:00:00Z",
                "updatedAt": "2023-01-01T00:00:00Z",
                "archived": stage.is_archived,
            }
            for number, stage in enumerate(pipeline.stages)
        ],
    }


def _deal(deal: Deal, lines: list[str], write: Write, *, has_history: bool) -> dict[str, Any]:
    closes_at = deal.closes_at()
    properties = {
        "hs_object_id": deal.id,
        "dealname": f"Deal {deal.id}",
        "pipeline": deal.value("pipeline"),
        "dealstage": deal.value("dealstage"),
        "amount": deal.value("amount"),
        "closedate": write(closes_at) if closes_at else None,
        "createdate": write(deal.created_at),
        "hs_lastmodifieddate": write(deal.modified_at),
        "hubspot_owner_id": deal.value("hubspot_owner_id"),
        "deal_currency_code": deal.currency,
        "hs_analytics_source": deal.source,
        "dealtype": deal.type,
        "hs_campaign": deal.campaign,
        "hs_merged_object_ids": ";".join(deal.merged_ids),
        "hs_next_step": "",
    } | {f"hs_v2_date_entered_{stage}": write(at) for stage, at in deal.stamps}
    page: dict[str, Any] = {
        "id": deal.id,
        "properties": properties,
        "createdAt": iso(deal.created_at),
        "updatedAt": iso(deal.modified_at),
        "archived": deal.is_archived,
    }
    if deal.is_archived:
        page["archivedAt"] = iso(deal.archived_at or deal.modified_at)
    if has_history and deal.is_history_sent:
        page["propertiesWithHistory"] = _versions(deal.changes, write)
    linked = {
        "companies": [
            *({"id": one, "type": "deal_to_company_unlabeled"} for one in deal.companies),
            *({"id": one, "type": "deal_to_company"} for one in deal.companies[:1]),
        ],
        "contacts": [{"id": one, "type": "deal_to_contact"} for one in deal.contacts],
        "line items": [{"id": one, "type": "deal_to_line_item"} for one in lines],
    }
    page["associations"] = {name: {"results": found} for name, found in linked.items() if found}
    return page


def _versions(changes: Iterable[Change], write: Write) -> dict[str, list[dict[str, Any]]]:
    """By property, the newest version first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for change in sorted(changes, key=lambda one: one.at, reverse=True):
        value = change.value
        if change.property == "closedate" and value:
            value = write(datetime.fromisoformat(value))
        found.setdefault(change.property, []).append(
            {
                "value": value,
                "timestamp": write(change.at),
                "sourceType": change.source_type,
                "sourceId": "userId:71",
                "updatedByUserId": 71,
            }
        )
    return found


def _company(company: Company, write: Write) -> dict[str, Any]:
    return {
        "id": company.id,
        "properties": {
            "name": company.name,
            "domain": f"{company.id}.example",
            "industry": company.industry,
            "numberofemployees": None if company.employees is None else str(company.employees),
            "annualrevenue": "",
            "country": None,
            "createdate": write(datetime(2024, 1, 1)),
            "hs_lastmodifieddate": write(datetime(2024, 1, 1)),
            "hs_merged_object_ids": ";".join(company.merged_ids),
        },
        "archived": False,
    }


def _contact(contact: Contact, write: Write) -> dict[str, Any]:
    changes = [Change("lifecyclestage", stage, at) for stage, at in contact.lifecycle]
    return {
        "id": contact.id,
        "properties": {
            "email": contact.email,
            "lifecyclestage": contact.lifecycle[-1][0] if contact.lifecycle else None,
            "createdate": write(CREATED_AT),
            "lastmodifieddate": write(datetime(2024, 2, 1)),
            "hubspot_owner_id": None,
            "associatedcompanyid": contact.company,
            "hs_analytics_first_timestamp": (
                write(contact.first_seen_at) if contact.first_seen_at else None
            ),
            "hs_analytics_first_touch_converting_campaign": contact.first_campaign,
            "hs_analytics_last_touch_converting_campaign": contact.last_campaign,
        },
        "propertiesWithHistory": _versions(changes, write),
        "archived": False,
    }


def _owner(owner: Owner) -> dict[str, Any]:
    teams = [{"id": f"t-{owner.team}", "name": owner.team, "primary": True}] if owner.team else []
    return {
        "id": owner.id,
        "email": f"{owner.first_name.lower()}@example.com",
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userId": owner.user_id,
        "createdAt": "2023-05-01T00:00:00.000Z",
        "updatedAt": "2023-05-01T00:00:00.000Z",
        "archived": owner.is_archived,
        "teams": teams,
    }


def _call(call: Activity, write: Write) -> dict[str, Any]:
    linked = {
        "deals": [{"id": one, "type": "call_to_deal"} for one in call.deals],
        "contacts": [{"id": one, "type": "call_to_contact"} for one in call.contacts],
    }
    return {
        "id": call.id,
        "properties": {
            "hs_timestamp": write(call.at),
            "hs_createdate": write(call.at),
            "hs_lastmodifieddate": write(call.at),
            "hubspot_owner_id": call.owner,
            "hs_call_title": call.title,
            "hs_call_body": "What was said stays where it was said.",
            "hs_call_direction": "OUTBOUND",
            "hs_call_status": "COMPLETED",
            "hs_call_duration": "90000",
        },
        "archived": False,
        "associations": {name: {"results": found} for name, found in linked.items() if found},
    }


# --- exports ---------------------------------------------------------------------------------


def exports(portal: Portal, night: date) -> Files:
    """What the export buttons give: labels for columns, stages and owners, and no deleted deal."""
    owners = {owner.id: owner.name for owner in portal.owners}
    deals = [
        {
            "Record ID": deal.id,
            "Deal Name": f"Deal {deal.id}",
            "Deal Stage": stage_label(portal, deal),
            "Pipeline": pipeline_of(portal, deal).label,
            "Amount": deal.value("amount"),
            "Currency": deal.currency,
            "Close Date": _to_the_minute(deal.closes_at()),
            "Create Date": _to_the_minute(deal.created_at),
            "Last Modified Date": _to_the_minute(deal.modified_at),
            "Deal owner": owners.get(deal.value("hubspot_owner_id") or ""),
            "Deal Type": {"newbusiness": "New Business"}.get(deal.type or "", deal.type),
            "Original Traffic Source": (deal.source or "").replace("_", " ").title(),
            "Merged record IDs": ";".join(deal.merged_ids),
            "HubSpot Campaign": deal.campaign,
            "Associated Company IDs": ";".join(deal.companies),
            "Associated Company IDs (Primary)": deal.companies[0] if deal.companies else None,
            "Associated Contact IDs": ";".join(deal.contacts),
        }
        | {
            f'Date entered "{stage.label} ({pipeline.label})"': _to_the_minute(
                dict(deal.stamps).get(stage.id)
            )
            for pipeline in portal.pipelines
            for stage in pipeline.stages
            if any(stage.id in dict(one.stamps) for one in portal.deals)
        }
        for deal in portal.deals
        if not deal.is_archived
    ]
    stages = [
        {
            "Pipeline ID": pipeline.id,
            "Pipeline": pipeline.label,
            "Stage ID": stage.id,
            "Stage": stage.label,
            "Display order": number,
            "Is closed": str(stage.kind != "open").lower(),
            "Probability": stage.probability,
        }
        for pipeline in portal.pipelines
        for number, stage in enumerate(pipeline.stages)
    ]
    companies = [
        {
            "Record ID": company.id,
            "Company name": company.name,
            "Company Domain Name": f"{company.id}.example",
            "Industry": company.industry,
            "Number of Employees": company.employees,
            "Merged record IDs": ";".join(company.merged_ids),
        }
        for company in portal.companies
    ]
    people = [
        {
            "Owner ID": owner.id,
            "Email": f"{owner.first_name.lower()}@example.com",
            "First Name": owner.first_name,
            "Last Name": owner.last_name,
        }
        for owner in portal.owners
    ]
    files: dict[str, list[dict[str, Any]]] = {
        f"hubspot-crm-exports-all-deals-{night}.csv": deals,
        f"hubspot-crm-exports-all-companies-{night}.csv": companies,
        "pipeline_stages.csv": stages,
        "owners.csv": people,
    } | tables_of(portal.offers)
    return {name: csv_text(rows) for name, rows in files.items() if rows}


def pipeline_of(portal: Portal, deal: Deal) -> Pipeline:
    return next(one for one in portal.pipelines if one.id == deal.value("pipeline"))


def stage_label(portal: Portal, deal: Deal) -> str:
    """With its pipeline where there are several, as HubSpot writes it."""
    pipeline = pipeline_of(portal, deal)
    label = next(one.label for one in pipeline.stages if one.id == deal.value("dealstage"))
    return f"{label} ({pipeline.label})" if len(portal.pipelines) > 1 else label


def csv_text(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _to_the_minute(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M}" if at else None


# --- what the facts mean ---------------------------------------------------------------------


def as_crm(portal: Portal, as_of: date) -> landed.Crm:
    """The portal as the reference of the marts takes it: stage visits by brute force."""
    return landed.Crm.of_one_night(
        source="hubspot",
        as_of=as_of,
        stages=tuple(
            landed.Stage(pipeline.id, stage.id, stage.kind, number)
            for pipeline in portal.pipelines
            for number, stage in enumerate(pipeline.stages)
        ),
        rows=[
            *(_opportunity(portal, deal) for deal in portal.deals),
            *(_lead(portal, contact) for contact in portal.contacts if contact.lifecycle),
            *(landed.Role(deal.id, contact) for deal in portal.deals for contact in deal.contacts),
            *map(_activity, portal.calls),
            *(part for call in portal.calls for part in _parts(call)),
            *(record for deal in portal.deals for record in _records(portal, deal)),
            *(
                landed.Account(one.id, None, one.industry, one.employees)
                for one in portal.companies
            ),
            *rows_of(portal.offers),
            *(member for contact in portal.contacts for member in _members(portal, contact)),
        ],
        identifies_records=True,
        tells_touches=True,
        lead_meanings=(
            ("marketingqualifiedlead", "mql"),
            ("salesqualifiedlead", "sql"),
            ("opportunity", "converted"),
            ("customer", "converted"),
        ),
    )


def survivor_of(portal: Portal, deal_id: str) -> str | None:
    """The deal that a merged one went into, the last one of a chain."""
    survivors = [deal.id for deal in portal.deals if deal_id in deal.merged_ids]
    last = [one for one in survivors if survivor_of(portal, one) is None]
    return next(iter([*last, *survivors]), None)


def _lead(portal: Portal, contact: Contact) -> landed.Lead:
    """A contact with a lifecycle stage; of its deals the oldest one came of it."""
    deals = [deal for deal in portal.deals if contact.id in deal.contacts and not deal.is_archived]
    oldest = min(deals, key=lambda deal: (deal.created_at, deal.id), default=None)

    def first(stage: str) -> datetime | None:
        return min((at for name, at in contact.lifecycle if name == stage), default=None)

    return landed.Lead(
        lead_id=contact.id,
        status=contact.lifecycle[-1][0],
        created_at=CREATED_AT,
        mql_at=first("marketingqualifiedlead"),
        sql_at=first("salesqualifiedlead"),
        converted_at=first("opportunity"),
        opportunity_id=oldest.id if oldest else None,
        account_id=contact.company,
        contact_id=contact.id,
    )


def _members(portal: Portal, contact: Contact) -> Iterator[landed.Member]:
    return members_of(
        portal.offers,
        contact.id,
        CREATED_AT,
        (contact.first_campaign, contact.first_seen_at),
        contact.last_campaign,
    )


def _activity(call: Activity) -> landed.Activity:
    """It names one of many deals and contacts itself."""
    contact = min(call.contacts, default=None)
    return landed.Activity(
        activity_id=call.id,
        opportunity_id=min(call.deals, default=None),
        contact_id=contact,
        lead_id=contact,
        owner_id=call.owner,
        channel="call",
        direction="outbound",
        occurred_at=call.at,
        is_completed=True,
    )


def _parts(call: Activity) -> Iterator[landed.Participant]:
    for contact in set(call.contacts):
        yield landed.Participant(call.id, contact_id=contact, lead_id=contact)
    for deal in set(call.deals):
        yield landed.Participant(call.id, opportunity_id=deal)


def _opportunity(portal: Portal, deal: Deal) -> landed.Opportunity:
    closes_at = deal.closes_at()
    return landed.Opportunity(
        opportunity_id=deal.id,
        pipeline=deal.value("pipeline") or "",
        stage=deal.value("dealstage") or "",
        created_at=deal.created_at,
        closed_at=closes_at,
        close_date=closes_at.date() if closes_at else None,
        modified_at=deal.modified_at,
        amount=_amount(deal),
        currency=deal.currency,
        owner_id=deal.value("hubspot_owner_id"),
        lead_source=deal.source,
        opportunity_type=deal.type,
        account_id=deal.companies[0] if deal.companies else None,
        is_deleted=deal.is_archived,
        merged_into_id=survivor_of(portal, deal.id),
        campaign_id=portal.offers.campaign_id(deal.campaign),
    )


def _records(portal: Portal, deal: Deal) -> Iterator[landed.Record]:
    """One for each version of stage, amount or close date, in the pipeline of that instant."""
    recorded = ("dealstage", "amount", "closedate")
    instants = sorted({change.at for change in deal.changes if change.property in recorded})
    if not deal.is_history_sent:
        return
    marked = {
        change.at
        for change in deal.changes
        if change.property == "dealstage" and change.source_type in ("IMPORT", "MIGRATION")
    }
    for number, at in enumerate(instants):
        stage, closes_at = deal.value("dealstage", at), deal.closes_at(at)
        if stage is not None:
            yield landed.Record(
                record_id=f"{deal.id} {number}",
                opportunity_id=deal.id,
                pipeline=deal.value("pipeline", at) or "",
                stage=stage,
                at=at,
                sequence=number,
                amount=_amount(deal, at),
                close_date=closes_at.date() if closes_at else None,
                is_migration=at in marked,
            )


def _amount(deal: Deal, at: datetime | None = None) -> Decimal | None:
    text = deal.value("amount", at)
    return Decimal(text) if text else None
