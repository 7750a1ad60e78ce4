"""The Dynamics 365 example, read as a person sees its exports in Berlin.

Belongs here: from landed files to what they say, by plain Python. Does not belong here: the source
file, which says the same to Flywheel.
"""

from __future__ import annotations

import json
import zipfile
from datetime import datetime
from pathlib import Path

from tests.integration.examples.reading import (
    AS_OF,
    Said,
    as_utc,
    csv_rows,
    money,
    sheet_rows,
    stages_of,
    utc,
)
from tests.reference.landed import Crm, Opportunity, Record

_BERLIN = "Europe/Berlin"


def read(landing: Path) -> Said:
    """Everything that the landed files say."""
    night = landing / "2026-01-30"
    own = "(Do Not Modify) {}"
    with zipfile.ZipFile(night / "saved from Excel.zip") as archive:
        saved = {
            name: csv_rows(archive.read(name).decode("cp1252"), delimiter=";")
            for name in archive.namelist()
        }
    accounts = {row[own.format("Account")]: row["Account Name"] for row in saved["accounts.csv"]}
    users = {row[own.format("User")]: row["Full Name"] for row in saved["users.csv"]}
    user_ids = {name: id_ for id_, name in users.items()}
    account_ids = {name: id_ for id_, name in accounts.items()}
    opportunities = []
    for path in night.glob("*.xlsx"):
        view = path.name.partition(" ")[0]
        for row in sheet_rows(path, f"{view} Opportunities"):
            amount = row["Actual Revenue (Base)" if view == "Won" else "Est. Revenue (Base)"]
            close = row["Est. Close Date" if view == "Open" else "Actual Close Date"]
            opportunities.append(
                Opportunity(
                    opportunity_id=row[own.format("Opportunity")],
                    pipeline="default",
                    stage=row["Sales Stage"] if view == "Open" else view,
                    created_at=as_utc(row["Created On"], _BERLIN),
                    close_date=close.date(),
                    modified_at=as_utc(row[own.format("Modified On")], _BERLIN),
                    amount=money(amount),
                    owner_id=user_ids[row["Owner"]],
                    account_id=account_ids[row["Potential Customer"]],
                )
            )
    closes = json.loads((night / "opportunitycloses.json").read_text())["value"]
    calls = json.loads((night / "phonecalls.json").read_text())["value"]
    return Said(
        crm=Crm.of_one_night(
            source="dynamics365",
            as_of=AS_OF,
            stages=stages_of(
                "default", ["Qualify", "Develop", "Propose", "Close"], ["Won"], ["Lost"], "Develop"
            ),
            rows=[
                *opportunities,
                *(
                    Record(
                        record_id=row["activityid"],
                        opportunity_id=row["_opportunityid_value"],
                        pipeline="default",
                        stage={1: "Won", 2: "Lost"}[row["opportunitystatecode"]],
                        at=utc(row["actualend"]),
                    )
                    for row in closes
                ),
            ],
        ),
        leads={
            row[own.format("Lead")]: (
                row["Status Reason"],
                as_utc(datetime.strptime(row["Created On"], "%d.%m.%Y %H:%M"), _BERLIN),
                None,
            )
            for row in saved["leads.csv"]
        },
        activities={
            row["activityid"]: (
                row["_regardingobjectid_value"],
                row["_ownerid_value"],
                "call",
                "outbound" if row["directioncode"] else "inbound",
                utc(row["actualend"]),
            )
            for row in calls
        },
        accounts=accounts,
        users=users,
    )
