"""Product lines of opportunities.

Belongs here: `fct_opportunity_line`. Does not belong here: amounts of opportunities (lives.py).
"""

from __future__ import annotations

from tests.reference.landed import Line
from tests.reference.quantities import Row, cents
from tests.reference.versions import standing
from tests.reference.warehouse import Warehouse


def fct_opportunity_line(warehouse: Warehouse) -> list[Row]:
    lives = {life.row.opportunity_id: life for life in warehouse.lives}
    rows = []
    for one in standing(warehouse.crm, Line, lambda row: row.line_id):
        life = lives.get(one.opportunity_id)
        if life is None:
            continue
        currency = life.row.currency
        rows.append(
            {
                "line_key": warehouse.key(one.line_id),
                "opportunity_key": warehouse.key(one.opportunity_id),
                "product_key": warehouse.key(one.product_id),
                "quantity": one.quantity,
                "currency_code": currency or warehouse.crm.options.reporting_currency,
                "unit_price": cents(one.unit_price),
                "amount_local": cents(one.amount),
                "amount": warehouse.money.by_plan(one.amount, currency),
            }
        )
    return rows
