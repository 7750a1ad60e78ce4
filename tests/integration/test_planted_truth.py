"""The marts recover what the sample company was planted with.

Belongs here: the marts of a simulated company beside its `_truth.json`, exactly where the truth
holds counts and within sampling error where it holds probabilities. Does not belong here: whether
the extracts themselves follow the truth (tests/unit/test_simulation.py).
"""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy import stats

from orchestration.bronze.night import heal, load_night
from orchestration.settings import Settings
from orchestration.simulation import Simulated, simulate
from tests.integration.marts import build_marts
from tests.reference.facts import fct_opportunity
from tests.reference.landed import Crm, Opportunity, Record, Stage
from tests.reference.quantities import wilson
from tests.reference.warehouse import Warehouse

FIRST_NIGHT = date(2025, 9, 28)
# A fixed seed makes each check pass or fail for good; four standard errors leave room for one.
SIGMAS = 4.0
# A sum of squared deviations outside of this is one in five thousand: too bad, or too good.
TAIL = 1e-4
# Reps hired last have settled next to nothing in the late stages.
LEAST_VARIANCE = 5.0
MARTS = (
    "fct_opportunity", "fct_stage_visit", "fct_stage_reached", "funnel_stage_conversion",
    "funnel_stage_exit", "cohort_win_triangle", "funnel_lead_to_win", "campaign_influence",
)  # fmt: skip
RANKS = (1, 2, 3, 4, 5)
WON_RANK = 6


@dataclass(frozen=True)
class Cell:
    """What a part of the funnel came to, and what it should have come to."""

    settled_count: int
    advanced_count: int
    expected_count: float
    variance: float

    @property
    def sigmas_off(self) -> float:
        return (self.advanced_count - self.expected_count) / math.sqrt(self.variance)


