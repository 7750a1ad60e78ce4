"""Nights in process groups of their own, killed at a chosen moment.

Belongs here: forking a process that has imported everything already, so that two hundred nights do
not import it two hundred times; and the moments at which it is killed. Does not belong here: what
must hold afterwards (invariants.py).

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
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_TICKS = os.sysconf("SC_CLK_TCK")
_LONGEST_SECONDS = 1800
_STATES = ("os.rename", "os.symlink", "os.link", "os.remove", "os.mkdir", "os.chmod")


@dataclass(frozen=True)
class Moment:
    """When to kill: at the n-th change of the home's files, just before it happens; or once so
    many seconds of processor time are used up; or before the first change that looks like
    `before`: the end of its line in the trace.
    """

    change: int | None = None
    cpu_seconds: float | None = None
    before: str | None = None

    def __str__(self) -> str:
        if self.change is not None:
            return f"before change {self.change}"
        if self.before is not None:
            return f"before {self.before}"
        return f"at {self.cpu_seconds:.2f} CPU-s"


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
    import orchestration.definitions
    import orchestration.gate.engine
    import orchestration.gate.run
    import orchestration.recovery
    import orchestration.report  # noqa: F401


def run(
    home: Path, *arguments: str, kill: Moment | None = None, trace: Path | None = None
) -> Ended:
    """Run `flywheel <arguments>` on a home in a process group of its own, killed at a moment.

    `trace` gets a line for each change of a file below the home.
    """
    output = home.parent / "printed.txt"
    child = os.fork()
    if child == 0:
        os.setsid()
        _become_flywheel(home, arguments, output, kill, trace)
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


def _become_flywheel(
    home: Path,
    arguments: tuple[str, ...],
    output: Path,
    kill: Moment | None,
    trace: Path | None,
) -> None:
    """Never returns."""
    status = 70
    try:
        os.environ["FLYWHEEL_HOME"] = str(home)
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        lines = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if trace else None
        if lines is not None or (kill is not None and kill.cpu_seconds is None):
            sys.addaudithook(_counting(str(home), kill, lines))
        sys.argv = ["flywheel", *arguments]
        from orchestration.cli import main

        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _counting(
    home: str, kill: Moment | None, lines: int | None
) -> Callable[[str, tuple[Any, ...]], None]:
    changes = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        if event not in _STATES and not (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
        ):
            return
        # The target of a rename or a link says what the change is.
        place = 1 if event in ("os.rename", "os.symlink", "os.link") else 0
        path = str(arguments[place])
        if not path.startswith(home) or path.startswith(f"{home}/dbt_target/"):
            # What dbt compiles is thrown away and written anew every night.
            return
        changes += 1
        line = f"{event} {path.removeprefix(home)}"
        if lines is not None:
            os.write(lines, f"{line}\n".encode())
        if kill is not None and (
            changes == kill.change or (kill.before is not None and line.endswith(kill.before))
        ):
            os.killpg(0, signal.SIGKILL)

    return hook
