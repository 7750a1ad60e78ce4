"""The targets of the fuzzer hold for the files of the corpus, so that the fuzzer does not rot.

Belongs here: every target on every seed. Does not belong here: mutations (run.py).
"""

from __future__ import annotations

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, choices

_LONGEST = 5_000


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_the_files_of_the_corpus(name: str) -> None:
    for seed in seeds(choices(name), _LONGEST):
        TARGETS[name](seed)
