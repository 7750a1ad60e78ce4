"""The life of each opportunity: every change from creation to the end of the last night.

Belongs here: outcomes, stays, detours, revisions of amount and close date, deletion, and the
after-image of each change. Does not belong here: parameters (`truth.py`), file columns
(`salesforce.py`).

A life is drawn stage by stage for all opportunities at once. No draw looks at the outcome of the
stage it belongs to; `truth.py` says why that matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.simulation.opportunities import Opportunities
from orchestration.simulation.period import Flags, Floats, Ints, Period, day_of, seconds
from orchestration.simulation.truth import (
    LOST_RANK,
    WON_RANK,
    Planted,
    conversion_probability,
)

NO_AMOUNT = -1

_KEEP = -2  # this change leaves the value as it was
_FIRST_REGRESSION_RANK = 2
_FIRST_REOPEN_RANK = 3  # so that a reopened opportunity goes on from a middle stage
_REVISION_SIGMA = 0.2
_AMOUNT_KNOWN_RANK = 4  # a proposal names a price


@dataclass(frozen=True)
class Changes:
    """After-images of all changes, ordered by instant; ties keep the order in which they happened.

    `previous_rank` is 0 for a creation. `rank` is 1..5 for the open stages, `WON_RANK` or
    `LOST_RANK`. `amount_cents` is `NO_AMOUNT` while unknown. `close_day` is a day since 1970.
    A deletion is a change, too, and the last one of its opportunity.
    """

    opportunity: Ints
    at: Ints
    rank: Ints
    previous_rank: Ints
    amount_cents: Ints
    close_day: Ints
    is_deletion: Flags


class _Log:
    """Collects what happens in the period, in the order in which each opportunity lives it."""

    def __init__(self, end_s: int) -> None:
        self._end_s = end_s
        self._parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []

    def add(
        self,
        who: Ints,
        at: Ints,
        rank: Ints | int,
        *,
        amount_cents: Ints | int = _KEEP,
        close_day: Ints | int = _KEEP,
    ) -> None:
        seen = at < self._end_s
        values = [np.broadcast_to(value, who.shape)[seen] for value in (rank, amount_cents)]
        days = np.broadcast_to(close_day, who.shape)[seen]
        self._parts.append((who[seen], at[seen], values[0], values[1], days))

    def columns(self) -> list[Ints]:
        return [np.concatenate(column) for column in zip(*self._parts, strict=True)]


class _Lives:
    """Draws the lives; `clock` is the instant up to which each one has been drawn."""

    def __init__(
        self,
        opportunities: Opportunities,
        logit_shift: Floats,
        planted: Planted,
        period: Period,
        rng: np.random.Generator,
    ) -> None:
        self.opportunities = opportunities
        self.logit_shift = logit_shift
        self.planted = planted
        self.end_s = period.end_s
        self.rng = rng
        self.log = _Log(period.end_s)
        self.clock = opportunities.created_at.copy()

    def draw(self) -> None:
        """Creates all opportunities and takes them through the stages."""
        self._create()
        just_passed = np.zeros(len(self.clock), dtype=bool)
        advancing = np.zeros(0, dtype=np.int64)
        for rank, stage in enumerate(self.planted.stages, start=1):
            starting = np.flatnonzero(self.opportunities.start_rank == rank)
            who = np.concatenate([advancing, starting])
            arrives = np.arange(len(who)) < len(advancing)
            probability = conversion_probability(stage, self.logit_shift[who])
            advances = self.rng.random(len(who)) < probability
            haste = self.rng.random(len(who))
            skippable = arrives & ~just_passed[who]
            skips = advances & skippable & (haste < self.planted.skip_probability)
            passes = skippable & (
                haste < self.planted.skip_probability + self.planted.bulk_edit_probability
            )

            enters = who[arrives & ~skips]
            self.log.add(enters, self.clock[enters], rank, amount_cents=self._quote(enters, rank))
            self._stay(who[~passes], rank)
            self._close(who[~advances], LOST_RANK)

            just_passed[who] = passes
            advancing = who[advances & (self.clock[who] < self.end_s)]
        self._close(advancing, WON_RANK)

    def _create(self) -> None:
        new = self.opportunities
        who = np.arange(len(self.clock))
        created_day = day_of(new.created_at)
        self.log.add(
            who,
            new.created_at,
            new.start_rank,
            amount_cents=np.where(new.has_amount, new.base_amount_cents, NO_AMOUNT),
            close_day=np.where(new.start_rank == WON_RANK, created_day, new.expected_close_day),
        )

    def _stay(self, who: Ints, rank: int) -> None:
        """Lets `who` stay in an open stage, with revisions and at most one detour."""
        leaves_at = self.clock[who] + self._stays_s(rank, len(who))
        self._revise(who, leaves_at)
        self.clock[who] = leaves_at
        if rank >= _FIRST_REGRESSION_RANK:
            self._detour(who, rank)

    def _detour(self, who: Ints, rank: int) -> None:
        """Takes some back by one stage, a few of them through a loss, and up again."""
        reopening = self.planted.reopen_probability if rank >= _FIRST_REOPEN_RANK else 0.0
        chance = self.rng.random(len(who))
        reopens = chance < reopening
        detours = chance < reopening + self.planted.regression_probability

        lost = who[reopens]
        self._close(lost, LOST_RANK)
        wait_days = self.planted.reopen_after_days + (
            self.planted.reopen_mean_days * self.rng.standard_exponential(len(lost))
        )
        self.clock[lost] += seconds(wait_days)

        back = who[detours]
        new_plan_days = self.rng.integers(20, 60, len(back))
        close_day = np.where(reopens[detours], day_of(self.clock[back]) + new_plan_days, _KEEP)
        self.log.add(back, self.clock[back], rank - 1, close_day=close_day)
        self.clock[back] += self._stays_s(rank - 1, len(back))
        self.log.add(back, self.clock[back], rank)
        self.clock[back] += self._stays_s(rank, len(back))

    def _stays_s(self, rank: int, size: int) -> Ints:
        stage = self.planted.stages[rank - 1]
        return seconds(stage.median_days * np.exp(stage.sigma * self.rng.standard_normal(size)))

    def _revise(self, who: Ints, leaves_at: Ints) -> None:
        """Changes the amount or the close date of some, at an even moment of their stay."""
        chance = self.rng.random(len(who))
        share_of_stay = self.rng.random(len(who))
        stay_s = leaves_at - self.clock[who]
        at = self.clock[who] + 1 + (share_of_stay * (stay_s - 1)).astype(np.int64)
        revises_amount = chance < self.planted.revision_probability / 2
        revises_date = ~revises_amount & (chance < self.planted.revision_probability)
        priced, dated = who[revises_amount], who[revises_date]
        self.log.add(priced, at[revises_amount], _KEEP, amount_cents=self._reprice(priced))
        new_plan_days = self.rng.integers(10, 75, len(dated))
        close_day = day_of(at[revises_date]) + new_plan_days
        self.log.add(dated, at[revises_date], _KEEP, close_day=close_day)

    def _close(self, who: Ints, rank: int) -> None:
        """Closes `who` now: the close date is today, or a few days back for the backdated."""
        back_days = np.where(
            self.rng.random(len(who)) < self.planted.backdated_probability,
            self.rng.integers(1, 10, len(who)),
            0,
        )
        day = np.maximum(
            day_of(self.clock[who]) - back_days, day_of(self.opportunities.created_at[who])
        )
        amount_cents = np.where(
            (rank == WON_RANK) & (self.rng.random(len(who)) < 0.3), self._reprice(who), _KEEP
        )
        self.log.add(who, self.clock[who], rank, amount_cents=amount_cents, close_day=day)

    def _quote(self, who: Ints, rank: int) -> Ints:
        """A new amount for half of those that enter the stage in which a price is named."""
        quotes = (rank == _AMOUNT_KNOWN_RANK) & (self.rng.random(len(who)) < 0.5)
        return np.where(quotes, self._reprice(who), _KEEP)

    def _reprice(self, who: Ints) -> Ints:
        factor = np.exp(_REVISION_SIGMA * self.rng.standard_normal(len(who)))
        return np.rint(self.opportunities.base_amount_cents[who] * factor).astype(np.int64)


def draw_changes(
    opportunities: Opportunities,
    logit_shift: Floats,
    planted: Planted,
    period: Period,
    rng: np.random.Generator,
) -> Changes:
    """Every change of every opportunity before the end of `period`.

    `logit_shift` is the shift of each opportunity on the logit of each stage's conversion.
    """
    lives = _Lives(opportunities, logit_shift, planted, period, rng)
    lives.draw()
    who, at, rank, amount_cents, close_day = lives.log.columns()

    before_deletion = at < opportunities.deleted_at[who]
    deleted = np.flatnonzero(opportunities.deleted_at < period.end_s)
    nothing_new = np.full(len(deleted), _KEEP)
    who = np.concatenate([who[before_deletion], deleted])
    by_life = np.argsort(who, kind="stable")
    who = who[by_life]
    at = np.concatenate([at[before_deletion], opportunities.deleted_at[deleted]])[by_life]
    rank, amount_cents, close_day = (
        _carry_forward(np.concatenate([values[before_deletion], nothing_new])[by_life])
        for values in (rank, amount_cents, close_day)
    )
    is_deletion = by_life >= int(before_deletion.sum())
    is_first = np.diff(who, prepend=-1) != 0
    previous_rank = np.where(is_first, 0, np.roll(rank, 1))

    by_time = np.argsort(at, kind="stable")
    return Changes(
        opportunity=who[by_time],
        at=at[by_time],
        rank=rank[by_time],
        previous_rank=previous_rank[by_time],
        amount_cents=amount_cents[by_time],
        close_day=close_day[by_time],
        is_deletion=is_deletion[by_time],
    )


def _carry_forward(values: Ints) -> Ints:
    """Replaces `_KEEP` by the value before it; each life begins with a value of its own."""
    source = np.where(values == _KEEP, 0, np.arange(len(values)))
    return values[np.maximum.accumulate(source)]
