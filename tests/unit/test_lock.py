"""One night at a time, and no lock that outlives its process.

Belongs here: the lock between processes. Does not belong here: what a night does under it.
"""

from __future__ import annotations

import pytest

from orchestration.lock import NightRunningError, hold_lock, lock_for_a_moment
from orchestration.settings import Settings
from tests.locks import another_night, attempt


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


def test_a_process_that_lives_on_may_take_the_lock_for_a_moment(settings: Settings) -> None:
    with lock_for_a_moment(settings):
        assert attempt(settings).returncode == 1

    assert attempt(settings).returncode == 0


def test_a_moment_ends_no_lock_that_is_held_anyway(settings: Settings) -> None:
    hold_lock(settings)
    with lock_for_a_moment(settings):
        pass

    assert attempt(settings).returncode == 1


def test_a_process_may_take_its_own_lock_again(settings: Settings) -> None:
    hold_lock(settings)
    hold_lock(settings)

    assert attempt(settings).returncode == 1
