"""What became of the value that each quarter created, carried out by brute force.

Belongs here: `cohort_value`. Does not belong here: cohorts followed month by month (cohorts.py).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from tests.reference.funnel import Maturity
from tests.reference.lives import Life
from tests.reference.past import intervals_of
from tests.reference.quantities import Row, add_months, quarter_of, ratio, total
from tests.reference.warehouse import Warehouse

NOTHING = Decimal("0.00")


def cohort_value(warehouse: Warehouse) -> list[Row]:
    crm, maturity = warehouse.crm, Maturity(warehouse)
    cohorts: dict[tuple[str, date], list[Life]] = defaultdict(list)
    for life in warehouse.lives:
        created_on = warehouse.calendar.day(life.row.created_at)
        if created_on is not None:
            cohorts[life.pipeline.name, quarter_of(created_on)].append(life)
    rows = []
    for (pipeline, quarter), members in cohorts.items():
        first = {
            life.row.opportunity_id: intervals_of(life, warehouse)[0]["amount"] for life in members
        }
        priced = [life for life in members if first[life.row.opportunity_id] is not None]
        unpriced = [life for life in members if first[life.row.opportunity_id] is None]
        changes = [(life.amount or NOTHING) - first[life.row.opportunity_id] for life in priced]
        by_outcome = {
            outcome: [life for life in members if life.outcome == outcome]
            for outcome in ("won", "lost", "open")
        }
        created_amount = total(first.values())
        won_amount = total(life.amount for life in by_outcome["won"])
        end = warehouse.calendar.start(add_months(quarter, 3))
        first_stage = warehouse.pipelines[pipeline].open_stages[0]
        rows.append(
            {
                "pipeline_key": warehouse.key(pipeline),
                "cohort_quarter": quarter,
                "opportunity_count": len(members),
                **{f"{outcome}_count": len(lives) for outcome, lives in by_outcome.items()},
                "missing_amount_count": len(unpriced),
                "named_later_count": sum(life.amount is not None for life in unpriced),
                "amount_up_count": sum(change > 0 for change in changes),
                "amount_down_count": sum(change < 0 for change in changes),
                "created_amount": created_amount,
                "named_later_amount": total(life.amount for life in unpriced),
                "amount_up": total(change for change in changes if change > 0),
                "amount_down": total(change for change in changes if change < 0),
                "lost_amount": total(life.amount for life in by_outcome["lost"]),
                "open_amount": total(life.amount for life in by_outcome["open"]),
                "won_amount": won_amount,
                "realised_rate": ratio(won_amount, max(created_amount, NOTHING)),
                "is_mature": maturity.is_mature(end, pipeline, first_stage),
                "as_of_date": crm.as_of,
            }
        )
    return rows
