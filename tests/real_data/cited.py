"""The figures of the Maven export that reasons in `expectations/` cite, measured.

Belongs here: finding the citations, and for each check a query for what it compares with its bound.
Does not belong here: the bounds themselves, and loading the export (test_maven_crm.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.gate.suites import read_suites

# `Maven has 0.16 and 0.00`, `Maven, which …, has 0.82`, `Maven and the sample company have 0.00`.
_CITED = re.compile(r"Maven[^.;]*? ha(?:s|ve) (\d+(?:\.\d+)?)(?: and (\d+(?:\.\d+)?))?")
_BOUNDS = re.compile(r" and [^()]+ / \([^()]+\) not between [\d.]+ and [\d.]+$")
_OPPORTUNITIES = "from marts.fct_opportunity"


def _without_bounds(check: str) -> str:
    (query,) = [
        expectation.query or ""
        for suite in read_suites()
        for expectation in suite.expectations
        if expectation.check == check
    ]
    return _BOUNDS.sub("", query).format(batch="marts.fct_opportunity")


# One row of as many figures as are cited, by check.
MEASURED = {
    "marts.dim_account: industries_are_known": (
        "select count(*) filter (industry <> 'unknown') / count(*) from marts.dim_account"
    ),
    "marts.dim_rep: users_are_known": "select count(is_active) / count(*) from marts.dim_rep",
    "marts.fct_opportunity: few_are_past_due": (
        f"select count(*) filter (is_past_due) / count(*) {_OPPORTUNITIES} where outcome = 'open'"
    ),
    "marts.fct_opportunity: few_histories_are_synthesised": (
        f"select count(*) filter (is_history_synthesised) / count(*) {_OPPORTUNITIES}"
    ),
    "marts.fct_opportunity: few_are_backdated": (
        f"select count(*) filter (closedate_gap_days > 7) / count(*) {_OPPORTUNITIES} "
        "where is_closed"
    ),
    # Its business time zone is UTC.
    "marts.fct_opportunity: few_close_before_creation": (
        "select count(*) filter (closed_at < created_at or close_date < created_at::date) "
        f"/ count(*) {_OPPORTUNITIES} where is_closed"
    ),
    "marts.fct_opportunity: few_have_no_instant": (
        "select count(*) filter (created_at is null or (is_closed and closed_at is null)) "
        f"/ count(*) {_OPPORTUNITIES}"
    ),
    "marts.fct_opportunity: few_wins_have_no_amount": (
        f"select count(*) filter (amount_local is null) / count(*) {_OPPORTUNITIES} where is_won"
    ),
    "marts.fct_opportunity: few_references_are_unknown": (
        "select count(*) filter (account_key like '%:unknown') / count(*), "
        f"count(*) filter (owner_key like '%:unknown') / count(*) {_OPPORTUNITIES}"
    ),
    # The check's own query without its bounds: an estimate of survival is not written twice.
    "marts.fct_opportunity: pipeline_obeys_littles_law": (
        f"select little_ratio from ({_without_bounds('pipeline_obeys_littles_law')})"
    ),
    "marts.fct_stage_reached: few_are_imputed": (
        "select count(*) filter (is_imputed) / count(*) from marts.fct_stage_reached"
    ),
    "ops.load_audit: few_rows_are_quarantined": (
        "select sum(rows_quarantined) / sum(rows_read) from ops.load_audit"
    ),
    "ops.source_freshness: newest_rows_are_new": "select row_age_days from ops.source_freshness",
}


@dataclass(frozen=True)
class Citation:
    """What a reason says of the export: the figures as they are written."""

    check: str
    figures: tuple[str, ...]


def citations() -> Iterator[Citation]:
    """All of them."""
    for suite in read_suites():
        for expectation in suite.expectations:
            found = _CITED.search(expectation.meta["reason"])
            if found:
                figures = tuple(each for each in found.groups() if each)
                yield Citation(f"{suite.name}: {expectation.check}", figures)
