"""Reps and what they were, when.

Belongs here: the rows of `dim_rep`. Does not belong here: which opportunities they owned.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime

from tests.reference.landed import Crm, User
from tests.reference.quantities import Row
from tests.reference.versions import by_record, history_of

BEGINNING = datetime(1900, 1, 1)


def content_of_user(row: User) -> Hashable:
    name = row.user_name or row.user_id
    return name, row.manager_id, row.team, row.role, is_active(row), row.hired_date


def is_active(row: User) -> bool:
    """Where a source does not say, the user works here."""
    return True if row.is_active is None else row.is_active


def versions_of_reps(crm: Crm, named: Iterable[str], key: Callable[[str | None], str]) -> list[Row]:
    """Versions of all users, one of each who is only `named` by other rows, and the unknown member.

    A user that a full extract lacks stays what it was: no rule says otherwise.
    """
    rows = []
    users = by_record(crm.landed(User), lambda row: row.user_id)
    for user_id, landed in users.items():
        versions = history_of(landed, content_of_user, crm.calendar).versions
        starts = [BEGINNING, *(version.at for version in versions[1:])]
        for number, version in enumerate(versions):
            user: User = version.row
            until = starts[number + 1] if number + 1 < len(versions) else None
            rows.append(
                {
                    "rep_key": key(user_id),
                    "rep_name": user.user_name or user_id,
                    "manager_key": key(user.manager_id) if user.manager_id else None,
                    "team": user.team,
                    "role": user.role,
                    "is_active": is_active(user),
                    "hired_date": user.hired_date,
                    "valid_from": starts[number],
                    "valid_to": until,
                    "is_current": until is None,
                }
            )
    strangers = {(user_id, user_id) for user_id in named if user_id not in users}
    if "unknown" not in users:
        strangers.add(("unknown", "Unknown"))
    for user_id, name in sorted(strangers):
        rows.append(
            {
                "rep_key": key(user_id),
                "rep_name": name,
                "manager_key": None,
                "team": None,
                "role": None,
                "is_active": None,
                "hired_date": None,
                "valid_from": BEGINNING,
                "valid_to": None,
                "is_current": True,
            }
        )
    return rows
