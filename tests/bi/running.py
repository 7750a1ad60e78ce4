"""Superset running on a home, for tests and for the picture in docs/.

Belongs here: starting and stopping it, its API, and the dashboard in a browser with what its charts
asked and were answered. Does not belong here: which answers are right.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, Response

from orchestration.serving.superset.connection import address
from orchestration.serving.superset.environment import home, install, is_installed, variables
from orchestration.serving.superset.server import ADMINISTRATOR, DASHBOARD_PATH, command, prepare
from orchestration.settings import Settings
from tests.browser import free_port

_PASSWORD = "of-a-test-on-loopback"
_START_SECONDS = 180
_CHART_SECONDS = 180


@dataclass
class Visit:
    """The dashboard as a browser showed it; charts go by their names."""

    hosts: set[str] = field(default_factory=set)
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    picture: bytes = b""


@dataclass(frozen=True)
class Superset:
    """A running Superset."""

    url: str
    token: str

    def get(self, path: str) -> dict[str, Any]:
        """Ask the API."""
        return self._call(urllib.request.Request(self.url + path))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the API with a body."""
        data = json.dumps(body).encode()
        return self._call(urllib.request.Request(self.url + path, data=data))

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every dataset, chart, database or dashboard."""
        return list(self.get(f"/api/v1/{kind}/?q=(page_size:200)")["result"])

    def sql(self, query: str) -> list[dict[str, Any]]:
        """Ask in SQL Lab. Raises urllib.error.HTTPError when it is refused."""
        # Only this way in wants a token against forgery, which is good for one session.
        session = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        session.addheaders = [("Authorization", f"Bearer {self.token}"), ("Referer", self.url)]
        with session.open(f"{self.url}/api/v1/security/csrf_token/") as response:
            token = json.load(response)["result"]
        (database,) = self.all("database")
        body = {"database_id": database["id"], "sql": query, "runAsync": False}
        request = urllib.request.Request(
            f"{self.url}/api/v1/sqllab/execute/",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-CSRFToken": token},
        )
        with session.open(request, timeout=120) as response:
            return list(json.load(response)["data"])

    def _call(self, request: urllib.request.Request) -> dict[str, Any]:
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=120) as response:
            return dict(json.load(response))

    def visit(self, browser: Browser) -> Visit:
        """Open the dashboard as the administrator and wait until every chart is drawn."""
        names = {chart["id"]: chart["slice_name"] for chart in self.all("chart")}
        seen = Visit()
        # High enough for the whole dashboard: Superset draws only what is in view.
        page = browser.new_page(viewport={"width": 1440, "height": 3650})
        page.set_default_timeout(1000 * _CHART_SECONDS)
        page.on("response", lambda response: _note(seen, names, response))
        page.on("requestfailed", lambda request: _note_failed(seen, request))
        page.goto(f"{self.url}/login/")
        page.fill("#username", ADMINISTRATOR)
        page.fill("#password", _PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url("**/superset/welcome/**")
        page.goto(self.url + DASHBOARD_PATH)
        _wait_for(page, seen, names)
        seen.picture = page.screenshot()
        page.close()
        return seen


def _note(seen: Visit, names: dict[int, str], response: Response) -> None:
    """Keep what a chart asked and was answered; everything else only by its host."""
    seen.hosts.add(urlsplit(response.url).netloc)
    if "/api/v1/chart/data" not in response.url or not response.request.post_data:
        return
    asked = json.loads(response.request.post_data)
    name = names.get(asked.get("form_data", {}).get("slice_id"))
    if not response.ok:
        seen.failures.append(f"{name or 'a filter'}: {response.text()[:500]}")
    elif name:
        seen.asked[name] = asked
        seen.answers[name] = [row for part in response.json()["result"] for row in part["data"]]


def _note_failed(seen: Visit, request: Request) -> None:
    """A host that was asked in vain was asked; what the page's own policy stopped never left."""
    if request.failure != "csp":
        seen.hosts.add(urlsplit(request.url).netloc)


def _wait_for(page: Page, seen: Visit, names: dict[int, str]) -> None:
    deadline = time.monotonic() + _CHART_SECONDS
    while set(seen.answers) != set(names.values()):
        if seen.failures or time.monotonic() > deadline:
            missing = sorted(set(names.values()) - set(seen.answers))
            raise AssertionError(f"no answer for {missing}: {seen.failures}")
        page.wait_for_timeout(250)
    page.wait_for_function("document.querySelectorAll('.loading').length === 0")
    # Charts move into place for a second.
    page.wait_for_timeout(2_000)


@contextmanager
def running(settings: Settings) -> Iterator[Superset]:
    """Superset on the marts of a home, prepared and served by the commands of `make superset`."""
    if not is_installed():
        install()
    prepare(settings, address(settings), _PASSWORD)
    port = free_port()
    log = home(settings) / "server.log"
    with (
        log.open("w", encoding="utf-8") as words,
        subprocess.Popen(
            command(port), env=dict(variables(settings)), stdout=words, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            yield Superset(url, _sign_in(url, server, log))
        finally:
            server.terminate()


def _sign_in(url: str, server: subprocess.Popen[bytes], log: os.PathLike[str]) -> str:
    """A token of the API, as soon as the server answers."""
    said = {"username": ADMINISTRATOR, "password": _PASSWORD, "provider": "db"}
    request = urllib.request.Request(
        f"{url}/api/v1/security/login",
        data=json.dumps(said).encode(),
        headers={"Content-Type": "application/json"},
    )
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return str(json.load(response)["access_token"])
        except urllib.error.HTTPError:
            raise
        except OSError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"Superset does not answer; see {log}") from error
            time.sleep(0.5)
