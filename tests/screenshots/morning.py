"""Pictures of the morning report: on a screen, in the dark, on a phone.

Belongs here: which part of the page is shown, and how wide. Does not belong here: the page
(orchestration/morning/), whether it is right (tests/integration/test_morning_report.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestration.morning.writing import newest_page
from orchestration.settings import Settings
from tests.browser import chromium


@dataclass(frozen=True)
class Picture:
    """A part of the page from its top, in pixels."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    scale: float = 1

    def __call__(self, settings: Settings) -> bytes:
        """Of the newest page of a home."""
        return self.of(newest_page(settings))

    def of(self, html: Path) -> bytes:
        """Of a page, as PNG."""
        with chromium() as browser:
            page = browser.new_page(
                viewport={"width": self.width, "height": self.height},
                color_scheme=self.scheme,
                device_scale_factor=self.scale,
            )
            page.goto(html.resolve().as_uri())
            return page.screenshot(
                clip={"x": 0, "y": 0, "width": self.width, "height": self.height}, full_page=True
            )


MORNING = (
    Picture("morning-desktop", 1120, 1320),
    Picture("morning-dark", 1120, 1320, "dark"),
    Picture("morning-phone", 360, 1500, scale=1.5),
)
