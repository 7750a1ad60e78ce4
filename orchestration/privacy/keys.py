"""The key of the masks: from the environment, from a file it names, or made once for this home.

Belongs here: finding the key, and a name for it that gives nothing away.
Does not belong here: what is hashed with it (masking.py).

The key never stands in SQL, in dbt's artifacts or in a log: values are hashed before dbt sees them.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from orchestration.durable import sync_folder
from orchestration.settings import Settings

_SHORTEST = 16


class MaskingKeyError(Exception):
    """There is no usable key; the text says what to do."""


def masking_key(settings: Settings) -> bytes:
    """The key. Without one in the environment, that of the home, which is made if need be.

    Raises MaskingKeyError for one that is too short to keep a secret.
    """
    if settings.masking_key is not None:
        return _checked(settings.masking_key.get_secret_value().encode(), "FLYWHEEL_MASKING_KEY")
    make_key(settings)
    return _checked(settings.own_masking_key.read_bytes().strip(), str(settings.own_masking_key))


def make_key(settings: Settings) -> Path | None:
    """Make the home's own key where none is given; its path if it was made now."""
    path = settings.own_masking_key
    if not _is_needed(settings):
        return None
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, secrets.token_hex(32).encode())
    return path


def key_name(settings: Settings) -> str:
    """Twelve hex digits that differ from key to key; empty while there is none."""
    if _is_needed(settings):
        return ""
    return hmac.digest(masking_key(settings), b"name of the key", "sha256").hex()[:12]


def _is_needed(settings: Settings) -> bool:
    return settings.masking_key is None and not settings.own_masking_key.exists()


def write_private(path: Path, data: bytes) -> None:
    """Put a file in its place that nobody else may ever have read."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def _checked(key: bytes, place: str) -> bytes:
    if len(key) < _SHORTEST:
        raise MaskingKeyError(
            f"{place} holds a key of {len(key)} characters; e-mail addresses can be guessed, so "
            f"take a random one of at least {_SHORTEST} (`openssl rand -hex 32`)"
        )
    return key
