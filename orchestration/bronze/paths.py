"""Where the rows of a load stand, on both sides.

Belongs here: the two paths. Does not belong here: what the files hold (split.py, quarantine.py).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.extracts.ledger import Load
from orchestration.settings import Settings


def accepted_path(settings: Settings, load: Load) -> Path:
    """Where the accepted rows of a load stand."""
    return settings.bronze / f"{load.load_id}.parquet"


def quarantine_path(settings: Settings, load: Load) -> Path:
    """Where the refused rows of a load stand, if there were any."""
    return settings.quarantine / f"{load.load_id}.parquet"
