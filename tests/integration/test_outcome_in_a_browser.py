"""The page of a night as a browser and a screen reader meet it.

Belongs here: accessibility by axe, light and dark, on a screen and on a phone, and what the browser
asks for. Does not belong here: what is on the page (tests/unit/test_outcome_page.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.outcome.page import write_page
from orchestration.settings import Settings
from tests.browser import CHROMIUM, chromium
from tests.nights import NIGHT, RUN, check, night, published, refusing

SIZES = {"screen": {"width": 1200, "height": 900}, "phone": {"width": 360, "height": 740}}

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed here")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each outcome, with everything that can stand on one."""
    wide = {f"column_{number}": "a value of some length" for number in range(20)}
    failed = [
        refusing("wide", sample=[wide] * 10),
        refusing("late", severity="warning"),
        refusing("noted", severity="info"),
    ]
    pages = {}
    for name, outcome in (("published", "published"), ("warned", "published with warnings")):
        settings = Settings(home=tmp_path_factory.mktemp(name))
        published(settings, NIGHT, RUN, outcome)
        checks = failed[1:] if name == "warned" else [check()]
        pages[name] = write_page(settings, night(settings, *checks))
    settings = Settings(home=tmp_path_factory.mktemp("refused"))
    published(settings, date(2025, 9, 28))
    pages["refused"] = write_page(settings, night(settings, *failed, check()))
    settings = Settings(home=tmp_path_factory.mktemp("failed"))
    pages["failed"] = write_page(settings, night(settings, failure="warehouse: no space\nleft"))
    return pages


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("outcome", ["published", "warned", "refused", "failed"])
def test_a_page_is_accessible_and_asks_for_nothing(
    browser: Any, pages: dict[str, Path], outcome: str, scheme: str, size: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, viewport=SIZES[size])
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[outcome].as_uri())
    for summary in page.query_selector_all("summary"):
        summary.click()
    results = Axe().run(page)
    is_wider = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    context.close()
    assert results.violations_count == 0, results.generate_report()
    assert asked == [pages[outcome].as_uri()]
    assert not is_wider
