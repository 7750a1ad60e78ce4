"""The one connection of Superset: PostgreSQL where there is one, or else the published file.

Belongs here: the address, and the account that reads. Does not belong here: loading PostgreSQL,
what is read.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from orchestration.settings import Settings

LOADER, LOADER_FILE = "FLYWHEEL_POSTGRES", "FLYWHEEL_POSTGRES_FILE"
READER_PASSWORD = "FLYWHEEL_POSTGRES_READER_PASSWORD"
READER = "bi_reader"
# Whoever may write SQL in Superset would otherwise read, and write, files of this machine.
_LOCKED = "access_mode=read_only&enable_external_access=false&lock_configuration=true"


class NotConnectedError(Exception):
    """There is nothing to connect to, or no way to it; the text says what to do."""


def address(settings: Settings) -> str:
    """The SQLAlchemy address of the marts. Raises NotConnectedError.

    In PostgreSQL Superset is `bi_reader`, never the account that loads. The published file is named
    by its symlink: whoever connects after a publication sees the new version.
    """
    if loader := _loader():
        return _as_reader(loader)
    if not settings.published.exists():
        raise NotConnectedError(
            f"{settings.published} is not there: run `make nightly` first, or name the PostgreSQL "
            f"that holds the marts in {LOADER}"
        )
    return f"duckdb:///{quote(str(settings.published))}?{_LOCKED}"


def shown(address_: str) -> str:
    """The address as it may be printed: without its password."""
    parts = urlsplit(address_)
    if not parts.password:
        return address_
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":…@")))


def _loader() -> str:
    """The address with which nights load PostgreSQL, or nothing."""
    if file := os.environ.get(LOADER_FILE):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NotConnectedError(f"{LOADER_FILE} names {file}: {error.strerror}") from error
    return os.environ.get(LOADER, "").strip()


def _as_reader(loader: str) -> str:
    parts = urlsplit(loader)
    if parts.scheme not in ("postgres", "postgresql"):
        raise NotConnectedError(
            f"{LOADER} must be an address like postgresql://user:password@host/database"
        )
    password = os.environ.get(READER_PASSWORD)
    if not password:
        raise NotConnectedError(
            f"{LOADER} names the account that loads, and Superset shall only read: set "
            f"{READER_PASSWORD}, so that the next loading lets {READER} log in"
        )
    host = parts.netloc.rpartition("@")[2]
    account = f"{READER}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(scheme="postgresql+psycopg2", netloc=f"{account}@{host}"))
