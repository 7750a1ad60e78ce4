"""When somebody is told, what, and that nobody is told twice.

Belongs here: alerts of nights, of staleness and of commands that broke. Does not belong here: the
wire (test_alert_channels.py), nights that really ran (tests/integration/test_outcomes.py).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.outcome.alerts import tell_if_stale, tell_of_night
from orchestration.outcome.closing import close_night, close_without_night, telling_of_crashes
from orchestration.outcome.links import page_path
from orchestration.settings import PROJECT_ROOT, Settings
from tests.alert_servers import Webhook, free_port, webhook
from tests.nights import NIGHT, RUN, check, night, published, refusing

# Thirty hours after the beginning of 2025-09-29, and a minute.
LATE = datetime(2025, 9, 30, 6, 1, tzinfo=UTC)

SENDING = """
from orchestration.outcome.alerts import tell_of_night
from orchestration.settings import Settings
from tests.nights import night, refusing

tell_of_night(Settings(), night(Settings(), refusing()))
"""


@pytest.fixture
def server() -> Iterator[Webhook]:
    with webhook() as server:
        yield server


@pytest.fixture
def heard(tmp_path: Path, server: Webhook) -> Settings:
    """Settings of an empty home, with a webhook that listens."""
    return Settings(home=tmp_path / "home", alert_webhook=server.url)


def texts(server: Webhook) -> list[str]:
    """Everything that was posted, a text each."""
    return ["\n".join(each["text"]["text"] for each in post["blocks"]) for _, post in server.posts]


# Nights ------------------------------------------------------------------------------------------


def test_a_refused_night_is_told_of_with_reason_and_link(heard: Settings, server: Webhook) -> None:
    published(heard, date(2025, 9, 28))
    told = tell_of_night(heard, night(heard, refusing()))
    (text,) = texts(server)
    assert told == ["alerted   by webhook"]
    assert "*Flywheel: night 2025-09-29 was refused*" in text
    assert "marts.win_rate, no_orphans: 1 (must hold: There is a win rate.)" in text
    assert "readers see 2025-09-28-001 as of 2025-09-28" in text
    assert page_path(heard, NIGHT.isoformat(), RUN).as_uri() in text


def test_the_link_is_one_that_others_can_open(tmp_path: Path, server: Webhook) -> None:
    settings = Settings(
        home=tmp_path, alert_webhook=server.url, report_url="https://data.example.org/report/"
    )
    tell_of_night(settings, night(settings, refusing()))
    link = f"<https://data.example.org/report/night-2025-09-29-{RUN}.html|"
    assert link in texts(server)[0]


def test_a_failed_night_is_told_of_without_secrets(heard: Settings, server: Webhook) -> None:
    tell_of_night(heard, night(heard, failure=f"publish: no answer from {server.url}"))
    (text,) = texts(server)
    assert "night 2025-09-29 failed" in text
    assert "publish: no answer from ****" in text


def test_offending_rows_are_in_no_alert(heard: Settings, server: Webhook) -> None:
    tell_of_night(heard, night(heard, refusing(sample=[{"email": "ada@example.org"}])))
    assert "ada@example.org" not in texts(server)[0]


def test_of_many_refusing_checks_five_are_named(heard: Settings, server: Webhook) -> None:
    tell_of_night(heard, night(heard, *(refusing(f"check_{each}") for each in range(9))))
    (text,) = texts(server)
    assert ("check_4" in text, "check_5" in text, "and 4 more checks" in text) == (
        True,
        False,
        True,
    )


@pytest.mark.parametrize("outcome", ["published", "published with warnings"])
def test_a_published_night_is_not_told_of(heard: Settings, server: Webhook, outcome: str) -> None:
    published(heard, NIGHT, RUN, outcome)
    assert tell_of_night(heard, night(heard, check())) == []
    assert server.posts == []


def test_a_night_is_told_of_once_whoever_closes_it(heard: Settings, server: Webhook) -> None:
    outcome = night(heard, refusing())
    close_night(heard, outcome)
    assert tell_of_night(heard, outcome) == []
    assert len(server.posts) == 1


def test_another_try_of_a_night_is_told_of_again(heard: Settings, server: Webhook) -> None:
    tell_of_night(heard, night(heard, refusing()))
    tell_of_night(heard, night(heard, refusing(), run_id="again"))
    assert len(server.posts) == 2


def test_an_alert_that_could_not_be_sent_is_tried_again(tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}/token"
    settings = Settings(home=tmp_path, alert_webhook=dead)
    outcome = night(settings, refusing())
    (line,) = tell_of_night(settings, outcome)
    assert line.startswith("no alert  by webhook: 127.0.0.1 cannot be reached")
    with webhook() as server:
        told = tell_of_night(Settings(home=tmp_path, alert_webhook=server.url), outcome)
    assert told == ["alerted   by webhook"]


@pytest.fixture
def unsent(tmp_path: Path) -> Settings:
    """A home whose refused night nobody could be told of: the webhook answered with an error."""
    with webhook(status=500) as broken:
        settings = Settings(home=tmp_path / "home", alert_webhook=broken.url)
        (line,) = [
            each
            for each in close_night(settings, night(settings, refusing()))
            if each.startswith("no alert")
        ]
    assert "500" in line
    return settings


def test_the_next_run_sends_what_could_not_be_sent_once(unsent: Settings, server: Webhook) -> None:
    mended = Settings(home=unsent.home, alert_webhook=server.url)
    (line,) = close_without_night(mended)
    assert line == "alerted   by webhook, late: Flywheel: night 2025-09-29 was refused"
    assert "marts.win_rate, no_orphans: 1" in texts(server)[0]
    assert close_without_night(mended) == []
    assert len(server.posts) == 1


def test_an_alert_is_sent_by_the_next_run_though_its_process_was_killed_meanwhile(
    tmp_path: Path, server: Webhook
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
        sending = subprocess.Popen(
            [sys.executable, "-c", SENDING],
            env=os.environ | {"FLYWHEEL_HOME": str(tmp_path), "FLYWHEEL_ALERT_WEBHOOK": url},
            cwd=PROJECT_ROOT,
        )
        # It has connected once it is at sending.
        silent.accept()
        sending.kill()
        sending.wait()

    (line,) = close_without_night(Settings(home=tmp_path, alert_webhook=server.url))
    assert line == "alerted   by webhook, late: Flywheel: night 2025-09-29 was refused"


def test_an_alert_to_an_address_that_is_none_waits_until_it_is_mended(
    tmp_path: Path, server: Webhook
) -> None:
    wrong = Settings(home=tmp_path, alert_webhook="https://hooks..example.com/token")
    (line,) = tell_of_night(wrong, night(wrong, refusing()))
    assert line.endswith("FLYWHEEL_ALERT_WEBHOOK is no address that begins with https://")

    (line,) = close_without_night(Settings(home=tmp_path, alert_webhook=server.url))
    assert line.startswith("alerted   by webhook, late")


def test_a_run_with_a_night_of_its_own_sends_it_too(unsent: Settings, server: Webhook) -> None:
    mended = Settings(home=unsent.home, alert_webhook=server.url)
    close_night(mended, night(mended, refusing("other"), run_id="later"))
    assert ["no_orphans" in text for text in texts(server)] == [True, False]
    assert close_without_night(mended) == []


def test_whoever_closes_the_same_night_again_leaves_nothing_to_send(
    unsent: Settings, server: Webhook
) -> None:
    mended = Settings(home=unsent.home, alert_webhook=server.url)
    tell_of_night(mended, night(mended, refusing()))
    assert close_without_night(mended) == []
    assert len(server.posts) == 1


def test_what_still_cannot_be_sent_is_one_line_and_waits_on(
    unsent: Settings, server: Webhook
) -> None:
    close_night(unsent, night(unsent, refusing("other"), run_id="later"))
    for _ in range(2):
        (line,) = close_without_night(unsent)
        assert line.startswith("no alert  by webhook: 127.0.0.1 cannot be reached")
    close_without_night(Settings(home=unsent.home, alert_webhook=server.url))
    assert len(server.posts) == 2


def test_a_note_that_was_cut_off_is_thrown_away(unsent: Settings, server: Webhook) -> None:
    (note,) = (unsent.operations / "alert").glob("*.unsent")
    note.write_text("{")
    assert close_without_night(Settings(home=unsent.home, alert_webhook=server.url)) == []
    assert not note.exists()


def test_one_channel_that_fails_does_not_silence_another(tmp_path: Path, server: Webhook) -> None:
    settings = Settings(home=tmp_path, alert_webhook=server.url, alert_email_to="data@example.org")
    outcome = night(settings, refusing())
    sent, unsent = tell_of_night(settings, outcome)
    assert sent == "alerted   by webhook"
    assert unsent.startswith("no alert  by e-mail: ")
    assert len(tell_of_night(settings, outcome)) == 1
    assert len(server.posts) == 1


# Staleness ---------------------------------------------------------------------------------------


def test_a_version_is_stale_so_many_hours_after_its_day_began(
    heard: Settings, server: Webhook
) -> None:
    published(heard, NIGHT)
    assert tell_if_stale(heard, datetime(2025, 9, 30, 5, 59, tzinfo=UTC)) == []
    assert tell_if_stale(heard, LATE) == ["alerted   by webhook"]
    assert "is stale, 2025-09-29-001" in texts(server)[0]


def test_a_day_begins_where_the_company_is(heard: Settings) -> None:
    published(heard, NIGHT)
    heard.company.write_text("business_time_zone: America/New_York\n")
    assert tell_if_stale(heard, LATE) == []
    assert tell_if_stale(heard, datetime(2025, 9, 30, 10, 1, tzinfo=UTC)) != []


def test_a_stale_version_is_told_of_once(heard: Settings, server: Webhook) -> None:
    published(heard, NIGHT)
    tell_if_stale(heard, LATE)
    assert tell_if_stale(heard, LATE) == []
    assert len(server.posts) == 1


def test_the_next_version_can_be_stale_again(heard: Settings, server: Webhook) -> None:
    published(heard, date(2025, 9, 20))
    tell_if_stale(heard, LATE)
    published(heard, date(2025, 9, 21))
    tell_if_stale(heard, LATE)
    assert len(server.posts) == 2


def test_how_late_is_too_late_can_be_said(tmp_path: Path, server: Webhook) -> None:
    settings = Settings(home=tmp_path, alert_webhook=server.url, stale_hours=80)
    published(settings, NIGHT)
    assert tell_if_stale(settings, LATE) == []


def test_where_nothing_was_published_nothing_is_stale(heard: Settings) -> None:
    assert tell_if_stale(heard, LATE) == []


def test_an_alert_that_cannot_be_remembered_is_sent_all_the_same(heard: Settings) -> None:
    published(heard, NIGHT)
    (heard.operations / "alert").write_text("in the way")
    assert tell_if_stale(heard, LATE) == ["alerted   by webhook"]


def test_what_breaks_while_looking_at_the_clock_does_not_fail_the_command(heard: Settings) -> None:
    published(heard, NIGHT)
    heard.company.write_text("business_time_zone: [")
    (line,) = close_without_night(heard)
    assert line.startswith("no alert  CompanyFileError")


# Commands ----------------------------------------------------------------------------------------


def test_what_breaks_between_nights_is_told_of_and_goes_on(
    heard: Settings, server: Webhook
) -> None:
    with pytest.raises(OSError, match="no space left"), telling_of_crashes(heard):
        raise OSError(f"no space left for {server.url}")
    assert "OSError: no space left for ****" in texts(server)[0]


def test_a_crash_that_nobody_can_be_told_of_stays_what_it_was(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, alert_webhook=f"http://127.0.0.1:{free_port()}/token")
    with pytest.raises(OSError, match="no space left"), telling_of_crashes(settings):
        raise OSError("no space left")


@pytest.fixture
def flywheel(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_a_test_is_sent_on_demand(
    flywheel: Any, server: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_ALERT_WEBHOOK", server.url)
    result = flywheel("alerts", "test")
    assert (result.exit_code, result.output) == (0, "alerted   by webhook\n")
    assert "this is a test" in texts(server)[0]


def test_a_test_that_does_not_arrive_is_a_failure(
    flywheel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_ALERT_WEBHOOK", f"http://127.0.0.1:{free_port()}/token")
    result = flywheel("alerts", "test")
    assert result.exit_code == 3
    assert result.output.count("\n") == 1


def test_a_test_without_addresses_says_what_to_set(flywheel: Any) -> None:
    result = flywheel("alerts", "test")
    assert (result.exit_code, "FLYWHEEL_ALERT_WEBHOOK" in result.output) == (2, True)
