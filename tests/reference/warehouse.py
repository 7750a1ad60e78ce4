"""One source, from all that landed to the lives of its opportunities.

Belongs here: which rows belong together, and what of them holds today. Does not belong here: rows
of marts (facts.py, past.py, funnel.py, win_rates.py, cohorts.py).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from tests.reference.accounts import segment_of
from tests.reference.effect import effect_of, migrations
from tests.reference.entries import (
    Clerk,
    Entry,
    entries_of,
    in_order,
    is_observed_from_start,
    noted_records,
)
from tests.reference.fiscal import fiscal_days
from tests.reference.landed import (
    Account,
    Crm,
    FieldChange,
    Landed,
    Opportunity,
    Rate,
    Record,
    Split,
)
from tests.reference.lives import Life
from tests.reference.mergers import mergers_of
from tests.reference.money import Money
from tests.reference.paths import amount_path, close_date_path, forecast_path, owner_path
from tests.reference.quantities import Calendar, second_of
from tests.reference.rates import Listed, RateList, World
from tests.reference.stages import Pipeline, StageMap, pipelines_of
from tests.reference.versions import (
    History,
    by_record,
    content_of_opportunity,
    history_of,
    is_gone,
    today_of,
)


def rate_list_of(crm: Crm) -> RateList:
    """Each rate in its newest version; those that a whole list lacks are gone."""
    whole = crm.whole_nights(Rate)
    landed = by_record(crm.landed(Rate), lambda row: (row.currency, row.valid_from))
    standing = [
        today_of(rows)
        for rows in landed.values()
        if not whole or max(one.night for one in rows) >= whole[-1]
    ]
    lines = tuple(Listed(one.currency, one.valid_from, float(one.rate)) for one in standing)
    return RateList(crm.source, crm.options.reporting_currency, lines)


@dataclass(frozen=True)
class Warehouse:
    """One source, from what it landed to facts; of `others` only exchange rates matter."""

    crm: Crm
    others: tuple[Crm, ...] = ()

    def key(self, native_id: str | None) -> str:
        return f"{self.crm.source}:{native_id or 'unknown'}"

    def stage_key(self, pipeline: str, stage: str) -> str:
        return f"{self.crm.source}:{pipeline}:{stage}"

    @cached_property
    def calendar(self) -> Calendar:
        return self.crm.calendar

    @cached_property
    def stage_map(self) -> StageMap:
        return StageMap(self.crm.stage_map)

    @cached_property
    def pipelines(self) -> dict[str, Pipeline]:
        stages = self.stage_map.remaining(self.crm.stages)
        return pipelines_of(stages, self.crm.options.qualified_rank)

    @cached_property
    def money(self) -> Money:
        options = self.crm.options
        lists = [rate_list_of(crm) for crm in (self.crm, *self.others)]
        native = RateList("salesforce", options.reporting_currency)
        world = World(
            reporting=options.reporting_currency,
            written=tuple(one for one in lists if one.source != native.source),
            crm=next((one for one in lists if one.source == native.source), native),
        )
        fiscal = fiscal_days(options.fiscal_calendar, self.crm.as_of.year - 2, self.crm.as_of.year)
        return Money(world, self.crm.source, fiscal[self.crm.as_of].year_start)

    @cached_property
    def clerk(self) -> Clerk:
        return Clerk(self.pipelines, self.stage_map, self.money, self.calendar)

    # --- what landed, by record

    @cached_property
    def opportunities(self) -> dict[str, list[Landed]]:
        return by_record(self.crm.landed(Opportunity), lambda row: row.opportunity_id)

    @cached_property
    def accounts(self) -> dict[str, list[Landed]]:
        return by_record(self.crm.landed(Account), lambda row: row.account_id)

    @cached_property
    def histories(self) -> dict[str, History]:
        whole_nights = self.crm.whole_nights(Opportunity)
        content = content_of_opportunity(self.crm.options.reporting_currency)
        return {
            opportunity_id: history_of(landed, content, self.calendar, whole_nights, is_gone)
            for opportunity_id, landed in self.opportunities.items()
        }

    @cached_property
    def stage_history(self) -> dict[str, list[Record]]:
        """Each record in its newest version."""

        def identity(row: Record) -> tuple:
            content = (row.opportunity_id, row.pipeline, row.stage, row.at, row.sequence)
            return (row.record_id,) if self.crm.identifies_records else content

        newest = map(today_of, by_record(self.crm.landed(Record), identity).values())
        return self._by_opportunity(newest)

    @cached_property
    def records(self) -> dict[str, list[Record]]:
        """Stage history; where there is none, what field history tells of stages."""
        return {
            opportunity_id: (
                its
                if any(record.at is not None for record in its)
                else noted_records(
                    self.histories[opportunity_id], self.field_changes[opportunity_id]
                )
            )
            for opportunity_id, its in self.stage_history.items()
            if opportunity_id in self.histories
        }

    @cached_property
    def field_changes(self) -> dict[str, list[FieldChange]]:
        """Field history, each change in its newest version."""

        def identity(row: FieldChange) -> tuple:
            content = (row.opportunity_id, row.field, row.at, row.sequence)
            return (row.change_id,) if self.crm.identifies_records else content

        newest = map(today_of, by_record(self.crm.landed(FieldChange), identity).values())
        return self._by_opportunity(newest)

    @cached_property
    def all_splits(self) -> dict[str, list[Split]]:
        """Those of today: a full extract of usual size takes away what it lacks."""
        whole = self.crm.whole_nights(Split)
        landed = by_record(
            self.crm.landed(Split), lambda row: (row.opportunity_id, row.user_id, row.split_type)
        )
        standing = [
            today_of(rows)
            for rows in landed.values()
            if not whole or max(one.night for one in rows) >= whole[-1]
        ]
        return self._by_opportunity(split for split in standing if not split.is_deleted)

    @cached_property
    def splits(self) -> dict[str, list[Split]]:
        """Those that divide the close: of each opportunity the type that comes first."""
        found = {}
        for opportunity_id, its in self.all_splits.items():
            types = {split.split_type or "" for split in its}
            first = next((one for one in self.split_types if one in types), None)
            found[opportunity_id] = [one for one in its if (one.split_type or "") == first]
        return found

    @cached_property
    def split_types(self) -> list[str]:
        """In the order in which they divide a close.

        First the one that shares out the whole of the most opportunities with their owner of today
        among those who share, then the one that shares out the fewest in part, then by id.
        """
        with_owner, partial = Counter[str](), Counter[str]()
        types = set()
        for opportunity_id, landed in self.opportunities.items():
            owner_id = today_of(landed).owner_id
            its: dict[str, dict[str, Decimal]] = defaultdict(dict)
            for split in self.all_splits[opportunity_id]:
                its[split.split_type or ""][split.user_id] = split.share
            for split_type, shares in its.items():
                types.add(split_type)
                is_whole = sum(shares.values()) == 1
                with_owner[split_type] += is_whole and (owner_id or "unknown") in shares
                partial[split_type] += not is_whole
        return sorted(types, key=lambda one: (-with_owner[one], partial[one], one))

    def _by_opportunity(self, rows: Iterable) -> dict[str, list]:
        found: dict[str, list] = {opportunity_id: [] for opportunity_id in self.opportunities}
        for row in rows:
            found.setdefault(row.opportunity_id, []).append(row)
        return found

    # --- lives

    @cached_property
    def entries(self) -> dict[str, list[Entry]]:
        return {
            opportunity_id: entries_of(history, self.records[opportunity_id], self.clerk)
            for opportunity_id, history in self.histories.items()
        }

    @cached_property
    def all_lives(self) -> dict[str, Life]:
        """Of all opportunities that ever were, deleted ones too."""
        migrated = migrations(self.entries, self.histories, self.crm.options)
        return {
            opportunity_id: self._life(
                opportunity_id, {number for its, number in migrated if its == opportunity_id}
            )
            for opportunity_id in self.opportunities
        }

    @cached_property
    def lives(self) -> list[Life]:
        """Of those that facts and funnels hold."""
        return [life for life in self.all_lives.values() if not life.history.is_deleted]

    def _life(self, opportunity_id: str, migrated: set[int]) -> Life:
        history, entries = self.histories[opportunity_id], self.entries[opportunity_id]
        records = self.records[opportunity_id]
        changes = self.field_changes[opportunity_id]
        row: Opportunity = history.today
        account = self.account(row.account_id)
        return Life(
            history=history,
            entries=tuple(entries),
            effect=effect_of(entries, migrated, self.crm.options.reopen_grace_days),
            pipelines=self.pipelines,
            owners=owner_path(history, changes),
            amounts=amount_path(history, records, changes, self.clerk),
            close_dates=close_date_path(history, records, changes, self.clerk),
            forecasts=forecast_path(history, records, changes, self.clerk),
            carries_close_dates=any(
                record.close_date is not None for record in records if record.at is not None
            ),
            amount=self.money.by_plan(row.amount, row.currency),
            money=self.money,
            observed_from_at=self._observed_from_at(history, records),
            slices=(
                ("all", "all"),
                ("lead_source", row.lead_source or "unknown"),
                ("segment", segment_of(account)),
                ("opportunity_type", row.opportunity_type or "unknown"),
                ("account_industry", (account and account.industry) or "unknown"),
            ),
        )

    def _observed_from_at(self, history: History, records: list[Record]) -> datetime:
        """The creation where history reaches back to it.

        Where there is stage history, that is what has to reach back, also if nights show more.
        """
        created_at = history.today.created_at
        told = in_order((record for record in records if record.at is not None), self.clerk)
        if told:
            begins = told[0].at
            reaches = created_at is not None and second_of(begins) <= second_of(created_at)
            return created_at if reaches else begins
        if is_observed_from_start(history, self.calendar):
            return created_at
        return self.calendar.start(history.first_night)

    def account(self, account_id: str | None) -> Account | None:
        """The account that survived of all that this one was merged into."""
        rows = self.accounts.get(self.surviving_account_id(account_id) or "")
        return today_of(rows) if rows else None

    @cached_property
    def surviving_accounts(self) -> dict[str, str]:
        return {one.merged_id: one.final_survivor_id for one in mergers_of(self.accounts)}

    def surviving_account_id(self, account_id: str | None) -> str | None:
        return self.surviving_accounts.get(account_id or "", account_id)
