"""How opportunities come in: when, from which source, by which rep, for how much.

Belongs here: everything about an opportunity that is settled when it is created, and whether it
will be deleted. Does not belong here: its way through the stages (`lives.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.simulation.draws import pick
from orchestration.simulation.people import REP_COUNT, People
from orchestration.simulation.period import DAY_S, HOUR_S, NEVER, Flags, Ints, Period, seconds
from orchestration.simulation.truth import WON_RANK, Planted

PRODUCTS = ("Platform", "Starter Kit", "Analytics", "Support Plan", "Training", "Integration")
FIRST_RANK = 1

_OFFICE_OPENS_S = 13 * HOUR_S  # 8 to 18 o'clock in the Americas, in UTC
_OFFICE_HOURS_S = 10 * HOUR_S
_LATE_RANK_SHARES = np.array([0.6, 0.4])  # created in stage 2, in stage 3
_CREATED_BY_MANAGER_SHARE = 0.05


@dataclass(frozen=True)
class Opportunities:
    """All opportunities, oldest first.

    `start_rank` is the stage of the first history row: 1..m for the open stages, m + 1 for one
    created as Closed Won. `base_amount_cents` is its true size, `has_amount` whether that is
    known at creation. `expected_close_day` is the rep's first guess. `deleted_at` is an instant,
    `NEVER` if it stays. `owner` and `creator` are indices of users; `lead_source` and `product`
    are indices into the planted sources and `PRODUCTS`.
    """

    created_at: Ints
    owner: Ints
    creator: Ints
    lead_source: Ints
    product: Ints
    start_rank: Ints
    base_amount_cents: Ints
    has_amount: Flags
    expected_close_day: Ints
    deleted_at: Ints


def draw_opportunities(
    size: int, people: People, planted: Planted, period: Period, rng: np.random.Generator
) -> Opportunities:
    """`size` opportunities, all created before the last night is over."""
    created_at = _created_at(size, planted, period, rng)
    owner = people.owners(created_at, period, rng)
    creator = np.where(
        rng.random(size) < _CREATED_BY_MANAGER_SHARE, REP_COUNT + people.team[owner], owner
    )

    entry = rng.random(size)
    late = entry < planted.late_created_probability
    born_won = ~late & (entry < planted.late_created_probability + planted.created_won_probability)
    start_rank = np.full(size, FIRST_RANK)
    start_rank[late] = FIRST_RANK + 1 + pick(rng, _LATE_RANK_SHARES, int(late.sum()))
    start_rank[born_won] = WON_RANK

    horizon_days = np.maximum(np.rint(75 * np.exp(0.5 * rng.standard_normal(size))), 7)
    expected_close_day = created_at // DAY_S + horizon_days.astype(np.int64)
    deleted_at = np.where(
        rng.random(size) < planted.deleted_probability,
        created_at + HOUR_S + seconds(planted.deleted_mean_days * rng.standard_exponential(size)),
        NEVER,
    )

    return Opportunities(
        created_at=created_at,
        owner=owner,
        creator=creator,
        lead_source=pick(rng, np.array(planted.lead_source_shares), size),
        product=pick(rng, np.ones(len(PRODUCTS)), size),
        start_rank=start_rank,
        base_amount_cents=np.rint(1_800_000 * np.exp(0.9 * rng.standard_normal(size))).astype(
            np.int64
        ),
        has_amount=rng.random(size) >= planted.missing_amount_probability,
        expected_close_day=expected_close_day,
        deleted_at=deleted_at,
    )


def _created_at(size: int, planted: Planted, period: Period, rng: np.random.Generator) -> Ints:
    """Instants in order: season x weekday x growth decides the day, office hours the time."""
    days = period.start_day + np.arange(period.day_count)
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday, and Monday is 0
    weight = (
        np.array(planted.month_weights)[month]
        * np.array(planted.weekday_weights)[weekday]
        * planted.yearly_growth ** (np.arange(period.day_count) / 365.25)
    )
    day = days[pick(rng, weight, size)]
    time_of_day = _OFFICE_OPENS_S + (rng.random(size) * _OFFICE_HOURS_S).astype(np.int64)
    return np.sort(day * DAY_S + time_of_day)
