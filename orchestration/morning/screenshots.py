"""`python -m orchestration.morning.screenshots [PAGE]`: the pictures of docs/morning-report.md.

Belongs here: how the page is opened in a browser without a network, and which pictures there are.
Does not belong here: the page. Needs the extra `dev` and Chromium. Without a page it shows the
newest one, which for the pictures in docs/ must be that of the sample company.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from orchestration.morning.writing import newest_page
from orchestration.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = PROJECT_ROOT / "docs" / "images"
# Everything that a browser fetches of its own accord is off, so that what is left is the page's.
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Picture:
    """A part of the page from its top, in pixels."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    scale: float = 1


PICTURES = (
    Picture("desktop", 1120, 1320),
    Picture("dark", 1120, 1320, "dark"),
    Picture("phone", 360, 1500, scale=1.5),
)


def chromium() -> str | None:
    """The browser of this machine, if it has one."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Headless Chromium. Raises FileNotFoundError where there is none."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        raise FileNotFoundError(f"none of {', '.join(_NAMES)} is on the path: install Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET)
        try:
            yield browser
        finally:
            browser.close()


def shoot(page: Page, picture: Picture, folder: Path) -> Path:
    """Write one picture of a page that is open."""
    path = folder / f"morning-{picture.name}.png"
    clip = {"x": 0, "y": 0, "width": picture.width, "height": picture.height}
    page.screenshot(path=path, clip=clip, full_page=True)  # type: ignore[arg-type]
    return path


def _write_all(html: Path) -> Iterator[Path]:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with open_browser() as browser:
        for picture in PICTURES:
            page = browser.new_page(
                viewport={"width": picture.width, "height": picture.height},
                color_scheme=picture.scheme,
                device_scale_factor=picture.scale,
            )
            page.goto(html.resolve().as_uri())
            yield shoot(page, picture, IMAGES)


if __name__ == "__main__":
    for written in _write_all(Path(sys.argv[1]) if sys.argv[1:] else newest_page(Settings())):
        print(f"{written}: {written.stat().st_size / 1000:.0f} kB")
