"""The leads: people who showed interest, and how far each of them came.

Belongs here: which opportunities came of a lead, the leads of which none came, their steps and the
first call. Does not belong here: parameters (`truth.py`), campaigns (`campaigns.py`), columns of
files (`salesforce_leads.py`).

Opportunities are there already, so the leads that became one are found backwards: such a lead has
its steps before the creation of the opportunity. For each source as many others are drawn as leave
its planted share converted, and where each of them ended follows from the same probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.simulation.draws import pick
from orchestration.simulation.opportunities import Opportunities
from orchestration.simulation.period import (
    DAY_S,
    HOUR_S,
    NEVER,
    Flags,
    Floats,
    Ints,
    Period,
    seconds,
)
from orchestration.simulation.truth import LEAD_STEPS, Planted, lead_step_probabilities

NOBODY = -1
STATUSES = ("New", "MQL", "SQL", "Closed - Converted", "Closed - Not Converted")
_FASTEST_S = 120
_STEP_MEAN_DAYS = (1.0, 4.0, 9.0)
_SLOW_MEDIAN_HOURS, _SLOW_SIGMA = 20.0, 1.2
_UNTOUCHED_SHARE = 0.2
_LEADS_AHEAD_S = 120 * DAY_S


@dataclass(frozen=True)
class Leads:
    """All leads, oldest first.

    `mql_at`, `sql_at`, `converted_at` and `rejected_at` are instants, `NEVER` for a step that is
    not taken. `first_call_at` is when a rep called, within an hour for those `is_fast`.
    `opportunity` is the one that came of it, `NOBODY` for none. `converted` are the indices of
    those that became one, in the order of conversion: the number of a contact is the place there.
    """

    created_at: Ints
    owner: Ints
    lead_source: Ints
    is_fast: Flags
    first_call_at: Ints
    mql_at: Ints
    sql_at: Ints
    converted_at: Ints
    rejected_at: Ints
    opportunity: Ints
    converted: Ints

    @property
    def contact_count(self) -> int:
        """Each lead that was converted became a contact."""
        return len(self.converted)

    def steps(self) -> list[tuple[int, Ints]]:
        """Each later status with the instants at which it is entered."""
        instants = (self.mql_at, self.sql_at, self.converted_at, self.rejected_at)
        return list(enumerate(instants, start=1))

    def modified_at(self, end_s: int) -> Ints:
        """The last change of each lead before `end_s`; `NEVER` for one not yet created."""
        last = np.where(self.created_at < end_s, self.created_at, NEVER)
        for _, at in self.steps():
            last = np.where(at < end_s, at, last)
        return last

    def status(self, end_s: int) -> Ints:
        """The status of each lead at `end_s`."""
        status = np.zeros(len(self.created_at), dtype=np.int64)
        for number, at in self.steps():
            status[at < end_s] = number
        return status


def draw_leads(
    opportunities: Opportunities,
    opens_account: Flags,
    planted: Planted,
    period: Period,
    rng: np.random.Generator,
) -> Leads:
    """Leads of some opportunities that open an account, and those of which nothing came."""
    comes_of_lead = opens_account & (rng.random(len(opens_account)) < planted.lead_born_share)
    parents = np.flatnonzero(comes_of_lead)
    # Some leads of today will become opportunities after the last night: as the first ones did.
    is_early = opportunities.created_at[parents] < period.start_s + _LEADS_AHEAD_S
    early = parents[is_early]
    born = np.concatenate([parents, early])
    born_at = opportunities.created_at[born]
    born_at[len(parents) :] += period.end_s - period.start_s
    born_owner = opportunities.owner[
        np.concatenate([parents, np.resize(parents[::-1], early.shape)])
    ]

    # P(converted) of a slow and of a fast lead, and what a fast one's part is among converted ones.
    probabilities = lead_step_probabilities(planted)
    converts = probabilities.prod(axis=1)
    shares = np.array([1 - planted.fast_lead_share, planted.fast_lead_share])
    converted_share = float(shares @ converts)
    born_fast = rng.random(len(born)) < shares[1] * converts[1] / converted_share
    failed_count = rng.poisson(len(born) * (1 - converted_share) / converted_share)
    failed_fast = pick(rng, shares * (1 - converts), failed_count) == 1

    # The others came when leads come: as long before some opportunity as a converted one would.
    model = (rng.random(failed_count) * len(born)).astype(np.int64)
    which = np.concatenate([np.arange(len(born)), model])
    steps = np.concatenate(
        [np.full(len(born), LEAD_STEPS), _steps_taken(probabilities, failed_fast, rng)]
    )
    is_fast = np.concatenate([born_fast, failed_fast])
    size = len(which)
    opportunity = np.full(size, NOBODY)
    opportunity[: len(parents)] = parents

    wait_s = _first_call_after(is_fast, rng)
    gaps = np.stack([seconds(mean * rng.standard_exponential(size)) for mean in _STEP_MEAN_DAYS])
    gaps[0] += wait_s
    after = np.cumsum(gaps, axis=0)
    began_at = born_at[which] - after[-1]
    is_failed = steps < LEAD_STEPS
    is_untouched = is_failed & ~is_fast & (rng.random(size) < _UNTOUCHED_SHARE)
    mql_at, sql_at = (
        np.where(steps > step, began_at + after[step], NEVER) for step in range(LEAD_STEPS - 1)
    )
    ended_at = began_at + after[np.minimum(steps, LEAD_STEPS - 1), np.arange(size)]

    order = np.argsort(began_at, kind="stable")
    order = order[began_at[order] < period.end_s]
    converted_at = np.where(opportunity == NOBODY, NEVER, ended_at)[order]
    converted = np.flatnonzero(converted_at != NEVER)
    return Leads(
        created_at=began_at[order],
        owner=born_owner[which][order],
        lead_source=opportunities.lead_source[born][which][order],
        is_fast=is_fast[order],
        first_call_at=np.where(is_untouched, NEVER, began_at + wait_s)[order],
        mql_at=mql_at[order],
        sql_at=sql_at[order],
        converted_at=converted_at,
        rejected_at=np.where(is_failed, ended_at, NEVER)[order],
        opportunity=opportunity[order],
        converted=converted[np.argsort(converted_at[converted], kind="stable")],
    )


def _steps_taken(probabilities: Floats, is_fast: Flags, rng: np.random.Generator) -> Ints:
    """How many steps each lead took that was not converted: 0, 1 or 2."""
    passed = np.cumprod(np.hstack([np.ones((2, 1)), probabilities]), axis=1)
    stops = passed[:, :-1] * (1 - probabilities)
    drawn = [pick(rng, shares, len(is_fast)) for shares in stops]
    return np.asarray(np.where(is_fast, drawn[1], drawn[0]))


def _first_call_after(is_fast: Flags, rng: np.random.Generator) -> Ints:
    """Seconds until a rep calls: within an hour, or later."""
    size = len(is_fast)
    fast = _FASTEST_S + (rng.random(size) * (HOUR_S - _FASTEST_S)).astype(np.int64)
    slow_days = _SLOW_MEDIAN_HOURS / 24 * np.exp(_SLOW_SIGMA * rng.standard_normal(size))
    slow = HOUR_S + np.minimum(seconds(slow_days), 30 * DAY_S)
    return np.asarray(np.where(is_fast, fast, slow))
