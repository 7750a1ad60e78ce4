"""The past as tables: every change, every interval, every day.

Belongs here: `fct_opportunity_event`, `fct_opportunity_version`, `pipeline_daily`. Does not belong
here: what an opportunity's entries and paths are (entries.py, effect.py, paths.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.reference.effect import Effect
from tests.reference.lives import Life
from tests.reference.quantities import Row, total
from tests.reference.warehouse import Warehouse

FIELDS = (
    "created", "pipeline", "stage", "amount", "close_date", "owner", "forecast_category",
    "reopened", "merged", "deleted", "undeleted",
)  # fmt: skip


# --- every change


def fct_opportunity_event(warehouse: Warehouse) -> list[Row]:
    """Of all opportunities that ever were: what was deleted or merged is an event itself."""
    rows = []
    for life in warehouse.all_lives.values():
        events = sorted(
            events_of(life, warehouse),
            key=lambda event: (
                event["occurred_at"] is not None,
                event["occurred_at"] or datetime.min,
                FIELDS.index(event["field"]),
            ),
        )
        rows += [
            {"opportunity_key": warehouse.key(life.row.opportunity_id), "event_number": number}
            | event
            for number, event in enumerate(events, start=1)
        ]
    return rows


def event(
    at: datetime | None,
    field: str,
    origin: str,
    old: str | None = None,
    new: str | None = None,
    is_void: bool = False,
    is_migration: bool = False,
) -> dict[str, Any]:
    return {
        "occurred_at": at,
        "field": field,
        "old_value": old,
        "new_value": new,
        "origin": origin,
        "is_void": is_void,
        "is_migration": is_migration,
    }


def events_of(life: Life, warehouse: Warehouse) -> Iterator[dict[str, Any]]:
    """What a field was at first is no change of it; only the first stage is an entry."""
    if life.row.created_at is not None:
        # The record itself says when it was created, whatever else tells of its history.
        yield event(life.row.created_at, "created", "history")
    yield from stage_events(life, warehouse)
    for field, path, text in (
        ("amount", life.amounts, lambda amount: None if amount is None else f"{amount:.2f}"),
        ("close_date", life.close_dates, lambda day: None if day is None else day.isoformat()),
        ("owner", life.owners, warehouse.key),
        ("forecast_category", life.forecasts, lambda category: category),
    ):
        for old, change in path.steps():
            yield event(change.at, field, change.origin, text(old), text(change.value))
    yield from deletion_events(life, warehouse)


def stage_events(life: Life, warehouse: Warehouse) -> Iterator[dict[str, Any]]:
    """Closes of a void run are void; the entry that reversed them is not."""
    effect: Effect = life.effect
    before = None
    for entry in life.entries:
        if before is not None and before.pipeline != entry.pipeline:
            pipelines = warehouse.key(before.pipeline), warehouse.key(entry.pipeline)
            yield event(entry.at, "pipeline", entry.origin, *pipelines)
        yield event(
            entry.at,
            "stage",
            entry.origin,
            None if before is None else warehouse.stage_key(*before.place),
            warehouse.stage_key(*entry.place),
            is_void=entry.number in effect.void,
            is_migration=entry.number in effect.migrated,
        )
        before = entry
    for entry in effect.reopenings:
        yield event(entry.at, "reopened", entry.origin)


def deletion_events(life: Life, warehouse: Warehouse) -> Iterator[dict[str, Any]]:
    """A merged record is deleted, too, but no event says so beside the merger."""
    was_deleted, survivor = False, None
    for version in life.history.versions:
        its_survivor = version.row.merged_into_id
        if its_survivor is not None and its_survivor != survivor:
            old = None if survivor is None else warehouse.key(survivor)
            yield event(version.at, "merged", "nights", old, warehouse.key(its_survivor))
        elif version.is_deleted != was_deleted:
            yield event(version.at, "deleted" if version.is_deleted else "undeleted", "nights")
        was_deleted, survivor = version.is_deleted, its_survivor


# --- every interval


def fct_opportunity_version(warehouse: Warehouse) -> list[Row]:
    """From the entries that count: a void close left no mark, a bulk move was always so."""
    rows = []
    for life in warehouse.all_lives.values():
        intervals = intervals_of(life, warehouse)
        rows += [
            {"opportunity_key": warehouse.key(life.row.opportunity_id), "version_number": number}
            | interval
            for number, interval in enumerate(intervals, start=1)
        ]
    return rows


def beginning_of(life: Life) -> datetime:
    """The first entry; without an instant, where history begins, if no entry lies before that."""
    first, *later = life.effect.entries
    if first.at is not None:
        return first.at
    dated = [entry.at for entry in later if entry.at is not None]
    return min([life.observed_from_at, *dated])


def intervals_of(life: Life, warehouse: Warehouse) -> list[Row]:
    begins = beginning_of(life)
    paths = (life.owners, life.amounts, life.close_dates, life.forecasts)
    instants = {
        begins,
        *(entry.at for entry in life.effect.entries if entry.at is not None),
        *(change.at for path in paths for change in path.changes),
        *(version.at for version in life.history.versions),
    }
    bounds = sorted(at for at in instants if at >= begins)
    found: list[Row] = []
    for at, until in zip(bounds, [*bounds[1:], None], strict=True):
        if life.history.is_deleted_at(at):
            continue
        state = state_at(at, life, warehouse)
        before = found[-1] if found else None
        if before and before["valid_to"] == at and state.items() <= before.items():
            before["valid_to"] = until
        else:
            found.append({"valid_from": at, "valid_to": until} | state)
    return found


def state_at(at: datetime, life: Life, warehouse: Warehouse) -> Row:
    """An amount that no rate converts is still another amount when it changes."""
    entry = [one for one in life.effect.entries if one.at is None or one.at <= at][-1]
    amount, currency = life.amounts.at(at), life.row.currency
    return {
        "pipeline_key": warehouse.key(entry.pipeline),
        "stage_key": warehouse.stage_key(*entry.place),
        "owner_key": warehouse.key(life.owners.at(at)),
        "amount_local": amount,
        "currency_code": currency or warehouse.crm.options.reporting_currency,
        "amount": warehouse.money.by_plan(amount, currency),
        "close_date": life.close_dates.at(at),
        "forecast_category": life.forecasts.at(at),
        "is_open": entry.is_open,
    }


# --- every day


def pipeline_daily(warehouse: Warehouse) -> list[Row]:
    """Each day anew from every interval, as it stood when the day was over."""
    versions = [row for row in fct_opportunity_version(warehouse) if row["is_open"]]
    if not versions:
        return []
    rows = []
    day = warehouse.calendar.day(min(row["valid_from"] for row in versions))
    while day <= warehouse.crm.as_of:
        over = warehouse.calendar.start(day + timedelta(days=1))
        cells: dict[tuple, list[Row]] = {}
        for row in versions:
            if row["valid_from"] < over and (row["valid_to"] is None or row["valid_to"] >= over):
                cell = (row["pipeline_key"], row["stage_key"], row["owner_key"])
                cells.setdefault(cell, []).append(row)
        for (pipeline_key, stage_key, owner_key), members in cells.items():
            late = [row for row in members if row["close_date"] and row["close_date"] < day]
            rows.append(
                {
                    "date_day": day,
                    "pipeline_key": pipeline_key,
                    "stage_key": stage_key,
                    "owner_key": owner_key,
                    "open_count": len(members),
                    "open_amount": total(row["amount"] for row in members),
                    "past_due_amount": total(row["amount"] for row in late),
                    "past_due_count": len(late),
                }
            )
        day += timedelta(days=1)
    return rows
