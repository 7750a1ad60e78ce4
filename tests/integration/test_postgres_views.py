"""Analysts' own views over the marts, from version to version.

Belongs here: that they follow, and what becomes of one that cannot. Does not belong here: readers
of a view while it changes (test_postgres_readers.py).
"""

from __future__ import annotations

import threading

import pytest

from orchestration.publication.versions import roll_back
from orchestration.settings import Settings
from tests.integration.postgres_server import Database, publish, serve_into

MARK = "create table marts.fct_one as select {} as mark, 'a' as name"


@pytest.fixture
def analysts(settings: Settings, database: Database) -> Database:
    """The first version is served, and a schema of the analysts' own is there."""
    publish(settings, MARK.format(1))
    serve_into(settings, database)
    database.ask("create schema analysts")
    return database


def serve_next(settings: Settings, database: Database, statement: str) -> list[str]:
    publish(settings, statement)
    return serve_into(settings, database).remarks


def test_a_view_follows_the_versions(settings: Settings, analysts: Database) -> None:
    analysts.ask("create view analysts.marks as select mark from marts.fct_one")

    for number in (2, 3):
        assert serve_next(settings, analysts, MARK.format(number)) == []
        assert analysts.ask("select mark from analysts.marks") == [(number,)]


def test_a_view_follows_a_rollback(settings: Settings, analysts: Database) -> None:
    analysts.ask("create view analysts.marks as select mark from marts.fct_one")
    serve_next(settings, analysts, MARK.format(2))
    roll_back(settings)
    serve_into(settings, analysts)

    assert analysts.ask("select mark from analysts.marks") == [(1,)]


def test_a_view_over_a_view_follows_too(settings: Settings, analysts: Database) -> None:
    analysts.ask(
        "create view analysts.marks as select mark from marts.fct_one; "
        "create view analysts.twice as select 2 * mark as mark from analysts.marks"
    )
    serve_next(settings, analysts, MARK.format(2))

    assert analysts.ask("select mark from analysts.twice") == [(4,)]


def test_a_view_keeps_its_owner_its_grants_its_options_and_its_comment(
    settings: Settings, analysts: Database
) -> None:
    analysts.ask(
        "create role ann; create role bob; grant bi_reader to ann; "
        "grant usage, create on schema analysts to ann; "
        "set role ann; "
        "create view analysts.marks with (security_barrier = true) as "
        "select mark from marts.fct_one; "
        "comment on view analysts.marks is 'of ann'; grant select on analysts.marks to bob"
    )
    kept = (
        "select pg_get_userbyid(relowner), relacl::text, reloptions, obj_description(oid) "
        "from pg_class where oid = 'analysts.marks'::regclass"
    )
    before = analysts.ask(kept)
    serve_next(settings, analysts, MARK.format(2))

    assert analysts.ask("select mark from analysts.marks") == [(2,)]
    assert analysts.ask(kept) == before
    assert before[0][0] == "ann"


def test_names_that_need_quotes_are_quoted(settings: Settings, analysts: Database) -> None:
    analysts.ask(
        'create schema "Ann\'s {x}"; '
        'create view "Ann\'s {x}"."100 % ""marks""" as '
        "select mark as \"the {mark}\", '100 %s'::text as t from marts.fct_one"
    )
    serve_next(settings, analysts, MARK.format(2))

    assert analysts.ask('select "the {mark}" from "Ann\'s {x}"."100 % ""marks"""') == [(2,)]


def test_a_view_whose_column_is_gone_stays_with_the_old_tables_and_is_named(
    settings: Settings, analysts: Database
) -> None:
    analysts.ask("create view analysts.names as select name from marts.fct_one")
    for number in (2, 3, 4):
        remarks = serve_next(
            settings, analysts, f"create table marts.fct_one as select {number} as mark"
        )
        assert "analysts.names still reads an older version" in remarks[0]

    assert analysts.ask("select name from analysts.names") == [("a",)]
    assert "marts_2025_09_28_001 stays" in remarks[1]
    assert "view analysts.names depends on" in remarks[1]


def test_a_view_that_can_follow_again_does_and_the_old_tables_go(
    settings: Settings, analysts: Database
) -> None:
    analysts.ask("create view analysts.names as select name from marts.fct_one")
    for number in (2, 3, 4):
        serve_next(settings, analysts, f"create table marts.fct_one as select {number} as mark")
    remarks = serve_next(settings, analysts, "create table marts.fct_one as select 'b' as name")

    assert remarks == []
    assert analysts.ask("select name from analysts.names") == [("b",)]
    assert analysts.ask("select nspname from pg_namespace where nspname ~ '^marts' order by 1") == [
        ("marts",),
        ("marts_prev",),
    ]


def test_what_is_no_view_is_never_dropped(settings: Settings, analysts: Database) -> None:
    """A materialized view holds rows of its own; its owner decides when to make it anew."""
    analysts.ask("create materialized view analysts.marks as select mark from marts.fct_one")
    assert serve_next(settings, analysts, MARK.format(2)) == []
    (remark,) = serve_next(settings, analysts, MARK.format(3))

    assert "materialized view analysts.marks depends on" in remark
    assert analysts.ask("select mark from analysts.marks") == [(1,)]


def test_a_view_that_is_being_read_is_waited_for(settings: Settings, analysts: Database) -> None:
    analysts.ask("create view analysts.marks as select mark from marts.fct_one")
    publish(settings, MARK.format(2))
    with analysts.connect() as reader:
        reader.execute("begin")
        reader.execute("select * from analysts.marks")
        done = threading.Timer(1.0, lambda: reader.execute("commit"))
        done.start()
        remarks = serve_into(settings, analysts).remarks
        done.join()

    assert remarks == []
    assert analysts.ask("select mark from analysts.marks") == [(2,)]


def test_a_view_that_is_read_for_too_long_follows_the_next_time(
    settings: Settings, analysts: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.serving.postgres.flip._TRIES", 1)
    analysts.ask("create view analysts.marks as select mark from marts.fct_one")
    publish(settings, MARK.format(2))
    with analysts.connect() as reader:
        reader.execute("begin")
        reader.execute("select * from analysts.marks")
        (remark,) = serve_into(settings, analysts).remarks
    assert "analysts.marks still reads an older version" in remark
    assert analysts.ask("select mark from marts.fct_one") == [(2,)]

    assert serve_into(settings, analysts).remarks == []
    assert analysts.ask("select mark from analysts.marks") == [(2,)]


def test_an_old_version_that_is_being_read_goes_the_next_time(
    settings: Settings, analysts: Database
) -> None:
    serve_next(settings, analysts, MARK.format(2))
    with analysts.connect() as reader:
        reader.execute("begin")
        reader.execute("select * from marts_prev.fct_one")
        (remark,) = serve_next(settings, analysts, MARK.format(3))
        assert "marts_2025_09_28_001 is still being read" in remark
        assert reader.execute("select mark from marts_2025_09_28_001.fct_one").fetchall() == [(1,)]

    assert serve_next(settings, analysts, MARK.format(4)) == []
