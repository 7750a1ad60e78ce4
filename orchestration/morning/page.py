"""The whole page.

Belongs here: what has to be known before any number, and filling the page with chapters and what
follows them. Does not belong here: markup (page.html), colours and letters (style.css), figures
(chapters.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.morning import tables, wording
from orchestration.morning.changes import Changes
from orchestration.morning.chapters import figures_of
from orchestration.morning.evidence import Evidence, HeldNight
from orchestration.morning.key_figures import key_figures

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Notice:
    """Something that the reader has to know before any number."""

    kind: str
    text: str


def render(evidence: Evidence, changes: Changes | None, night_page: str | None) -> str:
    """The whole page as HTML.

    `night_page` is the address of the night's result page, relative to this page, if there is one.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    pages = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"safely": Markup}
    pages.globals |= {"wording": wording}
    return pages.get_template("page.html").render(
        style=(_HERE / "style.css").read_text(encoding="utf-8"),
        evidence=evidence,
        publication=evidence.publication,
        notices=notices(evidence),
        chapters=[
            {
                "pipeline": chapter.pipeline,
                "key": f"p{number}",
                "key_figures": key_figures(chapter, evidence.currency),
                "figures": figures_of(
                    chapter, f"p{number}", evidence.currency, evidence.publication.as_of_date
                ),
            }
            for number, chapter in enumerate(evidence.chapters, start=1)
        ],
        others=evidence.pipelines[len(evidence.chapters) :],
        changes=changes,
        tables=tables,
        night_page=night_page,
    )


def notices(evidence: Evidence) -> list[Notice]:
    """What has to be known before any number, the gravest first."""
    publication = evidence.publication
    told = [Notice("bad", _refused(held, publication.as_of_date)) for held in evidence.held]
    if not evidence.is_shown:
        told.append(
            Notice("bad", f"Readers see another version than {publication.version} at the moment.")
        )
    if evidence.age_hours > evidence.stale_hours:
        told.append(
            Notice(
                "warn",
                f"The newest night had begun {wording.hours(evidence.age_hours)} before this "
                f"version was published; nothing newer was loaded.",
            )
        )
    told += [
        Notice("warn", _late(row["source_system"], row["newest_night"], publication.as_of_date))
        for row in evidence.freshness
        if row["newest_night"] < publication.as_of_date
    ]
    if publication.warning_count:
        told.append(
            Notice(
                "warn",
                f"{wording.several(publication.warning_count, 'check')} warned; they stand below.",
            )
        )
    quarantined = evidence.night["quarantined_count"]
    if quarantined:
        told.append(
            Notice(
                "warn",
                f"{wording.several(quarantined, 'row')} of {evidence.night['read_count']:,} read "
                f"in this run broke a rule and are in quarantine.",
            )
        )
    return told


def _refused(held: HeldNight, as_of: date) -> str:
    told = (
        f"The night of {wording.day(held.night)} was refused: {wording.listed(held.objects)}, "
        f"{wording.several(held.row_count, 'row')}"
    )
    return (
        f"{told}. This page shows the state before it."
        if held.night > as_of
        else f"{told} that no version holds."
    )


def _late(source: str, newest: date, as_of: date) -> str:
    behind = wording.several((as_of - newest).days, "night")
    return f"{source} is {behind} behind: its newest night is {wording.day(newest)}."
