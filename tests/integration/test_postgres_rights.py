"""The role of BI tools: it reads `marts`, and everything else is refused, tried one by one.

Belongs here: what `bi_reader` may and may not, and what the loader may not. Does not belong here:
what it reads (test_postgres_serving.py).
"""

from __future__ import annotations

import psycopg
import pytest

from orchestration.serving.postgres.serve import serve
from orchestration.serving.postgres.target import PostgresError, target_of
from orchestration.settings import Settings
from tests.integration.postgres_server import Database, publish, serve_into

MARK = "create table marts.fct_one as select {} as mark"
# What a session can switch off is no barrier: every try begins with switching it off.
UNBOUND = (
    "set default_transaction_read_only = off; set statement_timeout = 0; set search_path = public; "
)

REFUSED = [
    "select * from marts_prev.fct_one",
    "select * from marts_next.fct_one",
    "select * from public.secret",
    "select * from hr.salary",
    "select * from pg_authid",
    "select * from pg_shadow",
    "select * from pg_statistic",
    "insert into marts.fct_one values (9)",
    "update marts.fct_one set mark = 9",
    "delete from marts.fct_one",
    "truncate marts.fct_one",
    "select mark from marts.fct_one for update",
    "drop table marts.fct_one",
    "alter table marts.fct_one add column a int",
    "create index on marts.fct_one (mark)",
    "begin; lock table marts.fct_one in access exclusive mode",
    "comment on table marts.fct_one is 'mine'",
    "create table marts.mine (a int)",
    "create view marts.mine as select 1 as a",
    "create table public.mine (a int)",
    "create temporary table mine (a int)",
    "create schema mine",
    "create function public.mine() returns int language sql return 1",
    "create role mine",
    "create database mine",
    "alter role bi_reader superuser",
    "alter database {database} set statement_timeout = 0",
    "set role postgres",
    "set session authorization postgres",
    "update pg_class set relname = 'x' where relname = 'fct_one'",
    "insert into pg_namespace (oid, nspname, nspowner) values (1, 'x', 10)",
    "alter system set fsync = on",
    "copy marts.fct_one to '/tmp/flywheel_stolen'",
    "copy marts.fct_one to program 'cat'",
    "copy marts.fct_one from stdin",
    "select pg_read_file('postgresql.conf')",
    "select pg_ls_dir('.')",
    "select pg_reload_conf()",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select lo_import('/etc/hostname')",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    "do $$ begin execute 'drop table hr.salary'; end $$",
    "with gone as (delete from marts.fct_one returning *) select * from gone",
]


@pytest.fixture
def served(settings: Settings, database: Database) -> Database:
    """Two versions came, and the reader has a password; something of somebody else came later."""
    with_password = Settings(
        home=settings.home, postgres=database.address, postgres_reader_password="r€ader's"
    )
    target = target_of(with_password)
    assert target is not None
    for number in (1, 2):
        publish(settings, MARK.format(number))
        assert serve(with_password, target).remarks == []
    database.ask(
        "create table public.secret as select 1 as a; "
        "create schema hr; create table hr.salary as select 1 as a; "
        "create schema marts_next; create table marts_next.fct_one as select 3 as mark"
    )
    return database


def test_the_reader_reads_the_marts(served: Database) -> None:
    assert served.ask("select mark from marts.fct_one", role="bi_reader") == [(2,)]
    assert served.ask("select count(*) from publication", role="bi_reader") == [(2,)]


def test_the_reader_still_reads_them_after_the_next_version(
    settings: Settings, served: Database
) -> None:
    served.ask("drop schema marts_next cascade")
    publish(settings, MARK.format(3))
    serve_into(settings, served)

    assert served.ask("select mark from marts.fct_one", role="bi_reader") == [(3,)]


