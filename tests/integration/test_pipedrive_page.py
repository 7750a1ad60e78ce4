"""The commands of the Pipedrive example fetch a night, stage changes made from the change log.

Belongs here: giving them to a server that answers as Pipedrive's API is described, for the deals of
the example. Does not belong here: what such a night says (test_examples.py).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.pages import commands

PAGE = "docs/examples/pipedrive/README.md"
EXAMPLE = PROJECT_ROOT / "docs" / "examples" / "pipedrive"
NIGHT = EXAMPLE / "landing" / "2026-01-29"
TOKEN = "a-token-of-a-test"

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")),
    reason="the page's commands are curl and jq, and one of them is not on the path",
)


def changes(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer of GET /v1/deals/{id}/flow that the lines of one deal were made from."""
    told, before = [], lines[0]
    for line in lines:
        change = {
            "id": line["id"], "item_id": line["deal_id"], "user_id": line["user_id"],
            "log_time": line["time"], "field_key": "add_time", "old_value": None, "new_value": "",
        }  # fmt: skip
        for field in ("stage_id", "status"):
            if line[field] != before[field]:
                change |= {
                    "field_key": field, "old_value": before[field], "new_value": line[field],
                }  # fmt: skip
        told.append({"object": "dealChange", "timestamp": line["time"], "data": change})
        before = line
    # Newest first, and with changes of other fields between, as the log of a deal is.
    other = told[0]["data"] | {"field_key": "value", "old_value": "1", "new_value": "2"}
    return {"success": True, "data": [*told[::-1], {"object": "dealChange", "data": other}]}


@contextmanager
def pipedrive(flows: dict[int, dict[str, Any]]) -> Iterator[str]:
    """The address of a server that knows the example's deals, users and change logs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            flow = re.fullmatch(r"/v1/deals/(\d+)/flow", path)
            if flow:
                body = json.dumps(flows[int(flow[1])]).encode()
            else:
                files = {"/api/v2/deals": "deals_1.json", "/v1/users": "users.json"}
                body = (NIGHT / files[path]).read_bytes()
            self.send_response(200 if self.headers["x-api-token"] == TOKEN else 401)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_commands_of_the_page_fetch_the_night_of_the_example(tmp_path: Path) -> None:
    text = (NIGHT / "stage_changes.jsonl").read_text(encoding="utf-8")
    lines = sorted(map(json.loads, text.splitlines()), key=lambda line: line["deal_id"])
    by_deal = {deal: list(of) for deal, of in groupby(lines, lambda line: line["deal_id"])}
    fetched = [each["id"] for each in json.loads((NIGHT / "deals_1.json").read_text())["data"]]
    shutil.copy(EXAMPLE / "stage_changes.jq", tmp_path)
    (block,) = commands(PAGE)

    with pipedrive({deal: changes(of) for deal, of in by_deal.items()}) as address:
        done = subprocess.run(
            ["bash", "-e", "-c", block.code.replace("https://api.pipedrive.com", address)],
            cwd=tmp_path,
            env=os.environ | {"TOKEN": TOKEN, "SINCE": "2026-01-28T00:00:00Z", "no_proxy": "*"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    (night,) = (tmp_path / "flywheel_home" / "landing" / "pipedrive").iterdir()
    assert (night / "_SUCCESS").is_file()
    assert (night / "users.json").read_bytes() == (NIGHT / "users.json").read_bytes()
    written = (night / "stage_changes.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in written] == [
        line for deal in fetched for line in by_deal[deal]
    ]