@dataclass
class Company:
    """A simulated company, its marts and its truth."""

    settings: Settings
    simulated: Simulated

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.candidate), read_only=True) as connection:
            return connection.execute(query).fetchall()

    @cached_property
    def truth(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.simulated.truth.read_text(encoding="utf-8"))
        return document

    def extract(self, name: str) -> Iterator[dict[str, str]]:
        for folder in self.simulated.folders:
            with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)

    @cached_property
    def deleted(self) -> Warehouse:
        """The deleted opportunities, as if they were not: the truth counts some of what they did.

        The marts leave them out, rightly; the reference makes up the difference.
        """
        newest = {row["Id"]: row for row in self.extract("Opportunity")}
        deleted = {key: row for key, row in newest.items() if row["IsDeleted"] == "true"}
        stages = [row for row in self.extract("OpportunityStage") if row["IsClosed"] == "false"]
        ends = {"Closed Won": "won", "Closed Lost": "lost"}
        return Warehouse(
            Crm.of_one_night(
                source="salesforce",
                as_of=self.simulated.nights[-1],
                stages=(
                    *(
                        Stage("default", row["ApiName"], "open", int(row["SortOrder"]))
                        for row in {row["ApiName"]: row for row in stages}.values()
                    ),
                    *(Stage("default", name, kind) for name, kind in ends.items()),
                ),
                rows=[
                    *(
                        Opportunity(key, "default", row["StageName"], instant(row["CreatedDate"]))
                        for key, row in deleted.items()
                    ),
                    *(
                        Record(
                            record_id=row["Id"],
                            opportunity_id=row["OpportunityId"],
                            pipeline="default",
                            stage=row["StageName"],
                            at=instant(row["CreatedDate"]),
                        )
                        for row in self.extract("OpportunityHistory")
                        if row["OpportunityId"] in deleted
                    ),
                ],
                identifies_records=True,
            )
        )

    def probability(self, rank: int, owner_key: str, lead_source: str) -> float:
        """The planted chance to go beyond a stage."""
        conversion = self.truth["stages"][rank - 1]["conversion"]
        shift = self.rep_shift[owner_key] + self.truth["lead_sources"][lead_source]
        return 1 / (1 + math.exp(-math.log(conversion / (1 - conversion)) - shift))

    @cached_property
    def rep_shift(self) -> dict[str, float]:
        return {f"salesforce:{rep['user_id']}": rep["logit_shift"] for rep in self.truth["reps"]}

    @cached_property
    def chances(self) -> dict[tuple[int, date, str], tuple[list[float], int]]:
        """Of each stage × month × source: planted chances, and how many were created beyond it."""
        found: dict[tuple[int, date, str], tuple[list[float], int]] = {}
        for rank, month, owner, lead_source, is_beyond, count in self.ask(_REACHED_IN_MONTH):
            drawn, certain = found.get((rank, month, lead_source), ([], 0))
            if is_beyond:
                certain += count
            else:
                drawn = drawn + [self.probability(rank, owner, lead_source)] * count
            found[rank, month, lead_source] = drawn, certain
        return found

    @cached_property
    def cells(self) -> dict[tuple[str, str, int], Cell]:
        """Each slice × rank: conversions of the funnel among cases that are settled.

        Opportunities that were created beyond a stage count as conversions by definition, but
        were never drawn there: they are taken out.
        """
        settled: dict[tuple[str, str, int], list[float]] = defaultdict(list)
        created_beyond: dict[tuple[str, str, int], int] = defaultdict(int)
        for rank, owner, lead_source, is_beyond, count in self.ask(_SETTLED):
            slices = [("all", "all"), ("owner", owner), ("lead_source", lead_source)]
            for dimension, value in slices:
                if is_beyond:
                    created_beyond[dimension, value, rank] += count
                else:
                    probability = self.probability(rank, owner, lead_source)
                    settled[dimension, value, rank] += [probability] * count
        cells = {}
        for dimension, value, rank, reached_next_count, lost_here_count in self.ask(_FUNNEL):
            key = dimension, value, rank
            probabilities = settled[key]
            assert reached_next_count + lost_here_count == len(probabilities) + created_beyond[key]
            cells[key] = Cell(
                settled_count=len(probabilities),
                advanced_count=reached_next_count - created_beyond[key],
                expected_count=sum(probabilities),
                variance=sum(one * (1 - one) for one in probabilities),
            )
        return cells

    def stays(self, rank: int, entered_from: date = date.min) -> list[tuple[float, bool]]:
        """Days of each stay and whether it is censored; a stage passed at once has no duration."""
        return self.ask(
            f"""
            select days_in_stage, is_censored from marts.fct_stage_visit
            where stage_rank = {rank} and days_in_stage > 0 and entered_at >= '{entered_from}'
            """
        )

    def median_sigmas_off(self, rank: int, stays: list[tuple[float, bool]]) -> float:
        """How far the median lies from the planted one, on the log scale of the lognormal."""
        planted = self.truth["stages"][rank - 1]
        median_days, greenwood_sum = kaplan_meier_median(stays)
        # Survival at the median has the error 0.5 √Greenwood; there the density of the logarithm
        # is 1 / (sigma √2π).
        error = 0.5 * math.sqrt(greenwood_sum) * planted["sigma"] * math.sqrt(2 * math.pi)
        return math.log(median_days / planted["median_days"]) / error

    def cells_of(self, dimension: str) -> dict[tuple[str, str, int], Cell]:
        """The cells of a dimension that hold enough cases for a normal deviation."""
        return {
            key: cell
            for key, cell in self.cells.items()
            if key[0] == dimension and cell.variance >= LEAST_VARIANCE
        }


# Opportunities × stages reached that were left forward or by a loss, by who and whence.
_SETTLED = f"""
    select
        reached.stage_rank,
        opportunities.owner_key,
        opportunities.lead_source,
        coalesce(first_visits.stage_rank, {WON_RANK}) > reached.stage_rank as is_created_beyond,
        count(*)
    from marts.fct_stage_reached as reached
    inner join marts.fct_opportunity as opportunities using (opportunity_key)
    left join marts.fct_stage_visit as first_visits
        on
            reached.opportunity_key = first_visits.opportunity_key
            and first_visits.visit_number = 1
    where
        opportunities.outcome <> 'open'
        or opportunities.furthest_stage_rank > reached.stage_rank
    group by all
"""
_REACHED_IN_MONTH = f"""
    select
        reached.stage_rank,
        cast(date_trunc('month', reached.reached_at) as date) as reached_month,
        opportunities.owner_key,
        opportunities.lead_source,
        coalesce(first_visits.stage_rank, {WON_RANK}) > reached.stage_rank as is_created_beyond,
        count(*)
    from marts.fct_stage_reached as reached
    inner join marts.fct_opportunity as opportunities using (opportunity_key)
    left join marts.fct_stage_visit as first_visits
        on
            reached.opportunity_key = first_visits.opportunity_key
            and first_visits.visit_number = 1
    group by all
"""
# Only what is settled has a share of conversions that was planted.
_INTERVALS = """
    select stage_rank, cohort_month, dimension_value, reached_count, next_rate_low, next_rate_high
    from marts.funnel_stage_conversion
    where dimension = 'lead_source' and is_mature and open_here_count = 0
"""
_FUNNEL = """
    select
        dimension, dimension_value, stage_rank, sum(reached_next_count), sum(lost_here_count)
    from marts.funnel_stage_conversion
    where dimension in ('all', 'owner', 'lead_source')
    group by all
"""


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    simulated = simulate(
        settings.landing, opportunities=20_000, nights=2, seed=11, first_night=FIRST_NIGHT
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(settings.root))
        heal(settings)
        for night in simulated.nights:
            loads = load_night(settings, night, "run", "salesforce")
        assert not [load for load in loads if load.error or load.rows_quarantined]
        build_marts(settings, MARTS)
        yield Company(settings, simulated)


