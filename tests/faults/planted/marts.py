"""Faults in marts: a candidate in which a number was changed after it was built.

Belongs here: one line a fault: its name, the statement that plants it, and the check that refuses
the night. Does not belong here: faults in extracts (extracts.py), running them
(faults/test_planted_faults.py).

Marts that are views are changed in the tables behind them. `{anew}` keeps to one opportunity that
the night computed anew: of the others, checks that follow the change look at none
(expectations/README.md).
"""

from __future__ import annotations

from typing import NamedTuple

ANEW = (
    "opportunity_key = (select min(opportunity_key) from ops.recomputed_opportunity "
    "inner join marts.fct_opportunity using (opportunity_key))"
)
_FACTS = "intermediate.int_opportunity_facts"


class Tampering(NamedTuple):
    """A statement on the candidate, and the check of a mart or of `ops` that must refuse it."""

    name: str
    statement: str
    suite: str
    check: str


TAMPERINGS = [
    Tampering("a rate above one",
              "update marts.win_rate set value = 1.2 where value is not null",
              "marts.win_rate", "rates_are_in_their_interval"),
    Tampering("a rate that is no quotient",
              "update marts.funnel_stage_conversion set next_rate = next_rate / 2 "
              "where next_rate > 0",
              "marts.funnel_stage_conversion", "rates_are_quotients"),
    Tampering("a count off by one",
              "update marts.funnel_stage_conversion set reached_count = reached_count + 1 "
              "where dimension = 'all'",
              "marts.funnel_stage_conversion", "exits_are_exhaustive"),
    Tampering("an interval with its ends exchanged",
              "update marts.win_rate set value_low = value_high, value_high = value_low "
              "where value_low < value_high",
              "marts.win_rate", "rates_are_in_their_interval"),
    Tampering("a cent lost from a fact",
              f"update {_FACTS} set amount = coalesce(amount, 0) - 0.01 where {{anew}}",
              "marts.fct_opportunity_version", "newest_version_is_the_fact"),
    Tampering("an opportunity lost",
              f"delete from {_FACTS} where {{anew}}",
              "marts.fct_opportunity_version", "newest_version_is_the_fact"),
    Tampering("a comparison that was not made",
              "delete from ops.reconciliation where comparison like 'canonical money%'",
              "ops.reconciliation", "comparisons_are_all_there"),
    Tampering("a cent lost from a credit",
              "update marts.fct_opportunity_credit set amount = coalesce(amount, 0) - 0.01 "
              "where {anew}",
              "marts.fct_opportunity_credit", "cents_sum_to_the_amount"),
    Tampering("a cent of influence too many",
              "update marts.campaign_influence set amount = amount + 0.01",
              "marts.campaign_influence", "every_model_divides_everything"),
    Tampering("a stay that ends before it begins",
              "update intermediate.int_stage_events "
              "set next_occurred_at = occurred_at - interval 1 day "
              "where next_occurred_at is not null and opportunity_key in "
              "(select opportunity_key from ops.recomputed_opportunity)",
              "marts.fct_stage_visit", "visits_are_contiguous"),
    Tampering("a close in the future",
              f"update {_FACTS} set closed_at = timestamp '2031-01-01' where {{anew}}",
              "marts.fct_opportunity", "nothing_after_as_of"),
    Tampering("a cohort that shrinks with age",
              "update marts.cohort_win_triangle set won_count = 0 where age_months = 6",
              "marts.cohort_win_triangle", "counts_never_fall_with_age"),
    Tampering("shares that do not sum to one",
              "update marts.cohort_cumulative_incidence set open_share = open_share / 2 "
              "where open_share > 0",
              "marts.cohort_cumulative_incidence", "shares_sum_to_one"),
    Tampering("a past that was changed",
              "update marts.pipeline_daily set open_count = open_count + 1",
              "marts.pipeline_daily", "a_past_day_as_in_the_versions"),
    Tampering("a bridge that misses a cent",
              "update marts.cohort_value set won_amount = won_amount + 0.01",
              "marts.cohort_value", "the_bridge_sums_to_the_cent"),
    Tampering("a load whose rows do not add up",
              "update ops.load_audit set rows_accepted = rows_accepted - 1 "
              "where status = 'accepted' and rows_accepted > 0",
              "ops.load_audit", "rows_are_accounted_for"),
]  # fmt: skip
