"""The formulas of the funnel marts as dbt compiles them, on small relations in memory.

Belongs here: Kaplan–Meier against lifelines, draws and bottlenecks against the reference, on inputs
that whole companies seldom show. Does not belong here: which stays and quarters go in
(test_marts_agree_with_reference.py).
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, assume, given, reject
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.integration.comparing import is_same
from tests.integration.compiled import Compiler
from tests.reference.bottlenecks import Funnel, Quarter, Stage, drawn_share, normal_of, rows_of
from tests.reference.quantities import Row, add_months
from tests.reference.survival import Curve, Watched

AS_OF = date(2025, 3, 31)
HORIZON_DAYS = 60.0


def examples(count: int):
    return profile(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as flywheel")
        connection.execute("create schema flywheel.intermediate; create schema flywheel.marts")
        yield connection


def rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    cursor = database.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# --- Kaplan–Meier ----------------------------------------------------------------------------

CURVE = "{{ kaplan_meier('lives', ['flock']) }} order by flock, duration"
MEDIANS = (
    "with curves as ({{ kaplan_meier('lives', ['flock']) }}) "
    "select flock, {{ kaplan_meier_median() }} as median, {{ kaplan_meier_median_low() }} as low, "
    "{{ kaplan_meier_median_high() }} as high from curves group by flock"
)


@st.composite
def watched(draw: st.DrawFn) -> Watched:
    """Few times, so that many are the same, and that at which one ends another is first seen."""
    ended = draw(st.integers(0, 12))
    entered = draw(st.none() | st.integers(0, ended - 1)) if ended else None
    return Watched(entered, ended, draw(st.booleans()))


FLOCKS = st.lists(st.lists(watched(), min_size=1, max_size=40), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def curve_sql(compiler: Compiler) -> str:
    return compiler.statement(CURVE, {})


@pytest.fixture(scope="module")
def medians_sql(compiler: Compiler) -> str:
    return compiler.statement(MEDIANS, {})


def release(database: duckdb.DuckDBPyConnection, flocks: list[list[Watched]]) -> None:
    """Every life in the table; those that are alike in one row."""
    database.execute(
        "create or replace table lives (flock int, entered int, ended int, is_exit boolean, "
        "stay_count int)"
    )
    for number, flock in enumerate(flocks):
        for life in set(flock):
            values = [number, life.entered, life.ended, life.is_exit, flock.count(life)]
            database.execute("insert into lives values (?, ?, ?, ?, ?)", values)


def by_lifelines(flock: list[Watched]):
    """Whoever was watched from before the beginning enters at -1, before all times.

    It refuses data in which nobody is at risk while others are yet to come.
    """
    from lifelines import KaplanMeierFitter
    from lifelines.exceptions import StatError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return KaplanMeierFitter().fit(
                [life.ended for life in flock],
                [life.is_exit for life in flock],
                entry=[-1 if life.entered is None else life.entered for life in flock],
            )
        except StatError:
            reject()


def is_pinned(flock: list[Watched]) -> bool:
    """Whether the curve is at 0 while others are yet to come: lifelines mends such data."""
    return any(step.survival == 0 for step in Curve(flock).steps[:-1])


@examples(60)
@given(flocks=FLOCKS)
def test_a_curve_is_that_of_lifelines(
    database: duckdb.DuckDBPyConnection,
    curve_sql: str,
    medians_sql: str,
    flocks: list[list[Watched]],
) -> None:
    assume(not any(is_pinned(flock) for flock in flocks))
    release(database, flocks)
    curves = defaultdict(list)
    for row in rows(database, curve_sql):
        curves[row["flock"]].append(row)
    medians = {row["flock"]: row for row in rows(database, medians_sql)}
    for number, flock in enumerate(flocks):
        fitted = by_lifelines(flock)
        events = fitted.event_table
        times = [time for time in events.index if events.observed[time]]
        assert [row["duration"] for row in curves[number]] == times
        for row in curves[number]:
            survival = fitted.survival_function_at_times(row["duration"]).iloc[0]
            assert row["survival"] == pytest.approx(survival, abs=1e-9)
        if times:
            # Its own median takes a half that is a hair too large for more than a half.
            halved = fitted.survival_function_["KM_estimate"] <= 0.5 + 1e-9
            assert medians[number]["median"] == min(halved.index[halved], default=None)


@examples(50)
@given(flock=st.lists(watched(), min_size=2, max_size=40))
def test_the_interval_of_a_median_is_that_of_lifelines(
    database: duckdb.DuckDBPyConnection, medians_sql: str, flock: list[Watched]
) -> None:
    from lifelines.utils import median_survival_times

    assume(not is_pinned(flock) and any(life.is_exit for life in flock))
    release(database, [flock])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = median_survival_times(by_lifelines(flock).confidence_interval_)
    ends = [None if math.isinf(end) else end for end in found.iloc[0]]
    (row,) = rows(database, medians_sql)
    assert [row["low"], row["high"]] == ends


@examples(100)
@given(flock=st.lists(watched(), min_size=1, max_size=40))
def test_a_curve_is_that_of_the_textbook(
    database: duckdb.DuckDBPyConnection,
    curve_sql: str,
    medians_sql: str,
    flock: list[Watched],
) -> None:
    """Also where small numbers at risk pin it to 0 early."""
    release(database, [flock])
    curve = Curve(flock)
    found = rows(database, curve_sql)
    assert [(row["duration"], row["at_risk_count"], row["exit_count"]) for row in found] == [
        (step.time, step.at_risk, step.exits) for step in curve.steps
    ]
    for row, step in zip(found, curve.steps, strict=True):
        assert row["survival"] == pytest.approx(float(step.survival), abs=1e-9)
        if step.survival:
            assert row["log_variance"] == pytest.approx(float(step.log_variance), abs=1e-9)
    for row in rows(database, medians_sql):
        assert [row["median"], row["low"], row["high"]] == [
            curve.median, curve.median_bound(-1), curve.median_bound(+1),
        ]  # fmt: skip


# --- how long a stay lasts in a month --------------------------------------------------------

STAYS = """
create table flywheel.intermediate.int_stage_events as
select
    number as opportunity_key,
    1 as visit_number,
    'drawn:sales' as pipeline_key,
    'drawn:sales:1' as stage_key,
    1 as stage_rank,
    'open' as stage_kind,
    'Ana' as owner_key,
    1 as attempt_number,
    entered_at as occurred_at,
    case when ended_at < today then ended_at end as next_occurred_at,
    case when ended_at < today then 'open' end as next_stage_kind,
    'drawn:sales' as next_pipeline_key,
    2 as next_stage_rank,
    false as is_deleted