def probabilities_of_counts(chances: list[float]) -> list[float]:
    """The probability of each number of successes among trials of these chances."""
    ways = np.ones(1)
    for chance in chances:
        ways = np.convolve(ways, [1 - chance, chance])
    return list(ways)


def sum_of_squares(cells: dict[Any, Cell]) -> float:
    return sum(cell.sigmas_off**2 for cell in cells.values())


# --- counts, exactly -------------------------------------------------------------------------


@pytest.mark.parametrize("rank", RANKS)
def test_the_funnel_counts_what_the_company_came_to(company: Company, rank: int) -> None:
    realised = dict(company.truth["realised"]["stages"][rank - 1])
    stage_name = realised.pop("name")
    sums = ", ".join(f"sum({column})" for column in realised)
    found = company.ask(
        f"""
        select {sums} from marts.funnel_stage_conversion
        where dimension = 'all' and stage_rank = {rank} and stage_name = '{stage_name}'
        """
    )
    assert found == [tuple(realised.values())]


def test_every_opportunity_that_was_not_deleted_is_there(company: Company) -> None:
    realised = company.truth["realised"]
    kept = realised["opportunity_count"] - realised["deleted_count"]
    assert company.ask("select count(*) from marts.fct_opportunity") == [(kept,)]


@pytest.mark.parametrize(
    ("realised_name", "condition"),
    [
        ("won_count", "is_won"),
        ("lost_count", "outcome = 'lost'"),
        ("open_count", "outcome = 'open'"),
        ("late_created_count", "is_late_created"),
        ("created_won_count", "is_created_won"),
    ],
)
def test_as_many_opportunities_are_so_as_there_were(
    company: Company, realised_name: str, condition: str
) -> None:
    ((found,),) = company.ask(f"select count(*) from marts.fct_opportunity where {condition}")
    column, _, value = condition.partition(" = ")
    wanted = value.strip("'") or True
    deleted = [row[column] == wanted for row in fct_opportunity(company.deleted)]
    assert found + sum(deleted) == company.truth["realised"][realised_name]


@pytest.mark.parametrize("name", ["regression_count", "reopen_count"])
def test_detours_are_as_many_as_there_were(company: Company, name: str) -> None:
    ((found,),) = company.ask(f"select sum({name}) from marts.fct_opportunity")
    deleted = sum(row[name] for row in fct_opportunity(company.deleted))
    assert found + deleted == company.truth["realised"][name]


def test_skips_are_as_many_as_there_were(company: Company) -> None:
    """A skip leaves a stage for one beyond the next; it may be visited by a later detour."""
    ((found,),) = company.ask(
        f"""
        select count(*) from (
            select
                stage_rank,
                exit_kind,
                case exit_kind when 'won' then {WON_RANK} else
                    lead(stage_rank) over (partition by opportunity_key order by visit_number)
                end as next_rank
            from marts.fct_stage_visit
        ) where exit_kind in ('advanced', 'won') and next_rank > stage_rank + 1
        """
    )
    deleted = 0
    for life in company.deleted.lives:
        for stay in life.stays():
            if stay.exit_kind in ("advanced", "won"):
                deleted += (stay.after.rank or WON_RANK) > stay.entry.rank + 1
    assert found + deleted == company.truth["realised"]["skip_count"]


