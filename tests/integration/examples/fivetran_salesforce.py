"""The Fivetran example, read as tables of a warehouse.

Belongs here: from landed files to what they say, by plain Python. Does not belong here: the source
file, which says the same to Flywheel.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb

from tests.integration.examples.reading import AS_OF, Said, csv_rows, day_of, money, utc
from tests.reference.landed import Crm, Opportunity, Record, Stage


def read(landing: Path) -> Said:
    """Everything that the landed files say."""
    night = landing / "2026-01-30"

    def table(text: str) -> list[dict[str, str | None]]:
        rows = csv_rows(text, delimiter="|")
        return [
            {key: None if value == r"\N" else value for key, value in row.items()} for row in rows
        ]

    stages = table((night / "opportunity_stage_000.csv").read_text())
    kinds = {("f", "f"): "open", ("t", "t"): "won", ("t", "f"): "lost"}
    accounts = duckdb.execute(
        "select id, name from read_parquet(?)",
        [str(night / "account.parquet")],
    ).fetchall()
    users = table(gzip.decompress((night / "user_000.csv").read_bytes()).decode())
    return Said(
        crm=Crm.of_one_night(
            source="fivetran_salesforce",
            as_of=AS_OF,
            stages=tuple(
                Stage(
                    "default",
                    row["api_name"],
                    kinds[row["is_closed"], row["is_won"]],
                    int(row["sort_order"]),
                )
                for row in stages
            ),
            rows=[
                *(
                    Opportunity(
                        opportunity_id=row["id"],
                        pipeline="default",
                        stage=row["stage_name"],
                        created_at=utc(row["created_date"]),
                        close_date=day_of(row["close_date"]),
                        modified_at=utc(row["system_modstamp"]),
                        amount=money(row["amount"]),
                        owner_id=row["owner_id"],
                        account_id=row["account_id"],
                        is_deleted="t" in (row["is_deleted"], row["_fivetran_deleted"]),
                    )
                    for row in table((night / "opportunity_000.csv").read_text())
                ),
                *(
                    Record(
                        record_id="",
                        opportunity_id=row["id"],
                        pipeline="default",
                        stage=row["stage_name"],
                        at=utc(row["_fivetran_start"]),
                        amount=money(row["amount"]),
                        close_date=day_of(row["close_date"]),
                    )
                    for row in table((night / "opportunity_history_000.csv").read_text())
                ),
            ],
        ),
        accounts=dict(accounts),
        users={row["id"]: row["name"] for row in users},
    )
