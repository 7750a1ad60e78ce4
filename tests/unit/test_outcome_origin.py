"""From an offending row of a mart back to the file and row that said it.

Belongs here: looking keys up in bronze. Does not belong here: a night that is refused for real
(tests/integration/test_outcomes.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from orchestration.outcome.origin import with_origins
from orchestration.settings import Settings
from orchestration.sources.catalog import native_sources
from tests.nights import check, refusing

ID = "0065g00000DXBHrAAP"
KEY = f"salesforce:{ID}"
FILE = {"file": "2025-09-29/Opportunity.csv", "row_number": 7}


def bronze(settings: Settings, night: str, row_number: int, **more: Any) -> None:
    """One row of Salesforce's opportunities, as a load leaves it."""
    folder = settings.bronze / "salesforce" / "opportunity" / f"batch={night}"
    folder.mkdir(parents=True)
    row = {
        "Id": ID,
        "_batch_date": date.fromisoformat(night),
        "_load_number": 1,
        "_file": "Opportunity.csv",
        "_row_number": row_number,
    }
    pl.DataFrame([row | more]).write_parquet(folder / "load.parquet")


def traced(settings: Settings, sample: dict[str, Any], name: str = "no_orphans") -> dict[str, Any]:
    (result,) = with_origins(settings, native_sources(), [refusing(name, sample=[sample])])
    return dict(result.sample[0])


def test_a_row_with_a_key_is_traced_to_its_newest_version(settings: Settings) -> None:
    bronze(settings, "2025-09-29", 7, extra__note="a column of this night only")
    bronze(settings, "2025-09-28", 3)
    assert traced(settings, {"opportunity_key": KEY}) == {"opportunity_key": KEY} | FILE


@pytest.mark.parametrize(
    ("test", "column"),
    [
        ("unique_fct_opportunity_opportunity_key", "unique_field"),
        ("relationships_fct_stage_visit_opportunity_key__opportunity_key__ref_fct_", "from_field"),
    ],
)
def test_what_dbt_calls_by_a_name_of_its_own_is_traced_too(
    settings: Settings, test: str, column: str
) -> None:
    bronze(settings, "2025-09-29", 7)
    assert traced(settings, {column: KEY}, test) == {column: KEY} | FILE


@pytest.mark.parametrize(
    "sample",
    [
        {"opportunity_key": "salesforce:006000000000000AAA"},
        {"opportunity_key": "elsewhere:1"},
        {"opportunity_key": None},
        {"opportunity_key": 5},
        {"stage_key": KEY},
        {"account_key": "salesforce:0015g00000DXBHrAAP"},
        {"file": "mine", "opportunity_key": KEY},
        {},
    ],
)
def test_a_row_that_cannot_be_traced_stays_as_it_is(
    settings: Settings, sample: dict[str, Any]
) -> None:
    bronze(settings, "2025-09-29", 7)
    assert traced(settings, sample) == sample


def test_checks_that_passed_are_left_alone(settings: Settings) -> None:
    bronze(settings, "2025-09-29", 7)
    passed = check(sample=[{"opportunity_key": KEY}])
    assert with_origins(settings, native_sources(), [passed]) == [passed]