# --- probabilities, within sampling error ----------------------------------------------------


@pytest.mark.parametrize("rank", RANKS)
def test_the_funnel_recovers_the_planted_conversion(company: Company, rank: int) -> None:
    assert abs(company.cells["all", "all", rank].sigmas_off) < SIGMAS


def test_intervals_cover_the_planted_conversion_as_often_as_they_should(company: Company) -> None:
    """Month by month and source by source: how often a Wilson interval covers depends on the cell,
    and follows exactly from the chances that were planted in it.
    """
    covered, expected, variance = 0, 0.0, 0.0
    for rank, month, lead_source, count, low, high in company.ask(_INTERVALS):
        chances, certain = company.chances[rank, month, lead_source]
        assert len(chances) + certain == count
        planted = (sum(chances) + certain) / count
        ways = probabilities_of_counts(chances)
        ends = [wilson(certain + successes, count) for successes in range(len(ways))]
        coverage = sum(
            way for way, (lower, upper) in zip(ways, ends, strict=True) if lower <= planted <= upper
        )
        covered += low <= planted <= high
        expected += coverage
        variance += coverage * (1 - coverage)
    assert expected > 250
    assert abs(covered - expected) < SIGMAS * math.sqrt(variance)


@pytest.mark.parametrize(("dimension", "least_count"), [("owner", 150), ("lead_source", 25)])
def test_every_slice_recovers_its_planted_conversion(
    company: Company, dimension: str, least_count: int
) -> None:
    cells = company.cells_of(dimension)
    assert len(cells) >= least_count
    assert {key: cell for key, cell in cells.items() if abs(cell.sigmas_off) >= SIGMAS} == {}


@pytest.mark.parametrize("dimension", ["owner", "lead_source"])
def test_slices_together_scatter_as_chance_scatters(company: Company, dimension: str) -> None:
    cells = company.cells_of(dimension)
    low, high = stats.chi2.ppf([TAIL, 1 - TAIL], len(cells))
    assert low < sum_of_squares(cells) < high


@pytest.mark.parametrize("dimension", ["owner", "lead_source"])
def test_slices_without_a_shift_of_their_own_would_not_scatter_so(
    company: Company, dimension: str
) -> None:
    """Guards the test above: every slice is expected to convert like all together."""
    levelled = {}
    for key, cell in company.cells_of(dimension).items():
        whole = company.cells["all", "all", key[2]]
        share = cell.settled_count / whole.settled_count
        expected_count = whole.expected_count * share
        levelled[key] = replace(
            cell, expected_count=expected_count, variance=whole.variance * share
        )
    assert sum_of_squares(levelled) > stats.chi2.ppf(1 - TAIL, len(levelled))


@pytest.mark.parametrize("rank", RANKS)
def test_stays_last_as_long_as_planted(company: Company, rank: int) -> None:
    assert abs(company.median_sigmas_off(rank, company.stays(rank))) < SIGMAS


@pytest.mark.parametrize("rank", RANKS)
def test_stays_of_the_last_month_last_as_long_as_planted(company: Company, rank: int) -> None:
    """Many of them are open still: their exits alone would make a stage look fast."""
    recent = company.stays(rank, entered_from=company.simulated.nights[-1] - timedelta(days=30))
    assert abs(company.median_sigmas_off(rank, recent)) < SIGMAS


@pytest.mark.parametrize("rank", RANKS)
def test_taking_open_stays_for_ended_ones_would_be_noticed(company: Company, rank: int) -> None:
    """Guards the test above: it depends on `is_censored`."""
    recent = company.stays(rank, entered_from=company.simulated.nights[-1] - timedelta(days=30))
    as_if_ended = [(days, False) for days, _ in recent]
    assert company.median_sigmas_off(rank, as_if_ended) < -SIGMAS


