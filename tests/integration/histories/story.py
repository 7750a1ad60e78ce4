"""What happens to one opportunity, and what its CRM keeps of that.

Belongs here: its states, when the CRM shows it, its histories. Does not belong here: nights
(telling.py).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.integration.histories.company import (
    ACCOUNTS,
    ADMIN,
    ALONE,
    DAY,
    FIRST_NIGHT,
    REPS,
    Company,
    Shares,
    Step,
)
from tests.integration.histories.drawing import AMOUNTS
from tests.reference.landed import FieldChange, Opportunity, Record
from tests.reference.stages import pipelines_of


class Story:
    """One opportunity: its states, when the CRM shows it, and what history keeps of it."""

    def __init__(self, company: Company, number: int) -> None:
        self.company, self.plan, self.habits = company, company.plans[number], company.habits
        self.number, self.opportunity_id = number, f"o{number:02}"
        self.pipelines = pipelines_of(company.stages)
        self.states: list[tuple[datetime, Opportunity]] = []
        self.shown: list[tuple[datetime, bool]] = []
        self.records: list[Record] = []
        self.changes: list[FieldChange] = []
        self.born = datetime.combine(FIRST_NIGHT, time()) + self.plan.born
        if self.is_moved_in_bulk:
            self.born = min(self.born, company.bulk.at - 3 * DAY)
        self._live()

    @property
    def is_moved_in_bulk(self) -> bool:
        return self.number < self.company.bulk.size

    @property
    def row(self) -> Opportunity:
        """As it stands, shown or not."""
        return self.states[-1][1]

    # --- its life

    def _live(self) -> None:
        at, bulk = self.born, self.company.bulk
        self._become(at, self._first_row())
        if self.is_moved_in_bulk:
            at = bulk.at + self.number * timedelta(seconds=7)
            stages = self.pipelines[self.row.pipeline].open_stages
            moved = replace(self.row, stage=stages[-1 if bulk.to_last else 1])
            self._become(at, moved, actor_id=ADMIN)
        end = self.company.over(self.company.nights[-1].day)
        for number, step in enumerate(self.plan.steps):
            at += step.gap
            if at >= end:
                break
            name = step.deed.replace(" ", "_")
            deed: Callable[[datetime, Step], None] = getattr(self, f"_{name}")
            deed(at, replace(step, choice=step.choice + number))

    def _first_row(self) -> Opportunity:
        plan, names = self.plan, list(self.pipelines)
        pipeline = names[0 if self.is_moved_in_bulk else self.number % len(names)]
        creations = {"at the first": self.born, "before": self.born - 2 * DAY}
        alone = f"only{self.opportunity_id}"
        always_told = self.born if self.habits.is_salesforce else None
        return Opportunity(
            opportunity_id=self.opportunity_id,
            pipeline=pipeline,
            stage=self._stage(pipeline, "first" if self.is_moved_in_bulk else plan.start),
            created_at=creations.get(plan.creation, always_told),
            close_date=(self.born + 25 * DAY).date(),
            amount=plan.amount,
            currency=plan.currency,
            owner_id=plan.owner_id or ("Ana" if self.habits.is_salesforce else None),
            lead_source="Web",
            opportunity_type=plan.opportunity_type,
            account_id=alone if plan.account_id == ALONE else plan.account_id,
            forecast_category="Pipeline",
            campaign_id=("k1", "k7", None)[self.number % 3],
        )

    def _stage(self, pipeline: str, place: str, choice: int = 0) -> str:
        """The first, second or last open one, or one of those that end as won or lost."""
        its = self.pipelines[pipeline]
        if place in ("won", "lost"):
            ends = [name for name, kind in its.kinds.items() if kind == place]
            return ends[choice % len(ends)]
        return its.open_stages[{"first": 0, "second": 1, "last": -1}[place]]

    # --- deeds

    def _next(self, at: datetime, step: Step) -> None:
        self._move(at, step, by=1)

    def _jump(self, at: datetime, step: Step) -> None:
        self._move(at, step, by=2)

    def _back(self, at: datetime, step: Step) -> None:
        self._move(at, step, by=-1)

    def _move(self, at: datetime, step: Step, by: int) -> None:
        its = self.pipelines[self.row.pipeline]
        rank = its.rank(self.row.stage)
        if rank is not None:
            target = min(max(rank + by, 1), len(its.open_stages))
            moved = replace(self.row, stage=its.open_stages[target - 1])
            self._become(at, moved, actor_id=actor_of(step))

    def _win(self, at: datetime, step: Step) -> None:
        self._close(at, step, "won")

    def _lose(self, at: datetime, step: Step) -> None:
        self._close(at, step, "lost")

    def _close(self, at: datetime, step: Step, kind: str) -> None:
        """As its plan states the close; Salesforce knows days only."""
        row = replace(self.row, stage=self._stage(self.row.pipeline, kind, step.choice))
        days = {"by day": 0, "too early": -20, "too late": 20}.get(self.plan.closing)
        if days is not None:
            row = replace(row, close_date=(at + days * DAY).date(), closed_at=None)
        elif self.plan.closing == "instant" and not self.habits.is_salesforce:
            row = replace(row, closed_at=at)
        self._become(at, row, actor_id=actor_of(step))

    def _reopen(self, at: datetime, step: Step) -> None:
        its = self.pipelines[self.row.pipeline]
        if its.rank(self.row.stage) is None:
            stage = its.open_stages[step.choice % len(its.open_stages)]
            self._become(at, replace(self.row, stage=stage, closed_at=None), actor_of(step))

    def _hand_over(self, at: datetime, step: Step) -> None:
        names = list(self.pipelines)
        pipeline = names[(names.index(self.row.pipeline) + 1) % len(names)]
        moved = replace(self.row, pipeline=pipeline, stage=self._stage(pipeline, "first"))
        self._become(at, moved, actor_id=actor_of(step))

    def _reprice(self, at: datetime, step: Step) -> None:
        self._become(at, replace(self.row, amount=AMOUNTS[step.choice % len(AMOUNTS)]))

    def _recurrency(self, at: datetime, step: Step) -> None:
        self._become(at, replace(self.row, currency=("USD", "EUR", None)[step.choice % 3]))

    def _postpone(self, at: datetime, step: Step) -> None:
        assert self.row.close_date is not None
        close_date = self.row.close_date + (step.choice % 6 - 1) * 4 * DAY
        self._become(at, replace(self.row, close_date=close_date))

    def _assign(self, at: datetime, step: Step) -> None:
        self._become(at, replace(self.row, owner_id=REPS[step.choice % len(REPS)]))

    def _categorise(self, at: datetime, step: Step) -> None:
        category = ("Commit", "Pipeline", "Best case")[step.choice % 3]
        self._become(at, replace(self.row, forecast_category=category))

    def _touch(self, at: datetime, step: Step) -> None:
        self._become(at, replace(self.row, lead_source=("Web", "Fair")[step.choice % 2]))

    def _sell_to_another(self, at: datetime, step: Step) -> None:
        others = (*ACCOUNTS[:2], "unlisted", None)
        self._become(at, replace(self.row, account_id=others[step.choice % len(others)]))

    def _change_silently(self, at: datetime, step: Step) -> None:
        """Past the stamp, which may be lost by it, and past every history."""
        amount = AMOUNTS[step.choice % len(AMOUNTS)]
        row = replace(self.row, amount=amount, lead_source="Silent")
        is_stamp_lost = step.choice // len(AMOUNTS) % 2 == 1
        self.states.append((at, replace(row, modified_at=None) if is_stamp_lost else row))

    def _delete(self, at: datetime, _step: Step) -> None:
        self._become(at, replace(self.row, is_deleted=True))

    def _undelete(self, at: datetime, _step: Step) -> None:
        self._become(at, replace(self.row, is_deleted=False))

    def _vanish(self, at: datetime, _step: Step) -> None:
        self.shown.append((at, False))

    def _return(self, at: datetime, _step: Step) -> None:
        self.shown.append((at, True))

    def _merge(self, at: datetime, step: Step) -> None:
        """Only into later ones: a ring of mergers is no CRM's."""
        later = self.number + 1 + step.choice
        if later < len(self.company.plans) and not self.habits.is_salesforce:
            self._become(at, replace(self.row, merged_into_id=f"o{later:02}"))

    # --- what its CRM keeps

    def _become(self, at: datetime, row: Opportunity, actor_id: str | None = None) -> None:
        """Take a new state, and keep what history keeps."""
        before = self.row if self.states else None
        if self.habits.has_stamps:
            row = replace(row, modified_at=at)
        self.states.append((at, row))
        if before is None or (row.pipeline, row.stage) != (before.pipeline, before.stage):
            self._record(at, row, actor_id)
        if before is not None:
            for field in ("pipeline", "stage", "owner_id", "amount", "close_date"):
                old, new = getattr(before, field), getattr(row, field)
                if old != new:
                    self._note(at, field, old, new, actor_id)

    def _record(self, at: datetime, row: Opportunity, actor_id: str | None) -> None:
        number = len(self.records)
        self.records.append(
            Record(
                # In an order that says nothing about time.
                record_id=f"{zlib.crc32(f'{self.opportunity_id}.{number}'.encode()):08x}",
                opportunity_id=self.opportunity_id,
                pipeline=row.pipeline,
                stage=row.stage,
                at=at,
                sequence=number if self.plan.is_sequenced else None,
                amount=row.amount,
                close_date=row.close_date,
                forecast_category=None,
                actor_id=actor_id if self.habits.names_actors else None,
                is_migration=self.plan.is_imported and number % 3 == 1,
            )
        )

    def _note(self, at: datetime, field: str, old: Any, new: Any, actor_id: str | None) -> None:
        number = len(self.changes)
        self.changes.append(
            FieldChange(
                change_id=f"{self.opportunity_id}{number:03}",
                opportunity_id=self.opportunity_id,
                field=field,
                old_value=None if old is None else str(old),
                new_value=None if new is None else str(new),
                at=at,
                sequence=number,
                actor_id=actor_id if self.habits.names_actors else None,
            )
        )

    # --- what its CRM tells

    def told_records(self) -> list[Record]:
        """A bulk move is told, or nobody could know it for one."""
        told = "all" if self.is_moved_in_bulk else self.plan.told
        return {
            "nothing": [],
            "not the first": self.records[1:],
            "not the last": self.records[:-1],
        }.get(told, self.records)

    def told_changes(self) -> list[FieldChange]:
        told = "all" if self.is_moved_in_bulk else self.plan.told
        its = {"nothing": [], "not the last": self.changes[:-1]}
        return its.get(told, self.changes)

    def at_the_end_of(self, night: date) -> Opportunity | None:
        """As the CRM shows it, if it does."""
        over = self.company.over(night)
        states = [row for at, row in self.states if at < over]
        is_shown = [its for at, its in self.shown if at < over]
        return states[-1] if states and (not is_shown or is_shown[-1]) else None

    def shares(self, night: date) -> Shares:
        over = self.company.over(night)
        if over <= self.born:
            return ()
        is_later = self.born + self.plan.shares_last < over
        return self.plan.later_shares if is_later else self.plan.shares

    def overlay(self, night: date) -> Shares:
        return () if self.company.over(night) <= self.born else self.plan.overlay


def actor_of(step: Step) -> str:
    return REPS[step.choice % len(REPS)]
