"""How a command ends, for whoever called it.

Belongs here: the four numbers that README names. Does not belong here: when each is given.
"""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """What the calling shell or scheduler is told; the highest of several nights counts."""

    DONE = 0
    # A gate refused the night.
    REFUSED = 1
    # How the command was called, or what is set, is wrong.
    USAGE = 2
    # A step failed.
    FAILED = 3
