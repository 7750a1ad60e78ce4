"""Whether an object's files of a night may go on to the models.

Belongs here: the check `contract_held` and the refused rows it shows.
Does not belong here: checks of what the models made (gate/).
"""

from __future__ import annotations

import polars as pl

from orchestration.bronze.load import quarantine_path
from orchestration.extracts.ledger import Load
from orchestration.gate.results import CheckResult
from orchestration.settings import Settings

_SAMPLE_ROWS = 10


def judge_object(settings: Settings, name: str, loads: list[Load]) -> CheckResult:
    """One object of one night: every file could be read, few enough rows were refused."""
    unreadable = [load for load in loads if load.error and load.status != "duplicate"]
    read = sum(load.rows_read for load in loads)
    refused = sum(load.rows_quarantined for load in loads)
    too_many = read > 0 and refused / read > settings.max_quarantine_share
    if unreadable:
        observed = "; ".join(f"{load.file}: {load.error}" for load in unreadable)
    elif not loads:
        observed = "no new file"
    else:
        observed = f"{refused:,} of {read:,} rows refused"
    return CheckResult(
        suite=f"bronze.{name}",
        check="contract_held",
        table=f"bronze.{name}",
        severity="critical",
        success=not unreadable and not too_many,
        description=(
            "Its files can be read, and at most "
            f"{settings.max_quarantine_share:.1%} of their rows are refused."
        ),
        observed=observed,
        expected=f"readable files, at most {settings.max_quarantine_share:.1%} of rows refused",
        unexpected_count=refused,
        sample=quarantined_rows(settings, loads, _SAMPLE_ROWS),
    )


def quarantined_rows(settings: Settings, loads: list[Load], limit: int) -> list[dict[str, object]]:
    """The first refused rows of some loads, with file, row number, column, rule and raw text."""
    rows: list[dict[str, object]] = []
    for load in loads:
        path = quarantine_path(settings, load)
        if len(rows) < limit and load.rows_quarantined and path.exists():
            found = pl.scan_parquet(path).head(limit - len(rows)).collect()
            rows += found.drop("source", "object").to_dicts()
    return rows
