"""Every file of the corpus has the outcome that its case states, and leaves nothing behind.

Belongs here: what is asserted of a single landed file. Does not belong here: the files
(*_files.py), what else stands in a landing folder (test_folder.py).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from orchestration.extracts.ledger import Ledger
from orchestration.settings import Settings
from tests.corpus.case import Case, outcome_of
from tests.corpus.files import CASES

# What a loaded night may write, and nothing else.
_WRITTEN = ("bronze/*/*/*/*.parquet", "bronze/*.parquet", "quarantine/*/*/*/*.parquet")


def _files_of(above: Path) -> dict[str, bytes]:
    """Every file above and in the home, but those that loading may write."""
    home = above / "home"
    written = {path for pattern in _WRITTEN for path in home.glob(pattern)}
    return {
        str(path): path.read_bytes()
        for path in above.rglob("*")
        if path.is_file() and path not in written
    }


def test_no_two_cases_have_one_title() -> None:
    assert [title for title, count in Counter(c.title for c in CASES).items() if count > 1] == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in CASES])
def test_a_hostile_file_has_the_outcome_that_its_case_states(case: Case, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    outcome = outcome_of(case, tmp_path)
    load = outcome.load

    if case.error:
        assert load.error is not None
        assert case.error in load.error
    else:
        assert load.error is None
    assert outcome.accepted == list(case.accepted)
    assert outcome.refused.keys() == case.refused.keys()
    assert all(outcome.refused[row].startswith(rule) for row, rule in case.refused.items())
    assert (load.rows_accepted, load.rows_quarantined) == (len(case.accepted), len(case.refused))
    assert load.rows_read == load.rows_accepted + load.rows_quarantined
    assert Ledger(settings.ledger).loads == [load]
    # Neither scratch nor anything that a name in the file asked for; the landing is as it was.
    kept = {f"landing/{case.source}/2025-09-28/{name}" for name in (case.file, "_SUCCESS")}
    kept |= {"sources/acme.yml"}
    assert {str(Path(path).relative_to(settings.root)) for path in _files_of(tmp_path)} == kept
    landed = settings.landing / case.source / "2025-09-28" / case.file
    assert landed.read_bytes() == case.data(tmp_path)
