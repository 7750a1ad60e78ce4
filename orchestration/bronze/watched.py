"""Which columns of which objects are compared with earlier nights, and as what.

Belongs here: the columns whose values are counted one by one, for each source that comes built in
and for the canonical objects. Empty values and repeated keys are counted in every object.
Does not belong here: counting (profile.py).

    stage, owner, kind    each value by itself; kinds are sources, types, currencies, deletions, …
    amount                its order of magnitude
    hour                  the three hours of the day (UTC) in which an instant lies
    horizon               how far a day lies before or after its night
    newest                the newest days with a change, and the rows newer than all before

Of full extracts, every column is compared with the night before. Of histories it is counted, too,
whether the records that changed came with them.
"""

from __future__ import annotations

from typing import NamedTuple

from orchestration.sources.contract import Contract


class Record(NamedTuple):
    """The record of which a history tells: the column that names it, its object and its key."""

    column: str
    object: str
    key: str


class Watched(NamedTuple):
    """One column and the topic under which it is compared."""

    topic: str
    column: str


_SALESFORCE: dict[str, list[tuple[str, str]]] = {
    "opportunity": [
        ("stage", "StageName"),
        ("owner", "OwnerId"),
        ("kind", "LeadSource"),
        ("kind", "Type"),
        ("kind", "CurrencyIsoCode"),
        ("kind", "IsDeleted"),
        ("amount", "Amount"),
        ("hour", "CreatedDate"),
        ("horizon", "CloseDate"),
        ("newest", "SystemModstamp"),
    ],
    "opportunity_history": [
        ("stage", "StageName"),
        ("amount", "Amount"),
        ("hour", "CreatedDate"),
        ("horizon", "CloseDate"),
        ("newest", "CreatedDate"),
    ],
    "lead": [
        ("stage", "Status"),
        ("owner", "OwnerId"),
        ("kind", "LeadSource"),
        ("hour", "CreatedDate"),
        ("newest", "SystemModstamp"),
    ],
    "account": [("owner", "OwnerId"), ("kind", "IsDeleted"), ("newest", "SystemModstamp")],
    "task": [("owner", "OwnerId"), ("kind", "Status"), ("newest", "SystemModstamp")],
    "opportunity_line_item": [("amount", "TotalPrice"), ("newest", "SystemModstamp")],
}
_HUBSPOT: dict[str, list[tuple[str, str]]] = {
    "deal": [
        ("stage", "dealstage"),
        ("owner", "hubspot_owner_id"),
        ("kind", "pipeline"),
        ("kind", "dealtype"),
        ("kind", "deal_currency_code"),
        ("kind", "archived"),
        ("amount", "amount"),
        ("hour", "createdate"),
        ("horizon", "closedate"),
        ("newest", "hs_lastmodifieddate"),
    ],
    "contact": [
        ("stage", "lifecyclestage"),
        ("owner", "hubspot_owner_id"),
        ("hour", "createdate"),
        ("newest", "hs_lastmodifieddate"),
    ],
    "line_item": [("amount", "amount")],
}
_CANONICAL: dict[str, list[tuple[str, str]]] = {
    "opportunities": [
        ("stage", "stage"),
        ("owner", "owner_id"),
        ("kind", "pipeline"),
        ("kind", "lead_source"),
        ("kind", "opportunity_type"),
        ("kind", "currency_code"),
        ("kind", "is_deleted"),
        ("amount", "amount"),
        ("hour", "created_at"),
        ("horizon", "close_date"),
        ("newest", "modified_at"),
    ],
    "opportunity_stage_history": [
        ("stage", "stage"),
        ("amount", "amount"),
        ("hour", "changed_at"),
        ("newest", "changed_at"),
    ],
    "leads": [
        ("stage", "status"),
        ("owner", "owner_id"),
        ("kind", "lead_source"),
        ("hour", "created_at"),
        ("newest", "modified_at"),
    ],
    "opportunity_lines": [("amount", "amount")],
}
# A change of a record is written beside the record, so a night that brings one brings both.
_RECORDS: dict[str, tuple[str, str, str]] = {
    "opportunity_history": ("OpportunityId", "opportunity", "Id"),
    "lead_history": ("LeadId", "lead", "Id"),
    "opportunity_stage_history": ("opportunity_id", "opportunities", "opportunity_id"),
    "lead_status_history": ("lead_id", "leads", "lead_id"),
}
_NATIVE = {"salesforce": _SALESFORCE, "hubspot": _HUBSPOT}


def watched_columns(contract: Contract) -> list[Watched]:
    """The watched columns of an object; none for most objects."""
    objects = _CANONICAL if contract.canonical else _NATIVE.get(contract.source, {})
    return [Watched(*each) for each in objects.get(contract.object, [])]


def record_of(contract: Contract) -> Record | None:
    """The record of which a history tells; None for what is no history."""
    found = _RECORDS.get(contract.object)
    return Record(*found) if found else None
