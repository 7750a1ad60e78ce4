"""Which PostgreSQL serves, and connections to it.

Belongs here: the address, its secret, and what a person is told of both. Does not belong here: what
is done there (serve.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestration.settings import Settings

if TYPE_CHECKING:
    import psycopg

_CONNECT_SECONDS = 10
# A loader must not be stopped by limits that an administrator set for queries, nor wait for ever
# for what another holds; and every name that PostgreSQL writes out for us must bear its schema.
_SESSION = (
    "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; "
    "set lock_timeout = '60s'; "
    "set default_transaction_isolation = 'read committed'; set timezone = 'UTC'; "
    "set maintenance_work_mem = '512MB'; set search_path = pg_catalog"
)


class PostgresError(Exception):
    """PostgreSQL cannot serve the version; the text says why and what to do, and no password."""


@dataclass(frozen=True)
class Target:
    """A database of a server. `name` is for people and holds no secret."""

    conninfo: str = field(repr=False)
    name: str
    password: str = field(repr=False)

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection]:
        """A session of the loader, in which each statement stands for itself.

        Raises PostgresError when there is no connection, or what goes wrong in it.
        """
        import psycopg

        try:
            connection = psycopg.connect(self.conninfo, autocommit=True)
        except psycopg.Error as error:
            raise PostgresError(f"cannot connect to {self.name}: {self.told(error)}") from None
        with connection:
            try:
                connection.execute(_SESSION)
                yield connection
            except psycopg.Error as error:
                raise PostgresError(f"{self.name}: {self.told(error)}") from None

    def told(self, error: BaseException) -> str:
        """What an error says, without the password that a library may have put into it."""
        text = str(error).strip()
        return text.replace(self.password, "…") if self.password else text


def target_of(settings: Settings) -> Target | None:
    """The PostgreSQL that was asked for, if any was.

    Raises PostgresError for an address that is none.
    """
    if settings.postgres is None:
        return None
    address = settings.postgres.get_secret_value().strip()
    return _parsed(address) if address else None


def _parsed(address: str) -> Target:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        parts = conninfo_to_dict(address)
    except psycopg.Error:
        # Its message would quote the address.
        raise PostgresError(
            "FLYWHEEL_POSTGRES is no address of a PostgreSQL: it must look like "
            "postgresql://user:password@host:5432/database, with %-escapes for special characters "
            "of the password"
        ) from None
    host, port = parts.get("host") or "localhost", parts.get("port")
    return Target(
        conninfo=make_conninfo(
            address,
            application_name="flywheel",
            connect_timeout=parts.get("connect_timeout") or _CONNECT_SECONDS,
        ),
        name=f"PostgreSQL {parts.get('dbname') or parts.get('user') or ''} at {host}"
        + (f":{port}" if port else ""),
        password=str(parts.get("password") or ""),
    )
