"""A loaded schema becomes `marts`, at once for every reader.

Belongs here: the one transaction in which schemas change their names, and its retries. Does not
belong here: loading (load.py), dropping what is old (schemas.py).

Renaming a schema locks no table: running queries end on the tables they began with. Only analysts'
views are locked for an instant. Waits are shorter than PostgreSQL's search for deadlocks (1 s), so
that no reader is ever chosen to be ended for our sake.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from psycopg import errors, sql

from orchestration.serving.postgres.reader import let_in
from orchestration.serving.postgres.schemas import (
    ASIDE,
    NEXT,
    PREVIOUS,
    SERVED,
    free_name,
    rename,
    version_in,
)
from orchestration.serving.postgres.views import rebind, views_over

if TYPE_CHECKING:
    import psycopg

_LOCK_TIMEOUT = "300ms"
_TRIES = 20
_PAUSE_SECONDS = 0.5


def flip(connection: psycopg.Connection, source: str) -> list[str]:
    """Make `marts_next` or `marts_prev` the schema that readers see.

    Returns a sentence for each view that had to be left on the older tables. A view that somebody
    reads all the time is waited for, and then left too.
    """
    for _ in range(_TRIES):
        try:
            return _flip(connection, source, wait=True)
        except errors.LockNotAvailable:
            time.sleep(_PAUSE_SECONDS)
    return _flip(connection, source, wait=False)


def _flip(connection: psycopg.Connection, source: str, *, wait: bool) -> list[str]:
    with connection.transaction():
        connection.execute(sql.SQL("set local lock_timeout = {}").format(_LOCK_TIMEOUT))
        # Read while `marts` still is the name of the tables they were made on.
        views = views_over(connection, SERVED)
        served = version_in(connection, SERVED)
        if source == PREVIOUS:
            rename(connection, SERVED, ASIDE)
            rename(connection, PREVIOUS, SERVED)
            rename(connection, ASIDE, PREVIOUS)
        else:
            previous = version_in(connection, PREVIOUS)
            if served is not None and previous is not None:
                rename(connection, PREVIOUS, free_name(connection, previous))
            if served is not None:
                rename(connection, SERVED, PREVIOUS)
            rename(connection, NEXT, SERVED)
        let_in(connection)
        return rebind(connection, views, wait=wait)
