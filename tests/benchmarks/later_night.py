"""A night after the first one in which a share of all opportunities changed.

Belongs here: the extract, made from the one before. Does not belong here: running it. The simulator
has later nights of its own, whose size follows from the planted truth.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from orchestration.simulation.landing import write_night
from orchestration.simulation.salesforce_ids import salesforce_ids

NEXT_STAGES = {
    "Prospecting": "Qualification",
    "Qualification": "Needs Analysis",
    "Needs Analysis": "Proposal",
    "Proposal": "Negotiation",
    "Negotiation": "Closed Won",
}


def land_changes(source: Path, first: date, share: float) -> int:
    """Land the night after `first`: of that share of the opportunities the amount rises by a tenth
    and open ones go on by a stage, with a row of stage history each. Returns how many changed.

    They are drawn from all that are not deleted, whatever their age: no month is left alone.
    """
    before = source / first.isoformat()
    night = first + timedelta(days=1)
    all_rows = pl.read_csv(before / "Opportunity.csv", infer_schema=False)
    stages = pl.read_csv(before / "OpportunityStage.csv", infer_schema=False)
    kept = all_rows.filter(pl.col("IsDeleted") == "false")
    count = max(1, round(all_rows.height * share))
    rows = kept.sample(count, seed=7).with_columns(
        pl.col("StageName").replace(NEXT_STAGES),
        pl.format("{}T12:00:00.000Z", pl.lit(night.isoformat())).alias("SystemModstamp"),
        (pl.col("Amount").cast(pl.Float64) * 1.1).round(2).cast(pl.String).alias("Amount"),
    )
    of_stage = stages.select(
        pl.col("ApiName").alias("StageName"), "IsClosed", "IsWon", "ForecastCategoryName",
        pl.col("DefaultProbability").alias("Probability"),
    )  # fmt: skip
    columns = rows.columns
    rows = (
        rows.drop("IsClosed", "IsWon", "ForecastCategoryName", "Probability")
        .join(of_stage, on="StageName")
        .with_columns(LastModifiedDate="SystemModstamp")
        .select(columns)
    )
    write_night(
        source / night.isoformat(),
        {
            "Opportunity": rows,
            "OpportunityHistory": _history(rows, before / "OpportunityHistory.csv"),
            "OpportunityStage": stages,
        },
    )
    return count


def _history(rows: pl.DataFrame, before: Path) -> pl.DataFrame:
    seen = pl.scan_csv(before).select(pl.len()).collect().item()
    api_names = {"Best Case": "BestCase", "Commit": "Forecast"}
    # The simulator numbers its records from 0 on: a million further on, none has the same id.
    ids = salesforce_ids("008", seen + 1_000_000 + rows.height)[-rows.height :]
    return rows.select(
        ids.alias("Id"),
        pl.col("Id").alias("OpportunityId"),
        "StageName",
        "Amount",
        "CloseDate",
        "Probability",
        pl.col("ForecastCategoryName").replace(api_names).alias("ForecastCategory"),
        pl.lit(None, pl.String).alias("ExpectedRevenue"),
        pl.col("SystemModstamp").alias("CreatedDate"),
        pl.col("OwnerId").alias("CreatedById"),
        pl.lit("false").alias("IsDeleted"),
    )
