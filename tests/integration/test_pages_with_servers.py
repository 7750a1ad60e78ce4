"""Commands of pages that need a server: alerts to a webhook and by e-mail, extracts in a bucket.

Belongs here: giving them as the page has them, to real servers on loopback in the place of those
that the page only names. Does not belong here: what alerts say (unit/test_alerts.py), nights from a
bucket (test_nights_from_a_bucket.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.alert_servers import mail_server, webhook
from tests.integration.object_store import only_these_variables, running_store
from tests.pages import commands

# The page's own place of secrets belongs to a container platform.
SECRETS = "/run/secrets"


def block(page: str, word: str) -> str:
    """The one block of a page that holds a word."""
    (found,) = [each.code for each in commands(page) if word in each.code]
    return found


def give(tmp_path: Path, code: str, **variables: str) -> str:
    """What a block says, given to an empty home whose secrets are files of the test."""
    done = subprocess.run(
        ["sh", "-e", "-c", code.replace(SECRETS, str(tmp_path))],
        env=only_these_variables(variables)
        | {
            "FLYWHEEL_HOME": str(tmp_path / "home"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_webhook_of_the_page_is_told(tmp_path: Path) -> None:
    with webhook() as server:
        (tmp_path / "flywheel_webhook").write_text(server.url)
        give(tmp_path, block("docs/outcomes.md", "WEBHOOK_FILE"))

    ((_, told),) = server.posts
    assert told["text"]


def test_the_people_of_the_page_get_an_e_mail(tmp_path: Path) -> None:
    with mail_server() as server:
        (tmp_path / "flywheel_smtp").write_text(f"smtp://127.0.0.1:{server.port}")
        give(tmp_path, block("docs/outcomes.md", "EMAIL_TO"))

    assert server.recipients == ["data@example.org", "ops@example.org"]
    assert len(server.mails) == 1


def test_the_bucket_of_the_page_is_read(tmp_path: Path) -> None:
    with running_store() as store:
        code = block("docs/object-storage.md", "FLYWHEEL_LANDING").replace(
            "s3://acme-crm", f"s3://{store.bucket}"
        )
        store.put("extracts/salesforce/2025-09-28/Opportunity.csv", b"Id\n")
        said = give(tmp_path, code, **store.environment())

    assert "salesforce 2025-09-28 is not complete" in said
    assert store.listings()
