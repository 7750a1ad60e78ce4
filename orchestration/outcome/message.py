"""An alert: a headline, a few lines, a link; and its forms.

Belongs here: what an alert says, as Slack takes it and as an e-mail. Does not belong here: sending
(channels.py), when one is due (alerts.py).

Offending rows are never in an alert: it leaves this machine, and they may tell of persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from orchestration.gate.results import CheckResult
from orchestration.terminal import printable

_SHOWN_CHECKS = 5
_LINE_CHARACTERS = 300
# Slack refuses a whole message for one section of more than 3,000 characters.
_SECTION_CHARACTERS = 2_900


@dataclass(frozen=True)
class Alert:
    """Something that somebody must know. `lines` are sentences, `link` may be empty."""

    title: str
    lines: list[str]
    link: str = ""

    @property
    def text(self) -> str:
        """All of it, as plain text."""
        return "\n".join([self.title, *self.lines, *([self.link] if self.link else [])])


def refusal(night: str, refusing: list[CheckResult], readers_see: str, link: str) -> Alert:
    """A gate refused a night."""
    more = len(refusing) - _SHOWN_CHECKS
    return Alert(
        title=f"Flywheel: night {night} was refused",
        lines=[
            *(_reason(check) for check in refusing[:_SHOWN_CHECKS]),
            *([f"and {more} more checks"] if more > 0 else []),
            readers_see,
        ],
        link=link,
    )


def failure(night: str, reason: str, readers_see: str, link: str) -> Alert:
    """A step of a night broke."""
    return Alert(f"Flywheel: night {night} failed", [_line(reason), readers_see], link)


def left_undone(night: str, version: str, reason: str, link: str) -> Alert:
    """A night was published, and a step after that broke: its report, or PostgreSQL."""
    return Alert(
        f"Flywheel: night {night} is published, but a step after it failed",
        [_line(reason), f"Readers of the file see {version}."],
        link,
    )


def no_night(reason: str, readers_see: str) -> Alert:
    """`flywheel nightly` broke before or between nights."""
    return Alert("Flywheel: no night could run", [_line(reason), readers_see])


def staleness(version: str, hours: float, limit: float) -> Alert:
    """Readers see a version that is too old."""
    return Alert(
        title=f"Flywheel: what is published is stale, {version}",
        lines=[
            f"Readers see version {version}, {hours:,.0f} hours after its day began; more than "
            f"{limit:g} are too many.",
            "Look whether the extracts landed and the last night went well: flywheel status",
        ],
    )


def trial() -> Alert:
    """Nothing happened; somebody tries whether alerts arrive."""
    return Alert("Flywheel: this is a test", ["Alerts of nights will come here."])


def slack_message(alert: Alert) -> dict[str, Any]:
    """The message as Slack, Mattermost and others of its kind take it."""
    sections = [f"*{_escaped(alert.title)}*", *map(_escaped, alert.lines)]
    blocks: list[dict[str, Any]] = [_section("\n".join(sections))]
    if alert.link.startswith(("http://", "https://")):
        blocks.append(_section(f"<{_escaped(alert.link)}|What was found, and what to do>"))
    elif alert.link:
        blocks.append(_section(_escaped(alert.link)))
    return {"text": _escaped(alert.title), "blocks": blocks}


def mail(alert: Alert, sender: str, recipients: list[str]) -> EmailMessage:
    """The message as an e-mail of plain text."""
    message = EmailMessage()
    message["Subject"] = printable(alert.title)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain="flywheel.invalid")
    # Mail programs that answer for people away leave such a message alone.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join([*alert.lines, "", alert.link]).rstrip() + "\n")
    return message


def _reason(check: CheckResult) -> str:
    return _line(f"{check.suite}, {check.check}: {check.observed} (must hold: {check.description})")


def _line(text: str) -> str:
    said = printable(text)
    return said if len(said) <= _LINE_CHARACTERS else f"{said[: _LINE_CHARACTERS - 1]}…"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:_SECTION_CHARACTERS]}}


def _escaped(text: str) -> str:
    """Slack's own three characters, so that no text becomes a link or calls everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
