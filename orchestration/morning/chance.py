"""Whether a share lies below another by more than chance would do.

Belongs here: the interval of a difference of shares, and how sure one must be where several are
compared at once. Does not belong here: which shares are compared, and how it is told (findings.py).
"""

from __future__ import annotations

from math import hypot, sqrt
from statistics import NormalDist

# A share as it was counted: how many of how many.
Share = tuple[int, int]


def normal_quantile(comparisons: int = 1) -> float:
    """So many standard errors that of all comparisons together one in twenty is mistaken at most.

    By C. E. Bonferroni: each is given its part of the twentieth.
    """
    return NormalDist().inv_cdf(1 - 0.025 / comparisons)


def wilson(share: Share, quantile: float) -> tuple[float, float]:
    """Both ends of the score interval (E. B. Wilson, 1927)."""
    successes, trials = share
    rate, spread = successes / trials, quantile**2 / trials
    half = sqrt(rate * (1 - rate) * spread + spread**2 / 4)
    return (
        max(0.0, (rate + spread / 2 - half) / (1 + spread)),
        min(1.0, (rate + spread / 2 + half) / (1 + spread)),
    )


def is_below(lower: Share, higher: Share, quantile: float) -> bool:
    """Whether the interval of their difference leaves out 0 (R. G. Newcombe, 1998, method 10)."""
    low_rate, high_rate = (successes / trials for successes, trials in (lower, higher))
    reach = hypot(high_rate - wilson(higher, quantile)[0], wilson(lower, quantile)[1] - low_rate)
    return high_rate - low_rate > reach
