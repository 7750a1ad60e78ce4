"""Accounts and what they were, when.

Belongs here: the rows of `dim_account` and `dim_account_version`. Does not belong here: which
opportunities are whose, where a chain of mergers ends (mergers.py).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from datetime import datetime

from tests.reference.landed import Account, Crm, Landed
from tests.reference.quantities import Row, cents
from tests.reference.versions import History, history_of, is_gone, today_of

BEGINNING = datetime(1900, 1, 1)

Key = Callable[[str | None], str]


def segment_of(account: Account | None) -> str:
    if account is None:
        return "unknown"
    if account.segment is not None:
        return account.segment
    heads = account.employee_count
    if heads is None:
        return "unknown"
    return "small" if heads < 100 else "mid_market" if heads < 1000 else "enterprise"


def said_of(account: Account, key: Key) -> Row:
    """What both marts say of an account, whenever."""

    def key_or_none(native_id: str | None) -> str | None:
        return None if native_id is None else key(native_id)

    return {
        "account_name": account.account_name or account.account_id,
        "industry": account.industry or "unknown",
        "segment": segment_of(account),
        "country": account.country,
        "employee_count": account.employee_count,
        "annual_revenue": cents(account.annual_revenue),
        "account_type": account.account_type,
        "parent_account_key": key_or_none(account.parent_id),
        "merged_into_key": key_or_none(account.merged_into_id),
    }


def content_of_account(row: Account) -> Hashable:
    """All that it says but its stamp."""
    return replace(row, modified_at=None, annual_revenue=cents(row.annual_revenue))


def strangers_of(accounts: Iterable[str], named: Iterable[str | None]) -> list[Account]:
    """Accounts that only opportunities name, and the unknown member."""
    delivered = set(accounts)
    strangers = {name for name in named if name is not None} - delivered
    if "unknown" in {*strangers, *delivered}:
        return [Account(name, account_name=name) for name in sorted(strangers)]
    return [
        *(Account(name, account_name=name) for name in sorted(strangers)),
        Account("unknown", account_name="Unknown"),
    ]


def rows_of_accounts(
    accounts: dict[str, list[Landed]], named: Iterable[str | None], key: Key
) -> list[Row]:
    """Today's row of each; deleted is what the source calls so."""
    rows = [today_of(landed) for landed in accounts.values()]
    return [
        {
            "account_key": key(account.account_id),
            **said_of(account, key),
            "is_deleted": account.is_deleted,
        }
        for account in [*rows, *strangers_of(accounts, named)]
    ]


def histories_of_accounts(crm: Crm, accounts: dict[str, list[Landed]]) -> dict[str, History]:
    whole_nights = crm.whole_nights(Account)
    return {
        account_id: history_of(landed, content_of_account, crm.calendar, whole_nights, is_gone)
        for account_id, landed in accounts.items()
    }


def versions_of_accounts(
    crm: Crm, accounts: dict[str, list[Landed]], named: Iterable[str | None], key: Key
) -> list[Row]:
    """Each state that was said of an account, from the instant at which it began.

    The first has held for ever. Of several that began at one instant the last one held; a state
    like the one before is none.
    """
    rows = []
    for account_id, history in histories_of_accounts(crm, accounts).items():
        states: list[tuple[datetime, Row]] = []
        for number, version in enumerate(history.versions):
            at = version.at if number else BEGINNING
            owner_id = version.row.owner_id
            state = said_of(version.row, key) | {
                "owner_key": None if owner_id is None else key(owner_id),
                "is_deleted": version.is_deleted,
            }
            if states and states[-1][0] == at:
                states.pop()
            states.append((at, state))
        rows += intervals_of(key(account_id), states)
    for account in strangers_of(accounts, named):
        state = said_of(account, key) | {"owner_key": None, "is_deleted": False}
        rows += intervals_of(key(account.account_id), [(BEGINNING, state)])
    return rows


def intervals_of(account_key: str, states: list[tuple[datetime, Row]]) -> list[Row]:
    """Each state until the next one that differs."""
    changes = [
        (at, state)
        for number, (at, state) in enumerate(states)
        if number == 0 or states[number - 1][1] != state
    ]
    ends = [*(at for at, _ in changes[1:]), None]
    return [
        {
            "account_key": account_key,
            "version_number": number,
            **state,
            "valid_from": at,
            "valid_to": end,
            "is_current": end is None,
        }
        for number, ((at, state), end) in enumerate(zip(changes, ends, strict=True), start=1)
    ]
