"""The one connection of Superset: PostgreSQL where there is one, or else the published file.

Belongs here: the address, and the account that reads. Does not belong here: loading PostgreSQL,
what is read.
"""

from __future__ import annotations

import os
from urllib.parse import quote, urlsplit, urlunsplit

from orchestration.settings import Settings

READER, LOADER = "FLYWHEEL_POSTGRES_READER", "FLYWHEEL_POSTGRES"
_DRIVER = "postgresql+psycopg2"


class NotConnectedError(Exception):
    """There is nothing to connect to, or no way to it; the text says what to do."""


def address(settings: Settings) -> str:
    """The SQLAlchemy address of the marts. Raises NotConnectedError.

    The account of FLYWHEEL_POSTGRES_READER goes before that of FLYWHEEL_POSTGRES, which loads the
    marts and may therefore write. The published file is named by its symlink: whoever connects
    after a publication sees the new version.
    """
    for variable in (READER, LOADER):
        if given := os.environ.get(variable):
            parts = urlsplit(given)
            if parts.scheme.partition("+")[0] not in ("postgres", "postgresql"):
                raise NotConnectedError(
                    f"{variable} must be an address like postgresql://bi_reader:…@host/database"
                )
            return urlunsplit(parts._replace(scheme=_DRIVER))
    if not settings.published.exists():
        raise NotConnectedError(
            f"{settings.published} is not there: run `make nightly` first, or name a PostgreSQL "
            f"that holds the marts in {READER}"
        )
    return f"duckdb:///{quote(str(settings.published))}?access_mode=read_only"


def shown(address_: str) -> str:
    """The address as it may be printed: without its password."""
    parts = urlsplit(address_)
    if parts.password is None:
        return address_
    return address_.replace(f":{parts.password}@", ":…@", 1)
