"""Wherever a publication or a rollback is cut off, readers see one version whole, and the next run
ends where an undisturbed one would have.

Belongs here: every cut of the few steps that publish, by a kill and by a power cut. Does not belong
here: kills of whole nights (test_nights_with_faults.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT

Cut = dict[str, Any]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Cut]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.cuts", tmp_path_factory.mktemp("cuts")],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def cuts(told: list[Cut], story: str) -> tuple[Cut, list[Cut]]:
    """The undisturbed one, and those that were cut off."""
    whole, *cut = [each for each in told if each["story"] == story]
    assert whole["status"] == 0
    return whole["after"], cut


@pytest.mark.parametrize("story", ["publication", "rollback"])
def test_every_cut_happened(told: list[Cut], story: str) -> None:
    _, cut = cuts(told, story)
    assert [each["cut"] for each in cut if each["status"] is not None] == []
    # The renames of version, symlink, ledger and memory at least, by kill and by power cut.
    assert len(cut) >= 2 * (4 if story == "publication" else 2)


@pytest.mark.parametrize("story", ["publication", "rollback"])
def test_readers_see_the_old_version_or_the_new_one_whole(told: list[Cut], story: str) -> None:
    _, cut = cuts(told, story)
    assert [each for each in cut if each["before"]["shown"] not in ([1], [2])] == []
    assert {each["before"]["shown"][0] for each in cut} == {1, 2}


def test_the_next_night_ends_as_if_nothing_had_happened(told: list[Cut]) -> None:
    """The same names of versions too: no night is published twice."""
    whole, cut = cuts(told, "publication")
    assert [each for each in cut if each["after"] != whole] == []


def test_a_version_that_readers_have_seen_is_not_taken_from_them(told: list[Cut]) -> None:
    _, cut = cuts(told, "publication")
    seen = [each for each in cut if each["before"]["shown"] == [2]]
    assert [each for each in seen if "2025-09-28-002" not in each["after"]["files"]] == []


def test_the_operator_is_told_what_was_completed(told: list[Cut]) -> None:
    _, cut = cuts(told, "publication")
    forgotten = [
        each
        for each in cut
        if "2025-09-28-002" in each["before"]["files"]
        and ["2025-09-28-002", False] not in each["before"]["publications"]
    ]
    assert forgotten
    assert [each for each in forgotten if "2025-09-28-002 was completed" not in str(each)] == []


def test_a_rollback_is_done_or_not_begun(told: list[Cut]) -> None:
    whole, cut = cuts(told, "rollback")
    begun = [each for each in cut if each["before"]["shown"] == [1]]
    assert begun
    assert [each for each in begun if each["after"] != whole] == []
    others = [each for each in cut if each not in begun]
    assert [each for each in others if each["after"] != each["before"]] == []
