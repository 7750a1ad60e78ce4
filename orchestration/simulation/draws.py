"""The two draws that every part of the company uses.

Belongs here: drawing by share and drawing an instant. Does not belong here: what is drawn.
"""

from __future__ import annotations

import numpy as np

from orchestration.simulation.period import Floats, Ints


def between(rng: np.random.Generator, first_s: Ints | int, last_s: Ints | int, size: int) -> Ints:
    """`size` instants drawn evenly from [first_s, last_s), element by element."""
    return first_s + (rng.random(size) * (np.asarray(last_s) - first_s)).astype(np.int64)


def pick(rng: np.random.Generator, shares: Floats, size: int) -> Ints:
    """`size` indices into `shares`, each drawn in proportion to its share (shares need not sum)."""
    bounds = np.cumsum(shares)
    drawn = np.searchsorted(bounds, rng.random(size) * bounds[-1], side="right")
    return np.asarray(np.minimum(drawn, len(bounds) - 1))
