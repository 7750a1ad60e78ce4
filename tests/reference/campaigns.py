"""Campaigns, and which part of an opportunity each influence model credits them with.

Belongs here: `dim_campaign`, `campaign_influence`, which touches count. Does not belong here: money
shared out to the cent (money.py), leads (leads.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from tests.reference.landed import Campaign
from tests.reference.leads import Leads
from tests.reference.lives import Life
from tests.reference.quantities import Row, cents, days_between, total
from tests.reference.versions import by_record, today_of
from tests.reference.warehouse import Warehouse


def dim_campaign(warehouse: Warehouse) -> list[Row]:
    """Delivered ones, whoever stands in the newest extract or not, and those that are named."""
    key, leads = warehouse.key, Leads(warehouse)
    landed = by_record(warehouse.crm.landed(Campaign), lambda row: row.campaign_id)
    campaigns = {campaign_id: today_of(rows) for campaign_id, rows in landed.items()}
    named = {one.history.today.campaign_id for one in warehouse.all_lives.values()}
    named |= {one.first_campaign_id for one in leads.journeys}
    named |= {one.parent_id for one in campaigns.values()}
    named |= {one.campaign_id for one in leads.members}
    rows = [
        {
            "campaign_key": key(one.campaign_id),
            "campaign_name": one.campaign_name or one.campaign_id,
            "parent_campaign_key": key(one.parent_id) if one.parent_id else None,
            "is_deleted": False,
        }
        | costs_of(one, warehouse)
        for one in campaigns.values()
    ]
    strangers = {campaign_id or "unknown" for campaign_id in named} - set(campaigns)
    if warehouse.all_lives:
        strangers.add("unknown")
    return rows + [
        {
            "campaign_key": key(campaign_id),
            "campaign_name": campaign_id,
            "parent_campaign_key": None,
            "is_deleted": None,
        }
        | dict.fromkeys(costs_of(Campaign(""), warehouse))
        for campaign_id in strangers
    ]


def costs_of(campaign: Campaign, warehouse: Warehouse) -> Row:
    """By plan and, of their own day, dated: costs are spent from the first day on."""
    currency, day = campaign.currency_code, campaign.start_date or campaign.end_date
    found: Row = {"currency_code": currency or warehouse.crm.options.reporting_currency}
    for name in ("budgeted_cost", "actual_cost"):
        local = getattr(campaign, name)
        found[f"{name}_local"] = cents(local)
        found[name] = warehouse.money.by_plan(local, currency)
        found[f"{name}_dated"] = warehouse.money.dated(local, currency, day)
    return found


Shares = list[tuple[str, Fraction]]


def campaign_influence(warehouse: Warehouse) -> list[Row]:
    leads = Leads(warehouse)
    cells: dict[tuple, list[tuple[Life, Fraction, Decimal | None]]] = defaultdict(list)
    for life in warehouse.lives:
        month = warehouse.calendar.month(life.row.created_at)
        for model, shares in credits_of(leads, life).items():
            for campaign_key, share, amount in warehouse.money.shared_out(life.amount, shares):
                cells[campaign_key, model, month].append((life, share, amount))
    rows = []
    for (campaign_key, model, month), parts in cells.items():
        won = [part for part in parts if part[0].outcome == "won"]
        rows.append(
            {
                "campaign_key": campaign_key,
                "influence_model": model,
                "created_month": month,
                "opportunity_count": len(parts),
                "credited_count": float(sum(share for _, share, _ in parts)),
                "amount": total(amount for _, _, amount in parts),
                "won_opportunity_count": len(won),
                "won_credited_count": float(sum(share for _, share, _ in won)),
                "won_amount": total(amount for _, _, amount in won),
                "as_of_date": warehouse.crm.as_of,
            }
        )
    return rows


def credits_of(leads: Leads, life: Life) -> dict[str, Shares]:
    """Of each model: the campaigns that share the opportunity, and their shares."""
    key = leads.warehouse.key
    touches = sorted((at, key(campaign_id)) for campaign_id, at in touches_of(leads, life))
    nobody: Shares = [(key(None), Fraction(1))]
    even = {
        campaign: Fraction(sum(one == campaign for _, one in touches), len(touches))
        for _, campaign in touches
    }
    return {
        "first": [(touches[0][1], Fraction(1))] if touches else nobody,
        "last": [(touches[-1][1], Fraction(1))] if touches else nobody,
        "even": list(even.items()) if touches else nobody,
        "primary": [(key(life.row.campaign_id), Fraction(1))],
    }


def touches_of(leads: Leads, life: Life) -> Iterator[tuple[str, datetime]]:
    """Campaigns that touched, in time, a contact of the opportunity or a lead that became it."""
    crm = leads.warehouse.crm
    came_of = [one.row for one in leads.journeys if one.life is life]
    lead_ids = {row.lead_id for row in came_of}
    contact_ids = {row.contact_id for row in came_of if row.contact_id is not None} | {
        role.contact_id for role in leads.roles if role.opportunity_id == life.row.opportunity_id
    }
    for member in leads.members:
        at = leads.touch_of(member)
        is_theirs = member.lead_id in lead_ids or member.contact_id in contact_ids
        if not is_theirs or at is None or at >= (life.closed_at or crm.as_of_at):
            continue
        before = days_between(at, life.row.created_at)
        if before is None or before <= crm.options.campaign_lookback_days:
            yield member.campaign_id, at
