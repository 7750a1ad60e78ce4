"""`python -m orchestration.tour [FILE]`: ask the tour's questions anew, write the page and plots.

Belongs here: which warehouse is asked and which files are written. Does not belong here: what
stands in them. Without a file it asks the published version, which for the page in docs/ must be
that of the sample company.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from orchestration.settings import Settings
from orchestration.tour.page import PAGE, page
from orchestration.tour.plots import draw
from orchestration.tour.questions import questions


def files(published: Path) -> dict[Path, str]:
    """The text of every file of the tour, asked of a published warehouse."""
    asked = questions()
    with duckdb.connect(str(published.resolve()), read_only=True) as warehouse:
        plots = {
            each.plot.path: draw(each.plot, warehouse) for each in asked if each.plot is not None
        }
        return {PAGE: page(asked, warehouse), **plots}


if __name__ == "__main__":
    for path, text in files(Path(sys.argv[1]) if sys.argv[1:] else Settings().published).items():
        path.write_text(text, encoding="utf-8")
