"""Chromium without a window, for tests that look at pages and for the pictures in docs/.

Belongs here: starting the browser, a port for a server, shrinking a picture. Does not belong here:
which pages are opened.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium") or ""
MOST_BYTES = 300_000
# As root in a container there is no sandbox; the rest keeps the browser from calling its makers.
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def keep_picture(shot: bytes, path: Path) -> None:
    """Write a screenshot in as many colours as 300 kB hold. Raises ValueError if none do."""
    from PIL import Image

    image = Image.open(BytesIO(shot)).convert("RGB")
    for colours in (256, 128, 64, 32):
        out = BytesIO()
        image.quantize(colours).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(out.getvalue())
            return
    raise ValueError(f"{path} would be larger than {MOST_BYTES:,} bytes")
