"""What is done when a night has ended, whoever ran it: its page, its alerts, the morning report.

Belongs here: the order of these, and that none of them can fail a night. Does not belong here: the
page (page.py), the alerts (alerts.py), the report (morning/), Dagster (sensors.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.gate.results import result_files
from orchestration.outcome.alerts import tell_if_stale, tell_of_crash, tell_of_night, tell_unsent
from orchestration.outcome.links import night_and_run, page_path
from orchestration.outcome.page import write_page
from orchestration.publication.versions import current_version
from orchestration.secrets import redacted
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.nightly import NightOutcome

_GONE = "the run ended before it could say why; see its log in Dagster"


class NoSuchNightError(Exception):
    """Nothing is kept of a night; the text says of which nights there is."""


def close_night(settings: Settings, outcome: NightOutcome) -> list[str]:
    """Write the page, tell who must know; lines for the terminal, none of a plainly good night.

    Nothing is raised, whatever it is: the night has ended, and its outcome stands.
    """
    told = []
    try:
        page = write_page(settings, outcome)
        if outcome.state != "published":
            told.append(f"page      {page}")
    except Exception as error:
        told.append(f"no page   {redacted(settings, _in_a_line(error))}")
    told += _alerted(settings, tell_unsent, lambda settings: tell_of_night(settings, outcome))
    try:
        if outcome.state == "refused":
            _tell_readers(settings)
    except Exception as error:
        told.append(f"no report {redacted(settings, _in_a_line(error))}")
    return told


def _tell_readers(settings: Settings) -> None:
    """A refused night publishes nothing, so the report of the version before has to say so."""
    from orchestration.morning.writing import write_morning

    if current_version(settings) is not None:
        write_morning(settings)


def close_without_night(settings: Settings) -> list[str]:
    """There was nothing to do: tell what could not be told before, and if what readers see is too
    old. Nothing is raised.
    """
    return _alerted(settings, tell_unsent, tell_if_stale)


def _alerted(settings: Settings, *tellings: Callable[[Settings], list[str]]) -> list[str]:
    """What came of each; a channel that is away says so once."""
    told: list[str] = []
    for tell in tellings:
        try:
            told += tell(settings)
        except Exception as error:
            told.append(f"no alert  {redacted(settings, _in_a_line(error))}")
    return list(dict.fromkeys(told))


@contextmanager
def telling_of_crashes(settings: Settings) -> Iterator[None]:
    """Whatever breaks in here is told of, and goes on its way."""
    try:
        yield
    except Exception as error:
        try:
            tell_of_crash(settings, error)
        except Exception as further:
            error.add_note(f"nobody was told: {redacted(settings, _in_a_line(further))}")
        raise


def page_of(settings: Settings, night: date | None) -> Path:
    """The page of the newest run of a night, or of all; drawn anew where it is gone.

    Raises NoSuchNightError when nothing is kept.
    """
    from orchestration.nightly import outcome_of

    runs = _runs(settings)
    chosen = [each for each in runs if night is None or each[0] == night.isoformat()]
    if not chosen:
        nights = ", ".join(sorted({each[0] for each in runs})[-7:])
        raise NoSuchNightError(
            f"nothing is kept of {f'night {night}' if night else 'any night'}; "
            + (f"there is: {nights}" if nights else "run `flywheel nightly` first")
        )
    day, run_id = chosen[-1]
    path = page_path(settings, day, run_id)
    if not path.exists():
        outcome = outcome_of(settings, date.fromisoformat(day), run_id, _GONE)
        path = write_page(settings, outcome, is_latest=chosen[-1] == runs[-1])
    return path


def _in_a_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _runs(settings: Settings) -> list[tuple[str, str]]:
    """Night and run of all that is kept, oldest first."""
    seen: dict[tuple[str, str], int] = {}
    for path in [*result_files(settings), *settings.report.glob("night-*.html")]:
        about = night_and_run(path)
        if about is None and path.suffix == ".parquet":
            night, run_id, _ = path.name.split(".", 2)
            about = (night, run_id)
        if about is not None:
            seen[about] = max(seen.get(about, 0), path.stat().st_mtime_ns)
    return sorted(seen, key=lambda about: seen[about])