from drawn;

create table flywheel.intermediate.int_opportunity_facts as
select
    number as opportunity_key,
    'Web' as lead_source,
    'Small' as segment,
    'New' as opportunity_type,
    'Energy' as account_industry,
    seen_at > entered_at as is_left_truncated,
    seen_at as observed_from_at,
    false as is_late_created,
    false as is_created_won
from drawn;

create table flywheel.intermediate.int_as_of as
select date '2025-03-31' as as_of_date, timestamp '2025-04-01' as as_of_at;

create table flywheel.intermediate.int_stages as
select
    'drawn:sales' as pipeline_key,
    'drawn:sales:1' as stage_key,
    'One' as stage_name,
    1 as stage_rank
"""

WATCHED_STAYS = """
with stays as ({{ watched_stays(
    'flywheel.marts.fct_stage_visit', 'flywheel.intermediate.int_opportunity_facts',
    'flywheel.intermediate.int_as_of'
) }})
"""
MADE_OF_STAYS = {
    "marts.fct_stage_visit": "{{ visits_of("
    "'flywheel.intermediate.int_stage_events', 'flywheel.intermediate.int_as_of') }}",
    "intermediate.int_exit_sums": WATCHED_STAYS + "{{ exit_sums_of('stays') }}",
    "intermediate.int_stay_sums": WATCHED_STAYS
    + """{{ stay_sums_of('stays', "exit_kind <> 'open'") }}""",
}


def test_the_median_of_a_month_is_that_of_lifelines_over_what_was_watched_in_it(
    compiler: Compiler, database: duckdb.DuckDBPyConnection
) -> None:
    """Half a year of stays, some seen late, some open, in days of the calendar."""
    from lifelines import KaplanMeierFitter
    from lifelines.utils import median_survival_times

    random, today = Random(11), datetime(2025, 4, 1)
    stays = []
    for number in range(900):
        entered = datetime(2024, 10, 1) + timedelta(minutes=random.randrange(180 * 24 * 60))
        ended = entered + timedelta(days=random.lognormvariate(2.7, 1))
        seen = entered + (timedelta(days=random.random() * 20) if number % 4 == 0 else timedelta())
        stays.append((number, entered, ended, seen, today))
    database.execute(
        "create table drawn (number int, entered_at timestamp, ended_at timestamp, "
        "seen_at timestamp, today timestamp)"
    )
    database.executemany("insert into drawn values (?, ?, ?, ?, ?)", stays)
    database.execute(STAYS)
    for table, content in MADE_OF_STAYS.items():
        database.execute(f"create table flywheel.{table} as {compiler.statement(content, {})}")
    found = {
        row["exit_month"]: row
        for row in rows(database, compiler.model("funnel_stage_exit", {}))
        if row["dimension"] == "all"
    }

    for month in [date(2024, 10, 1), date(2024, 12, 1), date(2025, 3, 1)]:
        last = add_months(month, 1) - timedelta(days=1)
        durations, ends, entries = [], [], []
        for _, entered_at, ended_at, seen_at, _ in stays:
            entered, is_open = entered_at.date(), ended_at >= today
            ended = AS_OF if is_open else ended_at.date()
            # Who was first seen after the end was never watched.
            if seen_at >= min(ended_at, today) or seen_at.date() > last or ended < month:
                continue
            durations.append((min(ended, last) - entered).days)
            ends.append(not is_open and ended <= last)
            entries.append((max(seen_at.date(), month) - entered).days - 1)
        fitted = KaplanMeierFitter().fit(durations, ends, entry=entries)
        halved = fitted.survival_function_["KM_estimate"] <= 0.5 + 1e-9
        low, high = median_survival_times(fitted.confidence_interval_).iloc[0]
        row = found[month]
        assert row["median_days_in_stage"] == min(halved.index[halved])
        assert (row["median_days_low"], row["median_days_high"]) == (low, high)
        assert row["median_days_at_least"] is None
    assert len({found[month]["median_days_in_stage"] for month in found}) > 2


# --- how long a lead waits for a first touch -------------------------------------------------

WAITS = """
create table flywheel.intermediate.int_as_of as
select date '2025-03-31' as as_of_date, timestamp '2025-04-01' as as_of_at;

