"""Another process that holds the lock of a home.

Belongs here: what tests of nights at the same time begin from. Does not belong here: the lock.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.settings import Settings

_HOLD = """
import sys
from pathlib import Path
from orchestration.lock import hold_lock
from orchestration.settings import Settings

hold_lock(Settings(home=Path(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""
_TRY = """
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
        [sys.executable, "-c", _HOLD, str(settings.home)],
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
        [sys.executable, "-c", _TRY, str(settings.home)],
        capture_output=True,
        text=True,
        check=False,
    )
