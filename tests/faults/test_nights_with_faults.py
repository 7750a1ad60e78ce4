"""One night under one fault after another: each ends in the old version, and the last in what an
undisturbed night makes.

Belongs here: whole nights, killed at the moments that are hardest to understand afterwards, on a
disk that is full or read-only, beside another night. Does not belong here: many kills at random
(kills.py), one file lost or damaged (test_recovery.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT

Seen = dict[str, Any]
OLD, NEW = "2025-09-28-001", "2025-09-29-001"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("nights")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.nights", folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def fault(told: Seen, name: str) -> Seen:
    """What was seen of a fault."""
    return next(each for each in told["faults"] if each["fault"] == name)


def of_the_disk(told: Seen, name: str) -> Seen:
    """The same, of one that needs a disk of its own."""
    if not told["own_disk"]:
        pytest.skip("this user may not mount a disk of its own to fill it or to protect it")
    return fault(told, name)


def test_after_every_fault_what_is_published_opens_and_holds(told: Seen) -> None:
    assert [each for each in [*told["faults"], told["last"]] if each["broken"]] == []


def test_every_kill_struck(told: Seen) -> None:
    kills = [each for each in told["faults"] if each["is_kill"]]
    assert len(kills) == 6
    assert [each for each in kills if each["status"] is not None] == []


def test_readers_see_the_old_version_until_the_new_one_stands(told: Seen) -> None:
    shown = [each["shown"] for each in told["faults"]]
    assert shown == sorted(shown)
    assert {*shown} == {OLD, NEW}


def test_the_night_after_all_faults_is_as_if_there_had_been_none(told: Seen) -> None:
    """Each of its tables, row for row, and published once."""
    assert told["last"]["status"] == 0, told["last"]["printed"]
    assert told["odd"] == []


def test_a_damaged_candidate_is_thrown_away(told: Seen) -> None:
    """The night that met one got as far as the rename by which it would have been published."""
    seen = fault(told, "damaged candidate")
    assert (seen["is_kill"], seen["status"], seen["broken"]) == (True, None, [])


def test_a_publication_that_was_cut_off_is_completed_and_not_repeated(told: Seen) -> None:
    assert f"version {NEW} was completed" in told["last"]["printed"]
    assert "nothing new" in told["last"]["printed"]


def test_of_two_nights_at_once_the_second_stops_and_says_why(told: Seen) -> None:
    second = fault(told, "another night")
    assert second["status"] == 2
    assert "another night is running" in second["printed"]


def test_a_disk_mounted_for_reading_is_named(told: Seen) -> None:
    seen = of_the_disk(told, "read-only")
    assert seen["status"] == 3
    assert "is mounted read-only: mount it for writing and run again" in seen["printed"]
    assert "Traceback" not in seen["printed"]


@pytest.mark.parametrize("when", ["full before bronze", "full in the build"])
def test_a_full_disk_is_named_with_what_is_left_of_it(told: Seen, when: str) -> None:
    seen = of_the_disk(told, when)
    assert seen["status"] == 3
    assert "is full (" in seen["printed"]
    assert "free some space" in seen["printed"]
    assert "Traceback" not in seen["printed"]
