"""The Zoho example, read as a person sees its exports in Chicago.

Belongs here: from landed files to what they say, by plain Python. Does not belong here: the source
file, which says the same to Flywheel.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from tests.integration.examples.reading import (
    AS_OF,
    Said,
    Texts,
    as_utc,
    csv_rows,
    day_of,
    money,
    stages_of,
    utc,
)
from tests.reference.landed import Crm, Opportunity, Record

_CHICAGO = "America/Chicago"


def read(landing: Path) -> Said:
    """Everything that the landed files say."""
    night = landing / "2026-01-30"

    def table(name: str) -> list[Texts]:
        (path,) = night.glob(f"{name}*.csv")
        rows = csv_rows(path.read_text(encoding="utf-8-sig"))
        return [
            {key: "" if text == "-None-" else text for key, text in row.items()} for row in rows
        ]

    def id_(text: str) -> str | None:
        return text.removeprefix("zcrm_") or None

    def shown(text: str) -> datetime:
        return as_utc(datetime.strptime(text, "%b %d, %Y %I:%M %p"), _CHICAGO)

    def money_shown(text: str) -> Decimal | None:
        return None if text == "-" else Decimal(text.removeprefix("$ ").replace(",", ""))

    stages = ("Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review")
    leads = [*table("Leads_"), *table("Converted_Leads_")]
    directions = {"Outbound": "outbound", "Inbound": "inbound", "Missed": "inbound"}
    return Said(
        crm=Crm.of_one_night(
            source="zoho",
            as_of=AS_OF,
            stages=stages_of(
                "Standard (Standard)", stages, ["Closed Won"],
                ["Closed Lost", "Closed Lost to Competition"], "Needs Analysis",
            ),
            rows=[
                *(
                    Opportunity(
                        opportunity_id=row["Record Id"].removeprefix("zcrm_"),
                        pipeline=row["Pipeline"],
                        stage=row["Stage"],
                        created_at=utc(row["Created Time"], _CHICAGO),
                        close_date=day_of(row["Closing Date"]),
                        modified_at=utc(row["Modified Time"], _CHICAGO),
                        amount=money(row["Amount"]),
                        owner_id=id_(row["Deal Owner.id"]),
                        account_id=id_(row["Account Name.id"]),
                    )
                    for row in table("Deals_")
                ),
                *(
                    Record(
                        record_id="",
                        opportunity_id=row["Deal Id"],
                        pipeline="Standard (Standard)",
                        stage=row["Stage"],
                        at=shown(row["Modified Time"]),
                        amount=money_shown(row["Amount"]),
                    )
                    for row in table("Deal_Stage_History")
                ),
            ],
        ),
        leads={
            row["Record Id"].removeprefix("zcrm_"): (
                row["Lead Status"] or None,
                utc(row["Created Time"], _CHICAGO),
                id_(row.get("Converted Deal.id", "")),
            )
            for row in leads
        },
        contacts={
            row["Record Id"].removeprefix("zcrm_"): (
                f"{row['First Name']} {row['Last Name']}".strip(),
                id_(row["Account Name.id"]),
                row["Email"] or None,
            )
            for row in table("Contacts_")
        },
        activities={
            row["Record Id"].removeprefix("zcrm_"): (
                id_(row["Related To.id"]),
                id_(row["Call Owner.id"]),
                "call",
                directions[row["Call Type"]],
                utc(row["Call Start Time"], _CHICAGO),
            )
            for row in table("Calls_")
        },
        accounts={
            row["Record Id"].removeprefix("zcrm_"): row["Account Name"]
            for row in table("Accounts_")
        },
        users={row["Id"]: f"{row['First Name']} {row['Last Name']}" for row in table("Users_")},
    )  # fmt: skip
