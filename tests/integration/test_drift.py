"""Whether wins come when they should: the SQL as dbt compiles it, against SciPy and by simulation.

Belongs here: `drift_of` on sums in memory, and how often it cries wolf. Does not belong here: which
opportunities stand in which sum (test_marts_agree_with_reference.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from scipy import stats

from orchestration.settings import Settings
from tests.integration.compiled import Compiler
from tests.reference.drift import BANDS, NOTHING, compared

Cell = tuple[Sequence[int], Sequence[int]]
# A share of alarms outside of this is one in ten thousand.
TAIL = 1e-4


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = Compiler(Settings(home=tmp_path_factory.mktemp("drift") / "home"))
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
