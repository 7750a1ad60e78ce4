"""`python -m tests.screenshots PICTURE`: take a picture of docs/images/ anew.

Belongs here: which home is shown and where a picture goes. Does not belong here: how the tools are
started. The home is FLYWHEEL_HOME; for the pictures in docs/ that of the sample company, after
`make nightly`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from orchestration.settings import PROJECT_ROOT, Settings
from tests.browser import chromium, keep_picture
from tests.screenshots.dagster import lineage
from tests.screenshots.morning import MORNING

IMAGES = PROJECT_ROOT / "docs" / "images"


def superset(settings: Settings) -> bytes:
    """The dashboard, whole."""
    from tests.bi.running import running

    with running(settings) as started, chromium() as browser:
        return started.visit(browser).picture


PICTURES: dict[str, tuple[Path, Callable[[Settings], bytes]]] = {
    "superset": (IMAGES / "superset-dashboard.png", superset),
    "dagster": (IMAGES / "dagster-lineage.png", lineage),
    **{each.name: (IMAGES / f"{each.name}.png", each) for each in MORNING},
}

if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in PICTURES:
        sys.exit(f"which picture? {', '.join(PICTURES)}")
    path, take = PICTURES[sys.argv[1]]
    keep_picture(take(Settings()), path)
