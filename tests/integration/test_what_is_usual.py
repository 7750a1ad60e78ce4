"""What is usual of a weekday, and how fresh a source is, as dbt compiles both.

Belongs here: the SQL of `night_deviation` and `source_freshness` on nights made up for the purpose,
beside medians by Python, and the suites that judge them. Does not belong here: counting the rows of
loads (tests/unit/test_load_profile.py), whole nights (tests/faults/).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import sqrt
from pathlib import Path
from random import Random
from statistics import median

import duckdb
import pytest

from orchestration.gate.run import run_suites
from orchestration.gate.suites import read_suites
from tests.integration.compiled import Compiler

TONIGHT = date(2025, 9, 30)
EMPTY_TABLES = """
attach ':memory:' as flywheel;
create schema flywheel.staging;
create schema flywheel.intermediate;
create schema flywheel.ops;
create table flywheel.intermediate.int_as_of as
    select date '2025-09-30' as as_of_date, timestamp '2025-10-01' as as_of_at;
create table flywheel.staging.stg_flywheel__loads (
    load_id text, run_id text, source_system text, object_name text, batch_date date, extract text,
    rows_accepted bigint, status text, reload_of text
);
create table flywheel.staging.stg_flywheel__accepted (
    batch_date date, source_system text, object_name text, topic text, column_name text
);
create table flywheel.staging.stg_flywheel__load_profiles (
    load_id text, topic text, column_name text, label text, measured bigint
);
"""


@dataclass(frozen=True)
class Night:
    """One night of one object: rows in stages A and B; each night is a run of its own."""

    weeks_ago: int
    a: int
    b: int = 0
    days: int = 0
    run: str | None = None
    status: str = "accepted"

    @property
    def date(self) -> date:
        return TONIGHT - timedelta(days=7 * self.weeks_ago + self.days)


@pytest.fixture(scope="module")
def models(compiler: Compiler) -> dict[str, str]:
    names = ("night_profile", "night_deviation", "source_freshness")
    return {name: compiler.model(name, {}) for name in names}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute(EMPTY_TABLES)
        yield opened


def tell(connection: duckdb.DuckDBPyConnection, nights: list[Night]) -> None:
    """Write the loads of some nights and their counts."""
    for night in nights:
        load_id = f"load of {night.date}"
        connection.execute(
            "insert into flywheel.staging.stg_flywheel__loads values "
            "(?, ?, 'crm', 'deals', ?, 'delta', ?, ?, null)",
            [load_id, night.run or str(night.date), night.date, night.a + night.b, night.status],
        )
        for label, count in (("A", night.a), ("B", night.b)):
            if count:
                connection.execute(
                    "insert into flywheel.staging.stg_flywheel__load_profiles "
                    "values (?, 'stage', 'stage', ?, ?)",
                    [load_id, label, count],
                )


Deviations = dict[tuple[str, str], tuple[float, float, float, int]]


def deviations(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str], nights: list[Night]
) -> Deviations:
    """Measured, usual, deviation and number of nights, by topic and label."""
    tell(connection, nights)
    connection.execute(f"create table flywheel.ops.night_profile as {models['night_profile']}")
    rows = connection.execute(
        "select topic, label, measured, usual, deviation, night_count "
        f"from ({models['night_deviation']})"
    ).fetchall()
    return {(topic, label): tuple(values) for topic, label, *values in rows}


STEADY = [Night(weeks, 60 + weeks, 40) for weeks in range(1, 7)]


@pytest.mark.parametrize("seed", range(5))
def test_usual_and_deviation_are_medians_and_their_distances(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str], seed: int
) -> None:
    draw = Random(seed)
    nights = [
        Night(weeks, draw.randint(30, 90), draw.choice([0, draw.randint(1, 60)]))
        for weeks in range(draw.randint(5, 14))
    ]
    found = deviations(connection, models, nights)
    tonight, *earlier = nights
    earlier = earlier[:13]

    volumes = [night.a + night.b for night in earlier]
    usual = median(volumes)
    spread = max(
        1.4826 * median(abs(each - usual) for each in volumes), sqrt(usual + 1), 0.02 * usual
    )
    rows = tonight.a + tonight.b
    assert found["volume", ""] == pytest.approx(
        (rows, usual, (rows - usual) / spread, len(earlier))
    )

    shares = [night.b / (night.a + night.b) for night in earlier]
    usual = median(shares)
    known = len(earlier) * median(volumes)
    expected = (sum(shares) / len(shares) * known + 1) / (known + 2)
    chance = sqrt(expected * (1 - expected) * (1 / rows + 1 / known) + 1 / rows**2)
    spread = max(1.4826 * median(abs(each - usual) for each in shares), chance, 0.005)
    share = tonight.b / rows
    assert found["stage", "B"] == pytest.approx(
        (share, usual, (share - usual) / spread, len(earlier))
    )


def test_the_night_itself_teaches_nothing(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    found = deviations(connection, models, [Night(0, 5_000), *STEADY])
    assert found["volume", ""][1] == median(night.a + night.b for night in STEADY)
    assert found["volume", ""][2] > 6


def test_other_weekdays_refused_nights_and_the_run_of_tonight_teach_nothing(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    others = [
        Night(1, 9_000, days=1),
        Night(7, 9_000, status="refused"),
        Night(8, 9_000, run="tonight"),
        Night(14, 9_000),
    ]
    found = deviations(connection, models, [Night(0, 60, 40, run="tonight"), *STEADY, *others])
    assert found["volume", ""][1:] == pytest.approx((103.5, pytest.approx(-0.34, abs=0.01), 6))


def test_a_weekday_is_compared_once_four_of_its_nights_are_known(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    assert deviations(connection, models, [Night(0, 5), *STEADY[:3]]) == {}


def test_shares_of_few_rows_are_not_compared(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    found = deviations(connection, models, [Night(0, 29), *STEADY])
    assert list(found) == [("volume", "")]


def test_a_stage_that_is_gone_and_one_that_is_new_are_both_compared(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    without_b = [Night(weeks, 100) for weeks in range(1, 7)]
    found = deviations(connection, models, [Night(0, 0, 100), *without_b])
    assert found["stage", "A"][:2] == (0, 1)
    assert found["stage", "B"][:2] == (1, 0)
    assert min(abs(found["stage", label][2]) for label in "AB") > 6


def test_a_few_rows_of_a_rare_stage_are_no_news(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    without_b = [Night(weeks, 55) for weeks in range(1, 5)]
    found = deviations(connection, models, [Night(0, 49, 4), *without_b])
    assert found["stage", "B"][2] < 4


def test_many_labels_that_nobody_knows_are_news_together(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    tonight = Night(0, 0)
    tell(connection, [tonight])
    for number in range(50):
        connection.execute(
            "insert into flywheel.staging.stg_flywheel__load_profiles "
            "values (?, 'stage', 'stage', ?, 1)",
            [f"load of {tonight.date}", f"stranger {number}"],
        )
    found = deviations(connection, models, STEADY)
    assert max(found["stage", f"stranger {number}"][2] for number in range(50)) < 6
    assert found["stage", "(new)"][:2] == (1, 0)
    assert found["stage", "(new)"][2] > 6


def test_a_first_night_that_holds_everything_does_not_outweigh_the_others(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    nights = [Night(weeks, 60, 5 + weeks) for weeks in range(1, 4)]
    found = deviations(connection, models, [Night(0, 50, 15), *nights, Night(4, 12_000)])
    assert found["stage", "B"][2] < 6


# Freshness ---------------------------------------------------------------------------------------


def test_newer_rows_are_compared_by_their_number_and_changed_ones_by_their_share(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    nights = [Night(weeks, 1000) for weeks in range(7)]
    for night in nights:
        for topic, label, count in (
            ("newer", "newer", 12 if night.weeks_ago else 0),
            ("newer", "known", 988),
            ("changes", "changed", 5 if night.weeks_ago else 900),
            ("changes", "same", 995 if night.weeks_ago else 100),
        ):
            connection.execute(
                "insert into flywheel.staging.stg_flywheel__load_profiles "
                "values (?, ?, 'some_column', ?, ?)",
                [f"load of {night.date}", topic, label, count],
            )
    found = deviations(connection, models, nights)
    assert found[("newer", "newer")][:2] == (0, 12)
    assert found[("changes", "changed")][2] > 100
    assert not {("newer", "known"), ("changes", "same"), ("newer", "(new)")} & found.keys()


def reorganised(nights: int, share: int) -> list[Night]:
    """Weeks of 40 % in stage B, then some nights of `share` % of it, the last of them tonight."""
    before = [Night(1 + days // 7, 60, 40, days=days % 7) for days in range(50)]
    after = [Night(0, 100 - share, share, days=days) for days in range(nights)]
    since = after[-1].date
    return [*after, *(night for night in before if night.date < since)]


def accept(connection: duckdb.DuckDBPyConnection, night: date) -> None:
    connection.execute(
        "insert into flywheel.staging.stg_flywheel__accepted "
        "values (?, 'crm', 'deals', 'stage', 'stage')",
        [night],
    )


def test_a_change_that_was_accepted_is_as_usual_on_every_weekday(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    accept(connection, TONIGHT - timedelta(days=2))
    found = deviations(connection, models, reorganised(3, 90))
    assert found["stage", "B"][:3] == pytest.approx((0.9, 0.9, 0))


def test_a_change_that_nobody_accepted_goes_on_to_be_told(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    found = deviations(connection, models, reorganised(3, 90))
    assert found["stage", "B"][:2] == pytest.approx((0.9, 0.4))
    assert found["stage", "B"][2] > 6


def test_what_is_neither_as_accepted_nor_as_usual_is_told(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    accept(connection, TONIGHT - timedelta(days=1))
    tonight, *before = reorganised(3, 95)
    found = deviations(connection, models, [replace(tonight, a=100, b=0), *before])
    assert found["stage", "B"][:2] == pytest.approx((0, 0.4))
    assert found["stage", "B"][2] < -6


def test_a_night_that_goes_back_is_as_usual_though_another_was_accepted(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    accept(connection, TONIGHT - timedelta(days=1))
    tonight, *before = reorganised(3, 90)
    found = deviations(connection, models, [replace(tonight, a=60, b=40), *before])
    assert found["stage", "B"][:2] == pytest.approx((0.4, 0.4))


def test_what_is_accepted_of_one_column_says_nothing_of_the_volume(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    accept(connection, TONIGHT - timedelta(days=1))
    tonight, yesterday, *before = reorganised(3, 90)
    many = [replace(night, a=700, b=6_300) for night in (tonight, yesterday)]
    found = deviations(connection, models, [*many, *before])
    assert found["volume", ""][:2] == pytest.approx((7_000, 100))


def test_a_label_is_news_in_its_first_night_and_not_on_each_weekday_after_it(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    before = [Night(1 + days // 7, 100, days=days % 7) for days in range(50)]
    nights = [Night(0, 70, 30), Night(0, 70, 30, days=1), *before]
    found = deviations(connection, models, nights)
    assert found["stage", "(new)"][0] == 0
    assert found["stage", "B"][2] > 6


def freshness(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str], days_ago: list[int]
) -> tuple[int, int, float, float]:
    """Nights behind, newest gap, usual gap and usual gap of the weekday."""
    tell(connection, [Night(0, 1, days=days) for days in days_ago])
    rows = connection.execute(
        "select nights_behind, newest_gap_days, usual_gap_days, usual_gap_days_of_weekday "
        f"from ({models['source_freshness']})"
    ).fetchall()
    (row,) = rows
    return tuple(row)


def test_a_source_that_comes_daily_is_on_time(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    assert freshness(connection, models, list(range(20))) == (0, 1, 1, 1)


def test_a_gap_is_seen_beside_the_usual_one(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    assert freshness(connection, models, [0, *range(2, 20)]) == (0, 2, 1, 1)


def test_a_source_that_rests_at_weekends_is_not_late_on_mondays(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str]
) -> None:
    """Tonight is a Tuesday: nights come from Monday to Friday, and the newest is yesterday's."""
    weekdays = [days for days in range(1, 40) if (TONIGHT - timedelta(days=days)).weekday() < 5]
    assert freshness(connection, models, weekdays) == (1, 3, 1, 3)


