"""The life of one opportunity: its way through pipelines, stays, what it reached, who is credited.

Belongs here: what follows from the entries that count and from the paths of one opportunity. Does
not belong here: rows of marts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import groupby

from tests.reference.effect import Effect
from tests.reference.entries import Entry
from tests.reference.landed import Opportunity
from tests.reference.money import Money
from tests.reference.paths import Path
from tests.reference.quantities import days_between
from tests.reference.stages import Pipeline
from tests.reference.versions import History


@dataclass(frozen=True)
class Passage:
    """The way of one opportunity through one pipeline, all its stays there taken together."""

    pipeline: Pipeline
    entries: tuple[Entry, ...]
    outcome: str

    @property
    def furthest_rank(self) -> int:
        """The highest open stage ever entered; all when won; the first one at least."""
        if self.outcome == "won":
            return len(self.pipeline.open_stages)
        return max([1, *(entry.rank for entry in self.entries if entry.rank is not None)])

    def first_entry_beyond(self, rank: int) -> Entry:
        """The entry by which the stage of this rank was reached."""
        for place, entry in enumerate(self.entries):
            is_win = entry.kind == "won" and self.outcome == "won"
            if is_win or (entry.rank or 0) >= rank or (place == 0 and rank == 1):
                return entry
        raise ValueError(f"rank {rank} was never reached")

    def has_occupied(self, rank: int) -> bool:
        return any(entry.rank == rank for entry in self.entries)

    def has_climbed(self, rank: int) -> bool:
        """Whether stays in the stages 1 to `rank`, in this order, can be picked from the way."""
        way = iter(self.entries)
        return all(any(entry.rank == step for entry in way) for step in range(1, rank + 1))


@dataclass(frozen=True)
class Reached:
    """One open stage that an opportunity reached."""

    pipeline: Pipeline
    rank: int
    at: datetime | None
    amount: Decimal | None
    owner_id: str | None
    is_imputed: bool
    is_ordered: bool
    outcome: str
    is_next_reached: bool

    @property
    def stage(self) -> str:
        return self.pipeline.open_stages[self.rank - 1]


@dataclass(frozen=True)
class Stay:
    """One stay in an open stage; `after` is the entry that ended it."""

    entry: Entry
    after: Entry | None
    exit_kind: str
    owner_id: str | None
    attempt_number: int


@dataclass(frozen=True)
class Life:
    """One opportunity with all that is known of it.

    `entries` are all of them, those of the `effect` the ones that count. Amounts are in the
    reporting currency, by plan; `amounts` is the path of the local ones. `slices` lack the owner:
    which one counts depends on the question.
    """

    history: History
    entries: tuple[Entry, ...]
    effect: Effect
    pipelines: dict[str, Pipeline]
    owners: Path
    amounts: Path
    close_dates: Path
    forecasts: Path
    carries_close_dates: bool
    amount: Decimal | None
    money: Money
    observed_from_at: datetime
    slices: tuple[tuple[str, str], ...]

    @property
    def row(self) -> Opportunity:
        """The opportunity as it is today."""
        return self.history.today

    @property
    def last(self) -> Entry:
        return self.effect.entries[-1]

    @property
    def pipeline(self) -> Pipeline:
        return self.pipelines[self.last.pipeline]

    @property
    def outcome(self) -> str:
        return self.last.kind

    @property
    def is_closed(self) -> bool:
        return not self.last.is_open

    @property
    def close(self) -> Entry:
        """The last one: what is filed as another won or lost stage later was closed before."""
        runs = groupby(self.effect.entries, key=lambda entry: (entry.kind, entry.pipeline))
        return [next(run) for _, run in runs][-1]

    @property
    def closed_at(self) -> datetime | None:
        return self.close.at if self.is_closed else None

    def owner_of(self, entry: Entry) -> str | None:
        """Whoever enters a stage owns what is entered; who closes, what was owned until then.

        What was created closed is owned as it was created.
        """
        is_end = not entry.is_open and entry != self.effect.entries[0]
        return self.owners.until(entry.at) if is_end else self.owners.at(entry.at)

    def is_closed_at(self, at: datetime) -> bool:
        """By the entries that count; before the first of them nothing was closed."""
        before = [entry for entry in self.effect.entries if entry.at is None or entry.at <= at]
        return bool(before) and not before[-1].is_open

    @property
    def is_left_truncated(self) -> bool:
        created_at = self.row.created_at
        return created_at is None or self.observed_from_at > created_at

    @property
    def owner_at_creation(self) -> str | None:
        return self.owners.at(self.row.created_at)

    @property
    def owner_at_close(self) -> str | None:
        return self.owner_of(self.close)

    @property
    def is_created_won(self) -> bool:
        return self.effect.entries[0].kind == "won"

    @property
    def is_late_created(self) -> bool:
        """By the stage that its first entry told, whatever a bulk move made of the stay."""
        told = self.entries[self.effect.entries[0].number]
        return told.origin != "synthesised" and (told.rank or 0) > 1

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """One for each pipeline that the entries touch, in order of entry."""
        names = list(dict.fromkeys(entry.pipeline for entry in self.effect.entries))
        return tuple(
            Passage(
                pipeline=self.pipelines[name],
                entries=tuple(one for one in self.effect.entries if one.pipeline == name),
                outcome=self.outcome if self.last.pipeline == name else "handed_off",
            )
            for name in names
        )

    @property
    def passage(self) -> Passage:
        """The one through the current pipeline."""
        return next(one for one in self.passages if one.pipeline == self.pipeline)

    @property
    def is_qualified(self) -> bool:
        return bool(self.qualifications)

    @property
    def qualified_at(self) -> datetime | None:
        """Where one of the instants is unknown, it lies before the others."""
        instants = [entry.at for entry in self.qualifications]
        return None if None in instants else min(instants, default=None)

    @property
    def qualifications(self) -> list[Entry]:
        """By which the qualifying stage was reached, of each pipeline where it was."""
        return [
            passage.first_entry_beyond(passage.pipeline.qualified_rank)
            for passage in self.passages
            if passage.furthest_rank >= passage.pipeline.qualified_rank
        ]

    @property
    def initial_amount(self) -> Decimal | None:
        """Of the first entry that counts."""
        return self.amount_at(self.effect.entries[0])

    def amount_at(self, entry: Entry) -> Decimal | None:
        """On record there, else what stood then, be it none; without a change, the one of today."""
        if entry.amount is not None:
            return entry.amount
        return self.money.by_plan(self.amounts.at(entry.at), self.row.currency)

    @property
    def push_count(self) -> int | None:
        """Moves of the close date to a later day while it was open; unknown where nothing tells.

        What moves with the close is no push: by then it is closed.
        """
        steps = self.close_dates.steps()
        if not steps:
            return 0 if self.carries_close_dates else None
        return sum(
            before is not None
            and change.value is not None
            and change.value > before
            and not self.is_closed_at(change.at)
            for before, change in steps
        )

    def cycle_days(self, outcome: str) -> Fraction | None:
        """Days from creation to this outcome; what was created closed or ends before has none."""
        if self.outcome != outcome or not self.effect.entries[0].is_open:
            return None
        days = days_between(self.row.created_at, self.closed_at)
        return None if days is None or days < 0 else days

    @cached_property
    def reached(self) -> tuple[Reached, ...]:
        """Every stage reached, in every pipeline it ever was in."""
        found = []
        for passage in self.passages:
            count = len(passage.pipeline.open_stages)
            for rank in range(1, passage.furthest_rank + 1):
                entry = passage.first_entry_beyond(rank)
                is_last = rank == count
                found.append(
                    Reached(
                        pipeline=passage.pipeline,
                        rank=rank,
                        at=entry.at,
                        amount=self.amount_at(entry),
                        owner_id=self.owner_of(entry),
                        is_imputed=not passage.has_occupied(rank),
                        is_ordered=passage.has_climbed(rank),
                        outcome=passage.outcome,
                        is_next_reached=(
                            passage.outcome == "won" if is_last else passage.furthest_rank > rank
                        ),
                    )
                )
        return tuple(found)

    @property
    def skipped_stage_count(self) -> int:
        """Stages of the current pipeline passed without a stay after the entry into it."""
        entry_rank = self.passage.entries[0].rank
        if entry_rank is None:
            return 0
        return sum(
            one.is_imputed and one.rank > entry_rank
            for one in self.reached
            if one.pipeline == self.pipeline
        )

    def stays(self) -> Iterator[Stay]:
        """Each stay in an open stage: its entry, what came next, and how it ended."""
        entries = self.effect.entries
        for place, entry in enumerate(entries):
            if not entry.is_open:
                continue
            after = entries[place + 1] if place + 1 < len(entries) else None
            if after is None:
                exit_kind = "open"
            elif after.pipeline != entry.pipeline:
                exit_kind = "handed_off"
            elif not after.is_open:
                exit_kind = after.kind
            else:
                exit_kind = "regressed" if after.rank < entry.rank else "advanced"
            yield Stay(entry, after, exit_kind, self.owner_of(entry), self.effect.attempt(entry))
