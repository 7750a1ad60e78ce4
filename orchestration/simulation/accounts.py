"""The accounts: companies that opportunities are opened with.

Belongs here: names, sizes, places, parents, growth, and duplicates merged into their original.
Does not belong here: the opportunities themselves, and the columns of the Account file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.simulation.draws import between, pick
from orchestration.simulation.period import HOUR_S, NEVER, Flags, Floats, Ints, Period

INDUSTRIES = (
    "Technology", "Manufacturing", "Healthcare", "Finance", "Retail",
    "Energy", "Education", "Media", "Transportation", "Consulting",
)  # fmt: skip
COUNTRIES = ("United States", "Canada", "United Kingdom", "Germany", "France", "Japan", "Brazil")
_COUNTRY_SHARES = np.array([0.62, 0.08, 0.1, 0.08, 0.05, 0.04, 0.03])
_FIRST_WORDS = (
    "Acme", "Alpine", "Amber", "Apex", "Aurora", "Beacon", "Birch", "Bluebird", "Bright",
    "Cascade", "Cedar", "Cobalt", "Copper", "Coral", "Crescent", "Delta", "Eagle", "Ember",
    "Evergreen", "Falcon", "Fjord", "Garnet", "Golden", "Granite", "Harbor", "Helix", "Horizon",
    "Iron", "Ivory", "Juniper", "Keystone", "Lakeside", "Lumen", "Maple", "Meridian", "Metro",
    "Nimbus", "Northern", "Oak", "Onyx", "Orchid", "Pacific", "Pinnacle", "Prairie", "Quartz",
    "Redwood", "River", "Sable", "Sierra", "Silver", "Solar", "Summit", "Sunrise", "Terra",
    "Titan", "Umbra", "Vertex", "Violet", "Willow", "Zenith",
)  # fmt: skip
_SECOND_WORDS = (
    "Analytics", "Bank", "Biotech", "Builders", "Capital", "Chemicals", "Clinics", "Dairy", "Data",
    "Design", "Devices", "Dynamics", "Energy", "Foods", "Freight", "Games", "Glass", "Health",
    "Holdings", "Hotels", "Insurance", "Labs", "Lighting", "Logistics", "Media", "Metals", "Mills",
    "Motors", "Networks", "Outfitters", "Paper", "Pharma", "Robotics", "Schools", "Security",
    "Software", "Steel", "Systems", "Telecom", "Textiles",
)  # fmt: skip
# Names that a careless CSV writer would break are common in every real CRM.
_PATTERNS = (
    "{0} {1}", "{0} {1} Ltd", "{0} {1}, Inc.", "{0} {1} GmbH", "{0} {1} S.à r.l.",
    "{0} & {1}", 'The "{0}" {1} Company', "{0} {1}, LLC",
)  # fmt: skip
_ACCOUNTS_PER_OPPORTUNITY = 1 / 3
_DUPLICATE_SHARE = 0.01
_PARENT_SHARE = 0.04
_GROWTH_SHARE = 0.1


@dataclass(frozen=True)
class Accounts:
    """All accounts, oldest first; the last ones are duplicates that nothing refers to.

    `parent` and `merged_into` are indices of accounts, -1 for none. `employee_count` becomes
    `later_employee_count` at `resized_at`; a duplicate is merged at `merged_at`.
    """

    name: pl.Series
    industry: Ints
    country: Ints
    is_customer: Flags
    employee_count: Ints
    later_employee_count: Ints
    revenue_per_employee: Floats
    owner: Ints
    parent: Ints
    merged_into: Ints
    created_at: Ints
    resized_at: Ints
    merged_at: Ints

    def modified_at(self, end_s: int) -> Ints:
        """The last change of each account before `end_s`; `NEVER` for one not yet created."""
        last = np.where(self.created_at < end_s, self.created_at, NEVER)
        last = np.where(self.resized_at < end_s, self.resized_at, last)
        return np.where(self.merged_at < end_s, self.merged_at, last)


def assign_accounts(size: int, rng: np.random.Generator) -> tuple[Ints, Flags]:
    """An account for each of `size` opportunities in order of creation, about three to one.

    Returns the account's index and whether the opportunity opens it. An account is numbered
    when its first opportunity comes, so that no opportunity is older than its account.
    """
    opens = np.zeros(size, dtype=bool)
    opens[0] = True
    count = max(1, round(size * _ACCOUNTS_PER_OPPORTUNITY))
    opens[1 + rng.permutation(size - 1)[: count - 1]] = True
    newest = np.cumsum(opens) - 1
    any_known = (rng.random(size) * (newest + 1)).astype(np.int64)
    return np.where(opens, newest, any_known), opens


def draw_accounts(
    opened_at: Ints, opened_by: Ints, period: Period, rng: np.random.Generator
) -> Accounts:
    """An account for each opening (instant, owner), and a few duplicates of them."""
    original_count = len(opened_at)
    duplicate_count = round(original_count * _DUPLICATE_SHARE)
    count = original_count + duplicate_count
    original = (rng.random(duplicate_count) * original_count).astype(np.int64)

    created_at = np.concatenate(
        [
            opened_at - (rng.random(original_count) * HOUR_S).astype(np.int64),
            between(rng, opened_at[original], period.end_s, duplicate_count),
        ]
    )
    merged_at = np.full(count, NEVER)
    merged_at[original_count:] = between(
        rng, created_at[original_count:] + 1, period.end_s + 1, duplicate_count
    )
    merged_into = np.full(count, -1)
    merged_into[original_count:] = original

    parent = np.where(
        rng.random(count) < _PARENT_SHARE,
        (rng.random(count) * np.minimum(np.arange(count), original_count)).astype(np.int64),
        -1,
    )
    parent[0] = -1
    parent[original_count:] = -1

    grows = rng.random(count) < _GROWTH_SHARE
    grows[original_count:] = False
    resized_at = np.where(grows, between(rng, created_at + 1, period.end_s + 1, count), NEVER)
    employee_count = np.rint(np.exp(4.8 + 1.4 * rng.standard_normal(count))).astype(np.int64) + 1
    growth = np.exp(0.3 * rng.standard_normal(count))
    name_index = pick(rng, np.ones(len(_NAMES)), count)
    name_index[original_count:] = name_index[original]
    owner = np.concatenate([opened_by, opened_by[original]])

    return Accounts(
        name=_NAMES.gather(name_index),
        industry=pick(rng, np.ones(len(INDUSTRIES)), count),
        country=pick(rng, _COUNTRY_SHARES, count),
        is_customer=rng.random(count) < 0.35,
        employee_count=employee_count,
        later_employee_count=np.rint(employee_count * growth).astype(np.int64) + 1,
        revenue_per_employee=80_000 + np.rint(rng.random(count) * 170_000),
        owner=owner,
        parent=parent,
        merged_into=merged_into,
        created_at=created_at,
        resized_at=resized_at,
        merged_at=merged_at,
    )


_NAMES = pl.Series(
    [
        pattern.format(first, second)
        for first in _FIRST_WORDS
        for second in _SECOND_WORDS
        for pattern in _PATTERNS
    ]
)
