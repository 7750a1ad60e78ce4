"""Leads from their first interest to the opportunity that came of them, by brute force.

Belongs here: `fct_lead`, `fct_activity` and `bridge_activity`, which steps a lead took, what is a
touch. Does not
belong here: cohorts of leads (lead_funnel.py), campaigns beyond the first one (campaigns.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from tests.reference.landed import Activity, Lead, LeadEntry, Member, Participant, Role
from tests.reference.lives import Life
from tests.reference.mergers import mergers_of
from tests.reference.quantities import Row, days_between
from tests.reference.versions import by_record, standing, today_of
from tests.reference.warehouse import Warehouse

TOUCHING = {"call", "email", "meeting"}
STEPS = ("mql", "sql", "converted")
KINDS = ("opportunity", "account", "contact", "lead")


@dataclass(frozen=True)
class Journey:
    """One lead that is there today, with what was said of its steps and what became of it."""

    row: Lead
    said: dict[str, datetime | None]
    is_disqualified: bool
    first_campaign_id: str | None
    first_touch_at: datetime | None
    life: Life | None

    def has_taken(self, step: str) -> bool:
        """It, or a later one."""
        return any(later in self.said for later in STEPS[STEPS.index(step) :])

    def taken_at(self, step: str) -> datetime | None:
        """The first instant at which it, or a later one, is known to have been taken."""
        instants = [self.said.get(later) for later in STEPS[STEPS.index(step) :]]
        return min((at for at in instants if at is not None), default=None)

    @property
    def outcome(self) -> str:
        if "converted" in self.said:
            return "converted"
        return "disqualified" if self.is_disqualified else "open"

    @property
    def is_won(self) -> bool:
        return self.life is not None and self.life.outcome == "won"

    @property
    def won_at(self) -> datetime | None:
        return self.life.closed_at if self.life and self.is_won else None

    @property
    def days_to_win(self):
        days = days_between(self.row.created_at, self.won_at)
        return None if days is None or days < 0 else days

    @property
    def hours_to_first_touch(self):
        days = days_between(self.row.created_at, self.first_touch_at)
        return None if days is None else days * 24


@dataclass(frozen=True)
class Leads:
    """The leads of one source."""

    warehouse: Warehouse

    @cached_property
    def surviving_opportunities(self) -> dict[str, str]:
        mergers = mergers_of(self.warehouse.opportunities)
        return {one.merged_id: one.final_survivor_id for one in mergers}

    def life_of(self, opportunity_id: str | None) -> Life | None:
        """Of the opportunity that survived of this one, if facts hold it."""
        survivor = self.surviving_opportunities.get(opportunity_id or "", opportunity_id)
        return self.lives.get(survivor)

    @cached_property
    def lives(self) -> dict[str | None, Life]:
        return {life.row.opportunity_id: life for life in self.warehouse.lives}

    @cached_property
    def activities(self) -> list[Activity]:
        return standing(self.warehouse.crm, Activity, lambda row: row.activity_id)

    @cached_property
    def parts(self) -> dict[str, list[Participant]]:
        """Whoever has a part in each activity, beside what it names itself."""
        found: dict[str, list[Participant]] = {}
        for one in standing(self.warehouse.crm, Participant, lambda row: row):
            found.setdefault(one.activity_id, []).append(one)
        return found

    @cached_property
    def members(self) -> list[Member]:
        """All parts in campaigns that touch somebody, or those that were responded to."""
        crm = self.warehouse.crm
        members = standing(
            crm,
            Member,
            lambda row: (
                row.campaign_id,
                row.lead_id,
                row.contact_id,
                row.created_at if crm.tells_touches else None,
            ),
        )
        if crm.options.campaign_touches == "all":
            return members
        return [one for one in members if has_responded(one)]

    @cached_property
    def entries(self) -> list[LeadEntry]:
        """History that was once told is not taken back by an extract that lacks it."""
        landed = by_record(
            self.warehouse.crm.landed(LeadEntry),
            lambda row: (row.lead_id, row.status, row.changed_at),
        )
        return [today_of(rows) for rows in landed.values()]

    def told(self, row: Lead) -> list[LeadEntry]:
        """A lead's entries in their order; it was created as what it was before the first one."""
        its = [one for one in self.entries if one.lead_id == row.lead_id]
        its.sort(key=lambda one: (one.changed_at, one.status))
        created_as = its[0].previous_status if its else None
        if created_as is None or row.created_at is None:
            return its
        return [LeadEntry(row.lead_id, created_as, row.created_at), *its]

    @cached_property
    def roles(self) -> list[Role]:
        return standing(self.warehouse.crm, Role, lambda row: (row.opportunity_id, row.contact_id))

    def touch_of(self, member: Member) -> datetime | None:
        """When a campaign touched a member, if that is known."""
        if self.warehouse.crm.options.campaign_touches == "responded":
            return member.responded_at or member.created_at
        return member.created_at or member.responded_at

    def meaning(self, status: str | None) -> str | None:
        if status is None:
            return None
        crm = self.warehouse.crm
        if crm.lead_meanings is not None:
            return dict(crm.lead_meanings).get(status)
        return dict(crm.options.lead_meanings).get(status.lower())

    @cached_property
    def journeys(self) -> list[Journey]:
        rows = standing(self.warehouse.crm, Lead, lambda row: row.lead_id)
        return [
            self._journey(row) for row in rows if not row.is_deleted and row.merged_into_id is None
        ]

    def _journey(self, row: Lead) -> Journey:
        return Journey(
            row=row,
            said=self._said(row),
            is_disqualified=self.meaning(row.status) == "disqualified",
            first_campaign_id=row.campaign_id or self._first_campaign(row),
            first_touch_at=min(self.touches(row), default=None),
            life=self.life_of(row.opportunity_id),
        )

    def _said(self, row: Lead) -> dict[str, datetime | None]:
        """Each step that is known to have been taken, with its instant where that is known."""
        said: dict[str, datetime | None] = {}
        for step in STEPS:
            entered = [one.changed_at for one in self.told(row) if self.meaning(one.status) == step]
            stated = self._conversion(row) if step == "converted" else getattr(row, f"{step}_at")
            at = stated or min(entered, default=None)
            if at is not None and row.created_at is not None:
                at = max(at, row.created_at)
            if at is not None or self.meaning(row.status) == step:
                said[step] = at
        if row.opportunity_id is not None:
            said.setdefault("converted", None)
        return said

    def _conversion(self, row: Lead) -> datetime | None:
        """As stated; of a day without a time at the last entry of that day, if there was one."""
        calendar, at = self.warehouse.crm.calendar, row.converted_at
        day = calendar.day(at)
        if at is None or day is None or at != calendar.start(day):
            return at
        that_day = [one.changed_at for one in self.told(row) if calendar.day(one.changed_at) == day]
        return max(that_day, default=at)

    def _first_campaign(self, row: Lead) -> str | None:
        touched = [one for one in self.members if one.lead_id == row.lead_id]
        places = sorted(
            (self.touch_of(one) is None, self.touch_of(one) or datetime.min, one.campaign_id)
            for one in touched
        )
        return places[0][2] if places else None

    def touches(self, row: Lead) -> list[datetime]:
        """When somebody of sales reached out to the lead.

        A day without a time is that of its creation if it is the same, and not before it.
        """
        created_at, calendar = row.created_at, self.warehouse.crm.calendar
        day = calendar.day(created_at)
        if created_at is None or day is None:
            return []
        instants = [row.first_touch_at] if row.first_touch_at is not None else []
        for one in self.activities:
            is_its = any(
                who.lead_id == row.lead_id
                or (row.contact_id is not None and who.contact_id == row.contact_id)
                for who in (one, *self.parts.get(one.activity_id, []))
            )
            is_done = one.is_completed is not False and one.occurred_at is not None
            if (
                is_its
                and is_done
                and one.channel in TOUCHING
                and one.direction != "inbound"
                and one.occurred_at < self.warehouse.crm.as_of_at
            ):
                instants.append(one.occurred_at)
        day_began = calendar.start(day)
        return [max(at, created_at) for at in instants if at >= created_at or at == day_began]

    def recycled_at(self, lead: Journey) -> list[datetime]:
        """When a status took it up again after one that disqualified it, until it was converted."""
        created_at, converted_at = lead.row.created_at, lead.taken_at("converted")
        found = {
            entry.changed_at
            for before, entry in pairwise(self.told(lead.row))
            if self.meaning(before.status) == "disqualified"
            and self.meaning(entry.status) != "disqualified"
        }
        return sorted(
            at
            for at in found
            if created_at is not None
            and at > created_at
            and (converted_at is None or at < converted_at)
        )


