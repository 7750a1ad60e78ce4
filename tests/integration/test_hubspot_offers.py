"""What a HubSpot portal sells and by which campaigns, from its files to the marts.

Belongs here: products, line items, campaigns and their touches. Does not belong here: deals,
contacts and activities (test_hubspot.py), how the files are written (hubspot_offers.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.settings import Settings
from tests.integration.hubspot_offers import Campaign, Line, Offers, Product, Report
from tests.integration.hubspot_portal import (
    Change,
    Contact,
    Deal,
    Portal,
    api_pages,
    exports,
    json_pages,
)
from tests.integration.test_hubspot import NIGHT, SALES, Warehouse, at, way

Ask = Callable[[Path, str], list[tuple]]

MODELS = ["fct_opportunity_line", "dim_product", "dim_campaign", "campaign_influence", "fct_lead"]
OFFERS = Offers(
    products=(Product("10", "Seat", "25", "service"), Product("11", "Training")),
    lines=(
        Line("l1", "a", "10", "4", "25", "90"),
        Line("l2", "a", None, "1", "12.5", "12.5"),
        Line("l3", "b", "12", "2", "5", None),
        Line("l4", "a", "11", "1", "500", "500", is_archived=True),
    ),
    campaigns=(
        Campaign("guid-1", "901", "Fair", date(2024, 1, 5), "1000", "1250.5"),
        Campaign("guid-3", "903", "Messe", date(2024, 1, 5), "1000", currency="EUR"),
    ),
    reports=(
        Report("guid-1", "p2", at=at(2, 9)),
        Report("guid-2", "p2"),
        Report("guid-1", "p3", "contactFirstTouch"),
    ),
)
PORTAL = Portal(
    pipelines=(SALES,),
    deals=(
        Deal(
            "a",
            (*way("default", ("1001", at(3))), Change("amount", "100", at(3))),
            contacts=("p1", "p2"),
            campaign="Fair",
        ),
        Deal("b", way("default", ("1001", at(4)))),
    ),
    contacts=(
        Contact(
            "p1",
            "a@example.com",
            lifecycle=(("lead", at(1)),),
            first_seen_at=datetime(2023, 12, 24),
            first_campaign="901",
            last_campaign="Elsewhere",
        ),
        Contact("p2", "b@example.com"),
        Contact("p3", "c@example.com"),
    ),
    offers=OFFERS,
)
TOUCHES = (
    "select campaign_id, contact_id, touched_at from intermediate.int_campaign_touches order by all"
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(home))
        yield Warehouse(Settings(home=home), tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def by_pages(warehouse: Warehouse) -> Path:
    return warehouse.build(api_pages(PORTAL), models=MODELS)


def lines_of(file: Path, ask: Ask) -> list[tuple]:
    return ask(
        file,
        "select line_id, opportunity_key, product_key, quantity, unit_price, amount "
        "from marts.fct_opportunity_line order by 1",
    )


def test_line_items_are_lines_of_the_deal_that_lists_them(by_pages: Path, ask: Ask) -> None:
    """Amounts are those after discounts, as HubSpot nets them; a deleted line is none."""
    assert lines_of(by_pages, ask) == [
        ("l1", "hubspot:a", "hubspot:10", 4.0, Decimal(25), Decimal(90)),
        ("l2", "hubspot:a", "hubspot:unknown", 1.0, Decimal("12.50"), Decimal("12.50")),
        ("l3", "hubspot:b", "hubspot:12", 2.0, Decimal(5), None),
    ]


def test_exports_give_the_same_lines_and_products(
    warehouse: Warehouse, by_pages: Path, ask: Ask
) -> None:
    by_exports = warehouse.build(exports(PORTAL, NIGHT), models=MODELS)
    assert lines_of(by_exports, ask) == lines_of(by_pages, ask)
    products = "select * from marts.dim_product order by product_key"
    assert ask(by_exports, products) == ask(by_pages, products)


def test_products_of_the_library_and_those_only_named_are_products(
    by_pages: Path, ask: Ask
) -> None:
    products = ask(
        by_pages,
        "select product_key, product_name, product_family, list_price from marts.dim_product "
        "order by 1",
    )
    assert products == [
        ("hubspot:10", "Seat", "service", Decimal(25)),
        ("hubspot:11", "Training", None, None),
        ("hubspot:12", "12", None, None),
        ("hubspot:unknown", "unknown", None, None),
    ]


@pytest.mark.parametrize("way_of", ["own pages", "associations"])
def test_a_line_says_its_deal_where_the_deal_does_not(
    warehouse: Warehouse, by_pages: Path, ask: Ask, way_of: str
) -> None:
    files = api_pages(PORTAL)
    files["deals.jsonl"] = files["deals.jsonl"].replace(b'"line items"', b'"quotes"')
    if way_of == "own pages":
        deals = {line.id: line.deal for line in OFFERS.lines}
        files["line_items.jsonl"] = json_pages(
            [
                {
                    "id": line.id,
                    "properties": {
                        "hs_product_id": line.product,
                        "quantity": line.quantity,
                        "price": line.price,
                        "amount": line.amount,
                    },
                    "archived": line.is_archived,
                    "associations": {
                        "deals": {"results": [{"id": deals[line.id], "type": "line_item_to_deal"}]}
                    },
                }
                for line in OFFERS.lines
            ]
        )
    else:
        of_deal, of_line = (
            {"category": "HUBSPOT_DEFINED", "typeId": number, "label": None} for number in (19, 20)
        )
        pairs = [
            {
                "from": {"id": "a"},
                "to": [
                    {"toObjectId": line, "associationTypes": [of_deal]} for line in ("l1", "l2")
                ],
            },
            {"from": {"id": "l3"}, "to": [{"toObjectId": "b", "associationTypes": [of_line]}]},
        ]
        files["associations.jsonl"] = json_pages(pairs)
    assert lines_of(warehouse.build(files, models=MODELS), ask) == lines_of(by_pages, ask)


def test_a_line_that_its_deal_no_longer_lists_is_gone(warehouse: Warehouse, ask: Ask) -> None:
    fewer = replace(PORTAL, offers=replace(OFFERS, lines=OFFERS.lines[:1] + OFFERS.lines[2:]))
    file = warehouse.build(api_pages(PORTAL), api_pages(fewer), models=MODELS)
    assert [row[0] for row in lines_of(file, ask)] == ["l1", "l3"]


def test_contacts_are_touched_by_the_campaigns_that_brought_them(by_pages: Path, ask: Ask) -> None:
    """By number, by id, or by a name that no campaign bears; without an instant where none is."""
    created = datetime(2024, 1, 1)
    assert ask(by_pages, TOUCHES) == [
        ("Elsewhere", "p1", created),
        ("guid-1", "p1", datetime(2023, 12, 24)),
        ("guid-1", "p2", at(2, 9)),
        ("guid-1", "p3", created),
        ("guid-2", "p2", None),
    ]


def test_a_lead_is_credited_to_the_campaign_that_touched_it_first(by_pages: Path, ask: Ask) -> None:
    assert ask(by_pages, "select lead_key, campaign_key from marts.fct_lead") == [
        ("hubspot:p1", "hubspot:guid-1")
    ]


def test_campaigns_share_the_deals_of_those_they_touched(by_pages: Path, ask: Ask) -> None:
    """Of the deal's two contacts one was touched twice and the other once."""
    shares = ask(
        by_pages,
        "select influence_model, campaign_key, amount from marts.campaign_influence "
        "where amount > 0 order by 1, 2",
    )
    assert shares == [
        ("even", "hubspot:Elsewhere", Decimal("33.33")),
        ("even", "hubspot:guid-1", Decimal("66.67")),
        ("first", "hubspot:guid-1", Decimal(100)),
        ("last", "hubspot:guid-1", Decimal(100)),
        ("primary", "hubspot:guid-1", Decimal(100)),
    ]


