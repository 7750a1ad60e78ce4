"""The one connection of Superset: PostgreSQL where there is one, or else the published file.

Belongs here: the address, and the account that reads. Does not belong here: loading PostgreSQL,
what is read.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import SecretStr

from orchestration.serving.postgres.reader import READER
from orchestration.settings import Settings

LOADER, READER_PASSWORD = "FLYWHEEL_POSTGRES", "FLYWHEEL_POSTGRES_READER_PASSWORD"
# Whoever may write SQL in Superset would otherwise read, and write, files of this machine.
_LOCKED = "access_mode=read_only&enable_external_access=false&lock_configuration=true"


class NotConnectedError(Exception):
    """There is nothing to connect to, or no way to it; the text says what to do."""


def address(settings: Settings) -> str:
    """The SQLAlchemy address of the marts. Raises NotConnectedError.

    In PostgreSQL Superset is `bi_reader`, never the account that loads. The published file is named
    by its symlink: whoever connects after a publication sees the new version.
    """
    if settings.postgres is not None:
        return _as_reader(settings.postgres, settings.postgres_reader_password)
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


def _as_reader(loader: SecretStr, password: SecretStr | None) -> str:
    parts = urlsplit(loader.get_secret_value().strip())
    if parts.scheme not in ("postgres", "postgresql"):
        raise NotConnectedError(
            f"{LOADER} must be an address like postgresql://user:password@host/database"
        )
    if password is None:
        raise NotConnectedError(
            f"{LOADER} names the account that loads, and Superset shall only read: set "
            f"{READER_PASSWORD}, so that the next loading lets {READER} log in"
        )
    host = parts.netloc.rpartition("@")[2]
    account = f"{READER}:{quote(password.get_secret_value(), safe='')}"
    return urlunsplit(parts._replace(scheme="postgresql+psycopg2", netloc=f"{account}@{host}"))
