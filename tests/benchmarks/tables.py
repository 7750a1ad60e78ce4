"""The tables alone: the models of the marts by dbt on the bronze of a home, without a night.

python -m tests.benchmarks.tables

No data test, no gate, no publication: what the hand-written script is measured against.
"""

from __future__ import annotations

from orchestration.publication.candidate import discard_candidate
from orchestration.settings import Settings
from tests.integration.marts import build_marts

MARTS = (
    "bridge_merge", "dim_account", "dim_account_version", "dim_date", "dim_product", "dim_rep",
    "dim_stage", "fct_opportunity", "fct_opportunity_credit", "fct_opportunity_event",
    "fct_opportunity_version", "fct_stage_reached", "fct_stage_visit", "funnel_stage_conversion",
    "win_rate", "cohort_win_triangle", "pipeline_daily",
)  # fmt: skip


def main() -> None:
    """Build all marts from bronze into a candidate, which goes again."""
    settings = Settings()
    discard_candidate(settings)
    build_marts(settings, MARTS)
    discard_candidate(settings)


if __name__ == "__main__":
    main()