def test_the_reader_is_refused_everything_else(served: Database) -> None:
    """The error must say so: one that failed for another reason would prove nothing."""
    allowed = {}
    for statement in REFUSED:
        with served.connect("bi_reader") as connection:
            connection.execute(UNBOUND)
            try:
                connection.execute(statement.format(database=served.name))
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.WrongObjectType):
                continue
            except psycopg.Error as error:
                allowed[statement] = str(error)
            else:
                allowed[statement] = "done"
    assert allowed == {}


def test_the_reader_cannot_pass_its_rights_on(served: Database) -> None:
    served.ask("create role other login")
    with served.connect("bi_reader") as connection:
        connection.execute(UNBOUND)
        connection.execute("grant select on marts.fct_one to public")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        served.ask("select * from marts.fct_one", role="other")


def test_the_reader_is_held_to_limits_from_the_start(served: Database) -> None:
    for name, value in (
        ("statement_timeout", "5min"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("default_transaction_read_only", "on"),
    ):
        assert served.ask(f"show {name}", role="bi_reader") == [(value,)]


def test_limits_that_an_administrator_set_stay(settings: Settings, served: Database) -> None:
    served.ask("alter role bi_reader set statement_timeout = '7min'")
    serve_into(settings, served)

    assert served.ask("show statement_timeout", role="bi_reader") == [("7min",)]


def test_the_password_is_stored_as_a_hash_made_here(served: Database) -> None:
    ((stored, may_login),) = served.ask(
        "select rolpassword, rolcanlogin from pg_authid where rolname = 'bi_reader'"
    )
    assert stored.startswith("SCRAM-SHA-256$")
    assert may_login


def test_without_a_password_the_reader_is_a_role_to_be_granted(
    settings: Settings, database: Database
) -> None:
    publish(settings, MARK.format(1))
    serve_into(settings, database)
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        database.ask("select 1", role="bi_reader")
    database.ask("create role superset login; grant bi_reader to superset")

    assert database.ask("select mark from marts.fct_one", role="superset") == [(1,)]


def test_what_the_reader_may_beyond_reading_is_said(settings: Settings, served: Database) -> None:
    served.ask(
        "drop schema marts_next cascade; "
        "grant pg_read_all_data to bi_reader; grant create on schema hr to bi_reader; "
        "grant insert on hr.salary to bi_reader"
    )

    assert serve_into(settings, served).remarks == [
        "bi_reader is a member of pg_read_all_data: take that away",
        "bi_reader may make tables in the schema hr: take that away",
        "bi_reader may change hr.salary: take that away",
    ]


def test_a_database_that_is_shared_keeps_the_rights_of_others(
    settings: Settings, database: Database
) -> None:
    database.ask("create table public.theirs (a int); create role other login")
    publish(settings, MARK.format(1))

    (remark,) = serve_into(settings, database).remarks
    assert "shared with others" in remark
    database.ask("create temporary table mine (a int)", role="other")


def test_a_loader_needs_no_more_than_a_database_of_its_own(
    settings: Settings, database: Database
) -> None:
    """No superuser, no right to make roles: then an administrator makes the role of readers."""
    database.ask(f"create role loader login; alter database {database.name} owner to loader")
    as_loader = Settings(home=settings.home, postgres=database.address_of("loader"))
    target = target_of(as_loader)
    assert target is not None
    publish(settings, MARK.format(1))
    remarks = serve(as_loader, target).remarks
    assert "the role bi_reader is not there" in remarks[0]
    assert "large objects" in remarks[1]

    database.ask("create role bi_reader login")
    assert serve(as_loader, target).remarks == []
    assert database.ask("select mark from marts.fct_one", role="bi_reader") == [(1,)]


def test_a_loader_without_rights_is_told_what_it_lacks(
    settings: Settings, database: Database
) -> None:
    database.ask("create role loader login")
    as_loader = Settings(home=settings.home, postgres=database.address_of("loader"))
    target = target_of(as_loader)
    assert target is not None
    publish(settings, MARK.format(1))

    with pytest.raises(PostgresError, match="permission denied for database"):
        serve(as_loader, target)
