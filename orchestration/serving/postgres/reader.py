"""The role that BI tools log in with: it reads `marts`, and nothing else.

Belongs here: the role, its limits, its rights, and what it may do beyond them. Does not belong
here: the loader's own rights (docs/postgres.md).

Rights hold it back, not settings: whoever logs in can switch a setting off.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from psycopg import errors, sql

from orchestration.serving.postgres.schemas import PREVIOUS, SERVED

if TYPE_CHECKING:
    import psycopg

READER = "bi_reader"
_LIMITS = {
    "statement_timeout": "5min",
    "idle_in_transaction_session_timeout": "1min",
    "default_transaction_read_only": "on",
    "search_path": SERVED,
}
_CREATES_LARGE_OBJECTS = ("lo_creat(int)", "lo_create(oid)", "lo_from_bytea(oid, bytea)")


def prepare_reader(connection: psycopg.Connection, password: str) -> list[str]:
    """Make the role when it is not there; with a password it may log in.

    Limits are set once, so that an administrator may change them. Returns a sentence for what the
    loader has no right to do.
    """
    role = sql.Identifier(READER)
    remarks = []
    if not is_there(connection):
        try:
            with connection.transaction():
                connection.execute(sql.SQL("create role {} nologin").format(role))
                for name, value in _LIMITS.items():
                    connection.execute(
                        sql.SQL("alter role {} set {} = {}").format(
                            role, sql.Identifier(name), value
                        )
                    )
        except errors.InsufficientPrivilege:
            return [
                f"the role {READER} is not there and the loader may not make one: nobody but the "
                f"loader can read {SERVED}; let an administrator run: create role {READER} nologin"
            ]
    if password:
        # Hashed here: a statement with the password in it would stand in the server's log.
        hashed = connection.pgconn.encrypt_password(password.encode(), READER.encode())
        try:
            connection.execute(
                sql.SQL("alter role {} login password {}").format(role, hashed.decode())
            )
        except errors.InsufficientPrivilege:
            remarks.append(f"the loader may not set the password of {READER}: it stays as it was")
    return remarks + _excess(connection)


def is_there(connection: psycopg.Connection) -> bool:
    """Whether there is such a role."""
    found = connection.execute("select 1 from pg_roles where rolname = %s", [READER]).fetchone()
    return found is not None


def let_read(connection: psycopg.Connection, schema: str) -> None:
    """Rights on the tables of a schema; they say nothing until the schema may be entered."""
    if is_there(connection):
        connection.execute(
            sql.SQL("grant select on all tables in schema {} to {}").format(
                sql.Identifier(schema), sql.Identifier(READER)
            )
        )


def let_in(connection: psycopg.Connection) -> None:
    """The reader may enter `marts`, and no version before it."""
    if not is_there(connection):
        return
    role = sql.Identifier(READER)
    connection.execute(
        sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(SERVED), role)
    )
    if connection.execute("select to_regnamespace(%s)", [PREVIOUS]).fetchone() != (None,):
        connection.execute(
            sql.SQL("revoke all on schema {} from {}").format(sql.Identifier(PREVIOUS), role)
        )


def keep_to_reading(connection: psycopg.Connection) -> list[str]:
    """Take from everybody the right to make temporary tables and large objects in the database.

    PostgreSQL gives it to everybody. It is taken only where the database holds nothing of anybody
    else. Returns a sentence for what could not be taken.
    """
    others = connection.execute(
        """
        select count(*)
        from pg_class as thing
        join pg_namespace as space on thing.relnamespace = space.oid
        where
            space.nspname !~ '^(pg_|information_schema$|marts($|_))'
            and thing.relkind in ('r', 'p', 'v', 'm', 'f')
        """
    ).fetchone()
    if others != (0,):
        return [
            f"the database is shared with others, so everybody, {READER} too, may make temporary "
            "tables in it (docs/postgres.md says how to end that)"
        ]
    database = sql.Identifier(connection.info.dbname)
    for statement in (
        sql.SQL("revoke temporary on database {} from public").format(database),
        sql.SQL("revoke create on schema {} from public").format(sql.Identifier("public")),
        *(
            sql.SQL("revoke execute on function {} from public").format(sql.SQL(function))
            for function in _CREATES_LARGE_OBJECTS
        ),
    ):
        # A loader that is not the owner gets a warning or an error, depending on what it is.
        with suppress(errors.InsufficientPrivilege):
            connection.execute(statement)
    left = connection.execute(
        """
        select 'temporary tables'
        from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) as entry
        where
            datname = current_database()
            and entry.grantee = 0
            and entry.privilege_type = 'TEMPORARY'
        union all
        select distinct 'large objects'
        from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) as entry
        where pg_proc.oid = any(%s::regprocedure[]) and entry.grantee = 0
        """,
        [list(_CREATES_LARGE_OBJECTS)],
    ).fetchall()
    if not left:
        return []
    return [
        f"everybody, {READER} too, may make {' and '.join(what for (what,) in left)} in the "
        "database, and the loader may not change that (docs/postgres.md says how)"
    ]


def _excess(connection: psycopg.Connection) -> list[str]:
    """What the reader may do that no reader should, each in a sentence."""
    found = connection.execute(
        """
        with reader as (
            select * from pg_roles where rolname = %(reader)s
        )
        select 'is a superuser or may make roles or databases'
        from reader
        where rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication
        union all
        select 'is a member of ' || pg_get_userbyid(link.roleid)
        from pg_auth_members as link
        join reader on link.member = reader.oid
        union all
        select 'may make tables in the schema ' || space.nspname
        from pg_namespace as space
        cross join reader
        where
            space.nspname !~ '^pg_(temp|toast)'
            and has_schema_privilege(reader.oid, space.oid, 'create')
        union all
        select 'may change ' || space.nspname || '.' || thing.relname
        from pg_class as thing
        join pg_namespace as space on thing.relnamespace = space.oid
        cross join reader
        where
            thing.relkind in ('r', 'p', 'v', 'm', 'f')
            and space.nspname not in ('pg_catalog', 'information_schema')
            and has_table_privilege(reader.oid, thing.oid, 'insert, update, delete, truncate')
        """,
        {"reader": READER},
    ).fetchall()
    return [f"{READER} {excess}: take that away" for (excess,) in found]
