"""The questions of the tour, as they stand in docs/tour/.

Belongs here: how a question is written down. Does not belong here: answers (page.py, plots.py).

`docs/tour/<theme>/<place>_<mart>.sql` is a query after a comment. The first paragraph of the
comment is the question, the others say how to read the answer. A file of the same name that ends in
`.yml` holds a plot: `alt`, what is to be seen for those who cannot see it; `spec`, a Vega-Lite
specification without its data; and `query`, where a plot takes other rows than people read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.settings import PROJECT_ROOT

QUESTIONS = PROJECT_ROOT / "docs" / "tour"
# What people ask first comes first; the tables on which the rest stands come last.
THEMES = ("funnel", "cohort", "pipeline", "core")


@dataclass(frozen=True)
class Plot:
    """What a plot shows, and where it stands."""

    path: Path
    query: str
    alt: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A question to one mart."""

    theme: str
    mart: str
    title: str
    reading: tuple[str, ...]
    query: str
    plot: Plot | None


def questions() -> list[Question]:
    """All of them, in the order of the page."""
    return [
        _question(path)
        for theme in THEMES
        for path in sorted((QUESTIONS / theme).glob("*.sql"), key=_place)
    ]


def _place(path: Path) -> tuple[int, str]:
    place, _, mart = path.stem.partition("_")
    return int(place), mart


def _question(path: Path) -> Question:
    lines = path.read_text(encoding="utf-8").splitlines()
    length = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    comment = "\n".join(line.removeprefix("--").strip() for line in lines[:length])
    title, *reading = (" ".join(each.split()) for each in comment.split("\n\n"))
    query = "\n".join(lines[length:]).strip()
    return Question(
        theme=path.parent.name,
        mart=_place(path)[1],
        title=title,
        reading=tuple(reading),
        query=query,
        plot=_plot(path.with_suffix(".yml"), query),
    )


def _plot(path: Path, query: str) -> Plot | None:
    if not path.exists():
        return None
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Plot(
        path=path.with_suffix(".svg"),
        query=written.get("query", query).strip(),
        alt=" ".join(written["alt"].split()),
        spec=written["spec"],
    )
