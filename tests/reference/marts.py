"""The reference by the names of the marts.

Belongs here: which mart has which definition, over any number of sources. Does not belong here:
the definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.reference.bottlenecks import funnel_bottleneck
from tests.reference.campaigns import campaign_influence, dim_campaign
from tests.reference.cohorts import cohort_win_triangle
from tests.reference.curves import cohort_cumulative_incidence
from tests.reference.customers import cohort_customer
from tests.reference.exits import funnel_stage_exit, funnel_transition
from tests.reference.facts import (
    bridge_merge,
    dim_account,
    dim_account_version,
    dim_rep,
    fct_opportunity,
    fct_opportunity_credit,
    fct_stage_reached,
    fct_stage_visit,
)
from tests.reference.funnel import funnel_stage_conversion
from tests.reference.landed import Crm
from tests.reference.lead_funnel import funnel_lead_to_win
from tests.reference.leads import bridge_activity, fct_activity, fct_lead
from tests.reference.lines import fct_opportunity_line
from tests.reference.past import fct_opportunity_event, fct_opportunity_version, pipeline_daily
from tests.reference.quantities import Row
from tests.reference.ramp import rep_ramp
from tests.reference.value import cohort_value
from tests.reference.warehouse import Warehouse
from tests.reference.win_rates import win_rate

# Facts first: a wrong fact explains the wrong aggregates above it.
MARTS: dict[str, Callable[[Warehouse], list[Row]]] = {
    "dim_rep": dim_rep,
    "dim_account": dim_account,
    "dim_account_version": dim_account_version,
    "bridge_merge": bridge_merge,
    "fct_opportunity_event": fct_opportunity_event,
    "fct_opportunity": fct_opportunity,
    "fct_stage_visit": fct_stage_visit,
    "fct_stage_reached": fct_stage_reached,
    "fct_opportunity_credit": fct_opportunity_credit,
    "fct_opportunity_version": fct_opportunity_version,
    "pipeline_daily": pipeline_daily,
    "dim_campaign": dim_campaign,
    "fct_activity": fct_activity,
    "bridge_activity": bridge_activity,
    "fct_lead": fct_lead,
    "fct_opportunity_line": fct_opportunity_line,
    "funnel_stage_conversion": funnel_stage_conversion,
    "funnel_stage_exit": funnel_stage_exit,
    "funnel_transition": funnel_transition,
    "funnel_bottleneck": funnel_bottleneck,
    "win_rate": win_rate,
    "cohort_win_triangle": cohort_win_triangle,
    "cohort_cumulative_incidence": cohort_cumulative_incidence,
    "cohort_value": cohort_value,
    "cohort_customer": cohort_customer,
    "rep_ramp": rep_ramp,
    "campaign_influence": campaign_influence,
}
# Rows of these count all sources together.
POOLED: dict[str, Callable[[list[Warehouse]], list[Row]]] = {
    "funnel_lead_to_win": funnel_lead_to_win,
}


def reference_of(crms: Iterable[Crm]) -> dict[str, list[Row]]:
    """Every mart of a warehouse with these sources, which borrow rates from each other, no more."""
    crms = list(crms)
    warehouses = [Warehouse(crm, tuple(one for one in crms if one is not crm)) for crm in crms]
    by_source = {
        name: [row for warehouse in warehouses for row in rows_of(warehouse)]
        for name, rows_of in MARTS.items()
    }
    return by_source | {name: rows_of(warehouses) for name, rows_of in POOLED.items()}