create table flywheel.intermediate.int_lead_episodes as
select *, false as is_mql, false as is_sql, ended_at is null as is_last
from drawn
where lead_key in (select lead_key from drawn where episode_number = 2);

create table flywheel.intermediate.int_first_touches as
select * from drawn where first_touch_at is not null;

create table flywheel.marts.fct_lead as
select
    lead_key,
    started_at as created_at,
    epoch(first_touch_at - started_at) / 3600 as hours_to_first_touch,
    case when ended_at is null then 1 else 2 end as episode_count,
    'Ana' as owner_key,
    'Web' as lead_source,
    'Fair' as campaign_key,
    false as is_mql,
    false as is_sql,
    'open' as outcome,
    null::varchar as opportunity_key,
    null::varchar as opportunity_outcome,
    false as is_won,
    null::timestamp as won_at,
    null::double as days_to_win
from drawn
where episode_number = 1
"""


def test_the_median_wait_for_a_first_touch_is_that_of_lifelines(
    compiler: Compiler, database: duckdb.DuckDBPyConnection
) -> None:
    """Who comes in again before anybody called is watched no longer than until then."""
    from lifelines import KaplanMeierFitter

    random, today = Random(12), datetime(2025, 4, 1)
    drawn, waits = [], []
    for number in range(300):
        starts = [datetime(2025, 2, 1) + timedelta(minutes=random.randrange(8 * 24 * 60))]
        if number % 3:
            starts.append(starts[0] + timedelta(hours=random.randint(1, 30)))
        for episode, start in enumerate(starts, start=1):
            end = starts[1] if len(starts) > episode else None
            call = start + timedelta(hours=random.lognormvariate(3, 1))
            is_called = call < (end or today)
            drawn.append((str(number), episode, start, end, call if is_called else None))
            until = call if is_called else end or today
            waits.append(((until - start) / timedelta(hours=1), is_called))
    database.execute(
        "create table drawn (lead_key varchar, episode_number int, started_at timestamp, "
        "ended_at timestamp, first_touch_at timestamp)"
    )
    database.executemany("insert into drawn values (?, ?, ?, ?, ?)", drawn)
    database.execute(WAITS)

    found = [
        (row["lead_count"], row["median_hours_to_first_touch"])
        for row in rows(database, compiler.model("funnel_lead_to_win", {}))
        if row["dimension"] == "all"
    ]
    fitted = KaplanMeierFitter().fit(*zip(*waits, strict=True))
    assert found == [(500, pytest.approx(fitted.median_survival_time_))]


# --- draws -----------------------------------------------------------------------------------


def test_draws_follow_from_their_names(
    compiler: Compiler, database: duckdb.DuckDBPyConnection
) -> None:
    sql = compiler.statement(
        "select {{ normal_of('name') }} as normal, "
        "{{ drawn_share('through', '20', normal_of('name')) }} as share from names",
        {},
    )
    database.execute(
        "create table names as select 'stage ' || n as name, n % 21 as through "
        "from range(2000) as numbers (n)"
    )
    found = rows(database, sql)
    for number, row in enumerate(found):
        normal = normal_of(f"stage {number}")
        assert row["normal"] == pytest.approx(normal, abs=1e-9)
        assert row["share"] == pytest.approx(drawn_share(number % 21, 20, normal), abs=1e-9)


def test_draws_are_spread_as_shares_are() -> None:
    """Against the binomial that they stand for, within four standard errors of 4,000 draws."""
    from scipy import stats

    normals = [normal_of(f"draw {number}") for number in range(4000)]
    assert stats.kstest(normals, "norm").pvalue > 1e-4
    for successes, trials in ((2, 40), (20, 40), (300, 400)):
        share = successes / trials
        drawn = [drawn_share(successes, trials, normal) for normal in normals]
        error = math.sqrt(share * (1 - share) / trials)
        # The middle is drawn in by less than the half of one of the trials.
        assert sum(drawn) / 4000 == pytest.approx(share, abs=0.5 / trials + 4 * error / 63)
        assert stats.tstd(drawn) == pytest.approx(error, rel=0.15)


# --- bottlenecks -----------------------------------------------------------------------------


@st.composite
def quarter_of_stage(draw: st.DrawFn, start: date) -> Quarter:
    count = draw(st.sampled_from([1, 9, 10, 30, 200]))
    won_count = draw(st.integers(0, count))
    return Quarter(
        start=start,
        count=count,
        next_count=draw(st.integers(won_count, count)),
        won_count=won_count,
        won_amount=draw(st.decimals(0, 10_000, places=2)) if won_count else Decimal("0.00"),
    )


@st.composite
def funnels(draw: st.DrawFn) -> Funnel:
    """Up to four stages, each with up to fifteen mature quarters and some gaps."""
    starts = [add_months(date(2024, 10, 1), -3 * back) for back in range(15)]
    stages = []
    for rank in range(1, draw(st.integers(1, 4)) + 1):
        of_stage = starts[: draw(st.sampled_from([15, 15, 6, 2, 0]))]
        has_days = draw(st.sampled_from([True, True, True, False]))
        stages.append(
            Stage(
                key=f"drawn:sales:{rank}",
                name=f"Stage {rank}",
                quarters=tuple(
                    draw(quarter_of_stage(start)) for start in of_stage if draw(st.integers(0, 5))
                ),
                deal_days=draw(st.integers(1, 400)) / 2 if has_days else None,
                deal_days_error=draw(st.integers(1, 80)) / 2 if has_days else None,
            )
        )
    return Funnel("drawn:sales", tuple(stages), AS_OF)


def land(database: duckdb.DuckDBPyConnection, funnel: Funnel) -> None:
    """What the model reads, each quarter in its middle month, and what it must leave out."""
    end = datetime.combine(AS_OF + timedelta(days=1), datetime.min.time())
    database.execute("use flywheel.intermediate")
    database.execute(
        "create or replace table int_as_of as select ? as as_of_date, ? as as_of_at", [AS_OF, end]
    )
    database.execute(
        "create or replace table int_stages (pipeline_key varchar, stage_key varchar, "
        "stage_name varchar, stage_rank int, stage_kind varchar); "
        "create or replace table int_stage_horizons (stage_key varchar, horizon_days double); "
        "create or replace table int_funnel_sums (stage_key varchar, cohort_month date, "
        "dimension varchar, reached_count int, reached_next_count int, won_count int, "
        "final_won_amount decimal(18, 2)); "
        "create or replace table flywheel.marts.funnel_stage_exit (stage_key varchar, "
        "dimension varchar, exit_month date, deal_days double, deal_days_error double)"
    )
    for rank, stage in enumerate(funnel.stages, start=1):
        database.execute(
            "insert into int_stages values ('drawn:sales', ?, ?, ?, 'open')",
            [stage.key, stage.name, rank],
        )
        database.execute("insert into int_stage_horizons values (?, ?)", [stage.key, HORIZON_DAYS])
        # The quarter that ends with the as-of date is too young.
        database.execute(
            "insert into int_funnel_sums values (?, ?, 'all', 50, 1, 1, 50)",
            [stage.key, date(2025, 1, 1)],
        )
        for quarter in stage.quarters:
            database.execute(
                "insert into int_funnel_sums values (?, ?, 'all', ?, ?, ?, ?), "
                "(?, ?, 'owner', 1000, 1000, 1000, 1000)",
                [
                    stage.key, add_months(quarter.start, 1), quarter.count, quarter.next_count,
                    quarter.won_count, quarter.won_amount, stage.key, quarter.start,
                ],
            )  # fmt: skip
        if stage.deal_days is not None:
            database.execute(
                "insert into flywheel.marts.funnel_stage_exit values (?, 'all', null, ?, ?), "
                "(?, 'all', date '2025-01-01', 1000, 1000)",
                [stage.key, stage.deal_days, stage.deal_days_error, stage.key],
            )


def test_bottlenecks_are_those_of_the_definition(
    compiler: Compiler, database: duckdb.DuckDBPyConnection
) -> None:
    sql = compiler.model("funnel_bottleneck", {})
    shown: set[str] = set()

    @examples(40)
    @given(funnels())
    def of_any_funnel(funnel: Funnel) -> None:
        land(database, funnel)
        expected = {row["stage_key"]: row for row in rows_of(funnel)}
        found = {row["stage_key"]: row for row in rows(database, sql)}
        assert found.keys() == expected.keys()
        for key, row in expected.items():
            differing = {
                name: (value, found[key][name])
                for name, value in row.items()
                if not is_same(value, found[key][name])
            }
            assert not differing, key
            if row["gain_amount"]:
                shown.add("gain")
            if 0 < (row["first_gain_probability"] or 0) < 1:
                shown.add("uncertain gain")
            if 0 < (row["first_days_probability"] or 0) < 1:
                shown.add("uncertain days")

    of_any_funnel()
    assert shown == {"gain", "uncertain gain", "uncertain days"}
