"""A hostile file may also make a reader run for ever: then its case fails.

Belongs here: the alarm. Does not belong here: how long a case should take.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

_FOR_EVER_SECONDS = 120


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError(f"no end after {_FOR_EVER_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(_FOR_EVER_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
