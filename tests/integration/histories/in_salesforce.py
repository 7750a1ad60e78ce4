"""Rows as Salesforce has them.

Belongs here: Salesforce's ids, and what Salesforce does not keep. Does not belong here: names of
its tables and columns (files.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from tests.reference.landed import Account, FieldChange, Opportunity, Record, Split, User

PREFIXES = {Account: "001", User: "005", Opportunity: "006", Record: "008", FieldChange: "017"}


def salesforce_id(prefix: str, name: str | None) -> str | None:
    return None if name is None else f"{prefix}{name:0>15}"


def in_salesforce(row: Any) -> Any:
    """The same row with Salesforce's ids, and without what Salesforce does not keep."""

    def ids(**names: type) -> dict[str, str | None]:
        return {
            name: salesforce_id(PREFIXES[kind], getattr(row, name)) for name, kind in names.items()
        }

    match row:
        case Opportunity():
            its = ids(opportunity_id=Opportunity, owner_id=User, account_id=Account)
            return replace(row, **its, campaign_id=salesforce_id("701", row.campaign_id))
        case Record():
            its = ids(record_id=Record, opportunity_id=Opportunity, actor_id=User)
            return replace(row, **its, sequence=None, is_migration=False)
        case FieldChange():
            its = ids(change_id=FieldChange, opportunity_id=Opportunity, actor_id=User)
            if row.field == "owner_id":
                its |= ids(old_value=User, new_value=User)
            return replace(row, **its, sequence=None)
        case Account():
            is_deleted = row.is_deleted or row.merged_into_id is not None
            its = ids(account_id=Account, merged_into_id=Account, parent_id=Account, owner_id=User)
            return replace(row, **its, segment=None, is_deleted=is_deleted)
        case User():
            # It dates every user.
            hired_date = row.hired_date or date(2020, 1, 1)
            return replace(row, **ids(user_id=User, manager_id=User), hired_date=hired_date)
        case Split():
            its = ids(opportunity_id=Opportunity, user_id=User)
            return replace(row, **its, split_type=salesforce_id("149", row.split_type))
    return row