def has_responded(member: Member) -> bool:
    if member.has_responded is None:
        return member.responded_at is not None
    return member.has_responded


def fct_activity(warehouse: Warehouse) -> list[Row]:
    leads = Leads(warehouse)
    key = warehouse.key
    survivors = leads.surviving_opportunities
    return [
        {
            "activity_key": key(one.activity_id),
            "opportunity_key": (
                key(survivors.get(one.opportunity_id, one.opportunity_id))
                if one.opportunity_id
                else None
            ),
            "lead_key": key(one.lead_id) if one.lead_id else None,
            "account_key": key(warehouse.surviving_account_id(one.account_id)),
            "contact_key": key(one.contact_id),
            "owner_key": key(one.owner_id),
            "occurred_at": one.occurred_at,
            "channel": one.channel or "other",
            "direction": one.direction,
            "is_completed": one.is_completed,
        }
        for one in leads.activities
    ]


def bridge_activity(warehouse: Warehouse) -> list[Row]:
    leads = Leads(warehouse)
    key, survivors = warehouse.key, leads.surviving_opportunities

    def named(kind: str, row: Activity | Participant) -> str | None:
        id_ = getattr(row, f"{kind}_id")
        if kind == "opportunity":
            id_ = survivors.get(id_, id_)
        if kind == "account":
            id_ = warehouse.surviving_account_id(id_)
        return id_ and key(id_)

    rows = []
    for one in leads.activities:
        for kind in KINDS:
            main = named(kind, one)
            others = {named(kind, part) for part in leads.parts.get(one.activity_id, [])}
            rows += [
                {
                    "activity_key": key(one.activity_id),
                    "record_kind": kind,
                    "record_key": record,
                    "is_main": record == main,
                }
                for record in {main, *others} - {None}
            ]
    return rows


