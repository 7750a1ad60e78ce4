"""The rows that facts, bridges and dimensions should hold, under the marts' columns.

Belongs here: from lives to rows of today. Does not belong here: past days (past.py), rates and
cohorts (funnel.py, win_rates.py, cohorts.py).
"""

from __future__ import annotations

from decimal import Decimal

from tests.reference.accounts import rows_of_accounts, versions_of_accounts
from tests.reference.landed import Activity, Lead
from tests.reference.mergers import mergers_of
from tests.reference.quantities import Row, days_between
from tests.reference.reps import versions_of_reps
from tests.reference.versions import by_record, standing, today_of
from tests.reference.warehouse import Warehouse


def fct_stage_visit(warehouse: Warehouse) -> list[Row]:
    rows = []
    for life in warehouse.lives:
        for number, stay in enumerate(life.stays(), start=1):
            entry, after = stay.entry, stay.after
            end = warehouse.crm.as_of_at if after is None else after.at
            rows.append(
                {
                    "opportunity_key": warehouse.key(life.row.opportunity_id),
                    "visit_number": number,
                    "pipeline_key": warehouse.key(entry.pipeline),
                    "stage_key": warehouse.stage_key(*entry.place),
                    "stage_rank": entry.rank,
                    "owner_key": warehouse.key(stay.owner_id),
                    "attempt_number": stay.attempt_number,
                    "entered_at": entry.at,
                    "exited_at": after.at if after else None,
                    "exit_kind": stay.exit_kind,
                    "days_in_stage": days_between(entry.at, end),
                    "is_censored": after is None,
                }
            )
    return rows


def fct_stage_reached(warehouse: Warehouse) -> list[Row]:
    return [
        {
            "opportunity_key": warehouse.key(life.row.opportunity_id),
            "pipeline_key": warehouse.key(one.pipeline.name),
            "stage_key": warehouse.stage_key(one.pipeline.name, one.stage),
            "stage_rank": one.rank,
            "reached_at": one.at,
            "reached_amount": one.amount,
            "owner_key": warehouse.key(one.owner_id),
            "is_imputed": one.is_imputed,
            "is_ordered": one.is_ordered,
        }
        for life in warehouse.lives
        for one in life.reached
    ]


def fct_opportunity(warehouse: Warehouse) -> list[Row]:
    rows = []
    for life in warehouse.lives:
        row, last = life.row, life.last
        exits = [stay.exit_kind for stay in life.stays()]
        rows.append(
            {
                "opportunity_key": warehouse.key(row.opportunity_id),
                "account_key": warehouse.key(warehouse.surviving_account_id(row.account_id)),
                "campaign_key": warehouse.key(row.campaign_id),
                "pipeline_key": warehouse.key(life.pipeline.name),
                "outcome": life.outcome,
                "is_closed": life.is_closed,
                "is_won": life.outcome == "won",
                "current_stage_key": warehouse.stage_key(*last.place),
                "owner_key": warehouse.key(row.owner_id),
                "owner_at_creation_key": warehouse.key(life.owner_at_creation),
                "owner_at_close_key": (
                    warehouse.key(life.owner_at_close) if life.is_closed else None
                ),
                "amount": life.amount,
                "amount_dated": warehouse.money.dated(row.amount, row.currency, row.close_date),
                "initial_amount": life.initial_amount,
                "push_count": life.push_count,
                "closed_at": life.closed_at,
                "qualified_at": life.qualified_at,
                "furthest_stage_rank": life.passage.furthest_rank,
                "visit_count": len(exits),
                "regression_count": exits.count("regressed"),
                "skipped_stage_count": life.skipped_stage_count,
                "attempt_count": 1 + len(life.effect.reopenings),
                "reopen_count": len(life.effect.reopenings),
                "sales_cycle_days": life.cycle_days("won"),
                "loss_cycle_days": life.cycle_days("lost"),
                "is_late_created": life.is_late_created,
                "is_created_won": life.is_created_won,
                "is_history_synthesised": any(
                    entry.origin == "synthesised" for entry in life.entries
                ),
                "observed_from_at": life.observed_from_at,
                "is_left_truncated": life.is_left_truncated,
            }
        )
    return rows


def fct_opportunity_credit(warehouse: Warehouse) -> list[Row]:
    """The creation to one rep; the close, of a closed one, to those who share it."""
    rows = []
    for life in warehouse.lives:
        credited = {"created": [(warehouse.key(life.owner_at_creation), Decimal(1))]}
        if life.is_closed:
            splits = warehouse.splits[life.row.opportunity_id]
            credited["closed"] = [(warehouse.key(one.user_id), one.share) for one in splits] or [
                (warehouse.key(life.owner_at_close), Decimal(1))
            ]
        for credit, shares in credited.items():
            for rep_key, share, amount in warehouse.money.shared_out(life.amount, shares):
                rows.append(
                    {
                        "opportunity_key": warehouse.key(life.row.opportunity_id),
                        "credit_kind": credit,
                        "rep_key": rep_key,
                        "share": float(share),
                        "amount": amount,
                    }
                )
    return rows


def bridge_merge(warehouse: Warehouse) -> list[Row]:
    """Only of opportunities is it known which night showed a merger first."""
    return [
        {
            "object_name": name,
            "source_system": warehouse.crm.source,
            "merged_key": warehouse.key(one.merged_id),
            "survivor_key": warehouse.key(one.survivor_id),
            "final_survivor_key": warehouse.key(one.final_survivor_id),
            "merged_date": one.merged_date if name == "opportunity" else None,
        }
        for name, landed in (
            ("opportunity", warehouse.opportunities),
            ("account", warehouse.accounts),
        )
        for one in mergers_of(landed)
    ]


def dim_rep(warehouse: Warehouse) -> list[Row]:
    """Besides users, whoever ever owned an opportunity, has a share of one, or owns what else."""
    named = {split.user_id for its in warehouse.all_splits.values() for split in its}
    for life in warehouse.all_lives.values():
        owners = {life.owners.first, *(change.value for change in life.owners.changes)}
        named |= {owner_id for owner_id in owners if owner_id is not None}
    others = leads_and_activities(warehouse)
    named |= {one.owner_id for one in others if one.owner_id is not None}
    return versions_of_reps(warehouse.crm, named, warehouse.key)


def dim_account(warehouse: Warehouse) -> list[Row]:
    return rows_of_accounts(warehouse.accounts, named_accounts(warehouse), warehouse.key)


def dim_account_version(warehouse: Warehouse) -> list[Row]:
    return versions_of_accounts(
        warehouse.crm, warehouse.accounts, named_accounts(warehouse), warehouse.key
    )


def named_accounts(warehouse: Warehouse) -> set[str | None]:
    """By the opportunities of today, deleted ones too, by leads and by activities."""
    opportunities = {today_of(landed).account_id for landed in warehouse.opportunities.values()}
    return opportunities | {one.account_id for one in leads_and_activities(warehouse)}


def leads_and_activities(warehouse: Warehouse) -> list[Lead | Activity]:
    """The leads of today, deleted ones too, and the activities that are there."""
    leads = by_record(warehouse.crm.landed(Lead), lambda row: row.lead_id).values()
    activities = standing(warehouse.crm, Activity, lambda row: row.activity_id)
    return [*(today_of(rows) for rows in leads), *activities]
