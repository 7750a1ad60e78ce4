"""What the funnel should say: the definitions of funnel and cohorts, carried out by brute force.

Belongs here: from the records of one CRM to the rows of `fct_stage_visit`, `fct_stage_reached`,
`fct_opportunity` (its milestones), `funnel_stage_conversion`, `win_rate` and
`cohort_win_triangle`, under the names of their columns. Does not belong here: SQL, files, and any
cleverness: every count is a loop over everything that could be counted.
"""

from __future__ import annotations

import calendar
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist
from typing import Any

REPORTING_CURRENCY = "USD"
DEFAULT_QUALIFIED_RANK = 2
TRIANGLE_MONTHS = 24

Row = dict[str, Any]


# --- what a CRM holds ------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """A stage as the CRM lists it; open stages of a pipeline stand in the order of `place`."""

    pipeline: str
    name: str
    kind: str
    place: int = 0
    is_qualifying: bool = False


@dataclass(frozen=True)
class Record:
    """A row of stage history: the state after a change. Without `at` it is no event."""

    record_id: str
    opportunity_id: str
    pipeline: str
    stage: str
    at: datetime | None
    sequence: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Opportunity:
    """An opportunity as it is now. `is_deleted` also when it was merged or is no longer sent."""

    opportunity_id: str
    pipeline: str
    stage: str
    created_at: datetime | None = None
    closed_at: datetime | None = None
    close_date: date | None = None
    modified_at: datetime | None = None
    amount: Decimal | None = None
    currency: str | None = None
    owner_id: str | None = None
    lead_source: str | None = None
    opportunity_type: str | None = None
    account_id: str | None = None
    is_deleted: bool = False


@dataclass(frozen=True)
class Account:
    """An account, as far as slices look at it."""

    account_id: str
    segment: str | None = None
    industry: str | None = None
    employee_count: int | None = None


@dataclass(frozen=True)
class Crm:
    """All that one source has sent up to the night `as_of`; records in the order of their file.

    `identifies_records`: ids of records are the CRM's own. Without, two rows of one opportunity,
    stage, instant and sequence are versions of one record, and the last one stands.
    """

    source: str
    as_of: date
    stages: tuple[Stage, ...]
    opportunities: tuple[Opportunity, ...]
    records: tuple[Record, ...] = ()
    accounts: tuple[Account, ...] = ()
    identifies_records: bool = False

    @property
    def as_of_at(self) -> datetime:
        """The first instant after the night."""
        return datetime.combine(self.as_of, time()) + timedelta(days=1)


# --- small change ----------------------------------------------------------------------------


