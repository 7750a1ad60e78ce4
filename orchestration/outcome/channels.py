"""Sending an alert: to a webhook, and through a mail server.

Belongs here: addresses, encryption, time limits, and saying in one line why something could not be
sent. Does not belong here: what is sent (message.py), when (alerts.py).

No error may show an address: the path of a webhook is its password. A redirect is not followed,
because the other place would be given the alert, and a password is not sent in the clear.

Libraries are imported where something is sent: most nights send nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from orchestration.outcome.message import Alert, mail, slack_message
from orchestration.secrets import redacted
from orchestration.settings import Settings
from orchestration.terminal import printable

if TYPE_CHECKING:
    import smtplib
    import urllib.request

_SECONDS = 10.0
_SUBMISSION, _SUBMISSION_TLS = 587, 465
# What mail programs would read as more than one address, or as a name before it, is in none.
_MAILBOX = re.compile(r"[^\s,;:<>()\[\]\"@]+@[^\s,;:<>()\[\]\"@]+")
_SENDER = re.compile(rf"{_MAILBOX.pattern}|[^\r\n<>]*<{_MAILBOX.pattern}>")


class AlertNotSentError(Exception):
    """An alert could not be sent; the text says why and holds no secret."""


@dataclass(frozen=True)
class Channel:
    """One way to tell people. `send` raises AlertNotSentError."""

    name: str
    send: Callable[[Alert], None]


def channels(settings: Settings, seconds: float = _SECONDS) -> list[Channel]:
    """The ways that are set up; an answer that takes longer than `seconds` is none."""
    found = []
    if _said(settings.alert_webhook):
        found.append(Channel("webhook", partial(_send_webhook, settings, seconds)))
    if settings.alert_email_to:
        found.append(Channel("e-mail", partial(_send_mail, settings, seconds)))
    return found


def _send_webhook(settings: Settings, seconds: float, alert: Alert) -> None:
    import http.client
    import urllib.error
    import urllib.request

    url = _said(settings.alert_webhook)
    address = _address(url, "FLYWHEEL_ALERT_WEBHOOK", ("https", "http"))
    if address.username is not None or address.password is not None:
        raise AlertNotSentError(
            "FLYWHEEL_ALERT_WEBHOOK holds a user or a password: webhooks are opened by their path"
        )
    request = urllib.request.Request(
        url,
        data=json.dumps(slack_message(alert)).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "flywheel"},
    )
    try:
        # The answer's status says everything; its body is not read.
        _opener().open(request, timeout=seconds).close()
    except urllib.error.HTTPError as error:
        error.close()
        raise AlertNotSentError(f"{address.hostname} answered {_meaning(error.code)}") from None
    except (OSError, http.client.HTTPException) as error:
        raise _not_reached(settings, address, error) from None


def _opener() -> urllib.request.OpenerDirector:
    import urllib.request

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            """None: the answer stands as an error."""

    return urllib.request.build_opener(NoRedirects())


def _meaning(status: int) -> str:
    if 300 <= status < 400:
        return f"{status}, that it has moved: set FLYWHEEL_ALERT_WEBHOOK to its new address"
    if status in (401, 403, 404, 410):
        return f"{status}: the address is not, or no longer, a webhook of it"
    return f"{status}"


def _send_mail(settings: Settings, seconds: float, alert: Alert) -> None:
    import smtplib

    url = _said(settings.smtp_url)
    if not url or not settings.alert_email_from:
        raise AlertNotSentError(
            "e-mail needs FLYWHEEL_SMTP_URL and FLYWHEEL_ALERT_EMAIL_FROM beside "
            "FLYWHEEL_ALERT_EMAIL_TO"
        )
    address = _address(url, "FLYWHEEL_SMTP_URL", ("smtp", "smtps"))
    recipients = _recipients(settings)
    message = mail(alert, _sender(settings), recipients)
    try:
        with _connected(address, seconds) as server:
            if address.username is not None:
                server.login(unquote(address.username), unquote(address.password or ""))
            refused = server.send_message(message, to_addrs=recipients)
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise AlertNotSentError(
            redacted(settings, f"{address.hostname} answered {error.smtp_code} {text}")
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise AlertNotSentError(
            f"{address.hostname} takes no e-mail to {', '.join(error.recipients)}"
        ) from None
    except UnicodeError:
        raise AlertNotSentError(
            "user, password or an e-mail address holds characters that mail servers do not take"
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        raise _not_reached(settings, address, error) from None
    if refused:
        raise AlertNotSentError(f"{address.hostname} takes no e-mail to {', '.join(refused)}")


def _recipients(settings: Settings) -> list[str]:
    """Who is told; raises AlertNotSentError unless each is an address of its own."""
    variable = "FLYWHEEL_ALERT_EMAIL_TO"
    # A comma at the end names nobody.
    found = [each.strip() for each in settings.alert_email_to.split(",") if each.strip()]
    if not found:
        raise AlertNotSentError(f"{variable} names nobody: give addresses, separated by commas")
    for each in found:
        if not _MAILBOX.fullmatch(each):
            raise AlertNotSentError(
                f"{variable}: `{printable(each)}` is no e-mail address; commas stand between two"
            )
    return found


def _sender(settings: Settings) -> str:
    """Whom the e-mail is from; a name may stand before, as in `Nights <flywheel@example.org>`."""
    said = settings.alert_email_from.strip()
    if not _SENDER.fullmatch(said):
        raise AlertNotSentError(
            f"FLYWHEEL_ALERT_EMAIL_FROM: `{printable(said)}` is no e-mail address"
        )
    return said


def _connected(address: SplitResult, seconds: float) -> smtplib.SMTP:
    """A mail server, encrypted where it can be, and always where there is a password.

    Raises AlertNotSentError where a password would have to go in the clear.
    """
    import smtplib
    import ssl

    host, context = address.hostname or "", ssl.create_default_context()
    if address.scheme == "smtps":
        return smtplib.SMTP_SSL(
            host, address.port or _SUBMISSION_TLS, timeout=seconds, context=context
        )
    server = smtplib.SMTP(host, address.port or _SUBMISSION, timeout=seconds)
    try:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif address.username is not None:
            raise AlertNotSentError(
                f"{host} offers no STARTTLS, and the password is not sent in the clear"
            )
    except BaseException:
        server.close()
        raise
    return server


def _address(url: str, variable: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of an address; raises AlertNotSentError for one that is none."""
    try:
        address = urlsplit(url)
        is_address = address.scheme in schemes and bool(address.hostname) and address.port != 0
        # Two dots in a row are told only when it is too late to say of whom.
        (address.hostname or "").encode("idna")
    except ValueError:
        is_address = False
    if not (is_address and url.isascii() and url.isprintable()) or " " in url:
        raise AlertNotSentError(f"{variable} is no address that begins with {schemes[0]}://")
    return address


def _not_reached(settings: Settings, address: SplitResult, error: Exception) -> AlertNotSentError:
    import ssl
    import urllib.error

    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    # smtplib says of silence that the server has hung up, because of a time-out.
    if TimeoutError in (type(reason), type(error.__context__)):
        said = "it did not answer in time"
    elif isinstance(reason, ssl.SSLCertVerificationError):
        said = f"its certificate is not trusted: {reason.verify_message}"
    else:
        said = str(reason) or type(reason).__name__
    return AlertNotSentError(redacted(settings, f"{address.hostname} cannot be reached: {said}"))


def _said(secret: Any) -> str:
    return str(secret.get_secret_value()) if secret is not None else ""
