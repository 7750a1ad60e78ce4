"""Nights in process groups of their own, killed at a chosen moment.

Belongs here: forking a process that has imported everything already, so that two hundred nights do
not import it two hundred times; and the moments at which it is killed. Does not belong here: what
must hold afterwards (invariants.py), what a power cut takes besides (power.py).

A moment is the n-th change of a file below the home, which the process itself counts (renames,
links, removals, files opened for writing by Python), or a second of its processor time, which falls
anywhere: in dbt, in DuckDB, in Great Expectations, in SQLite.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tests.faults.power import ForgetfulDisk

T = TypeVar("T")

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_TICKS = os.sysconf("SC_CLK_TCK")
_LONGEST_SECONDS = 1800
_STATES = ("os.rename", "os.symlink", "os.link", "os.remove", "os.mkdir", "os.chmod")


@dataclass(frozen=True)
class Moment:
    """When to kill: at the n-th change of the home's files, just before it happens; before the
    first change whose line in the trace begins with `before`; or once so many seconds of processor
    time are used up. With `power_cut`, whatever was not synced by then is lost.
    """

    change: int | None = None
    cpu_seconds: float | None = None
    before: str | None = None
    power_cut: bool = False

    def __str__(self) -> str:
        fault = "power cut" if self.power_cut else "killed"
        if self.change is not None:
            return f"{fault} before change {self.change}"
        if self.before is not None:
            return f"{fault} before {self.before}"
        return f"killed at {self.cpu_seconds:.2f} CPU-s"


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status, or None when it was killed; what it printed."""

    status: int | None
    cpu_seconds: float
    printed: str


def import_everything() -> None:
    """What a night imports. Nothing is done with it in this process: a pool of threads, such as
    polars starts at its first query, would not survive the fork.
    """
    import dagster_dbt  # noqa: F401
    import dbt.adapters.duckdb.impl
    import dbt.cli.main  # noqa: F401
    import great_expectations  # noqa: F401

    import orchestration.cli
    import orchestration.commands.printing
    import orchestration.definitions
    import orchestration.gate.engine
    import orchestration.gate.run
    import orchestration.recovery  # noqa: F401


def run(
    home: Path, *arguments: str, kill: Moment | None = None, trace: Path | None = None
) -> Ended:
    """Run `flywheel <arguments>` on a home in a process group of its own, killed at a moment.

    `trace` gets a line for each change of a file below the home.
    """
    return run_function(home, partial(_flywheel, home, arguments), kill=kill, trace=trace)


def run_function(
    home: Path, function: Callable[[], None], kill: Moment | None, trace: Path | None = None
) -> Ended:
    """The same for a function that works on a home."""
    output = home.parent / "printed.txt"
    child = os.fork()
    if child == 0:
        os.setsid()
        _become(home, function, output, kill, trace)
    status, used = _wait(child, kill.cpu_seconds if kill else None)
    was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return Ended(
        None if was_killed else os.waitstatus_to_exitcode(status),
        used,
        output.read_text(errors="replace"),
    )


def call(function: Callable[..., T], *arguments: Any) -> T:
    """What a function returns that is called in a process of its own.

    What this process did with polars or DuckDB, its children could not do any more.
    """
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(inlet)
            with os.fdopen(outlet, "wb") as pipe:
                pickle.dump(function(*arguments), pipe)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(outlet)
    with os.fdopen(inlet, "rb") as pipe:
        returned = pipe.read()
    if os.waitpid(child, 0)[1] != 0:
        raise RuntimeError(f"{function.__name__} failed in its process; see above")
    result: T = pickle.loads(returned)
    return result


def _wait(child: int, cpu_seconds: float | None) -> tuple[int, float]:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return status, usage.ru_utime + usage.ru_stime
        if time.monotonic() > deadline or (
            cpu_seconds is not None and _cpu_seconds(child) >= cpu_seconds
        ):
            os.killpg(child, signal.SIGKILL)
            _, status, usage = os.wait4(child, 0)
            if time.monotonic() > deadline:
                raise TimeoutError(f"a night did not end within {_LONGEST_SECONDS} seconds")
            return status, usage.ru_utime + usage.ru_stime
        time.sleep(0.004)


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _flywheel(home: Path, arguments: tuple[str, ...]) -> None:
    os.environ["FLYWHEEL_HOME"] = str(home)
    sys.argv = ["flywheel", *arguments]
    from orchestration.cli import main

    main()


def _become(
    home: Path,
    function: Callable[[], None],
    output: Path,
    kill: Moment | None,
    trace: Path | None,
) -> None:
    """Never returns."""
    status = 70
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        lines = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) if trace else None
        if lines is not None or (kill is not None and kill.cpu_seconds is None):
            disk = ForgetfulDisk(home / ".attic") if kill and kill.power_cut else None
            if disk is not None:
                os.fsync = disk.fsync
            sys.addaudithook(_Watcher(str(home), kill, lines, disk))
        function()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


class _Watcher:
    """Counts the changes below a home, and ends the process before the one that was chosen."""

    def __init__(
        self, home: str, kill: Moment | None, lines: int | None, disk: ForgetfulDisk | None
    ) -> None:
        self._home, self._kill, self._lines, self._disk = home, kill, lines, disk
        self._changes = 0
        self._is_at_work = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_at_work or (event not in _STATES and not _is_writing(event, arguments)):
            return
        # The target of a rename or a link says what the change is.
        path = str(arguments[event in ("os.rename", "os.symlink", "os.link")])
        if not path.startswith(self._home) or path.startswith(f"{self._home}/dbt_target/"):
            # What dbt compiles is thrown away and written anew every night.
            return
        self._is_at_work = True
        try:
            self._note(event, arguments, f"{event} {path.removeprefix(self._home)}")
        finally:
            self._is_at_work = False

    def _note(self, event: str, arguments: tuple[Any, ...], line: str) -> None:
        self._changes += 1
        if self._lines is not None:
            os.write(self._lines, f"{line}\n".encode())
        kill = self._kill
        if kill is not None and (
            self._changes == kill.change
            or (kill.before is not None and line.startswith(kill.before))
        ):
            if self._disk is not None:
                self._disk.cut()
            os.killpg(0, signal.SIGKILL)
        if self._disk is not None:
            self._disk.about_to(event, arguments)


def _is_writing(event: str, arguments: tuple[Any, ...]) -> bool:
    return event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITING)
