"""Where the real exports are. They are never part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real exports; named by FLYWHEEL_REAL_DATA, it has to be there."""
    named = os.environ.get("FLYWHEEL_REAL_DATA")
    folder = Path(named) if named else PROJECT_ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        if named:
            pytest.fail(f"FLYWHEEL_REAL_DATA names {folder}, which is no folder")
        pytest.skip("the real exports are not on this machine (set FLYWHEEL_REAL_DATA)")
    return folder
