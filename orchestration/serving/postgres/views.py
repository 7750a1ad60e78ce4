"""Analysts' own views over the marts, which must outlive every version.

Belongs here: finding them, and making them read the new tables. Does not belong here: when
(flip.py).

A view is bound to the very tables it was made on, not to their names: when a schema takes another's
place, views stay with the old tables. Replacing a view by its own definition binds it to the tables
that bear the names now; its owner, its grants, and views over it stay. Where that cannot be done (a
column has gone or changed its type, or the view is not ours to replace), it reads on from the old
tables, and those stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors, sql

from orchestration.serving.postgres.schemas import ASIDE, PREVIOUS, SERVED, outdated_schemas, rename

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class View:
    """A view outside of our schemas, with its definition in which every name bears its schema."""

    schema: str
    name: str
    definition: str
    options: list[str]

    @property
    def replacement(self) -> sql.Composed:
        """The statement that binds it to what bears the names now."""
        options = sql.SQL(f"with ({', '.join(self.options)})" if self.options else "")
        return sql.SQL("create or replace view {} {} as {}").format(
            sql.Identifier(self.schema, self.name), options, sql.SQL(self.definition)
        )


def views_over(connection: psycopg.Connection, schema: str) -> list[View]:
    """Views of others that read tables of a schema directly."""
    return [
        View(*row)
        for row in connection.execute(
            """
            select distinct
                space.nspname,
                seen.relname,
                pg_get_viewdef(seen.oid),
                coalesce(seen.reloptions, '{}')
            from pg_depend as link
            join pg_rewrite as rule
                on link.classid = 'pg_rewrite'::regclass and link.objid = rule.oid
            join pg_class as seen on rule.ev_class = seen.oid
            join pg_namespace as space on seen.relnamespace = space.oid
            join pg_class as mart
                on link.refclassid = 'pg_class'::regclass and link.refobjid = mart.oid
            where
                mart.relnamespace = to_regnamespace(%s)
                and seen.relnamespace <> mart.relnamespace
                and seen.relkind = 'v'
            order by 1, 2
            """,
            [schema],
        ).fetchall()
    ]


def rebind(
    connection: psycopg.Connection, views: Iterable[View], *, wait: bool = False
) -> list[str]:
    """Make views read the tables that bear the names now; return a sentence for each that cannot.

    With `wait`, a view that somebody is reading raises LockNotAvailable: the caller begins again.
    """
    remarks = []
    for view in views:
        try:
            with connection.transaction():
                connection.execute(view.replacement)
        except psycopg.Error as error:
            if wait and isinstance(error, errors.LockNotAvailable):
                raise
            said = " ".join((error.diag.message_primary or str(error)).split())
            remarks.append(
                f"the view {view.schema}.{view.name} still reads an older version, whose tables "
                f"stay for it: {said}"
            )
    return remarks


def rebind_left_behind(connection: psycopg.Connection) -> list[str]:
    """Once more for views that an earlier change of versions had to leave on older tables."""
    remarks = []
    for schema in [PREVIOUS, *outdated_schemas(connection)]:
        if not views_over(connection, schema):
            continue
        with connection.transaction():
            connection.execute("set local lock_timeout = '300ms'")
            # Under the name that the tables bore when the view was made, its definition says that
            # name. Nobody sees the renaming: it is undone before the transaction ends.
            rename(connection, SERVED, ASIDE)
            rename(connection, schema, SERVED)
            views = views_over(connection, SERVED)
            rename(connection, SERVED, schema)
            rename(connection, ASIDE, SERVED)
            remarks += rebind(connection, views)
    return remarks