def fct_lead(warehouse: Warehouse) -> list[Row]:
    key, leads = warehouse.key, Leads(warehouse)
    return [
        {
            "lead_key": key(one.row.lead_id),
            "lead_source": one.row.lead_source or "unknown",
            "campaign_key": key(one.first_campaign_id),
            "owner_key": key(one.row.owner_id),
            "account_key": key(warehouse.surviving_account_id(one.row.account_id)),
            "contact_key": key(one.row.contact_id),
            "status": one.row.status,
            "created_at": one.row.created_at,
            "first_touch_at": one.first_touch_at,
            "hours_to_first_touch": one.hours_to_first_touch,
            "mql_at": one.taken_at("mql"),
            "sql_at": one.taken_at("sql"),
            "converted_at": one.taken_at("converted"),
            "is_mql": one.has_taken("mql"),
            "is_sql": one.has_taken("sql"),
            "is_mql_imputed": one.has_taken("mql") and "mql" not in one.said,
            "is_sql_imputed": one.has_taken("sql") and "sql" not in one.said,
            "is_converted": one.has_taken("converted"),
            "outcome": one.outcome,
            "episode_count": 1 + len(leads.recycled_at(one)),
            "opportunity_key": key(one.life.row.opportunity_id) if one.life else None,
            "opportunity_outcome": one.life.outcome if one.life else None,
            "is_won": one.is_won,
            "won_at": one.won_at,
            "days_to_win": one.days_to_win,
        }
        for one in leads.journeys
    ]
