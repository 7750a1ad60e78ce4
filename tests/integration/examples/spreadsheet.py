"""The spreadsheet example, read as a person sees it.

Belongs here: from landed files to what they say, by plain Python. Does not belong here: the source
file, which says the same to Flywheel.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from tests.integration.examples.reading import (
    AS_OF,
    Said,
    csv_rows,
    json_lines,
    money,
    sheet_rows,
    stages_of,
)
from tests.reference.landed import Crm, Opportunity

REFUSED_DEAL = "5"


def read(landing: Path) -> Said:
    """Everything that the landed files say."""
    night = landing / "2026-01-30"
    book = night / "Pipeline.xlsx"

    def day(value: datetime | str | None) -> date | None:
        if isinstance(value, str):
            return datetime.strptime(value, "%d.%m.%Y").date()
        return value.date() if value else None

    def midnight(value: datetime | str | None) -> datetime | None:
        found = day(value)
        return found and datetime(found.year, found.month, found.day)

    def typed(value: float | str | None) -> Decimal | None:
        return money(value.strip("$ ").replace(",", "") if isinstance(value, str) else value)

    users = {row["Short"]: row["Name"] for row in sheet_rows(book, "Team")}
    short = {name: id_ for id_, name in users.items()}
    deals = [
        row
        for row in sheet_rows(book, "Deals", header_row=4)
        if row["Customer"] != "Total" and str(row["No."]) != REFUSED_DEAL
    ]
    calls = csv_rows((night / "calls.txt").read_text("latin-1"), delimiter="|", quote="'")
    directions = {"out": "outbound", "in": "inbound"}
    return Said(
        crm=Crm.of_one_night(
            source="spreadsheet",
            as_of=AS_OF,
            stages=stages_of("default", ["Talk", "Offer", "Contract"], ["Won"], ["Lost"], "Offer"),
            rows=tuple(
                Opportunity(
                    opportunity_id=str(row["No."]),
                    pipeline="default",
                    stage=row["Phase"],
                    created_at=midnight(row["Opened"]),
                    closed_at=midnight(row["Closed"]),
                    close_date=day(row["Expected"]),
                    amount=typed(row["Value"]),
                    owner_id=short[row["Rep"]],
                    account_id=row["Customer"],
                )
                for row in deals
            ),
        ),
        leads={
            f"{row['form']}-{row['submitted']}": (
                row["state"],
                datetime.fromtimestamp(row["submitted"] // 1000, UTC).replace(
                    tzinfo=None, microsecond=row["submitted"] % 1000 * 1000
                ),
                str(row["deal"]) if row["deal"] else None,
            )
            for row in json_lines((night / "webform.jsonl").read_text())
        },
        activities={
            f"{row['start']} {row['who']}": (
                None,
                short[row["who"]],
                "call",
                directions[row["direction"]],
                datetime.fromtimestamp(int(row["start"]), UTC).replace(tzinfo=None),
            )
            for row in calls
        },
        users=users,
        products={
            row["Product"]: Decimal(str(row["Price"]))
            for row in sheet_rows(book, "Price list", header_row=2)
        },
        quotas={
            f"{short[row['Who']]} {row['From']:%Y-%m-%d}": Decimal(str(row["US dollars"]))
            for row in sheet_rows(book, "Quotas")
        },
    )