@pytest.mark.parametrize(
    ("days_ago", "quiet"), [([0, 1, 1, 2, 3, 4, 5, 6, 7], 6), ([9, 19, 40], 31), ([9], 0)]
)
def test_a_source_may_be_as_quiet_as_its_newest_days_with_a_change(
    connection: duckdb.DuckDBPyConnection, models: dict[str, str], days_ago: list[int], quiet: int
) -> None:
    tell(connection, [Night(0, 1)])
    for place, days in enumerate(days_ago, start=1):
        second = 1_759_190_400 - 86_400 * days + place
        connection.execute(
            "insert into flywheel.staging.stg_flywheel__load_profiles "
            "values (?, 'newest', 'modified_at', ?, ?)",
            [f"load of {TONIGHT}", str(place), second],
        )
    told = connection.execute(f"select quiet_days from ({models['source_freshness']})").fetchall()
    assert told == [(quiet,)]


@pytest.mark.parametrize(
    ("row", "failed"),
    [
        ("0, 1, 8, 1, 1, 0.1, 6", []),
        ("2, 1, 8, 1, 1, 2.1, 6", []),
        ("3, 1, 8, 1, 1, 3.1, 6", ["sources_keep_coming"]),
        ("8, null, 0, null, null, null, null", ["sources_keep_coming"]),
        ("0, 2, 8, 1, 1, 0.1, 6", ["no_night_was_skipped"]),
        ("0, 2, 3, 1, 1, 0.1, 6", []),
        ("0, 3, 8, 1, 3, 0.1, 6", []),
        ("0, 1, 8, 1, 1, 8.5, 6", ["newest_rows_are_new"]),
        ("0, 1, 8, 1, 1, 8.5, 60", []),
        ("0, 7, 8, 7, 7, 13.0, 6", []),
    ],
)
def test_a_source_is_told_of_when_it_is_late(tmp_path: Path, row: str, failed: list[str]) -> None:
    path = tmp_path / "flywheel.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema ops")
        connection.execute(
            "create table ops.source_freshness as select 'crm' as source_system, "
            f"date '2025-09-30' as newest_date, timestamp '2025-09-30' as newest_row_at, * "
            f"from (values ({row})) as told (nights_behind, newest_gap_days, earlier_gap_count, "
            "usual_gap_days, usual_gap_days_of_weekday, row_age_days, quiet_days)"
        )
    (suite,) = (each for each in read_suites() if each.name == "ops.source_freshness")
    results = run_suites([replace(suite)], path)
    assert [each.check for each in results if not each.success] == failed
