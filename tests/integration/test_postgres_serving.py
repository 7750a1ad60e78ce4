"""A published version in PostgreSQL: what arrives, when it is sent, and what a failure leaves.

Belongs here: loading, verifying, going back, failing. Does not belong here: readers while versions
change (test_postgres_readers.py), rights (test_postgres_rights.py), views (test_postgres_views.py).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.publication.opening import open_version
from orchestration.publication.versions import roll_back
from orchestration.serving.postgres import serve as steps
from orchestration.serving.postgres.load import shares_of
from orchestration.serving.postgres.tables import tables_of
from orchestration.serving.postgres.target import PostgresError, target_of
from orchestration.settings import Settings
from tests.integration.postgres_server import Database, publish, serve_into, with_postgres

EVERY_TYPE = """
create table marts.fct_types as
select * from (values
    (1::tinyint, 2::smallint, 3::integer, 4::bigint, 170141183460469231731::hugeint,
     1::utinyint, 2::usmallint, 3::uinteger, 18446744073709551615::ubigint,
     1.25::float, 0.1::double, 12345.67::decimal(18,2), 'naïve ✓ 𝕏'::varchar,
     date '0001-01-01', timestamp '2025-09-28 12:34:56.789012',
     timestamptz '2025-09-28 12:34:56.789012+02', true),
    (null, null, null, -9223372036854775808, null, null, null, null, null,
     'inf', '-inf', -9999999999999999.99, '', date '9999-12-31',
     timestamp '1900-01-01', null, false)
) as t(tiny, small, plain, big, huge, utiny, usmall, uplain, ubig, single, dbl, money, words,
       day, instant, moment, flag)
