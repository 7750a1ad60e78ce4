"""What a HubSpot portal sells and by which campaigns: as it is sent, and what it means.

Belongs here: products, line items, campaigns and their contact reports, for hubspot_portal.py, and
random ones. Does not belong here: deals and contacts, what is tried on all of them
(test_hubspot_offers.py, test_hubspot.py).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.reference import landed

Write = Callable[[datetime], Any]


@dataclass(frozen=True)
class Product:
    """A product of the library."""

    id: str
    name: str
    price: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Line:
    """A line item of a deal; without a product it was made by hand."""

    id: str
    deal: str
    product: str | None = None
    quantity: str = "1"
    price: str | None = None
    amount: str | None = None
    is_archived: bool = False


@dataclass(frozen=True)
class Campaign:
    """A campaign; properties may name it by its number, people do by its name."""

    id: str
    number: str
    name: str
    starts: date | None = None
    budget: str | None = None
    spent: str | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Report:
    """A line of a campaign's contact report, with the instant where the extract knows it."""

    campaign: str
    contact: str
    type: str = "influencedContacts"
    at: datetime | None = None


@dataclass(frozen=True)
class Offers:
    """All of them in one portal."""

    products: tuple[Product, ...] = ()
    lines: tuple[Line, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    reports: tuple[Report, ...] = ()

    def lines_of(self, deal_id: str) -> list[str]:
        """Those that the deal lists, as HubSpot lists no deleted ones."""
        return [one.id for one in self.lines if one.deal == deal_id and not one.is_archived]

    def campaign_id(self, said: str | None) -> str | None:
        """Which campaign an id, a number or a name means."""
        for one in self.campaigns:
            if said in (one.id, one.number, one.name):
                return one.id
        return said


def pages_of(offers: Offers) -> dict[str, list[dict[str, Any]]]:
    """Records as the API gives them, by the name of their file. Lines do not say their deal."""
    return {
        "products.jsonl": [
            {
                "id": one.id,
                "properties": {
                    "name": one.name,
                    "price": one.price,
                    "hs_product_type": one.kind,
                    "hs_sku": "",
                },
                "archived": False,
            }
            for one in offers.products
        ],
        "line_items.jsonl": [
            {
                "id": one.id,
                "properties": {
                    "name": "As agreed",
                    "hs_product_id": one.product,
                    "quantity": one.quantity,
                    "price": one.price,
                    "amount": one.amount,
                },
                "archived": one.is_archived,
            }
            for one in offers.lines
        ],
        "campaigns.jsonl": [
            {
                "id": one.id,
                "properties": {
                    "hs_object_id": one.number,
                    "hs_name": one.name,
                    "hs_campaign_status": "active",
                    "hs_start_date": one.starts.isoformat() if one.starts else None,
                    "hs_currency_code": one.currency,
                    "hs_budget_items_sum_amount": one.budget,
                    "hs_spend_items_sum_amount": one.spent,
                },
                "createdAt": "2023-01-01T00:00:00Z",
                "updatedAt": "2023-01-01T00:00:00Z",
            }
            for one in offers.campaigns
        ],
    }


def reported_of(offers: Offers, write: Write) -> list[dict[str, Any]]:
    """Contact reports as an extract lands them: what the API was asked beside what it gave."""
    return [
        {
            "campaignGuid": one.campaign,
            "contactType": one.type,
            "id": one.contact,
            "touchedAt": write(one.at) if one.at else None,
        }
        for one in offers.reports
    ]


def tables_of(offers: Offers) -> dict[str, list[dict[str, Any]]]:
    """What exports give, under the labels that people see."""
    return {
        "hubspot-crm-exports-all-products.csv": [
            {
                "Record ID": one.id,
                "Name": one.name,
                "Unit price": one.price,
                "Product Type": one.kind,
            }
            for one in offers.products
        ],
        "hubspot-crm-exports-all-line-items.csv": [
            {
                "Record ID": one.id,
                "Product ID": one.product,
                "Quantity": one.quantity,
                "Unit price": one.price,
                "Net price": one.amount,
                "Associated Deal IDs": one.deal,
            }
            for one in offers.lines
            if not one.is_archived
        ],
        "campaigns.csv": [
            {"Campaign GUID": one.id, "Campaign name": one.name, "Start date": one.starts}
            for one in offers.campaigns
        ],
    }


def rows_of(offers: Offers) -> Iterator[landed.Line | landed.Campaign]:
    """As the reference of the marts takes them."""
    for line in offers.lines:
        if not line.is_archived:
            yield landed.Line(
                line_id=line.id,
                opportunity_id=line.deal,
                product_id=line.product,
                quantity=float(line.quantity),
                unit_price=Decimal(line.price) if line.price else None,
                amount=Decimal(line.amount) if line.amount else None,
            )
    for campaign in offers.campaigns:
        yield landed.Campaign(
            campaign.id,
            campaign.name,
            start_date=campaign.starts,
            currency_code=campaign.currency,
            budgeted_cost=Decimal(campaign.budget) if campaign.budget else None,
            actual_cost=Decimal(campaign.spent) if campaign.spent else None,
        )


def members_of(
    offers: Offers,
    contact_id: str,
    created_at: datetime,
    first: tuple[str | None, datetime | None],
    last: str | None,
) -> Iterator[landed.Member]:
    """The touches of one contact: those that its properties tell, then those of reports."""
    first_at = first[1] or created_at
    told: set[tuple[str, datetime | None]] = set()
    if first[0]:
        told.add((offers.campaign_id(first[0]) or "", first_at))
    if last:
        told.add((offers.campaign_id(last) or "", created_at))
    at_of = {"contactFirstTouch": first_at, "contactLastTouch": created_at}
    for one in offers.reports:
        if one.contact == contact_id:
            told.add((one.campaign, one.at or at_of.get(one.type)))
    for campaign_id, at in told:
        yield landed.Member(
            campaign_id=campaign_id,
            lead_id=contact_id,
            contact_id=contact_id,
            has_responded=True,
            created_at=at,
        )


def random_offers(draw: random.Random, deals: Sequence[str], contacts: Sequence[str]) -> Offers:
    """Lines of some deals, a few of deals and products that nobody knows; touches, few dated."""
    campaigns = tuple(
        Campaign(
            f"guid-{number}",
            f"{900 + number}",
            f"Campaign {number}",
            spent=("12.5", None)[number % 2],
            currency=(None, "USD", "EUR")[number % 3],
        )
        for number in range(4)
    )
    return Offers(
        products=tuple(Product(f"{number}", f"Product {number}") for number in range(3)),
        lines=tuple(
            Line(
                f"l{number}",
                draw.choice([*deals, "nowhere"]),
                draw.choice(["0", "1", "2", "7", None]),
                f"{draw.randrange(1, 9)}",
                f"{draw.randrange(10_000) / 100}",
                draw.choice([None, "0", f"{draw.randrange(90_000) / 1000}"]),
                is_archived=draw.random() < 0.1,
            )
            for number in range(40)
        ),
        campaigns=campaigns,
        reports=tuple(
            dict.fromkeys(
                Report(
                    f"guid-{draw.randrange(5)}",
                    draw.choice(contacts),
                    type_,
                    datetime(2023, 6, 1) + timedelta(hours=draw.randrange(7000)),
                )
                if draw.random() < 0.7
                else Report(f"guid-{number % 4}", draw.choice(contacts), type_)
                for number, type_ in enumerate(
                    ["contactFirstTouch", "contactLastTouch", "influencedContacts"] * 8
                )
            )
        ),
    )
