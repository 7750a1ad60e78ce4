"""Who is told what, and nobody twice.

Belongs here: the alerts of a night, of staleness and of a command that broke, and the memory of
what was sent. Does not belong here: the words (message.py), the wire (channels.py).

An alert that was sent leaves an empty file below `ops/alert/`, named after what it told and where.
The file is made before sending, so that two processes never both send, and taken away when sending
failed. The alert of a night that could not be sent is kept beside it, `….unsent`, until the next
run or Dagster's sensor has sent it. Staleness needs no such note: whoever looks at the clock finds
it anew.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.company import read_company
from orchestration.durable import replace_durably
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
            is_sent, lines = _claimed(channel, note.with_suffix(""), alert, is_kept=True)
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
        claim = _folder(settings) / f"{subject}.{channel.name}"
        told += _claimed(channel, claim, alert, is_kept=is_kept)[1]
    return told


def _claimed(
    channel: Channel, claim: Path, alert: Alert, *, is_kept: bool
) -> tuple[bool, list[str]]:
    """Send by one channel, unless somebody has or is about to: whether it need not be sent again,
    and a line about it if it was tried.
    """
    if not _is_ours(claim):
        return True, []
    is_sent, line = _send(channel, alert)
    note = claim.with_name(f"{claim.name}{_UNSENT}")
    # What cannot be written down, on a full disk say, has been told on the terminal.
    with suppress(OSError, ValueError):
        if is_sent:
            note.unlink(missing_ok=True)
        elif is_kept:
            _note(note, alert)
    if not is_sent:
        claim.unlink(missing_ok=True)
    return is_sent, [line]


def _note(note: Path, alert: Alert) -> None:
    temporary = note.with_name(f".{note.name}")
    # As it is written, so that `flywheel forget` finds a name in it.
    temporary.write_text(json.dumps(asdict(alert), ensure_ascii=False), encoding="utf-8")
    replace_durably(temporary, note)


def _noted(note: Path) -> Alert | None:
    """The alert of a note; None of one that cannot be read."""
    try:
        return Alert(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _folder(settings: Settings) -> Path:
    return settings.operations / "alert"


def _is_ours(claim: Path) -> bool:
    """Whether nobody has sent it, nor is about to."""
    try:
        claim.parent.mkdir(parents=True, exist_ok=True)
        claim.touch(exist_ok=False)
    except OSError:
        # On a full disk nothing can be remembered: rather told twice than never.
        return not claim.exists()
    return True


def _send(channel: Channel, alert: Alert) -> tuple[bool, str]:
    try:
        channel.send(alert)
    except AlertNotSentError as error:
        return False, f"no alert  by {channel.name}: {error}"
    return True, f"alerted   by {channel.name}"