def second_of(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def days_between(start: datetime | None, end: datetime | None) -> Fraction | None:
    """Days as an exact fraction."""
    if start is None or end is None:
        return None
    return Fraction((end - start) // timedelta(microseconds=1), 86_400_000_000)


def add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_of(day: date | datetime | None) -> date | None:
    return None if day is None else date(day.year, day.month, 1)


def quarter_of(day: date) -> date:
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def day_of(instant: datetime | None) -> date | None:
    return None if instant is None else instant.date()


def cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """Sum of what is known."""
    return sum((amount for amount in amounts if amount is not None), Decimal("0.00"))


def percentile(values: list[Fraction], share: Fraction) -> Fraction | None:
    """Linear between the two nearest of n values, the first at share 0 and the last at share 1."""
    if not values:
        return None
    values = sorted(values)
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def ratio(numerator: Decimal | int, denominator: Decimal | int) -> float | None:
    return float(numerator) / float(denominator) if denominator else None


def wilson(successes: Decimal | int, trials: Decimal | int) -> tuple[float | None, float | None]:
    """The 95 % score interval, from the textbook form: centre ± half width."""
    if not trials:
        return None, None
    n, p, z = float(trials), float(successes) / float(trials), NormalDist().inv_cdf(0.975)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half_width), min(1.0, centre + half_width)


# --- the life of one opportunity -------------------------------------------------------------


@dataclass(frozen=True)
class Pipeline:
    """A pipeline: open stages by rank, and what each stage is."""

    name: str
    open_stages: tuple[str, ...]
    kinds: dict[str, str]
    qualified_rank: int

    def rank(self, stage: str) -> int | None:
        return self.open_stages.index(stage) + 1 if stage in self.open_stages else None

    def height(self, stage: str) -> int:
        """Where a stage stands when several are entered at once: open ones, then lost, then won."""
        return {"lost": 1000, "won": 1001}.get(self.kinds[stage]) or self.rank(stage) or 0


@dataclass(frozen=True)
class Event:
    """The entry into a stage that differs from the one before."""

    pipeline: str
    stage: str
    kind: str
    rank: int | None
    at: datetime | None
    amount: Decimal | None = None
    is_recorded: bool = True


@dataclass(frozen=True)
class Passage:
    """The way of one opportunity through one pipeline, all its stays there taken together."""

    pipeline: Pipeline
    events: tuple[Event, ...]
    outcome: str

    @property
    def furthest_rank(self) -> int:
        """The highest open stage ever entered; all when won; the first one at least."""
        if self.outcome == "won":
            return len(self.pipeline.open_stages)
        return max([1, *(event.rank for event in self.events if event.rank is not None)])

    def first_event_beyond(self, rank: int) -> Event:
        """The event by which the stage of this rank was reached."""
        for place, event in enumerate(self.events):
            is_win = event.kind == "won" and self.outcome == "won"
            if is_win or (event.rank or 0) >= rank or (place == 0 and rank == 1):
                return event
        raise ValueError(f"rank {rank} was never reached")

    def has_occupied(self, rank: int) -> bool:
        return any(event.rank == rank for event in self.events)


@dataclass(frozen=True)
class Reached:
    """One open stage that an opportunity reached."""

    pipeline: Pipeline
    rank: int
    at: datetime | None
    amount: Decimal | None
    is_imputed: bool
    outcome: str
    is_next_reached: bool

    @property
    def stage(self) -> str:
        return self.pipeline.open_stages[self.rank - 1]


@dataclass(frozen=True)
class Life:
    """One opportunity with its events, and the way it took through each pipeline."""

    opportunity: Opportunity
    pipeline: Pipeline
    events: tuple[Event, ...]
    passages: tuple[Passage, ...]
    amount: Decimal | None
    slices: tuple[tuple[str, str], ...]

    @property
    def outcome(self) -> str:
        return self.events[-1].kind

    @property
    def is_closed(self) -> bool:
        return self.outcome != "open"

    @property
    def closed_at(self) -> datetime | None:
        return self.events[-1].at if self.is_closed else None

    @property
    def is_created_won(self) -> bool:
        return self.events[0].kind == "won"

    @property
    def passage(self) -> Passage:
        """The one through the current pipeline."""
        return next(one for one in self.passages if one.pipeline == self.pipeline)

    @property
    def is_qualified(self) -> bool:
        return self.passage.furthest_rank >= self.pipeline.qualified_rank

    @property
    def qualified_at(self) -> datetime | None:
        if not self.is_qualified:
            return None
        return self.passage.first_event_beyond(self.pipeline.qualified_rank).at

    @property
    def initial_amount(self) -> Decimal | None:
        first = self.events[0].amount
        return self.amount if first is None else first

    def cycle_days(self, outcome: str) -> Fraction | None:
        """Days from creation to this outcome; what was created closed or ends before has none."""
        if self.outcome != outcome or self.events[0].kind != "open":
            return None
        days = days_between(self.opportunity.created_at, self.closed_at)
        return None if days is None or days < 0 else days

    @property
    def sales_cycle_days(self) -> Fraction | None:
        return self.cycle_days("won")

    @cached_property
    def reached(self) -> tuple[Reached, ...]:
        """Every stage reached, in every pipeline it ever was in."""
        found = []
        for passage in self.passages:
            count = len(passage.pipeline.open_stages)
            for rank in range(1, passage.furthest_rank + 1):
                event = passage.first_event_beyond(rank)
                is_last = rank == count
                found.append(
                    Reached(
                        pipeline=passage.pipeline,
                        rank=rank,
                        at=event.at,
                        amount=self.amount if event.amount is None else event.amount,
                        is_imputed=not passage.has_occupied(rank),
                        outcome=passage.outcome,
                        is_next_reached=(
                            passage.outcome == "won" if is_last else passage.furthest_rank > rank
                        ),
                    )
                )
        return tuple(found)

    @property
    def skipped_stage_count(self) -> int:
        """Stages of the current pipeline passed without a visit after the entry into it."""
        entry_rank = self.passage.events[0].rank
        if entry_rank is None:
            return 0
        return sum(
            one.is_imputed and one.rank > entry_rank
            for one in self.reached
            if one.pipeline == self.pipeline
        )

    def visits(self) -> Iterator[tuple[Event, Event | None, str]]:
        """Each stay in an open stage: its entry, what came next, and how it ended."""
        for place, event in enumerate(self.events):
            if event.kind != "open":
                continue
            after = self.events[place + 1] if place + 1 < len(self.events) else None
            if after is None:
                yield event, after, "open"
            elif after.pipeline != event.pipeline:
                yield event, after, "handed_off"
            elif after.kind != "open":
                yield event, after, after.kind
            elif after.rank < event.rank:
                yield event, after, "regressed"
            else:
                yield event, after, "advanced"


def pipelines_of(stages: Iterable[Stage]) -> dict[str, Pipeline]:
    """Pipelines by name; a stage counts as qualifying from the rank its source or we name."""
    by_name: dict[str, list[Stage]] = defaultdict(list)
    for stage in stages:
        by_name[stage.pipeline].append(stage)
    pipelines = {}
    for name, members in by_name.items():
        in_order = sorted(
            (stage for stage in members if stage.kind == "open"),
            key=lambda stage: (stage.place, stage.name),
        )
        qualifying = [rank for rank, stage in enumerate(in_order, 1) if stage.is_qualifying]
        pipelines[name] = Pipeline(
            name=name,
            open_stages=tuple(stage.name for stage in in_order),
            kinds={stage.name: stage.kind for stage in members},
            qualified_rank=min(qualifying or [DEFAULT_QUALIFIED_RANK, len(in_order)]),
        )
    return pipelines


def stated_close_of(opportunity: Opportunity, as_of_at: datetime) -> datetime | None:
    """When the CRM says it was closed; what lies after the night has not happened."""
    closed_at = opportunity.closed_at
    if closed_at is None and opportunity.close_date is not None:
        closed_at = datetime.combine(opportunity.close_date, time())
    return None if closed_at is None or closed_at >= as_of_at else closed_at


def live(
    opportunity: Opportunity,
    records: Iterable[Record],
    pipelines: dict[str, Pipeline],
    as_of_at: datetime,
) -> list[Event]:
    """The events of one opportunity, in order; what the CRM did not record is filled in."""
    told = sorted(
        (record for record in records if record.at is not None),
        key=lambda record: (
            second_of(record.at),
            record.sequence or 0,
            pipelines[record.pipeline].height(record.stage),
            record.record_id,
        ),
    )

    def entry(
        pipeline: str, stage: str, at: datetime | None, record: Record | None = None
    ) -> Event:
        return Event(
            pipeline=pipeline,
            stage=stage,
            kind=pipelines[pipeline].kinds[stage],
            rank=pipelines[pipeline].rank(stage),
            at=at,
            amount=in_reporting_currency(record.amount, opportunity) if record else None,
            is_recorded=record is not None,
        )

    entries = [entry(record.pipeline, record.stage, record.at, record) for record in told]
    created_at = opportunity.created_at
    current = entry(opportunity.pipeline, opportunity.stage, None)
    is_closed = current.kind != "open"
    closed_at = stated_close_of(opportunity, as_of_at)
    changed_at = (closed_at if is_closed else None) or opportunity.modified_at

    if told:
        first, last = told[0], told[-1]
        if created_at is not None and second_of(created_at) < second_of(first.at):
            first_stage = pipelines[first.pipeline].open_stages[0]
            entries.insert(0, entry(first.pipeline, first_stage, created_at))
        if (last.pipeline, last.stage) != (current.pipeline, current.stage):
            at = max(last.at, changed_at) if changed_at is not None else last.at
            entries.append(entry(current.pipeline, current.stage, at))
    else:
        # Closed, and not known to have been closed when it was created.
        is_closed_later = is_closed and (
            created_at is None or (changed_at is not None and changed_at > created_at)
        )
        if is_closed_later:
            first_stage = pipelines[opportunity.pipeline].open_stages[0]
            entries.append(entry(opportunity.pipeline, first_stage, created_at))
            entries.append(entry(opportunity.pipeline, opportunity.stage, changed_at))
        else:
            entries.append(entry(opportunity.pipeline, opportunity.stage, created_at))

    events: list[Event] = []
    for one in entries:
        if not events or (events[-1].pipeline, events[-1].stage) != (one.pipeline, one.stage):
            before = events[-1].at if events else None
            # Changes of one second keep their order: none lies before the one it follows.
            if one.at is not None and before is not None and one.at < before:
                one = replace(one, at=before)
            events.append(one)
    return events


def in_reporting_currency(amount: Decimal | None, opportunity: Opportunity) -> Decimal | None:
    """Without rates, an amount in another currency is unknown."""
    is_ours = (opportunity.currency or REPORTING_CURRENCY) == REPORTING_CURRENCY
    return cents(amount) if is_ours else None


def passages_of(events: list[Event], pipelines: dict[str, Pipeline]) -> tuple[Passage, ...]:
    """One passage for each pipeline that the events touch, in order of entry."""
    names = list(dict.fromkeys(event.pipeline for event in events))
    return tuple(
        Passage(
            pipeline=pipelines[name],
            events=tuple(event for event in events if event.pipeline == name),
            outcome=events[-1].kind if events[-1].pipeline == name else "handed_off",
        )
        for name in names
    )


def segment_of(account: Account | None) -> str:
    if account is None:
        return "unknown"
    if account.segment is not None:
        return account.segment
    heads = account.employee_count
    if heads is None:
        return "unknown"
    return "small" if heads < 100 else "mid_market" if heads < 1000 else "enterprise"


# --- the marts -------------------------------------------------------------------------------


@dataclass
class Reference:
    """The rows that the marts should hold about one CRM."""

    crm: Crm
    pipelines: dict[str, Pipeline] = field(init=False)
    lives: list[Life] = field(init=False)

    def __post_init__(self) -> None:
        self.pipelines = pipelines_of(self.crm.stages)
        versions: dict[tuple, Record] = {}
        for record in self.crm.records:
            content = (record.pipeline, record.stage, record.at, record.sequence)
            identity = (record.record_id,) if self.crm.identifies_records else content
            versions[record.opportunity_id, *identity] = record
        records: dict[str, list[Record]] = defaultdict(list)
        for record in versions.values():
            records[record.opportunity_id].append(record)
        accounts = {account.account_id: account for account in self.crm.accounts}
        self.lives = []
        for opportunity in self.crm.opportunities:
            if opportunity.is_deleted:
                continue
            told, as_of_at = records[opportunity.opportunity_id], self.crm.as_of_at
            events = live(opportunity, told, self.pipelines, as_of_at)
            account = accounts.get(opportunity.account_id or "")
            self.lives.append(
                Life(
                    opportunity=opportunity,
                    pipeline=self.pipelines[opportunity.pipeline],
                    events=tuple(events),
                    passages=passages_of(events, self.pipelines),
                    amount=in_reporting_currency(opportunity.amount, opportunity),
                    slices=(
                        ("all", "all"),
                        ("owner", self.key(opportunity.owner_id)),
                        ("lead_source", opportunity.lead_source or "unknown"),
                        ("segment", segment_of(account)),
                        ("opportunity_type", opportunity.opportunity_type or "unknown"),
                        ("account_industry", (account and account.industry) or "unknown"),
                    ),
                )
            )

    def key(self, native_id: str | None) -> str:
        return f"{self.crm.source}:{native_id or 'unknown'}"

    def stage_key(self, pipeline: str, stage: str) -> str:
        return f"{self.crm.source}:{pipeline}:{stage}"

    # --- facts

    def fct_stage_visit(self) -> list[Row]:
        rows = []
        for life in self.lives:
            for number, (event, after, exit_kind) in enumerate(life.visits(), start=1):
                end = self.crm.as_of_at if after is None else after.at
                rows.append(
                    {
                        "opportunity_key": self.key(life.opportunity.opportunity_id),
                        "visit_number": number,
                        "pipeline_key": self.key(event.pipeline),
                        "stage_key": self.stage_key(event.pipeline, event.stage),
                        "stage_rank": event.rank,
                        "owner_key": self.key(life.opportunity.owner_id),
                        "entered_at": event.at,
                        "exited_at": after.at if after else None,
                        "exit_kind": exit_kind,
                        "days_in_stage": days_between(event.at, end),
                        "is_censored": after is None,
                    }
                )
        return rows

    def fct_stage_reached(self) -> list[Row]:
        return [
            {
                "opportunity_key": self.key(life.opportunity.opportunity_id),
                "pipeline_key": self.key(one.pipeline.name),
                "stage_key": self.stage_key(one.pipeline.name, one.stage),
                "stage_rank": one.rank,
                "reached_at": one.at,
                "reached_amount": one.amount,
                "is_imputed": one.is_imputed,
            }
            for life in self.lives
            for one in life.reached
        ]

    def fct_opportunity(self) -> list[Row]:
        rows = []
        for life in self.lives:
            first, last = life.events[0], life.events[-1]
            exits = [exit_kind for _, _, exit_kind in life.visits()]
            steps = zip(life.events, life.events[1:], strict=False)
            rows.append(
                {
                    "opportunity_key": self.key(life.opportunity.opportunity_id),
                    "pipeline_key": self.key(life.pipeline.name),
                    "outcome": life.outcome,
                    "is_closed": life.is_closed,
                    "is_won": life.outcome == "won",
                    "current_stage_key": self.stage_key(last.pipeline, last.stage),
                    "amount": life.amount,
                    "initial_amount": life.initial_amount,
                    "closed_at": life.closed_at,
                    "qualified_at": life.qualified_at,
                    "furthest_stage_rank": life.passage.furthest_rank,
                    "visit_count": len(exits),
                    "regression_count": exits.count("regressed"),
                    "skipped_stage_count": life.skipped_stage_count,
                    "reopen_count": sum(a.kind != "open" and b.kind == "open" for a, b in steps),
                    "sales_cycle_days": life.sales_cycle_days,
                    "loss_cycle_days": life.cycle_days("lost"),
                    "is_late_created": first.is_recorded and (first.rank or 0) > 1,
                    "is_created_won": life.is_created_won,
                    "is_history_synthesised": not all(one.is_recorded for one in life.events),
                }
            )
        return rows

    # --- the funnel

    @cached_property
    def horizons(self) -> dict[tuple[str, str], Fraction | None]:
        """Days within which 90 % of those that reached a stage had ended, of last year's ends."""
        year_ago = add_months(self.crm.as_of_at.date(), -12)
        days: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
        for life in self.lives:
            for one in life.reached:
                age = days_between(one.at, life.closed_at)
                if one.outcome not in ("won", "lost") or age is None or age < 0:
                    continue
                if life.closed_at.date() >= year_ago:
                    days[one.pipeline.name, one.stage].append(age)
        return {stage: percentile(found, Fraction(9, 10)) for stage, found in days.items()}

    def is_mature(self, start: datetime | None, pipeline: str, stage: str) -> bool:
        horizon = self.horizons.get((pipeline, stage))
        age = days_between(start, self.crm.as_of_at)
        return horizon is not None and age is not None and age >= horizon

    def funnel_stage_conversion(self) -> list[Row]:
        cells: dict[tuple, list[Reached]] = defaultdict(list)
        for life in self.lives:
            for one in life.reached:
                for slice_ in life.slices:
                    stage = (one.pipeline.name, one.stage, one.rank)
                    cells[*stage, month_of(one.at), *slice_].append(one)
        rows = []
        for (pipeline, stage, rank, month, dimension, value), members in cells.items():
            count = len(members)
            next_count = sum(one.is_next_reached for one in members)
            won_count = sum(one.outcome == "won" for one in members)
            here = [one.outcome for one in members if not one.is_next_reached]
            next_low, next_high = wilson(next_count, count)
            win_low, win_high = wilson(won_count, count)
            horizon = self.horizons.get((pipeline, stage))
            month_end = month and datetime.combine(add_months(month, 1), time())
            rows.append(
                {
                    "pipeline_key": self.key(pipeline),
                    "stage_key": self.stage_key(pipeline, stage),
                    "stage_name": stage,
                    "stage_rank": rank,
                    "cohort_month": month,
                    "dimension": dimension,
                    "dimension_value": value,
                    "reached_count": count,
                    "visited_count": sum(not one.is_imputed for one in members),
                    "reached_next_count": next_count,
                    "won_count": won_count,
                    "lost_here_count": here.count("lost"),
                    "open_here_count": here.count("open"),
                    "handed_off_count": here.count("handed_off"),
                    "reached_amount": total(one.amount for one in members),
                    "won_amount": total(one.amount for one in members if one.outcome == "won"),
                    "next_rate": ratio(next_count, count),
                    "next_rate_low": next_low,
                    "next_rate_high": next_high,
                    "win_rate": ratio(won_count, count),
                    "win_rate_low": win_low,
                    "win_rate_high": win_high,
                    "leakage_rate": ratio(here.count("lost"), count),
                    "mature_count": sum(self.is_mature(one.at, pipeline, stage) for one in members),
                    "horizon_days": horizon,
                    "is_mature": self.is_mature(month_end, pipeline, stage),
                    "as_of_date": self.crm.as_of,
                }
            )
        return rows

    # --- win rates

    @cached_property
    def stale_days(self) -> dict[str, int | None]:
        """Whole days after which an open opportunity of a pipeline counts as lost."""
        found = {}
        for name in self.pipelines:
            cycles = [
                life.sales_cycle_days
                for life in self.lives
                if life.pipeline.name == name and life.sales_cycle_days is not None
            ]
            oldest = percentile(cycles, Fraction(95, 100))
            found[name] = None if oldest is None else math.ceil(oldest)
        return found

    def stale_date(self, life: Life) -> date | None:
        days, created = self.stale_days[life.pipeline.name], day_of(life.opportunity.created_at)
        return None if days is None or created is None else created + timedelta(days=days)

    def win_rate(self) -> list[Row]:
        def is_stale(life: Life) -> bool:
            stale = self.stale_date(life)
            return not life.is_closed and stale is not None and stale <= self.crm.as_of

        def is_mature(life: Life) -> bool:
            first_stage = life.pipeline.open_stages[0]
            return self.is_mature(life.opportunity.created_at, life.pipeline.name, first_stage)

        def closed_date(life: Life) -> date | None:
            return day_of(life.closed_at)

        metrics: dict[str, tuple[Callable[[Life], bool], Callable[[Life], date | None]]] = {
            "win_rate_period_narrow": (lambda life: life.is_closed, closed_date),
            "win_rate_value": (lambda life: life.is_closed and (life.amount or 0) > 0, closed_date),
            "win_rate_qualified": (lambda life: life.is_closed and life.is_qualified, closed_date),
            "win_rate_cohort_mature": (is_mature, lambda life: day_of(life.opportunity.created_at)),
            "win_rate_stale_adjusted": (
                lambda life: life.is_closed or is_stale(life),
                lambda life: closed_date(life) if life.is_closed else self.stale_date(life),
            ),
        }
        cells: dict[tuple, list[Life]] = defaultdict(list)
        for metric_id, (belongs, day) in metrics.items():
            for life in filter(belongs, self.lives):
                periods: list[tuple[str, date | None]] = [("all", None)]
                if day(life) is not None:
                    periods.append(("month", month_of(day(life))))
                    periods.append(("quarter", quarter_of(day(life))))
                for period in periods:
                    for slice_ in life.slices:
                        cells[metric_id, life.pipeline.name, *period, *slice_].append(life)
        rows = []
        for (metric_id, pipeline, grain, start, dimension, value), members in cells.items():
            won = [life for life in members if life.outcome == "won"]
            is_money = metric_id == "win_rate_value"
            numerator = total(life.amount for life in won) if is_money else len(won)
            denominator = total(life.amount for life in members) if is_money else len(members)
            low, high = (None, None) if is_money else wilson(numerator, denominator)
            next_start = start and add_months(start, 1 if grain == "month" else 3)
            rows.append(
                {
                    "metric_id": metric_id,
                    "pipeline_key": self.key(pipeline),
                    "grain": grain,
                    "period_start": start,
                    "dimension": dimension,
                    "dimension_value": value,
                    "numerator": Decimal(numerator),
                    "denominator": Decimal(denominator),
                    "value": ratio(numerator, denominator),
                    "value_low": low,
                    "value_high": high,
                    "member_count": len(members),
                    "censored_count": sum(not life.is_closed for life in members),
                    "is_mature": next_start is None or next_start <= self.crm.as_of_at.date(),
                    "as_of_date": self.crm.as_of,
                }
            )
        return rows

    # --- cohorts

    def cohort_win_triangle(self) -> list[Row]:
        cohorts: dict[tuple, list[Life]] = defaultdict(list)
        for life in self.lives:
            month = month_of(life.opportunity.created_at)
            if month is not None:
                for slice_ in life.slices:
                    cohorts[life.pipeline.name, *slice_, month].append(life)
        if not cohorts:
            return []
        oldest = min(month for *_, month in cohorts)
        ages = [
            age for age in range(TRIANGLE_MONTHS + 1) if add_months(oldest, age) <= self.crm.as_of
        ]

        def observed_ages(month: date) -> list[int]:
            """Ages that even a member created on the last day of the month has reached."""
            last_day = add_months(month, 1) - timedelta(days=1)
            return [age for age in ages if add_months(last_day, age) <= self.crm.as_of]

        observed = {month: observed_ages(month) for *_, month in cohorts}

        def closed_by(members: list[Life], age: int, outcome: str) -> list[Life]:
            return [
                life
                for life in members
                if life.outcome == outcome
                and life.closed_at is not None
                and life.closed_at.date() <= add_months(life.opportunity.created_at.date(), age)
            ]

        def factor(pipeline: str, dimension: str, value: str, age: int) -> float | None:
            """Chain ladder: wins at the age over wins a month before, cohorts observed at both."""
            now = before = 0
            for (*series, month), members in cohorts.items():
                if series == [pipeline, dimension, value] and age in observed[month]:
                    now += len(closed_by(members, age, "won"))
                    before += len(closed_by(members, age - 1, "won"))
            return now / before if before else None

        def projection(series: tuple[str, str, str], month: date, age: int) -> float | None:
            members = cohorts[*series, month]
            if not observed[month] or age in observed[month]:
                return None
            wins: float = len(closed_by(members, observed[month][-1], "won"))
            for later in range(observed[month][-1] + 1, age + 1):
                if (*series, later) not in factors:
                    factors[*series, later] = factor(*series, later)
                step = factors[*series, later]
                if step is None:
                    return None
                wins *= step
            return min(1.0, wins / len(members)) if wins else None

        factors: dict[tuple, float | None] = {}
        rows = []
        for (pipeline, dimension, value, month), members in cohorts.items():
            count = len(members)
            cohort_amount = total(life.initial_amount for life in members)
            for age in ages:
                won, lost = closed_by(members, age, "won"), closed_by(members, age, "lost")
                won_amount = total(life.amount for life in won)
                low, high = wilson(len(won), count)
                seen = {
                    "won_count": len(won),
                    "lost_count": len(lost),
                    "open_count": count - len(won) - len(lost),
                    "won_amount": won_amount,
                    "win_rate": ratio(len(won), count),
                    "win_rate_low": low,
                    "win_rate_high": high,
                    "realised_rate": ratio(won_amount, cohort_amount),
                }
                is_seen = age in observed[month]
                rows.append(
                    {
                        "pipeline_key": self.key(pipeline),
                        "cohort_month": month,
                        "age_months": age,
                        "dimension": dimension,
                        "dimension_value": value,
                        "cohort_count": count,
                        "cohort_amount": cohort_amount,
                        "missing_amount_count": sum(
                            life.initial_amount is None for life in members
                        ),
                        **(seen if is_seen else dict.fromkeys(seen)),
                        "is_observed": is_seen,
                        "projected_win_rate": projection((pipeline, dimension, value), month, age),
                        "as_of_date": self.crm.as_of,
                    }
                )
        return rows