"""
MARK = "create table marts.fct_one as select {} as mark, range as i from range(100)"


def mark(database: Database) -> int:
    ((seen,),) = database.ask("select distinct mark from marts.fct_one")
    return seen


# What arrives -------------------------------------------------------------------------------------


def test_every_value_of_every_type_arrives(settings: Settings, database: Database) -> None:
    publish(settings, EVERY_TYPE)
    serve_into(settings, database)

    first, second = database.ask("select * from marts.fct_types order by flag desc")
    assert first[:5] == (1, 2, 3, 4, Decimal(170141183460469231731))
    assert first[5:9] == (1, 2, 3, Decimal(18446744073709551615))
    assert first[9:13] == (1.25, 0.1, Decimal("12345.67"), "naïve ✓ 𝕏")
    assert second[9:13] == (float("inf"), float("-inf"), Decimal("-9999999999999999.99"), "")
    assert database.ask(
        "select day::text, instant::text, (moment at time zone 'UTC')::text "
        "from marts.fct_types where flag"
    ) == [("0001-01-01", "2025-09-28 12:34:56.789012", "2025-09-28 10:34:56.789012")]


def test_types_are_those_of_the_file(settings: Settings, database: Database) -> None:
    publish(settings, EVERY_TYPE)
    serve_into(settings, database)

    types = dict(
        database.ask(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = 'marts.fct_types'::regclass and attnum > 0"
        )
    )
    assert types["money"] == "numeric(18,2)"
    assert types["huge"] == "numeric(38,0)"
    assert types["big"] == "bigint"
    assert types["instant"] == "timestamp without time zone"


def test_a_column_that_has_no_type_there_is_refused_by_name(
    settings: Settings, database: Database
) -> None:
    publish(settings, "create table marts.fct_one as select {'a': 1} as nested")

    with pytest.raises(PostgresError, match=r"marts\.fct_one\.nested is STRUCT"):
        serve_into(settings, database)


def test_a_mart_that_is_a_view_arrives_as_a_table(settings: Settings, database: Database) -> None:
    publish(settings, "create view marts.fct_one as select 7 as mark")
    serve_into(settings, database)

    assert mark(database) == 7
    assert database.ask("select relkind from pg_class where oid = 'marts.fct_one'::regclass") == [
        ("r",)
    ]


def test_comments_arrive(settings: Settings, database: Database) -> None:
    publish(
        settings,
        "create table marts.fct_one as select 1 as mark",
        "comment on table marts.fct_one is 'One row; the 100 %s.'",
        "comment on column marts.fct_one.mark is 'It''s {marked}.'",
    )
    serve_into(settings, database)

    assert database.ask(
        "select obj_description(oid), col_description(oid, 1) "
        "from pg_class where oid = 'marts.fct_one'::regclass"
    ) == [("One row; the 100 %s.", "It's {marked}.")]


def test_every_row_of_a_large_table_arrives_once_over_two_connections(
    settings: Settings, database: Database
) -> None:
    rows = 150_001
    publish(
        settings,
        f"create table marts.fct_one as select range as mark from range({rows})",
        "create view marts.fct_two as from marts.fct_one",
        "create table marts.fct_three as select 1 as mark",
    )
    with open_version(settings.published) as warehouse:
        shares = shares_of(warehouse, tables_of(warehouse))
    serve_into(settings, database)

    names = [{table.name for table, _ in share} for share in shares]
    assert names[0] & names[1] == {"fct_one"}
    for table in ("fct_one", "fct_two"):
        assert database.ask(
            f"select count(*), count(distinct mark), max(mark) from marts.{table}"
        ) == [(rows, rows, rows - 1)]


def test_keys_are_sorted_by_their_bytes_and_names_as_the_database_does(
    settings: Settings, database: Database
) -> None:
    publish(settings, "create table marts.fct_one as select 'crm:1' as rep_key, 'Ann' as rep_name")
    serve_into(settings, database)

    assert database.ask(
        "select attname, collname from pg_attribute join pg_collation "
        "on pg_collation.oid = attcollation "
        "where attrelid = 'marts.fct_one'::regclass order by attnum"
    ) == [("rep_key", "C"), ("rep_name", "default")]


def test_a_key_becomes_a_primary_key(settings: Settings, database: Database) -> None:
    publish(settings, "create table marts.dim_date as select date '2025-01-01' as date_day")
    serve_into(settings, database)

    assert definitions(database, "dim_date") == [
        "CREATE UNIQUE INDEX dim_date_pkey ON marts.dim_date USING btree (date_day)"
    ]


def test_a_key_that_may_be_null_is_unique_all_the_same(
    settings: Settings, database: Database
) -> None:
    publish(
        settings,
        "create table marts.dim_rep as "
        "select 'a' as rep_key, null::timestamp as valid_from union all select 'b', null",
    )
    serve_into(settings, database)

    (definition,) = definitions(database, "dim_rep")
    assert definition.startswith("CREATE UNIQUE INDEX")
    assert definition.endswith("(rep_key, valid_from) NULLS NOT DISTINCT")


def test_facts_are_indexed_by_what_they_are_joined_by(
    settings: Settings, database: Database
) -> None:
    publish(
        settings,
        "create table marts.fct_opportunity as "
        "select 'o' as opportunity_key, 'a' as account_key, 1 as amount",
    )
    serve_into(settings, database)

    columns = [text.rsplit("(")[1] for text in definitions(database, "fct_opportunity")]
    assert columns == ["account_key)", "opportunity_key)"]


def definitions(database: Database, table: str) -> list[str]:
    rows = database.ask(
        "select indexdef from pg_indexes "
        f"where schemaname = 'marts' and tablename = '{table}' order by indexname"
    )
    return [text for (text,) in rows]


def test_the_version_is_told(settings: Settings, database: Database) -> None:
    publication = publish(settings, MARK.format(1))
    serve_into(settings, database)

    assert database.ask("select version, run_id from marts.publication") == [
        (publication.version, "run1")
    ]
    assert database.ask("select run_id, night from marts.gate_result") == [
        ("run1", publication.as_of_date)
    ]


# When it is sent ----------------------------------------------------------------------------------


def test_a_version_that_is_there_is_not_sent_again(settings: Settings, database: Database) -> None:
    publish(settings, MARK.format(1))
    first = serve_into(settings, database)
    before = database.ask("select 'marts.fct_one'::regclass::oid")

    assert (first.row_count, first.table_count) == (102, 4)
    assert serve_into(settings, database).row_count == 0
    assert database.ask("select 'marts.fct_one'::regclass::oid") == before
    assert serve_into(settings, database, again=True).row_count == 102


def test_the_next_version_takes_the_place_of_the_one_before(
    settings: Settings, database: Database
) -> None:
    publish(settings, MARK.format(1))
    serve_into(settings, database)
    publish(settings, MARK.format(2))
    serve_into(settings, database)

    assert mark(database) == 2
    assert database.ask("select distinct mark from marts_prev.fct_one") == [(1,)]


def test_no_more_than_the_version_before_is_kept(settings: Settings, database: Database) -> None:
    for number in range(4):
        publish(settings, MARK.format(number))
        assert serve_into(settings, database).remarks == []

    assert schemas(database) == ["marts", "marts_prev"]


def schemas(database: Database) -> list[str]:
    rows = database.ask("select nspname from pg_namespace where nspname ~ '^marts' order by 1")
    return [name for (name,) in rows]


def test_after_a_rollback_the_older_version_is_served(
    settings: Settings, database: Database
) -> None:
    """The version before is there already: it takes its place again, and nothing is sent."""
    for number in (1, 2):
        publish(settings, MARK.format(number))
        serve_into(settings, database)
    roll_back(settings)

    assert serve_into(settings, database).row_count == 0
    assert mark(database) == 1


def test_after_a_rollback_beyond_the_version_before_it_is_sent_again(
    settings: Settings, database: Database
) -> None:
    first = publish(settings, MARK.format(1))
    serve_into(settings, database)
    for number in (2, 3):
        publish(settings, MARK.format(number))
        serve_into(settings, database)
    roll_back(settings, first.version)

    assert serve_into(settings, database).row_count > 0
    assert mark(database) == 1


def test_another_home_with_the_same_version_is_another_version(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    publish(settings, MARK.format(1))
    serve_into(settings, database)
    database.ask("comment on schema marts is 'Flywheel, version 2025-09-28-001 of run other'")

    assert serve_into(settings, database).row_count > 0


# What a failure leaves ----------------------------------------------------------------------------


@pytest.fixture
def served_once(settings: Settings, database: Database) -> Settings:
    """A home whose first version is served, and whose second is published."""
    publish(settings, MARK.format(1))
    serve_into(settings, database)
    publish(settings, MARK.format(2))
    return settings


def test_wrong_credentials_leave_the_old_version(served_once: Settings, database: Database) -> None:
    target = target_of(
        with_postgres(served_once, database.address_of("nobody", password="s3cret!/%"))
    )
    assert target is not None

    with pytest.raises(PostgresError, match="cannot connect") as error:
        steps.serve(served_once, target)
    assert "s3cret" not in str(error.value) + repr(target)
    assert mark(database) == 1


def test_an_address_that_is_none_is_not_shown(settings: Settings) -> None:
    with pytest.raises(PostgresError) as error:
        target_of(with_postgres(settings, "postgres//me:s3cret@host/db?x=y"))
    assert "s3cret" not in str(error.value)


def test_the_address_may_stand_in_a_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "address"
    file.write_text("postgresql://loader:s3cret@db.example.com:6432/warehouse\n")
    monkeypatch.setenv("FLYWHEEL_POSTGRES_FILE", str(file))
    target = target_of(Settings(home=settings.home))

    assert target is not None
    assert target.name == "PostgreSQL warehouse at db.example.com:6432"


def test_a_server_that_ends_the_load_leaves_the_old_version(
    served_once: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = steps.send_rows

    def end_meanwhile(*arguments: object) -> None:
        sent(*arguments)  # type: ignore[arg-type]
        database.ask(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'flywheel' and pid <> pg_backend_pid()"
        )

    monkeypatch.setattr(steps, "send_rows", end_meanwhile)
    with pytest.raises(PostgresError):
        serve_into(served_once, database)
    assert mark(database) == 1
    monkeypatch.undo()
    serve_into(served_once, database)
    assert mark(database) == 2


def test_rows_that_are_lost_on_the_way_are_noticed(
    served_once: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = steps.send_rows

    def lose_a_row(*arguments: object) -> None:
        sent(*arguments)  # type: ignore[arg-type]
        database.ask("delete from marts_next.fct_one where i = 0")

    monkeypatch.setattr(steps, "send_rows", lose_a_row)
    with pytest.raises(PostgresError, match="number of rows is 100 in the file and 99"):
        serve_into(served_once, database)
    assert mark(database) == 1


def test_sums_that_cancel_out_are_compared_all_the_same(
    settings: Settings, database: Database
) -> None:
    """Added in another order, 0.1 to 999.9 and their negatives leave anything but 0."""
    publish(
        settings,
        "create table marts.fct_one as "
        "select (hash(i) % 1000) / 10.0 * (case when i % 2 = 0 then 1 else -1 end)::double as gap, "
        "(i / 7.0)::float as single from range(100000) as t(i)",
    )
    assert serve_into(settings, database).row_count > 100000


@pytest.mark.parametrize(
    "change",
    [
        "update {} set money = money + 0.01 where flag",
        "update {} set words = words || ' ' where flag",
        "update {} set day = day + 1 where flag",
        "update {} set instant = instant + interval '1 microsecond' where flag",
        "update {} set big = big + 1 where flag",
        "update {} set tiny = null where flag",
        "update {} set dbl = dbl + 0.00001 where flag",
        "update {} set flag = not flag where flag",
        "update {} set moment = moment + interval '1 microsecond' where flag",
    ],
)
def test_a_value_that_changes_on_the_way_is_noticed(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    publish(settings, EVERY_TYPE)
    sent = steps.send_rows

    def change_a_value(*arguments: object) -> None:
        sent(*arguments)  # type: ignore[arg-type]
        database.ask(change.format("marts_next.fct_types"))

    monkeypatch.setattr(steps, "send_rows", change_a_value)
    with pytest.raises(PostgresError, match="in the file and"):
        serve_into(settings, database)
    assert "marts" not in schemas(database)


def test_a_text_that_postgresql_cannot_hold_is_told_by_its_table(
    served_once: Settings, database: Database
) -> None:
    publish(served_once, "create table marts.fct_one as select 'a' || chr(0) as mark")

    with pytest.raises(PostgresError, match="fct_one could not be sent"):
        serve_into(served_once, database)
    assert mark(database) == 1


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is a tool of Linux")
def test_a_full_disk_leaves_the_old_version(served_once: Settings, database: Database) -> None:
    """Files of the server may not grow beyond 17 MB; a segment of its log has 16."""
    publish(
        served_once,
        "create table marts.fct_big as "
        "select range as i, repeat(md5(range::text), 30) as filler from range(40000)",
    )
    limit_files(database, f"{17 * 1024**2}:")
    try:
        with pytest.raises(PostgresError, match="fct_big could not be sent"):
            serve_into(served_once, database)
    finally:
        limit_files(database, "unlimited:")
    assert mark(database) == 1
    publish(served_once, MARK.format(3))
    serve_into(served_once, database)
    assert mark(database) == 3


def limit_files(database: Database, size: str) -> None:
    """Of the server and of every process that it starts from now on."""
    file = Path(database.folder, "postmaster.pid")
    pid = file.read_text().splitlines()[0]
    subprocess.run(["prlimit", "--pid", pid, f"--fsize={size}"], check=True, user=file.owner())


LOADER = """
import os, signal
from orchestration.serving.postgres import serve as steps
from orchestration.serving.postgres.load import shares_of
from orchestration.serving.postgres.tables import tables_of
from orchestration.serving.postgres.target import target_of
from orchestration.settings import Settings

