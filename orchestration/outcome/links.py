"""Where the page of a night is.

Belongs here: names of pages and of the places in them. Does not belong here: what stands on a page
(page.py).
"""

from __future__ import annotations

import re
from pathlib import Path

from orchestration.gate.results import CheckResult
from orchestration.settings import Settings

LATEST = "latest-night.html"
_NAME = re.compile(r"night-(?P<night>\d{4}-\d{2}-\d{2})-(?P<run_id>[\w-]+)\.html")


def page_path(settings: Settings, night: str, run_id: str) -> Path:
    """The page of one run of a night."""
    return settings.report / f"night-{night}-{run_id}.html"


def night_and_run(page: Path) -> tuple[str, str] | None:
    """The night and the run that a page is about; None for other files."""
    match = _NAME.fullmatch(page.name)
    return (match["night"], match["run_id"]) if match else None


def page_link(settings: Settings, night: str, run_id: str) -> str:
    """The page below `FLYWHEEL_REPORT_URL`, where others can open it, else as a local file."""
    path = page_path(settings, night, run_id)
    if settings.report_url:
        return f"{settings.report_url.rstrip('/')}/{path.name}"
    return path.as_uri()


def check_link(settings: Settings, night: str, run_id: str, check: CheckResult) -> str:
    """The place on the page where a check is told of."""
    anchor = anchor_of(check.suite, check.table, check.check)
    return f"{page_link(settings, night, run_id)}#{anchor}"


def anchor_of(suite: str, table: str, check: str) -> str:
    """The place of a check on the page of its night."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", f"check-{suite}-{table}-{check}")
