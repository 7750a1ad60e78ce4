"""Curves, intervals and projections: the SQL as dbt compiles it, against libraries and by hand.

Belongs here: `cohort_cumulative_incidence`, maturity-adjusted win rates, projections of the win
triangle and the intervals of rates, each on a few relations in memory. Does not belong here: which
opportunities stand in which row (test_marts_agree_with_reference.py), a simulated company
(test_planted_truth.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.proportion import proportion_confint

from tests.integration.compiled import Compiler
from tests.reference.curves import Spell, incidence_rows, interval_of
from tests.reference.quantities import Row

AS_OF, AS_OF_AT = date(2025, 6, 30), datetime(2025, 7, 1)
Z = stats.norm.ppf(0.975)
OUTCOMES = np.array(["open", "won", "lost"], dtype=object)
# A coverage outside of this is one in five thousand.
TAIL = 1e-4


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that the models read, empty but for the as-of date."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as flywheel")
        connection.execute("create schema flywheel.intermediate; use flywheel.intermediate")
        connection.execute(
            f"create table int_as_of as select date '{AS_OF}' as as_of_date, "
            f"timestamp '{AS_OF_AT}' as as_of_at"
        )
        connection.execute(
            "create table int_opportunity_facts (pipeline_key text, outcome text, "
            "is_closed boolean, is_won boolean, created_at timestamp, qualified_at timestamp, "
            "closed_at timestamp, observed_from_at timestamp, is_left_truncated boolean, "
            "sales_cycle_days double, owner_key text, owner_at_creation_key text, "
            "lead_source text, segment text, opportunity_type text, account_industry text)"
        )
        connection.execute(
            "create table int_cohort_sums (pipeline_key text, cohort_month date, outcome text, "
            "closing_age integer, dimension text, dimension_value text, member_count bigint, "
            "initial_amount decimal(18, 2), missing_amount_count bigint, won_amount decimal(18, 2))"
        )
        connection.execute(
            "create table int_closing_sums (pipeline_key text, closed_month date, dimension text, "
            "dimension_value text, closed_count bigint, won_count bigint, "
            "no_decision_count bigint, qualified_count bigint, qualified_won_count bigint, "
            "priced_count bigint, priced_amount decimal(18, 2), priced_won_amount decimal(18, 2))"
        )
        connection.execute("create table int_stages (pipeline_key text, stage_key text, "
                           "stage_rank integer)")  # fmt: skip
        connection.execute("create table int_stage_horizons (stage_key text, horizon_days double)")
        yield connection


@pytest.fixture(scope="module")
def incidence(compiler: Compiler) -> str:
    return compiler.model("cohort_cumulative_incidence", {})


def asked(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fill(
    warehouse: duckdb.DuckDBPyConnection,
    age: np.ndarray,
    closed_after: np.ndarray,
    seen_after: np.ndarray,
    outcome: np.ndarray,
    owner: np.ndarray,
) -> None:
    """Opportunities by days: their age today, when they closed and were first seen after that."""
    _ = {
        "age": age,
        "closed": closed_after,
        "seen": seen_after,
        "outcome": outcome,
        "owner": owner,
    }

    def after(days: str) -> str:
        return f"start_at + to_microseconds(cast({days} * 86400000000 as bigint))"

    warehouse.execute(
        f"""
        create or replace table int_opportunity_facts as
        select
            'crm:default' as pipeline_key,
            outcome,
            outcome <> 'open' as is_closed,
            outcome = 'won' as is_won,
            start_at as created_at,
            start_at as qualified_at,
            case when outcome <> 'open' then {after("closed")} end as closed_at,
            {after("seen")} as observed_from_at,
            seen > 0 as is_left_truncated,
            cast(null as double) as sales_cycle_days,
            owner as owner_key,
            owner as owner_at_creation_key,
            'unknown' as lead_source,
            'unknown' as segment,
            'unknown' as opportunity_type,
            'unknown' as account_industry
        from (
            select
                *,
                timestamp '{AS_OF_AT}' - to_microseconds(cast(age * 86400000000 as bigint))
                    as start_at
            from _
        )
        """
    )


def fill_with(warehouse: duckdb.DuckDBPyConnection, spells: Iterable[Spell]) -> None:
    """Spells of whole days: what closed, and what was seen late, did so at the middle of a day."""
    spells = list(spells)
    exits = np.array([spell.exit for spell in spells])
    entries = np.array([spell.entry for spell in spells])
    outcome = np.array([spell.outcome for spell in spells], dtype=object)
    fill(
        warehouse,
        age=np.where(outcome == "open", exits, 1000),
        closed_after=exits - 0.5,
        seen_after=np.where(entries > 0, entries - 0.5, 0),
        outcome=outcome,
        owner=np.full(len(spells), "Ana", dtype=object),
    )


def curve(warehouse: duckdb.DuckDBPyConnection, incidence: str) -> list[Row]:
    return asked(warehouse, f"select * from ({incidence}) where dimension = 'all' order by days")


# --- Aalen–Johansen --------------------------------------------------------------------------


def untied(seed: int, count: int = 80) -> list[Spell]:
    """No two leave on one day, so that lifelines needs not break ties by chance."""
    rng = np.random.default_rng(seed)
    exits = 1 + rng.permutation(4 * count)[:count]
    entries = np.where(rng.random(count) < 0.4, rng.integers(0, exits), 0)
    outcomes = OUTCOMES[rng.choice(3, count, p=[0.3, 0.3, 0.4])]
    return [Spell(*one) for one in zip(entries.tolist(), exits.tolist(), outcomes, strict=True)]


def as_lifelines_has_it(spells: list[Spell]) -> dict[str, np.ndarray]:
    """Seen late means at risk from the day after: half a day apart, every reading is the same."""
    return {
        "durations": np.array([spell.exit for spell in spells], dtype=float),
        "event_observed": np.array([list(OUTCOMES).index(spell.outcome) for spell in spells]),
        "entry": np.array([spell.entry + 0.5 if spell.entry else 0.0 for spell in spells]),
    }


@pytest.mark.parametrize("seed", range(8))
def test_incidences_are_those_of_lifelines(
    warehouse: duckdb.DuckDBPyConnection, incidence: str, seed: int
) -> None:
    spells = [spell for spell in untied(seed) if spell.entry < spell.exit]
    fill_with(warehouse, spells)
    rows = curve(warehouse, incidence)
    # Small risk sets first, as late entries leave them, end a curve before it has begun.
    assert len(rows) > 100
    for column, kind in (("win_incidence", 1), ("loss_incidence", 2)):
        fitter = AalenJohansenFitter(calculate_variance=True)
        fitter.fit(**as_lifelines_has_it(spells), event_of_interest=kind)
        theirs = fitter.cumulative_density_.iloc[:, 0]
        for row in rows:
            assert row[column] == pytest.approx(theirs.loc[: row["days"]].iloc[-1], abs=1e-9)
            if kind == 1:
                variance = fitter.variance_.loc[: row["days"]].iloc[-1]
                low, high = interval_of(row[column], variance)
                assert row["win_incidence_low"] == pytest.approx(low, abs=1e-9)
                assert row["win_incidence_high"] == pytest.approx(high, abs=1e-9)


SPELLS = st.builds(
    lambda entry, length, outcome: Spell(entry, entry + length, outcome),
    entry=st.sampled_from([0, 0, 0, 0, 1, 2, 5, 9]),
    length=st.integers(1, 12),
    outcome=st.sampled_from(["won", "lost", "open"]),
)


@profile(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(SPELLS, min_size=5, max_size=90))
def test_with_ties_a_curve_is_what_the_definition_says(
    warehouse: duckdb.DuckDBPyConnection, incidence: str, spells: list[Spell]
) -> None:
    fill_with(warehouse, spells)
    found, expected = curve(warehouse, incidence), list(incidence_rows(spells))
    assert [row["days"] for row in found] == [row["days"] for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        assert {name: row[name] for name in wanted} == pytest.approx(wanted, abs=1e-9)
        shares = row["win_incidence"] + row["loss_incidence"] + row["open_share"]
        assert shares == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_open_is_kaplan_meier(
    warehouse: duckdb.DuckDBPyConnection, incidence: str, seed: int
) -> None:
    """With ties: closes of either kind are one event, and count before open ones leave."""
    rng = np.random.default_rng(100 + seed)
    spells = [
        Spell(0, int(days), OUTCOMES[kind])
        for days, kind in zip(rng.integers(1, 30, 200), rng.integers(0, 3, 200), strict=True)
    ]
    fill_with(warehouse, spells)
    data = as_lifelines_has_it(spells)
    data["event_observed"] = data["event_observed"] > 0
    theirs = KaplanMeierFitter().fit(**data).survival_function_.iloc[:, 0]
    rows = curve(warehouse, incidence)
    assert len(rows) > 20
    for row in rows:
        assert row["open_share"] == pytest.approx(theirs.loc[: row["days"]].iloc[-1], abs=1e-9)


def test_once_all_who_were_at_risk_have_closed_nothing_is_open_any_more(
    warehouse: duckdb.DuckDBPyConnection, incidence: str
) -> None:
    """Whoever enters later does not bring the share back, and the variance stays a number."""
    spells = [
        *[Spell(0, 2, "won")] * 6, *[Spell(0, 2, "lost")] * 6, *[Spell(2, 5, "won")] * 12,
    ]  # fmt: skip
    fill_with(warehouse, spells)
    rows = curve(warehouse, incidence)
    assert [row["open_share"] for row in rows] == [1, 0, 0, 0, 0]
    assert [row["win_incidence"] for row in rows] == [0, 0.5, 0.5, 0.5, 0.5]
    # Half of twelve: the plain binomial variance.
    low, high = interval_of(0.5, 0.25 / 12)
    assert rows[-1]["win_incidence_low"] == pytest.approx(low, abs=1e-9)
    assert rows[-1]["win_incidence_high"] == pytest.approx(high, abs=1e-9)


def test_who_was_first_seen_on_the_day_of_the_end_was_never_at_risk(
    warehouse: duckdb.DuckDBPyConnection, incidence: str
) -> None:
    seen, unseen = [Spell(0, 3, "open")] * 10, [Spell(3, 3, "won"), Spell(3, 1, "won")]
    fill_with(warehouse, [*seen, *unseen])
    rows = curve(warehouse, incidence)
    assert [(row["at_risk_count"], row["won_count"]) for row in rows] == [(10, 0)] * 3


def test_a_curve_ends_before_fewer_than_ten_are_at_risk(
    warehouse: duckdb.DuckDBPyConnection, incidence: str
) -> None:
    fill_with(warehouse, [Spell(0, 4, "won"), *[Spell(0, 9, "lost")] * 9])
    assert [row["days"] for row in curve(warehouse, incidence)] == [1, 2, 3, 4]
    fill_with(warehouse, [Spell(0, 9, "lost")] * 9)
    assert curve(warehouse, incidence) == []


def test_a_close_within_the_first_day_is_on_day_one(
    warehouse: duckdb.DuckDBPyConnection, incidence: str
) -> None:
    """At the very instant, within the day, after exactly one day, and a second later."""
    closed_after = np.array([0, 0.3, 1, 1 + 1 / 86400, *[5.0] * 8])
    count = len(closed_after)
    fill(
        warehouse,
        age=np.full(count, 100),
        closed_after=closed_after,
        seen_after=np.zeros(count),
        outcome=np.full(count, "won", dtype=object),
        owner=np.full(count, "Ana", dtype=object),
    )
    # The third day has eight at risk.
    assert [row["won_count"] for row in curve(warehouse, incidence)] == [3]


def test_a_curve_is_to_the_credit_of_the_owner_at_creation(
    warehouse: duckdb.DuckDBPyConnection, incidence: str
) -> None:
    fill_with(warehouse, [Spell(0, 4, "won")] * 12)
    warehouse.execute("update int_opportunity_facts set owner_key = 'Bo'")
    rows = asked(warehouse, f"select * from ({incidence}) where dimension = 'owner'")
    assert {row["dimension_value"] for row in rows} == {"Ana"}


# --- intervals of rates ----------------------------------------------------------------------


def test_wilson_is_that_of_statsmodels(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    sql = compiler.statement(
        "select k, n, {{ wilson_low('k', 'n') }}, {{ wilson_high('k', 'n') }} from trials", {}
    )
    trials = {"k": [], "n": []}
    for count in (1, 2, 3, 7, 10, 40, 333, 100_000):
        for successes in sorted({0, 1, count // 7, count // 2, count - 1, count}):
            trials["k"].append(successes)
            trials["n"].append(count)
    with_trials(warehouse, trials)
    rows = warehouse.execute(sql).fetchall()
    assert len(rows) == len(trials["k"])
    for successes, count, *ends in rows:
        assert ends == pytest.approx(
            proportion_confint(successes, count, alpha=0.05, method="wilson"), abs=1e-9
        )


def test_without_trials_there_is_no_interval(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    sql = compiler.statement(
        "select {{ wilson_low('k', 'n') }}, {{ score_high('k', 'n', 'n') }} from trials", {}
    )
    with_trials(warehouse, {"k": [0], "n": [0]})
    assert warehouse.execute(sql).fetchall() == [(None, None)]


def with_trials(warehouse: duckdb.DuckDBPyConnection, columns: dict[str, list]) -> None:
    _ = {name: np.array(values) for name, values in columns.items()}
    warehouse.execute("create or replace table trials as select * from _")


def test_the_score_interval_of_ripe_trials_is_wilson_and_of_others_solves_its_equation(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    sql = compiler.statement(
        "select {{ score_low('w', 's1', 's2') }}, {{ score_high('w', 's1', 's2') }} from trials", {}
    )
    rng = np.random.default_rng(3)
    shares = [np.ones(count) for count in (5, 12, 400)]
    shares += [rng.random(count) for count in (12, 30, 200, 1000)]
    cases = [(int(len(one) * part * one.mean()), one) for one in shares for part in (0, 0.2, 0.9)]
    with_trials(
        warehouse,
        {
            "w": [won for won, _ in cases],
            "s1": [one.sum() for _, one in cases],
            "s2": [(one**2).sum() for _, one in cases],
        },
    )
    for (won, one), (low, high) in zip(cases, warehouse.execute(sql).fetchall(), strict=True):
        if one.min() == 1:
            theirs = proportion_confint(won, len(one), alpha=0.05, method="wilson")
            assert (low, high) == pytest.approx(theirs, abs=1e-9)

        def too_far(p: float, won: int = won, one: np.ndarray = one) -> float:
            return (won - p * one.sum()) ** 2 - Z**2 * (p * one * (1 - p * one)).sum()

        value = won / one.sum()
        if won:
            assert low == pytest.approx(brentq(too_far, 1e-12, value, xtol=1e-14), abs=1e-9)
        if too_far(1) > 0:
            start = max(value, 1e-9)
            assert high == pytest.approx(brentq(too_far, start, 1, xtol=1e-14), abs=1e-9)
        else:
            assert high == 1


# --- how often intervals hold the truth ------------------------------------------------------


def covers_as_it_should(hits: np.ndarray) -> bool:
    """A 95 % interval misses one in twenty: no more, and no fewer, than chance allows."""
    low, high = stats.binom.ppf([TAIL, 1 - TAIL], len(hits), 0.95)
    return bool(low <= hits.sum() <= high)


def test_wilson_holds_the_truth_as_often_as_it_says(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    rng = np.random.default_rng(20)
    truth, count = rng.uniform(0.05, 0.6, 4000), rng.integers(20, 400, 4000)
    with_trials(warehouse, {"k": rng.binomial(count, truth), "n": count, "truth": truth})
    sql = compiler.statement(
        "select truth between {{ wilson_low('k', 'n') }} and {{ wilson_high('k', 'n') }},"
        " abs(k / n - truth) <= 1.96 * sqrt(k / n * (1 - k / n) / n) * 0.9 from trials",
        {},
    )
    hits, narrower_hits = np.array(warehouse.execute(sql).fetchall()).T
    assert covers_as_it_should(hits)
    # A tenth narrower, and plain instead of by score, it would not.
    assert not covers_as_it_should(narrower_hits)


COMPANIES, SIZE = 1500, 250
DAYS = (40, 70, 110)


class Planted:
    """Small companies whose opportunities win and lose by known rates a day.

    A lasting chance decides who is ever won; then wins and losses take their time. Some are young,
    some were first seen late, and some of those had closed by then.
    """

    win_chance, win_median, loss_median, spread = 0.3, 70.0, 60.0, 0.7

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        count = COMPANIES * SIZE
        is_won = rng.random(count) < self.win_chance
        medians = np.where(is_won, self.win_median, self.loss_median)
        self.closed_after = medians * np.exp(self.spread * rng.standard_normal(count))
        self.age = rng.uniform(1, 300, count)
        is_late = rng.random(count) < 0.3
        self.seen_after = np.where(is_late, rng.uniform(0, 1, count) * self.age / 3, 0)
        is_open = self.closed_after >= self.age
        self.outcome = np.where(is_open, "open", np.where(is_won, "won", "lost")).astype(object)
        self.owner = np.array([f"c{number}" for number in range(COMPANIES)], dtype=object).repeat(
            SIZE
        )

    def truth(self, day: int) -> float:
        log_ratio = np.log(day / self.win_median) / self.spread
        return float(self.win_chance * stats.norm.cdf(log_ratio))


@pytest.fixture(scope="module")
def coverage(
    warehouse: duckdb.DuckDBPyConnection, incidence: str
) -> dict[int, list[tuple[float, float, float, float]]]:
    """Of each day: estimate, both ends, and what counting alone would say, a company each."""
    planted = Planted(seed=8)
    fill(
        warehouse,
        age=planted.age,
        closed_after=planted.closed_after,
        seen_after=planted.seen_after,
        outcome=planted.outcome,
        owner=planted.owner,
    )
    warehouse.execute(f"create or replace table curves as {incidence}")
    return {
        day: warehouse.execute(
            f"""
            select win_incidence, win_incidence_low, win_incidence_high, won_share
            from curves
            inner join (
                select
                    owner_key,
                    avg(case
                        when is_won and closed_at <= created_at + to_days({day}) then 1 else 0
                    end) as won_share
                from int_opportunity_facts
                group by owner_key
            ) as counted
                on curves.dimension = 'owner' and curves.dimension_value = counted.owner_key
            where days = {day}
            """
        ).fetchall()
        for day in DAYS
    }


@pytest.mark.parametrize("day", DAYS)
def test_incidence_intervals_hold_the_truth_as_often_as_they_say(
    coverage: dict[int, list[Any]], day: int
) -> None:
    truth = Planted(seed=0).truth(day)
    found = np.array(coverage[day])
    # Curves may have ended before; few may, or those that went on would be a choice.
    assert len(found) > 0.99 * COMPANIES
    assert covers_as_it_should((found[:, 1] <= truth) & (truth <= found[:, 2]))


def test_taking_open_ones_for_lost_would_be_noticed(coverage: dict[int, list[Any]]) -> None:
    """Guards the test above: shares counted without a risk set, with intervals as wide."""
    day = DAYS[-1]
    truth = Planted(seed=0).truth(day)
    found = np.array(coverage[day])
    shift = found[:, 3] - found[:, 0]
    hits = (found[:, 1] + shift <= truth) & (truth <= found[:, 2] + shift)
    assert not covers_as_it_should(hits)


# --- projections -----------------------------------------------------------------------------

# Opportunities of each month of creation, and wins by age as far as all have reached it.
TRIANGLE = {
    date(2025, 2, 1): (20, [0, 2, 4, 5, 5]),
    date(2025, 3, 1): (20, [0, 2, 3, 5]),
    date(2025, 4, 1): (10, [0, 1, 2]),
    date(2025, 5, 1): (10, [0, 0]),
    date(2025, 6, 1): (20, [0]),
}
# Of all wins, one over the factors still to come: 5/5 at the end, 7/10 and 5/9 before, then 0/5.
COME = [0, Fraction(7, 18), Fraction(7, 10), 1, 1]
# Twelve wins over what of the cohorts has come.
ULTIMATE = 12 / (20 * COME[4] + 20 * COME[3] + 10 * COME[2] + 10 * COME[1] + 20 * COME[0])


def cells(
    compiler: Compiler,
    warehouse: duckdb.DuckDBPyConnection,
    triangle: dict[date, tuple[int, list[int]]],
    since: dict[date, list[tuple[str, int, int]]] | None = None,
) -> dict[tuple[date, int], Row]:
    """The marts' rows; `since` says how many of a month closed how, at which age, unobserved."""
    warehouse.execute("delete from int_cohort_sums")
    for month, (count, wins) in triangle.items():
        won = [("won", age, now - before) for age, (before, now) in enumerate(pairwise([0, *wins]))]
        closed = [*won, *(since or {}).get(month, [])]
        still_open = count - sum(members for _, _, members in closed)
        for outcome, age, members in [*closed, ("open", None, still_open)]:
            warehouse.execute(
                "insert into int_cohort_sums values "
                "('crm:default', ?, ?, ?, 'all', 'all', ?, 0, 0, 0)",
                [month, outcome, age, members],
            )
    sql = compiler.model("cohort_win_triangle", {})
    return {(row["cohort_month"], row["age_months"]): row for row in asked(warehouse, sql)}


