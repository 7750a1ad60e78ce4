"""Commands in this process, which has imported by now what a night needs.

Belongs here: running a command from its arguments to its exit status, as the console script does.
Does not belong here: what only a process of its own shows, as that the script starts and what is on
its standard error.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from orchestration import cli


def flywheel(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `flywheel <arguments>` answers under these variables, besides those of this process."""
    said, complained = io.StringIO(), io.StringIO()
    status: object = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        _variables(environment),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        patch.setattr(sys, "argv", ["flywheel", *arguments])
        try:
            cli.main()
        except SystemExit as ended:
            status = ended.code
        finally:
            # A night that is alone in its process does without the collector.
            gc.enable()
    return subprocess.CompletedProcess(
        arguments, int(str(status or 0)), said.getvalue(), complained.getvalue()
    )


@contextlib.contextmanager
def _variables(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
