"""Superset's own Python environment, beside ours: its pins and ours exclude each other.

Belongs here: making `.venv-superset` from the pinned requirements, and the commands in it. Does not
belong here: what runs in it (prepare.py, Superset itself).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

from orchestration.settings import PROJECT_ROOT, Settings

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
CONFIG = Path(__file__).with_name("superset_config.py")
ENVIRONMENT = PROJECT_ROOT / ".venv-superset"
PYTHON = ENVIRONMENT / "bin" / "python"
_STAMP = ENVIRONMENT / ".installed"
# What of our environment Superset may see. PYTHONPATH would bring our packages into its process.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


class EnvironmentFailedError(Exception):
    """Superset's environment could not be made; the text says what to do."""


def is_installed() -> bool:
    """Whether the environment holds what the requirements pin now."""
    return _STAMP.exists() and _STAMP.read_text(encoding="utf-8") == _pins()


def install() -> None:
    """Make the environment anew (700 MB, some minutes). Raises EnvironmentFailedError."""
    if sys.version_info[:2] not in ((3, 11), (3, 12)):
        raise EnvironmentFailedError(
            f"Superset 6.1 runs on Python 3.11 and 3.12, and this is {sys.version.split()[0]}: "
            f"make .venv with one of them (make clean, then make PYTHON=python3.11 superset)"
        )
    _STAMP.unlink(missing_ok=True)
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    # The list is the whole tree, so pip has nothing to resolve; older ones stumble over extras.
    done = subprocess.run(
        [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps",
         "--require-hashes", "--requirement", REQUIREMENTS],
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise EnvironmentFailedError(
            f"pip could not install {REQUIREMENTS.relative_to(PROJECT_ROOT)} (see above)"
        )
    _STAMP.write_text(_pins(), encoding="utf-8")


def variables(settings: Settings) -> Mapping[str, str]:
    """The environment variables of a process in Superset's environment."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed | {
        "SUPERSET_CONFIG_PATH": str(CONFIG),
        "SUPERSET_HOME": str(home(settings)),
        "FLASK_APP": "superset.app:create_app()",
    }


def home(settings: Settings) -> Path:
    """Superset's own data: users, dashboards, the key of its sessions."""
    return settings.root / "superset"


def _pins() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
