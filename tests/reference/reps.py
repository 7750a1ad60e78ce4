"""Reps and what they were, when.

Belongs here: the rows of `dim_rep`. Does not belong here: which opportunities they owned.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tests.reference.landed import Crm, Landed, User
from tests.reference.quantities import Row
from tests.reference.versions import by_record, history_of

BEGINNING = datetime(1900, 1, 1)


def content_of_user(row: User) -> Hashable:
    name = row.user_name or row.user_id
    return name, row.manager_id, row.team, row.role, is_active(row), row.hired_date


def is_active(row: User) -> bool:
    """Where a source does not say, the user works here."""
    return True if row.is_active is None else row.is_active


@dataclass(frozen=True)
class State:
    """What was said of a user, from an instant on."""

    at: datetime
    row: User
    is_active: bool

    @property
    def said(self) -> Hashable:
        return content_of_user(replace(self.row, is_active=self.is_active))


def states_of(landed: list[Landed], crm: Crm) -> list[State]:
    """Each state of one user until the next one that differs; whom a whole list lacks is inactive.

    The first has held for ever. Of several that began at one instant the last one held; a state
    like the one before is none.
    """
    states: list[State] = []
    whole_nights = crm.whole_nights(User)
    versions = history_of(landed, content_of_user, crm.calendar, whole_nights).versions
    for number, version in enumerate(versions):
        at = version.at if number else BEGINNING
        if states and states[-1].at == at:
            states.pop()
        states.append(State(at, version.row, is_active(version.row) and not version.is_absent))
    return [
        state
        for number, state in enumerate(states)
        if number == 0 or states[number - 1].said != state.said
    ]


def versions_of_reps(crm: Crm, named: Iterable[str], key: Callable[[str | None], str]) -> list[Row]:
    """States of all users, one of each who is only `named` elsewhere, and the unknown member."""
    rows = []
    users = by_record(crm.landed(User), lambda row: row.user_id)
    for user_id, landed in users.items():
        states = states_of(landed, crm)
        ends = [*(state.at for state in states[1:]), None]
        for state, end in zip(states, ends, strict=True):
            user = state.row
            rows.append(
                {
                    "rep_key": key(user_id),
                    "rep_name": user.user_name or user_id,
                    "manager_key": key(user.manager_id) if user.manager_id else None,
                    "team": user.team,
                    "role": user.role,
                    "is_active": state.is_active,
                    "hired_date": user.hired_date,
                    "valid_from": state.at,
                    "valid_to": end,
                    "is_current": end is None,
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
