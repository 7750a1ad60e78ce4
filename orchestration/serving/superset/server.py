"""Preparing Superset for a home, and the command that serves it on loopback.

Belongs here: Superset's folder below FLYWHEEL_HOME, and its processes. Does not belong here: its
environment (environment.py), what is said to Superset inside it (prepare.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

from orchestration.durable import replace_durably
from orchestration.serving.superset.bundle import bundle
from orchestration.serving.superset.environment import (
    ENVIRONMENT,
    PYTHON,
    REQUIREMENTS,
    home,
    variables,
)
from orchestration.settings import Settings

DASHBOARD_PATH = "/superset/dashboard/sales-funnel/"
ADMINISTRATOR = "admin"
_PREPARE = Path(__file__).with_name("prepare.py")
_LOG_LINES = 15


class NotPreparedError(Exception):
    """Superset could not be prepared; the text holds its last words and where all of them are."""


def prepare(settings: Settings, address: str, password: str | None) -> str | None:
    """Make Superset's tables, administrator and dashboard, unless nothing changed since.

    Returns a password that was made up for a new administrator, to be told once; None where one was
    given, or the administrator is already there. Raises NotPreparedError.
    """
    folder = home(settings)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _keep_secret(folder / "secret_key")
    stamp = folder / "prepared"
    files = bundle(address)
    digest = _digest({"files": files, "password": password})
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return None
    made_up = None if password or stamp.exists() else secrets.token_urlsafe(12)
    asked = {"files": files, "password": password or made_up}
    log = folder / "prepare.log"
    with log.open("w", encoding="utf-8") as words:
        done = subprocess.run(
            # -P: this folder is no place to import from, its names are not Superset's.
            [PYTHON, "-P", _PREPARE],
            input=json.dumps(asked), text=True, stdout=words, stderr=subprocess.STDOUT,
            env=variables(settings), check=False,
        )  # fmt: skip
    if done.returncode:
        last = log.read_text(encoding="utf-8").splitlines()[-_LOG_LINES:]
        raise NotPreparedError("\n".join([*last, f"Superset could not be prepared: {log}"]))
    _write(stamp, digest)
    return made_up


def command(port: int) -> list[str]:
    """The command that serves Superset on loopback; one process, so that one DuckDB is open."""
    return [
        str(ENVIRONMENT / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}",
        "--worker-class", "gthread", "--workers", "1", "--threads", "8", "--timeout", "120",
        "--log-level", "warning", "superset.app:create_app()",
    ]  # fmt: skip


def _keep_secret(path: Path) -> None:
    """The key of sessions and of stored passwords; without it they cannot be read again."""
    if not path.exists():
        _write(path, secrets.token_urlsafe(42))


def _digest(asked: Mapping[str, object]) -> str:
    """Of everything that decides what a preparation does."""
    said = json.dumps(asked, sort_keys=True).encode() + REQUIREMENTS.read_bytes()
    return hashlib.sha256(said + _PREPARE.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    replace_durably(temporary, path)
