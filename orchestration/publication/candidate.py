"""The private file that a night writes and no reader sees.

Belongs here: its beginning and its end. Does not belong here: what is built into it (warehouse/).
"""

from __future__ import annotations

from orchestration.gate.stamp import remove_stamp
from orchestration.settings import Settings


def discard_candidate(settings: Settings) -> None:
    """Make room for a new candidate; what an interrupted night left is thrown away."""
    candidate = settings.candidate
    candidate.parent.mkdir(parents=True, exist_ok=True)
    remove_stamp(settings)
    for leftover in candidate.parent.glob(f"{candidate.name}*"):
        leftover.unlink()
