"""How long reps are followed, and when half of them had won, as statsmodels has Kaplan and Meier.

Belongs here: the model's SQL as dbt compiles it, on reps at the edges of months and on reps drawn
at random. Does not belong here: which wins and reps count, which the reference says
(tests/reference/ramp.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import duckdb
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from tests.integration.compiled import Compiler
from tests.reference.quantities import quarter_of

FIRST_DAY, AS_OF = date(1990, 1, 1), date(2025, 3, 14)
EMPTY_TABLES = """
attach ':memory:' as flywheel;
create schema flywheel.marts;
create schema flywheel.intermediate;
create table flywheel.intermediate.int_as_of as select date '2025-03-14' as as_of_date;
create table flywheel.marts.dim_rep (
    rep_key text, rep_id text, source_system text, hired_date date, is_active boolean,
    is_current boolean, valid_to timestamp
);
create table flywheel.marts.fct_opportunity (
    opportunity_key text, source_system text, owner_key text, owner_at_creation_key text,
    owner_at_close_key text, created_at timestamp, closed_at timestamp, is_won boolean
);
create table flywheel.marts.fct_opportunity_credit (
    opportunity_key text, rep_key text, credit_kind text, share double, amount decimal(18, 2)
);
"""


@dataclass(frozen=True)
class Rep:
    """One rep who stays for some days; the first win would come after some days."""

    key: str
    hired_date: date
    stay_days: int
    win_days: int
    source: str = "drawn"

    @property
    def left_date(self) -> date | None:
        """The first day without the rep, if it has come."""
        end = self.hired_date + timedelta(days=self.stay_days)
        return end if end <= AS_OF else None

    @property
    def last_date(self) -> date:
        return self.left_date - timedelta(days=1) if self.left_date else AS_OF

    @property
    def win_date(self) -> date | None:
        day = self.hired_date + timedelta(days=self.win_days)
        return day if day <= self.last_date else None

    @property
    def wait(self) -> float:
        return max(((self.win_date or self.last_date) - self.hired_date).days, 0.5)


# Day of hire, first day without the rep if there is one, months of tenure that were completed.
EDGES: list[tuple[date, date | None, list[int]]] = [
    (date(2025, 2, 15), None, [0]),
    (date(2025, 2, 16), None, []),
    (date(2024, 12, 31), None, [0, 1]),
    (date(2024, 11, 1), date(2025, 1, 1), [0, 1]),
    (date(2024, 11, 1), date(2024, 12, 31), [0]),
]


def reps_at_edges() -> Iterator[Rep]:
    """Each in a source of its own."""
    for number, (hired_date, left_date, _) in enumerate(EDGES):
        stay_days = (left_date - hired_date).days if left_date else 90_000
        yield Rep(f"edge:{number}", hired_date, stay_days, 90_000, f"edge {number}")


def reps_at_random() -> Iterator[Rep]:
    """Many small quarters, in which days often coincide."""
    random = Random(11)
    for number in range(700):
        yield Rep(
            key=f"drawn:{number}",
            hired_date=FIRST_DAY + timedelta(days=random.randrange((AS_OF - FIRST_DAY).days)),
            stay_days=random.choice([60, 120, 120, 400, 90_000]),
            win_days=random.choice([0, 30, 60, 60, 90, 119, 120, 200, 90_000]),
        )


def fill(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(EMPTY_TABLES)
    tables = "flywheel.marts"
    for rep in (*reps_at_edges(), *reps_at_random()):
        versions = [(True, rep.left_date is None, rep.left_date)]
        if rep.left_date:
            versions.append((False, True, None))
        warehouse.executemany(
            f"insert into {tables}.dim_rep values (?, ?, ?, ?, ?, ?, ?)",
            [[rep.key, rep.key, rep.source, rep.hired_date, *version] for version in versions],
        )
        warehouse.execute(
            f"insert into {tables}.fct_opportunity values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(rep.key, rep.source, rep.key, rep.key, rep.key if rep.win_date else None),
                *(FIRST_DAY, rep.win_date, rep.win_date is not None),
            ],
        )
        if rep.win_date:
            warehouse.execute(
                f"insert into {tables}.fct_opportunity_credit values (?, ?, 'closed', 1, 100)",
                [rep.key, rep.key],
            )


@pytest.fixture(scope="module")
def ramp(compiler: Compiler) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with the table `ramp`."""
    with duckdb.connect() as warehouse:
        fill(warehouse)
        warehouse.execute(f"create table ramp as {compiler.model('rep_ramp', {})}")
        yield warehouse


@pytest.mark.parametrize("number", range(len(EDGES)))
def test_a_month_counts_once_its_last_day_was_served(
    number: int, ramp: duckdb.DuckDBPyConnection
) -> None:
    query = "select tenure_months from ramp where source_system = ? order by tenure_months"
    served = ramp.execute(query, [f"edge {number}"]).fetchall()
    assert [months for (months,) in served] == EDGES[number][2]


def test_the_median_is_where_the_curve_has_fallen_to_a_half(
    ramp: duckdb.DuckDBPyConnection,
) -> None:
    medians: dict[date, float | None] = dict(
        ramp.execute(
            "select hire_quarter, any_value(median_days_to_first_win) from ramp "
            "where source_system = 'drawn' group by hire_quarter"
        ).fetchall()
    )
    cohorts: dict[date, list[Rep]] = defaultdict(list)
    for rep in reps_at_random():
        cohorts[quarter_of(rep.hired_date)].append(rep)
    for quarter, median in medians.items():
        its = cohorts[quarter]
        curve = SurvfuncRight([rep.wait for rep in its], [rep.win_date is not None for rep in its])
        fallen = [
            float(day)
            for day, share in zip(curve.surv_times, curve.surv_prob, strict=True)
            if share <= 0.5 + 1e-9
        ]
        assert median == min(fallen, default=None), quarter
    assert len(medians) > 100
    assert None in medians.values()
