"""What a check found, as Dagster shows it.

Belongs here: the severity and what is told beside it, for checks of every room. Does not belong
here: which check is of which asset (assets.py of each room), the page that a failed one leads to
(outcome/links.py).
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from orchestration.gate.results import CheckResult


def as_dagster(key: dg.AssetCheckKey, check: CheckResult, link: str) -> dg.AssetCheckResult:
    """A check as Dagster's; `link` is the place on the night's page that a failed one leads to."""
    metadata: dict[str, Any] = {"observed": check.observed, "expected": check.expected}
    if check.unexpected_count is not None:
        metadata["at_fault"] = check.unexpected_count
    if check.sample:
        metadata["sample"] = [str(row) for row in check.sample]
    if not check.success:
        metadata["result_page"] = dg.MetadataValue.url(link)
    is_critical = check.severity == "critical"
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=check.success,
        severity=dg.AssetCheckSeverity.ERROR if is_critical else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
