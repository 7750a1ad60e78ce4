"""What a version was made from, as one hash.

Belongs here: telling whether a night would build anything that is not published already.
Does not belong here: finding new files (bronze/due.py).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from orchestration.extracts.ledger import Ledger
from orchestration.privacy.keys import key_name
from orchestration.settings import PROJECT_ROOT, Settings

_PARTS = ("dbt_project", "expectations", "orchestration", "dbt_project.yml", "profiles.yml")
_ENDINGS = (".sql", ".yml", ".json", ".csv", ".py")


def fingerprint(settings: Settings) -> str:
    """Hash of the loads in bronze, the user's sources and settings, and the project itself."""
    digest = hashlib.sha256(project_fingerprint(settings).encode())
    for load in Ledger(settings.ledger).loads:
        if load.status in ("loaded", "accepted"):
            digest.update(load.load_id.encode())
    return digest.hexdigest()[:16]


def project_fingerprint(settings: Settings) -> str:
    """Hash of the user's sources and settings, of the project itself, and of the masks' key."""
    digest = hashlib.sha256(key_name(settings).encode())
    said = [settings.company] if settings.company.is_file() else []
    for path in [*said, *_files(settings.user_sources), *_project_files()]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _project_files() -> Iterator[Path]:
    for part in _PARTS:
        path = PROJECT_ROOT / part
        if path.is_file():
            yield path
        else:
            yield from _files(path)


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(_ENDINGS):
                yield Path(place) / name
