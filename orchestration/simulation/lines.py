"""What was sold: the product lines of won opportunities.

Belongs here: which products, how many units, how the amount is divided. Does not belong here: the
columns of the OpportunityLineItem file (`salesforce.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.simulation.draws import pick
from orchestration.simulation.lives import NO_AMOUNT, Changes
from orchestration.simulation.opportunities import PRODUCTS, Opportunities
from orchestration.simulation.period import Ints
from orchestration.simulation.truth import WON_RANK

_SECOND_LINE_SHARE = 0.4
_MOST_UNITS = 5


@dataclass(frozen=True)
class Lines:
    """All lines, in the order of the wins that wrote them; the lines of a win sum to its amount."""

    opportunity: Ints
    product: Ints
    quantity: Ints
    total_cents: Ints
    created_at: Ints


def draw_lines(opportunities: Opportunities, changes: Changes, rng: np.random.Generator) -> Lines:
    """One or two lines for each win whose amount is known."""
    is_win = (changes.rank == WON_RANK) & (changes.previous_rank != WON_RANK)
    wins = np.flatnonzero(is_win & (changes.amount_cents != NO_AMOUNT))
    has_second = rng.random(len(wins)) < _SECOND_LINE_SHARE
    first_part = np.rint(changes.amount_cents[wins] * (0.3 + 0.6 * rng.random(len(wins))))
    first_cents = np.where(has_second, first_part.astype(np.int64), changes.amount_cents[wins])
    seconds_of = np.flatnonzero(has_second)
    place = np.concatenate([np.arange(len(wins)), seconds_of])
    order = np.argsort(place, kind="stable")
    win = wins[place]

    own_product = opportunities.product[changes.opportunity[win]]
    is_second = np.arange(len(win)) >= len(wins)
    other = pick(rng, np.ones(len(PRODUCTS) - 1), len(win)) + 1
    total_cents = np.concatenate(
        [first_cents, (changes.amount_cents[wins] - first_cents)[seconds_of]]
    )
    return Lines(
        opportunity=changes.opportunity[win][order],
        product=np.where(is_second, (own_product + other) % len(PRODUCTS), own_product)[order],
        quantity=1 + pick(rng, np.ones(_MOST_UNITS), len(win))[order],
        total_cents=total_cents[order],
        created_at=changes.at[win][order],
    )
