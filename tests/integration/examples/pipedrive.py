"""The Pipedrive example, read as its API answers.

Belongs here: from landed files to what they say, by plain Python. Does not belong here: the source
file, which says the same to Flywheel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.extracts.zstandard import zstd
from tests.integration.examples.reading import (
    AS_OF,
    Said,
    day_of,
    json_lines,
    money,
    stages_of,
    utc,
)
from tests.reference.landed import Crm, Extract, Opportunity, Record

_STAGES = {
    1: "Qualified", 2: "Contact Made", 3: "Demo Scheduled", 4: "Proposal Made",
    5: "Negotiations Started", 6: "Notice Sent", 7: "Terms Agreed",
}  # fmt: skip


def deals_by_id(pages: Iterable[Path]) -> dict[int, dict[str, Any]]:
    """Deals as some pages sent them last."""
    deals: dict[int, dict[str, Any]] = {}
    for page in sorted(pages):
        deals |= {deal["id"]: deal for deal in json.loads(page.read_text())["data"]}
    return deals


def read(landing: Path) -> Said:
    """Everything that the landed files say."""

    def stage(row: dict[str, Any]) -> str:
        ended = {"won": "Won", "lost": "Lost"}.get(row["status"])
        return ended or _STAGES[int(row["stage_id"])]

    def pipeline(stage_id: int) -> str:
        return "Renewals" if stage_id > 5 else "Sales"

    def opportunity(deal: dict[str, Any]) -> Opportunity:
        return Opportunity(
            opportunity_id=str(deal["id"]),
            pipeline=pipeline(deal["stage_id"]),
            stage="Lost" if deal["is_deleted"] else stage(deal),
            created_at=utc(deal["add_time"]),
            closed_at=utc(deal["close_time"]),
            close_date=day_of(deal["expected_close_date"]),
            modified_at=utc(deal["update_time"]),
            amount=money(deal["value"] or None),
            currency=deal["currency"],
            owner_id=str(deal["owner_id"]),
            account_id=str(deal["org_id"]),
            is_deleted=deal["is_deleted"],
        )

    def record(row: dict[str, Any]) -> Record:
        return Record(
            record_id=str(row["id"]),
            opportunity_id=str(row["deal_id"]),
            pipeline=pipeline(int(row["stage_id"])),
            stage=stage(row),
            at=utc(row["time"]),
            sequence=row["id"],
        )

    first, last = landing / "2026-01-29", landing / "2026-01-30"
    extracts = []
    for folder in (first, last):
        night = date.fromisoformat(folder.name)
        deals = deals_by_id(folder.glob("deals_*.json")).values()
        changes = json_lines((folder / "stage_changes.jsonl").read_text())
        extracts += [
            Extract(Opportunity, night, tuple(map(opportunity, deals)), is_full=False),
            Extract(Record, night, tuple(map(record, changes)), is_full=False),
        ]
    packed = (first / "activities.jsonl.zst").read_bytes()
    activities = json_lines(zstd.decompress(packed).decode())
    kinds = {"lunch": "meeting", "deadline": "task"}
    return Said(
        crm=Crm(
            source="pipedrive",
            as_of=AS_OF,
            stages=(
                *stages_of(
                    "Sales", [_STAGES[number] for number in range(1, 6)],
                    ["Won"], ["Lost"], "Demo Scheduled",
                ),
                *stages_of(
                    "Renewals", ["Notice Sent", "Terms Agreed"], ["Won"], ["Lost"], "Terms Agreed"
                ),
            ),
            extracts=tuple(extracts),
        ),
        contacts={
            str(row["id"]): (row["name"], str(row["org_id"]["value"]), row["primary_email"])
            for row in json_lines((first / "persons.jsonl").read_text())
        },
        activities={
            str(row["id"]): (
                str(row["deal_id"]) if row["deal_id"] else None,
                str(row["owner_id"]),
                kinds.get(row["type"], row["type"]),
                None,
                utc(f"{row['due_date']}T{row['due_time'] or '00:00'}:00"),
            )
            for row in activities
        },
        accounts={
            str(row["id"]): row["name"]
            for row in json_lines((first / "organizations.jsonl").read_text())
        },
        users={
            str(row["id"]): row["name"]
            for row in json.loads((last / "users.json").read_text())["data"]
        },
    )  # fmt: skip
