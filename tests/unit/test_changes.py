"""What a version changed against the one before: rows, columns, metrics beyond their limits.

Belongs here: comparing versions, made by hand, and the limits. Does not belong here: publication
itself (test_publication.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from orchestration.commands.versions import changes
from orchestration.gate.results import SCHEMA
from orchestration.gate.stamp import give_stamp
from orchestration.publication.candidate import discard_candidate
from orchestration.publication.changes import Change, changes_of, limits_after
from orchestration.publication.opening import VersionUnreadableError
from orchestration.publication.promote import promote
from orchestration.publication.versions import NoSuchVersionError, roll_back, version_path
from orchestration.settings import Settings
from tests.faults.damages import spoil_rows

FIRST = date(2025, 9, 1)
Ask = Callable[[Path, str], list[tuple]]
REGISTRY = """
create table marts.metric_registry as from (values
    ('win_rate', 'win_rate', 'value', 'won', 'closed', 'won / closed', 'share',
     $$metric_id = 'win_rate'$$, true),
    ('won_amount', 'fct_deal', 'amount', null, null, 'amount of won deals', 'money', 'is_won',
     true),
    ('average_amount', 'fct_deal', 'amount', null, null, 'mean amount of deals', 'money', null,
     true),
    ('deal_count', 'fct_deal', 'deal_key', null, null, 'number of deals', 'count', null, true),
    ('open_count', 'pipeline_daily', 'open_count', null, null, 'open deals', 'count', null,
     true),
    ('way_share', 'way_out', 'share', 'gone', 'left_stage', 'gone / left', 'share', null, false)
) as registry (
    metric_id, mart_name, column_name, numerator_column, denominator_column, formula, unit,
    row_filter, adds_up
)
"""
RATES = """
create table marts.win_rate as from (values
    ('win_rate', 'all', 'all', 1, 4), ('win_rate', 'all', 'all', 2, 4),
    ('win_rate', 'month', 'all', 9, 9), ('win_rate', 'all', 'owner', 9, 9),
    ('other', 'all', 'all', 9, 9)
) as rate (metric_id, grain, dimension, won, closed)
"""
# All that left a stage, by way: a sum over the ways would count them twice.
WAYS = """
create table marts.way_out as from (values (3, 10), (7, 10)) as way (gone, left_stage)
"""
PIPELINE = """
create table marts.pipeline_daily as from (values
    (date '2025-09-01', 5), (date '2025-09-02', 3), (date '2025-09-02', 4)
) as day (date_day, open_count)
"""


def publish(settings: Settings, night: date, deals: int, *statements: str) -> str:
    """A version with so many deals of 10 each, the even ones won."""
    discard_candidate(settings)
    with duckdb.connect(str(settings.candidate)) as connection:
        for schema in ("intermediate", "marts", "ops"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table intermediate.int_as_of as select ?::date as as_of_date", [night]
        )
        connection.execute("create table ops.build as select null::text as rebuilt_because")
        connection.execute(
            "create table marts.fct_deal as select range as deal_key, 10.0::double as amount, "
            f"range % 2 = 0 as is_won from range({deals})"
        )
        for statement in (REGISTRY, RATES, WAYS, PIPELINE, *statements):
            connection.execute(statement)
    settings.operations.joinpath("gate_result").mkdir(parents=True, exist_ok=True)
    results = settings.operations / "gate_result" / "results.parquet"
    pl.DataFrame([{"run_id": "run"}], schema=SCHEMA).write_parquet(results)
    give_stamp(settings, "run", expected_checks=1, ran_checks=1, warnings=0)
    return promote(settings).version


def publish_many(settings: Settings, deals: list[int]) -> str:
    """One version a night; the name of the last."""
    versions = [
        publish(settings, FIRST + timedelta(days=number), count)
        for number, count in enumerate(deals)
    ]
    return versions[-1]


def kinds(changes: list[Change]) -> set[tuple[str, str, str | None]]:
    return {(change.kind, change.table, change.item) for change in changes}


# Rows and columns --------------------------------------------------------------------------------


def test_the_first_version_changed_nothing(settings: Settings) -> None:
    assert changes_of(settings, publish(settings, FIRST, 4)) == []


def test_rows_are_counted_table_by_table(settings: Settings) -> None:
    first = publish(settings, FIRST, 4)
    second = publish(settings, FIRST, 6)

    assert changes_of(settings, second) == [
        Change(second, first, "rows", "fct_deal", None, "4", "6")
    ]


def test_of_a_version_that_cannot_be_read_nobody_is_told_that_it_changed_nothing(
    settings: Settings,
) -> None:
    publish(settings, FIRST, 4)
    second = publish(settings, FIRST, 6)
    path = version_path(settings, second)
    spoil_rows(path, "ops.version_change")

    with pytest.raises(VersionUnreadableError, match=rf"{path} cannot be read: .*\n.*--full-refre"):
        changes_of(settings, second)
    path.write_bytes(b"")
    with pytest.raises(VersionUnreadableError, match=rf"{path} cannot be read: .*\n`flywheel nig"):
        changes_of(settings, second)


def test_tables_and_columns_that_came_or_went_are_told(settings: Settings) -> None:
    publish(settings, FIRST, 4, "create table marts.dim_old as select 1 as a")
    second = publish(
        settings,
        FIRST,
        4,
        "create table marts.dim_new as select 1 as a",
        "alter table marts.fct_deal add column owner text",
        "alter table marts.pipeline_daily alter open_count type double",
        "alter table marts.win_rate drop grain",
    )

    assert kinds(changes_of(settings, second)) == {
        ("table removed", "dim_old", None),
        ("table added", "dim_new", None),
        ("column added", "fct_deal", "owner"),
        ("column retyped", "pipeline_daily", "open_count"),
        ("column removed", "win_rate", "grain"),
    }


def test_a_version_is_compared_with_the_one_that_readers_saw(settings: Settings) -> None:
    """Not with one that had been rolled back."""
    publish(settings, FIRST, 4)
    publish(settings, FIRST, 9)
    roll_back(settings)
    third = publish(settings, FIRST, 5)

    (change,) = changes_of(settings, third)
    assert (change.compared_with[-3:], change.before, change.after) == ("001", "4", "5")


def test_a_version_before_that_cannot_be_read_holds_nothing_back(settings: Settings) -> None:
    first = version_path(settings, publish(settings, FIRST, 4))
    first.chmod(0o644)
    first.write_bytes(b"damaged")

    assert changes_of(settings, publish(settings, FIRST, 6)) == []


# Metrics -----------------------------------------------------------------------------------------


def test_a_metric_is_one_number_a_version(settings: Settings, ask: Ask) -> None:
    """All rows once: not each dimension and grain again; of days that do not add up, the last.

    What does not add up at all has no number.
    """
    publish(settings, FIRST, 5)

    values = dict(ask(settings.published, "select metric_id, value from ops.metric_value"))
    assert values == {
        "win_rate": 3 / 8,
        "won_amount": 30,
        "average_amount": 10,
        "deal_count": 5,
        "open_count": 7,
    }


def test_limits_are_those_of_an_xmr_chart_of_the_moves() -> None:
    """Moves 1 3 1 3 1 3 1 3: mean 2, moving ranges all 2; 2.66 · 2 = 5.32 to either side."""
    limits = limits_after([0, 1, 4, 5, 8, 9, 12, 13, 16])

    assert limits == pytest.approx((16 + 2 - 5.32, 16 + 2 + 5.32))


def test_there_are_no_limits_before_eight_moves() -> None:
    assert limits_after([1.0, 2.0] * 4) is None
    assert limits_after([*[1.0, 2.0] * 4, 1.0]) is not None


def test_a_metric_that_moves_as_it_always_does_is_no_news(settings: Settings) -> None:
    """It grows every night, which the limits expect."""
    last = publish_many(settings, [10, 12, 16, 18, 22, 24, 28, 30, 34, 36, 40])

    assert kinds(changes_of(settings, last)) == {("rows", "fct_deal", None)}


def test_a_metric_that_moves_far_more_than_usual_is_told_with_its_limits(
    settings: Settings,
) -> None:
    last = publish_many(settings, [10, 12, 16, 18, 22, 24, 28, 30, 34, 99])

    moved = {each.item: each for each in changes_of(settings, last) if each.kind == "metric"}
    assert moved.keys() == {"deal_count", "won_amount"}
    count = moved["deal_count"]
    # Moves 2 4 2 4 2 4 2 4: mean 3, moving range 2.
    assert (count.low, count.high) == pytest.approx((34 + 3 - 5.32, 34 + 3 + 5.32))
    assert count.sentence == "deal_count: 34 → 99, usual 31.68 to 42.32"


def test_what_was_rolled_back_is_no_measure_of_what_comes_after(
    settings: Settings, ask: Ask
) -> None:
    publish_many(settings, [10, 12, 16])
    publish(settings, FIRST, 99)
    roll_back(settings)
    publish(settings, FIRST, 18)

    query = "select value from ops.metric_value where metric_id = 'deal_count' order by rowid"
    assert ask(settings.published, query) == [(10,), (12,), (16,), (18,)]


# For a person ------------------------------------------------------------------------------------


def test_changes_are_printed_for_the_version_that_readers_see(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(settings, FIRST, 4)
    publish(settings, FIRST, 6)
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.root))
    changes()

    said = capsys.readouterr().out
    assert "2025-09-01-002 against 2025-09-01-001" in said
    assert "fct_deal: 4 → 6 rows" in said


def test_an_unknown_version_is_refused_with_those_there_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, FIRST, 4)
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.root))

    with pytest.raises(NoSuchVersionError, match="2025-09-01-001"):
        changes("2020-01-01-001")
