"""The simulated span of time and the units in which the simulation counts it.

Belongs here: where the history begins, where each night ends, and how seconds become days.
Does not belong here: what happens in the span, and how an instant is spelled in a file.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# Instants are whole seconds and days are whole days since 1970-01-01 UTC.
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

DAY_S = 86_400
HOUR_S = 3_600
HISTORY_DAYS = 730  # two years, so that each month of the year is seen twice before the first night
NEVER = int(np.iinfo(np.int64).max)

_EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class Period:
    """`HISTORY_DAYS` of past followed by `nights` consecutive nights from `first_night`."""

    first_night: datetime.date
    nights: int

    @property
    def start_day(self) -> int:
        """The first day of the history."""
        return (self.first_night - _EPOCH).days - HISTORY_DAYS

    @property
    def day_count(self) -> int:
        """Days from the start of the history to the last night, both included."""
        return HISTORY_DAYS + self.nights

    @property
    def start_s(self) -> int:
        """The instant at which the history begins."""
        return self.start_day * DAY_S

    @property
    def end_s(self) -> int:
        """The instant at which the last night is over (exclusive)."""
        return self.night_end_s(self.nights - 1)

    def night_end_s(self, night: int) -> int:
        """The instant at which night number `night` (0 = first) is over (exclusive)."""
        return (self.start_day + HISTORY_DAYS + night + 1) * DAY_S

    def dates(self) -> list[datetime.date]:
        """The nights as calendar dates, oldest first."""
        return [self.first_night + datetime.timedelta(days=night) for night in range(self.nights)]


def day_of(instants: Ints) -> Ints:
    """The UTC day of each instant; same shape as `instants`."""
    return instants // DAY_S


def iso_date(instant: int) -> str:
    """The UTC day of an instant as YYYY-MM-DD."""
    return (_EPOCH + datetime.timedelta(seconds=int(instant))).isoformat()


def seconds(days: Floats) -> Ints:
    """Durations in days as whole seconds, at least one, so that no stay is empty by rounding."""
    return np.maximum(np.rint(days * DAY_S).astype(np.int64), 1)
