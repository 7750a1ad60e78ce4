"""Dagster's lineage of a home, as its own page shows it.

Belongs here: starting Dagster's page on loopback and opening the lineage. Does not belong here:
what assets there are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

from orchestration.instance import open_instance
from orchestration.settings import PROJECT_ROOT, Settings
from tests.browser import chromium, free_port

_START_SECONDS = 180
# Groups that are small enough to be shown open; the others stay closed.
_OPENED = quote(",".join(f"global@global:{group}" for group in ("ops", "gate", "publish")), safe="")


def lineage(settings: Settings) -> bytes:
    """The graph of all groups, from extracts to publication."""
    # Written as at every night, so that the page asks nobody else.
    open_instance(settings).dispose()
    port = free_port()
    log = settings.dagster_home / "webserver.log"
    with (
        log.open("w", encoding="utf-8") as words,
        subprocess.Popen(
            [Path(sys.executable).with_name("dagster-webserver"), "--host", "127.0.0.1",
             "--port", str(port), "--module-name", "orchestration.definitions"],
            cwd=PROJECT_ROOT, stdout=words, stderr=subprocess.STDOUT,
            env={**os.environ, "FLYWHEEL_HOME": str(settings.root),
                 "DAGSTER_HOME": str(settings.dagster_home)},
        ) as server,
    ):  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, server, log)
            return _picture(url)
        finally:
            server.terminate()


def _picture(url: str) -> bytes:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1700, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(f"{url}/asset-groups?expanded={_OPENED}")
        page.wait_for_selector("text=intermediate")
        # The graph is laid out, then moved into view.
        page.wait_for_timeout(5_000)
        return page.screenshot()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=10):
                return
        except OSError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Dagster does not answer; see {log}") from error
            time.sleep(0.5)