def test_a_campaign_has_the_costs_that_marketing_entered(by_pages: Path, ask: Ask) -> None:
    costs = ask(
        by_pages,
        "select campaign_name, status, start_date, budgeted_cost, actual_cost "
        "from marts.dim_campaign where campaign_key = 'hubspot:guid-1'",
    )
    assert costs == [("Fair", "active", date(2024, 1, 5), Decimal(1000), Decimal("1250.50"))]


def test_a_cost_in_another_currency_without_a_rate_is_unknown(by_pages: Path, ask: Ask) -> None:
    costs = ask(
        by_pages,
        "select currency_code, budgeted_cost_local, budgeted_cost, budgeted_cost_dated "
        "from marts.dim_campaign where campaign_key = 'hubspot:guid-3'",
    )
    assert costs == [("EUR", Decimal(1000), None, None)]


def test_a_campaign_that_is_listed_later_takes_over_the_deals_that_named_it(
    warehouse: Warehouse, ask: Ask
) -> None:
    """A later night computes anew what it learns to name, and ends as a rebuild does."""
    unlisted = replace(PORTAL, offers=replace(OFFERS, campaigns=()))
    nightly, rebuilt = warehouse.build_each(api_pages(unlisted), api_pages(PORTAL))
    query = "select campaign_key from marts.fct_opportunity where opportunity_id = 'a'"
    assert ask(nightly, query) == [("hubspot:guid-1",)]
    assert ask(nightly, TOUCHES) == ask(rebuilt, TOUCHES)