def test_projections_follow_the_ladder_and_go_on_where_it_has_no_rung(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    found = cells(compiler, warehouse, TRIANGLE)
    for (month, age), row in found.items():
        _, wins = TRIANGLE[month]
        assert row["is_observed"] == (age < len(wins))
        assert row["won_count"] == (wins[age] if age < len(wins) else None)
    expected = {
        (3, 4): (5 / 20, "chain_ladder"),
        (4, 3): (2 * 10 / 7 / 10, "chain_ladder"),
        (4, 4): (2 * 10 / 7 / 10, "chain_ladder"),
        **{
            (5, age): (ULTIMATE * (COME[age] - COME[1]), "bornhuetter_ferguson")
            for age in (2, 3, 4)
        },
        **{
            (6, age): (ULTIMATE * (COME[age] - COME[0]), "bornhuetter_ferguson")
            for age in (1, 2, 3, 4)
        },
    }
    projected = {
        (month.month, age): (row["projected_win_rate"], row["projection_method"])
        for (month, age), row in found.items()
        if not row["is_observed"]
    }
    assert projected.keys() == expected.keys()
    for cell, (rate, method) in expected.items():
        # Shares that have come are kept to nine places.
        assert projected[cell] == (pytest.approx(float(rate), abs=1e-9), method)


def test_a_single_old_opportunity_is_no_pattern_for_all(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """Won as the only one of its age, it would say that nothing has come before."""
    legacy = {date(2024, 10, 1): (1, [0] * 8 + [1])}
    found = cells(compiler, warehouse, TRIANGLE | legacy)
    june = {age: found[date(2025, 6, 1), age]["projected_win_rate"] for age in (1, 4, 5, 8)}
    # It has come, so it counts in full among what cohorts became.
    ultimate = 13 / (12 / ULTIMATE + 1)
    assert june[1] == pytest.approx(float(ultimate * COME[1]), abs=1e-9)
    assert june[4] == pytest.approx(ultimate, abs=1e-9)
    assert (june[5], june[8]) == (None, None)


def test_no_projection_contradicts_what_has_become_of_the_cohort(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """Left to other cohorts April would win 2.9 of 10, May 1.4 of 10 and June 4.7 of 20."""
    april, may, june = (date(2025, number, 1) for number in (4, 5, 6))
    found = cells(
        compiler,
        warehouse,
        TRIANGLE,
        since={
            april: [("lost", 1, 8)],
            may: [("lost", 0, 9)],
            june: [("won", 1, 15), ("lost", 1, 3)],
        },
    )
    projected = {cell: row["projected_win_rate"] for cell, row in found.items()}
    # Nobody of April is open any more, one of May is; of June 15 have won and 2 are open.
    assert (projected[april, 3], projected[april, 4]) == (2 / 10, 2 / 10)
    assert projected[may, 2] == pytest.approx(float(ULTIMATE * (COME[2] - COME[1])), abs=1e-9)
    assert projected[may, 4] == 1 / 10
    assert (projected[june, 1], projected[june, 4]) == (15 / 20, 15 / 20)
    assert {found[june, age]["projection_method"] for age in (1, 4)} == {"bornhuetter_ferguson"}


def test_a_pipeline_that_won_nothing_has_no_projection(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    nothing = {month: (count, [0] * len(wins)) for month, (count, wins) in TRIANGLE.items()}
    for row in cells(compiler, warehouse, nothing).values():
        assert (row["projected_win_rate"], row["projection_method"]) == (None, None)


def adjusted(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection, ages: list[int], won: int
) -> Row:
    """The adjusted rate of opportunities of some ages, where wins come evenly in 100 days."""
    count = len(ages)
    fill(
        warehouse,
        age=np.array(ages),
        closed_after=np.full(count, 0.5),
        seen_after=np.zeros(count),
        outcome=np.array(["won"] * won + ["open"] * (count - won), dtype=object),
        owner=np.full(count, "Ana", dtype=object),
    )
    warehouse.execute(
        """
        create or replace table int_win_development as
        select
            *,
            100 as last_days,
            cast(days / 100 as decimal(7, 6)) as win_share,
            cast(days * days / 10000 as decimal(7, 6)) as squared_win_share,
            cast(ceil(days / 25) as integer) as age_band,
            cast(least(days, 25) / 100 as decimal(7, 6)) as band_1_share,
            cast(least(greatest(days - 25, 0), 25) / 100 as decimal(7, 6)) as band_2_share,
            cast(least(greatest(days - 50, 0), 25) / 100 as decimal(7, 6)) as band_3_share,
            cast(least(greatest(days - 75, 0), 25) / 100 as decimal(7, 6)) as band_4_share
        from (select 'crm:default' as pipeline_key, unnest(generate_series(1, 100)) as days)
        """
    )
    sql = compiler.model("win_rate", {})
    (row,) = asked(
        warehouse,
        f"select * from ({sql}) where metric_id = 'win_rate_cohort_adjusted' "
        "and grain = 'all' and dimension = 'all'",
    )
    return row


def test_young_opportunities_count_by_what_has_come_of_them(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    row = adjusted(compiler, warehouse, ages=[200] * 10 + [50] * 10, won=7)
    assert (row["numerator"], row["denominator"], row["member_count"]) == (7, 15, 20)
    assert row["value"] == pytest.approx(7 / 15, abs=1e-12)
    assert row["value_low"] < 7 / 15 < row["value_high"]


def test_where_all_are_of_age_the_adjusted_rate_is_the_plain_one(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection
) -> None:
    row = adjusted(compiler, warehouse, ages=[100] * 8 + [500] * 12, won=7)
    theirs = proportion_confint(7, 20, alpha=0.05, method="wilson")
    assert row["value"] == 7 / 20
    assert (row["value_low"], row["value_high"]) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize(("ages", "value"), [([50] * 9, None), ([50] * 10, 0.6)])
def test_less_than_five_of_age_say_nothing(
    compiler: Compiler, warehouse: duckdb.DuckDBPyConnection, ages: list[int], value: float | None
) -> None:
    row = adjusted(compiler, warehouse, ages, won=3)
    assert row["value"] == value
    assert (row["value_low"] is None) == (row["value_high"] is None) == (value is None)
