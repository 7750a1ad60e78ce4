"""The page's place on the disk.

Belongs here: which file a version's page is, writing it whole, and removing pages whose version is
gone. Does not belong here: what the page says (page.py).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.durable import replacing
from orchestration.gate.results import result_files
from orchestration.morning.changes import changes
from orchestration.morning.evidence import gather, published
from orchestration.morning.page import render
from orchestration.outcome.links import page_path
from orchestration.outputs import written_to
from orchestration.publication.versions import Publication, kept_versions
from orchestration.settings import Settings

_PREFIX = "morning-"


def newest_page(settings: Settings) -> Path:
    """The page of the version that readers saw when it was written; its place never changes."""
    return settings.report / "morning.html"


def page_of(settings: Settings, version: str) -> Path:
    """The page of a version, kept as long as the version is."""
    return settings.report / f"{_PREFIX}{version}.html"


def write_morning(
    settings: Settings, version: str | None = None, output: Path | None = None
) -> Path:
    """Write the page of a version, of the one that readers see where none is named.

    With `output` it is written there and nowhere else. Raises NoSuchVersionError,
    VersionUnreadableError and OutputError.
    """
    publication = published(settings, version)
    evidence = gather(settings, publication)
    html = render(
        evidence, changes(settings, publication), _night_page(settings, publication, output)
    )
    if output is not None:
        with written_to(output, makes_folder=True) as file:
            file.write_text(html, encoding="utf-8")
        return output
    path = _write(page_of(settings, publication.version), html)
    if evidence.is_shown:
        _write(newest_page(settings), html)
    _prune(settings)
    return path


def _write(path: Path, html: str) -> Path:
    with replacing(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def _night_page(settings: Settings, publication: Publication, output: Path | None) -> str | None:
    """Where every check of the run that made the version can be read, from the page's own place.

    That page is written when the run has ended, after this one.
    """
    nights = [
        path.name.partition(".")[0]
        for path in result_files(settings)
        if f".{publication.run_id}." in path.name
    ]
    if not nights:
        return None
    page = page_path(settings, nights[-1], publication.run_id)
    return page.name if output is None else page.as_uri()


def _prune(settings: Settings) -> None:
    kept = {page_of(settings, version) for version in kept_versions(settings)}
    for page in settings.report.glob(f"{_PREFIX}*.html"):
        if page not in kept:
            page.unlink()
