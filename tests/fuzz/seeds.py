"""The files of the corpus as a beginning for mutations.

Belongs here: writing them down in the form that targets read. Does not belong here: the files
themselves (tests/corpus/).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.corpus.files import CASES


def seeds(choice_count: int, longest: int) -> Iterator[bytes]:
    """Every file of the corpus that is not too long, once for each thing its first byte chooses."""
    for case in CASES:
        data = case.data(Path("above"))
        if len(data) <= longest:
            for choice in range(choice_count or 1):
                yield (bytes([choice]) if choice_count else b"") + data


def write_seeds(folder: Path, choice_count: int, longest: int) -> None:
    """Write them to a folder of their own."""
    for number, seed in enumerate(seeds(choice_count, longest)):
        (folder / f"{number:05}").write_bytes(seed)