whole = getattr(steps, {step!r})

def killed(*arguments):
    if {after}:
        whole(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(steps, {step!r}, killed)
settings = Settings()
steps.serve(settings, target_of(settings))
"""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "step", ["create_tables", "send_rows", "furnish", "close_next", "flip", "drop_outdated"]
)
def test_a_killed_load_leaves_the_old_version_or_the_new_one_and_the_next_call_goes_on(
    served_once: Settings, database: Database, step: str, after: bool
) -> None:
    environment = os.environ | {
        "FLYWHEEL_HOME": str(served_once.home),
        "FLYWHEEL_POSTGRES": database.address,
    }
    killed = subprocess.run(
        [sys.executable, "-c", LOADER.format(step=step, after=after)],
        env=environment,
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    is_flipped = step == "drop_outdated" or (step == "flip" and after)
    assert mark(database) == (2 if is_flipped else 1)
    serve_into(served_once, database)
    assert mark(database) == 2
    assert schemas(database) == ["marts", "marts_prev"]


def test_a_version_that_was_loaded_in_full_before_a_crash_is_not_sent_again(
    served_once: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*arguments: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "flip", crash)
    with pytest.raises(KeyboardInterrupt):
        serve_into(served_once, database)
    monkeypatch.undo()

    assert serve_into(served_once, database).row_count == 0
    assert mark(database) == 2


def test_one_load_at_a_time(served_once: Settings, database: Database) -> None:
    with database.connect() as other:
        other.execute("select pg_advisory_lock(%s)", [steps._LOCK])
        with (
            pytest.MonkeyPatch.context() as patch,
            pytest.raises(PostgresError, match="another load"),
        ):
            session = "orchestration.serving.postgres.target._SESSION"
            patch.setattr(session, "set lock_timeout = '100ms'")
            serve_into(served_once, database)


def test_a_schema_of_somebody_else_is_left_alone(settings: Settings, database: Database) -> None:
    database.ask("create schema marts; create table marts.theirs as select 1 as a")
    publish(settings, MARK.format(1))

    with pytest.raises(PostgresError, match="schema marts that is not Flywheel's"):
        serve_into(settings, database)
    assert database.ask("select a from marts.theirs") == [(1,)]
