"""What of a night that was unlike those before is meant to go on, as an operator wrote it down.

Belongs here: the lines of `ops/accepted.csv`, what is wrong with a written one, and finding out
which columns a check warned of. Does not belong here: what a line makes of later nights
(dbt_project/models/ops/night_deviation.sql), the command (commands/accept.py).

A line names a column and a night, never a check that is switched off: later nights are compared
with the values of that night as well as with the usual ones, and what is like neither still warns.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date

from orchestration.durable import replacing
from orchestration.gate.suites import Expectation, read_suites
from orchestration.publication.versions import (
    NoSuchVersionError,
    Publication,
    publications,
    version_files,
    version_path,
)
from orchestration.settings import Settings
from orchestration.sources.model import SourceFileError

NAME = "accepted.csv"
TABLE = "ops.night_deviation"
# It tells of rows that did not come, which a later night can lack for another reason.
_NEVER = ("something_is_new",)


class NothingToAcceptError(Exception):
    """The check warned of nothing in that night, or cannot be accepted; the text says why."""


@dataclass(frozen=True)
class Accepted:
    """One column of one object, as it was in a night. `topic` is that of `ops.night_profile`."""

    night: date
    source_system: str
    object_name: str
    topic: str
    column_name: str
    reason: str
    accepted_on: date


COLUMNS = tuple(field.name for field in fields(Accepted))


def acceptable_checks() -> dict[str, Expectation]:
    """The checks whose warnings can be accepted, by name."""
    (suite,) = (each for each in read_suites() if each.table == TABLE)
    return {each.check: each for each in suite.expectations if each.check not in _NEVER}


def ensure_accepted(settings: Settings) -> None:
    """See that the models can read the file: write one without lines where there is none.

    Raises SourceFileError as `read_accepted` does.
    """
    if (settings.operations / NAME).exists():
        read_accepted(settings)
    else:
        _write(settings, [])


def read_accepted(settings: Settings) -> list[Accepted]:
    """The lines, oldest first. Raises SourceFileError with the line of a mistake and what to do."""
    path = settings.operations / NAME
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise SourceFileError(f"{path}, line 1: the header must be `{','.join(COLUMNS)}`")
        return [_line(row, f"{path}, line {rows.line_num}") for row in rows]


def accept(
    settings: Settings, check: str, night: date | None, reason: str, today: date
) -> list[Accepted]:
    """Write down what a check warned of in a night (the newest published) as meant; return it.

    Raises NothingToAcceptError and NoSuchVersionError with what to do.
    """
    checks = acceptable_checks()
    if check not in checks:
        raise NothingToAcceptError(
            f"`{check}` cannot be accepted; those that can, after a lasting change that was meant: "
            f"{', '.join(checks)}. What other checks say is loosened by expectations/README.md"
        )
    version = _version_of(settings, night)
    columns = _warned_columns(settings, version.version, checks[check])
    if not columns:
        raise NothingToAcceptError(
            f"`{check}` held in the night {version.as_of_date}: there is nothing to accept"
        )
    new = [Accepted(version.as_of_date, *column, reason, today) for column in columns]
    said = {_place(each) for each in new}
    kept = [each for each in read_accepted(settings) if _place(each) not in said]
    _write(settings, [*kept, *new])
    return new


def _place(accepted: Accepted) -> tuple[date, str, str, str, str]:
    return (
        accepted.night, accepted.source_system, accepted.object_name, accepted.topic,
        accepted.column_name,
    )  # fmt: skip


def _version_of(settings: Settings, night: date | None) -> Publication:
    """The newest version of a night whose file is there."""
    there = version_files(settings)
    kept = [each for each in publications(settings) if each.version in there]
    nights = sorted({each.as_of_date for each in kept})
    found = [each for each in kept if night is None or each.as_of_date == night]
    if not found:
        raise NoSuchVersionError(
            f"no version of the night {night} is kept; there are those of "
            f"{', '.join(map(str, nights))}"
            if nights
            else "nothing is published yet: run `flywheel nightly`"
        )
    return found[-1]


def _warned_columns(
    settings: Settings, version: str, expectation: Expectation
) -> list[tuple[str, str, str, str]]:
    """Source, object, topic and column of what a check says of a version."""
    # Who only asks for the status does not pay for it.
    from orchestration.publication.opening import open_version

    query = expectation.query or ""
    with open_version(version_path(settings, version)) as connection:
        topics = connection.execute(f"select distinct topic from {TABLE} order by topic").fetchall()
        found = []
        for (topic,) in topics:
            of_topic = query.format(batch=f"(select * from {TABLE} where topic = '{topic}')")
            rows = connection.execute(
                f"select distinct source_system, object_name, column_name from ({of_topic}) "
                f"order by all"
            ).fetchall()
            found += [(source, name, topic, column) for source, name, column in rows]
    return found


def _line(row: dict[str, str], place: str) -> Accepted:
    days = {}
    for name in ("night", "accepted_on"):
        try:
            days[name] = date.fromisoformat(row.get(name) or "")
        except ValueError as error:
            raise SourceFileError(
                f"{place}: `{name}` must be a day like 2025-09-28, not {row.get(name)!r}"
            ) from error
    if not row.get("reason"):
        raise SourceFileError(f"{place}: `reason` is empty; say what was meant, or remove the line")
    return Accepted(
        night=days["night"],
        source_system=row.get("source_system") or "",
        object_name=row.get("object_name") or "",
        topic=row.get("topic") or "",
        column_name=row.get("column_name") or "",
        reason=row["reason"],
        accepted_on=days["accepted_on"],
    )


def _write(settings: Settings, lines: Iterable[Accepted]) -> None:
    with (
        replacing(settings.operations / NAME) as path,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(each) for each in lines)
