"""The page of a night: what it says of each outcome, and that it is whole, valid and silent.

Belongs here: the page without a browser. Does not belong here: contrast and names of things as
people without eyes meet them (tests/integration/test_outcome_in_a_browser.py), whole nights.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import html5lib
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.commands.printing import print_told
from orchestration.gate.results import result_files
from orchestration.nightly import NightOutcome
from orchestration.outcome.closing import close_night
from orchestration.outcome.links import check_link
from orchestration.outcome.page import write_page
from orchestration.settings import Settings
from orchestration.terminal import open_console
from tests.alert_servers import webhook
from tests.nights import NIGHT, RUN, check, night, published, refusing

HOSTILE = "a <script>alert(1)</script> & \x1b[31m \x00 \u202e ]]> '\"`"


def page(settings: Settings, outcome: NightOutcome) -> str:
    return write_page(settings, outcome).read_text(encoding="utf-8")


def parsed(text: str) -> Any:
    """The page as a tree; raises where it is not HTML as the standard has it."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def said(text: str) -> str:
    """What stands on the page, without markup and in one line; a name that may be broken is one."""
    body = parsed(text.replace("<wbr>", "")).find("body")
    return " ".join(" ".join(body.itertext()).split())


# Outcomes ----------------------------------------------------------------------------------------


def test_a_published_night_names_its_version(settings: Settings) -> None:
    published(settings, NIGHT, RUN)
    text = said(page(settings, night(settings, check())))
    assert "Night 2025-09-29: published Version 2025-09-29-001 as of 2025-09-29" in text
    assert "31 marts, 270,390 rows" in text


def test_a_night_with_warnings_was_published_and_shows_them(settings: Settings) -> None:
    published(settings, NIGHT, RUN, "published with warnings")
    warning = refusing("few_orphans", severity="warning")
    text = said(page(settings, night(settings, warning)))
    assert "Night 2025-09-29: published with warnings" in text
    assert "Warnings few_orphans" in text


def test_a_refused_night_tells_check_observed_expected_rows_and_remedy(settings: Settings) -> None:
    published(settings, date(2025, 9, 28))
    wrong = refusing(observed="1.2", expected="max_value=1", unexpected_count=1)
    text = said(page(settings, night(settings, wrong, check())))
    assert "Night 2025-09-29: refused" in text
    assert "readers see 2025-09-28-001 as of 2025-09-28" in text
    assert "2 checks ran: 1 passed, 0 warned, 1 refused, 0 noted" in text
    assert "Must hold There is a win rate. Observed 1.2 Expected max_value=1 At fault 1" in text
    assert "What to do Look at the rows" in text
    assert "opportunity_key amount salesforce:006 5" in text


def test_a_failed_night_tells_what_broke(settings: Settings) -> None:
    text = said(page(settings, night(settings, failure="warehouse: no space left\non device")))
    assert "Night 2025-09-29: failed" in text
    assert "What failed warehouse: no space left on device" in text
    assert "there is no version before" in text


def test_a_failed_night_without_any_check_has_a_page(settings: Settings) -> None:
    assert "No check ran." in said(page(settings, night(settings, failure="landing: gone")))


# Form --------------------------------------------------------------------------------------------


def test_any_text_of_an_extract_can_stand_on_the_page(settings: Settings) -> None:
    wrong = refusing(
        HOSTILE, description=HOSTILE, observed=HOSTILE, sample=[{HOSTILE: HOSTILE}, {"b": None}]
    )
    tree = parsed(page(settings, night(settings, wrong)))
    assert tree.findall(".//script") == []
    assert "<script>alert(1)</script>" in "".join(tree.itertext())


def test_a_page_asks_nobody_for_anything(settings: Settings) -> None:
    tree = parsed(page(settings, night(settings, refusing(), check())))
    links = [
        value
        for element in tree.iter()
        for name, value in element.attrib.items()
        if name in ("src", "href", "srcset", "action", "data", "poster")
    ]
    assert links
    assert all(link.startswith("#") for link in links)
    policy = next(each for each in tree.iter("meta") if each.get("http-equiv"))
    assert policy.get("content").startswith("default-src 'none'")


def test_a_night_with_a_thousand_failed_checks_shows_fifty_and_lists_all(
    settings: Settings,
) -> None:
    checks = [refusing(f"check_{number}") for number in range(1_000)]
    text = page(settings, night(settings, *checks))
    assert len(parsed(text).findall(".//article")) == 50
    assert "950 more are in the list of all checks" in said(text)
    assert all(f">{each.check}<" in text for each in checks)
    assert len(text) < 1_000_000


@pytest.mark.parametrize("number", [0, 49, 50, 199])
def test_every_failed_check_is_where_its_link_leads(settings: Settings, number: int) -> None:
    checks = [refusing(f"check_{each}") for each in range(200)]
    outcome = night(settings, *checks)
    link = check_link(settings, NIGHT.isoformat(), RUN, checks[number])
    path, _, anchor = link.removeprefix("file://").partition("#")
    write_page(settings, outcome)
    tree = parsed(Path(path).read_text(encoding="utf-8"))
    assert [each.get("id") for each in tree.iter() if each.get("id") == anchor] == [anchor]


