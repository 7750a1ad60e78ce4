"""Secrets: where they come from, and how they stay out of texts.

Belongs here: reading `FLYWHEEL_<NAME>_FILE`, and taking secrets out of a text that somebody will
read. Does not belong here: which secrets there are (settings.py), what they open (outcome/,
publication/).

A secret is a field of Settings with the type SecretStr: it comes from the environment, or from a
file that the environment names, and shows as stars wherever settings are printed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

if TYPE_CHECKING:
    from orchestration.settings import Settings

_STARS = "****"
# Taking a shorter one out would make holes in words, and it protects nothing.
_SHORTEST = 4
_NAMED_PASSWORD = re.compile(r"password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s&']+))")


class SecretFileError(Exception):
    """A file that should hold a secret cannot be used; the text names variable and file."""


class SecretFiles(PydanticBaseSettingsSource):
    """For each secret `FLYWHEEL_<NAME>`, the file that `FLYWHEEL_<NAME>_FILE` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret without the line break at the end of its file, or None."""
        if not _is_secret(field):
            return None, field_name, False
        variable = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        name = os.environ.get(f"{variable}_FILE")
        if not name:
            return None, field_name, False
        if os.environ.get(variable):
            raise SecretFileError(f"{variable} and {variable}_FILE are both set: keep one")
        return _read(f"{variable}_FILE", Path(name).expanduser()), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The secrets that files hold, by field.

        Raises SecretFileError for a file that cannot be read or is empty.
        """
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: secret for name, secret in found.items() if secret is not None}


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _read(variable: str, path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SecretFileError(f"{variable} names {path}, which cannot be read: {reason}") from None
    if not secret:
        raise SecretFileError(f"{variable} names {path}, which is empty")
    return secret


def redacted(settings: Settings, text: str) -> str:
    """A text without any secret of the settings: whole, or the part of an address that opens it."""
    return redactor(settings)(text)


def redactor(settings: Settings) -> Callable[[str], str]:
    """`redacted` for many texts."""
    secrets = sorted(_secrets(settings), key=len, reverse=True)

    def without_secrets(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, _STARS)
        return text

    return without_secrets


def _secrets(settings: Settings) -> set[str]:
    secrets: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            secrets |= {secret, *_parts(secret), *_named_passwords(secret)}
    # As it stands in JSON, and in what Python writes of a text within another.
    secrets |= {repr(each)[1:-1] for each in secrets}
    secrets |= {json.dumps(each)[1:-1] for each in secrets}
    return {secret for secret in secrets if len(secret) >= _SHORTEST}


def _parts(secret: str) -> set[str]:
    """The parts of an address that open it."""
    try:
        address = urlsplit(secret)
    except ValueError:
        return set()
    password = address.password or ""
    parts = {password, unquote(password)}
    # The token of a webhook is its path.
    if address.scheme in ("http", "https"):
        parts |= {address.path, address.path.rpartition("/")[2], address.query}
    return parts


def _named_passwords(secret: str) -> set[str]:
    """`password=…` of PostgreSQL, which is written within an address or beside `host=…`."""
    found: set[str] = set()
    for quoted, plain in _NAMED_PASSWORD.findall(secret):
        found |= {quoted, re.sub(r"\\(.)", r"\1", quoted), plain, unquote(plain)}
    return found
