"""Who is told what, and nobody twice.

Belongs here: the alerts of a night, of staleness and of a command that broke, and the memory of
what was sent. Does not belong here: the words (message.py), the wire (channels.py).

An alert that was sent leaves an empty file below `ops/alert/`, named after what it told and where.
One process sends at a time, so that two never both send. The alert of a night is written down
first, `….unsent`, and struck out when it is sent: however sending ends, the next run or Dagster's
sensor sends what is left. Staleness needs no such note: whoever looks at the clock finds it anew.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.company import read_company
from orchestration.durable import replacing
from orchestration.outcome import message
from orchestration.outcome.channels import AlertNotSentError, Channel, channels
from orchestration.outcome.links import page_link
from orchestration.outcome.message import Alert
from orchestration.publication.versions import Publication, current_version, publications
from orchestration.secrets import redacted
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.nightly import NightOutcome

_UNSENT = ".unsent"


def tell_of_night(settings: Settings, outcome: NightOutcome) -> list[str]:
    """Alert of a night that was refused, or of which a step failed; a line of each sending."""
    if outcome.publication is not None and not outcome.failure:
        return []
    night = outcome.night.isoformat()
    link = page_link(settings, night, outcome.run_id)
    reason = redacted(settings, outcome.failure or "")
    if outcome.publication is not None:
        alert = message.left_undone(night, outcome.publication.version, reason, link)
    elif outcome.verdict.refusing:
        alert = message.refusal(night, outcome.verdict.refusing, readers_see(settings), link)
    else:
        alert = message.failure(night, reason, readers_see(settings), link)
    return _tell_once(settings, f"night-{night}-{outcome.run_id}", alert, is_kept=True)


def tell_unsent(settings: Settings) -> list[str]:
    """Send the alerts of nights that could not be sent before, oldest first; what came of it.

    A channel that fails is not tried again for the next of them.
    """
    told = []
    for channel in channels(settings):
        for note in sorted(_folder(settings).glob(f"night-*.{channel.name}{_UNSENT}")):
            alert = _noted(note)
            if alert is None:
                note.unlink(missing_ok=True)
                continue
            is_sent, lines = _sent_once(channel, note.with_suffix(""), alert, is_kept=True)
            told += [f"{line}, late: {alert.title}" if is_sent else line for line in lines]
            if not is_sent:
                break
    return told


def tell_if_stale(settings: Settings, now: datetime | None = None) -> list[str]:
    """Alert once of a version that readers see for too long; what came of sending.

    `now` is an instant with a time zone.
    """
    shown = _shown(settings)
    if shown is None:
        return []
    zone = read_company(settings.company).business_time_zone
    age = shown.age(now or datetime.now(UTC), zone)
    if age <= timedelta(hours=settings.stale_hours):
        return []
    hours = age / timedelta(hours=1)
    alert = message.staleness(shown.version, hours, settings.stale_hours)
    return _tell_once(settings, f"stale-{shown.version}", alert)


def tell_of_crash(settings: Settings, error: BaseException) -> list[str]:
    """Alert of a command that broke before or between nights; what came of sending."""
    reason = redacted(settings, f"{type(error).__name__}: {error}")
    alert = message.no_night(reason, readers_see(settings))
    return [_send(channel, alert)[1] for channel in channels(settings)]


def try_out(settings: Settings) -> list[tuple[bool, str]]:
    """Send a test on every channel: whether it was sent, and a line about it."""
    return [_send(channel, message.trial()) for channel in channels(settings)]


def readers_see(settings: Settings) -> str:
    """What readers have in the meantime, in a sentence."""
    shown = _shown(settings)
    if shown is None:
        return "Nothing was published; there is no version before."
    return f"Nothing was published; readers see {shown.version} as of {shown.as_of_date}."


def _shown(settings: Settings) -> Publication | None:
    current = current_version(settings)
    return next((each for each in publications(settings) if each.version == current), None)


def _tell_once(
    settings: Settings, subject: str, alert: Alert, *, is_kept: bool = False
) -> list[str]:
    """Send what nobody has sent; what came of it. If `is_kept`, a later run sends what failed."""
    told = []
    for channel in channels(settings):
        mark = _folder(settings) / f"{subject}.{channel.name}"
        told += _sent_once(channel, mark, alert, is_kept=is_kept)[1]
    return told


def _sent_once(
    channel: Channel, mark: Path, alert: Alert, *, is_kept: bool
) -> tuple[bool, list[str]]:
    """Send by one channel what has no `mark` yet: whether it need not be sent again, and a line
    about it if it was tried.
    """
    note = mark.with_name(f"{mark.name}{_UNSENT}")
    with _one_at_a_time(mark.parent):
        is_sent, lines = mark.exists(), []
        if not is_sent:
            # On a full disk nothing can be written down: rather told twice than never.
            with suppress(OSError, ValueError):
                if is_kept:
                    _note(note, alert)
            is_sent, line = _send(channel, alert)
            lines = [line]
        if is_sent:
            with suppress(OSError):
                mark.touch()
                note.unlink(missing_ok=True)
        return is_sent, lines


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Whoever else sends waits, and sees then what was sent; the lock dies with its process."""
    with ExitStack() as held:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
            held.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _note(note: Path, alert: Alert) -> None:
    # As it is written, so that `flywheel forget` finds a name in it.
    text = json.dumps(asdict(alert), ensure_ascii=False)
    with replacing(note) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _noted(note: Path) -> Alert | None:
    """The alert of a note; None of one that cannot be read."""
    try:
        return Alert(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _folder(settings: Settings) -> Path:
    return settings.operations / "alert"


def _send(channel: Channel, alert: Alert) -> tuple[bool, str]:
    try:
        channel.send(alert)
    except AlertNotSentError as error:
        return False, f"no alert  by {channel.name}: {error}"
    return True, f"alerted   by {channel.name}"
