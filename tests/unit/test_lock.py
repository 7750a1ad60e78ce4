"""One night at a time, and no lock that outlives its process.

Belongs here: the lock between processes. Does not belong here: what a night does under it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orchestration.lock import NightRunningError, hold_lock
from orchestration.settings import Settings

HOLD = """
import sys
from pathlib import Path
from orchestration.lock import hold_lock
from orchestration.settings import Settings

hold_lock(Settings(home=Path(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""
TRY = """
import sys
from pathlib import Path
from orchestration.lock import NightRunningError, hold_lock
from orchestration.settings import Settings

try:
    hold_lock(Settings(home=Path(sys.argv[1])))
except NightRunningError as error:
    sys.exit(str(error))
"""


@contextmanager
def another_night(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def attempt(settings: Settings) -> subprocess.CompletedProcess[str]:
    """A process that takes the lock and ends, or says why it cannot."""
    return subprocess.run(
        [sys.executable, "-c", TRY, str(settings.home)], capture_output=True, text=True, check=False
    )


def test_a_second_process_is_refused_with_the_number_of_the_first(settings: Settings) -> None:
    with (
        another_night(settings) as night,
        pytest.raises(NightRunningError, match=rf"process {night.pid}\b"),
    ):
        hold_lock(settings)


def test_a_refused_attempt_leaves_the_name_of_the_holder_in_place(settings: Settings) -> None:
    with another_night(settings) as night:
        attempt(settings)

        assert f"process {night.pid})" in attempt(settings).stderr


def test_the_lock_of_a_killed_process_is_free(settings: Settings) -> None:
    with another_night(settings) as night:
        night.kill()
        night.wait()

        assert attempt(settings).returncode == 0


def test_the_lock_is_named_after_who_holds_it_now_and_not_after_who_held_it(
    settings: Settings,
) -> None:
    attempt(settings)
    with another_night(settings) as night:
        assert f"process {night.pid})" in attempt(settings).stderr


def test_the_lock_of_one_home_does_not_lock_another(settings: Settings) -> None:
    with another_night(settings):
        assert attempt(Settings(home=settings.root / "other")).returncode == 0


def test_a_process_may_take_its_own_lock_again(settings: Settings) -> None:
    hold_lock(settings)
    hold_lock(settings)

    assert attempt(settings).returncode == 1
