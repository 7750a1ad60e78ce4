"""Whether wins come when they should: the SQL as dbt compiles it, against SciPy and by simulation.

Belongs here: `drift_of` on sums in memory, how often it cries wolf, and the sums of opportunities
that are many enough to tell. Does not belong here: every case of the rules
(test_marts_agree_with_reference.py).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fractions import Fraction

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from scipy import stats

from tests.integration.compiled import Compiler
from tests.reference.drift import BANDS, NOTHING, Bands, compared

Cell = tuple[Sequence[int], Sequence[int]]
# A share of alarms outside of this is one in ten thousand.
TAIL = 1e-4
AS_OF = date(2025, 6, 30)


@pytest.fixture(scope="module")
def sql(compiler: Compiler) -> str:
    return compiler.statement("{{ drift_of('sums', ['series']) }}", {})


def told(sql: str, cells: Iterable[Cell]) -> list[dict]:
    """What is told of each cell: wins by band, and millionths of shares that have come."""
    cells = list(cells)
    with duckdb.connect() as connection:
        measures = [
            f"band_{band}_{measure}"
            for band in range(1, BANDS + 1)
            for measure in ("won_count hugeint", "share_sum decimal(38, 6)")
        ]
        connection.execute(f"create table sums (series integer, {', '.join(measures)})")
        connection.executemany(
            f"insert into sums values (?{', ?, ?::decimal(38, 6) / 1000000' * BANDS})",
            [
                [number, *(one for pair in zip(won, come, strict=True) for one in pair)]
                for number, (won, come) in enumerate(cells)
            ],
        )
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        found = {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in cursor.fetchall()}
    return [found.get(number, NOTHING) for number in range(len(cells))]


a_cell = st.tuples(
    st.lists(st.integers(0, 60), min_size=BANDS, max_size=BANDS),
    st.lists(st.one_of(st.just(0), st.integers(1, 40_000_000)), min_size=BANDS, max_size=BANDS),
)


@profile(max_examples=30, deadline=None, derandomize=True, database=None)
@given(st.lists(a_cell, min_size=1, max_size=40))
def test_drift_is_what_scipy_says(sql: str, cells: list[Cell]) -> None:
    for (won, come), found in zip(cells, told(sql, cells), strict=True):
        expected = compared(won, [Fraction(share, 1_000_000) for share in come])
        assert found["drift_degrees"] == expected["drift_degrees"]
        assert found["is_drifting"] == expected["is_drifting"]
        if expected["drift_chi_square"] is not None:
            assert found["drift_chi_square"] == pytest.approx(
                expected["drift_chi_square"], rel=1e-9, abs=1e-9
            )


def test_the_limit_is_one_in_a_hundred(sql: str) -> None:
    """Two bands of which each expects half: wins on either side of the limit."""
    limit = stats.chi2.isf(0.01, 1)
    off = [int(np.sqrt(limit * 400) / 2), int(np.sqrt(limit * 400) / 2) + 1]
    cells = [([200 + by, 200 - by, 0, 0], [1_000_000, 1_000_000, 0, 0]) for by in off]
    assert [row["is_drifting"] for row in told(sql, cells)] == [False, True]


def simulated(first: float, last: float, companies: int, seed: int) -> list[Cell]:
    """Opportunities of all ages up to 300 days; wins come evenly from the first day to the last.

    What has come is reckoned by 200 days, which is how the pipeline as a whole wins.
    """
    draw = np.random.default_rng(seed)
    cells = []
    for _ in range(companies):
        age = draw.uniform(0, 300, 400)
        win_day = np.where(draw.random(400) < 0.4, draw.uniform(first, last, 400), np.inf)
        band = np.minimum(win_day[win_day <= age] // 50, BANDS - 1).astype(int)
        come = [np.clip(age - 50 * each, 0, 50).sum() / 200 for each in range(BANDS)]
        cells.append(
            (
                np.bincount(band, minlength=BANDS).tolist(),
                [round(1_000_000 * share) for share in come],
            )
        )
    return cells


def test_without_drift_one_in_a_hundred_is_flagged(sql: str) -> None:
    flagged = [row["is_drifting"] for row in told(sql, simulated(0, 200, 2000, seed=7))]
    low, high = stats.binom.interval(1 - TAIL, len(flagged), 0.01)
    assert low <= sum(flagged) <= high


@pytest.mark.parametrize(("first", "last"), [(0, 120), (80, 280)], ids=["sooner", "later"])
def test_where_wins_come_at_other_ages_it_is_told(sql: str, first: float, last: float) -> None:
    flagged = [row["is_drifting"] for row in told(sql, simulated(first, last, 200, seed=8))]
    assert sum(flagged) > 0.9 * len(flagged)


def test_opportunities_count_in_the_bands_of_their_ages(compiler: Compiler) -> None:
    """Of two sources, of which one wins later, by source and month; what has come is given."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as flywheel")
        connection.execute("create schema flywheel.intermediate; use flywheel.intermediate")
        connection.execute(
            f"create table int_as_of as select date '{AS_OF}' as as_of_date, "
            "timestamp '2025-07-01' as as_of_at"
        )
        connection.execute(
            """
            create table int_opportunity_facts as
            select
                'crm:default' as pipeline_key, 'Ana' as owner_at_creation_key, lead_source,
                'all' as segment, 'all' as opportunity_type, 'all' as account_industry,
                outcome, outcome = 'won' as is_won, outcome <> 'open' as is_closed, created_at,
                case when outcome <> 'open' then closed_at end as closed_at,
                created_at as observed_from_at, false as is_left_truncated
            from (
                select
                    *,
                    case
                        when closed_at >= timestamp '2025-07-01' then 'open'
                        when hash(number, 1) % 5 < 2 then 'won'
                        else 'lost'
                    end as outcome
                from (
                    select
                        *,
                        created_at + to_hours(cast(
                            5 + hash(number, 2) % if(lead_source = 'Web', 2000, 3500) as integer
                        )) as closed_at
                    from (
                        select
                            number,
                            if(hash(number, 3) % 3 = 0, 'Fair', 'Web') as lead_source,
                            timestamp '2025-07-01'
                            - to_hours(cast(1 + hash(number, 4) % 5000 as integer)) as created_at
                        from range(3000) as numbers(number)
                    )
                )
            )
            """
        )
        development = compiler.model("int_win_development", {})
        connection.execute(f"create table int_win_development as {development}")
        found = {
            (row[1], row[2], row[4]): row[5:]
            for row in connection.execute(
                "select pipeline_key, grain, period_start, dimension, dimension_value, "
                "drift_chi_square, drift_degrees, is_drifting "
                f"from ({compiler.model('int_win_drift', {})}) "
                "where dimension in ('all', 'lead_source')"
            ).fetchall()
        }
        shares = connection.execute("select win_share from int_win_development order by days")
        bands = Bands([share for (share,) in shares.fetchall()])
        facts = connection.execute(
            "select lead_source, created_at, closed_at, outcome from int_opportunity_facts"
        ).fetchall()
    expected = {}
    for cell, (won, come) in cells_of(facts, bands).items():
        told_of = compared(won, come)
        if told_of != NOTHING:
            expected[cell] = (
                pytest.approx(told_of["drift_chi_square"], rel=1e-9, abs=1e-9),
                told_of["drift_degrees"],
                told_of["is_drifting"],
            )
    assert found == expected
    assert found["all", None, "Fair"][2]
    assert len(found) > 20


def cells_of(
    facts: Iterable[tuple[str, datetime, datetime | None, str]], bands: Bands
) -> dict[tuple, tuple[list[int], list[Fraction]]]:
    """Wins and what has come by band, of each period and source."""
    last_day = len(bands.shares)
    cells: dict[tuple, tuple[list[int], list[Fraction]]] = defaultdict(
        lambda: ([0] * BANDS, [Fraction(0)] * BANDS)
    )
    parts = [[Fraction(part) for part in bands.parts(day)] for day in range(1, last_day + 1)]
    for source, created_at, closed_at, outcome in facts:

        def day_at(instant: datetime, start: datetime = created_at) -> int:
            hours = (instant - start).total_seconds() / 3600
            return min(max(math.ceil(hours / 24), 1), last_day)

        month = created_at.date().replace(day=1)
        quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
        for period in (("all", None), ("month", month), ("quarter", quarter)):
            for value in ("all", source):
                won, come = cells[*period, value]
                for band, part in enumerate(parts[day_at(datetime(2025, 7, 1)) - 1]):
                    come[band] += part
                if outcome == "won" and closed_at is not None:
                    won[bands.of_day(day_at(closed_at))] += 1
    return cells
