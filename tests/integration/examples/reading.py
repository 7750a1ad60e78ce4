"""What plain Python reads an example with.

Belongs here: texts, tables and instants as every example needs them. Does not belong here: what one
CRM calls its columns (the modules beside this one), and any code of orchestration/.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl

from tests.reference.landed import Crm, Opportunity, Stage

AS_OF = date(2026, 1, 30)

Texts = dict[str, str]


@dataclass(frozen=True)
class Said:
    """What the files of one example say.

    Of each record, by its id: leads their status, instant and opportunity; contacts their name,
    account and address; activities their opportunity, owner, channel, direction and instant;
    accounts and users their name, products their price; quotas their amount, by user and first day.
    """

    crm: Crm
    leads: dict[str, tuple] = field(default_factory=dict)
    contacts: dict[str, tuple] = field(default_factory=dict)
    activities: dict[str, tuple] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    products: dict[str, Decimal] = field(default_factory=dict)
    quotas: dict[str, Decimal] = field(default_factory=dict)

    @property
    def opportunities(self) -> list[Opportunity]:
        """As they were sent last."""
        sent = (one.row for one in self.crm.landed(Opportunity))
        return list({row.opportunity_id: row for row in sent}.values())


def stages_of(
    pipeline: str, open_: Iterable[str], won: Iterable[str], lost: Iterable[str], qualifying: str
) -> tuple[Stage, ...]:
    return (
        *(
            Stage(pipeline, name, "open", place, is_qualifying=name == qualifying)
            for place, name in enumerate(open_, start=1)
        ),
        *(Stage(pipeline, name, "won") for name in won),
        *(Stage(pipeline, name, "lost") for name in lost),
    )


def utc(text: str | None, zone: str = "UTC") -> datetime | None:
    """An ISO text as UTC without a zone; local time of `zone` where it says no offset."""
    if not text:
        return None
    instant = datetime.fromisoformat(text.replace("+00", "+00:00").replace("Z", "+00:00"))
    return as_utc(instant, zone)


def as_utc(instant: datetime, zone: str) -> datetime:
    local = instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC).replace(tzinfo=None)


def day_of(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def money(value: object) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))


def csv_rows(text: str, delimiter: str = ",", quote: str = '"') -> list[Texts]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter, quotechar=quote))


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def sheet_rows(path: Path, name: str, header_row: int = 1) -> Iterator[dict[str, Any]]:
    rows = openpyxl.load_workbook(path)[name].iter_rows(min_row=header_row, values_only=True)
    header = next(rows)
    for row in rows:
        yield dict(zip(header, row, strict=True))