@pytest.mark.parametrize("rank", RANKS)
def test_a_stage_lasts_as_long_as_planted_by_its_mart(company: Company, rank: int) -> None:
    """In the mart a stage that was passed at once lasted no time, which moves the median."""
    planted = company.truth["stages"][rank - 1]
    ((at_once,),) = company.ask(
        "select count_if(days_in_stage = 0) / count(*) from marts.fct_stage_visit "
        f"where stage_rank = {rank}"
    )
    moved = stats.norm.ppf((0.5 - at_once) / (1 - at_once)) * planted["sigma"]
    ((low, median, high),) = company.ask(
        "select median_days_low, median_days_in_stage, median_days_high "
        "from marts.funnel_stage_exit "
        f"where stage_rank = {rank} and dimension = 'all' and exit_month is null"
    )
    error = math.log(high / low) / (2 * stats.norm.ppf(0.975))
    assert abs(math.log(median / planted["median_days"]) - moved) < SIGMAS * error


def kaplan_meier_median(stays: list[tuple[float, bool]]) -> tuple[float, float]:
    """The first duration by which half of the stays have ended, and Greenwood's sum up to it."""
    survival, at_risk, greenwood_sum = 1.0, len(stays), 0.0
    # At equal durations, ends come before censorings.
    for days, is_censored in sorted(stays):
        if not is_censored:
            survival *= 1 - 1 / at_risk
            greenwood_sum += 1 / (at_risk * (at_risk - 1))
            if survival < 0.5:
                return days, greenwood_sum
        at_risk -= 1
    raise AssertionError("more than half of the stays outlast the observation")


def test_cohorts_are_as_large_as_season_weekday_and_growth_make_them(company: Company) -> None:
    truth = company.truth
    start = FIRST_NIGHT - timedelta(days=730)
    weights: dict[date, float] = defaultdict(float)
    for number in range((company.simulated.nights[-1] - start).days + 1):
        day = start + timedelta(days=number)
        weights[day.replace(day=1)] += (
            truth["month_weights"][day.month - 1]
            * truth["weekday_weights"][day.weekday()]
            * truth["yearly_growth"] ** (number / 365.25)
        )
    cohorts = dict(
        company.ask(
            """
            select cohort_month, cohort_count from marts.cohort_win_triangle
            where dimension = 'all' and age_months = 0
            """
        )
    )
    assert cohorts.keys() == weights.keys()
    scale = sum(cohorts.values()) / sum(weights.values())
    statistic = sum((cohorts[m] - w * scale) ** 2 / (w * scale) for m, w in weights.items())
    assert statistic < stats.chi2.ppf(1 - TAIL, len(weights) - 1)


# --- leads -----------------------------------------------------------------------------------


def test_every_lead_is_in_the_funnel(company: Company) -> None:
    leads = {row["Id"]: row for row in company.extract("Lead")}
    converted = sum(row["IsConverted"] == "true" for row in leads.values())
    ((found,),) = company.ask(
        "select sum(lead_count) from marts.funnel_lead_to_win where dimension = 'all'"
    )
    assert found == len(leads)
    assert company.ask("select count(*) from marts.fct_lead where is_converted") == [(converted,)]


def lead_steps(company: Company, is_fast: bool) -> tuple[int, ...]:
    """Leads that had a quarter to end, and how many of them took each step."""
    a_quarter_ago = company.simulated.nights[-1] - timedelta(days=90)
    (counts,) = company.ask(
        f"""
        select count(*), count_if(is_mql), count_if(is_sql), count_if(is_converted)
        from marts.fct_lead
        where created_at < '{a_quarter_ago}'
            and coalesce(hours_to_first_touch <= 1, false) = {is_fast}
        """
    )
    return counts


def standard_errors_off(taken: int, of: int, planted: float) -> float:
    return abs(taken - of * planted) / math.sqrt(of * planted * (1 - planted))


@pytest.mark.parametrize("is_fast", [True, False])
def test_leads_take_their_steps_as_often_as_planted(company: Company, is_fast: bool) -> None:
    mql, sql, opportunity = company.truth["lead_steps"]
    if is_fast:
        logit = math.log(sql / (1 - sql)) + company.truth["fast_lead_logit_shift"]
        sql = 1 / (1 + math.exp(-logit))
    counts = lead_steps(company, is_fast)
    for planted, of, taken in zip((mql, sql, opportunity), counts, counts[1:], strict=False):
        assert standard_errors_off(taken, of, planted) < SIGMAS


def test_a_fast_call_that_had_no_effect_would_be_noticed(company: Company) -> None:
    """Guards the test above: it depends on the first touch."""
    _, mqls, sqls, _ = lead_steps(company, is_fast=True)
    assert standard_errors_off(sqls, mqls, company.truth["lead_steps"][1]) > SIGMAS
