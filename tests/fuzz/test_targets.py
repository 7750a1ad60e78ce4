"""The targets of the fuzzer hold for files of the corpus, so that the fuzzer does not rot.

Belongs here: every target on some seeds. Does not belong here: mutations (run.py).
"""

from __future__ import annotations

from itertools import islice

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

# No divisor of any number of choices: in turn every one of them comes.
_LONGEST, _STEP = 5_000, 23


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_the_files_of_the_corpus(name: str) -> None:
    for seed in islice(seeds(name, _LONGEST), 0, None, _STEP):
        TARGETS[name](seed)
