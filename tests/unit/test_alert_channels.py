"""Alerts over the wire, to real servers on loopback: what arrives, and why something does not.

Belongs here: webhook and mail server, certificates, time limits, passwords. Does not belong here:
when an alert is due (test_alerts.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.outcome.channels import AlertNotSentError, channels
from orchestration.outcome.message import Alert
from orchestration.settings import Settings
from tests.alert_servers import (
    certificate,
    free_port,
    mail_server,
    silent_server,
    webhook,
)

ALERT = Alert(
    "Flywheel: night 2025-09-29 was refused", ["first <@all> & line", "second"], "https://r/x.html"
)
TOKEN = "plantedtoken"
PASSWORD = "planted-password"

Said = Callable[..., Settings]


@pytest.fixture
def said(tmp_path: Path) -> Said:
    """Settings that say what they are given."""
    return lambda **options: Settings(home=tmp_path / "home", **options)


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    return certificate(tmp_path)


@pytest.fixture
def trusted(tls: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate of the servers, trusted as the machine trusts its own."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls))
    return tls


def send(settings: Settings, seconds: float = 10.0) -> None:
    (channel,) = channels(settings, seconds)
    channel.send(ALERT)


def reason(settings: Settings, seconds: float = 10.0) -> str:
    """Why the alert could not be sent; no secret is in it."""
    with pytest.raises(AlertNotSentError) as caught:
        send(settings, seconds)
    text = str(caught.value)
    assert TOKEN not in text and PASSWORD not in text
    return text


def by_mail(said: Said, url: str, **options: str) -> Settings:
    return said(
        smtp_url=url,
        alert_email_to="data@example.org, ops@example.org",
        alert_email_from="flywheel@example.org",
        **options,
    )


# Webhook -----------------------------------------------------------------------------------------


def test_a_webhook_gets_what_slack_takes(said: Said) -> None:
    with webhook() as server:
        send(said(alert_webhook=server.url))
    ((path, post),) = server.posts
    assert path == f"/services/T0/{TOKEN}"
    assert post["text"] == "Flywheel: night 2025-09-29 was refused"
    texts = [block["text"]["text"] for block in post["blocks"]]
    assert {block["type"] for block in post["blocks"]} == {"section"}
    assert texts[0].endswith("first &lt;@all&gt; &amp; line\nsecond")
    assert texts[1].startswith("<https://r/x.html|")


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_webhook_that_says_no_is_no_success(said: Said, status: int) -> None:
    with webhook(status) as server:
        assert f"answered {status}" in reason(said(alert_webhook=server.url))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(said: Said, status: int) -> None:
    """Wherever it leads would be given the alert, and the token in a referrer or a log."""
    with webhook() as elsewhere, webhook(status, elsewhere.url) as server:
        assert "moved" in reason(said(alert_webhook=server.url))
    assert elsewhere.posts == []


def test_a_server_with_a_certificate_that_nobody_trusts_is_told_nothing(
    said: Said, tls: Path
) -> None:
    with webhook(tls=tls) as server:
        assert "certificate is not trusted" in reason(said(alert_webhook=server.url))
    assert server.posts == []


def test_a_server_with_a_trusted_certificate_is_told(said: Said, trusted: Path) -> None:
    with webhook(tls=trusted) as server:
        send(said(alert_webhook=server.url))
    assert len(server.posts) == 1


def test_a_server_that_never_answers_is_given_up(said: Said) -> None:
    with silent_server() as port:
        url = f"http://127.0.0.1:{port}/services/T0/{TOKEN}"
        assert "did not answer in time" in reason(said(alert_webhook=url), seconds=0.2)


def test_nobody_at_the_address_is_told_of_in_a_line(said: Said) -> None:
    url = f"http://127.0.0.1:{free_port()}/services/T0/{TOKEN}"
    text = reason(said(alert_webhook=url))
    assert "127.0.0.1 cannot be reached" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "url",
    [
        f"hooks.example.org/{TOKEN}",
        f"file:///etc/{TOKEN}",
        f"https:///{TOKEN}",
        f"https://hooks.example.org:port/{TOKEN}",
        f"https://hooks.example.org/{TOKEN} x",
        f"https://hooks.example.org/{TOKEN}\n",
        f"https://hooks.example.org/ü{TOKEN}",
        f"https://fly:{TOKEN}@hooks.example.org/x",
        f"https://[{TOKEN}/x",
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(said: Said, url: str) -> None:
    assert "FLYWHEEL_ALERT_WEBHOOK" in reason(said(alert_webhook=url))


# E-mail ------------------------------------------------------------------------------------------


def test_an_e_mail_arrives_with_its_reason_and_link(said: Said) -> None:
    with mail_server() as server:
        send(by_mail(said, f"smtp://127.0.0.1:{server.port}"))
    (mail,) = server.mails
    assert mail["Subject"] == ALERT.title
    assert mail["From"] == "flywheel@example.org"
    assert server.recipients == ["data@example.org", "ops@example.org"]
    assert mail.get_content().splitlines() == [*ALERT.lines, "", ALERT.link]
    assert (mail["Date"] is not None, mail["Auto-Submitted"]) == (True, "auto-generated")


def test_a_server_that_offers_starttls_is_told_encrypted(said: Said, trusted: Path) -> None:
    with mail_server(trusted) as server:
        send(by_mail(said, f"smtp://127.0.0.1:{server.port}"))
    assert server.was_encrypted == [True]


def test_smtps_is_encrypted_from_the_start(said: Said, trusted: Path) -> None:
    with mail_server(trusted, implicit=True) as server:
        send(by_mail(said, f"smtps://127.0.0.1:{server.port}"))
    assert server.was_encrypted == [True]


@pytest.mark.parametrize("implicit", [False, True])
def test_a_mail_server_that_nobody_trusts_is_told_nothing(
    said: Said, tls: Path, implicit: bool
) -> None:
    scheme = "smtps" if implicit else "smtp"
    with mail_server(tls, implicit=implicit) as server:
        text = reason(by_mail(said, f"{scheme}://fly:{PASSWORD}@127.0.0.1:{server.port}"))
    assert "certificate is not trusted" in text
    assert (server.mails, server.logins) == ([], [])


def test_a_login_opens_the_server(said: Said, trusted: Path) -> None:
    with mail_server(trusted, login=("fly@x", f"{PASSWORD}/ü".replace("ü", "@"))) as server:
        send(by_mail(said, f"smtp://fly%40x:{PASSWORD}%2F%40@127.0.0.1:{server.port}"))
    assert (len(server.mails), set(server.logins)) == (1, {"fly@x"})


def test_a_password_is_not_sent_in_the_clear(said: Said) -> None:
    with mail_server(login=("fly", PASSWORD)) as server:
        text = reason(by_mail(said, f"smtp://fly:{PASSWORD}@127.0.0.1:{server.port}"))
    assert "STARTTLS" in text
    assert server.logins == []


def test_a_wrong_password_is_told_of_without_it(said: Said, trusted: Path) -> None:
    with mail_server(trusted, login=("fly", "another")) as server:
        text = reason(by_mail(said, f"smtp://fly:{PASSWORD}@127.0.0.1:{server.port}"))
    assert "answered 535" in text


def test_a_password_that_mail_servers_do_not_take_is_told_of_without_it(
    said: Said, trusted: Path
) -> None:
    with mail_server(trusted, login=("fly", PASSWORD)) as server:
        text = reason(by_mail(said, f"smtp://fly:{PASSWORD}%C3%BC@127.0.0.1:{server.port}"))
    assert "characters" in text


def test_a_server_without_the_login_it_wants_says_so(said: Said, trusted: Path) -> None:
    with mail_server(trusted, login=("fly", PASSWORD)) as server:
        assert "530" in reason(by_mail(said, f"smtp://127.0.0.1:{server.port}"))


def test_an_unknown_recipient_is_named(said: Said) -> None:
    with mail_server(refuses="ops@example.org") as server:
        text = reason(by_mail(said, f"smtp://127.0.0.1:{server.port}"))
    assert "ops@example.org" in text
    assert server.recipients == ["data@example.org"]


def test_a_mail_server_that_never_answers_is_given_up(said: Said) -> None:
    with silent_server() as port:
        text = reason(by_mail(said, f"smtp://127.0.0.1:{port}"), seconds=0.2)
    assert "did not answer in time" in text


def test_e_mail_without_a_server_says_what_is_missing(said: Said) -> None:
    assert "FLYWHEEL_SMTP_URL" in reason(said(alert_email_to="data@example.org"))


@pytest.mark.parametrize(
    "url", [f"mail.example.org:{PASSWORD}", f"smtp://:x{PASSWORD}", "imap://m"]
)
def test_what_is_no_mail_server_is_refused_without_showing_it(said: Said, url: str) -> None:
    assert "FLYWHEEL_SMTP_URL" in reason(by_mail(said, url))


def test_a_header_cannot_be_smuggled_in(said: Said) -> None:
    settings = said(
        smtp_url="smtp://127.0.0.1:1", alert_email_to="a@b\nBcc: c@d", alert_email_from="x@y"
    )
    assert "no e-mail address" in reason(settings)


@pytest.mark.parametrize(
    "to",
    [
        "a@b.example;c@d.example",
        "a@b.example c@d.example",
        "no address",
        "ops",
        "a@b.example, ops",
        "@b.example",
        "a@",
        "Ops <a@b.example>",
        "a@b@c.example",
    ],
)
def test_who_has_no_address_of_its_own_is_named_and_nobody_is_told(said: Said, to: str) -> None:
    with mail_server() as server:
        url = f"smtp://127.0.0.1:{server.port}"
        settings = said(smtp_url=url, alert_email_to=to, alert_email_from="flywheel@example.org")
        text = reason(settings)
    assert text.startswith("FLYWHEEL_ALERT_EMAIL_TO: ") and "no e-mail address" in text
    assert (server.mails, server.recipients) == ([], [])


@pytest.mark.parametrize("to", [" , ", ",", " "])
def test_a_list_that_names_nobody_is_told(said: Said, to: str) -> None:
    settings = said(smtp_url="smtp://127.0.0.1:1", alert_email_to=to, alert_email_from="x@y")
    assert "FLYWHEEL_ALERT_EMAIL_TO names nobody" in reason(settings)


def test_a_comma_at_the_end_names_nobody_more(said: Said) -> None:
    with mail_server() as server:
        send(
            said(
                smtp_url=f"smtp://127.0.0.1:{server.port}",
                alert_email_to="a@b.example, c@localhost,",
                alert_email_from="Nights <flywheel@example.org>",
            )
        )
    assert server.recipients == ["a@b.example", "c@localhost"]


@pytest.mark.parametrize("sender", ["flywheel", "a@b.example;c@d.example", "x@y\nBcc: c@d"])
def test_a_sender_without_an_address_is_told(said: Said, sender: str) -> None:
    settings = said(smtp_url="smtp://127.0.0.1:1", alert_email_to="a@b", alert_email_from=sender)
    assert "FLYWHEEL_ALERT_EMAIL_FROM" in reason(settings)


def test_without_addresses_nobody_is_told(said: Said) -> None:
    assert channels(said(alert_webhook="")) == []
