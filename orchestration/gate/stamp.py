"""A stamp ties a passed gate to the very file it looked at.

Belongs here: giving the stamp and demanding it. Dagster runs no checks when somebody materialises
the publication alone, so publication must not take Dagster's word.
Does not belong here: the checks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from orchestration.settings import Settings


class NotGatedError(Exception):
    """There is no passed gate for this candidate; the text says what is missing."""


@dataclass(frozen=True)
class Stamp:
    """A passed gate: which run, on which bytes, with how many checks."""

    run_id: str
    bytes: int
    modified_ns: int
    expected_checks: int
    ran_checks: int
    warnings: int


def give_stamp(
    settings: Settings, run_id: str, expected_checks: int, ran_checks: int, warnings: int
) -> Stamp:
    """Stamp the candidate as it lies there.

    Raises NotGatedError when a check did not run.
    """
    if ran_checks != expected_checks or not expected_checks:
        raise NotGatedError(
            f"{ran_checks} checks ran, {expected_checks} are declared: a check that did not run "
            f"is a failure"
        )
    _require_closed(settings)
    stat = settings.candidate.stat()
    stamp = Stamp(run_id, stat.st_size, stat.st_mtime_ns, expected_checks, ran_checks, warnings)
    _path(settings).write_bytes(orjson.dumps(asdict(stamp)))
    return stamp


def require_stamp(settings: Settings) -> Stamp:
    """The stamp of this very candidate.

    Raises NotGatedError when there is none, or it belongs to other bytes.
    """
    if not settings.candidate.exists():
        raise NotGatedError("there is no candidate to publish: run a night")
    if not _path(settings).exists():
        raise NotGatedError("no gate has passed this candidate: run a whole night")
    _require_closed(settings)
    stamp = Stamp(**orjson.loads(_path(settings).read_bytes()))
    stat = settings.candidate.stat()
    if (stamp.bytes, stamp.modified_ns) != (stat.st_size, stat.st_mtime_ns):
        raise NotGatedError("the candidate was changed after the gate had passed it")
    if stamp.ran_checks != stamp.expected_checks:
        raise NotGatedError("the stamp says that checks are missing")
    return stamp


def _require_closed(settings: Settings) -> None:
    log = settings.candidate.with_name(f"{settings.candidate.name}.wal")
    if log.exists():
        raise NotGatedError(
            f"{log} lies beside the candidate: a process was killed while it wrote, and what it "
            f"wrote has passed no gate"
        )


def remove_stamp(settings: Settings) -> None:
    """A new candidate is not gated yet."""
    _path(settings).unlink(missing_ok=True)


def _path(settings: Settings) -> Path:
    return settings.candidate.with_name("gate.json")