def test_a_long_name_may_be_broken_at_its_parts_and_a_day_nowhere(settings: Settings) -> None:
    text = page(settings, night(settings, check(table="marts.funnel_stage_exit")))
    assert "<summary>marts.funnel_<wbr>stage_<wbr>exit: 1 check, 0 failed" in text
    assert "@media screen and (prefers-color-scheme: dark)" in text


def test_two_checks_of_one_name_stand_in_two_places(settings: Settings) -> None:
    faults = [
        refusing("contract", suite="dbt", table="fct"),
        refusing("contract", suite="dbt", table="fct"),
    ]
    tree = parsed(page(settings, night(settings, *faults)))
    places = [each.get("id") for each in tree.iter("article")]
    assert len(set(places)) == 2


def test_checks_of_dbt_stand_with_those_of_the_suites_on_the_same_table(settings: Settings) -> None:
    of_dbt = check("unique_win_rate", suite="dbt", table="win_rate")
    text = said(page(settings, night(settings, check(), of_dbt)))
    assert "marts.win_rate: 2 checks, 0 failed" in text


def test_a_long_value_is_cut(settings: Settings) -> None:
    wrong = refusing(sample=[{"note": "x" * 100_000}])
    assert len(page(settings, night(settings, wrong))) < 20_000


def test_no_secret_stands_on_a_page(settings: Settings) -> None:
    secret = settings.model_copy(
        update=Settings(smtp_url="smtp://fly:hunter-two@mail").model_dump(include={"smtp_url"})
    )
    failed = night(secret, failure="publish: could not log in with hunter-two")
    assert "hunter-two" not in page(secret, failed)
    assert "could not log in with ****" in said(page(secret, failed))


# Files -------------------------------------------------------------------------------------------


def test_the_newest_page_is_found_under_one_name(settings: Settings) -> None:
    write_page(settings, night(settings, check(), day=date(2025, 9, 28), run_id="one"))
    newest = write_page(settings, night(settings, check()))
    assert (settings.report / "latest-night.html").resolve() == newest


def test_pages_stay_as_long_as_results(settings: Settings) -> None:
    old = write_page(settings, night(settings, check(), day=date(2025, 9, 28), run_id="one"))
    kept = write_page(settings, night(settings, check()))
    assert old.exists()
    for file in result_files(settings):
        if file.name.startswith("2025-09-28"):
            file.unlink()
    write_page(settings, night(settings, check(), day=date(2025, 9, 30), run_id="three"))
    assert (old.exists(), kept.exists()) == (False, True)


def test_a_page_that_cannot_be_written_fails_neither_night_nor_alert(tmp_path: Path) -> None:
    with webhook() as server:
        settings = Settings(home=tmp_path, alert_webhook=server.url)
        settings.report.write_text("in the way")
        told = close_night(settings, night(settings, refusing()))
    assert [line[:9] for line in told] == ["no page  ", "alerted  "]
    assert len(server.posts) == 1


def test_the_terminal_names_the_page_of_a_night_that_was_refused(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    print_told(open_console(), close_night(settings, night(settings, refusing())))
    assert re.search(
        rf"page +{re.escape(str(settings.report))}/night-2025-09-29-", capsys.readouterr().out
    )


def test_the_terminal_says_nothing_more_of_a_plainly_good_night(settings: Settings) -> None:
    published(settings, NIGHT, RUN)
    assert close_night(settings, night(settings, check())) == []


# flywheel report ---------------------------------------------------------------------------------


@pytest.fixture
def flywheel(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_report_names_the_newest_page(settings: Settings, flywheel: Any) -> None:
    first = write_page(settings, night(settings, check(), run_id="first"))
    second = write_page(settings, night(settings, check(), run_id="second"))
    os.utime(first, (1, 1))
    for file in result_files(settings):
        os.utime(file, (1, 1))
    assert flywheel("report").output.strip() == str(second)


def test_report_names_the_page_of_a_night(settings: Settings, flywheel: Any) -> None:
    path = write_page(settings, night(settings, check(), day=date(2025, 9, 28), run_id="one"))
    write_page(settings, night(settings, check()))
    assert flywheel("report", "--date", "2025-09-28").output.strip() == str(path)


def test_report_draws_a_page_that_is_gone_from_the_kept_results(
    settings: Settings, flywheel: Any
) -> None:
    path = write_page(settings, night(settings, refusing()))
    before = path.read_text()
    path.unlink()
    assert flywheel("report").output.strip() == str(path)
    assert re.sub("Written .* UTC", "", path.read_text()) == re.sub("Written .* UTC", "", before)


def test_report_of_a_night_that_never_was_says_which_there_are(
    settings: Settings, flywheel: Any
) -> None:
    night(settings, check())
    result = flywheel("report", "--date", "2025-01-01")
    assert result.exit_code == 2
    assert "there is: 2025-09-29" in result.output


def test_report_in_an_empty_home_says_what_to_do(flywheel: Any) -> None:
    result = flywheel("report")
    assert (result.exit_code, "flywheel nightly" in result.output) == (2, True)
